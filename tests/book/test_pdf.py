"""The book on paper: one PDF beside the site."""

import re
import subprocess

import yaml
from browser import BUILD, HTML, ROOT
from conftest import needs
from pypdf import PdfReader


def test_the_pdf_holds_every_page_of_the_book_in_order():
    needs("chromium")
    subprocess.run(BUILD, cwd=ROOT, check=True, capture_output=True)
    contents = yaml.safe_load((ROOT / "book" / "_toc.yml").read_text(encoding="utf-8"))
    names = ["index", *(chapter["file"] for part in contents["parts"] for chapter in part["chapters"])]
    titles = [re.search(r"(?m)^# (.+)$", (ROOT / "book" / f"{name}.md").read_text())[1] for name in names]
    pdf = PdfReader(HTML / "bptt.pdf")
    assert [entry.title for entry in pdf.outline if not isinstance(entry, list)] == titles
    assert len(pdf.pages) > len(titles)
