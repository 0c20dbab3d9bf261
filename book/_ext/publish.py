"""Sphinx extension: what search engines, link previews and visitors are told of a page, and by whom it is.

Where _config.yml names the site's address in html.baseurl, pages say where they are, previews show a picture, and
sitemap.xml lists all pages. The version and its date come from CITATION.cff: a site that is built twice is the same.

A page is described by `description` in its front matter, or else by its first sentences.
"""

import json
import re
from html import escape
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import yaml
from docutils import nodes
from editions import folder_of, is_english
from freshness import ROOT
from sphinx.transforms import SphinxTransform
from sphinx.util import logging
from translation import _

logger = logging.getLogger(__name__)

CARD = ("_static/card.png", _("A recurrent network of two steps, and the two ways of its error back to the weight u."))
ABOUT = "about"  # the page about versions, licence and privacy
# Where one sentence ends and the next begins; Chinese has no space there.
SENTENCE = re.compile(r"(?<=[.?!]) (?=[A-Z*])|(?<=[\u3002\uff1f\uff01])")
CC_BY = "https://creativecommons.org/licenses/by/4.0/"

FOOTER = """
<p>{licence} <a href="{about}">{version}</a>{stop} {stays}{report}</p>"""
REPORT = ' <a href="{}/issues/new?{}">{}</a>{}'
NOT_FOUND = "\n<h1>{}</h1>\n<p>{}</p>"


