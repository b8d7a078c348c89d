"""A plain value against a column: what ``field__lookup=value`` is in SQL, once the field is found.

Pure: values travel as parameters only. Every condition is true or false, never NULL, so that it can be negated.
"""

from __future__ import annotations

from .. import errors
from ..base import canon, display
from ..base._typing import TYPE_CHECKING
from .fields import Field, IntField, TextField, TimeField
from .relations import successor
from .schema import SQLITE

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    SQL = tuple[str, list[Any]]

_COMPARE = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
_FOLDED = {"iexact", "icontains", "istartswith", "iendswith"}
_INFINITE, _LEAST, _GREATEST = float("inf"), -(2**63), 2**63 - 1


class IdField(IntField["Any"]):
    """The id of a row."""

    type_name = "the id of a row, a whole number"


ID: Field[Any] = IdField()
ID.name = ID.column = "id"


def condition(field: Field[Any], column: str, lookup: str, value: object) -> SQL:
    """``column lookup value`` as SQL that is never NULL."""
    if lookup == "isnull":
        if not isinstance(value, bool):
            raise errors.FieldError(f"{field.name}__isnull is True or False; got {value!r}.")
        return (f"{column} IS NULL" if value else f"{column} IS NOT NULL"), []
    if value is None and lookup != "exact":
        raise errors.FieldError(f"{field.name}__{lookup} needs a value: for empty ones use {field.name}__isnull=True.")
    if lookup == "range":
        low, high = _bounds(field, value)
        low, high = kept(field, low, "gte"), kept(field, high, "lte")
        if can_be(low) and can_be(high):
            return _known(field, column, f"{column} BETWEEN ? AND ?", [low, high])
        (above, least), (below, most) = _beside("gte", low), _beside("lte", high)
        return _known(field, column, f"{column} {above} ? AND {column} {below} ?", [least, most])
    if lookup in ("exact", *_COMPARE):
        if lookup == "exact" and is_between(field, value):
            return "1 = 0", []
        wanted = kept(field, value, lookup)
        if not can_be(wanted):
            if lookup == "exact":
                return "1 = 0", []
            sign, wanted = _beside(lookup, wanted)
            return _known(field, column, f"{column} {sign} ?", [wanted])
        if lookup == "exact":
            composed = _composed(field, wanted)
            if composed != wanted:
                return f"{column} IS NOT NULL AND {column} IN (?, ?)", [wanted, composed]
            return equals(column, wanted, field.null)
        if isinstance(field, IdField) and field.column != "id":  # no index: nearly all rows are in a branch > 0
            return _known(field, column, f"({column} + 0) {_COMPARE[lookup]} ?", [wanted])
        return _known(field, column, f"{column} {_COMPARE[lookup]} ?", [wanted])
    return _text_condition(field, column, lookup, value)


def is_between(field: Field[Any], value: object) -> bool:
    """Whether a number lies between whole ones, so that none equals it."""
    return isinstance(field, IntField) and isinstance(value, float) and not value.is_integer()


