"""Sphinx extension: the exercises run in the page, in a JupyterLite that the site serves itself, Python included."""

import hashlib
import html
import importlib.metadata
import json
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import bytecode
import pyodide
import students_wheel
from editions import is_english
from freshness import ROOT, checksum
from needless import is_needless
from sphinx.errors import ExtensionError
from vendor import do_without

# Everything that the built JupyterLite depends on, but for the CDN of Python.
SOURCES = [
    "book/lite/*",
    "book/_ext/*.py",
    "book/_ext/*.js",
    "book/figures/interactive/*",
    "exercises/*/*.ipynb",
    "exercises/*/*/*.ipynb",
    "LICENSE",
    "rnnlib/**/*.py",
    "rnnlib/mistakes/*.json",
    "rnnlib/locale/*/*.json",
    "rnnlib/pyproject.toml",
    "requirements.txt",
]
KERNEL = Path(sys.prefix, "share", "jupyter", "labextensions", "@jupyterlite", "pyodide-kernel-extension")
# What the kernel would install one after the other when it starts: it lies in one archive with the standard library.
# It can do without ssl and jedi; sqlite3 is compiled, and loaded as numpy is.
KERNEL_NEEDS = ["micropip", "piplite", "ssl", "sqlite3", "ipykernel", "comm", "pyodide_kernel", "jedi", "ipython"]
CORE = ["pyodide.js", "pyodide.asm.js", "pyodide.asm.wasm"]


def setup(app):
    app.add_config_value("pyodide_url", "", "html")
    app.add_config_value("exercises_in_the_page", False, "env")
    app.connect("config-inited", fetch_python)
    app.connect("build-finished", build)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def fetch_python(app, config):
    """Fetch Pyodide; without npm, node or a network, the site has no exercises in the page, but in CI no build ends."""
    try:
        if not shutil.which("node"):
            raise OSError("node is missing")
        pyodide.fetch_all()
        config.exercises_in_the_page = True
    except OSError as error:
        do_without("The exercises cannot be done in the page, only downloaded", error)
    except ValueError as error:
        raise ExtensionError(str(error)) from error


def build(app, exception):
    """Build JupyterLite below the English site, unless it is there already, built from the same files."""
    if exception or app.builder.format != "html" or not app.config.exercises_in_the_page or not is_english(app):
        return
    site, stamp = Path(app.outdir, "lite"), Path(app.outdir, "lite", ".built-from")
    sources = f"{checksum(SOURCES)} {app.config.pyodide_url} {app.config.course_data}"
    if not stamp.exists() or stamp.read_text() != sources:
        build_lite(site, ROOT / "_build" / "lite", app.config.pyodide_url, app.config.course_data)
        stamp.write_text(sources)


def build_lite(site, work, url, course_data):
    """Build JupyterLite into the folder `site`; `url` is the CDN of Python, or empty."""
    for folder in (site, work):
        shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(ROOT / "book" / "lite", work)
    copy_notebooks(work / "files")
    write_settings(work / "jupyter-lite.json")
    run_jupyter_lite(work, site)
    adapt_page(site / "notebooks" / "index.html", course_data)
    # The folder itself, an address that readers cut from a longer one: JupyterLite would lead to an app not built.
    (site / "index.html").write_text(LEAD_ON, encoding="utf-8")
    assemble_python(site / "pyodide", url)


def name_of(path):
    """The name, without its ending, that a released notebook has in JupyterLite: two-step, or two-step.zh."""
    return ".".join([path.stem, *path.relative_to(ROOT / "exercises").parts[:-2]])


