"""What the tests share."""

import os
import shutil
import socket
import subprocess
import tempfile
import threading
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path

import browser
import pytest
from playwright.sync_api import sync_playwright


def needs(tool):
    """The path of a program of the system; a test without it is skipped, but fails in CI, where nothing is missing."""
    path = shutil.which(tool)
    if path is None:
        give_up = pytest.fail if os.environ.get("CI") else pytest.skip
        give_up(f"needs {tool}: run `make system`")
    return path


@pytest.fixture
def postgresql(monkeypatch):
    """The address of the database `gradebook` on a server of its own; PGPORT tells its port to who names none."""
    programs = map(str, sorted(Path("/usr/lib/postgresql").glob("*/bin")))  # Debian keeps them out of PATH
    monkeypatch.setenv("PATH", os.pathsep.join([os.environ["PATH"], *programs]))
    needs("initdb")
    folder = Path(tempfile.mkdtemp(dir="/tmp"))  # the name of its socket must be short
    owner = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
    if owner:
        shutil.chown(folder, "postgres", "postgres")
    monkeypatch.setenv("PGPORT", str(free_port()))

    def run(*command):
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, timeout=60, **owner)

    run("initdb", "--auth=trust", "--no-sync", "--username=teacher", "data")
    run("pg_ctl", "start", "-w", "-D", "data", "-l", "log", "-o", f"-c listen_addresses=localhost -k {folder}")
    try:
        run("createdb", "--host=localhost", "--username=teacher", "gradebook")
        yield f"postgresql+psycopg://teacher@localhost:{os.environ['PGPORT']}/gradebook"
    finally:
        run("pg_ctl", "stop", "-m", "immediate", "-D", "data")
        shutil.rmtree(folder)


def free_port():
    """A port of this machine that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


@pytest.fixture(scope="session")
def site():
    """The address of the site, built and served on this machine."""
    done = subprocess.run(browser.BUILD, cwd=browser.ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(browser.QuietHandler, directory=str(browser.HTML))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture(scope="session")
def chromium():
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=needs("chromium"), args=browser.CHROMIUM_FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def reader(site, chromium):
    """A reader's browser, which keeps what it has loaded and what was written in it."""
    if not (browser.HTML / "lite").exists():
        needs("npm")
        pytest.fail("the site was built without Python for its pages")
    with chromium.new_context(viewport={"width": 1280, "height": 900}) as context:
        yield context


@pytest.fixture
def page(reader, site):
    """A tab of the reader's, in which nothing may go wrong and nothing be fetched from elsewhere."""
    page = browser.watched(reader.new_page(), site)
    page.set_default_timeout(browser.START)
    yield page
    assert page.left_the_host == page.errors == []
    page.close()
