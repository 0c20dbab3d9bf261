"""What the tests share, and in which order they run."""

import fcntl
import os
import random
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path

import browser
import pytest
from playwright.sync_api import sync_playwright

SLOW = ("pool", "server", "browser")
FIXTURES = {"browser": {"site", "chromium", "builds"}, "server": {"postgresql", "cluster"}}  # what says that it is so
# Fixtures that take long to make.
SHARED = {"course", "marked", "feedback", "builds", "rebuilt", "opened", "chapter", "desk", "borrowed"}


def pytest_addoption(parser):
    parser.addoption("--shuffle", metavar="SEED", help="run the tests in the order of this seed; `new` draws one")


def pytest_configure(config):
    if config.option.shuffle == "new":  # before there are workers, which must all have the same order
        config.option.shuffle = str(secrets.randbelow(10**6))


def pytest_terminal_summary(terminalreporter, config):
    if config.option.shuffle:
        terminalreporter.write_line(f"in the order of --shuffle {config.option.shuffle}")


def pytest_xdist_auto_num_workers():
    """One process more than there are processors: many tests wait, until a page is still or a limit is met."""
    return (os.cpu_count() or 1) + 1


@pytest.hookimpl(tryfirst=True)  # pytest-xdist reads the groups in the same hook
def pytest_collection_modifyitems(config, items):
    """Mark the tests by what their fixtures need, keep those together that share one, and put all in order."""
    for item in items:
        for marker, fixtures in FIXTURES.items():
            if fixtures.intersection(item.fixturenames):
                item.add_marker(marker)
        for fixture in SHARED.intersection(item.fixturenames):
            item.add_marker(pytest.mark.xdist_group(f"{item.path.stem}-{fixture}"))
    if config.option.shuffle:
        shuffle(items, random.Random(config.option.shuffle))
    else:  # at the end, the workers should wait for a short test only
        items.sort(key=lambda item: (item.get_closest_marker("xdist_group") is None, not is_slow(item)))


def is_slow(item):
    return any(item.get_closest_marker(marker) for marker in SLOW)


def shuffle(items, rng):
    """Shuffle the groups of tests, and the tests in each: those that share a fixture go on sharing it."""
    groups = {}
    for item in items:
        mark = item.get_closest_marker("xdist_group")
        groups.setdefault(mark.args[0] if mark else item.path, []).append(item)
    for group in groups.values():
        rng.shuffle(group)
    in_order = list(groups.values())
    rng.shuffle(in_order)
    items[:] = [item for group in in_order for item in group]


def needs(tool):
    """The path of a program of the system; a test without it is skipped, but fails in CI, where nothing is missing."""
    path = shutil.which(tool)
    if path is None:
        give_up(f"needs {tool}: run `make system`")
    return path


def give_up(reason):
    """Skip a test for which this machine lacks something; in CI, where nothing may be missing, let it fail."""
    (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)


@pytest.fixture
def postgresql(monkeypatch):
    """The address of the database `gradebook` on a server of its own; PGPORT tells its port to who names none."""
    programs = map(str, sorted(Path("/usr/lib/postgresql").glob("*/bin")))  # Debian keeps them out of PATH
    # nbgrader looks for its own helpers beside Python, where no shell finds them unless the environment is active.
    monkeypatch.setenv("PATH", os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"], *programs]))
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
    (browser.ROOT / "_build").mkdir(exist_ok=True)
    with open(browser.ROOT / "_build" / "tests.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two processes that build it would write the same files
        done = subprocess.run(["make", "site"], cwd=browser.ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(browser.QuietHandler, directory=str(browser.HTML))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture(scope="session")
def playwright():
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="session")
def chromium(playwright):
    chromium = playwright.chromium.launch(executable_path=needs("chromium"), args=browser.CHROMIUM_FLAGS)
    yield chromium
    chromium.close()


@pytest.fixture(scope="session")
def reader(site, playwright, tmp_path_factory):
    """A reader's browser: as on a reader's own disk, the files that it has loaded stay there, and what it made of them.

    A context of `chromium` lives in memory, and would compile Python anew for every page.
    """
    if not (browser.HTML / "lite").exists():
        needs("npm")
        pytest.fail("the site was built without Python for its pages")
    with playwright.chromium.launch_persistent_context(
        tmp_path_factory.mktemp("reader"),
        executable_path=needs("chromium"),
        args=browser.CHROMIUM_FLAGS,
        viewport=browser.DESK,
    ) as context:
        yield context


@pytest.fixture(scope="session")
def tab(reader, site):
    """The tab for all tests of the reader: what one page has compiled, the next one in the same tab need not."""
    tab = browser.watched(reader.new_page(), site)
    tab.set_default_timeout(browser.START)
    return tab


@pytest.fixture
def page(tab, site):
    """A tab of a reader who has written nothing yet; nothing may go wrong in it, and nothing be fetched elsewhere."""
    tab.left_the_host, tab.errors = [], []
    forget(tab, site)
    yield tab
    said = tab.left_the_host, tab.errors
    tab.evaluate("sessionStorage.clear()")
    tab.goto("about:blank")  # the Python of the page ends with it
    assert said == ([], [])


def forget(tab, site):
    """Let the browser of a tab keep nothing of what a reader has written on the pages of the site."""
    session = tab.context.new_cdp_session(tab)
    session.send("Storage.clearDataForOrigin", {"origin": site, "storageTypes": browser.WRITTEN})
