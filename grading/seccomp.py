"""A seccomp filter that takes away the system calls that numerical code never needs, above all new processes.

The filter is 122 instructions of classic BPF on x86_64 and 112 on aarch64, nearly all of them one comparison repeated:
load the number of the call, compare it with the list, answer "not permitted". That is little enough to be written here,
without a compiled dependency. Threads can still be started, processes cannot, and memory that belongs to no process,
which no limit counts, cannot be had. A list of what is refused would age, as kernels learn new calls: of these, which
have higher numbers, what is allowed is listed instead. Numbers: the kernel's tables of calls.
"""

import platform
import struct

# name: (x86_64, aarch64); None where the architecture has no such call
DENIED = {
    "acct": (163, 89),
    "add_key": (248, 217),
    "adjtimex": (159, 171),
    "bpf": (321, 280),
    "chroot": (161, 51),
    "clock_adjtime": (305, 266),
    "clock_settime": (227, 112),
    "delete_module": (176, 106),
    "fanotify_init": (300, 262),
    "finit_module": (313, 273),
    "fork": (57, None),
    "init_module": (175, 105),
    "io_setup": (206, 0),
    "ioperm": (173, None),
    "iopl": (172, None),
    "kcmp": (312, 272),
    "kexec_file_load": (320, 294),
    "kexec_load": (246, 104),
    "keyctl": (250, 219),
    "lookup_dcookie": (212, 18),
    "memfd_create": (319, 279),
    "modify_ldt": (154, None),
    "mount": (165, 40),
    "mq_open": (240, 180),
    "msgget": (68, 186),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "perf_event_open": (298, 241),
    "personality": (135, 92),
    "pivot_root": (155, 41),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "ptrace": (101, 117),
    "quotactl": (179, 60),
    "reboot": (169, 142),
    "request_key": (249, 218),
    "semget": (64, 190),
    "setdomainname": (171, 162),
    "sethostname": (170, 161),
    "setns": (308, 268),
    "settimeofday": (164, 170),
    "shmat": (30, 196),
    "shmget": (29, 194),
    "socket": (41, 198),
    "swapoff": (168, 225),
    "swapon": (167, 224),
    "syslog": (103, 116),
    "umount2": (166, 39),
    "unshare": (272, 97),
    "userfaultfd": (323, 282),
    "vfork": (58, None),
    "vhangup": (153, 58),
}
CLONE = (56, 220)
# From here on all architectures number their calls alike. What the kernel learns next is refused without being listed.
NEW = 424
NEW_ALLOWED = {"close_range": 436, "openat2": 437, "faccessat2": 439, "epoll_pwait2": 441, "futex_waitv": 449}
CLONE_THREAD = 0x10000
ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}

LOAD, JUMP_EQUAL, JUMP_GREATER_EQUAL, JUMP_ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
NUMBER, ARCHITECTURE, FIRST_ARGUMENT = 0, 4, 16  # offsets in struct seccomp_data
ALLOW, KILL, NOT_PERMITTED, NO_SUCH_CALL = 0x7FFF0000, 0x80000000, 0x00050001, 0x00050026


def program(machine=None):
    """The compiled filter for a machine (default: this one), or None for one whose call numbers are not listed here."""
    machine = machine or platform.machine()
    if machine not in ARCHITECTURES:
        return None
    column, architecture = ARCHITECTURES[machine]
    denied = sorted(numbers[column] for numbers in DENIED.values() if numbers[column] is not None)
    code = [
        (LOAD, 0, 0, ARCHITECTURE),
        (JUMP_EQUAL, 1, 0, architecture),
        (RETURN, 0, 0, KILL),
        (LOAD, 0, 0, NUMBER),
        (JUMP_GREATER_EQUAL, 0, 1, 0x40000000),  # the x32 calls: the same kernel under other numbers
        (RETURN, 0, 0, NOT_PERMITTED),
        # Told "no such call", libc uses an older one: clone for clone3, whose flags lie behind a pointer.
        (JUMP_GREATER_EQUAL, 0, len(NEW_ALLOWED) + 1, NEW),
        *((JUMP_EQUAL, len(NEW_ALLOWED) - place, 0, number) for place, number in enumerate(NEW_ALLOWED.values())),
        (RETURN, 0, 0, NO_SUCH_CALL),
    ]
    for number in denied:
        code += [(JUMP_EQUAL, 0, 1, number), (RETURN, 0, 0, NOT_PERMITTED)]
    code += [
        (JUMP_EQUAL, 0, 3, CLONE[column]),
        (LOAD, 0, 0, FIRST_ARGUMENT),
        (JUMP_ANY_BIT, 1, 0, CLONE_THREAD),
        (RETURN, 0, 0, NOT_PERMITTED),
        (RETURN, 0, 0, ALLOW),
    ]
    return b"".join(struct.pack("<HBBI", *instruction) for instruction in code)
