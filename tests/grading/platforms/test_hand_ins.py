"""Whose the files of an archive are is told of each by itself, however many there are."""

from types import SimpleNamespace

import pytest

from grading.platforms import hand_ins
from grading.platforms.archive import Entry

SLUG = "two-step"


class Listing(list):
    """The entries of an archive, and how often somebody has begun to go through all of them."""

    begun = 0

    def __iter__(self):
        self.begun += 1
        return super().__iter__()


def on_a_drive(paths):
    """Whose each file of a plain folder is, {path: name}, the lines about the others, and how often all were read."""
    entries = Listing(Entry(path, 1, "", None) for path in paths)
    groups = {path: {} for path in paths}
    found, lines = hand_ins.files(SimpleNamespace(entries=entries), "drive", groups, SLUG, None)
    return {file.entry.path: file.person.user for file in found}, lines, entries.begun


def test_the_listing_of_a_large_archive_is_gone_through_as_often_as_that_of_a_small_one():
    few, many = ([f"Class/HW/student-{i}/work.ipynb" for i in range(count)] for count in (2, 3000))
    whose, _, begun = on_a_drive(many)
    assert whose["Class/HW/student-7/work.ipynb"] == "student-7"
    assert begun == on_a_drive(few)[2]


@pytest.mark.parametrize(
    ("others", "user"),
    [([], None), (["a/b/d/y"], "c"), (["a/d/y"], "b"), (["d/y"], "a"), (["y"], "a"), (["a/b/y"], "c"), (["a/y"], "b")],
)
def test_the_folders_in_which_all_files_lie_are_nobodys(others, user):
    whose, lines, _ = on_a_drive(["a/b/c/x", *others])
    assert whose.get("a/b/c/x") == user
    assert any(line.startswith("a/b/c/x: ") for line in lines) == (user is None)


def test_a_folder_without_files_is_by_nobody():
    assert on_a_drive([])[:2] == ({}, [])
