"""How rows are written: a table, a list of fields, one JSON document."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Optional

from ..base import display
from ..lineage import words
from ..models import Run, Storage
from ..sql.fields import ForeignKey
from ..sql.tables import cut, terminal_width, text_width
from . import registries

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from ..instance import Instance
    from ..models.base import SQLRecord

    Facts = dict[str, Any]

#: what a list shows of each registry; of the others what is there of the last entry
COLUMNS = {
    "artifact": "uid key description kind size version created_at created_by",
    "transform": "uid key description kind version created_at created_by",
    "run": "uid transform entrypoint status started_at created_by",
    "user": "uid handle name created_at",
    "storage": "uid path type description created_at",
    "": "uid name key type dtype is_type description version created_at created_by",
}
_SHOWN_THOUGH_HIDDEN = ("branch", "space", "updated_at")
_NARROWEST = 16  #: what a text keeps where the terminal is too narrow
_WHOLE = frozenset("registry uid size version status kind is_type started_at created_at".split())  #: never cut
_DISPENSABLE = ("created_by", "version", "created_at", "kind", "is_type", "description")  #: in this order
_MANY = 500  #: related rows that are read at once


# -- rows as plain values


class Related(dict[str, "Any"]):
    """What is told of a related row: its uid, and its key or name."""


def facts(instance: Instance, rows: Sequence[SQLRecord]) -> list[Facts]:
    """Rows of one registry as dicts: fields in their order; of a related row its uid, and its key or name."""
    if not rows:
        return []
    model = type(rows[0])
    fields = [f for f in model.__table__.fields.values() if not f.hidden or f.name in _SHOWN_THOUGH_HIDDEN]
    related = {f.name: _related(instance, f, rows) for f in fields if isinstance(f, ForeignKey)}
    return [
        {
            "registry": registries.name(model),
            **{f.name: related[f.name].get(row._values[f.column]) if f.name in related else getattr(row, f.name) for f in fields},
            **({"path": row.path} if isinstance(row, Storage) else {}),
            **({"version": getattr(row, "version")} if "version_tag" in model.__table__.fields else {}),  # noqa: B009
        }
        for row in rows
    ]  # fmt: skip


def _related(instance: Instance, field: ForeignKey[Any], rows: Sequence[SQLRecord]) -> dict[Optional[int], Facts]:
    numbers = sorted({row._values[field.column] for row in rows} - {None})
    model = registries.target(field)
    manager = registries.manager(instance, model)
    everywhere: dict[str, Any] = {"branch": None} if "branch" in model.__table__.fields else {}
    found: dict[Optional[int], Facts] = {}
    for start in range(0, len(numbers), _MANY):
        for row in manager.filter(id__in=numbers[start : start + _MANY], **everywhere):
            found[row.id] = brief(row)
    return found


def brief(row: SQLRecord) -> Related:
    """A related row: its uid, and what people call it."""
    if isinstance(row, Run):
        return Related({"uid": row.uid, "entrypoint": row.entrypoint, "transform": row.transform.key})
    if isinstance(row, Storage):
        return Related({"uid": row.uid, "root": row.root, "path": row.path})
    field = next(registries.title_fields(type(row)), None)
    return Related({"uid": row.uid} if field is None else {"uid": row.uid, field: getattr(row, field)})


# -- JSON


def document(value: object) -> None:
    """Write one JSON document, in ASCII, so that no text in it can steer a terminal."""
    display.show(json_text(value))


def json_text(value: object) -> str:
    """A value as a JSON document."""
    import json

    return json.dumps(plain(value), indent=2, allow_nan=False)


def plain(value: Any) -> Any:
    """The same in JSON's own types: moments in ISO 8601, numbers that JSON lacks as text."""
    if isinstance(value, dict):
        return {str(name): plain(held) for name, held in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(held) for held in value]
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return str(value)
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)


def done(instance: Instance, row: SQLRecord, action: str, sentence: str, *, as_json: bool) -> None:
    """Say what was done to a row: in words, or as JSON ``{"action", "record"}``."""
    if as_json:
        document({"action": action, "record": facts(instance, [row])[0]})
    else:
        display.info(words.plain(sentence))


# -- for people


def field_list(row: Facts) -> str:
    """One line a field that has a value, aligned."""
    shown = {name: _cell(name, held) for name, held in row.items() if held is not None}
    width = max(map(len, shown)) + 2
    return "\n".join(f"{name + ':':{width}}{text}" for name, text in shown.items())


