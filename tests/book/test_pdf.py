"""The book on paper: one PDF beside the site."""

import re

from browser import HTML, ROOT, chapters
from pypdf import PdfReader


def test_the_pdf_holds_every_page_of_the_book_in_order(site):
    texts = [(ROOT / "book" / f"{name}.md").read_text(encoding="utf-8") for name in ["index", *chapters()]]
    titles = [re.search(r"(?m)^# (.+)$", text)[1] for text in texts]
    pdf = PdfReader(HTML / "bptt.pdf")
    assert [entry.title for entry in pdf.outline if not isinstance(entry, list)] == titles
    assert len(pdf.pages) > len(titles)