def _whole(field: Field[Any], lookup: str, value: Any) -> Any:
    """The whole number that means the same in a comparison, such as 1000 for 1e3 and, for what is greater, 1 for 1.5."""
    if not isinstance(field, IntField) or not isinstance(value, float) or value != value:
        return value
    if value in (_INFINITE, -_INFINITE):
        return 2 * (_GREATEST if value > 0 else _LEAST)
    return int(value // 1) if lookup in ("gt", "lte") else -int(-value // 1)


def can_be(value: object) -> bool:
    """Whether any row can have this value: no text of a database has a NUL or a lone surrogate, no number over 64 bits."""
    if isinstance(value, int):
        return _LEAST <= value <= _GREATEST
    return not isinstance(value, str) or canon.storable(value)


def _beside(lookup: str, value: Any) -> tuple[str, Any]:
    """The same comparison with a value that a database takes, where this one may be none.

    No value of a row lies between the two: of texts, a NUL comes before all that can follow, surrogates lie between
    U+D7FF and U+E000.
    """
    if can_be(value):
        return _COMPARE[lookup], value
    greater = lookup in ("gt", "gte")
    if isinstance(value, int):
        return (">" if greater else "<=", _GREATEST) if value > 0 else (">=" if greater else "<", _LEAST)
    at = next(place for place in range(len(value)) if not canon.storable(value[place]))
    if value[at] == "\0":
        return (">" if greater else "<="), value[:at]
    return (">=" if greater else "<"), value[:at] + "\ue000"


def kept(field: Field[Any], value: object, lookup: str = "exact") -> Any:
    """The value as the database keeps it, or would keep one that lies beyond all that a row can have."""
    if type(field) is TimeField and value is not None:  # what derives from it is a day, which has no time zone
        _notice_local_time(field, value)
    return field.to_bound(_whole(field, lookup, value))


_noticed: list[str] = []  # that a time was taken for local time is said once a process


def _notice_local_time(field: Field[Any], value: object) -> None:
    moment = str(value)
    zoned = (
        getattr(value, "tzinfo", None) is not None
        or moment[-1:] in ("Z", "z")
        or (isinstance(value, str) and ("+" in moment[10:] or "-" in moment[10:]))
    )
    if not zoned and not _noticed:
        field.to_bound(value)  # what is no time is an error, and no notice
        _noticed.append(moment)
        display.notice(f"{field.name} is compared with {moment!r}, which names no time zone: it is taken as local time")


def equals(column: str, value: object, null: bool = True) -> SQL:
    """The column has this value, or with None has none."""
    if value is None:
        return f"{column} IS NULL", []
    return (f"{column} IS NOT NULL AND {column} = ?" if null else f"{column} = ?"), [value]


def _known(field: Field[Any], column: str, text: str, params: list[Any]) -> SQL:
    return (f"{column} IS NOT NULL AND {text}" if field.null else text), params


def _composed(field: Field[Any], value: Any) -> Any:
    """The composed form in which keys and names are kept: macOS gives names in the other one."""
    if not field.fold or not isinstance(value, str) or value.isascii():
        return value
    import unicodedata

    return unicodedata.normalize("NFC", value)


def _bounds(field: Field[Any], value: object) -> list[Any]:
    bounds = list(value) if hasattr(value, "__iter__") and not isinstance(value, (str, bytes)) else []
    if len(bounds) != 2 or None in bounds:
        raise errors.FieldError(f"{field.name}__range needs the least and the greatest value; got {value!r}.")
    return bounds


def _text_condition(field: Field[Any], column: str, lookup: str, value: object) -> SQL:
    if not isinstance(field, TextField) or not isinstance(value, str):
        raise errors.FieldError(f"{field.name}__{lookup} needs a text field and a text; got {value!r}.")
    if lookup in _FOLDED:
        value = value.casefold()
        column = f"{column}_fold" if field.fold else SQLITE.folded(column)
        lookup = lookup[1:]
    if not can_be(value):
        return "1 = 0", []
    if lookup == "exact":
        return equals(column, value, field.null)
    return _known(field, column, *TEXT_TESTS[lookup](column, value))


def _startswith(column: str, value: str) -> SQL:
    after = successor(value)
    if after is None:  # empty, or nothing but the last character that there is
        return f"substr({column}, 1, {len(value)}) = ?", [value]
    return f"{column} >= ? AND {column} < ?", [value, after]


def _endswith(column: str, value: str) -> SQL:
    return (f"{SQLITE.ending(column, len(value))} = ?" if value else "1 = 1"), [value] if value else []


def _contains(column: str, value: str) -> SQL:
    return f"{SQLITE.position(column)} > 0", [value]


TEXT_TESTS: dict[str, Callable[[str, str], SQL]] = {
    "startswith": _startswith,
    "endswith": _endswith,
    "contains": _contains,
}
