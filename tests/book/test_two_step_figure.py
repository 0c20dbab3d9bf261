"""The figure in which the reader chooses the numbers of the two-step network: its numbers are those of rnnlib."""

import json
import subprocess
from pathlib import Path

import numpy as np
import playwright
import pytest
from browser import START

from book.figures import interactive
from rnnlib import scalar

NODE = Path(playwright.__file__).with_name("driver") / "node"
RUN = """
import(process.argv[1]).then(({ forward, backward, witness }) => {
  const cases = JSON.parse(require("fs").readFileSync(0));
  console.log(JSON.stringify(cases.map((given) => ({
    f: forward(given), b: backward(given), forgot: backward(given, true),
    witness: ["u", "w", "k"].map((name) => witness(given, name)),
  }))));
});
"""


def random_case(rng, func):
    sizes = {"u": 2, "w": 2, "k": 2, "x_0": 3, "x_1": 3, "s_init": 1}
    given = {name: rng.uniform(-most, most) for name, most in sizes.items()}
    p = rng.uniform()
    return given | {"v": list(rng.normal(size=2)), "y": [p, rng.uniform(0.3, 2) - p], "func": func}


@pytest.fixture(scope="module")
def cases():
    """Settings, as rnnlib takes them, and what the figure computes from them."""
    rng = np.random.default_rng(0)
    given = [random_case(rng, func) for func in ("tanh", "sigmoid") for _ in range(100)]
    address = interactive.as_address("two-step-numbers.js")
    done = subprocess.run(
        [NODE, "-e", RUN, address], input=json.dumps(given), capture_output=True, text=True, check=True
    )
    return [(arguments(each), found) for each, found in zip(given, json.loads(done.stdout), strict=True)]


def arguments(given):
    params = scalar.Params(given["u"], given["w"], np.array(given["v"]), given["k"])
    return params, np.array([given["x_0"], given["x_1"]]), given["s_init"], np.array(given["y"]), given["func"]


def same(found, expected):
    return np.allclose(found, expected, rtol=0, atol=1e-12)


def test_every_value_is_that_of_rnnlib(cases):
    for given, found in cases:
        for name, value in scalar.forward(*given)._asdict().items():
            assert same(found["f"][name], value), name


def test_every_derivative_is_that_of_rnnlib(cases):
    for given, found in cases:
        expected = scalar.backward(*given)
        for name in ("dE_dq", "dE_ds_1", "dE_dz_1", "dE_ds_0", "dE_dz_0", "s_init"):
            assert same(found["b"][name], getattr(expected, name)), name
        for name, parts in expected.by_step._asdict().items():
            assert same(found["b"]["by_step"][name], parts), name


def test_whoever_forgets_the_second_chain_has_the_parts_of_step_1_alone(cases):
    for given, found in cases:
        expected = scalar.backward(*given).by_step
        for name in "uwk":
            assert same(found["forgot"]["by_step"][name], [0, getattr(expected, name)[1]]), name


def test_the_central_difference_knows_the_sum_of_both_chains(cases):
    for given, found in cases:
        total = scalar.backward(*given).total
        assert np.allclose(found["witness"], [total.u, total.w, total.k], rtol=0, atol=1e-8)


TABLE = "table => [...table.rows].map(row => row.cells[2].textContent.replace('\\u2212', '-'))"


def test_the_table_of_the_figure_follows_its_sliders_and_those_of_the_text_say_that_they_do_not(chromium, site):
    with chromium.new_context() as context:
        page = context.new_page()
        page.set_default_timeout(START)
        page.goto(f"{site}two-step.html")
        own = page.locator("#fig-two-step-play table")
        in_the_text = page.locator("table", has=page.get_by_text("forward pass 1")).first
        example = in_the_text.evaluate(TABLE)
        assert own.evaluate(TABLE)[1:3] == example[1:3]
        assert own.locator("caption").inner_text() == "The calculator's table, with the numbers set above"
        page.get_by_label("u", exact=True).press("ArrowRight")
        assert own.evaluate(TABLE)[1] == f"{float(example[1]) + 0.1:.4f}"  # z_0, as x_0 is 1
        assert in_the_text.evaluate(TABLE) == example
        page.get_by_text("The tables in the text keep the numbers of the example").wait_for()
