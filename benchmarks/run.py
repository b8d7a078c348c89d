"""Measure what tracking costs, beside the primitives that it is made of.

    python benchmarks/run.py [names] [--python PATH ...] [--folder PATH] [--full] [--lamindb PATH] [--db URL]

Names are script, import, step, small, large, memory, queries; without any, all. Only the standard library is used. Each figure
stands beside the bare costs of the same machine, measured in turn with it, so that a slow disk or a busy moment hits
both. docs/performance.md says what each means.
"""

from __future__ import annotations

import argparse
import logging
import os
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from hashlib import sha256

REPO = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [REPO, os.path.join(REPO, "extras")]

from queries import queries  # noqa: E402 - beside this file

MB = 1_000_000
SCRIPT = "import lamin_lite as ln\nln.track()\nln.finish()\n"
PATH = f"import sys; sys.path.insert(0, {REPO!r}); "
#: each line adds to the one before; the cost is the difference of the CPU seconds of whole processes
STAGES = (
    ("import lamin_lite", "import lamin_lite as ln", 3),
    ("... then ln.track, ln.Artifact", "import lamin_lite as ln; ln.track, ln.Artifact", 20),
    ("... then the first track()", "import lamin_lite as ln; ln.Artifact; ln.track(); import os; os._exit(0)", 30),
)
CHILD = """
import sys
sys.path.insert(0, sys.argv[1])
import lamin_lite as ln
ln.Artifact(sys.argv[2], key=sys.argv[3]).save()
print(next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


class Bench:
    """A folder with an instance, and the table that is printed row by row."""

    def __init__(self, folder, options):
        self.folder = folder
        self.options = options
        logging.getLogger("lamin_lite").setLevel(logging.WARNING)  # the table is enough
        self.home = os.path.join(folder, "work")
        os.mkdir(self.home)
        os.chdir(self.home)

    def connected(self):
        import lamin_lite as ln

        return ln, ln.init(os.path.join(self.home, "storage"))

    def row(self, name, measured, limit, parts, *, at_least=False):
        good = measured >= limit if at_least else measured <= limit
        sign = ">=" if at_least else "<="
        ratio = measured / limit if limit else 0.0
        print(
            f"{name:<42} {measured:>9.2f} {sign} {limit:>8.2f} {ratio:>6.2f}  {'ok  ' if good else 'MISS'}  {parts}",
            flush=True,
        )

    def pythons(self):
        return self.options.python or [sys.executable]


def timed(work, *args):
    start = time.perf_counter()
    work(*args)
    return (time.perf_counter() - start) * 1000


def additions():
    """A yardstick of the interpreter on this machine, now."""
    total = 0
    for number in range(3_000_000):
        total += number


def interleaved(rounds, *works):
    """Milliseconds of each of several works, done in turn, each round beginning with another one."""
    times = [[] for _ in works]
    for number in range(rounds):
        for turn in range(len(works)):
            at = (turn + number) % len(works)
            times[at].append(timed(works[at], number))
    return times


def mid(values):
    return statistics.median(values)


# -- processes


def environ():
    """As of a user who never heard of this package."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LAMIN_LITE_", "PYTHON"))}
    return {**kept, "PYTHONPATH": REPO}


