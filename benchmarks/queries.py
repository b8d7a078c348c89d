"""Measure queries among very many runs: `python benchmarks/run.py queries`."""

from __future__ import annotations

import statistics
import time
from datetime import datetime, timedelta, timezone

RUNS = 1_000_000
BATCH = 10_000
ROUNDS = 25


def queries(bench):
    """A million runs of 4 params, saved by `ln.save`, then looked for."""
    ln, _ = bench.connected()
    many = RUNS if bench.options.full else RUNS // 10
    transforms = ln.save([ln.Transform(key=f"t{at}.py") for at in range(100)])
    start = time.perf_counter()
    for first in range(0, many, BATCH):
        ln.save([_run(ln, transforms, number, many) for number in range(first, first + BATCH)])
    bench.row(f"saving {many:,} runs, ms each", (time.perf_counter() - start) * 1000 / many, 0.1, "4 params each")
    runs, uid = ln.Run.filter(), ln.Run.filter(id=many // 2).one().uid
    one = runs.filter(params__group=7)
    two = one.filter(params__half=True)
    for name, limit, work in (
        ("one param, first", 1, one.first),
        ("one param, 20", 1, lambda: list(one[:20])),
        ("two params, first", 3, two.first),
        ("two params, 20", 3, lambda: list(two[:20])),
        ("two params, last started", 5, lambda: two.order_by("-started_at").first()),
        ("half of all, 20 last started", 3, lambda: list(runs.filter(params__half=True).order_by("-started_at")[:20])),
        ("last run of a transform", 1, lambda: runs.filter(transform=transforms[5]).order_by("-started_at").first()),
        ("get(uid)", 0.5, lambda: ln.Run.get(uid)),
    ):
        bench.row(f"{name}, ms", _median(work), limit, f"of {many:,} runs")


def _run(ln, transforms, number, many):
    params = {"number": number, "group": number % (many // 1000), "half": number % 3 == 0, "name": f"n{number % 97}"}
    started = datetime(2024, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=number)
    transform = transforms[number % len(transforms)]
    return ln.Run(transform=transform, params=params, started_at=started, status="completed")


def _median(work):
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        work()
        times.append((time.perf_counter() - start) * 1000)
    return statistics.median(times)
