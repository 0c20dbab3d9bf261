"""What honest students do in cells besides the exercise, as data: none of it may fail in the sandbox."""

CELLS = {
    "files": """
import csv, glob, io, json, os, pathlib, shutil, tempfile
import numpy as np
np.save('/tmp/a.npy', np.arange(9.0)); np.load('/tmp/a.npy', mmap_mode='r+')[0] = 1.0
np.savez_compressed('/tmp/b.npz', a=np.eye(2)); np.savetxt('/tmp/c.txt', np.eye(2)); np.loadtxt('/tmp/c.txt')
folder = pathlib.Path('/tmp/d/e'); folder.mkdir(parents=True); (folder / 'x').write_text('x'); os.listdir(folder)
(folder / 'x').rename(folder / 'y'); os.symlink('y', folder / 'z'); os.readlink(folder / 'z')
os.link(folder / 'y', '/tmp/l')
shutil.copytree(folder, '/tmp/copy'); shutil.rmtree('/tmp/d'); (pathlib.Path('/tmp/l')).touch()
os.chmod('/tmp/l', 0o600)
os.truncate('/tmp/l', 0); os.stat('/tmp/l'); os.access('/tmp/l', os.R_OK); shutil.disk_usage('/tmp'); os.utime('/tmp/l')
with tempfile.TemporaryFile() as file: file.write(b'x'); file.flush(); os.fsync(file.fileno()); file.truncate(0)
with tempfile.TemporaryDirectory() as name: os.chdir(name); os.chdir('/tmp'); glob.glob('/tmp/*'); os.getcwd()
""",
    "database": """
import sqlite3
with sqlite3.connect('/tmp/d.db') as db: db.execute('create table t (a)'); db.execute('insert into t values (1)')
""",
    "threads": """
import queue, threading, time
from concurrent.futures import ThreadPoolExecutor
with ThreadPoolExecutor(4) as pool: list(pool.map(time.sleep, [0.01] * 8))
timer = threading.Timer(0.01, print); timer.start(); timer.join()
try: queue.Queue().get(timeout=0.01)
except queue.Empty: pass
""",
    "linear algebra": """
import numpy as np
a = np.random.default_rng(0).normal(size=(500, 500))
np.linalg.svd(a), np.linalg.eig(a), np.linalg.solve(a, a), np.linalg.qr(a), np.linalg.inv(a), a @ a, np.fft.fft(a)
np.random.seed(1), np.random.rand(3), np.einsum('ij,jk->ik', a, a), np.sort(a), np.show_config()
b = np.ones(20_000_000); b.resize(30_000_000); del b
""",
    "time, signals and numbers of this machine": """
import datetime, locale, os, platform, random, resource, secrets, select, signal, sys, time, uuid, zoneinfo
time.sleep(0.01), time.perf_counter(), time.process_time(), time.thread_time(), time.localtime()
datetime.datetime.now().astimezone(), zoneinfo.ZoneInfo('Europe/Berlin') if zoneinfo.available_timezones() else None
secrets.token_hex(), random.random(), uuid.uuid4(), os.urandom(4), platform.platform(), os.uname(), os.cpu_count()
len(os.sched_getaffinity(0)), os.getpid(), os.getppid(), os.getuid(), os.getgid(), os.getgroups(), os.umask(0o22)
os.nice(0)
resource.getrusage(resource.RUSAGE_SELF), resource.setrlimit(resource.RLIMIT_CORE, (0, 0)), os.times(), os.getloadavg()
signal.signal(signal.SIGALRM, lambda *_: None); signal.setitimer(signal.ITIMER_REAL, 0.01); signal.pause()
signal.alarm(0)
r, w = os.pipe(); select.select([], [w], [], 0); os.write(w, b'x'); os.read(r, 1); os.isatty(r); os.dup(r)
signal.raise_signal(signal.SIGALRM); signal.pthread_sigmask(signal.SIG_BLOCK, []); os.sched_yield()
sys.setrecursionlimit(3000); f = lambda n: n and f(n - 1); f(2500)
""",
    "a loop of asyncio": """
import asyncio
async def wait(): await asyncio.sleep(0.01); return await asyncio.to_thread(sum, [1, 2])
asyncio.run(wait())
""",
    "figures": """
import matplotlib.pyplot as plt
fig, (left, right) = plt.subplots(1, 2)
left.plot([1, 2], label='$s_t$'); left.legend(); right.imshow([[1, 2], [3, 4]]); plt.tight_layout(); plt.show()
fig.savefig('/tmp/f.png'); fig.savefig('/tmp/f.svg'); fig.savefig('/tmp/f.pdf')
""",
    "magics": """
%matplotlib inline
%timeit -n 2 -r 2 sum([1, 2])
%time sum([1, 2])
%precision 3
%load_ext autoreload
%autoreload 2
%who
%pwd
!ls
files = !ls
import asyncio
await asyncio.sleep(0.01)
""",
    "a magic of a cell": "%%time\nsum([1, 2])",
    "a file that a magic writes": "%%writefile /tmp/m.py\nx = 1",
    "a file that a magic runs": "%run /tmp/m.py",
    "what was printed is caught": "%%capture out\nprint(1)",
}
# All of these raise an OSError, which a student can catch as on any other machine.
REFUSED = """
import multiprocessing, os, subprocess
process = multiprocessing.Process(target=print)
for start in (os.fork, lambda: subprocess.run(['ls']), lambda: os.system('ls'), process.start):
    try: start()
    except OSError: pass
"""
