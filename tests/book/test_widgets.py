"""Interactive figures: a table shows the picture that was chosen, and is whole; a notebook shows them as widgets."""

import json
import re
import sys

import anywidget
import pytest

from book.figures import interactive, style, widgets


def pictures(n, name="{}"):
    return [style.Picture(f"<div>{i}</div>", f"frame {i}", name.format(i)) for i in range(n)]


def state(figure):
    return json.loads(re.search(r'<script type="application/json">(.*?)</script>', figure.html(), re.DOTALL)[1])


def test_the_grid_shows_the_picture_of_its_row_and_column_first():
    table = widgets.grid({"a": pictures(3), "b": pictures(3)}, (1, 2, 4), "row", "column", 2)
    axes = [{"label": "row", "names": ["a", "b"]}, {"label": "column", "names": ["1", "2", "4"]}]
    assert state(table)["axes"] == axes
    assert (state(table)["at_0"], state(table)["at_1"]) == (0, 2)
    assert [frame["alt"] for frame in state(table)["frames"]] == 2 * ["frame 0", "frame 1", "frame 2"]
    assert table.html().endswith("<div>2</div></div>")  # the still


def test_a_row_of_the_grid_with_a_missing_picture_is_refused():
    with pytest.raises(ValueError, match="row 'b' holds 2 pictures, expected 3"):
        widgets.grid({"a": pictures(3), "b": pictures(2)}, (1, 2, 4), "row", "column")


def test_a_picture_without_a_name_is_refused_for_a_slider_would_show_its_index():
    with pytest.raises(ValueError, match="picture 0 has no name"):
        widgets.stepper(pictures(2, name=""), "step")


def test_no_text_of_a_figure_ends_its_script():
    figure = widgets.stepper([style.Picture("<script>1</script>", "x", "a")], "step")
    assert state(figure)["frames"][0]["html"] == "<script>1</script>"


def test_in_a_notebook_a_figure_is_a_widget_whose_settings_are_traits():
    figure = interactive.two_step(u=0.7)
    assert isinstance(figure, anywidget.AnyWidget)
    assert (figure.u, figure.w, figure.func) == (0.7, -0.8, "tanh")
    assert figure._esm.startswith('import figure from "data:text/javascript')
    assert "./sliders.js" not in figure._esm  # a notebook has no folder to import from


def test_a_setting_that_the_figure_does_not_have_is_refused():
    with pytest.raises(TypeError, match=r"no setting \['x'\]"):
        interactive.two_step(x=1.0)


# Does what anywidget does in a notebook: imports the module from a blob, and gives it a model with the traits.
RENDER = """async ([source, traits]) => {
  const address = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  const { default: figure } = await import(address);
  const listeners = {};
  const model = {
    get: (name) => traits[name],
    set: (name, value) => { traits[name] = value; (listeners[`change:${name}`] ?? []).forEach((each) => each()); },
    on: (event, listener) => (listeners[event] ??= []).push(listener),
    save_changes: () => { window.saved = traits.u; },
  };
  await figure.render({ model, el: document.body });
}"""


@pytest.mark.browser
def test_the_widget_of_a_notebook_is_alive_and_what_is_set_reaches_python(chromium):
    figure = interactive.two_step(u=0.7)
    with chromium.new_context() as context:
        page = context.new_page()
        page.evaluate(RENDER, [figure._esm, {name: getattr(figure, name) for name in interactive.TWO_STEP}])
        page.get_by_label("u", exact=True).press("ArrowRight")
        assert page.evaluate("saved") == 0.8
        assert page.locator(".interactive-figure .graph").count() == 1


@pytest.mark.browser
def test_without_anywidget_a_figure_brings_what_makes_it_alive(chromium, monkeypatch):
    monkeypatch.setitem(sys.modules, "anywidget", None)
    with chromium.new_context() as context:
        page = context.new_page()
        page.set_content(interactive.two_step(u=0.7)._repr_html_())
        slider = page.get_by_label("u", exact=True)
        assert slider.input_value() == "0.7"
        page.get_by_label("forget the second chain").check()
        page.get_by_text("central difference: ").first.wait_for()
