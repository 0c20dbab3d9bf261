"""Sphinx extension: works of the same authors and year have letters after the year, and the list has the text's labels.

The text cites "Karpathy [2015a]"; without the letter it could mean two works, and no label of the list would be found.
"""

from itertools import groupby

from pybtex.plugin import register_plugin
from pybtex.richtext import Text
from pybtex.style.formatting.plain import Style
from pybtex.style.labels import BaseLabelStyle


def setup(app):
    register_plugin("pybtex.style.formatting", "as_cited", AsCited)
    app.connect("builder-inited", tell_apart, priority=900)  # when the entries have been read
    return {"parallel_read_safe": True, "parallel_write_safe": True}


class Labels(BaseLabelStyle):
    def format_labels(self, entries):
        return [f"{authors(entry)}, {entry.fields['year']}" for entry in entries]


class AsCited(Style):
    """The plain style, sorted by authors, with the labels of the text: "Hochreiter and Schmidhuber, 1997"."""

    default_label_style = Labels


def authors(entry):
    """The authors as the text names them."""
    people = entry.persons["author"]
    names = [str(Text.from_latex(" ".join([*person.prelast_names, *person.last_names]))) for person in people]
    return " and ".join(names) if len(names) < 3 else f"{names[0]} et al."


def tell_apart(app):
    """Put letters after the years of works that the text would cite alike, in the order of their titles."""
    entries = app.env.get_domain("cite").bibdata.data.entries.values()
    of_work = {entry.key: (authors(entry), entry.fields["year"].rstrip("abc")) for entry in entries}
    in_order = sorted(entries, key=lambda entry: (of_work[entry.key], entry.fields["title"]))
    for (_, year), same in groupby(in_order, key=lambda entry: of_work[entry.key]):
        same = list(same)
        for letter, entry in zip("abc" if len(same) > 1 else "", same, strict=False):
            entry.fields["year"] = year + letter
