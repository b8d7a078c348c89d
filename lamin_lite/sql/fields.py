"""Descriptors of columns: a class attribute that reads and writes a value of a row, and knows its SQL."""

from __future__ import annotations

from .. import errors
from ..base import canon, clock, display
from ..base._typing import TYPE_CHECKING, Generic, T

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from typing import Any, Optional, Protocol, Union, overload

    class HasValues(Protocol):
        """What a field needs of the row that it belongs to."""

        _values: dict[str, Any]


class Field(Generic[T]):
    """A column. On a class it is itself, on a row its value.

    ``null``: may be empty. ``default``: for new rows. ``unique``: by an index. ``fold``: has a casefolded shadow
    column for lookups that ignore case. ``hidden``: not shown in tables. ``frozen``: cannot be changed once saved.
    ``usual``: the value that nobody needs to be told: a printed table leaves a column out that holds nothing else.
    ``long``: its values are so long that they come last in the file, as what lies behind them is slow to reach.
    """

    sql = "TEXT"
    type_name = "text"

    def __init__(
        self,
        *,
        null: bool = False,
        default: object = None,
        unique: bool = False,
        fold: bool = False,
        hidden: bool = False,
        frozen: bool = False,
        usual: object = None,
        long: bool = False,
    ) -> None:
        self.null = null
        self.default = default
        self.unique = unique
        self.fold = fold
        self.hidden = hidden
        self.frozen = frozen
        self.usual = usual
        self.long = long

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name
        self.column = name

    if TYPE_CHECKING:

        @overload
        def __get__(self, row: None, owner: type) -> Field[T]: ...
        @overload
        def __get__(self, row: HasValues, owner: type) -> T: ...

    def __get__(self, row: Optional[HasValues], owner: Optional[type] = None) -> Union[Field[T], T]:
        if row is None:
            return self
        value: T = row._values[self.name]
        return value

    def __set__(self, row: HasValues, value: T) -> None:
        self.check_not_frozen(row)
        row._values[self.name] = self.check(value)

    def check_not_frozen(self, row: HasValues) -> None:
        """Raise `Conflict` for a row that is saved, if the field cannot be changed then."""
        if self.frozen and row._values.get("id") is not None:
            raise errors.Conflict(f"{self.name} of a saved {type(row).__name__} cannot be changed.")

    def check(self, value: object) -> Any:
        """The value as this field keeps it; raises InvalidArgument for one of another type."""
        if value is None:
            return None
        if not isinstance(value, str):
            raise self.wrong(value)
        return value

    def wrong(self, value: object) -> errors.InvalidArgument:
        """The error for a value of another type."""
        return errors.InvalidArgument(
            f"{self.name}={value!r} is of type {type(value).__name__}, but {self.name} is {self.type_name}."
        )

    def to_db(self, value: Any) -> Any:
        """The value as the database keeps it."""
        return value

    def from_db(self, value: Any) -> Any:
        """The value from what the database keeps."""
        return value

    def read(self, cell: Any, folder: str) -> Any:  # noqa: ARG002 - most values are the same everywhere
        """The value from what a database keeps in which paths are relative to this folder."""
        return self.from_db(cell)

    def to_bound(self, value: object) -> Any:
        """A value to compare with as the database keeps it; it may lie beyond all that a row can have."""
        return self.to_db(self.check(value))

    @property
    def is_kept_otherwise(self) -> bool:
        """Whether people know the values in another form than the database: a query must not order or search what it has."""
        return type(self).read is not Field.read

    #: whether `from_db` does anything
    converts = False


class TextField(Field[T]):
    """Text of any length; with ``choices`` one of these."""

    def __init__(self, *, choices: Sequence[str] = (), **options: Any) -> None:
        super().__init__(**options)
        self.choices = choices

    def check(self, value: object) -> Any:  # noqa: D102
        if isinstance(value, str) and self.choices and value not in self.choices:
            raise errors.InvalidArgument(f"{self.name}={value!r} is none of {', '.join(self.choices)}.")
        return super().check(value)


class IntField(Field[T]):
    """A whole number of up to 64 bits."""

    sql = "INTEGER"
    type_name = "a whole number"

    def check(self, value: object) -> Any:  # noqa: D102
        if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
            raise self.wrong(value)
        return value


