"""The memory of a student's process has a wall around all that belongs to it, wherever the kernel lets us build one."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import needs

from grading import cgroup, sandbox
from grading.remote import CrashedError, StudentError
from grading.student_process import StudentProcess

pytestmark = pytest.mark.pool

HOARD = "hoard = []\nwhile True:\n    hoard.append(bytearray(2 ** 24))"


@pytest.fixture(autouse=True)
def looked_up_anew():
    cgroup.place.cache_clear()
    yield
    cgroup.place.cache_clear()


@pytest.fixture
def group():
    found = cgroup.make()
    if found is None:
        pytest.skip("this machine lets us make no memory groups")
    yield found
    found.remove()


@pytest.fixture
def little(monkeypatch):
    """Room for 96 MB in a group, and more than that in a process."""
    needs("bwrap")
    monkeypatch.setattr(cgroup, "MEMORY", 96 * 2**20)


def groups_of_ours(group):
    """The folders of all groups that this very process has made: other tests make some at the same time."""
    return set(group.folder.parent.glob(f"{cgroup.PREFIX}{os.getpid()}-*"))


@pytest.mark.usefixtures("little")
def test_whichever_wall_stands_a_hoarder_ends_at_it_and_is_told(monkeypatch):
    if cgroup.place():
        said, kind = "it held more than", CrashedError
    else:
        monkeypatch.setitem(sandbox.LIMITS, "RLIMIT_AS", 2**30)
        said, kind = "MemoryError", StudentError
    process = StudentProcess()
    with pytest.raises(kind) as caught:
        process.run(HOARD)
    process.close()
    assert said in f"{caught.value.message} {caught.value.args}"


@pytest.mark.usefixtures("little")
def test_files_in_memory_count_as_well(group):
    process = StudentProcess()
    process.run("open('/tmp/big', 'wb').write(bytes(2 ** 23))\nhoard = bytearray(2 ** 23)")
    with pytest.raises(CrashedError, match="it held more than"):
        process.run("open('/tmp/a', 'wb').write(bytes(2 ** 23)); hoard = [bytearray(2 ** 24) for _ in range(6)]")
    process.close()


def test_no_group_is_left_behind_by_a_process_that_has_ended(group):
    needs("bwrap")
    before = groups_of_ours(group)
    process = StudentProcess()
    (made,) = groups_of_ours(group) - before
    assert len((made / "cgroup.procs").read_text().split()) >= 2  # bubblewrap and what it has started
    process.close()
    assert groups_of_ours(group) == before


def test_a_sandbox_that_does_not_start_leaves_no_group(group, monkeypatch):
    before = groups_of_ours(group)
    monkeypatch.setattr(sandbox, "_confined", lambda command, fds: ["/nowhere"])
    with pytest.raises(sandbox.SandboxError):
        StudentProcess()
    assert groups_of_ours(group) == before


def test_what_a_killed_grader_has_left_is_removed_and_what_a_living_one_uses_is_not(group):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    left = group.folder.with_name(f"{cgroup.PREFIX}{ended.pid}-00000000")
    left.mkdir()
    cgroup.place.cache_clear()
    assert cgroup.place()
    assert not left.exists()
    assert group.folder.exists()


TREES = {
    "0::/user.slice/grader\n": "30 20 0:26 / {root}/fs rw - cgroup2 cgroup2 rw,nsdelegate\n",
    "5:cpu,cpuacct:/a\n4:memory:/user.slice/grader\n": "30 20 0:26 / {root}/cpu rw - cgroup cgroup rw,cpu,cpuacct\n"
    "31 20 0:27 /user.slice {root}/fs/user.slice rw - cgroup cgroup rw,memory\n",
}


@pytest.mark.parametrize(("own", "mounts", "version"), [(*tree, 2 - i) for i, tree in enumerate(TREES.items())])
def test_a_group_is_made_below_our_own_in_the_tree_that_counts_memory(tmp_path, monkeypatch, own, mounts, version):
    files = {"/proc/self/cgroup": own, "/proc/self/mountinfo": mounts.format(root=tmp_path)}
    monkeypatch.setattr(cgroup, "_lines", lambda path: files[path].splitlines())
    ours = tmp_path / "fs" / "user.slice" / "grader"
    ours.mkdir(parents=True)
    found = list(cgroup._places())
    assert found == [cgroup.Place(version, Path(ours))]
    made = cgroup._make(found[0])
    assert made.folder.parent == ours
    assert {path.name: path.read_text() for path in made.folder.iterdir()} == {
        cgroup.LIMITS[version][0]: str(cgroup.MEMORY)
    }


@pytest.mark.usefixtures("group")
def test_a_run_says_that_the_wall_is_a_group():
    assert re.fullmatch(r"2 GB for all that belongs to it, in a group of cgroup [12]", cgroup.wall())


def test_where_no_group_can_be_made_a_process_starts_without_one_and_the_run_says_so(monkeypatch):
    needs("bwrap")
    monkeypatch.setattr(cgroup, "_places", list)
    assert cgroup.wall() == "2 GB for its process alone, as no cgroup can be made here"
    process = StudentProcess()
    assert process.group is None
    process.run("1")
    process.close()
