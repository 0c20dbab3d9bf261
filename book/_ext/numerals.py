"""Sphinx extension: a number that the text takes from a cell is set as those of the formulas: −0.5, and 2·10⁻⁷.

Python writes -0.5 and 2e-07, with a hyphen for a minus sign and no power of ten.
"""

import re

from docutils import nodes
from sphinx.transforms import SphinxTransform

RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def setup(app):
    app.add_transform(SetNumbers)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


class SetNumbers(SphinxTransform):
    default_priority = 840  # the texts are there since the page was parsed

    def apply(self):
        for glued in self.document.findall(is_glued):
            glued.children = [nodes.Text(set_numbers(glued.astext()))]
            glued.setup_child(glued.children[0])


def is_glued(node):
    return isinstance(node, nodes.inline) and "pasted-text" in node["classes"]


def set_numbers(text):
    text = re.sub(r"(?<=\d)e([+-]\d+)\b", lambda match: "·10" + str(int(match[1])).translate(RAISED), text)
    return re.sub(r"(?<![\w.])-(?=\d)", "\N{MINUS SIGN}", text)
