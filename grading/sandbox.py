"""The sandbox: a fresh Python with the installed packages and rnnlib, apart from everything else on this machine.

Of the machine's files it sees /usr, the installation of Python, all packages of the environment, rnnlib and the program
that runs inside, all of them read-only; it can write to one folder, an empty /tmp of limited size. bubblewrap gives it
its own file system, network, processes and users, the seccomp filter takes away new processes and other calls
that numerical code never needs, and grading/student_host.py sets the limits before a student's first line.

Where bubblewrap cannot start, another user of the machine is a lower wall: the filter and the limits hold, and what is
closed to that user stays closed; what all users may read can be read, and the disk is limited by files alone.
"""

import atexit
import compileall
import importlib.util
import marshal
import os
import shutil
import subprocess
import sys
import tempfile
from functools import lru_cache
from pathlib import Path

import numpy

from grading import seccomp
from grading.course import COURSE
from grading.remote import SandboxError

try:
    import pwd
except ModuleNotFoundError:  # on Windows, which has no such users
    pwd = None

HERE = Path(__file__).resolve().parent
LIBRARY = HERE.parent / "rnnlib"
PACKAGES = str(Path(numpy.__file__).parents[1])
FOLDER = "/tmp"  # the one that can be written to
DISK = 64 * 2**20
LIMITS = {
    "RLIMIT_AS": 2 * 2**30,
    "RLIMIT_CORE": 0,
    "RLIMIT_FSIZE": 16 * 2**20,
    "RLIMIT_NOFILE": 128,
}
if sys.platform == "linux":
    LIMITS["RLIMIT_NPROC"] = 64  # threads; where the grader is root, those are counted while they run
# What the kernel may be told about user namespaces: (where, what allows them).
SWITCHES = {
    "kernel.unprivileged_userns_clone": ("/proc/sys/kernel/unprivileged_userns_clone", 1),
    "kernel.apparmor_restrict_unprivileged_userns": ("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", 0),
    "user.max_user_namespaces": ("/proc/sys/user/max_user_namespaces", 10_000),
}
IN_CONTAINER = ("/.dockerenv", "/run/.containerenv")
CONTAINER = {  # what it must be started with: (options of docker, lines of a pod's securityContext)
    "namespaces": (
        "--security-opt seccomp=unconfined --security-opt apparmor=unconfined",
        "seccompProfile and appArmorProfile of type Unconfined",
    ),
    "proc": ("--security-opt systempaths=unconfined", "procMount: Unmasked with hostUsers: false"),
}
INSTALL = "install it with `make system`, or say --no-sandbox to run students' code with your own rights"


def ensure_available():
    """Raise SandboxError, with advice in its message, unless a sandbox can be started here."""
    if shutil.which("bwrap") is None:
        raise SandboxError(f"bubblewrap is missing: {INSTALL}")
    # With its own /proc, as the sandbox has: a container may allow namespaces, and refuse to have that mounted in them.
    command = ["bwrap", "--unshare-all", "--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev", "true"]
    trial = subprocess.run(command, capture_output=True, text=True, timeout=30)
    if trial.returncode:
        reason = trial.stderr.strip() or "no reason given"
        raise SandboxError(
            f"bubblewrap cannot start ({reason}): {_remedy(reason)}, "
            "or say --no-sandbox to run students' code as yourself"
        )


def _remedy(reason):
    """What to change on this machine, or about this container, for bubblewrap to start."""
    closed = [f"{name}={value}" for name, (path, value) in SWITCHES.items() if _is_off(Path(path), value)]
    if closed:  # first, as a container has the kernel of its machine
        return f"allow user namespaces, as root of the machine (`sysctl -w {' '.join(closed)}`)"
    if not any(os.path.exists(path) for path in IN_CONTAINER) and "KUBERNETES_SERVICE_HOST" not in os.environ:
        return "allow user namespaces"
    options = [CONTAINER["proc"]] if "mount proc" in reason else [CONTAINER["namespaces"], CONTAINER["proc"]]
    docker, kubernetes = (", ".join(words) for words in zip(*options, strict=True))
    return f"this is a container: start it with {docker}; on Kubernetes, {kubernetes}"


