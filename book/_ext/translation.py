"""Sphinx extension: the pages in another language, from the catalogues in book/locale.

Sphinx replaces each paragraph by what the catalogue of its page says. Here is what it cannot know: which texts need no
translation, where a translated paragraph finds its numbers, and how a paragraph that is not translated is marked.
"""

import html
import json
import re
from functools import lru_cache
from pathlib import Path

from babel.messages.pofile import read_po
from docutils import nodes
from editions import LOCALE, folder_of, is_english, pages_in, translations
from freshness import ROOT
from myst_nb.core.variables import format_plain_text
from myst_nb.ext.glue.roles import PasteTextRole
from sphinx import addnodes
from sphinx.locale import get_translation
from sphinx.search.zh import SearchChinese
from sphinx.transforms import SphinxTransform
from sphinx.transforms.i18n import _NodeUpdater
from sphinx.util import logging
from sphinx.util.i18n import CatalogInfo
from sphinx.util.nodes import clean_astext, extract_messages

from grading.course import LANGUAGES

# Formulas, code and roles, the targets of links, and HTML.
MARKUP = re.compile(r"\$[^$]*\$|(\{[a-z:]+\})?`[^`]*`|\]\([^)]*\)|<[^>]*>")
WORD = re.compile(r"[^\W\d_]{2}")
# Written by the grader, from solutions/*/answers.toml, whose words have their own catalogues.
MADE = re.compile(r"mistakes(/|$)")


_ = get_translation("site")  # for our own words, in Python and in the scripts

# The words of a query are the longest that occur on the pages: Chinese has no spaces, and a browser would split it
# otherwise than jieba has split the pages.
SPLIT = r"""
function splitQuery(query) {
  const { terms, titleterms } = Search._index;
  const isKnown = (word) => word in terms || word in titleterms;
  const words = [];
  for (let [piece] of query.matchAll(/\p{Script=Han}+|[\w\u00c0-\u024f]+/gu)) {
    if (!/\p{Script=Han}/u.test(piece)) words.push(piece);
    else {
      for (let length; piece; piece = piece.slice(length)) {
        length = Math.min(piece.length, 8);
        while (length > 1 && !isKnown(piece.slice(0, length))) length -= 1;
        if (length > 1) words.push(piece.slice(0, length));
      }
    }
  }
  return words;
}
"""
TITLE = _("Back-propagation through time, by hand")
logger = logging.getLogger(__name__)

# What the theme and Sphinx say in English in every language, or in the words of Taiwan, and what we say.
OF_THEME = {
    "Main": _("Main"),
    "Page": _("Page"),
    "Toggle primary sidebar": _("Toggle primary sidebar"),
    "Toggle secondary sidebar": _("Toggle secondary sidebar"),
    "Color mode": _("Color mode"),
    "Link to this heading": _("Link to this heading"),
    "Link to this image": _("Link to this image"),
    "Link to this table": _("Link to this table"),
    "Permalink to this equation": _("Permalink to this equation"),
    "列印成 PDF": _("Print to PDF"),
}
TIP = re.compile(rf' (title|aria-label|data-bs-title)="({"|".join(OF_THEME)})"')
FOOT = re.compile(r"<footer.*?</footer>", re.DOTALL)
BLANK = re.compile(r"(?<=[\u3002\uff1a]) (?=\S)")  # after a stop or a colon of Chinese, which has its own room

ROOM = "<!--alternates--><!--/alternates-->"  # book/_ext/editions.py fills it


def setup(app):
    load_words(app)
    app.add_transform(LeaveOut)
    app.add_transform(KeepPlaces)
    app.add_transform(MarkPictures)
    app.add_transform(TranslateContents)
    app.connect("config-inited", say_where)
    app.add_config_value("course_title", "", "html")  # in English: what a reader has done is kept under this name
    app.connect("config-inited", name_the_edition)
    app.connect("builder-inited", find_numbers)
    app.connect("source-read", write_anew)
    app.connect("html-page-context", leave_room, priority=950)
    app.connect("build-finished", serve_words)
    app.connect("build-finished", say_for_the_theme)
    app.add_search_language(Chinese)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def load_words(app):
    """Let `_` speak the language of the edition from now on: the settings of later extensions have words."""
    language = app.config.language
    if language != "en":
        CatalogInfo(LOCALE / language / "LC_MESSAGES", "site", "utf-8").write_mo(language)
    app.add_message_catalog("site", str(LOCALE))


def say_where(app, config):
    config.locale_dirs = ["locale"]
    config.gettext_compact = False  # a catalogue for each page
    config.gettext_location = False  # a line more in a page is no change of its catalogue
    config.gettext_additional_targets = ["index"]
    config.translation_progress_classes = "untranslated" if config.language != "en" else False
    # Sphinx would give every link to a page the target of the last one. Ours say in full where they lead, and a test
    # compares them.
    _NodeUpdater.update_pending_xrefs = lambda updater: None


def name_the_edition(app, config):
    """Give the edition its title, and its own address below that of the English site."""
    config.course_title = config.html_title
    if config.language != "en":
        config.html_title = str(TITLE)
        config.nb_code_prompt_show, config.nb_code_prompt_hide = _("Show the code"), _("Hide the code")
        config.togglebutton_hint, config.togglebutton_hint_hide = _("Show"), _("Hide")
        config.html_theme_options["logo"] = {"text": config.html_title}
        config.html_theme_options["search_bar_text"] = _("Search this book")
        app.add_js_file("words.js", priority=90)  # before the script that looks into them
        if config.html_baseurl:
            config.html_baseurl = f"{config.html_baseurl.rstrip('/')}/{folder_of(config.language)}/"


