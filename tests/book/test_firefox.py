"""Another browser than Chromium: in Firefox too, a chapter can be read, its figure moved, and its exercise done."""

import json
import shutil
import subprocess

import vendor
from browser import ROOT
from conftest import needs

DRIVER = ROOT / "tests" / "firefox"


def puppeteer():
    """The library that drives Firefox, as the lock file means it; it is fetched on the first call only."""
    locked = [DRIVER / name for name in ("package.json", "package-lock.json")]

    def fill(complete, work):
        for path in locked:
            shutil.copy(path, complete)
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
        subprocess.run(command, cwd=complete, check=True, timeout=300)

    folder = vendor.once(ROOT / "_build" / "firefox", [path.read_bytes() for path in locked], fill)
    return folder / "node_modules" / "puppeteer-core" / "lib" / "esm" / "puppeteer" / "puppeteer-core.js"


def test_in_firefox_a_slider_moves_and_an_exercise_runs_up_to_its_first_check(site):
    firefox = needs("firefox")
    needs("npm")
    command = ["node", DRIVER / "read.mjs", firefox, puppeteer(), site]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen["moved"] == ["dE/dE", "dE/dq"]
    assert seen["said"].endswith("not done yet")
    assert seen["errors"] == seen["elsewhere"] == []