def _is_off(path, wanted):
    try:
        value = int(path.read_text())
    except (OSError, ValueError):  # this kernel has no such switch
        return False
    return value == 0 if wanted else value != 0


def ensure_other_user(user):
    """Raise SandboxError unless students' code can be run as another user of this machine who cannot read the course.

    That is tried, and not concluded from the modes of files: one folder on the way that is open would be enough.
    """
    if os.geteuid() != 0:
        raise SandboxError("the grader does not run as root, and can start no process as another user")
    try:
        pwd.getpwnam(user)
    except KeyError:
        raise SandboxError(f"there is no user {user!r}") from None
    python = os.path.realpath(sys.executable)
    look = "import os, sys; sys.exit(any(os.access(path, os.R_OK) for path in sys.argv[1:]) and 9)"
    secret = [str(COURSE / house) for house in ("solutions", "grading")]
    try:
        trial = subprocess.run(
            [*_as_other(user), python, "-I", "-S", "-c", look, *secret], capture_output=True, text=True, timeout=30
        )
    except OSError as error:
        raise SandboxError(f"a process of the user {user!r} cannot be started: {error}") from None
    if trial.returncode == 9:
        raise SandboxError(f"the user {user!r} can read the course: let {COURSE} be its owner's alone (mode 700)")
    if trial.returncode:
        reason = trial.stderr.strip() or f"exit status {trial.returncode}"
        raise SandboxError(f"Python cannot be started as the user {user!r}: {reason}")