def setup(app):
    app.add_transform(Description)
    app.add_config_value("course_release", {}, "html")
    app.connect("config-inited", read_release)
    app.connect("config-inited", say_where)
    app.connect("html-page-context", describe, priority=900)  # when the theme has been there
    app.connect("html-collect-pages", not_found)
    app.connect("build-finished", list_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def read_release(app, config):
    """Note version and date as a setting of the build: a change of one then writes the pages again."""
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    config.course_release = {"version": cited["version"], "date": cited["date-released"].isoformat()}


def say_where(app, config):
    if config.html_baseurl:
        config.html_baseurl = config.html_baseurl.rstrip("/") + "/"  # Sphinx writes it into the canonical links
    else:
        logger.info("_config.yml names no address of the site: no canonical links, sitemap and pictures of previews")


def describe(app, name, template, context, doctree):
    """Add to the head and to the foot of a page what it says of itself."""
    config, head = app.config, [*icons(context["content_root"])]
    context["theme_extra_footer"] = footer(app, name)
    if doctree:
        head += tags(config, context, doctree)
    if name == config.root_doc:
        head.append(f'<script type="application/ld+json">{json.dumps(course(config))}</script>')
        # The page has the title of the book: once is enough for a tab, and the sidebar keeps it.
        context["theme_logo"] = {**context["theme_logo"], "text": context["docstitle"]}
        context["docstitle"] = ""
    if name == "404":
        # A server shows it at any address below the site, so that each link of it starts from the site's own.
        root = urlsplit(config.html_baseurl).path or f"/{folder_of(config.language)}/".replace("//", "/")
        head.insert(0, f'<base href="{root}" />')
    context["metatags"] = "\n".join([context.get("metatags", ""), *head])


class Description(SphinxTransform):
    """The description in a page's front matter becomes an element of its head, which a catalogue translates."""

    default_priority = 4  # before 10, when Sphinx begins to look for messages

    def apply(self):
        for field in self.document.findall(nodes.field):
            if field[0].astext() == "description":
                self.document.insert(0, nodes.meta("", name="description", content=field[1].astext()))
                return


def icons(root):
    """For what shows no SVG."""
    yield f'<link rel="icon" type="image/png" sizes="32x32" href="{root}_static/icon-32.png" />'
    yield f'<link rel="apple-touch-icon" sizes="180x180" href="{root}_static/icon-180.png" />'


def tags(config, context, doctree):
    """What a search engine shows of a page, and a chat of a link to it. Without an address a chat finds no picture."""
    described = doctree.next_node(nodes.meta)
    words = described["content"] if described else first_sentences(doctree)
    said = {
        "og:title": re.sub("<.*?>", "", context["title"]),
        "og:type": "website",
        "og:site_name": config.html_title,
        "og:description": words,
    }
    if config.html_baseurl:
        picture, alt = CARD
        said |= {"og:url": context["pageurl"], "og:image": config.html_baseurl + picture, "og:image:alt": alt}
        said |= {"og:image:width": "1200", "og:image:height": "630"}
        yield '<meta name="twitter:card" content="summary_large_image" />'
    if not described:
        yield f'<meta name="description" content="{escape(words)}" />'
    for name, content in said.items():
        yield f'<meta property="{name}" content="{escape(content)}" />'


def first_sentences(doctree, longest=200):
    """As many sentences of the running text as fit into `longest` letters, up to the first with a formula's source."""
    said = []
    for paragraph in doctree.findall(nodes.paragraph):
        if not in_the_text(paragraph):
            continue
        for sentence in SENTENCE.split(" ".join(paragraph.astext().split())):
            if re.search(r"[\\{}^]", sentence) or len(" ".join([*said, sentence])) > longest:
                return " ".join(said)
            said.append(sentence)
    return " ".join(said)


def in_the_text(node):
    """Whether a node belongs to no box, no table, no cell of code and no exercise."""
    while node := node.parent:
        if isinstance(node, nodes.Admonition | nodes.container | nodes.table | nodes.figure):
            return False
    return True


def footer(app, name):
    repository, report = app.config.course_repository, ""
    if repository:
        report = REPORT.format(
            repository,
            urlencode({"title": f"Error on the page {name}.html"}),
            _("Report an error on this page"),
            _("."),
        )
    about = app.builder.get_relative_uri(name, ABOUT)
    released = app.config.course_release
    return FOOTER.format(
        licence=_('Text and figures: <a href="{0}">CC BY 4.0</a>. Code: MIT licence.').format(CC_BY),
        about=about,
        version=_("Version {0}, {1}").format(released["version"], released["date"]),
        stop=_("."),
        stays=_("What you write on these pages stays in your browser."),
        report=report,
    )


def course(config):
    """The course in the vocabulary of schema.org."""
    author = {"@type": "Organization", "name": config.author}
    said = {
        "@context": "https://schema.org",
        "@type": "Course",
        "name": config.html_title,
        "description": _(
            "Back-propagation through time from two steps on paper to fast batched code, "
            "with exercises that are marked in the browser."
        ),
        "author": author,
        "provider": author,
        "inLanguage": config.language.replace("_", "-"),
        "isAccessibleForFree": True,
        "license": CC_BY,
        "teaches": [_("back-propagation through time"), _("recurrent neural networks"), _("checking gradients")],
        "coursePrerequisites": _("The chain rule, and a little Python"),
        "version": config.course_release["version"],
        "dateModified": config.course_release["date"],
    }
    return said | ({"url": config.html_baseurl} if config.html_baseurl else {})


def not_found(app):
    """The page that a server shows for an address that the site does not have."""
    title = _("There is no such page")
    moved = _(
        'It may have moved: look in the contents, <a href="search.html">search the course</a>, or begin with '
        '<a href="index.html">its first page</a>.'
    )
    return [("404", {"title": title, "body": NOT_FOUND.format(title, moved)}, "page.html")]


def list_pages(app, exception):
    """Write sitemap.xml and robots.txt, in which all pages are named, whichever of them this build has written."""
    if exception or app.builder.format != "html" or not app.config.html_baseurl or not is_english(app):
        return
    address = app.config.html_baseurl
    places = "\n".join(
        f"<url><loc>{escape(address + app.builder.get_target_uri(name))}</loc></url>"
        for name in sorted(app.env.found_docs)
    )
    sitemap = '<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
    Path(app.outdir, "sitemap.xml").write_text(f"{sitemap}{places}\n</urlset>\n", encoding="utf-8")
    robots = f"User-agent: *\nAllow: /\nSitemap: {address}sitemap.xml\n"
    Path(app.outdir, "robots.txt").write_text(robots, encoding="utf-8")
