"""The report on a class: one page with its figures inside, so that it can be moved or mailed as a single file."""

import base64
import io
from collections import Counter
from pathlib import Path

import matplotlib
from matplotlib.figure import Figure

from grading.answers import known_answers
from grading.pages import render


def write(folder, results):
    """Write <folder>/index.html about `results`, a dict of lists of gradebook.Result by exercise; return the path."""
    path = Path(folder) / "index.html"
    path.parent.mkdir(parents=True, exist_ok=True)
    classes = [_summary(slug, of_slug) for slug, of_slug in results.items()]
    path.write_text(render("report.html.jinja", classes=classes), encoding="utf-8")
    return path


def _summary(slug, results):
    """What the page says about one exercise."""
    if not results:
        return {"slug": slug, "size": 0}
    mistakes, seconds = _mistakes(slug, results), sorted(result.seconds for result in results)
    return {
        "slug": slug,
        "size": len(results),
        "points": _svg(_points_figure(results)),
        "human": [(result.student, reason) for result in results for reason in result.human],
        "mistakes": mistakes,
        "mistakes_figure": _svg(_mistakes_figure(mistakes)) if mistakes else "",
        "checks": Counter(name for result in results for name in result.failed).most_common(),
        "follows": Counter(name for result in results for name in result.follows).most_common(),
        "costs": [(result.student, note) for result in results if _lost(result) for note in result.costs],
        "notes": [(result.student, note) for result in results for note in _cost_nothing(result)],
        "median": seconds[len(seconds) // 2],
        "slowest": seconds[-1],
        "seconds": _svg(_seconds_figure(seconds)),
    }


def _lost(result):
    return result.points < result.max_points


def _cost_nothing(result):
    """What was unusual in a submission and cost nothing: of one with all points, that is everything."""
    return result.notes if _lost(result) else (*result.notes, *result.costs)


def _mistakes(slug, results):
    """(mistake, number of submissions that made it), the most frequent first."""
    titles = {answer.name: answer.mistake for answer in known_answers(slug)}
    counts = Counter(titles.get(name, name) for result in results for name in set(result.mistakes.values()))
    return counts.most_common()


def _points_figure(results):
    figure, axes = _figure(3)
    most = max(result.max_points for result in results)
    bins = [i - 0.5 for i in range(round(most) + 2)]
    axes.hist([result.points for result in results], bins=bins, color="#2f6fa7", rwidth=0.9)
    axes.set(xlabel=f"points (of {most:g})", ylabel="submissions")
    return figure


def _mistakes_figure(mistakes):
    figure, axes = _figure(0.8 + 0.35 * len(mistakes))
    axes.barh([title for title, _ in mistakes], [count for _, count in mistakes], color="#b3541e")
    axes.invert_yaxis()
    axes.set(xlabel="submissions")
    return figure


def _seconds_figure(seconds):
    figure, axes = _figure(2.5)
    axes.hist(seconds, bins=30, color="#666")
    axes.set(xlabel="seconds to mark", ylabel="submissions")
    return figure


def _figure(height):
    figure = Figure(figsize=(9, height), layout="constrained")
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    axes.yaxis.get_major_locator().set_params(integer=True)
    return figure, axes


def _svg(figure):
    """The figure as an SVG in base64; equal figures give equal bytes."""
    file = io.BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": "report"}):
        figure.savefig(file, format="svg", metadata={"Date": None})
    return base64.b64encode(file.getvalue()).decode("ascii")
