"""Pictures of the chapter "A character model" (book/characters.md)."""

import html

import numpy as np

from book.figures.curves import draw_histories
from book.figures.style import BLUE, ORANGE, Picture, new_figure, picture, styled
from rnnlib import rnn
from rnnlib.sampling import sample, tempered

BOX = "text-align:left;white-space:pre-wrap;min-height:9em;padding:0.6em;font-family:monospace;line-height:1.5"


@styled
def loss_curves(E, held_out, baselines):
    """Error per character over the updates, as a Picture.

    `E` (n,) is that of each batch, smoothed here; `held_out` maps a number of updates to the error on the held-out
    text, `baselines` a name to an error. Source: the chapter "A character model"
    (book/characters.md), section "Training".
    """
    figure, axes = new_figure(6.4, 3.4)
    (end,) = draw_histories(axes, {"text it learns from": E}, [BLUE], over=20, baselines=baselines).values()
    axes.plot(list(held_out), list(held_out.values()), "o-", color=ORANGE, label="held-out text")
    axes.set(ylabel="$E$ per character")
    axes.legend(loc="lower left", fontsize=10)
    best = min(held_out, key=held_out.get)
    return picture(
        figure,
        f"Two curves of the error per character over the updates. On the text it learns from it falls from {E[0]:.2f}"
        f" to {end:.2f}. On held-out text it is least, {held_out[best]:.2f}, after {best} updates.",
    )


def sample_frames(vocab, stages, prompt, source, length=260, temperature=0.7):
    """What the model writes at each stage of training: a list of frames of text, for book.figures.widgets.stepper.

    `stages` maps the updates done to the parameters; every frame uses the same random numbers. The title tells the
    longest piece that occurs in `source`, the text learnt.
    """
    frames = []
    for updates, params in stages.items():
        text = _write(vocab, params, prompt, length, temperature)
        title = f"after {updates} updates; longest piece from the book: {_longest_piece(text, source)!r}"
        frame = _frame(title, f"<b>{html.escape(prompt)}</b>{html.escape(text)}", text)
        frames.append(frame.named(str(updates)))
    return frames


def temperature_frames(vocab, params, prompt, temperatures, length=160):
    """The distribution of the character after a prompt, and a continuation, at each temperature: a list of frames.

    Source: the chapter "A character model" (book/characters.md), eq. temperature.
    """
    fwd = rnn.forward(params, vocab.encode(prompt)[:, None], np.zeros((1, len(params.b))))
    likely = np.argsort(-fwd.yhat[-1, 0])[:12]
    frames = []
    for temperature in temperatures:
        bars = _bars(vocab, tempered(fwd.yhat[-1, 0], temperature), likely, temperature)
        text = _write(vocab, params, prompt, length, temperature)
        below = _frame("", f"<b>{html.escape(prompt)}</b>{html.escape(text)}", text)
        frames.append(Picture(bars.html + below.html, bars.alt, f"{temperature:.2f}"))
    return frames


@styled
def _bars(vocab, p, likely, temperature):
    figure, axes = new_figure(6.4, 2.4)
    names = [{" ": "space", "\n": "line end"}.get(vocab.characters[i], vocab.characters[i]) for i in likely]
    axes.bar(range(len(likely)), p[likely], color=BLUE)
    axes.set_xticks(range(len(likely)), names, fontsize=9)
    axes.set(ylim=(0, 1.02), ylabel="probability")
    axes.set_title(f"temperature {temperature:.2f}", fontsize=11)
    return picture(
        figure,
        f"Bars: the probabilities of the twelve likeliest next characters at temperature {temperature:.2f}."
        f" The first, {names[0]!r}, has {p[likely[0]]:.2f}; the other eleven share {p[likely[1:]].sum():.2f}.",
    )


def unit_frames(text, states, matches):
    """A text coloured by the state of one unit, a frame for each mark: blue is +1, orange is -1.

    `states` (n, H) after each of the n characters; `matches` is the result of book.experiments.units.match.
    """
    frames = []
    for name, match in matches.items():
        state = states[:, match.unit]
        title = f"unit {match.unit}: {name} (correlation here {match.fresh:.2f})"
        frames.append(_frame(title, _coloured(text, state), _in_words(text, state), drawn=True).named(name))
    return frames


def _in_words(text, state):
    high, low = ("".join(text[i] for i in np.argsort(sign * state)[:12]) for sign in (-1, 1))
    return f"A text, coloured by one unit. It is highest at the characters {high!r} and lowest at {low!r}: {text}"


def _coloured(text, state):
    spans = []
    for character, value in zip(text, state, strict=True):
        opacity = round(255 * 0.6 * abs(value))
        shown = "\u21b5\n" if character == "\n" else html.escape(character)
        spans.append(f'<span style="background:{BLUE if value > 0 else ORANGE}{opacity:02x}">{shown}</span>')
    return "".join(spans)


def _frame(title, body, words, drawn=False):
    """A Picture of HTML: `words` say what it shows, to a screen reader too if the colours of `body` are to be seen."""
    heading = f'<p style="margin:0">{html.escape(title)}</p>' if title else ""
    role = f' role="img" aria-label="{html.escape(words)}"' if drawn else ""
    return Picture(f'{heading}<div style="{BOX}"{role}>{body}</div>', f"{title}: {words}")


def _longest_piece(text, source):
    """The longest substring of `text` that `source` holds too."""
    longest = ""
    for first in range(len(text)):
        while first + len(longest) < len(text) and text[first : first + len(longest) + 1] in source:
            longest = text[first : first + len(longest) + 1]
    return longest


def _write(vocab, params, prompt, length, temperature):
    rng = np.random.default_rng(11)
    s_init = np.zeros((1, len(params.b)))
    return vocab.decode(sample(rng, rnn.forward, params, s_init, vocab.encode(prompt), length, temperature=temperature))
