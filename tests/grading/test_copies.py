"""What a student wrote is parsed in the grader within limits: no text ends it, fills its memory or takes its time."""

import json
import subprocess
import sys

import pytest

from grading import copies
from grading.course import COURSE

# Before, what is repeated, after: what Python's parser nests deeply, tries again and again, or makes many nodes of.
TEXTS = {
    "import": ("import a", ".a", ""),
    "import that is wrong": ("import a", ".a", " b c"),
    "import from": ("from a", ".a", " import b"),
    "comparisons": ("", "1<", "1"),
    "comparisons that are wrong": ("", "1<", " 1 1"),
    "attributes": ("a", ".a", ""),
    "calls": ("a", "()", ""),
    "items": ("a", "[0]", ""),
    "signs": ("", "-", "1"),
    "negations": ("", "not ", "1"),
    "powers": ("", "2**", "1"),
    "sums": ("", "1+", "1"),
    "lambdas": ("", "lambda:", "1"),
    "conditions": ("", "1 if 1 else ", "1"),
    "branches": ("if 1:\n pass\n", "elif 1:\n pass\n", ""),
    "open brackets": ("", "([{", ""),
    "closed brackets": ("", "(" * 199 + ")" * 199 + "\n", ""),
    "lists": ("", "[" * 199 + "]" * 199 + "\n", ""),
    "dictionaries": ("", "{1:", ""),
    "comprehensions": ("", "[a for a in ", ""),
    "formats": ("f'''", "{a}", "'''"),
    "formats in formats": ("", "f'{", ""),
    "statements": ("", "a=1;", ""),
    "letters": ("", "\u00e9=1;", ""),
    "targets": ("", "a=", "1"),
    "tuples": ("", "a,", ""),
    "options": ("f(", "a=1,", "b)"),
    "arguments": ("f(", "*a,", "b)"),
    "decorators": ("", "@a\n", "def f(): pass"),
    "patterns": ("match a:\n case ", "a|", "b: pass"),
    "dots of a pattern": ("match a:\n case a", ".a", ": pass"),
    "blocks": ("", "if 1:\n ", ""),
    "prints": ("print ", "a ", ""),
    "magics": ("", "%a\n", ""),
    "questions": ("", "a ? ", "?"),
}
PARSE = """
import json, resource, sys, time
from grading.copies import Reader
def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
before, found = peak(), {}
for name, texts in json.load(sys.stdin).items():
    start, reader = time.process_time(), Reader()
    for text in texts:
        reader.body(text)
    found[name] = [time.process_time() - start, peak() - before, reader.left]
print(json.dumps(found))
"""


def longest(before, unit, after):
    """The text that is as long as one that is parsed may be."""
    return before + unit * ((copies.MAX_PARSED - len(before) - len(after) - 1) // len(unit)) + after


@pytest.mark.pool
def test_no_text_that_is_parsed_takes_much_of_the_grader():
    texts = {name: [longest(*parts)] for name, parts in TEXTS.items()}
    many = copies.MAX_TOGETHER // copies.MAX_PARSED + 5
    texts["many imports"] = [longest(f"{number}\nimport a", ".a", " b c") for number in range(many)]
    command = [sys.executable, "-c", PARSE]
    done = subprocess.run(command, input=json.dumps(texts), capture_output=True, text=True, cwd=COURSE, timeout=300)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["many imports"][2] < copies.MAX_PARSED  # what was left to parse, at the end
    assert max(seconds for seconds, _, _ in found.values()) < 20  # of the processor
    assert max(memory for _, memory, _ in found.values()) < 300  # MB


def test_a_text_without_magics_is_parsed_once(monkeypatch):
    parsed = []
    monkeypatch.setattr(copies.ast, "parse", lambda text: parsed.append(text) or compile("(", "", "exec"))
    assert copies.Reader().body("a b") is None
    assert copies.Reader().body("%a b") is None
    assert parsed == ["a b", "%a b", "pass"]
