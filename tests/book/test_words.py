"""One word for one thing, in the book, the exercises, their known answers, rnnlib and grading."""

import re
import subprocess
from pathlib import Path

import pytest
from house import OWN

COURSE = Path(__file__).parents[2]
GENERATED = ("mistakes.md", "corpus.txt")
FILES = [
    path
    for room in ("book", "benchmarks", "solutions", "rnnlib", "grading")
    for path in sorted((COURSE / room).rglob("*"))
    if path.suffix in (".md", ".py", ".toml", ".jinja")
    and path.name not in GENERATED
    and path.parent.name != "mistakes"
]
COUNTED = "one|once|twice|two|three|[0-9]+|numbers?|entry|entries|rows?|errors?|loss|E|bits?|seconds?|microseconds"
COUNTED += "|calls?|arrows?|factors?|products?|sweeps?|multiplications?|squashings?|copy|layer|time|pictures?"
COUNTED += "|paragraphs?|tanh"
PER = "step|class|prediction|sequence|character|frame|row|batch|unit|parameter|entry|call|arrow|column|size|error|piece"
PER += "|run|module|submission|update|line"
WORDS = {
    "with respect to, not by": r"(?<!divides every )(?<!multiplies the )\b(?:gradient|derivative)s?\s+by\s"
    r"(?!hand|less|more)",
    "per, not a": rf"(?i:\b(?:{COUNTED})\s+an?\s+(?:{PER})\b)",
    "message, not carry": r"\b(?:the|a|any|other|two)\s+carr(?:y|ies)\b",
    "the transpose is a sans T": r"\\top\b",
    "path, not road or voice": r"(?<![-\w])(?:road|voice)s?\b",
    "is or comes, not stands": r"\bstands?\b(?! (?:for|in for|side by side|still)\b)",
    "its own, not of its own": r"\bof (?:its|their) own\b(?!(?! (?:and|for|in|to|too)\b) \w)",
    "again, not anew": r"(?<![-\w])anew\b",
    "alone, not and nothing else": r"\b(?:and|by|of|than) nothing else\b",
}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(COURSE)))
def test_a_page_has_the_words_of_the_course(path):
    text = path.read_text(encoding="utf-8")
    found = {rule: match[0] for rule, pattern in WORDS.items() if (match := re.search(pattern, text))}
    assert not found


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(COURSE)))
def test_only_the_questions_and_the_dictionary_name_the_message_as_others_do(path):
    assert path.name in ("questions.md", "dictionary.md") or not re.search(
        r"\bd[hs]_?next\b", path.read_text(encoding="utf-8")
    )


@pytest.mark.parametrize(
    ("rule", "wrong"),
    [
        ("with respect to, not by", "the gradient by $W$"),
        ("with respect to, not by", "derivatives\nby s_t"),
        ("per, not a", "$v$ has two entries, one a class"),
        ("per, not a", "Error a character over the updates"),
        ("message, not carry", "like any carry"),
        ("the transpose is a sans T", r"$W^\top$"),
        ("path, not road or voice", "by all roads"),
        ("is or comes, not stands", "Between s_t and z_t stands func: multiply"),
        ("its own, not of its own", "Each unit has a bias of its own: db has shape (H,)."),
        ("its own, not of its own", "has a gate of its own for writing"),
        ("again, not anew", "multiplied anew for every step"),
        ("alone, not and nothing else", "The prediction reads the state, and nothing else:"),
    ],
)
def test_a_wrong_word_is_found(rule, wrong):
    assert re.search(WORDS[rule], wrong)


@pytest.mark.parametrize(
    ("rule", "right"),
    [
        ("is or comes, not stands", "`@name` stands for all cells of a group"),
        ("path, not road or voice", "eq. memory-road"),
        ("its own, not of its own", "paired with the state of its own step"),
        ("alone, not and nothing else", "nothing else registers an exercise"),
    ],
)
def test_a_right_word_is_left_alone(rule, right):
    assert not re.search(WORDS[rule], right)


@pytest.mark.parametrize("path", [COURSE / "solutions" / slug / f"{slug}.md" for slug in OWN], ids=OWN)
def test_every_exercise_has_the_same_rules_in_the_same_words(path):
    text = path.read_text(encoding="utf-8")
    assert "\nReplace each" not in text
    assert "**How it works.** Replace each `raise NotImplementedError` by your own code, and run the cell." in text
    assert "where: *analytic* is your number, *numeric* the check's.\n" in text
    assert "**Rules.** Use numpy. Your functions depend on their arguments only, leave them as they were, and " in text
    assert re.search(r"The functions that you are asked to write are in [^;]+ too; do not call those: they are\b", text)


def test_other_peoples_names_of_the_message_are_on_the_page_of_questions_alone():
    command = ["git", "grep", "-lE", r"\b(dh|ds_)next\b"]
    found = subprocess.run(command, cwd=COURSE, capture_output=True, text=True, check=True).stdout.split()
    assert found == ["book/locale/zh_CN/LC_MESSAGES/questions.po", "book/questions.md"]
