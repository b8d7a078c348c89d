"""`describe` of records: all that is known of one, as a tree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional

from ..base import display, markup
from ..models import Artifact, Branch, Collection, Feature, Record, Run, Space, Transform
from ..models.base import EVERYBODYS, MAIN, Manager
from ..models.related import bearers
from ..models.versions import Versioned
from ..sql.fields import BoolField, ForeignKey
from . import lines, repository, words
from .lines import facts, listed, some

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Union

    from ..models.base import SQLRecord
    from ..sql.relations import Relation

    Tree = display.Tree
    Theme = Union[str, Tree]

SOURCE = 15  #: lines of source code
LABELS = ("projects", "records", "ulabels")  #: relations to what people label with, where a record has them
_IN_HEADER = frozenset("uid description created_at created_by branch space is_locked run type".split())


def describe(row: SQLRecord, return_str: bool = False) -> Optional[str]:
    """Print the tree of a row, or return it."""
    tree = tree_of(row)
    text = display.draw_tree(tree)
    if return_str:
        return text
    display.show_rich(display.Rich(text, markup.tree(tree)) if display.is_notebook() else text)
    return None


def tree_of(row: SQLRecord) -> Tree:
    """The tree: the title, then one branch a theme; a theme that has nothing is left out."""
    if isinstance(row, Artifact):
        themes = _artifact(row)
    elif isinstance(row, Run):
        themes = _run(row)
    elif isinstance(row, Transform):
        themes = _transform(row)
    elif isinstance(row, Collection):
        themes = _collection(row)
    else:
        themes = _other(row)
    title = f"{type(row).__name__}: {words.plain(lines.title_of(row))}"
    if row.id is None:
        return (title, [next(themes)])  # nothing refers to it yet
    return (title, [theme for theme in themes if isinstance(theme, str) or theme[1]])


# -- each kind of record


def _artifact(row: Artifact) -> Iterator[Theme]:
    size = words.size(row.size) + (f" in {row.n_files:,} files" if row.n_files is not None else "")
    yield _header(
        row,
        kind=row.kind,
        otype=row.otype,
        size=size,
        observations=row.n_observations,
        hash=row.hash,
        path=lines.path(row),
    )
    yield "Features", lines.features(row)
    yield "Extra data", lines.pairs(row.extra_data)
    yield some("Read by", row.input_of_runs)
    yield some("Collections", row.collections)
    yield "Labels", _labels(row)
    yield "Versions", lines.versions(row)


def _run(row: Run) -> Iterator[Theme]:
    parent, extra = row.initiated_by_run, dict(row.extra_data or {})
    git = extra.pop("git") if isinstance(extra.get("git"), dict) else None
    yield _header(
        row,
        name=row.name,
        transform=f"{row.transform} ({row.transform.uid})",
        status=row.status + (f", exit code {row.exit_code}" if row.exit_code else ""),
        started=lines.moment(row.started_at),
        finished=lines.end(row),
        cli_args=row.cli_args,
        initiated_by=None if parent is None else lines.named(parent),
        reference=row.reference,
        process=lines.process(row),
    )
    yield "Params", lines.pairs(row.params, lines.titles_in(row))
    yield "Features", lines.features(row)
    yield "Repository", repository.state(git)
    yield "Extra data", lines.pairs(extra)
    yield "Inputs", listed(row.input_collections) + listed(row.input_artifacts)
    made = listed(row.output_collections) + listed(row.created_artifacts)
    yield "Outputs", made + listed(row.recreated_artifacts, mark="  (was there already)")
    for name in ("transforms", "records", "ulabels", "features", "projects"):
        yield some(f"Output {name}", getattr(row, f"output_{name}"))
    yield "Steps", listed(row.steps, lines.step)
    yield "Labels", _labels(row)
    yield "Environment", lines.head(row.environment)
    yield "Report", lines.head(row.report)


def _transform(row: Transform) -> Iterator[Theme]:
    yield _header(row, kind=row.kind, hash=row.hash, reference=row.reference)
    yield "Labels", _labels(row)
    yield "Versions", lines.versions(row)
    yield some("Runs", row.runs)
    yield "Source code", lines.of_text(row.source_code or "", SOURCE)


def _collection(row: Collection) -> Iterator[Theme]:
    yield _header(row, hash=row.hash, reference=row.reference)
    yield "Artifacts", listed(row.artifacts)
    yield some("Read by", row.input_of_runs)
    yield "Labels", _labels(row)
    yield "Versions", lines.versions(row)


def _other(row: SQLRecord) -> Iterator[Theme]:
    yield _header(row, **dict(_own_facts(row)))
    if isinstance(row, Record):
        yield "Features", lines.features(row)
        yield "Extra data", lines.pairs(row.extra_data)
    yield "Labels", _labels(row)
    yield from _related(row)
    if isinstance(row, Feature):
        yield from _values(row)
    yield "Value of features", [*lines.uses(row)]


# -- what they have in common


def _header(row: Any, **own: object) -> Tree:
    """The facts that all registries have, and those of this one."""
    values, known = row._values, {"uid": row.uid, "description": lines.Prose(row._values.get("description") or "")}
    if isinstance(row, Versioned):
        known["version"] = row.version + ("" if row.is_latest else " (not the latest)")
    if values.get("type_id") is not None:
        known["type"] = lines.title_of(row.type)
    known.update(own)
    if values.get("branch_id", MAIN) != MAIN:
        known["branch"] = row.branch.name
    if values.get("space_id") not in (None, EVERYBODYS):
        known["space"] = row.space.name
    if values.get("is_locked"):
        known["locked"] = "yes"
    by = f" by {row.created_by.handle}" if values.get("created_by_id") is not None else ""
    known["created"] = "not saved yet" if row.id is None else lines.moment(row.created_at) + by
    if values.get("run_id") is not None:
        known["run"] = lines.named(row.run)
    return "General", facts(**known)


def _own_facts(row: SQLRecord) -> Iterator[tuple[str, Any]]:
    fields = row.__table__.fields
    for name, value in row._shown():
        field = fields[name]
        if name == "type" and not isinstance(field, ForeignKey):
            yield name, value
        elif name in _IN_HEADER or isinstance(field, ForeignKey) or isinstance(value, (dict, list)):
            continue
        elif not isinstance(field, BoolField):
            yield name, lines.cell(value)
        elif value != field.usual:
            yield name, "yes" if value else "no"


def _labels(row: SQLRecord) -> list[str]:
    found = []
    for name, relation in row.__relations__.items():
        if _is_label(name, relation):
            found += [f"{name}: {line}" for line in listed(getattr(row, name), lines.title_of)]
    return found


def _is_label(name: str, relation: Relation) -> bool:
    """Whether the row bears these, and is not itself the label."""
    return name in LABELS and bearers.get(relation.through) == relation.near


def _related(row: SQLRecord) -> Iterator[Tree]:
    """The rows on the other side of all relations that are no labels, those of this type first."""
    if row._values.get("is_type"):
        members = Manager(type(row), row._store).filter(type=row)
        yield some(f"{type(row).__name__}s of this type", members)
    for name, relation in row.__relations__.items():
        if relation.near != "type_id" and not _is_label(name, relation):
            yield some(name.replace("_", " ").capitalize(), getattr(row, name))
    if isinstance(row, (Space, Branch)):
        for model in (Artifact, Run, Transform):
            yield some(f"{model.__name__}s", Manager(model, row._store).filter(**{row.__table__.name: row}))


def _values(row: Feature) -> Iterator[Tree]:
    """The rows that have a value of the feature, and which."""

    def line(owner: Any) -> str:
        value = words.shortened(words.value(lines.feature_values(owner).get(str(row.name))), words.VALUE)
        return f"{value}  {lines.title_of(owner)}  {owner.uid}"

    for model in (Artifact, Run, Record):
        owner, rows = model.__table__.name, Manager(model, row._store).filter()
        yield some(
            f"Values of {owner}s", rows.within(f"owner_id FROM {owner}_value WHERE feature_id = ?", [row.id]), line
        )
