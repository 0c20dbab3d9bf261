"""Sphinx extension: the directive `exercise` offers a notebook to be done in the page, in its own tab, or at home.

```{exercise} two-step
What the reader does in it.
```

Where _config.yml names a repository on GitHub, it can be opened on Binder too, and in Colab where it names the site's
address as well, from which Colab gets rnnlib. The directive `repository` then says where the whole course is, and the
directive `library`, with the name of the students' wheel, that pip can fetch it from the site.
"""

from urllib.parse import quote

from docutils import nodes
from editions import notebook
from freshness import ROOT
from lite import name_of
from sphinx import addnodes
from sphinx.util.docutils import SphinxDirective
from translation import _, written

HERE = '<button type="button" class="exercise-here" data-exercise="{slug}" data-notebook="{name}">{words}</button>'
TAB = '<a href="lite/notebooks/index.html?path={name}.ipynb">{words}</a>'
BINDER = '<a href="https://mybinder.org/v2/gh/{place}/{branch}?urlpath=lab/tree/{path}">{words}</a>'
COLAB = '<a href="https://colab.research.google.com/github/{place}/blob/{branch}/{path}">{words}</a>'
GITHUB = "https://github.com/"
STAGE = '<div class="exercise-stage"><p role="status"></p></div>'


def setup(app):
    app.add_config_value("course_repository", "", "env")
    app.add_config_value("course_address", "", "env")
    app.add_config_value("exercises_open_in", [], "env")
    app.add_directive("exercise", Exercise)
    app.add_directive("library", Library)
    app.add_directive("repository", Repository)
    app.connect("config-inited", look_for_a_repository)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def look_for_a_repository(app, config):
    """Note the repository, and links to it, as settings of the build: a change of one then writes the pages again."""
    url, branch = (config.html_theme_options.get(f"repository_{name}", "") for name in ("url", "branch"))
    config.course_repository = url.rstrip("/")
    config.course_address = config.html_baseurl
    if url.startswith(GITHUB):
        links = [(BINDER, _("Open it on Binder")), (COLAB, _("Open it in Colab"))][: 2 if config.html_baseurl else 1]
        place = config.course_repository.removeprefix(GITHUB)
        path = "exercises/{slug}/{slug}.ipynb"
        config.exercises_open_in = [
            link.format(place=place, branch=quote(branch, safe=""), path=path, words=words) for link, words in links
        ]


class Exercise(SphinxDirective):
    required_arguments = 1
    has_content = True

    def run(self):
        slug = self.arguments[0]
        ways = nodes.paragraph(classes=["exercise-ways"])
        box = nodes.container("", *self.parse_content_to_nodes(), ways, classes=["exercise"], ids=[f"exercise-{slug}"])
        if self.config.exercises_in_the_page:
            names = {"slug": slug, "name": name_of(notebook(slug, self.config.language))}
            here = HERE.format(**names, words=_("Do {0} here").format(slug))
            tab = TAB.format(**names, words=_("Open it in its own tab"))
            ways += nodes.raw("", f"{here} {tab} ", format="html")
            box += nodes.raw("", STAGE, format="html")
        for link in self.config.exercises_open_in:
            ways += nodes.raw("", f"{link} ".format(slug=slug), format="html")
        ways += download(slug, self.config.language)
        return [box]


class Library(SphinxDirective):
    required_arguments = 1

    def run(self):
        """A paragraph with what to give to pip; nothing where the site has no address."""
        if not self.config.course_address:
            return []
        address = f"{self.config.course_address.rstrip('/')}/{self.arguments[0]}"
        return self.parse_text_to_nodes(
            f"With a network, `pip` fetches the library itself: `pip install notebook {address}`."
        )


class Repository(SphinxDirective):
    def run(self):
        """A paragraph with links to the repository and, on GitHub, to its zip; nothing where no repository is named."""
        url, branch = self.config.course_repository, self.config.html_theme_options.get("repository_branch")
        if not url:
            return []
        said = _("The whole course, autograder included, is in [its repository]({0}).").format(url)
        if url.startswith(GITHUB):
            archive = f"{url}/archive/refs/heads/{branch}.zip"
            said = _(
                "The whole course, autograder included, is in [its repository]({0}), and in [one zip file]({1})."
            ).format(url, archive)
        return written(self.parse_text_to_nodes(said))


def download(slug, language):
    """The button that fetches the released notebook."""
    target = f"../{notebook(slug, language).relative_to(ROOT).as_posix()}"
    return addnodes.download_reference("", "", nodes.Text(_("Download {0}").format(f"{slug}.ipynb")), reftarget=target)
