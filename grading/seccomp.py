"""A seccomp filter that allows the system calls that numerical code needs, and refuses all others.

It is classic BPF, nearly all of it one comparison repeated: load the number of the call, compare it with the list,
answer "allowed". That is little enough to be written here, without a compiled dependency. What is not on the list is
refused with an error, and nothing is killed for it; what kernels learn next is refused without being known here.
Threads can be started and processes cannot; memory that belongs to no process, which no limit counts, cannot be had.

`python -m benchmarks.syscalls` measures what is needed: the calls of all right answers, of the cells in tests/cells.py
and of numpy's own tests of what the exercises use, with one thread in OpenBLAS and with several. The list holds those,
and what C libraries of other versions and other machines call in their place. Numbers: the kernel's tables of calls.
"""

import platform
import struct


def _table(text):
    """{name: (number on x86_64, number on aarch64)}; None where the architecture has no such call."""
    rows = [entry.split(":") for entry in text.split()]
    return {name: tuple(None if number == "-" else int(number) for number in numbers) for name, *numbers in rows}


ALLOWED = _table(
    # files
    "read:0:63 write:1:64 open:2:- close:3:57 stat:4:- fstat:5:80 lstat:6:- lseek:8:62 pread64:17:67 "
    "pwrite64:18:68 readv:19:65 writev:20:66 preadv:295:69 pwritev:296:70 preadv2:327:286 pwritev2:328:287 "
    "access:21:- faccessat:269:48 faccessat2:439:439 dup:32:23 dup2:33:- dup3:292:24 pipe:22:- pipe2:293:59 "
    "fcntl:72:25 flock:73:32 fsync:74:82 fdatasync:75:83 truncate:76:45 ftruncate:77:46 fallocate:285:47 "
    "getdents:78:- getdents64:217:61 getcwd:79:17 chdir:80:49 fchdir:81:50 rename:82:- renameat:264:38 "
    "renameat2:316:276 mkdir:83:- mkdirat:258:34 rmdir:84:- creat:85:- link:86:- linkat:265:37 unlink:87:- "
    "unlinkat:263:35 symlink:88:- symlinkat:266:36 readlink:89:- readlinkat:267:78 chmod:90:- fchmod:91:52 "
    "fchmodat:268:53 fchmodat2:452:452 chown:92:- fchown:93:55 lchown:94:- fchownat:260:54 umask:95:166 "
    "statfs:137:43 fstatfs:138:44 utime:132:- utimes:235:- utimensat:280:88 futimesat:261:- newfstatat:262:79 "
    "statx:332:291 openat:257:56 openat2:437:437 sendfile:40:71 copy_file_range:326:285 readahead:187:213 "
    "fadvise64:221:223 ioctl:16:29 getxattr:191:8 lgetxattr:192:9 fgetxattr:193:10 listxattr:194:11 "
    "llistxattr:195:12 flistxattr:196:13 "
    # memory
    "mmap:9:222 mprotect:10:226 munmap:11:215 brk:12:214 mremap:25:216 msync:26:227 mincore:27:232 madvise:28:233 "
    "membarrier:324:283 get_mempolicy:239:236 mbind:237:235 "
    # a process and its threads
    "exit:60:93 exit_group:231:94 execve:59:221 set_tid_address:218:96 set_robust_list:273:99 "
    "get_robust_list:274:100 rseq:334:293 futex:202:98 futex_waitv:449:449 sched_yield:24:124 "
    "sched_getaffinity:204:123 sched_setaffinity:203:122 sched_getparam:143:121 sched_getscheduler:145:120 "
    "sched_get_priority_max:146:125 sched_get_priority_min:147:126 getpriority:140:141 setpriority:141:140 "
    "prctl:157:167 arch_prctl:158:- gettid:186:178 getpid:39:172 getppid:110:173 getuid:102:174 geteuid:107:175 "
    "getgid:104:176 getegid:108:177 getgroups:115:158 getresuid:118:148 getresgid:120:150 getpgrp:111:- "
    "getpgid:121:155 getsid:124:156 kill:62:129 tgkill:234:131 tkill:200:130 wait4:61:260 waitid:247:95 "
    "restart_syscall:219:128 prlimit64:302:261 getrlimit:97:163 setrlimit:160:164 getrusage:98:165 times:100:153 "
    "sysinfo:99:179 uname:63:160 getcpu:309:168 getrandom:318:278 "
    # signals
    "rt_sigaction:13:134 rt_sigprocmask:14:135 rt_sigreturn:15:139 rt_sigpending:127:136 rt_sigtimedwait:128:137 "
    "rt_sigsuspend:130:133 sigaltstack:131:132 pause:34:- alarm:37:- setitimer:38:103 getitimer:36:102 "
    # time
    "time:201:- gettimeofday:96:169 clock_gettime:228:113 clock_getres:229:114 clock_nanosleep:230:115 "
    "nanosleep:35:101 "
    # waiting, and what a loop of asyncio wakes itself with
    "poll:7:- ppoll:271:73 select:23:- pselect6:270:72 epoll_create:213:- epoll_create1:291:20 epoll_ctl:233:21 "
    "epoll_wait:232:- epoll_pwait:281:22 epoll_pwait2:441:441 eventfd:284:- eventfd2:290:19 socketpair:53:199 "
    "sendto:44:206 recvfrom:45:207 getsockname:51:204 getsockopt:55:209 setsockopt:54:208 shutdown:48:210 "
    "close_range:436:436 "
)
CLONE = (56, 220)
# From here on all architectures number their calls alike. Told "no such call" of a new one, libc uses an older one:
# clone for clone3, whose flags lie behind a pointer.
NEW = 424
CLONE_THREAD = 0x10000
ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}

LOAD, JUMP_EQUAL, JUMP_GREATER_EQUAL, JUMP_ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
NUMBER, ARCHITECTURE, FIRST_ARGUMENT = 0, 4, 16  # offsets in struct seccomp_data
ALLOW, NOT_PERMITTED, NO_SUCH_CALL = 0x7FFF0000, 0x00050001, 0x00050026


def program(machine=None):
    """The compiled filter for a machine (default: this one), or None for one whose call numbers are not listed here."""
    machine = machine or platform.machine()
    if machine not in ARCHITECTURES:
        return None
    column, architecture = ARCHITECTURES[machine]
    code = [
        (LOAD, 0, 0, ARCHITECTURE),
        (JUMP_EQUAL, 1, 0, architecture),
        (RETURN, 0, 0, NOT_PERMITTED),  # the calls of another: the same kernel under other numbers
        (LOAD, 0, 0, NUMBER),
    ]
    for number in sorted(numbers[column] for numbers in ALLOWED.values() if numbers[column] is not None):
        code += [(JUMP_EQUAL, 0, 1, number), (RETURN, 0, 0, ALLOW)]
    code += [
        (JUMP_EQUAL, 0, 3, CLONE[column]),
        (LOAD, 0, 0, FIRST_ARGUMENT),
        (JUMP_ANY_BIT, 0, 2, CLONE_THREAD),
        (RETURN, 0, 0, ALLOW),
        (JUMP_GREATER_EQUAL, 1, 0, NEW),
        (RETURN, 0, 0, NOT_PERMITTED),
        (RETURN, 0, 0, NO_SUCH_CALL),
    ]
    return b"".join(struct.pack("<HBBI", *instruction) for instruction in code)
