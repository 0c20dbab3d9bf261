"""How the site is built sets formulas: what KaTeX refuses, and where the words beside a formula go."""

import signal
import sys
from pathlib import Path

import pytest
from docutils import nodes
from sphinxcontrib.katex import KaTeXError, KaTeXServer

ROOT = Path(__file__).resolve().parents[2]


# A server whose file is there for half a second before anybody listens.
LATE = """
import socket, sys, time
with socket.socket(socket.AF_UNIX) as server:
    server.bind(sys.argv[1])
    time.sleep(0.5)
    server.listen()
    connection, _ = server.accept()
    connection.sendall(b"here")
    connection.recv(1)
"""


@pytest.fixture
def maths(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "book" / "_ext")
    return __import__("maths")


def paragraph(*parts):
    """A paragraph of texts, and of formulas: those in dollars."""
    made = [nodes.math("", part.strip("$")) if part.startswith("$") else nodes.Text(part) for part in parts]
    return nodes.paragraph("", "", *made)


def serve_with(code, monkeypatch):
    """Let a server run this code in the place of KaTeX's."""
    monkeypatch.setattr(KaTeXServer, "build_command", lambda socket: [sys.executable, "-c", code, str(socket)])


def test_a_server_that_listens_late_is_waited_for(maths, monkeypatch, tmp_path):
    serve_with(LATE, monkeypatch)
    process, connection = maths.start_server(tmp_path, timeout=60)
    assert connection.recv(4) == b"here"
    connection.close()
    assert process.wait(timeout=60) == 0


def test_a_server_that_does_not_listen_is_ended_when_the_time_is_up(maths, monkeypatch, tmp_path):
    serve_with("import time; time.sleep(600)", monkeypatch)
    started, real = [], maths.Popen

    def start(*command, **options):
        started.append(real(*command, **options))
        return started[0]

    monkeypatch.setattr(maths, "Popen", start)
    with pytest.raises(KaTeXError):
        maths.start_server(tmp_path, timeout=0.2)
    assert started[0].wait(timeout=60) == -signal.SIGKILL


@pytest.mark.parametrize(
    ("parts", "tied"),
    [
        (["Let ", "$a$", ", ", "$b$", " and ", "$c$", "."], ["a,", "c."]),
        (["The end", ".", " So ", "$a$", "."], ["a."]),  # two texts that are equal
        (["$a$", " fits (as ", "$b$", "). Then ", "$c$"], ["b)."]),
        (["$a$", "$b$"], []),
    ],
)
def test_a_comma_is_tied_to_the_formula_before_it_and_all_words_stay_in_their_order(maths, parts, tied):
    line = paragraph(*parts)
    before = line.astext()
    maths.tie_punctuation(None, line)
    assert line.astext() == before
    assert [each.astext() for each in line.findall(nodes.inline)] == tied
    assert len(list(line.findall(nodes.math))) == sum(part.startswith("$") for part in parts)
