"""What a description says of a row and of those related to it: facts, single lines, lists that are cut."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional

from ..base import canon, clock
from ..capture.cells import summary
from ..errors import LaminLiteError
from ..models import Artifact, Collection, Run, Transform
from ..sql.tables import moment as day_or_moment
from . import words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from typing import Union

    from ..base.display import Tree
    from ..models import Record
    from ..models.base import SQLRecord
    from ..sql.query import QuerySet

    Branch = Union[str, Tree]

HEAD = 5  #: lines of an environment or a report
LISTED = 10  #: related rows of one kind
CALL = 60  #: characters of the params of a call
WIDTH = 92  #: characters of one value


# -- lists


def facts(**known: object) -> Sequence[Branch]:
    """One line a fact, aligned; those without a value are left out."""
    told = {name.replace("_", " "): str(held) for name, held in known.items() if held not in (None, "")}
    width = max(map(len, told), default=0) + 2
    return [f"{name + ':':{width}}{words.plain(held)}" for name, held in told.items()]


def some(title: str, rows: QuerySet[Any], line: Any = None, *, mark: str = "") -> Tree:
    """How many related rows there are, and the newest of them; no branches where there are none."""
    newest = list(rows.order_by("-id")[: LISTED + 1])
    if not newest:
        return title, []
    total = len(newest) if len(newest) <= LISTED else rows.count()
    return f"{title} ({total:,})", [*_cut(newest, line or line_of, mark), *_more(total)]


def listed(rows: QuerySet[Any], line: Any = None, *, mark: str = "") -> list[str]:
    """The first related rows in their order, one line each, and how many more there are."""
    first = list(rows[: LISTED + 1])
    return _cut(first, line or line_of, mark) + _more(rows.count() if len(first) > LISTED else 0)


def _cut(rows: Sequence[Any], line: Any, mark: str) -> list[str]:
    return [words.shortened(words.plain(line(row)), WIDTH) + mark for row in rows[:LISTED]]


def _more(total: int) -> list[str]:
    return [f"… {total - LISTED:,} more"] if total > LISTED else []


def pairs(values: Optional[dict[str, Any]]) -> Sequence[Branch]:
    """Names and values, one line each."""
    return [
        words.shortened(f"{words.plain(name)} = {words.value(held)}", WIDTH) for name, held in (values or {}).items()
    ]


def features(row: Union[Artifact, Run, Record]) -> Sequence[Branch]:
    """The values of features that a row has."""
    return pairs(feature_values(row))


def feature_values(row: Any) -> dict[str, Any]:
    """The same by name, in JSON's types."""
    values: dict[str, Any] = canon.plain(row.features.get_values(), lambda _: None, [])
    return values


def head(artifact: Optional[Artifact]) -> list[str]:
    """The first lines of a text; of a notebook what it holds."""
    if artifact is None:
        return []
    try:
        loaded = artifact.load(is_run_input=False)
        text = summary(loaded) if artifact.suffix == ".ipynb" else str(loaded)
    except (LaminLiteError, OSError, ValueError) as error:  # a description shows what there is
        return [f"not readable: {error}"]
    return of_text(text, HEAD)


def of_text(text: str, most: int) -> list[str]:
    """A text of several lines as one branch, cut after so many."""
    lines = text.splitlines()
    shown = [words.shortened(words.plain(line.expandtabs(4)), WIDTH) for line in lines[:most]]
    rest = len(lines) - most
    return ["\n".join(shown if rest <= 0 else [*shown, f"… {rest:,} more lines"])] if shown else []


# -- one row


def line_of(row: Any) -> str:
    """A related row in one line."""
    if isinstance(row, Artifact):
        size = f"  {words.size(row.size)}" if row.size is not None else ""
        return f"{title_of(row)}  {row.uid}{size}"
    if isinstance(row, Run):
        return f"{row.uid}  {row.status:9}  {moment(row.started_at)}  {call_of(row)}"
    kind = f"  ({row.type})" if getattr(row, "type_id", None) is not None else ""
    return f"{title_of(row)}{kind}  {row.uid}"