class BoolField(Field[T]):
    """True or False."""

    sql = "BOOLEAN"
    type_name = "True or False"
    converts = True

    def __init__(self, *, default: bool | None = None, **options: bool) -> None:
        super().__init__(default=default, usual=default, **options)

    def check(self, value: object) -> Any:  # noqa: D102
        if value is not None and not isinstance(value, bool):
            raise self.wrong(value)
        return value

    def from_db(self, value: Any) -> Any:  # noqa: D102
        return None if value is None else bool(value)


class TimeField(Field[T]):
    """A moment, as an aware datetime in UTC; kept in microseconds since 1970."""

    sql = "BIGINT"
    type_name = "a datetime, or ISO 8601 text"
    converts = True

    def check(self, value: object) -> Any:  # noqa: D102
        return None if value is None else clock.in_utc(self._parsed(value))

    def to_bound(self, value: object) -> Any:  # noqa: D102
        return None if value is None else clock.from_datetime(self._parsed(value))

    def _parsed(self, value: object) -> datetime:
        from datetime import date, datetime

        if isinstance(value, str):
            try:
                value = clock.moment_of(value)
            except ValueError:
                raise self.wrong(value) from None
        if isinstance(value, date) and not isinstance(value, datetime):
            value = datetime(value.year, value.month, value.day)  # noqa: DTZ001 - midnight of local time
        if isinstance(value, datetime):
            return value
        raise self.wrong(value)

    def to_db(self, value: Any) -> Any:  # noqa: D102
        return value if value is None or isinstance(value, int) else clock.from_datetime(value)

    def from_db(self, value: Any) -> Any:  # noqa: D102
        return None if value is None else clock.to_datetime(value)


class DateField(Field[T]):
    """A day; kept as ISO 8601 text, which sorts as days do."""

    type_name = "a date, or text such as '2026-01-31'"
    converts = True

    def check(self, value: object) -> Any:  # noqa: D102
        from datetime import date, datetime

        if isinstance(value, str):
            try:
                return clock.day_of(value)
            except ValueError:
                raise self.wrong(value) from None
        if value is not None and (not isinstance(value, date) or isinstance(value, datetime)):
            raise self.wrong(value)
        return value

    def to_db(self, value: Any) -> Any:  # noqa: D102
        return None if value is None else value.isoformat()

    def from_db(self, value: Any) -> Any:  # noqa: D102
        from datetime import date

        return None if value is None else date.fromisoformat(value)


class JsonField(Field[T]):
    """A value of JSON's types, kept as canonical text; with ``named`` a dict.

    What JSON lacks takes its documented form; what has none is kept as its ``repr``, and a warning says so.
    """

    type_name = "a dict of JSON's types"
    converts = True

    def __init__(self, *, named: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self.named = named

    def check(self, value: object) -> Any:  # noqa: D102
        if value is None:
            return None
        if self.named and not isinstance(value, dict):
            raise self.wrong(value)
        odd: list[str] = []
        try:
            found = canon.plain(value, reference, odd)
        except RecursionError:
            raise errors.InvalidArgument(
                f"{self.name} holds itself, or is nested more than {canon.MAX_DEPTH} deep: pass values that end before."
            ) from None
        if odd:
            display.warning(f"{self.name}: kept as text, as it has no form in JSON: {', '.join(odd)}")
        return found

    def to_db(self, value: Any) -> Any:  # noqa: D102
        return None if value is None else canon.dumps(value)

    def from_db(self, value: Any) -> Any:  # noqa: D102
        return None if value is None else canon.loads(value)


def reference(value: object) -> Optional[str]:
    """The text that stands for a saved row in a JSON value."""
    saved = getattr(value, "_values", None) if hasattr(value, "_store") else None
    return f"{type(value).__name__}[{saved['uid']}]" if isinstance(saved, dict) and saved.get("id") else None


class ForeignKey(Field[T]):
    """A row of another table; kept as its id in the column ``<name>_id``."""

    sql = "INTEGER"

    def __init__(self, to: str, *, null: bool = False, usual: int | None = None, frozen: bool = False) -> None:
        super().__init__(null=null, usual=usual, frozen=frozen)
        self.to = to  #: name of the table referred to
        self.type_name = f"a saved {to}"

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name
        self.column = f"{name}_id"

    def __get__(self, row: Any, owner: Optional[type] = None) -> Any:
        if row is None:
            return self
        return row._related_row(self)

    def __set__(self, row: Any, value: Any) -> None:
        self.check_not_frozen(row)
        row._set_related_row(self, value)
