"""Compile what is imported in the browser to bytecode beforehand: there, it would take seconds at every start.

The compiler is the very interpreter that will run it: Pyodide, which also runs in Node.js.
"""

import shutil
import subprocess
import zipfile
from pathlib import Path

from vendor import CACHE, once

SCRIPT = Path(__file__).with_suffix(".js")


def add(core, archives, cache=CACHE, with_sources=False):
    """The folder of `archives`, wheels and zips, with bytecode in place of their sources, or beside them.

    `core` is the folder of Pyodide.

    Raises OSError where node is missing, and ValueError when a source does not compile.
    """

    def fill(complete, work):
        sources = Path(work, "sources")
        folder = sources / "with-sources" if with_sources else sources
        folder.mkdir(parents=True)
        for archive in archives:
            shutil.copy(archive, folder)
        done = subprocess.run(["node", SCRIPT, core, sources, complete], capture_output=True, text=True)
        if done.returncode:
            raise ValueError(f"no bytecode was made: {done.stderr}")

    contents = [(archive.name, archive.read_bytes()) for archive in archives]
    return once(cache, [core.name, SCRIPT.read_bytes(), contents, with_sources], fill)


def merge(target, archives, without=lambda name: False):
    """Write one zip of the contents of `archives`, with an entry for every folder: packages without a file need it.

    A file is left out if `without` says so of its name.
    """
    contents = {}
    for path in archives:
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if without(name):
                    continue
                contents |= {f"{folder}/": b"" for folder in Path(name).parents if folder.name}
                contents[name] = archive.read(name)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as merged:
        for name, content in contents.items():
            merged.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED, compresslevel=9)
    return target
