"""The Chinese catalogues call each term what the glossary calls it."""

import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

COURSE = Path(__file__).parents[2]
GLOSSARY = COURSE / "book" / "glossary.md"
CATALOGUES = [
    path
    for pattern in ("book/locale/zh_CN/LC_MESSAGES/*.po", "solutions/*/zh_CN.po")
    for path in sorted(COURSE.glob(pattern))
    if path.stem != GLOSSARY.stem  # whose English column is English in both editions
]
# Formulas, code and roles, the targets of links, and HTML.
MARKUP = re.compile(r"\$[^$]*\$|(\{[a-z:]+\})?`[^`]*`|\]\([^)]*\)|<[^>]*>")
# What may be there in place of the term, and why.
ALSO = {
    "bias": ("偏差", "the bias of an estimate, which is no parameter"),
    "hop": ("步", "hops that are counted are steps: after three hops"),
    "sweep": ("Sweep", "the name of a class"),
    "message": ("信息", "an error message"),
    "slope": ("坡", "a ground that slopes down"),
    "state": ("state", "a name in code: of an array, of what an optimiser keeps"),
}


def terms():
    """The rows of the glossary: the English forms of each term, and the Chinese ones."""
    lines = [line for line in GLOSSARY.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[1:]]
    return [(english.split(", "), chinese.split("、")) for english, chinese, _ in rows]


def pattern_of(forms):
    """Find any of the forms as a word, also in the plural, and with a space or nothing for a hyphen."""
    found = [re.sub(r"y$", "(?:y|ie)", re.escape(form)).replace(r"\-", "[- ]?") for form in forms]
    return re.compile(rf"(?<![-\w])(?:{'|'.join(found)})(?:e?s)?(?![-\w])", re.IGNORECASE)


TERMS = {english[0]: (pattern_of(english), chinese) for english, chinese in terms()}


def missing(english, chinese):
    """The terms of an English text that its translation does not have."""
    text, translation = MARKUP.sub("", english), chinese.replace("*", "")
    return [
        term
        for term, (pattern, forms) in TERMS.items()
        if pattern.search(text) and not any(form in translation for form in [*forms, *ALSO.get(term, ())[:1]])
    ]


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: str(path.relative_to(COURSE)))
def test_a_catalogue_has_the_terms_of_the_glossary(path):
    with path.open("rb") as file:
        translated = [each for each in read_po(file) if each.id and each.string and not each.fuzzy]
    found = {each.id: wrong for each in translated if (wrong := missing(each.id, each.string))}
    assert not found


@pytest.mark.parametrize(
    ("english", "chinese", "wrong"),
    [
        ("Backpropagation through time", "反向传播", ["back-propagation through time"]),
        ("The **total** derivative", "**全**导数", []),
        ("Two messages of `the hop`", "两条消息", ["message"]),
        ("Vocabularies", "词表", []),
        ("It is stated.", "已经说明。", []),
    ],
)
def test_a_term_is_a_word(english, chinese, wrong):
    assert missing(english, chinese) == wrong


def test_each_term_is_there_once():
    forms = [form for english, _ in terms() for form in english]
    assert len(forms) == len(set(forms)) > 60
    assert set(ALSO) <= set(TERMS)
