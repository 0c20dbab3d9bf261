import ast
import subprocess
import sys
from pathlib import Path

import pytest

import rnnlib

HERE = Path(rnnlib.__file__).parent
TQDM = {"training"}
MODULES = sorted(path.stem for path in HERE.glob("*.py") if path.stem != "__init__")
# Modules that may draw, and that no other module may import.
LEAVES = {"plots", "widgets"} | {module for module in MODULES if module.startswith("figures_")}


def imported(module):
    """Every module that `module` imports anywhere in it: full names."""
    names = set()
    for node in ast.walk(ast.parse((HERE / f"{module}.py").read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} has a relative import"
            names |= (
                {f"{node.module}.{alias.name}" for alias in node.names} if node.module == "rnnlib" else {node.module}
            )
    return names


@pytest.mark.parametrize("module", [m for m in MODULES if m not in LEAVES])
def test_a_module_needs_numpy_and_the_standard_library_alone(module):
    allowed = {"numpy", "rnnlib"} | ({"tqdm"} if module in TQDM else set())
    foreign = {name.split(".")[0] for name in imported(module)} - allowed - set(sys.stdlib_module_names)
    assert not foreign
    assert not {name for name in imported(module) if name.split(".")[-1] in LEAVES}


def test_the_import_graph_has_no_circle():
    graph = {m: {n.split(".")[1] for n in imported(m) if n.startswith("rnnlib.")} & set(MODULES) for m in MODULES}
    assert graph["rnn"] >= {"params", "losses"}  # the reader of imports does see some
    while graph:
        free = [m for m, needs in graph.items() if not needs & set(graph)]
        assert free, f"a circle among {sorted(graph)}"
        for module in free:
            del graph[module]


def test_importing_rnnlib_and_its_core_loads_neither_matplotlib_nor_ipywidgets():
    core = ", ".join(f"rnnlib.{m}" for m in MODULES if m not in LEAVES)
    code = f"import sys, rnnlib, {core}; print(*({{'matplotlib', 'ipywidgets'}} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=HERE.parent)
    assert done.stdout.strip() == ""
