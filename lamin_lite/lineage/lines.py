"""What a description says of a row and of those related to it: facts, single lines, lists that are cut."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple, Optional

from ..base import canon, clock
from ..capture.cells import summary
from ..errors import LaminLiteError
from ..models import Artifact, Collection, Run, Transform
from ..models.base import Manager
from ..sql.tables import cut, terminal_width
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
NAMED = 20  #: rows among the params of a run
CALL = 60  #: characters of the params of a call
WIDTH, NARROWEST = 92, 52  #: characters of one value, in a terminal that has room for them and in one that has not
INDENT = 8  #: characters before it
KEY = 40  #: characters of the key of a run's transform


# -- lists


class Prose(NamedTuple):
    """A value that is cut where the terminal is narrow, but for its end; all others are told whole, to be copied."""

    text: str
    end: str = ""


def facts(**known: object) -> Sequence[Branch]:
    """One line a fact, aligned; those without a value are left out."""
    told = {name.replace("_", " "): held for name, held in known.items() if held not in (None, "", Prose(""))}
    width = max(map(len, told), default=0) + 2
    return [f"{name + ':':{width}}{_fact(held, _room() - width)}" for name, held in told.items()]


def _fact(held: object, room: int) -> str:
    if isinstance(held, Prose):
        return words.shortened(words.plain(held.text), room - len(held.end)) + held.end
    return words.plain(held)


def named(run: Run) -> Prose:
    """A run as a call, and its uid."""
    return Prose(call_of(run), f" ({run.uid})")


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


def _room() -> int:
    """Characters of one value: less in a narrow terminal."""
    return max(NARROWEST, min(WIDTH, terminal_width() - INDENT))


def _cut(rows: Sequence[Any], line: Any, mark: str) -> list[str]:
    return [words.shortened(words.plain(line(row)), _room() - len(mark)) + mark for row in rows[:LISTED]]


def _more(total: int) -> list[str]:
    return [f"… {total - LISTED:,} more"] if total > LISTED else []


def pairs(values: Optional[dict[str, Any]], names: Optional[dict[str, str]] = None) -> Sequence[Branch]:
    """Names and values, one line each; saved rows by ``names``: uid -> title."""
    return [
        words.shortened(f"{words.plain(name)} = {words.value(held, names)}", _room())
        for name, held in (values or {}).items()
    ]


def titles_in(run: Run) -> dict[str, str]:
    """What people call the rows that are params of a run, the first of many, by uid; a run by registry and uid."""
    rows = [*islice(words.rows_in(run.params), NAMED)]
    found = {uid: f"{kind}[{uid}]" for kind, uid in rows}
    for model in (Artifact, Collection, Transform):
        uids = [uid for kind, uid in rows if kind == model.__name__]
        if uids:
            among = Manager(model, run._store).filter(uid__in=uids, branch=None)
            found.update((each.uid, title_of(each)) for each in among)
    return found


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
    shown = [words.shortened(words.plain(line.expandtabs(4)), _room()) for line in lines[:most]]
    rest = len(lines) - most
    return ["\n".join(shown if rest <= 0 else [*shown, f"… {rest:,} more lines"])] if shown else []


# -- one row


def line_of(row: Any) -> str:
    """A related row in one line; of a long key its end."""
    if isinstance(row, Run):
        return f"{row.uid}  {row.status:9}  {moment(row.started_at)}  {call_of(row)}"
    notes = f"  {row.uid}"
    if isinstance(row, Artifact) and row.size is not None:
        notes += f"  {words.size(row.size)}"
    if getattr(row, "type_id", None) is not None:
        notes = f"  ({row.type}){notes}"
    return cut(words.plain(title_of(row)), max(KEY, _room() - len(notes)), _kind_of_title(row)) + notes


def _kind_of_title(row: SQLRecord) -> str:
    return "key" if isinstance(row, (Artifact, Collection, Transform)) else "name"


def title_of(row: SQLRecord) -> str:
    """What people call a row."""
    if isinstance(row, Run):
        return call_of(row)
    if isinstance(row, (Artifact, Collection, Transform)):
        return row.key or row.description or row.uid
    known = dict(row._shown())
    return str(known.get("handle") or known.get("name") or known.get("root") or row.uid)


def call_of(run: Run) -> str:
    """A run as a call: transform, entrypoint, and params with the keys of the artifacts among them."""
    title = cut(str(run.transform.key or run.transform.uid), KEY, "key")
    return f"{title}: {call_alone(run)}" if run.entrypoint else title + call_alone(run)


def call_alone(run: Run) -> str:
    """Entrypoint and params of a run."""
    call = words.arguments(run.params, CALL, titles_in(run))
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
