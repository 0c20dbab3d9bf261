"""The report on a class: one page with its figures inside, so that it can be moved or mailed as a single file."""

import base64
import io
from collections import Counter
from html import escape
from pathlib import Path

import matplotlib
from matplotlib.figure import Figure

from grading.answers import known_answers

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222; }
table { border-collapse: collapse; } td, th { padding: .2rem .8rem; text-align: left; border-bottom: 1px solid #ccc; }
td.number, th.number { text-align: right; } img { max-width: 100%; }
"""


def write(folder, results):
    """Write <folder>/index.html about `results`, a dict of lists of record.Result by exercise; return the path."""
    path = Path(folder) / "index.html"
    path.parent.mkdir(parents=True, exist_ok=True)
    sections = "\n".join(_section(slug, of_slug) for slug, of_slug in results.items())
    page = f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Report on the class</title><style>{STYLE}</style></head>
<body><h1>Report on the class</h1>
{sections}
</body></html>
"""
    path.write_text(page, encoding="utf-8")
    return path


def _section(slug, results):
    human = [(result.student, reason) for result in results for reason in result.human]
    notes = [(result.student, note) for result in results for note in result.notes]
    mistakes = _mistakes(slug, results)
    seconds = sorted(result.seconds for result in results)
    parts = [f"<h2>{escape(slug)}</h2>", f"<p>{len(results)} submissions.</p>"]
    if results:
        parts += [_image(_points_figure(results), f"Distribution of points in {slug}")]
        parts += ["<h3>Needs a human</h3>", _table(["student", "why"], human)]
        parts += ["<h3>Mistakes</h3>", _table(["mistake", "submissions"], mistakes)]
        parts += [_image(_mistakes_figure(mistakes), f"Mistakes in {slug}")] if mistakes else []
        parts += ["<h3>Checks</h3>", _table(["check", "failed by"], _checks(results))]
        parts += ["<h3>Unusual, without effect on the marks</h3>", _table(["student", "what"], notes)]
        middle, last = seconds[len(seconds) // 2], seconds[-1]
        parts += ["<h3>Timings</h3>", f"<p>Median {middle:.2f} s a submission, slowest {last:.2f} s.</p>"]
        parts += [_image(_seconds_figure(seconds), f"Seconds per submission in {slug}")]
    return "\n".join(parts)


def _mistakes(slug, results):
    """(mistake, number of submissions that made it), the most frequent first."""
    titles = {answer.name: answer.mistake for answer in known_answers(slug)}
    counts = Counter(titles.get(name, name) for result in results for name in set(result.mistakes.values()))
    return counts.most_common()


def _checks(results):
    return Counter(name for result in results for name in result.failed).most_common()


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


def _image(figure, text):
    file = io.BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": "report"}):
        figure.savefig(file, format="svg", metadata={"Date": None})
    data = base64.b64encode(file.getvalue()).decode("ascii")
    return f'<img alt="{escape(text)}" src="data:image/svg+xml;base64,{data}">'


def _table(heads, rows):
    if not rows:
        return "<p>None.</p>"
    head = "".join(f"<th>{escape(text)}</th>" for text in heads)
    body = "".join("<tr>" + "".join(f"<td>{escape(str(text))}</td>" for text in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
