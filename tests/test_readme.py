"""The README keeps its promises."""

import contextlib
import io
import re
from pathlib import Path

README = Path(__file__).parents[1] / "README.md"


def block(language):
    return re.findall(rf"```{language}\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)


def test_the_example_prints_what_the_readme_shows():
    (example,) = block("python")
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(example, {})
    assert printed.getvalue() == block("text")[-1]


def test_the_example_has_twelve_lines():
    assert len(block("python")[0].splitlines()) == 12


def test_the_readme_stays_short():
    assert len(README.read_text(encoding="utf-8").splitlines()) <= 80


def test_every_folder_of_the_map_exists():
    folders = re.findall(r"^\| `(\w+)/` \|", README.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(folders) >= 6
    assert all((README.parent / folder).is_dir() for folder in folders)
