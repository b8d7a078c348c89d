"""Measure queries among very many runs: `python benchmarks/run.py queries`."""

from __future__ import annotations

import json
import os
import sqlite3
import statistics
import subprocess
import sys
import time
from datetime import datetime, timedelta, timezone

RUNS = 1_000_000
BATCH = 10_000
BARE = 100_000  #: runs that plain sqlite3 inserts for comparison
ROUNDS = 25
PEER_RUNS = 20_000  #: it takes milliseconds to save one
PEER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "peer.py")
URL_OF_SCHEMA = "{}{}schema=bench_{}"


def queries(bench):
    """A million runs of 4 params, saved by `ln.save`, then looked for."""
    many = RUNS if bench.options.full else RUNS // 10
    peer = _peer(bench, min(many // 10, PEER_RUNS))
    ln, instance = _connected(bench)
    try:
        transforms = ln.save([ln.Transform(key=f"t{at}.py") for at in range(100)])
        _saving(bench, ln, instance, transforms, many, peer)
        _finding(bench, ln, transforms, many, peer)
    finally:
        if bench.options.db:
            instance.database.connection().execute(f"DROP SCHEMA {instance.database.schema} CASCADE")


def _connected(bench):
    if not bench.options.db:
        return bench.connected()
    import lamin_lite as ln

    joint = "&" if "?" in bench.options.db else "?"
    ln.Instance.init(bench.home, database=URL_OF_SCHEMA.format(bench.options.db, joint, os.getpid()))
    return ln, ln.connect(bench.home)


def _saving(bench, ln, instance, transforms, many, peer):
    wall, cpu = [], []
    for first in range(0, many, BATCH):
        start, start_cpu = time.perf_counter(), time.process_time()
        ln.save([run_of(ln, transforms, number, many) for number in range(first, first + BATCH)])
        wall.append((time.perf_counter() - start) * 1000 / BATCH)
        cpu.append((time.process_time() - start_cpu) * 1000 / BATCH)
    if not bench.options.db:
        few = BARE // BATCH
        parts = f"CPU {statistics.mean(cpu[:few]):.3f}; bare sqlite3 {_bare(bench, instance)}"
        bench.row(f"saving the first {BARE:,} runs, ms each", statistics.mean(wall[:few]), 0.1, parts)
    parts = f"CPU {statistics.mean(cpu):.3f}; 4 params each{told(peer, 'saving')}"
    bench.row(f"saving {many:,} runs, ms each", statistics.mean(wall), 0.1, parts)


def _bare(bench, instance):
    """Milliseconds, and those of CPU, by which plain sqlite3 inserts each of the rows into the same tables and indexes."""
    source = sqlite3.connect(instance.database.path)
    target = sqlite3.connect(os.path.join(bench.folder, "bare.db"), isolation_level=None)
    target.execute("PRAGMA journal_mode=WAL")
    target.execute("PRAGMA synchronous=FULL")
    for (sql,) in source.execute(
        "SELECT sql FROM sqlite_master WHERE tbl_name IN ('run', 'run_param') AND sql NOT NULL"
    ):
        target.execute(sql)
    wall, cpu = 0.0, 0.0
    for first in range(0, BARE, BATCH):
        batches = [
            source.execute(
                f"SELECT * FROM {table} WHERE {column} > ? AND {column} <= ?", [first, first + BATCH]
            ).fetchall()
            for table, column in (("run", "id"), ("run_param", "owner_id"))
        ]
        start, start_cpu = time.perf_counter(), time.process_time()
        target.execute("BEGIN IMMEDIATE")
        for table, rows in zip(("run", "run_param"), batches):
            target.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(rows[0]))})", rows)
        target.execute("COMMIT")
        wall += time.perf_counter() - start
        cpu += time.process_time() - start_cpu
    return f"{wall * 1000 / BARE:.3f}, CPU {cpu * 1000 / BARE:.3f}"


def _finding(bench, ln, transforms, many, peer):
    runs, uid = ln.Run.filter(), ln.Run.filter(id=many // 2).one().uid
    for name, (limit, work) in searches(ln, runs, transforms[5], uid).items():
        bench.row(f"{name}, ms", median(work), limit, f"of {many:,} runs{told(peer, name)}")
    one = runs.filter(params__group=7)
    for name, work in (("count of 1,000", one.count), ("all of 1,000", lambda: list(one.all()))):
        bench.row(f"{name}, ms", median(work), 50, f"of {many:,} runs{told(peer, name)}")


def searches(ln, runs, transform, uid):
    """What is looked for, by name: how many milliseconds it may take, and how it is asked; of both libraries alike."""
    one, half = runs.filter(params__group=7), runs.filter(params__half=True)
    two = one.filter(params__half=True)
    started = runs.filter(started_at__year=2024, started_at__month=1)
    return {
        "one param, first": (1, one.first),
        "one param, 20": (1, lambda: list(one[:20])),
        "two params, first": (3, two.first),
        "two params, 20": (3, lambda: list(two[:20])),
        "two params, last started": (5, lambda: two.order_by("-started_at").first()),
        "half of all, 20 last started": (3, lambda: list(half.order_by("-started_at")[:20])),
        "year and month, 20": (3, lambda: list(started[:20])),
        "last run of a transform": (1, lambda: runs.filter(transform=transform).order_by("-started_at").first()),
        "get(uid)": (0.5, lambda: ln.Run.get(uid)),
    }


def run_of(ln, transforms, number, many):
    """A run as both libraries make it."""
    params = {"number": number, "group": number % (many // 1000), "half": number % 3 == 0, "name": f"n{number % 97}"}
    started = datetime(2024, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=number)
    transform = transforms[number % len(transforms)]
    return ln.Run(transform=transform, params=params, started_at=started, status="completed")


def median(work):
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        work()
        times.append((time.perf_counter() - start) * 1000)
    return statistics.median(times)


# -- side by side


def _peer(bench, many):
    """What lamindb takes for the same, in milliseconds by name, where `--lamindb` names an interpreter that has it."""
    if not bench.options.lamindb:
        return {}
    home, work = (os.path.join(bench.folder, "peer", name) for name in ("home", "work"))
    os.makedirs(home)
    os.mkdir(work)
    python = bench.options.lamindb
    environ = {**os.environ, "HOME": home, "PATH": os.path.dirname(python) + os.pathsep + os.environ["PATH"]}
    subprocess.run(["lamin", "init", "--storage", "./store"], cwd=work, env=environ, check=True, capture_output=True)
    done = subprocess.run([python, PEER, str(many)], cwd=work, env=environ, check=False, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{python} {PEER} failed:\n{done.stdout}{done.stderr}")
    found = json.loads(done.stdout.splitlines()[-1])
    print(f"beside lamindb {found['version']}, which has {many:,} runs of the same kind", flush=True)
    return found


def told(peer, name):
    return f"; lamindb {peer[name]:.2f} of {peer['runs']:,}" if name in peer else ""
