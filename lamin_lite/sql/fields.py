"""Descriptors of columns: a class attribute that reads and writes a value of a row, and knows its SQL."""

from __future__ import annotations

from .. import errors
from ..base import clock
from ..base._typing import TYPE_CHECKING, Generic, T

if TYPE_CHECKING:
    from typing import Any, Optional, Protocol, Union, overload

    class HasValues(Protocol):
        """What a field needs of the row that it belongs to."""

        _values: dict[str, Any]


class Field(Generic[T]):
    """A column. On a class it is itself, on a row its value.

    ``null``: may be empty. ``default``: for new rows. ``unique``: by an index. ``fold``: has a casefolded shadow
    column for lookups that ignore case. ``hidden``: not shown in tables. ``frozen``: cannot be changed once saved.
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
    ) -> None:
        self.null = null
        self.default = default
        self.unique = unique
        self.fold = fold
        self.hidden = hidden
        self.frozen = frozen

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
        if self.frozen and row._values.get("id") is not None:
            raise errors.Conflict(f"{self.name} of a saved {type(row).__name__} cannot be changed.")
        row._values[self.name] = self.check(value)

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

    #: whether `from_db` does anything
    converts = False


class TextField(Field[T]):
    """Text of any length."""


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
        from datetime import date, datetime

        if isinstance(value, str):
            try:
                value = datetime.fromisoformat(value.replace("Z", "+00:00"))
            except ValueError:
                raise self.wrong(value) from None
        if isinstance(value, date) and not isinstance(value, datetime):
            value = datetime(value.year, value.month, value.day)  # noqa: DTZ001 - midnight of local time
        if isinstance(value, datetime):
            return clock.to_datetime(clock.from_datetime(value))
        if value is None:
            return None
        raise self.wrong(value)

    def to_db(self, value: Any) -> Any:  # noqa: D102
        return value if value is None or isinstance(value, int) else clock.from_datetime(value)

    def from_db(self, value: Any) -> Any:  # noqa: D102
        return None if value is None else clock.to_datetime(value)


class JsonField(Field[T]):
    """A value of JSON's types, kept as canonical text."""

    type_name = "a dict, list, text, number, bool or None"
    converts = True

    def check(self, value: object) -> Any:  # noqa: D102
        return value

    def to_db(self, value: Any) -> Any:  # noqa: D102
        from ..base import canon

        return None if value is None else canon.dumps(value)

    def from_db(self, value: Any) -> Any:  # noqa: D102
        from ..base import canon

        return None if value is None else canon.loads(value)


class ForeignKey(Field[T]):
    """A row of another table; kept as its id in the column ``<name>_id``."""

    sql = "INTEGER"

    def __init__(self, to: str, *, null: bool = False, hidden: bool = False, related: str | None = None) -> None:
        super().__init__(null=null, hidden=hidden)
        self.to = to  #: name of the table referred to
        self.related = related  #: name of the relation back, on the other side
        self.type_name = f"a saved {to}"

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name
        self.column = f"{name}_id"

    def __get__(self, row: Any, owner: Optional[type] = None) -> Any:
        if row is None:
            return self
        return row._related_row(self)

    def __set__(self, row: Any, value: Any) -> None:
        row._set_related_row(self, value)