def copy_notebooks(folder):
    """Copy the exercises of all editions; a notebook that says in what it is programmed is not asked for that.

    None of its cells can be deleted: in a notebook that has the focus, two strokes of a key would do it.
    """
    folder.mkdir()
    for path in [*ROOT.glob("exercises/*/*.ipynb"), *ROOT.glob("exercises/*/*/*.ipynb")]:
        notebook = json.loads(path.read_text(encoding="utf-8"))
        for cell in notebook["cells"]:
            cell["metadata"]["deletable"] = False
        notebook["metadata"]["kernelspec"] = {"name": "python", "display_name": "Python", "language": "python"}
        notebook["metadata"]["language_info"] = {"name": "python"}
        notebook["metadata"]["release"] = hashlib.sha256(json.dumps(notebook).encode()).hexdigest()[:16]
        notebook["metadata"]["released"] = {
            cell["id"]: "".join(cell["source"])
            for cell in notebook["cells"]
            if not cell["metadata"].get("nbgrader", {}).get("locked")
        }
        (folder / f"{name_of(path)}.ipynb").write_text(
            json.dumps(notebook, ensure_ascii=False, indent=1), encoding="utf-8"
        )


def write_settings(path):
    """Tell JupyterLite where Python lies, and that all that the kernel needs is there."""
    config = json.loads(path.read_text(encoding="utf-8"))
    config["jupyter-config-data"]["litePluginSettings"]["@jupyterlite/pyodide-kernel-extension:kernel"] = {
        "pyodideUrl": "./pyodide/start.js",
        "disablePyPIFallback": True,
        "loadPyodideOptions": {"packages": KERNEL_NEEDS},
    }
    write_json(path, config)


def run_jupyter_lite(work, site):
    # The extensions of this environment are for Jupyter on a server: nbgrader's would leave the page blank.
    extensions = f"--LiteBuildConfig.federated_extensions={KERNEL}"
    command = [sys.executable, "-m", "jupyterlite_core", "build", extensions, f"--output-dir={site}"]
    done = subprocess.run(command, cwd=work, capture_output=True, text=True)
    if done.returncode:
        raise ExtensionError(f"JupyterLite was not built:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")


HEAD = """
    <script src="../pyodide/early.js"></script>
    <script src="../../_static/progress.js" data-course="{course_data}"></script>
    <script src="../../_static/exercise.js"></script>
    <script src="notebook.js" type="module"></script>
    <link rel="stylesheet" href="notebook.css" />"""
LEAD_ON = """<!DOCTYPE html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta http-equiv="refresh" content="0; url=../exercises.html" />
    <link rel="icon" href="data:," />
    <title>The exercises</title>
    <!-- JupyterLite reads the settings of its root before those of a notebook. -->
    <script id="jupyter-config-data" type="application/json" data-jupyter-lite-root=".">{}</script>
  </head>
  <body><a href="../exercises.html">The exercises</a></body>
</html>
"""
ICON = '<link rel="icon" class="favicon" type="image/svg+xml" href="../../_static/favicon.svg" />'
BUNDLE = re.compile(r'<link\s+id="jupyter-lite-main"\s+rel="preload"\s+href="([^"]*)"')


def adapt_page(page, course_data):
    """Give the page of JupyterLite a language, the icon of the book, an early start of Python, and our own scripts."""
    text = page.read_text(encoding="utf-8").replace("<html>", '<html lang="en">', 1)
    text = text.replace("<head>", "<head>" + HEAD.format(course_data=html.escape(course_data)), 1)
    text = re.sub('<link rel="manifest".*?/>', ICON, text)
    # JupyterLite loads our script where it would load its own, which is still fetched early, and loaded by ours.
    ours = '<link id="jupyter-lite-bundle" rel="preload" as="script" href="\\1" />'
    text, found = BUNDLE.subn(rf'{ours}\n    <link id="jupyter-lite-main" rel="preload" href="open.js"', text)
    if not found:
        raise ExtensionError(f"{page} loads JupyterLite in another way than expected")
    page.write_text(text, encoding="utf-8")
    for name in ("open.js", "notebook.js", "release.js", "notebook.css"):
        shutil.copy(ROOT / "book" / "lite" / name, page.parent)


