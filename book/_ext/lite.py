"""Sphinx extension: the exercises run in the page, in a JupyterLite that the site serves itself, Python included."""

import hashlib
import importlib.metadata
import json
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pyodide
from sphinx.errors import ExtensionError
from sphinx.util import logging

logger = logging.getLogger(__name__)

ROOT = Path(__file__).resolve().parents[2]
KERNEL = Path(sys.prefix, "share", "jupyter", "labextensions", "@jupyterlite", "pyodide-kernel-extension")
# What the kernel would install one after the other when it starts; here they are loaded together with the core.
AT_ONCE = [
    *["micropip", "piplite", "ssl", "sqlite3", "ipykernel", "comm", "pyodide_kernel", "jedi", "ipython"],
    *["numpy", "rnnlib"],
]


def setup(app):
    app.add_config_value("pyodide_url", "", "html")
    app.add_config_value("exercises_in_the_page", False, "env")
    app.connect("config-inited", fetch_python)
    app.connect("build-finished", build)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def fetch_python(app, config):
    """Fetch Pyodide; without npm or a network, the site is built without exercises in the page."""
    try:
        pyodide.fetch_all()
        config.exercises_in_the_page = True
    except OSError as error:
        logger.info("The exercises cannot be done in the page, only downloaded: %s", error)
    except ValueError as error:
        raise ExtensionError(str(error)) from error


def build(app, exception):
    """Build JupyterLite below the site, unless it stands there already, built from the same files."""
    if exception or app.builder.format != "html" or not app.config.exercises_in_the_page:
        return
    site, work = Path(app.outdir, "lite"), ROOT / "_build" / "lite"
    stamp, sources = site / ".built-from", digest(app.config.pyodide_url)
    if stamp.exists() and stamp.read_text() == sources:
        return
    for folder in (site, work):
        shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(ROOT / "book" / "lite", work)
    notebooks(work / "files")
    settings(work / "jupyter-lite.json", app.config.pyodide_url)
    run_jupyter_lite(work, site)
    mend(site / "notebooks" / "index.html")
    python(site / "pyodide", app.config.pyodide_url)
    stamp.write_text(sources)


def digest(url):
    """A checksum of everything that the built JupyterLite depends on."""
    found = hashlib.sha256(url.encode())
    for pattern in ("book/lite/*", "book/_ext/*.py", "exercises/*/*.ipynb", "rnnlib/*.py", "requirements.txt"):
        for path in sorted(ROOT.glob(pattern)):
            found.update(f"{path.relative_to(ROOT)}\n".encode() + path.read_bytes())
    return found.hexdigest()


def notebooks(folder):
    """Copy the exercises; JupyterLite asks for a kernel unless a notebook says its language."""
    folder.mkdir()
    for path in ROOT.glob("exercises/*/*.ipynb"):
        notebook = json.loads(path.read_text(encoding="utf-8"))
        notebook["metadata"]["kernelspec"] = {"name": "python", "display_name": "Python", "language": "python"}
        notebook["metadata"]["language_info"] = {"name": "python"}
        (folder / path.name).write_text(json.dumps(notebook, ensure_ascii=False, indent=1), encoding="utf-8")


def settings(path, url):
    """Tell JupyterLite where Python lies and what to load."""
    config = json.loads(path.read_text(encoding="utf-8"))
    config["jupyter-config-data"]["litePluginSettings"]["@jupyterlite/pyodide-kernel-extension:kernel"] = {
        "pyodideUrl": f"{url or './pyodide/'}pyodide.js",
        "disablePyPIFallback": True,
        "loadPyodideOptions": {"lockFileURL": "./pyodide/pyodide-lock.json", "packages": AT_ONCE},
    }
    path.write_text(json.dumps(config), encoding="utf-8")