def find_numbers(app):
    app.registry.domains["glue"].roles["text"] = app.env.get_domain("glue").roles["text"] = GluedText()


def write_anew(app, page, source):
    """Let the pages that the grader writes be written in the language of the edition, if it has exercises in that."""
    language = app.config.language.replace("_", "-")
    if MADE.match(page) and language in LANGUAGES:
        source[0] = made_pages(language)[ROOT / "book" / f"{page}.md"]


@lru_cache
def made_pages(language):
    from grading import mistakes_page  # it reads the notebooks of all exercises, which the English site does without

    return mistakes_page.pages(language=language)


def serve_words(app, exception):
    """Write the script that has our words for the other scripts."""
    if not exception and app.builder.format == "html" and not is_english(app):
        words = json.dumps(translations(app.config.language, "site"), ensure_ascii=False, sort_keys=True)
        Path(app.outdir, "_static", "words.js").write_text(f"window.WORDS = {words};\n", encoding="utf-8")


def say_for_the_theme(app, exception):
    """Translate what the theme has not, such as the tips of its buttons, and close up the feet of the pages."""
    if exception or app.builder.format != "html" or is_english(app):
        return
    for page in pages_in(Path(app.outdir)):
        text = page.read_text(encoding="utf-8")
        said = TIP.sub(lambda found: f' {found[1]}="{html.escape(str(OF_THEME[found[2]]))}"', text)
        said = FOOT.sub(lambda found: BLANK.sub("", found[0]), said)
        if said != text:
            page.write_text(said, encoding="utf-8")


def leave_room(app, page, template, context, doctree):
    tags = context.get("metatags", "").replace(' translated="True"', "")  # which Sphinx notes, and HTML does not know
    context["metatags"] = tags + ROOM


class Chinese(SearchChinese):
    js_splitter_code = SPLIT


class LeaveOut(SphinxTransform):
    """No catalogue lists what has no words, or what is written in the language of the page already."""

    default_priority = 5  # before 10, when Sphinx begins to look for messages

    def apply(self):
        for cell in self.document.findall(is_cell_of_nowhere):
            cell.source, cell.line = self.document["source"], 0
        made = MADE.match(self.env.docname)
        catalogue = None if made else self.catalogue()
        for node, message in list(extract_messages(self.document)):
            if isinstance(node, addnodes.translatable | nodes.meta):  # the contents, and what a page says of itself
                continue
            says = MARKUP.sub("", message)
            if made or isinstance(node, nodes.math_block) or not (WORD.search(says) or says.endswith(".")):
                node["translatable"] = False
            elif catalogue and message not in catalogue:
                logger.warning("not in the catalogue, run `make catalogues`: %r", message[:80], location=node)

    def catalogue(self):
        """The catalogue of the page, for an edition in another language."""
        path = LOCALE / self.config.language / "LC_MESSAGES" / f"{self.env.docname}.po"
        if self.app.builder.format == "html" and self.config.language != "en":
            with path.open("rb") as file:
                return read_po(file)
        return None


def is_cell_of_nowhere(node):
    """Whether this is the text in a cell of a directive `table`: MyST does not say where it is from, and Sphinx takes
    what is from nowhere for its own words."""
    return isinstance(node, nodes.paragraph) and isinstance(node.parent, nodes.entry) and not node.source


def written(nodes_of_a_directive):
    """Nodes whose words are in the language of the page already, so that no catalogue lists them."""
    for node in nodes_of_a_directive:
        for text in node.findall(nodes.TextElement):
            text["translatable"] = False
    return nodes_of_a_directive


class KeepPlaces(SphinxTransform):
    """Links to a section still find it, by its English name, and show its translated title.

    Each translated paragraph is a document to MyST, which then takes the sections of that for those of the page: none.
    """

    default_priority = 21  # after 20, when Sphinx puts the translations in

    def apply(self):
        known = getattr(self.document, "myst_slugs", {})
        for section in self.document.findall(nodes.section):
            if section.get("slug") in known:
                line, place, _ = known[section["slug"]]
                known[section["slug"]] = (line, place, clean_astext(section[0]))
        self.env.metadata[self.env.docname]["myst_slugs"] = known


class MarkPictures(SphinxTransform):
    """A picture whose alternative text is translated waits for nothing: Sphinx translates and does not note it."""

    default_priority = 21

    def apply(self):
        pictures = list(self.document.findall(nodes.image))
        if pictures and self.config.language != "en":
            words = translations(self.config.language, self.env.docname).values()
            for picture in pictures:
                picture["translated"] = picture.get("alt") in words


class TranslateContents(SphinxTransform):
    """The parts of the contents get their translated names: they come into the page when Sphinx is done with it."""

    default_priority = 500  # after 100, when sphinx_external_toc puts them in

    def apply(self):
        if self.config.language != "en":
            words = translations(self.config.language, "index")
            for contents in self.document.findall(addnodes.toctree):
                contents["caption"] = words.get(contents.get("caption"), contents.get("caption"))


class GluedText(PasteTextRole):
    """The role `glue:text`, which finds a number in a translated paragraph too.

    Sphinx parses that as a separate document, in which no cells have run.
    """

    def run(self):
        if "nb_renderer" in self.document:
            return super().run()
        env = self.document.settings.env
        key, form = self.text.rsplit(":", 1) if ":" in self.text else (self.text, "s")
        known = json.loads(Path(env.mystnb_config.output_folder, f"{env.docname}.glue.json").read_text("utf-8"))
        text = format_plain_text(known[key]["data"]["text/plain"], form)
        return [nodes.inline(text, text, classes=["pasted-text"])], []
