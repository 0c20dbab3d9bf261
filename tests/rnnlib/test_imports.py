"""What imports what: rnnlib needs numpy alone, its modules have no circle, and pictures stay in the book."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import rnnlib

HERE = Path(rnnlib.__file__).parent
COURSE = HERE.parent
TQDM = {"rnnlib.training"}
MODULES = sorted(
    ".".join(path.relative_to(COURSE).with_suffix("").parts).removesuffix(".__init__") for path in HERE.rglob("*.py")
)


def imported(path):
    """Every module that a file imports anywhere in it: full names."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def file(module):
    path = COURSE / module.replace(".", "/")
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


@pytest.mark.parametrize("module", MODULES)
def test_a_module_needs_numpy_and_the_standard_library_alone(module):
    allowed = {"numpy", "rnnlib"} | ({"tqdm"} if module in TQDM else set())
    assert not {name.split(".")[0] for name in imported(file(module))} - allowed - set(sys.stdlib_module_names)


def test_the_import_graph_has_no_circle():
    graph = {module: (imported(file(module)) & set(MODULES)) - {module} for module in MODULES}
    assert graph["rnnlib.rnn"] >= {"rnnlib.params", "rnnlib.losses"}  # the reader of imports does see some
    while graph:
        free = [module for module, needs in graph.items() if not needs & set(graph)]
        assert free, f"a circle among {sorted(graph)}"
        for module in free:
            del graph[module]


def test_only_what_is_fast_imports_what_is_fast():
    users = [module for module in MODULES if any(name.startswith("rnnlib.fast") for name in imported(file(module)))]
    assert users
    assert all(module.startswith("rnnlib.fast") for module in users)


def test_importing_any_module_of_rnnlib_loads_neither_matplotlib_nor_ipywidgets():
    code = f"import sys, {', '.join(MODULES)}; print(*({{'matplotlib', 'ipywidgets'}} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=COURSE)
    assert done.stdout.strip() == ""


def test_pictures_and_widgets_are_drawn_in_the_book_the_report_and_the_benchmarks_alone():
    tracked = subprocess.run(["git", "ls-files", "*.py"], capture_output=True, text=True, check=True, cwd=COURSE)
    painters = {
        name
        for name in tracked.stdout.split()
        if (COURSE / name).exists()
        and any(n.split(".")[0] in ("matplotlib", "ipywidgets") for n in imported(COURSE / name))
    }
    assert "book/figures/style.py" in painters
    rooms = ("book/figures/", "book/_ext/", "benchmarks/")
    assert {name for name in painters if not name.startswith(rooms)} <= {"grading/report.py"}


def test_the_readable_sweep_stays_short():
    lines = file("rnnlib.rnn").read_text(encoding="utf-8").splitlines()
    (backward,) = [n for n in ast.parse("\n".join(lines)).body if getattr(n, "name", "") == "backward"]
    assert len(lines) < 110
    assert backward.end_lineno - backward.lineno < 40
