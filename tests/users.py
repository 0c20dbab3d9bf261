"""The users of this machine as whom tests act: `make system` adds them, without a home, a password and a shell."""

import os
import pwd
import stat
import subprocess
from pathlib import Path

from conftest import give_up, needs

STUDENTS = ("bptt-student-1", "bptt-student-2")
TEACHER = "bptt-teacher"
ROOT = [] if os.geteuid() == 0 else ["sudo", "-n"]


def ensure_there(*users):
    """Give the test up unless it can act as each of these users."""
    needs("bwrap")
    for name in users:
        try:
            pwd.getpwnam(name)
        except KeyError:
            give_up(f"needs the user {name}: run `make system`")
    if ROOT and subprocess.run([*ROOT, "true"], capture_output=True).returncode:
        give_up("needs root, or sudo without a password, to act as other users")


def reaching(*places):
    """A command before which the places can be read by everybody, also if they lie in somebody's home."""
    command, hidden = ["bwrap", "--dev-bind", "/", "/"], set()
    for place in dict.fromkeys(map(str, places)):
        above = [path for path in reversed(Path(place).resolve().parents) if path != Path("/")]
        closed = [path for path in above if not path.stat().st_mode & stat.S_IXOTH]
        if closed:
            if closed[0] not in hidden:  # a second one would hide what is bound below the first
                command += ["--perms", "0755", "--tmpfs", str(closed[0])]
                hidden.add(closed[0])
            for path in above[above.index(closed[0]) + 1 :]:
                command += ["--perms", "0755", "--dir", str(path)]
            command += ["--ro-bind", place, place]
    return command


def acting_as(user, home, *path):
    """A command before which another runs as the user, in that home, with these folders before the system's own."""
    search = ":".join([*map(str, path), "/usr/bin", "/bin"])
    become = ["setpriv", "--reuid", user, "--regid", user, "--clear-groups"]
    return [*become, "env", "-i", "-C", str(home), f"HOME={home}", f"PATH={search}"]


def own_home(user, home):
    """Make a folder the home of a user, who alone can enter it."""
    home.chmod(0o700)
    subprocess.run([*ROOT, "chown", "-R", f"{user}:{user}", home], check=True)


def bytes_of(path):
    """The bytes of a file, whoever may read it."""
    return subprocess.run([*ROOT, "cat", path], check=True, capture_output=True).stdout
