"""The arithmetic of the interactive figures, as a browser does it, is that of rnnlib and of the wrong gradients."""

import base64
from pathlib import Path

import numpy as np
import pytest

from book.experiments import wrong_gradients
from book.experiments.cases import case
from rnnlib import diagnostics, gradcheck, rnn
from rnnlib.params import init_params

FOLDER = Path(__file__).parents[2] / "book" / "figures" / "interactive"
MISTAKES = [None, *wrong_gradients.NAMES, *wrong_gradients.MORE_NAMES]
MATRICES = {
    "triangle": [[0.9, 1.0], [0.0, 0.9]],
    "nilpotent": [[2.0, -4.0], [1.0, -2.0]],
    "rotation": [[0.6, -0.8], [0.8, 0.6]],
    "diagonal": [[2.0, 0.0], [0.0, 0.1]],
    "none": [[0.0, 0.0], [0.0, 0.0]],
    "any": [[0.7, -1.1], [0.3, -0.2]],
    "spiral": [[-0.5, 1.3], [-0.4, 0.1]],
}


@pytest.fixture(scope="module")
def calls(chromium):
    """call(module, expression, argument): what a JavaScript expression of the module m and the argument gives."""
    with chromium.new_context() as context:
        page = context.new_page()

        def call(module, expression, argument=None):
            code = base64.b64encode((FOLDER / f"{module}-numbers.js").read_bytes()).decode()
            return page.evaluate(
                f"async a => {{ const m = await import('data:text/javascript;base64,{code}'); return {expression}; }}",
                argument,
            )

        yield call


def as_json(params, x, s_init, y):
    return {
        "params": {name: p.tolist() for name, p in params._asdict().items()},
        "x": x.tolist(),
        "s_init": s_init.tolist(),
        "y": y.tolist(),
    }


NETWORKS = {
    "six steps": case(T=6, B=3, D=5, H=4, K=2, seed=8),
    "T = D = 4": case(T=4, B=3, D=4, H=5, K=2, seed=9),
    "one step": case(T=1, B=2, D=1, H=3, K=4, seed=1),
    "one unit": case(T=9, B=1, D=2, H=1, K=3, seed=2),
}


@pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS)
def test_the_board_runs_the_network_that_rnnlib_runs(network, calls):
    found, expected = calls("bug-board", "m.forward(a)", as_json(*network)), rnn.forward(*network)
    np.testing.assert_allclose(found["states"], expected.states, rtol=1e-12)
    np.testing.assert_allclose(found["yhat"], expected.yhat, rtol=1e-12)
    assert found["E"] == pytest.approx(expected.E, rel=1e-12)


@pytest.mark.parametrize("mistake", MISTAKES)
@pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS)
def test_the_board_has_the_gradients_of_the_wrong_code(network, mistake, calls):
    found = calls("bug-board", "m.gradient(...a)", [as_json(*network), mistake])
    try:
        _, expected, _ = wrong_gradients.flawed_gradient(*network, mistake=mistake)
    except IndexError:
        assert found is None
        return
    for name, array in expected.gradient._asdict().items():
        np.testing.assert_allclose(found[name], array, rtol=1e-12, atol=1e-14, err_msg=name)
    np.testing.assert_allclose(found["s_init"], expected.s_init, rtol=1e-12, atol=1e-14)


def test_the_board_compares_with_the_central_difference_of_rnnlib(calls):
    network = NETWORKS["six steps"]
    params, *data = network
    numeric = gradcheck.central_difference(lambda params: rnn.forward(params, *data).E, params)
    found = calls("bug-board", "m.centralDifference(a)", as_json(*network))
    for name, array in numeric._asdict().items():
        np.testing.assert_allclose(found[name], array, rtol=0, atol=1e-9, err_msg=name)


@pytest.mark.parametrize("mistake", MISTAKES)
def test_the_board_names_the_error_that_the_table_of_the_chapter_has(mistake, calls):
    network = NETWORKS["six steps"]
    found = calls("bug-board", "m.worst(m.gradient(...a), m.gradient(a[0]))", [as_json(*network), mistake])
    assert found["error"] == pytest.approx(wrong_gradients.worst_error(*network, mistake), rel=1e-12, abs=1e-14)
    _, wrong, _ = wrong_gradients.flawed_gradient(*network, mistake=mistake)
    right = rnn.loss_and_gradient(*network)[1].gradient
    place = tuple(found["index"])
    assert found["analytic"] == pytest.approx(getattr(wrong.gradient, found["name"])[place], rel=1e-12, abs=1e-14)
    assert found["numeric"] == pytest.approx(getattr(right, found["name"])[place], rel=1e-12, abs=1e-14)