def show_table(rows: Sequence[Facts], columns: Sequence[str], wanted: Sequence[str] = ()) -> None:
    """Print rows as an aligned table; columns without any value are left out, and those that do not fit are named.

    ``wanted``: more columns, also without values.
    """
    cells = {
        name: [_heading(name), *(_table_cell(name, row.get(name), is_flag=name not in wanted) for row in rows)]
        for name in dict.fromkeys([*columns, *wanted])
    }
    cells = {name: column for name, column in cells.items() if name in wanted or any(column[1:])}
    widths = _fitted({name: max(map(text_width, column)) for name, column in cells.items()}, wanted)
    lines = (
        "  ".join(
            _padded(cells[name][at], width, _way_to_cut(name, rows[at - 1])) for name, width in widths.items()
        ).rstrip()
        for at in range(len(rows) + 1)
    )
    display.show("\n".join(lines))
    left_out = [_heading(name).lower() for name in cells if name not in widths]
    if left_out:
        display.info(f"no room for {', '.join(left_out)}: --json has all")


def _heading(name: str) -> str:
    return words.plain(name if "__" in name else name.replace("_", " ")).upper()


def columns_of(registry: str) -> list[str]:
    """What a list of a registry shows."""
    return COLUMNS.get(registry, COLUMNS[""]).split()


def _table_cell(name: str, value: Any, *, is_flag: bool = False) -> str:
    """``is_flag``: what is not the case is left blank, so that what is the case is seen."""
    if isinstance(value, Related):
        return words.plain([held for held in value.values() if held][-1])
    if hasattr(value, "hour"):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, list):
        return ", ".join(_table_cell(name, each) for each in value)
    return "" if value is None or (is_flag and value is False) else _cell(name, value)


def _way_to_cut(name: str, row: Facts) -> str:
    """A column that is cut as this one is in this row: a title is a key or path, whose end says more, or a name."""
    if name != "title":
        return name
    return next(registries.title_fields(registries.known()[row["registry"]]), name)


def _cell(name: str, value: Any) -> str:
    if isinstance(value, Related):
        *_, title = (held for held in value.values() if held)
        return words.plain(title if title == value["uid"] else f"{title} ({value['uid']})")
    if isinstance(value, bool):
        return "yes" if value else "no"
    if name == "size" and isinstance(value, int):
        return words.size(value)
    if hasattr(value, "hour"):
        return _moment(value)
    if isinstance(value, (dict, list)):
        import json

        return words.plain(json.dumps(plain(value), ensure_ascii=False))
    return _text(str(value))


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def _text(text: str) -> str:
    """One line; of several the first, and how many there are."""
    lines = text.splitlines()
    if len(lines) < 2:
        return words.plain(text)
    return f"{words.plain(lines[0])} … ({len(lines):,} lines)"


def _fitted(widths: dict[str, int], wanted: Sequence[str]) -> dict[str, int]:
    """The columns that a terminal has room for, and their widths; what is no terminal takes all.

    A text is cut down to `_NARROWEST` characters before a column is left out; the first two columns never are, and
    those that are wanted go last.
    """
    if not (sys.stdout is not None and sys.stdout.isatty()):
        return widths
    columns, shown = terminal_width(), dict(widths)
    others = [*reversed([*widths][2:])]
    order = sorted([*_DISPENSABLE, *(name for name in others if name not in _DISPENSABLE)], key=wanted.__contains__)
    for dropped in ("", *order):
        shown.pop(dropped, None)
        room = columns - 2 * (len(shown) - 1)
        cut = {name: width for name, width in shown.items() if name not in _WHOLE and width > _NARROWEST}
        if sum(shown.values()) - sum(width - _NARROWEST for width in cut.values()) <= room:
            break
    while sum(shown.values()) > room and cut:
        widest = max(cut, key=lambda name: shown[name])
        if shown[widest] <= _NARROWEST:
            break
        shown[widest] -= 1
    return shown


def _padded(text: str, width: int, name: str) -> str:
    text = cut(text, width, name)
    space = " " * (width - text_width(text))
    return space + text if name == "size" else text + space


def notice(lines: Iterable[str]) -> None:
    """Words beside the data, on standard error."""
    for line in lines:
        display.info(words.plain(line))