def start(sandboxed=True, group=None, user=""):
    """Start student_host.py; return the process, pipes to write requests to and to read answers from, and its stderr.

    Outside a sandbox, it runs as another `user`, if one is named. It starts in a cgroup.Group, if there is one. Raises
    SandboxError when it cannot be started.
    """
    _compile_library()
    ours, theirs = [], []  # the ends of the pipes
    try:
        for ends in ((theirs, ours), (ours, theirs), (ours, theirs)):
            for end, fd in zip(ends, os.pipe(), strict=True):
                end.append(fd)
        *fds, their_words = theirs  # what bubblewrap says, should it fail; the host program closes its end
        command = [os.path.realpath(sys.executable), "-I", "-S", "-B", "-c", _boot(sandboxed, user), *map(str, fds)]
        if sandboxed:
            command = _confined(command, theirs)
        elif user:
            command = [*_as_other(user), *command]
        if group:
            command = group.entering(command)
        process = subprocess.Popen(
            command,
            pass_fds=[fd for fd in theirs if fd != their_words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=their_words,
            start_new_session=True,
            cwd=FOLDER if user else None,  # the grader's own may be closed to that user
            env=_environment(),  # of bubblewrap too: its first process can be read inside, in /proc/1/environ
        )
    except OSError as error:
        _close(ours)
        raise SandboxError(f"a student's process could not be started: {error}") from None
    finally:
        _close(theirs)
    our_output, our_input, words = ours
    for fd in (our_output, words):
        os.set_blocking(fd, False)
    return process, our_output, our_input, words


@lru_cache
def _compile_library():
    """Let rnnlib have its bytecode, if its folder can be written to: each process would make it again, in 10 ms.

    It usually has, as the grader imports rnnlib too, but not where Python is told to write none.
    """
    compileall.compile_dir(LIBRARY, quiet=2)


def _close(fds):
    for fd in fds:
        os.close(fd)


def _as_other(user):
    """What a command begins with that is to run as the user, for good: no program gives back what is taken here."""
    group = pwd.getpwnam(user).pw_gid
    return ["setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups", "--no-new-privs", "--inh-caps=-all"]


@lru_cache
def _open_copy():
    """A folder with rnnlib and the host program that every user can read, as the course's own is closed to them."""
    folder = Path(tempfile.mkdtemp(prefix="course-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    passing = shutil.ignore_patterns("__pycache__", "*.part")  # a part may be renamed before it is copied
    shutil.copytree(LIBRARY, folder / "rnnlib", ignore=passing)
    (folder / "host").mkdir()
    for name in ("student_host.py", "wire.py"):
        shutil.copy(HERE / name, folder / "host")
    for path in (folder, *folder.rglob("*")):  # whatever the umask is
        path.chmod(0o755 if path.is_dir() else 0o644)
    return folder


def _boot(sandboxed, user=""):
    """The line of Python that starts the host program; the environment's start-up files are not run."""
    path = str(LIBRARY.parent), PACKAGES, str(HERE)
    if sandboxed:
        path = "/course", "/course/packages", "/course/host"
    elif user:
        path = str(_open_copy()), PACKAGES, str(_open_copy() / "host")
    return f"import sys; sys.path += {path!r}; import student_host; sys.path.pop(); student_host.main(sys.argv[1:])"


@lru_cache
def _host_files():
    """{path inside: bytes} of the program that runs inside, and of its bytecode, which it would otherwise make again.

    They are handed over as bytes and not bound: other graders, and whoever updates the course, replace such files, and
    bubblewrap ends if that happens while it binds them.
    """
    files = {}
    for name in ("student_host", "wire"):
        source, inside = (HERE / f"{name}.py").read_bytes(), f"/course/host/{name}.py"
        unchecked = importlib.util.MAGIC_NUMBER + (1).to_bytes(4, "little") + importlib.util.source_hash(source)
        bytecode = unchecked + marshal.dumps(compile(source, inside, "exec", dont_inherit=True))
        files |= {inside: source, f"/course/host/__pycache__/{name}.{sys.implementation.cache_tag}.pyc": bytecode}
    return files


def _environment():
    return {
        "PATH": "/usr/bin:/bin",
        "HOME": FOLDER,
        "LANG": "C.UTF-8",
        "MPLBACKEND": "Agg",
        "MPLCONFIGDIR": FOLDER,
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "PYTHONHASHSEED": "0",
    } | {name: os.environ[name] for name in ("OPENBLAS_CORETYPE",) if name in os.environ}


def _confined(command, fds):
    """The command inside bubblewrap; the list `fds` gets the file descriptors that bubblewrap reads."""
    bind = {path: path for path in ("/usr", sys.base_prefix)}
    bind |= {PACKAGES: "/course/packages", str(LIBRARY): "/course/rnnlib"}
    arguments = [
        shutil.which("bwrap") or "bwrap",
        "--unshare-all",
        "--unshare-user",
        "--uid",
        "65534",
        "--gid",
        "65534",
    ]
    arguments += ["--cap-drop", "ALL", "--die-with-parent", "--new-session", "--hostname", "grader", "--clearenv"]
    for name, value in _environment().items():
        arguments += ["--setenv", name, value]
    arguments += ["--proc", "/proc", "--dev", "/dev", "--remount-ro", "/dev"]
    arguments += ["--size", str(DISK), "--tmpfs", FOLDER]
    for link in ("lib", "lib64", "bin", "sbin"):
        arguments += ["--symlink", f"usr/{link}", f"/{link}"]
    for source, target in bind.items():
        arguments += ["--ro-bind", source, target]
    for target, data in _host_files().items():
        arguments += ["--ro-bind-data", _readable(data, fds), target]
    arguments += ["--remount-ro", "/", "--chdir", FOLDER]
    code = seccomp.program()
    if code is not None:
        arguments += ["--seccomp", _readable(code, fds)]
    return [*arguments, "--", *command]


def _readable(data, fds):
    """The number, as text, of a file descriptor from which the bytes can be read; it is added to the list `fds`."""
    fd = os.memfd_create("grading")
    fds.append(fd)
    with open(fd, "wb", closefd=False) as file:
        file.write(data)
    os.lseek(fd, 0, os.SEEK_SET)
    return str(fd)
