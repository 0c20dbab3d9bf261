"""Sphinx extension: KaTeX sets every formula while the site is built, so pages with formulas read without JavaScript.

sphinxcontrib-katex asks KaTeX, in the Node.js that Playwright brings with it. A page without formulas loads nothing
for them.
"""

import re
import socket
import time
from pathlib import Path
from subprocess import PIPE, Popen

import playwright
from docutils import nodes
from sphinxcontrib import katex

STYLE = "vendor/katex/katex.min.css"  # where book/_ext/vendor.py puts it
FONT = "_static/vendor/katex/fonts/KaTeX_{}.woff2"
PUNCTUATION = re.compile(
    r"[.,;:!?)\u2019\u201d\u3001\u3002\u300b\uff01\uff09\uff0c\uff1a\uff1b\uff1f]+"
)  # the last nine: Chinese
PRELOAD = '<link rel="preload" as="font" type="font/woff2" crossorigin href="{}">\n'


def setup(app):
    katex.NODEJS_BINARY = str(Path(playwright.__file__).with_name("driver") / "node")
    katex.STARTUP_TIMEOUT = katex.RENDER_TIMEOUT = 60.0  # seconds: the machine may do other things too
    katex.KaTeXServer.start_server_process = start_server
    katex.KATEX_DEFAULT_OPTIONS |= {"throwOnError": True, "strict": "error"}  # it would print its complaint in red
    app.setup_extension("sphinxcontrib.katex")
    app.connect("doctree-read", tie_punctuation)
    app.connect("html-page-context", load_style)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def start_server(folder, timeout):
    """Start a server that sets formulas; return its process and a connection to it. Raises KaTeXError after `timeout`.

    The file of its Unix socket is there a moment before anybody listens, so it is tried until it answers: the package
    does not, and would leave the server behind. Over the network a formula takes 88 ms instead of 0.5: each message is
    written in two parts, of which the second waits until the first is acknowledged.
    """
    address, started = folder / "katex.sock", time.monotonic()
    process = Popen(katex.KaTeXServer.build_command(socket=address), stdin=PIPE, stdout=PIPE, cwd=folder)
    while True:
        connection = socket.socket(socket.AF_UNIX)
        if connection.connect_ex(str(address)) == 0:
            return process, connection
        connection.close()
        if time.monotonic() - started > timeout:
            process.kill()
            raise katex.KaTeXServer.timeout_error(timeout)
        time.sleep(0.001)


def tie_punctuation(app, doctree):
    """Keep the comma after a formula on its line: a browser may break lines between a formula and any letter."""
    for formula in list(doctree.findall(nodes.math)):
        after = formula.next_node(descend=False, siblings=True)
        if isinstance(after, nodes.Text) and (marks := PUNCTUATION.match(after)):
            tied = nodes.inline("", "", formula.deepcopy(), nodes.Text(marks[0]), classes=["tied"])
            line, place = formula.parent, formula.parent.index(formula)
            line[place : place + 2] = [tied, nodes.Text(after[marks.end() :])]  # by place: equal texts are equal nodes


def load_style(app, page, template, context, doctree):
    """Load the style of the formulas, and the letters of most of them, where there are formulas."""
    has_formulas = 'class="katex"' in context.get("body", "")
    unwanted = {katex.filename_css}  # course.css says where formulas and their numbers go
    if not has_formulas:
        unwanted.add(app.config.katex_css_path)
    styles = context["css_files"]
    styles[:] = [style for style in styles if str(style.filename).removeprefix("_static/") not in unwanted]
    if has_formulas and app.config.katex_css_path == STYLE:
        for name in ("Math-Italic", "Main-Regular"):
            context["metatags"] += PRELOAD.format(context["pathto"](FONT.format(name), resource=True))