def run_jupyter_lite(work, site):
    # The extensions of this environment are for Jupyter on a server: nbgrader's would leave the page blank.
    extensions = f"--LiteBuildConfig.federated_extensions={KERNEL}"
    command = [sys.executable, "-m", "jupyterlite_core", "build", extensions, f"--output-dir={site}"]
    done = subprocess.run(command, cwd=work, capture_output=True, text=True)
    if done.returncode:
        raise ExtensionError(f"JupyterLite was not built:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")


def mend(page):
    """Give the page of JupyterLite a language, and the icon of the book."""
    text = page.read_text(encoding="utf-8").replace("<html>", '<html lang="en">', 1)
    icon = '<link rel="icon" class="favicon" type="image/svg+xml" href="../../_static/favicon.svg" />'
    page.write_text(re.sub('<link rel="manifest".*?/>', icon, text), encoding="utf-8")


def python(folder, url):
    """Fill the folder from which the browser takes Python: the core, the packages, and a lock file that names them."""
    core, wheels, lock = pyodide.fetch_all()
    packages = pyodide.needed(lock)
    folder.mkdir(parents=True)
    if url:
        for package in packages.values():
            package["file_name"] = url + package["file_name"]
    else:
        for source in (core, wheels):
            shutil.copytree(source, folder, dirs_exist_ok=True)
    for wheel in own_wheels(folder):
        name, version, *_ = wheel.name.split("-")
        packages[name.replace("_", "-")] = {
            "name": name,
            "version": version,
            "file_name": wheel.name,
            "sha256": hashlib.sha256(wheel.read_bytes()).hexdigest(),
            "package_type": "package",
            "install_dir": "site",
            "imports": [name],
            "depends": ["numpy"] if name == "rnnlib" else [],
            "unvendored_tests": False,
        }
    lock = {"info": lock["info"], "packages": packages}
    (folder / "pyodide-lock.json").write_text(json.dumps(lock), encoding="utf-8")
    (folder / "files.json").write_text(json.dumps(loaded_at_once(lock, core, wheels, folder, url)), encoding="utf-8")


def loaded_at_once(lock, core, wheels, folder, url):
    """What a start of the kernel loads: [{name, url, bytes}], for the pages to fetch ahead and to count."""
    packages = {name: entry["file_name"] for name, entry in pyodide.needed(lock, AT_ONCE).items()}
    files = {"Python": "pyodide.asm.wasm", "its standard library": "python_stdlib.zip", **packages}
    found = []
    for name, file in files.items():
        path = next(each / Path(file).name for each in (core, wheels, folder) if (each / Path(file).name).exists())
        found.append({"name": name, "url": file if path.parent != core else url + file, "bytes": path.stat().st_size})
    return found


def own_wheels(folder):
    """Write the packages that are not Pyodide's: those of the kernel, comm as it is installed here, and rnnlib."""
    for name in ("piplite", "pyodide_kernel", "ipykernel"):
        (wheel,) = KERNEL.glob(f"static/pypi/{name}-*.whl")
        yield Path(shutil.copy(wheel, folder))
    comm = importlib.metadata.distribution("comm")
    yield pack(folder, comm, {str(path): path.locate() for path in comm.files if path.suffix == ".py"})
    rnnlib = importlib.metadata.distribution("rnnlib")
    sources = {str(path.relative_to(ROOT)): path for path in ROOT.glob("rnnlib/*.py")}
    yield pack(folder, rnnlib, sources)


def pack(folder, distribution, sources):
    """Write a wheel of `sources`, {path in the wheel: path here}, that gives the same bytes for the same sources."""
    stem = f"{distribution.name}-{distribution.version}"
    wheel = folder / f"{stem}-py3-none-any.whl"
    contents = {name: path.read_text(encoding="utf-8") for name, path in sorted(sources.items())}
    contents[f"{stem}.dist-info/METADATA"] = distribution.read_text("METADATA")
    contents[f"{stem}.dist-info/WHEEL"] = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in contents.items():
            archive.writestr(zipfile.ZipInfo(name), text, zipfile.ZIP_DEFLATED)
    return wheel
