"""A file of the course takes its place whole: a grader reads these files, and copies their folder, at any time."""

import shutil

import pytest
from marking import SLUG

from grading import catalogues, course, fingerprints, mistakes_page, sandbox
from grading.course import LANGUAGES

LANGUAGE = next(iter(LANGUAGES))


@pytest.mark.parametrize("path", ["a.json", "new/folder/a.json"])
def test_a_text_is_put_into_a_file_and_into_the_folder_that_it_needs(path, tmp_path):
    course.put(tmp_path / path, "y ← x\n")
    assert (tmp_path / path).read_text(encoding="utf-8") == "y ← x\n"
    assert [each.name for each in (tmp_path / path).parent.iterdir()] == ["a.json"]


def test_a_file_that_is_damaged_is_mended(tmp_path):
    (tmp_path / "a.json").write_bytes(b"\xff")
    course.put(tmp_path / "a.json", "{}")
    assert (tmp_path / "a.json").read_bytes() == b"{}"


def table(folder, monkeypatch):
    catalogues.write_tables(LANGUAGE, folder)
    return folder / LANGUAGE / "messages.json"


def catalogue(folder, monkeypatch):
    catalogues.update(folder / "a.po", LANGUAGE, {"right": "a state"}, {})
    return folder / "a.po"


def recognised(folder, monkeypatch):
    return fingerprints.build(SLUG, folder)


def page(folder, monkeypatch):
    monkeypatch.setattr(mistakes_page, "PAGE", folder / "mistakes.md")
    monkeypatch.setattr(mistakes_page, "OF_EXERCISES", folder / "mistakes")
    return mistakes_page.write([SLUG])[1]


@pytest.mark.parametrize("write", [table, catalogue, recognised, page])
def test_who_reads_a_file_while_it_is_written_finds_the_old_one_whole_and_nothing_is_written_twice(
    write, tmp_path, monkeypatch
):
    path = write(tmp_path, monkeypatch)
    new = path.read_bytes()
    path.write_bytes(b"")  # an empty catalogue is one, too
    with open(path, "rb") as reader:
        assert write(tmp_path, monkeypatch) == path
        assert reader.read() == b""
    assert path.read_bytes() == new
    before = path.stat()
    write(tmp_path, monkeypatch)
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert not list(tmp_path.rglob("*.part"))


def test_what_is_only_being_written_is_not_copied_for_another_user(tmp_path, monkeypatch):
    """It would be gone before its turn came."""
    (tmp_path / "rnnlib").mkdir()
    for name in ("a.json", "a.part"):
        (tmp_path / "rnnlib" / name).write_text("{}")
    monkeypatch.setattr(sandbox, "LIBRARY", tmp_path / "rnnlib")
    copy = sandbox._open_copy.__wrapped__()
    assert [path.name for path in (copy / "rnnlib").iterdir()] == ["a.json"]
    shutil.rmtree(copy)
