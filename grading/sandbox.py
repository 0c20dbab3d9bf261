"""The sandbox: a fresh Python with the installed packages and rnnlib, apart from everything else on this machine.

Of the machine's files it sees /usr, the installation of Python, all packages of the environment, rnnlib and the program
that runs inside, all of them read-only; it can write to one folder, an empty /tmp of limited size. bubblewrap gives it
its own file system, network, processes and users, the seccomp filter takes away new processes and other calls
that numerical code never needs, and grading/student_host.py sets the limits before a student's first line.
"""

import os
import py_compile
import shutil
import subprocess
import sys
from functools import lru_cache
from pathlib import Path

import numpy

from grading import seccomp

HERE = Path(__file__).resolve().parent
LIBRARY = HERE.parent / "rnnlib"
PACKAGES = str(Path(numpy.__file__).parents[1])
DISK = 64 * 2**20
LIMITS = {
    "RLIMIT_AS": 2 * 2**30,
    "RLIMIT_CPU": 60,
    "RLIMIT_CORE": 0,
    "RLIMIT_FSIZE": 16 * 2**20,
    "RLIMIT_NOFILE": 128,
}
if sys.platform == "linux":
    LIMITS["RLIMIT_NPROC"] = 64  # threads; where the grader is root, the seccomp filter alone keeps processes away
INSTALL = "install it with `make system`, or say --no-sandbox to run students' code with your own rights"


class SandboxError(RuntimeError):
    """The sandbox cannot be used on this machine."""


def ensure_available():
    """Raise SandboxError, with advice in its message, unless a sandbox can be started here."""
    if shutil.which("bwrap") is None:
        raise SandboxError(f"bubblewrap is missing: {INSTALL}")
    trial = subprocess.run(
        ["bwrap", "--unshare-all", "--ro-bind", "/", "/", "true"], capture_output=True, text=True, timeout=30
    )
    if trial.returncode:
        reason = trial.stderr.strip() or "no reason given"
        raise SandboxError(
            f"bubblewrap cannot start ({reason}): allow user namespaces (kernel.unprivileged_userns_clone=1, "
            "kernel.apparmor_restrict_unprivileged_userns=0), or say --no-sandbox to run students' code as yourself"
        )


def start(sandboxed=True):
    """Start student_host.py; return the process, the pipe to write requests to and the pipe to read answers from."""
    their_input, our_output = os.pipe()
    our_input, their_output = os.pipe()
    fds = [their_input, their_output]
    command = [os.path.realpath(sys.executable), "-I", "-S", "-B", "-c", _boot(sandboxed), *map(str, fds)]
    if sandboxed:
        command, filter_fd = _confined(command)
        fds += [filter_fd] if filter_fd is not None else []
    process = subprocess.Popen(
        command,
        pass_fds=fds,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env=_environment(),  # of bubblewrap too: its first process can be read inside, in /proc/1/environ
    )
    for fd in fds:
        os.close(fd)
    os.set_blocking(our_output, False)
    return process, our_output, our_input


def _boot(sandboxed):
    """The line of Python that starts the host program; the environment's start-up files are not run."""
    inside = ("/course", "/course/packages", "/course/host")
    path = inside if sandboxed else (str(LIBRARY.parent), PACKAGES, str(HERE))
    return f"import sys; sys.path += {path!r}; import student_host; sys.path.pop(); student_host.main(sys.argv[1:])"


@lru_cache
def _host_files():
    """The files of the program that runs inside, and their bytecode, which every sandbox would otherwise make again."""
    sources = [str(HERE / name) for name in ("student_host.py", "wire.py")]
    return [*sources, *filter(None, (_bytecode(source) for source in sources))]


def _bytecode(source):
    try:
        return py_compile.compile(source, doraise=True)
    except OSError:  # a folder that may not be written to
        return None


def _environment():
    return {
        "PATH": "/usr/bin:/bin",
        "HOME": "/tmp",
        "LANG": "C.UTF-8",
        "MPLBACKEND": "Agg",
        "MPLCONFIGDIR": "/tmp",
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "PYTHONHASHSEED": "0",
    } | {name: os.environ[name] for name in ("OPENBLAS_CORETYPE",) if name in os.environ}


def _confined(command):
    """The command inside bubblewrap, and the file descriptor of the seccomp filter (None for an unknown processor)."""
    bind = {path: path for path in ("/usr", sys.base_prefix)}
    bind |= {PACKAGES: "/course/packages", str(LIBRARY): "/course/rnnlib"}
    bind |= {path: f"/course/host/{Path(path).relative_to(HERE)}" for path in _host_files()}
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
    arguments += ["--size", str(DISK), "--tmpfs", "/tmp"]
    for link in ("lib", "lib64", "bin", "sbin"):
        arguments += ["--symlink", f"usr/{link}", f"/{link}"]
    for source, target in bind.items():
        arguments += ["--ro-bind", source, target]
    arguments += ["--remount-ro", "/", "--chdir", "/tmp"]
    code = seccomp.program()
    if code is None:
        return [*arguments, "--", *command], None
    reader, writer = os.pipe()
    os.write(writer, code)
    os.close(writer)
    return [*arguments, "--seccomp", str(reader), "--", *command], reader
