"""`describe` of records: all that is known of one, as a tree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional

from ..base import canon, clock, display
from ..errors import LaminLiteError
from ..models import Artifact, Collection, Record, Run, Transform
from . import words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from typing import Union

    from ..models.base import SQLRecord
    from ..sql.query import QuerySet

    Tree = display.Tree
    Branch = Union[str, Tree]

HEAD = 5  #: lines of an environment or a report
SOURCE = 15  #: lines of source code
LISTED = 10  #: related rows of one kind
LABELS = ("projects", "records", "ulabels")  #: relations to what people label with, where a record has them
CALL = 60  #: characters of the params of a call
WIDTH = 92  #: characters of one value


def describe(row: SQLRecord, return_str: bool = False) -> Optional[str]:
    """Print the tree of a row, or return it."""
    text = display.draw_tree(tree_of(row))
    if return_str:
        return text
    display.show(text)
    return None


def tree_of(row: SQLRecord) -> Tree:
    """The tree: the title, then one branch a theme; a theme that has nothing is left out."""
    if isinstance(row, Artifact):
        title, themes = _artifact(row)
    elif isinstance(row, Run):
        title, themes = _run(row)
    elif isinstance(row, Transform):
        title, themes = _transform(row)
    else:
        title, themes = (
            str(row._values.get("name") or row._values.get("key") or row._values.get("handle") or row.uid),
            _other(row),
        )
    kind = type(row).__name__
    return (f"{kind}: {words.plain(title)}", [theme for theme in themes if isinstance(theme, str) or theme[1]])


# -- each kind of record


def _artifact(row: Artifact) -> tuple[str, Iterator[Branch]]:
    def themes() -> Iterator[Branch]:
        size = f"{words.size(row.size)}" + (f" in {row.n_files:,} files" if row.n_files is not None else "")
        yield (
            "General",
            _facts(
                uid=row.uid,
                description=row.description,
                version=row.version + ("" if row.is_latest else " (not the latest)"),
                kind=row.kind,
                otype=row.otype,
                size=size,
                observations=row.n_observations,
                hash=row.hash,
                path=_path(row),
                created=_who_when(row),
                run=None if row.run is None else f"{run_line(row.run)} ({row.run.uid})",
            ),
        )
        yield "Features", _features(row)
        yield "Extra data", _pairs(row.extra_data)
        yield "Read by", _listed(row.input_of_runs, run_line)
        yield "Labels", _labels(row)
        yield "Versions", _versions(row)

    return row.key or row.description or row.uid, themes()


def _run(row: Run) -> tuple[str, Iterator[Branch]]:
    def themes() -> Iterator[Branch]:
        parent = row.initiated_by_run
        yield (
            "General",
            _facts(
                uid=row.uid,
                name=row.name,
                description=row.description,
                transform=f"{row.transform} ({row.transform.uid})",
                status=row.status + (f", exit code {row.exit_code}" if row.exit_code else ""),
                started=_moment(row.started_at),
                finished=_end(row),
                cli_args=row.cli_args,
                initiated_by=None if parent is None else f"{run_line(parent)} ({parent.uid})",
                reference=row.reference,
                created_by=row.created_by.handle,
                process=_process(row),
            ),
        )
        yield "Params", _pairs(row.params)
        yield "Features", _features(row)
        yield "Extra data", _pairs(row.extra_data)
        yield "Inputs", _listed(row.input_artifacts, _file_line)
        yield "Outputs", [*_outputs(row)]
        yield "Steps", _listed(row.steps, _step)
        yield "Labels", _labels(row)
        yield "Environment", _head(row.environment)
        yield "Report", _head(row.report)

    return run_line(row), themes()


def _transform(row: Transform) -> tuple[str, Iterator[Branch]]:
    def themes() -> Iterator[Branch]:
        yield (
            "General",
            _facts(
                uid=row.uid,
                description=row.description,
                version=row.version + ("" if row.is_latest else " (not the latest)"),
                kind=row.kind,
                hash=row.hash,
                reference=row.reference,
                created=_who_when(row),
            ),
        )
        yield "Labels", _labels(row)
        yield "Versions", _versions(row)
        yield "Runs", _listed(row.runs, _dated_run)
        yield "Source code", _lines(row.source_code or "", SOURCE)

    return row.key or row.uid, themes()


def _other(row: SQLRecord) -> Iterator[Branch]:
    facts: dict[str, Any] = {}
    for name, field in row.__table__.fields.items():
        if not field.hidden and not field.column.endswith("_id"):
            held = getattr(row, name)
            facts[name] = _moment(held) if hasattr(held, "strftime") else held
    yield "General", _facts(**facts)
    if isinstance(row, Collection):
        yield "Artifacts", _listed(row.artifacts, _file_line)
        yield "Labels", _labels(row)
        yield "Versions", _versions(row)
    if isinstance(row, Record):
        yield "Features", _features(row)


# -- lines


def run_line(run: Run) -> str:
    """A run as a call: transform, entrypoint, and params with the keys of the artifacts that it read."""
    title = str(run.transform.key or run.transform.uid)
    return f"{title}: {_call(run)}" if run.entrypoint else title + _call(run)


def _call(run: Run) -> str:
    names = {each.uid: each.key or each.uid for each in run.input_artifacts[: LISTED * 2]}
    call = words.arguments(run.params, CALL, names)
    return f"{run.entrypoint or ''}({call})" if call or run.entrypoint else ""


def _step(run: Run) -> str:
    return f"{_call(run)}  {run.status}"


def _dated_run(run: Run) -> str:
    return f"{run.uid}  {run.entrypoint or 'script'}  {run.status}  {_moment(run.started_at)}"


def _file_line(artifact: Artifact) -> str:
    size = f"  {words.size(artifact.size)}" if artifact.size is not None else ""
    return f"{artifact.key or artifact.description or artifact.uid}  {artifact.uid}{size}"


def _outputs(run: Run) -> Iterator[str]:
    yield from _listed(run.created_artifacts, _file_line)
    yield from (f"{line}  (was there already)" for line in _listed(run.recreated_artifacts, _file_line))


def _labels(row: SQLRecord) -> list[str]:
    found = []
    for name in LABELS:
        if name in row.__relations__:
            found += [f"{name}: {line}" for line in _listed(getattr(row, name), lambda label: label.name)]
    return found


def _versions(row: Any) -> list[str]:
    versions = list(row.versions)
    if len(versions) < 2:
        return []
    lines = [f"{each.uid}  {_moment(each.created_at)}" + ("  this one" if each == row else "") for each in versions]
    return lines if len(lines) <= LISTED else [f"… {len(lines) - LISTED:,} earlier ones", *lines[-LISTED:]]


def _listed(rows: QuerySet[Any], line: Any) -> list[str]:
    lines = [words.shortened(words.plain(line(row)), WIDTH) for row in rows[: LISTED + 1]]
    return lines if len(lines) <= LISTED else [*lines[:LISTED], f"… {rows.count() - LISTED:,} more"]


def _facts(**facts: object) -> Sequence[Branch]:
    known = {name.replace("_", " "): str(held) for name, held in facts.items() if held not in (None, "")}
    width = max(map(len, known), default=0) + 2
    return [f"{name + ':':{width}}{words.plain(held)}" for name, held in known.items()]


def _pairs(values: Optional[dict[str, Any]]) -> Sequence[Branch]:
    return [
        words.shortened(f"{words.plain(name)} = {words.value(held)}", WIDTH) for name, held in (values or {}).items()
    ]


def _features(row: Union[Artifact, Run, Record]) -> Sequence[Branch]:
    return _pairs(canon.plain(row.features.get_values(), lambda _: None, []))


def _head(artifact: Optional[Artifact]) -> list[str]:
    if artifact is None:
        return []
    try:
        text = str(artifact.load(is_run_input=False))
    except (LaminLiteError, OSError, ValueError) as error:  # a description shows what there is
        return [f"not readable: {error}"]
    return _lines(text, HEAD)


def _lines(text: str, most: int) -> list[str]:
    lines = text.splitlines()
    shown = [words.shortened(words.plain(line.expandtabs(4)), WIDTH) for line in lines[:most]]
    rest = len(lines) - most
    return ["\n".join(shown if rest <= 0 else [*shown, f"… {rest:,} more lines"])] if shown else []


# -- cells


def _moment(at: Optional[datetime]) -> str:
    return "" if at is None else clock.text(clock.from_datetime(at))


def _who_when(row: Any) -> str:
    return f"{_moment(row.created_at)} by {row.created_by.handle}"


def _end(run: Run) -> str:
    if run.finished_at is None:
        return ""
    took = ""
    if run.started_at is not None:
        micros = clock.from_datetime(run.finished_at) - clock.from_datetime(run.started_at)
        took = f", after {words.duration(micros)}"
    return _moment(run.finished_at) + took + (" (estimated)" if run.is_end_estimated else "")


def _process(run: Run) -> str:
    facts = run.process
    if facts is None:
        return ""
    return f"Python {facts['python']} on {facts['host']}, {facts['platform']}"


def _path(artifact: Artifact) -> str:
    try:
        return str(artifact.path)
    except (LaminLiteError, OSError) as error:  # a description shows what there is
        return f"not there: {error}"
