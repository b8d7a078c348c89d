"""``reap``: write the end of runs whose process is dead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..base import display
from ..lineage import words
from ..models import Run
from ..models.base import query
from ..tracking import liveness
from . import finding, output

if TYPE_CHECKING:
    import argparse

HOUR = 3600.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which runs, beyond those that are known to be dead."""
    parser.add_argument(
        "--host", metavar="HOST", help="also runs of this machine of which cannot be known from here whether they live"
    )
    parser.add_argument(
        "--older-than",
        metavar="HOURS",
        type=_hours,
        help="also runs of which cannot be known whether they live, started more than so many hours ago",
    )
    parser.add_argument("--dry-run", action="store_true", help="only show them")
    finding.add_common(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print a line for each run that was ended; nothing where there is none."""
    instance = finding.opened(arguments.instance)
    older_than = None if arguments.older_than is None else arguments.older_than * HOUR
    ended = liveness.reap(instance, host=arguments.host, older_than=older_than, dry_run=arguments.dry_run)
    runs = list(query(Run, instance).filter(uid__in=ended).order_by("started_at"))
    if arguments.json:
        said = {"action": "ended", "dry_run": arguments.dry_run, "total": len(runs)}
        output.document({**said, "rows": output.facts(instance, runs)})
        return 0
    for each in runs:
        display.show(_line(each))
    verb = "would be ended" if arguments.dry_run else "ended"
    display.info(f"{len(runs):,} run{'s' * (len(runs) != 1)} {verb}")
    return 0


def _line(found: Any) -> str:
    what = f"{found.transform.key or found.transform.uid}{': ' if found.entrypoint else ''}{found.entrypoint or ''}"
    host = (found.process or {}).get("host") or "an unknown host"
    return words.plain(f"{found.uid}  {what}  started {found.started_at:%Y-%m-%d %H:%M:%S} UTC on {host}")


def _hours(text: str) -> float:
    import argparse

    try:
        hours = float(text)
    except ValueError:
        hours = -1.0
    if not 0 <= hours < 1e9:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of hours, such as 24 or 0.5")
    return hours