@pytest.mark.parametrize("mistake", MISTAKES)
def test_the_board_adds_halves_and_goes_downhill_as_the_wrong_code_does(mistake, calls):
    network = NETWORKS["six steps"]
    halves, step = calls("bug-board", "[m.halves(...a), m.descend(...a)]", [as_json(*network), mistake])
    try:
        seam = wrong_gradients.seam_error(*network, mistake)
    except IndexError:
        assert halves is None
    else:
        assert halves["error"] == pytest.approx(seam, rel=1e-12, abs=1e-14)
    assert (step["after"] < step["before"]) == wrong_gradients.step_lowers_error(*network, mistake)


def test_the_board_shows_a_gradient_that_does_not_exist_as_none(calls):
    found = calls("bug-board", "[m.gradient(...a), m.halves(...a), m.descend(...a)]",
                  [as_json(*NETWORKS["one unit"]), "loop over D"])  # fmt: skip
    assert found[0] is not None
    params, x, s_init, y = NETWORKS["six steps"]
    short = as_json(params, x[:2], s_init, y[:2])  # loop over D would read a third step
    assert (
        calls("bug-board", "[m.gradient(...a), m.halves(...a), m.descend(...a)]", [short, "loop over D"]) == [None] * 3
    )


def two_units(W):
    return init_params(np.random.default_rng(0), 1, 2, 2)._replace(
        U=np.array([[1.0], [-0.6]]), W=np.array(W), b=np.zeros(2)
    )


@pytest.mark.parametrize("W", MATRICES.values(), ids=MATRICES)
def test_the_plane_has_the_norm_and_the_eigenvalues_of_numpy(W, calls):
    norm, found = calls("vanishing", "[m.norm(a), m.spectrum(a)]", W)
    bounds = diagnostics.hop_bounds(np.array(W))
    assert norm == pytest.approx(bounds.norm, rel=1e-12, abs=1e-14)
    gap = 1j * found["gap"] if found["complex"] else found["gap"]
    # An eigenvalue that comes twice moves by the root of what W is rounded by.
    np.testing.assert_allclose(
        np.poly([found["middle"] + gap, found["middle"] - gap]), np.poly(np.array(W)), atol=1e-12
    )
    assert found["radius"] == pytest.approx(bounds.spectral_radius, abs=1e-7)
    frobenius = np.sum(np.square(W)) - abs(found["middle"] + gap) ** 2 - abs(found["middle"] - gap) ** 2
    assert found["coupling"] ** 2 == pytest.approx(frobenius, abs=1e-12)


@pytest.mark.parametrize("W", MATRICES.values(), ids=MATRICES)
@pytest.mark.parametrize("complex_pair", [False, True])
def test_a_dragged_eigenvalue_is_one_of_the_new_matrix_and_the_coupling_stays(complex_pair, W, calls):
    wanted = {"middle": -0.3, "gap": 0.8, "complex": complex_pair, "coupling": 1.2}
    matrix, found = calls(
        "vanishing",
        "(W => [W, m.spectrum(W)])(m.withSpectrum(...a))",
        [W, wanted],
    )
    assert found == pytest.approx(wanted | {"radius": found["radius"]}, abs=1e-12)
    gap = 0.8j if complex_pair else 0.8
    np.testing.assert_allclose(
        np.sort_complex(np.linalg.eigvals(matrix)), np.sort_complex([-0.3 - gap, -0.3 + gap]), atol=1e-12
    )


@pytest.mark.parametrize("W", MATRICES.values(), ids=MATRICES)
def test_a_matrix_with_its_own_eigenvalues_and_coupling_stays_as_it_is(W, calls):
    found = calls("vanishing", "m.withSpectrum(a, m.spectrum(a))", W)
    np.testing.assert_allclose(found, W, atol=1e-12)


@pytest.mark.parametrize("W", MATRICES.values(), ids=MATRICES)
def test_the_powers_of_the_plane_have_the_norms_of_numpy(W, calls):
    expected = [np.linalg.norm(np.linalg.matrix_power(np.array(W), n), 2) for n in range(21)]
    np.testing.assert_allclose(calls("vanishing", "m.powerNorms(a)", W), expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("W", MATRICES.values(), ids=MATRICES)
@pytest.mark.parametrize("strength", [0, 0.5, 2])
def test_the_heat_map_has_the_jacobians_of_rnnlib(strength, W, calls):
    states, norms = calls("vanishing", "(s => [s, m.jacobianNorms(a[0], s)])(m.run(...a))", [W, strength])
    x = strength * np.array(calls("vanishing", "m.X"))[:, None, None]
    params, s_init = two_units(W), np.array([states[0]])
    s = rnn.forward(params, x, s_init).states
    np.testing.assert_allclose(states, s[:, 0], rtol=1e-12, atol=1e-14)
    for t, row in enumerate(norms):
        np.testing.assert_allclose(row, diagnostics.jacobian_norms(params, s[: t + 1])[:, 0], rtol=1e-12, atol=1e-12)
