"""What a visitor, a search engine and a preview of a link are told; a site with a hole is not published."""

import io
import json
import re
import tomllib
from urllib.parse import urlsplit

import numpy as np
import pdf
import pictures
import pytest
import yaml
from browser import HTML, ROOT, START, shuts_out, watched
from PIL import Image
from sphinx.errors import ExtensionError

import rnnlib

CITED = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
PAGES = [f"{name}.html" for name in pdf.pages()]
PATH = urlsplit(yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))["html"]["baseurl"]).path or "/"
# What a site that is missing a download, or Chromium, lacks.
PARTS = [
    "404.html",
    "_static/card.png",
    "_static/icon-180.png",
    "_static/vendor/katex/katex.min.css",
    "bptt.pdf",
    "bptt-instructors.pdf",
    "kept-pages.js",
    "lite/marking.zip",
    "lite/pyodide/python.zip",
    "search.html",
]


def shown(path):
    return (HTML / path).read_text(encoding="utf-8")


def content(path, name):
    """What the tag `meta` of this name or property says on a page."""
    tags = re.findall(r"<meta [^>]*>", shown(path))
    (tag,) = [tag for tag in tags if re.search(rf'(?:name|property)="{name}"', tag)]
    return re.search('content="([^"]*)"', tag)[1]


@pytest.mark.smoke
def test_no_part_of_the_site_is_missing(site):
    assert [part for part in PARTS if not (HTML / part).exists()] == []
    exercises = {path.name for path in ROOT.glob("exercises/*/*.ipynb")}
    exercises |= {f"{path.stem}.{path.parts[-3]}.ipynb" for path in ROOT.glob("exercises/*/*/*.ipynb")}
    assert {path.name for path in HTML.glob("lite/files/*.ipynb")} == exercises


@pytest.mark.parametrize("path", PAGES)
def test_a_page_says_in_words_what_it_is_about(path, site):
    said = content(path, "description")
    assert len(said) > 60
    assert not re.search(r"[\\{}]", said)  # no formula's source
    assert content(path, "og:description") == said


def test_no_two_pages_say_the_same(site):
    said = [content(path, "description") for path in PAGES]
    assert len(set(said)) == len(said)


@pytest.mark.parametrize("path", PAGES)
def test_the_foot_of_a_page_has_its_licence_and_its_version(path, site):
    foot = shown(path).split('<footer class="bd-footer-content">')[1]
    assert '<a href="https://creativecommons.org/licenses/by/4.0/">CC BY 4.0</a>' in foot
    assert f"Version {CITED['version']}, {CITED['date-released']}" in foot


def test_the_home_page_has_its_title_once_and_every_other_page_that_of_the_book_too(site):
    title = "Back-propagation through time, by hand"
    assert f"<title>{title}</title>" in shown("index.html")
    assert f"<title>2. Two steps by hand &#8212; {title}</title>" in shown("two-step.html")
    assert f'<p class="title logo__title">{title}</p>' in shown("index.html")


