"""``reap``: write the end of runs whose process is dead."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..base import display
from ..models import Run
from ..models.base import query
from ..tracking import liveness
from . import finding

if TYPE_CHECKING:
    import argparse

    from ..instance import Instance

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
    finding.add_instance(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print a line for each run that was ended; nothing where there is none."""
    instance = finding.opened(arguments.instance)
    older_than = None if arguments.older_than is None else arguments.older_than * HOUR
    ended = liveness.reap(instance, host=arguments.host, older_than=older_than, dry_run=arguments.dry_run)
    for uid in ended:
        display.show(_line(instance, uid))
    verb = "would be ended" if arguments.dry_run else "ended"
    display.info(f"{len(ended):,} run{'s' * (len(ended) != 1)} {verb}")
    return 0


def _line(instance: Instance, uid: str) -> str:
    found = query(Run, instance).filter(uid=uid).one()
    what = f"{found.transform.key or found.transform.uid}{': ' if found.entrypoint else ''}{found.entrypoint or ''}"
    host = (found.process or {}).get("host") or "an unknown host"
    return f"{uid}  {what}  started {found.started_at:%Y-%m-%d %H:%M:%S} UTC on {host}"


def _hours(text: str) -> float:
    import argparse

    try:
        hours = float(text)
    except ValueError:
        hours = -1.0
    if not 0 <= hours < 1e9:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of hours, such as 24 or 0.5")
    return hours