def spawned(argv):
    subprocess.run(argv, env=environ(), check=True, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def cpu(argv):
    """CPU milliseconds of a process, user and system."""
    process = subprocess.Popen(argv, env=environ(), stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = status
    if status:
        sys.exit(f"{argv} failed")
    return (usage.ru_utime + usage.ru_stime) * 1000


def script(bench):
    """Wall time of a script with track() and finish(), over one that does nothing."""
    bench.connected()
    path = os.path.join(bench.home, "analysis.py")
    with open(path, "w", encoding="utf-8") as file:
        file.write(SCRIPT)
    for python in bench.pythons():
        home = tempfile.mkdtemp(dir=bench.folder)
        spawned([python, "-m", "venv", "--without-pip", home])  # no .pth files, which would slow both down
        clean = os.path.join(home, "bin", "python")
        for _ in range(3):
            spawned([clean, path])
        tracked, bare = interleaved(
            25, lambda _, clean=clean: spawned([clean, path]), lambda _, clean=clean: spawned([clean, "-c", "pass"])
        )
        extra = mid([one - other for one, other in zip(tracked, bare)])
        bench.row(
            f"script, over bare, ms ({version(python)})", extra, 80, f"bare {mid(bare):.1f}, tracked {mid(tracked):.1f}"
        )


def import_(bench):
    """CPU of the import, of the two names that everybody uses, and of the first track()."""
    bench.connected()
    for python in bench.pythons():
        codes = ["pass", *(code for _, code, _ in STAGES)]
        argvs = [[python, "-I", "-S", "-c", PATH + code] for code in codes]
        times = [[cpu(argv) for argv in argvs] for _ in range(16)][1:]  # the first round compiles
        middles = [mid(column) for column in zip(*times)]
        over = [middles[0], middles[0], middles[2]]
        for at, (name, _, limit) in enumerate(STAGES):
            bench.row(
                f"{name}, CPU ms ({version(python)})", middles[at + 1] - over[at], limit, f"bare -I -S {middles[0]:.1f}"
            )


def version(python):
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    return subprocess.run([python, "-S", "-c", code], capture_output=True, text=True, check=True).stdout.strip()


# -- primitives


class Commits:
    """One durable commit of a small row, as plain sqlite3 does it."""

    def __init__(self, folder):
        self.connection = sqlite3.connect(os.path.join(folder, "bare.db"), isolation_level=None)
        self.connection.execute("PRAGMA journal_mode=WAL")
        self.connection.execute("PRAGMA synchronous=FULL")
        self.connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, text TEXT)")

    def __call__(self, number):
        self.connection.execute("INSERT INTO t (text) VALUES (?)", [f"{number:0100}"])


def sync(path):
    """Of a file or folder."""
    fd = os.open(path, os.O_RDONLY)
    os.fsync(fd)
    os.close(fd)


def durable_file(path, data):
    fd = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
    os.write(fd, data)
    os.fsync(fd)
    os.close(fd)


def put_in_place(path, target):
    """A folder whose names did not change has nothing to sync: the rename is what makes its fsync a real one."""
    os.rename(path, target)
    sync(os.path.dirname(target))


# -- inside one process


def step(bench):
    """An empty step in a flow, beside one durable commit."""
    ln, _ = bench.connected()
    commit = Commits(bench.folder)

    @ln.step()
    def nothing(number):
        pass

    @ln.flow()
    def work():
        interleaved(30, nothing, commit)
        before = time.process_time()
        times = interleaved(300, nothing, commit)
        return times, (time.process_time() - before) / 300 * 1000

    (steps, commits), spent = work()
    bench.row("empty step, ms", mid(steps), mid(commits) + 0.7, f"commit {mid(commits):.2f}, CPU of both {spent:.2f}")


def small(bench):
    """A file of 2 KB saved as an artifact, beside a durable file and a durable commit."""
    ln, instance = bench.connected()
    commit = Commits(bench.folder)
    stage, place = os.path.join(bench.folder, "stage"), os.path.join(bench.folder, "place")
    os.mkdir(stage)
    os.mkdir(place)
    blobs = os.path.join(instance.storage(instance.storage_id).root, ".lamin_lite", "blobs")
    for number in range(256):  # as in a store in use; each is made once, at the cost of one more fsync
        os.makedirs(os.path.join(blobs, f"{number:02x}"), exist_ok=True)
    rounds = 200
    files = [os.path.join(bench.home, f"{number}.txt") for number in range(rounds + 20)]
    for file in files:
        with open(file, "wb") as stream:
            stream.write(os.urandom(1024).hex().encode())
    os.sync()
    spent, writes, syncs = [], [], []

    def save(_):
        before = time.process_time()
        ln.Artifact(files.pop(), key=f"small/{len(files)}.txt").save()
        spent.append((time.process_time() - before) * 1000)

    def bare(number):
        name = str(number)
        writes.append(timed(durable_file, os.path.join(stage, name), b"0" * 2048))
        syncs.append(timed(put_in_place, os.path.join(stage, name), os.path.join(place, name)))

    @ln.flow()
    def work():
        for _ in range(20):
            save(0)
        spent.clear()
        return interleaved(rounds, save, bare, commit)

    saves, _, commits = work()
    parts = [mid(writes), mid(syncs), mid(commits)]
    shown = "file {:.2f} + folder {:.2f} + commit {:.2f}; CPU of the save {:.2f}".format(*parts, mid(spent))
    bench.row("artifact of 2 KB, ms", mid(saves), sum(parts) + 0.7, shown)


def large(bench):
    """A file of 512 MB in the page cache, every byte hashed, durable."""
    ln, _ = bench.connected()
    path, size = os.path.join(bench.folder, "large.bin"), 512 * MB
    fill(path, size)
    saves, hashes, copies, syncs = [], [], [], []
    for number in range(5):
        with open(path, "r+b") as file:
            file.write(b"%20d" % number)  # other bytes, or the copy would be found instead of written
        os.sync()
        hashes.append(timed(hash_of, path))
        saves.append(timed(lambda number=number: ln.Artifact(path, key=f"large/{number}.bin").save()))
        os.unlink(os.path.realpath(ln.Artifact.get(key=f"large/{number}.bin").path))
        os.sync()
        copy = path + ".copy"
        copies.append(timed(copy_of, path, copy))
        syncs.append(timed(sync, copy))
        os.unlink(copy)
    speed = [size / MB / (min(each) / 1000) for each in (saves, hashes, copies)]
    both = [copied + synced for copied, synced in zip(copies, syncs)]
    parts = (
        f"hash alone {speed[1]:,.0f}, copy alone {speed[2]:,.0f} MB/s, fsync {min(syncs):.0f} ms, "
        f"copy and fsync {size / MB / (min(both) / 1000):,.0f} MB/s"
    )
    bench.row("file of 512 MB, MB/s", speed[0], 1000, parts, at_least=True)


def fill(path, size):
    with open(path, "wb") as file:
        file.writelines(os.urandom(8 * MB) for _ in range(size // (8 * MB)))


def hash_of(path):
    digest, buffer = sha256(), bytearray(1 << 20)
    with open(path, "rb", buffering=0) as file:
        while count := file.readinto(buffer):
            digest.update(memoryview(buffer)[:count])


def copy_of(path, copy):
    with open(path, "rb", buffering=0) as source, open(copy, "wb", buffering=0) as target:
        while os.copy_file_range(source.fileno(), target.fileno(), 8 << 20):
            pass


def memory(bench):
    """Peak memory of a process that saves a huge file, over one that saves a tiny one."""
    bench.connected()
    size = (10_000 if bench.options.full else 2_000) * MB
    tiny, huge = os.path.join(bench.folder, "tiny.bin"), os.path.join(bench.folder, "huge.bin")
    for path, length in ((tiny, 2048), (huge, size)):
        with open(path, "wb") as file:
            file.truncate(length)
    peaks, start = [], time.perf_counter()
    for path in (tiny, huge):
        start = time.perf_counter()
        argv = [sys.executable, "-c", CHILD, REPO, path, os.path.basename(path)]
        done = subprocess.run(argv, env=environ(), check=True, capture_output=True, text=True)
        peaks.append(int(done.stdout) / 1000)
    speed = size / MB / (time.perf_counter() - start)
    bench.row(
        f"sparse file of {size // MB:,} MB, peak MB",
        peaks[1],
        peaks[0] + 32,
        f"tiny file {peaks[0]:.1f}; {speed:,.0f} MB/s",
    )


BENCHES = {
    "script": script,
    "import": import_,
    "step": step,
    "small": small,
    "large": large,
    "memory": memory,
    "queries": queries,
}


def main():
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("names", nargs="*", help=f"of {', '.join(BENCHES)}; all without any")
    parser.add_argument("--python", action="append", help="interpreter for script and import; may be repeated")
    parser.add_argument("--folder", help="where to measure: the filesystem counts")
    parser.add_argument(
        "--full",
        action="store_true",
        help="memory with 10 GB instead of 2 GB, queries among 1,000,000 runs instead of 100,000",
    )
    parser.add_argument("--lamindb", help="interpreter that has lamindb: queries tells its figures beside ours")
    parser.add_argument("--db", help="URL of a PostgreSQL database in which queries makes a schema of its own")
    options = parser.parse_args()
    unknown = set(options.names) - set(BENCHES)
    if unknown:
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    print(f"Python {sys.version.split()[0]}, SQLite {sqlite3.sqlite_version}, {os.cpu_count()} cores")
    print(f"a loop of 3,000,000 additions takes {min(timed(additions) for _ in range(3)):.0f} ms\n")
    print(f"{'':<42} {'measured':>9}    {'target':>8} {'ratio':>6}        primitives", flush=True)
    for name in options.names or BENCHES:
        folder = tempfile.mkdtemp(prefix="bench-", dir=options.folder)
        try:
            BENCHES[name](Bench(folder, options))
        finally:
            os.chdir(REPO)
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