def test_the_home_page_is_a_course_to_search_engines(site):
    (said,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', shown("index.html"))
    course = json.loads(said)
    assert course["@type"] == "Course"
    assert all(course[name] for name in ("name", "description", "license", "inLanguage"))
    assert course["provider"]["name"] == CITED["authors"][0]["name"]


def test_the_version_is_the_same_wherever_it_is_written():
    files = (ROOT / "pyproject.toml", ROOT / "grading" / "pyproject.toml")
    projects = [tomllib.loads(path.read_text(encoding="utf-8"))["project"] for path in files]
    assert {CITED["version"], *(project["version"] for project in projects)} == {rnnlib.__version__}
    date = CITED["date-released"]
    newest = re.search(r"^### (.*)$", (ROOT / "book" / "about.md").read_text(encoding="utf-8"), re.MULTILINE)[1]
    assert newest == f"{CITED['version']}, {date.day} {date:%B %Y}"


def test_the_file_for_citations_has_what_its_format_demands():
    assert CITED["cff-version"] == "1.2.0"
    assert all(CITED[name] for name in ("message", "title", "authors"))
    assert CITED["license"] == ["CC-BY-4.0", "MIT"]


@pytest.mark.skipif(PATH != "/", reason="the page leads to the path of the address in _config.yml")
def test_what_is_not_there_leads_to_what_is(page, site):
    page.goto(f"{site}404.html")
    assert shuts_out(page) == []
    page.evaluate("history.replaceState(null, '', '/some/where/deep.html')")
    page.get_by_role("link", name="its first page").click()
    page.wait_for_url(f"{site}index.html")


def test_the_folder_of_the_exercises_leads_to_their_page(page, site):
    page.goto(f"{site}lite/")
    page.wait_for_url(f"{site}exercises.html")


@pytest.mark.parametrize("name", pictures.pictures())
def test_the_pictures_of_the_site_are_drawn_from_what_it_is_now(name, chromium):
    drawn, kept = (
        np.asarray(Image.open(file).convert("RGBA"), float)
        for file in (io.BytesIO(pictures.draw(chromium, *pictures.pictures()[name])), pictures.STATIC / name)
    )
    assert drawn.shape == kept.shape
    assert np.abs(drawn - kept).mean() < 4  # of 255: another computer has other letters


@pytest.mark.smoke
def test_a_live_cell_and_an_exercise_run_and_send_nothing(reader, site):
    page, asked = watched(reader.new_page(), site), []

    def note(response):  # what the worker of JupyterLite answers in the browser goes nowhere
        if not response.from_service_worker:
            asked.append((response.request.method, response.request.post_data))

    reader.on("response", note)
    page.set_default_timeout(START)
    page.goto(f"{site}two-step.html")
    cell = page.locator(".tag_live").first
    cell.get_by_role("button", name="Change and run").click()
    cell.locator("textarea").fill("print(6 * 7)")
    cell.get_by_role("button", name="Run", exact=True).click()
    cell.locator(".cell_output").get_by_text("42").wait_for()

    page.get_by_role("button", name="Do two-step here").click()
    page.get_by_text("Python is ready").wait_for()
    frame = page.locator(".exercise-stage iframe").element_handle().content_frame()
    frame.evaluate("jupyterapp.commands.execute('notebook:run-all-cells')")
    frame.locator(".jp-OutputArea-output").get_by_text("not done yet").first.wait_for()

    reader.remove_listener("response", note)
    assert len(asked) > 30
    assert set(asked) == {("GET", None)}
    assert (page.left_the_host, page.errors, reader.cookies()) == ([], [], [])
    page.close()


@pytest.mark.parametrize("ci", ["", "true"])
def test_in_ci_a_download_that_fails_ends_the_build(ci, monkeypatch):
    import vendor

    monkeypatch.setenv("CI", ci)
    if not ci:
        return vendor.do_without("The site has no letters", OSError("no network"))
    with pytest.raises(ExtensionError, match="The site has no letters: no network"):
        vendor.do_without("The site has no letters", OSError("no network"))
    return None


@pytest.fixture
def page_with_an_offer(tmp_path, monkeypatch):
    """The one page of a site, which offers a PDF; no program is found."""
    monkeypatch.setattr(pdf, "HTML", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CI", raising=False)
    (tmp_path / "index.html").write_text('<p>A book.</p><p>As <a href="bptt.pdf">PDF</a>.</p>')
    return tmp_path / "index.html"


def test_without_chromium_a_page_offers_no_pdf_and_with_it_the_same_page_does(page_with_an_offer):
    before = page_with_an_offer.read_text()
    for _ in range(2):
        pdf.main()
        assert re.sub("<!--.*?-->", "", page_with_an_offer.read_text()) == "<p>A book.</p>"
    pdf.offer(True, pdf.ENGLISH)
    assert page_with_an_offer.read_text() == before


def test_an_edition_offers_no_pdf_where_no_font_has_its_letters(page_with_an_offer, monkeypatch, capsys):
    monkeypatch.setattr(pdf.redrawn, "font", lambda: None)
    monkeypatch.setattr(pdf.shutil, "which", lambda name: name)
    chinese = page_with_an_offer.parent / "zh" / "index.html"
    chinese.parent.mkdir()
    chinese.write_text('<p>书。</p><p>全书还有<a href="bptt.pdf">PDF</a>。</p>')
    before = page_with_an_offer.read_text()
    pdf.main("zh_CN")
    assert re.sub("<!--.*?-->", "", chinese.read_text()) == "<p>书。</p>"
    assert page_with_an_offer.read_text() == before
    assert "a font with Chinese letters is missing" in capsys.readouterr().out


def test_in_ci_a_site_without_a_pdf_is_no_success(page_with_an_offer, monkeypatch):
    monkeypatch.setenv("CI", "true")
    with pytest.raises(SystemExit, match="Chromium is missing"):
        pdf.main()


WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_names_each_action_by_its_commit_has_a_time_limit_and_may_only_read(path):
    text = path.read_text(encoding="utf-8")
    used = re.findall(r"uses: (.*)", text)
    assert used
    assert [action for action in used if not re.fullmatch(r"[\w/-]+@[0-9a-f]{40}  # v\d+\.\d+\.\d+", action)] == []
    jobs = yaml.safe_load(text)["jobs"]
    assert all("timeout-minutes" in job for job in jobs.values())
    assert yaml.safe_load(text)["permissions"] == {"contents": "read"}
    assert [name for name, job in jobs.items() if "permissions" in job] == (
        ["deploy"] if path.stem == "publish" else []
    )


def test_the_site_is_tried_before_it_is_published():
    jobs = yaml.safe_load((ROOT / ".github" / "workflows" / "publish.yml").read_text(encoding="utf-8"))["jobs"]
    steps = [step.get("run") or step["uses"].split("@")[0] for step in jobs["build"]["steps"]]
    assert steps[-3:] == ["make zh", "make smoke", "actions/upload-pages-artifact"]
    assert jobs["deploy"]["needs"] == "build"
