"""What lamindb takes for the queries of `queries.py`, as one line of JSON; run by an interpreter that has it."""

from __future__ import annotations

import json
import sys
import time

import lamindb as ln
import queries


def run_of(transforms, number, many):
    """The same run, by the arguments that lamindb knows."""

    class Runs:
        @staticmethod
        def Run(*, transform, params, started_at, status):  # noqa: ARG004, N802 - as it is called
            run = ln.Run(transform=transform)
            run.params, run.started_at = params, started_at
            return run

    return queries.run_of(Runs, transforms, number, many)


def main():
    many = int(sys.argv[1])
    transforms = [ln.Transform(key=f"t{at}.py", kind="script").save() for at in range(100)]
    start = time.perf_counter()
    for first in range(0, many, 10_000):
        ln.save([run_of(transforms, number, many) for number in range(first, min(many, first + 10_000))])
    found = {"version": ln.__version__, "runs": many, "saving": (time.perf_counter() - start) * 1000 / many}
    runs = ln.Run.filter()
    uid = runs.filter(id=many // 2).one().uid
    for name, (_, work) in queries.searches(ln, runs, transforms[5], uid).items():
        found[name] = queries.median(work)
    one = runs.filter(params__group=7)
    found["count of 1,000"], found["all of 1,000"] = queries.median(one.count), queries.median(lambda: list(one.all()))
    print(json.dumps(found))


if __name__ == "__main__":
    main()
