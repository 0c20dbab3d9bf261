"""The pictures of the pages, drawn again with the words of another language, and what cells without code print.

While the pages run, book/figures/style.py keeps each figure under the mark by which its SVG is known on the page. So
the cells of an edition need not run: what they measured is in its pictures as it is in the English ones. The words of
all pictures, their alternative texts and the labels of sliders are in the catalogue `figures`, and so are the lines
that a cell prints of which no page shows the code: where the code is shown, its words are in that, and both stay. A
number in them is {0}, the next one {1}: the frames of an interactive figure differ in nothing else.
"""

import contextlib
import functools
import hashlib
import html
import json
import os
import pickle
import re

from matplotlib import font_manager
from matplotlib.text import Text
from matplotlib.ticker import FixedFormatter

from book.figures.style import picture

# Those of Debian: fonts-wqy-microhei, which `make system` installs, and others.
FONTS = ["WenQuanYi Micro Hei", "Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "Droid Sans Fallback"]
PICTURE = re.compile(r'<div class="picture[ "].*?</svg>\s*</div>', re.DOTALL)
MARK = re.compile(r'id="(p[0-9a-f]{8})-')
STATE = re.compile(r'(<script type="application/vnd.jupyter.widget-state\+json">)(.*?)(</script>)', re.DOTALL)
# As book/figures/interactive and book/figures/characters.py write them: the state of a figure; the title of a text,
# without the piece in quotes that it may end with; what is said of a coloured text, in which two pieces are in quotes.
FRAMES = re.compile(r'(<div class="interactive"[^>]*><script type="application/json">)(.*?)(</script>)', re.DOTALL)
TITLE = re.compile(r'(?<=<p style="margin:0">)[^<]*?(?:: (?=&(?:#x27|quot);)|(?=</p>))')
COLOURED = re.compile(r'(<div style="[^"]*" role="img" aria-label=")([^"]*)')
QUOTED = re.compile(r"""('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")""")
# What a cell with this tag prints: the page shows no code of it.
WITHOUT_CODE = "remove-input"
PRINTED = re.compile(
    rf'(<div class="cell(?: tag_[\w-]+)* tag_{WITHOUT_CODE}[ "](?:(?!<div class="cell[ "]).)*?<pre>(?:<span></span>)?)'
    r"([^<]*)(?=</pre>)",
    re.DOTALL,
)
WORDS = re.compile("[a-z]{2}.* [a-z]{2}")
NUMBER = re.compile(r"(?<![\w.{^-])[-\u2212]?\d+(?:\.\d+)?(?:e[-+]?\d+)?(?!\w)")
MATHS = re.compile(r"\$[^$]*\$")
WORD = re.compile(r"[^\W\d_]{2}")


def message(text):
    """A text without its numbers, as a catalogue has it, and its numbers; no message if it has no words."""
    if not WORD.search(NUMBER.sub("", MATHS.sub("", text))):
        return None, []
    numbers = NUMBER.findall(text)
    places = iter(range(len(numbers)))
    return NUMBER.sub(lambda _: f"{{{next(places)}}}", text), numbers


def translated(text, words):
    """A text in another language, by the catalogue {message: translation}; as it is if that does not know it."""
    found, numbers = message(text)
    said = words.get(found)
    if not said:
        return text
    for place, number in enumerate(numbers):
        said = said.replace(f"{{{place}}}", number)
    return said


def page(text, words, kept):
    """The text of a page with pictures and sliders in the words of a catalogue; `kept` is the folder of the figures."""
    redraw = functools.partial(drawn_again, words=words, kept=kept)

    def relabel(script):
        begin, state, end = script.groups()
        models = json.loads(state)
        for model in models["state"].values():
            said = model["state"]
            if "description" in said:
                said["description"] = translated(said["description"], words)
            if "_options_labels" in said:
                said["_options_labels"] = [translated(label, words) for label in said["_options_labels"]]
            if "<svg" in str(said.get("value")):
                said["value"] = PICTURE.sub(redraw, said["value"])
        return begin + json.dumps(models).replace("</", "<\\/") + end

    def reframe(script):
        begin, state, end = script.groups()
        state = json.loads(state)
        for frame in state.get("frames", []):
            frame["alt"] = retold(frame, words)
            frame["html"] = COLOURED.sub(recolour, TITLE.sub(retitle, PICTURE.sub(redraw, frame["html"])))
        for axis in state.get("axes", []):
            axis["label"] = translated(axis["label"], words)
            axis["names"] = [translated(name, words) for name in axis["names"]]
        return begin + json.dumps(state, separators=(",", ":")).replace("</", "<\\/") + end

    def reprint(cell):
        lines = [printed_again(line, words) for line in html.unescape(cell[2]).split("\n")]
        return cell[1] + html.escape("\n".join(lines), quote=False)

    def retitle(title):
        return html.escape(translated(html.unescape(title[0]), words))

    def recolour(label):
        return label[1] + html.escape(quoting(html.unescape(label[2]), words))

    text = PRINTED.sub(reprint, text)
    text = COLOURED.sub(recolour, TITLE.sub(retitle, PICTURE.sub(redraw, text)))
    return FRAMES.sub(reframe, STATE.sub(relabel, text))


def retold(frame, words):
    """What a frame shows, in words: a text has its title, may be said to be coloured, and goes on as it is."""
    title, label = title_of(frame), label_of(frame)
    if not title:
        return translated(frame["alt"], words)
    alt = frame["alt"].replace(title, translated(title, words), 1)
    return alt.replace(label, quoting(label, words), 1) if label else alt


def title_of(frame):
    found = TITLE.search(frame["html"])
    return html.unescape(found[0]) if found else ""


def label_of(frame):
    found = COLOURED.search(frame["html"])
    return html.unescape(found[2]) if found else ""


def quoting(label, words):
    """What is said of a coloured text in another language: the words before and between its first two quotations."""
    parts = QUOTED.split(label, maxsplit=2)
    parts[:-1:2] = [translated(part, words) for part in parts[:-1:2]]
    return "".join(parts)


def drawn_again(shown, words, kept):
    """A picture as a page shows it, drawn with other words; as it is where there are none, or no font to write them."""
    path = kept / f"{MARK.search(shown[0])[1]}.pickle"
    if not path.exists() or not font():
        return shown[0]
    figure, alt, from_right = pickle.loads(path.read_bytes())
    changes = [(said, put) for text, put in texts(figure) if (said := translated(text, words)) != text]
    told = translated(alt, words)
    if told == alt and not changes:
        return shown[0]
    said = repr([font(), told, *(said for said, _ in changes)])
    drawn = path.with_name(f"{path.stem}-{hashlib.sha256(said.encode()).hexdigest()[:16]}.html")
    if not drawn.exists():  # drawing takes longer than all the rest of an edition
        for words_there, put in changes:
            put(words_there)
        with keeping_nothing():
            drawn.write_text(picture(figure, told, from_right).html, encoding="utf-8")
    return drawn.read_text(encoding="utf-8")


@contextlib.contextmanager
def keeping_nothing():
    """Let what is drawn in the block replace no figure that is kept: one that shows no words has the same mark."""
    folder = os.environ.pop("COURSE_FIGURES", None)
    try:
        yield
    finally:
        if folder is not None:
            os.environ["COURSE_FIGURES"] = folder


@functools.cache
def font():
    """The first font of this machine that has Chinese letters; None if it has none."""
    add_new_fonts()
    known = set(font_manager.get_font_names())
    return next((name for name in FONTS if name in known), None)


def add_new_fonts():
    """Let matplotlib know the fonts that were installed after it has made its list, which it keeps for good."""
    listed = {each.fname for each in font_manager.fontManager.ttflist}
    for path in font_manager.findSystemFonts():
        if path not in listed:
            with contextlib.suppress(OSError, RuntimeError, ValueError):  # some are no fonts that it can draw with
                font_manager.fontManager.addfont(path)


def texts(figure):
    """The words in a figure, as pairs of what they are and the function that puts others in their place."""
    for text in figure.findobj(Text):
        yield text.get_text(), functools.partial(write, text)
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            for place, label in list(labels_of(axis).items()):  # they become texts when they are drawn
                yield str(label), functools.partial(write_tick, axis, place)


def write(text, said):
    text.set(text=said, fontfamily=[font(), "DejaVu Sans"])  # the first font writes the words beside a formula


def labels_of(axis):
    """The labels of the ticks that have words, {place: label}: at places that are given as well, or one by one."""
    labels = axis.get_major_formatter()
    if isinstance(labels, FixedFormatter):
        return dict(enumerate(labels.seq))
    known = getattr(getattr(labels, "func", None), "args", ())
    return known[0] if known and isinstance(known[0], dict) else {}


def write_tick(axis, place, said):
    labels = axis.get_major_formatter()
    if isinstance(labels, FixedFormatter):
        labels.seq = [*labels.seq[:place], said, *labels.seq[place + 1 :]]
    else:
        labels.func.args[0][place] = said
    for text in axis.get_ticklabels():
        text.set_fontfamily([font(), "DejaVu Sans"])


def messages(notebook, kept):
    """The messages of an executed notebook: those of its pictures and of its sliders."""
    frames, axes = states(notebook)
    shown = [json.dumps(notebook).replace('\\"', '"'), *(frame["html"] for frame in frames)]
    for mark in dict.fromkeys(mark for text in shown for mark in MARK.findall(text)):
        path = kept / f"{mark}.pickle"
        if path.exists():
            figure, alt, _ = pickle.loads(path.read_bytes())
            yield from (message(text)[0] for text in [*(text for text, _ in texts(figure)), alt])
    for models in notebook["metadata"].get("widgets", {}).values():
        for model in models["state"].values():
            said = model["state"]
            yield from (message(text)[0] for text in [said.get("description", ""), *said.get("_options_labels", [])])
    yield from (message(closed_up(line))[0] for line in printed(notebook) if WORDS.search(line))
    yield from (message(title_of(frame))[0] for frame in frames)
    yield from (message(part)[0] for frame in frames for part in QUOTED.split(label_of(frame), maxsplit=2)[:-1:2])
    yield from (message(text)[0] for axis in axes for text in [axis["label"], *axis["names"]])


def printed(notebook):
    """The lines that the cells of a notebook print whose code no page shows."""
    for cell in notebook["cells"]:
        if WITHOUT_CODE in cell["metadata"].get("tags", []):
            for output in cell.get("outputs", []):
                yield from output.get("text", "").split("\n")


def printed_again(line, words):
    """A line in another language; the numbers of lines below each other need not be."""
    said = translated(closed_up(line), words) if WORDS.search(line) else line
    return line if said == closed_up(line) else said


def closed_up(line):
    """A line with one blank where there are several, as many as its numbers are narrow."""
    return " ".join(line.split())


def states(notebook):
    """The frames and the axes of all interactive figures of a notebook."""
    shown = [output.get("data", {}) for cell in notebook["cells"] for output in cell.get("outputs", [])]
    found = [json.loads(state) for data in shown for _, state, _ in FRAMES.findall(data.get("text/html", ""))]
    return [[each for state in found for each in state.get(kind, [])] for kind in ("frames", "axes")]
