"""Sphinx extension: a function that a page shows has no docstring there; the text around it says what it is.

A docstring is for whoever calls the function, and its lines are longer than a page is wide.
"""

import ast

from docutils import nodes
from sphinx.directives.code import LiteralInclude

WITH_DOCSTRING = (ast.ClassDef, ast.FunctionDef)


def setup(app):
    app.add_directive("literalinclude", Listing, override=True)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


class Listing(LiteralInclude):
    def run(self):
        found = super().run()
        for listing in (each for node in found for each in node.findall(nodes.literal_block)):
            if listing.get("language") == "python":
                code = without_docstrings(listing.astext())
                listing.rawsource, listing[:] = code, [nodes.Text(code)]  # Sphinx colours it only where both agree
        return found


def without_docstrings(code):
    lines = code.splitlines(keepends=True)
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, WITH_DOCSTRING) and ast.get_docstring(node) is not None and len(node.body) > 1:
            docstring = node.body[0]
            after = docstring.end_lineno
            if after < len(lines) and not lines[after].strip():
                after += 1  # the blank line between a docstring and what follows
            lines[docstring.lineno - 1 : after] = [""] * (after - docstring.lineno + 1)
    return "".join(lines).lstrip("\n")