def assemble_python(folder, url):
    """Fill the folder from which the browser takes Python; what `url` offers, if it is given, is taken from there."""
    core, wheels, lock = pyodide.fetch_all()
    packages = pyodide.needed(lock, pyodide.PACKAGES)
    folder.mkdir(parents=True)
    write_library(folder / "python.zip", core, wheels, lock)
    if url:
        for package in packages.values():
            package["file_name"] = url + package["file_name"]
    else:
        copy_python(folder, core, wheels, packages)
    # After both: the copies have other checksums and places than the packages of Pyodide's own lock file.
    write_json(folder / "pyodide-lock.json", {"info": lock["info"], "packages": packages})
    write_json(folder / "files.json", loaded_at_once(packages, core, wheels, folder, url))
    copy_starters(folder, url or "./")


def write_library(path, core, wheels, lock):
    """Write the archive of all that is imported where it lies: the standard library, the kernel, and rnnlib."""
    with tempfile.TemporaryDirectory() as work:
        library = standard_library(Path(work), core, wheels, lock)
        rnnlib = bytecode.merge(Path(work, "rnnlib.zip"), [students_wheel.build(work)])
        # Apart, so that a change of rnnlib does not compile everything again; its lines are shown in tracebacks.
        compiled = [
            bytecode.add(core, [library]) / library.name,
            bytecode.add(core, [rnnlib], with_sources=True) / rnnlib.name,
        ]
        bytecode.merge(path, compiled)


def copy_python(folder, core, wheels, packages):
    """Copy the interpreter, and the packages with bytecode, whose checksums are then noted in `packages`."""
    names = [package["file_name"] for package in packages.values()]
    with tempfile.TemporaryDirectory() as work:
        slim = [bytecode.merge(Path(work, name), [wheels / name], is_needless) for name in names]
        compiled = bytecode.add(core, slim)
    for package in packages.values():
        package["sha256"] = hashlib.sha256((compiled / package["file_name"]).read_bytes()).hexdigest()
    for path in [*(core / name for name in CORE), *compiled.iterdir()]:
        shutil.copy(path, folder)


def write_json(path, content):
    path.write_text(json.dumps(content), encoding="utf-8")


def copy_starters(folder, core):
    """Copy the scripts that start Python, and tell them where its core lies."""
    for name in ("start.js", "early.js"):
        text = (ROOT / "book" / "lite" / name).read_text(encoding="utf-8")
        (folder / name).write_text(text.replace("CORE", json.dumps(core)), encoding="utf-8")


def loaded_at_once(packages, core, wheels, folder, url):
    """What a start of the kernel loads: [{name, url, bytes}], for the pages to fetch ahead and to count."""
    found = [("Python", f"{url}{name}", core / name) for name in CORE]
    found.append(("its library", "python.zip", folder / "python.zip"))
    for name in ("numpy", "sqlite3"):
        address = packages[name]["file_name"]
        path = wheels / Path(address).name if url else folder / address
        found.append((name, address, path))
    return [{"name": name, "url": address, "bytes": path.stat().st_size} for name, address, path in found]


def standard_library(folder, core, wheels, lock):
    """Write one archive of the standard library and all that the kernel imports: it is read where it lies."""
    names = [package["file_name"] for package in pyodide.needed(lock, pyodide.KERNEL).values()]
    kernel = [wheels / name for name in names if name.endswith("-none-any.whl")]
    for name in ("piplite", "pyodide_kernel", "ipykernel"):
        kernel += KERNEL.glob(f"static/pypi/{name}-*.whl")
    archives = [core / "python_stdlib.zip", *kernel, installed(folder, "comm")]
    return bytecode.merge(folder / "python.zip", archives, is_needless)


def installed(folder, name):
    """Write an archive of the Python files of an installed distribution, and of what is known about it."""
    path = folder / f"{name}.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in importlib.metadata.files(name):
            if file.suffix == ".py" or file.name == "METADATA":
                archive.writestr(zipfile.ZipInfo(file.as_posix()), file.read_binary())
    return path
