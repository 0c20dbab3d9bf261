"""Pages that were read can be read again without a network, and a page that the network has is never an old one."""

import threading
from contextlib import contextmanager
from functools import partial
from http.server import ThreadingHTTPServer

import kept_pages
import pytest
from browser import DESK, HTML, START, QuietHandler, watched

READY = """async () => {
  await navigator.serviceWorker.ready;
  return (await (await caches.open(`pages of ${new URL("./", location)}`)).keys()).length > 10;
}"""
KEPT = """async () => Object.fromEntries(await Promise.all((await caches.keys()).map(async name =>
  [name, (await (await caches.open(name)).keys()).map(({ url }) => new URL(url).pathname)])))"""
LOOKS = """async () => {
  await document.fonts.ready;
  return {
    styles: [...document.styleSheets].filter(sheet => sheet.cssRules.length > 0).length,
    letters: [...document.fonts].filter(({ family, status }) => /KaTeX/.test(family) && status === "loaded").length,
    formula: getComputedStyle(document.querySelector(".katex .mord.mathnormal")).fontFamily,
    sliders: document.querySelectorAll("input[type=range]").length,
    pictures: [...document.images].filter(({ naturalWidth }) => naturalWidth).length,
    cells: document.querySelectorAll(".live").length,
  };
}"""


class Server:
    """Serves a folder at one port; it can be stopped and started again."""

    def __init__(self, folder):
        self.handler = partial(QuietHandler, directory=str(folder))
        self.start()

    def start(self, port=0):
        self.server = ThreadingHTTPServer(("127.0.0.1", port), self.handler)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


@contextmanager
def reader_of(folder, chromium):
    """A page of a new reader, the server of `folder`, and its address."""
    server = Server(folder)
    try:
        with chromium.new_context(viewport=DESK) as context:
            page = context.new_page()
            page.set_default_timeout(START)
            yield page, server, f"http://127.0.0.1:{server.port}/"
    finally:
        server.stop()


def read(page, address):
    page.goto(address, wait_until="networkidle")
    page.wait_for_function(READY)


@pytest.fixture
def terms(site, tmp_path):
    """A folder with two terms of the course side by side, below a path."""
    (tmp_path / "bptt").mkdir()
    for year in ("2026", "2027"):
        (tmp_path / "bptt" / year).symlink_to(HTML)
    return tmp_path


def test_a_page_that_was_read_is_there_without_a_server_with_styles_letters_and_figures(site, chromium):
    with reader_of(HTML, chromium) as (page, server, address):
        read(page, f"{address}two-step.html")
        before = page.evaluate(LOOKS)
        assert all(count for name, count in before.items() if name != "pictures")
        server.stop()
        page.reload()
        assert page.evaluate(LOOKS) == before
        page.goto(f"{address}two-step.html?from=elsewhere#the-picture")
        assert page.locator("h1").first.inner_text().startswith("Two steps by hand")
        server.start(server.port)


def test_a_page_that_was_never_read_says_so_in_the_language_of_its_edition(site, chromium):
    with reader_of(HTML, chromium) as (page, server, address):
        read(page, address)
        server.stop()
        for path, language, said in (
            ("graph.html", "en", str(kept_pages.NOT_READ)),
            ("zh/graph.html", "zh-CN", kept_pages.translations("zh_CN", "site")[str(kept_pages.NOT_READ)]),
        ):
            page.goto(address + path)
            assert page.locator("body").inner_text().strip() == said
            assert page.locator("html").get_attribute("lang") == language
        page.goto(f"{address}index.html")  # another address of what was read
        page.get_by_role("heading", name="Back-propagation through time, by hand").wait_for()
        server.start(server.port)


def test_a_new_build_is_shown_as_soon_as_there_is_a_network(site, chromium, tmp_path):
    for path in HTML.iterdir():
        (tmp_path / path.name).symlink_to(path)
    chapter = (HTML / "graph.html").read_text(encoding="utf-8")
    (tmp_path / "graph.html").unlink()
    with reader_of(tmp_path, chromium) as (page, server, address):
        for edition in ("the first build", "the second build"):
            written = chapter.replace("<h1>", f"<h1>{edition}: ", 1)
            assert written != chapter
            (tmp_path / "graph.html").write_text(written, encoding="utf-8")
            read(page, f"{address}graph.html")
            assert edition in page.locator("h1").first.inner_text()
        page.wait_for_timeout(500)  # it is shown before it is kept
        server.stop()
        page.reload()
        assert "the second build" in page.locator("h1").first.inner_text()
        server.start(server.port)


def test_two_terms_on_one_host_keep_their_pages_apart(terms, chromium):
    with reader_of(terms, chromium) as (page, server, address):
        read(page, f"{address}bptt/2026/graph.html")
        read(page, f"{address}bptt/2027/gates.html")
        kept = page.evaluate(KEPT)
        assert set(kept) == {f"pages of {address}bptt/{year}/" for year in ("2026", "2027")}
        for name, paths in kept.items():
            folder = name.removeprefix(f"pages of {address}")
            assert [path for path in paths if not path.startswith(f"/{folder}")] == []
        server.stop()
        page.goto(f"{address}bptt/2027/graph.html")
        assert page.locator("body").inner_text().strip() == str(kept_pages.NOT_READ)
        server.start(server.port)


def test_it_is_not_in_the_way_of_an_exercise_and_asks_no_other_host(site, chromium):
    with reader_of(HTML, chromium) as (page, _, address):
        watched(page, address)
        page.context.on("request", lambda asked: asked.url.startswith(address) or page.left_the_host.append(asked.url))
        read(page, f"{address}two-step.html")
        page.reload(wait_until="networkidle")
        assert page.evaluate("navigator.serviceWorker.controller.scriptURL") == f"{address}kept-pages.js"
        page.get_by_role("button", name="Do two-step here").click()
        page.get_by_text("Python is ready").wait_for()
        (paths,) = [paths for name, paths in page.evaluate(KEPT).items() if name.startswith("pages of")]
        assert [path for path in paths if path.startswith("/lite/")] == []
        assert page.left_the_host == page.errors == []


FILL = """async () => {
  for (let name = 0; name < 450; name += 1) await fetch(`_images/none.svg?${name}`);
}"""


def test_what_is_kept_is_bounded_and_the_oldest_goes_first(site, chromium, tmp_path):
    for path in HTML.iterdir():
        (tmp_path / path.name).symlink_to(path)
    (tmp_path / "_images").unlink()
    (tmp_path / "_images").mkdir()
    (tmp_path / "_images" / "none.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    with reader_of(tmp_path, chromium) as (page, _, address):
        read(page, f"{address}about.html")
        page.reload(wait_until="networkidle")
        page.evaluate(FILL)
        page.wait_for_timeout(2000)
        (paths,) = page.evaluate(KEPT).values()
        assert len(paths) == 400
        assert set(paths) == {"/_images/none.svg"}


def test_opened_as_a_file_or_without_a_store_a_page_is_as_good_as_ever(site, chromium):
    with chromium.new_context() as context:
        page = watched(context.new_page(), "file:")
        page.goto((HTML / "about.html").as_uri(), wait_until="load")
        assert page.errors == []
        context.add_init_script("Object.defineProperty(navigator, 'serviceWorker', { value: undefined })")
        page = watched(context.new_page(), site)
        page.goto(f"{site}about.html", wait_until="networkidle")
        assert page.errors == page.left_the_host == []
