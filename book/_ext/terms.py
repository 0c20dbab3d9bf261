"""Sphinx extension: who searches for a term of the directive `index` is led to its section, and shown a piece of it.

Sphinx itself leads to an empty element at the directive, of which the search can show no text.
"""

from docutils import nodes
from sphinx import addnodes
from sphinx.transforms import SphinxTransform


def setup(app):
    app.add_transform(LeadToSections)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


class LeadToSections(SphinxTransform):
    default_priority = 840  # before 850, when Sphinx collects the entries

    def apply(self):
        for index in self.document.findall(addnodes.index):
            section = index.parent
            if isinstance(section, nodes.section):
                index["entries"] = [(kind, term, section["ids"][0], *rest) for kind, term, _, *rest in index["entries"]]
