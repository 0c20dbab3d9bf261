"""Sphinx extension: who searches for a term of the directive `index` is led to its section, and shown a piece of it.

Sphinx itself leads to an empty element at the directive, of which the search can show no text, and loses the terms of
all pages that a build does not write again.
"""

from docutils import nodes
from sphinx import addnodes
from sphinx.transforms import SphinxTransform
from sphinx.util.index_entries import split_index_msg


def setup(app):
    app.add_transform(LeadToSections)
    app.connect("html-collect-pages", keep_terms)  # the last event before the index of the search is written
    return {"parallel_read_safe": True, "parallel_write_safe": True}


class LeadToSections(SphinxTransform):
    default_priority = 840  # before 850, when Sphinx collects the entries

    def apply(self):
        for index in self.document.findall(addnodes.index):
            section = index.parent
            if isinstance(section, nodes.section):
                index["entries"] = [(kind, term, section["ids"][0], *rest) for kind, term, _, *rest in index["entries"]]


def keep_terms(app):
    """Put the terms of pages that are not written again back into the index of the search."""
    indexer = app.builder.indexer
    for page, entries in app.env.get_domain("index").entries.items():
        if page in indexer._titles and page not in indexer._index_entries:
            indexer._index_entries[page] = [
                (term, target, main) for kind, said, target, main, _ in entries for term in split_index_msg(kind, said)
            ]
    return []
