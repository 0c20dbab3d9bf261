"""Sphinx extension: the exercises run in the page, in a JupyterLite that the site serves itself, Python included."""

import hashlib
import importlib.metadata
import json
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
        core = pyodide.core()
        lock = json.loads((core / "pyodide-lock.json").read_text(encoding="utf-8"))
        app.pyodide = core, pyodide.wheels(lock), lock
        config.exercises_in_the_page = True
    except OSError as error:
        logger.info("The exercises cannot be done in the page, only downloaded: %s", error)
    except ValueError as error:
        raise ExtensionError(str(error)) from error


def build(app, exception):
    """Build JupyterLite below the site, unless it stands there already, built from the same files."""
    site = Path(app.outdir, "lite")
    if exception or app.builder.format != "html" or not app.config.exercises_in_the_page:
        return
    stamp, sources = site / ".built-from", digest(app.config.pyodide_url)
    if stamp.exists() and stamp.read_text() == sources:
        return
    shutil.rmtree(site, ignore_errors=True)
    work = ROOT / "_build" / "lite"
    shutil.rmtree(work, ignore_errors=True)
    notebooks(work / "files")
    shutil.copytree(ROOT / "book" / "lite", work, dirs_exist_ok=True)
    settings(work / "jupyter-lite.json", app.config.pyodide_url)
    run_jupyter_lite(work, site)
    python(site / "pyodide", *app.pyodide, app.config.pyodide_url)
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
    for path in ROOT.glob("exercises/*/*.ipynb"):
        notebook = json.loads(path.read_text(encoding="utf-8"))
        notebook["metadata"]["kernelspec"] = {"name": "python", "display_name": "Python", "language": "python"}
        notebook["metadata"]["language_info"] = {"name": "python"}
        copy = folder / path.relative_to(ROOT / "exercises")
        copy.parent.mkdir(parents=True)
        copy.write_text(json.dumps(notebook, ensure_ascii=False, indent=1), encoding="utf-8")


def settings(path, url):
    config = json.loads(path.read_text(encoding="utf-8"))
    config["jupyter-config-data"]["litePluginSettings"]["@jupyterlite/pyodide-kernel-extension:kernel"] = {
        "pyodideUrl": f"{url or './pyodide/'}pyodide.js",
        "disablePyPIFallback": True,
        "loadPyodideOptions": {"lockFileURL": "./pyodide/pyodide-lock.json", "packages": AT_ONCE},
    }
    path.write_text(json.dumps(config), encoding="utf-8")


def run_jupyter_lite(work, site):
    extensions = f"--LiteBuildConfig.federated_extensions={KERNEL}"
    command = [sys.executable, "-m", "jupyterlite_core", "build", extensions, f"--output-dir={site}"]
    done = subprocess.run(command, cwd=work, capture_output=True, text=True)
    if done.returncode:
        raise ExtensionError(f"JupyterLite was not built:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")


def python(folder, core, wheels, lock, url):
    """Fill the folder from which the browser takes Python: the core, the packages, and a lock file that names them."""
    folder.mkdir(parents=True)
    names = pyodide.with_dependencies(lock, pyodide.WANTED)
    packages = {name: lock["packages"][name] for name in names}
    if url:
        for package in packages.values():
            package["file_name"] = url + package["file_name"]
    else:
        for source in (core, wheels):
            shutil.copytree(source, folder, dirs_exist_ok=True)
    for wheel in own_wheels(folder):
        name, version, *_ = wheel.name.split("-")
        packages[name] = {
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
    (folder / "pyodide-lock.json").write_text(json.dumps({"info": lock["info"], "packages": packages}))


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