def title_of(row: SQLRecord) -> str:
    """What people call a row."""
    if isinstance(row, Run):
        return call_of(row)
    if isinstance(row, (Artifact, Collection, Transform)):
        return row.key or row.description or row.uid
    known = dict(row._shown())
    return str(known.get("handle") or known.get("name") or known.get("root") or row.uid)


def call_of(run: Run) -> str:
    """A run as a call: transform, entrypoint, and params with the keys of the artifacts that it read."""
    title = str(run.transform.key or run.transform.uid)
    return f"{title}: {call_alone(run)}" if run.entrypoint else title + call_alone(run)


def call_alone(run: Run) -> str:
    """Entrypoint and params of a run."""
    names = {each.uid: each.key or each.uid for each in run.input_artifacts[: LISTED * 2]}
    call = words.arguments(run.params, CALL, names)
    return f"{run.entrypoint or ''}({call})" if call or run.entrypoint else ""


def step(run: Run) -> str:
    """A run within the one that is described; of the same transform, it is the function that matters."""
    within = run.initiated_by_run
    same = within is not None and within.transform == run.transform and run.entrypoint
    return f"{call_alone(run) if same else call_of(run)}  {run.status}  {run.uid}"


def versions(row: Any) -> list[str]:
    """The versions of a family, if there are several."""
    every = list(row.versions)
    if len(every) < 2:
        return []
    lines = [f"{each.uid}  {moment(each.created_at)}" + ("  this one" if each == row else "") for each in every]
    return lines if len(lines) <= LISTED else [f"… {len(lines) - LISTED:,} earlier ones", *lines[-LISTED:]]


# -- cells


def moment(at: Optional[datetime]) -> str:
    """A moment in UTC."""
    return "" if at is None else clock.text(clock.from_datetime(at))


def cell(value: Any) -> Any:
    """The value of a field: moments and days as text."""
    if hasattr(value, "hour"):
        return moment(value)
    return day_or_moment(value) if hasattr(value, "strftime") else value


def end(run: Run) -> str:
    """When a run ended, and how long it took."""
    if run.finished_at is None:
        return ""
    took = ""
    if run.started_at is not None:
        micros = clock.from_datetime(run.finished_at) - clock.from_datetime(run.started_at)
        took = f", after {words.duration(micros)}"
    return moment(run.finished_at) + took + (" (estimated)" if run.is_end_estimated else "")


def process(run: Run) -> str:
    """Where a run was executed."""
    known = run.process
    return "" if known is None else f"Python {known['python']} on {known['host']}, {known['platform']}"


def path(artifact: Artifact) -> str:
    """Where the bytes lie, or why they are not there."""
    if artifact.id is None:
        return ""
    try:
        return str(artifact.path)
    except (LaminLiteError, OSError) as error:  # a description shows what there is
        return f"not there: {error}"


def uses(row: SQLRecord) -> Iterator[str]:
    """Of which features a row is the value, and for how many rows."""
    kind = f"cat[{type(row).__name__}"
    dtypes = [text + after for text in (kind, f"list[{kind}") for after in ("]%", "[%")]
    alike = " OR ".join(["f.dtype LIKE ?"] * len(dtypes))
    for owner in ("artifact", "run", "record"):
        found = row._store.database.read(
            f"SELECT f.name, count(DISTINCT v.owner_id) FROM {owner}_value v JOIN feature f ON f.id = v.feature_id "
            f"JOIN {owner} o ON o.id = v.owner_id WHERE v.kind = 'row' AND v.whole = ? AND o.branch_id > 0 "
            f"AND ({alike}) GROUP BY f.name ORDER BY f.name",
            [row.id, *dtypes],
        )
        yield from (f"{words.plain(name)} of {count:,} {owner}{'' if count == 1 else 's'}" for name, count in found)
