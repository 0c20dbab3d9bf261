"""Sphinx extension: the directive `feedback-excerpt` shows what the autograder says of a known wrong answer.

```{feedback-excerpt} two-step clean-u-one-chain
```

The answer is marked while the site is built, by the command that marks a reader's own notebook: what is shown is what
that command writes.
"""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from docutils import nodes
from editions import notebook as released
from freshness import ROOT
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

MADE_OF = [
    "grading/*.py",
    "grading/templates/*",
    "rnnlib/**/*.py",
    "exercises/{slug}/*",
    "solutions/{slug}/answers.toml",
]
SEED = "1"  # the numbers of the checks: a page that is built twice is the same
TOTAL = re.compile(r'<p class="total">.*?</p>', re.DOTALL)
MISTAKES = re.compile(r'<section id="mistakes">\s*<h2>.*?</h2>(.*?)</section>', re.DOTALL)
BOX = '<div class="feedback-excerpt"><p class="title">{title}</p>{total}{mistakes}</div>'


def setup(app):
    app.add_directive("feedback-excerpt", FeedbackExcerpt)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


class FeedbackExcerpt(SphinxDirective):
    required_arguments = 2

    def run(self):
        slug, answer = self.arguments
        for path in (path for pattern in MADE_OF for path in ROOT.glob(pattern.format(slug=slug))):
            self.env.note_dependency(path)
        return [nodes.raw("", excerpt(feedback(slug, answer, self.config.language)), format="html")]


def feedback(slug, answer, language):
    """The page of feedback, as HTML, for the notebook in a language whose cells are those of a known answer."""
    with tempfile.TemporaryDirectory() as folder:
        notebook, page = Path(folder, f"{slug}.ipynb"), Path(folder, "page.html")
        notebook.write_text(json.dumps(filled_in(slug, answer, language)), encoding="utf-8")
        command = [sys.executable, "-m", "grading", "mine", str(notebook), "--output", str(page), "--seed", SEED]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            raise ExtensionError(f"the answer {answer} to {slug} was not marked: {done.stderr}")
        return page.read_text(encoding="utf-8")


def filled_in(slug, answer, language):
    """The released notebook with the cells of a known answer."""
    from grading.answers import known_answers

    cells = next(known.cells for known in known_answers(slug) if known.name == answer)
    notebook = json.loads(released(slug, language).read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        marked = cell["metadata"].get("nbgrader", {})
        if marked.get("solution"):
            cell["source"] = cells.get(marked["grade_id"], cell["source"])
    return notebook


def excerpt(page):
    """The title, the total and the named mistakes of a page of feedback, without its headings.

    They would be headings of the page around it. Raises ExtensionError where no mistake was named.
    """
    title, total, mistakes = (re.search(r"<h1>(.*?)</h1>", page), TOTAL.search(page), MISTAKES.search(page))
    if not mistakes:
        raise ExtensionError("the feedback that the book shows names no mistake any more")
    boxes = re.sub(r' id="mistake-\d+"', "", mistakes[1])
    boxes = re.sub(r"<h3>(.*?)</h3>", r'<p class="title">\1</p>', boxes, flags=re.DOTALL)
    return BOX.format(title=title[1], total=total[0], mistakes=boxes)
