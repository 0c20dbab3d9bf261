"""Sphinx extension: the directive `exercise` offers a notebook to be done in the page, in its own tab, or at home.

```{exercise} two-step
What the reader does in it.
```
"""

from docutils import nodes
from sphinx import addnodes
from sphinx.util.docutils import SphinxDirective

HERE = '<button type="button" class="exercise-here" data-exercise="{slug}">Do {slug} here</button>'
TAB = '<a href="lite/notebooks/index.html?path={slug}.ipynb">Open it in its own tab</a>'
STAGE = '<div class="exercise-stage"><p role="status"></p></div>'


def setup(app):
    app.add_directive("exercise", Exercise)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


class Exercise(SphinxDirective):
    required_arguments = 1
    has_content = True

    def run(self):
        slug = self.arguments[0]
        ways = nodes.paragraph(classes=["exercise-ways"])
        box = nodes.container("", *self.parse_content_to_nodes(), ways, classes=["exercise"], ids=[f"exercise-{slug}"])
        if self.config.exercises_in_the_page:
            ways += nodes.raw("", f"{HERE} {TAB} ".format(slug=slug), format="html")
            box += nodes.raw("", STAGE, format="html")
        ways += download(slug)
        return [box]


def download(slug):
    """The button that fetches the released notebook."""
    target = f"../exercises/{slug}/{slug}.ipynb"
    return addnodes.download_reference("", "", nodes.Text(f"Download {slug}.ipynb"), reftarget=target)
