"""Families of versions: rows that share a stem, counted up, one of them the latest."""

from __future__ import annotations

from .. import errors
from ..base import clock, display, uids
from ..base._typing import TYPE_CHECKING
from ..sql.fields import BoolField, TextField
from ..sql.lookups import Q, advice
from ..sql.schema import Index
from . import changes, locks
from .base import ARCHIVE, MAIN, TRASH, Stamped, query

if TYPE_CHECKING:
    import sys
    from collections.abc import Sequence
    from typing import Any, ClassVar, Optional

    from ..sql.database import Database, Row, Transaction
    from ..sql.query import QuerySet
    from .session import Store

    if sys.version_info >= (3, 11):
        from typing import Self
    else:
        from typing_extensions import Self


class Versioned(Stamped):
    """A row that has versions. Its uid is the stem of the family and four characters that count up."""

    stem_length: ClassVar[int] = 12
    family_columns: ClassVar[tuple[str, ...]] = ("key",)  #: what one live family has to itself
    found_out: ClassVar[frozenset[str]] = frozenset(["uid", "is_latest"])  #: fields that nobody gives to a new row
    key: TextField[Optional[str]] = TextField(null=True, fold=True)
    stem: TextField[str] = TextField(hidden=True)
    version_tag: TextField[Optional[str]] = TextField(null=True)
    is_latest: BoolField[bool] = BoolField(frozen=True, default=True)

    def _defaults(self) -> dict[str, Any]:
        stem = uids.random_uid(self.stem_length)
        return {**super()._defaults(), "stem": stem, "uid": stem + uids.FIRST_VERSION}

    _revises: Optional[Versioned] = None  #: until it is saved: the version that this one follows
    _usual: Sequence[str] = ()  #: fields whose values nobody gave: they only fill what is empty, unless it is locked

    def _start(self, store: Store, values: dict[str, Any]) -> None:
        values = dict(values)
        self._check_names(values)
        tag, revises = values.pop("version", None), values.pop("revises", None)
        super()._start(store, values)
        if tag is not None:
            self.version = tag
        if revises is not None:
            self._follow(revises)

    @classmethod
    def _check_names(cls, values: dict[str, Any]) -> None:
        """Raise for an argument that is none; `InvalidArgument` names the nearest of those that may be given."""
        fields = cls.__table__.fields.values()
        known = {field.name for field in fields if not field.hidden}
        known |= {"version", "revises", *(getattr(cls.__init__, "__kwdefaults__", None) or ())}
        for name, value in values.items():
            if name in cls.found_out:
                raise errors.InvalidArgument(
                    f"{cls.__name__}() takes no {name}={value!r}: it is found out, not chosen. Leave it out."
                )
            if name not in known:
                hint = advice(name, known - cls.found_out)
                raise errors.InvalidArgument(f"{cls.__name__}() has no argument {name!r}: {hint}")

    def _check_alone(self, given: Sequence[object], name: str) -> None:
        """Raise for a second argument without a name."""
        if given:
            raise errors.InvalidArgument(
                f"{type(self).__name__}() takes one argument without a name, {name}; name the others, as in "
                f"key={given[0]!r}."
            )

    def _follow(self, revises: object) -> None:
        kind = type(self)
        if not isinstance(revises, kind):
            raise errors.InvalidArgument(
                f"revises={revises!r} must be a saved {kind.__name__}, whose next version this is."
            )
        self.check_same_instance(revises)
        revises._saved_id()
        self._revises = revises
        if self._values["key"] is None:
            self._values["key"] = revises.key

    @property
    def stem_uid(self) -> str:
        """The part of the uid that all versions share."""
        return self.stem

    @property
    def version(self) -> str:
        """The tag that somebody gave this version, else its number (base 62, from ``0000`` on)."""
        return self.version_tag or self.uid[len(self.stem) :]

    @version.setter
    def version(self, tag: Optional[str]) -> None:
        self.version_tag = self._checked_tag(tag)

    def _checked_tag(self, tag: Optional[str]) -> Optional[str]:
        if tag is not None and (not isinstance(tag, str) or not tag.strip()):
            raise errors.InvalidArgument(f"version={tag!r} must be a text such as 'v1', or None for the number alone.")
        if tag == self.uid[len(self.stem) :]:
            return None
        if tag is not None and len(tag) == uids.VERSION_LENGTH and tag.startswith("0") and uids.is_base62(tag):
            raise errors.InvalidArgument(
                f"The version tag {tag!r} looks like the number of a version, which is {self.uid[len(self.stem) :]!r} here: "
                "choose another tag, such as 'v1'."
            )
        return tag

    @classmethod
    def _rewritten(cls, database: Database, path: Sequence[str], value: object) -> Optional[Q]:
        """``version`` means the tag that was given, or the number in the uid."""
        if path[0] != "version":
            return super()._rewritten(database, path, value)
        if len(path) == 1 or list(path[1:]) == ["exact"]:
            wanted = [value]
        elif list(path[1:]) == ["in"] and hasattr(value, "__iter__") and not isinstance(value, (str, bytes)):
            wanted = list(value)
        else:
            raise errors.FieldError(
                f"{'__'.join(path)}={value!r}: version takes one text, or version__in a list of them."
            )
        found = Q(id=-1)
        for each in wanted:
            if not isinstance(each, str):
                raise errors.FieldError(
                    f"version={each!r} must be a text: a tag such as 'v1', or a number such as '0001'."
                )
            found |= Q(version_tag=each)
            if len(each) == uids.VERSION_LENGTH and uids.is_base62(each):
                found |= Q(uid__endswith=each)
        return found

    def _write(self, tx: Transaction) -> None:
        tag = self.version_tag
        if tag is not None and (self.id is None or tag != changes.was(self, "version_tag")):
            self.version_tag = self._checked_tag(tag)
            self._check_tag_is_free(tx)
        if self.id is not None:
            self._rename(tx)
        super()._write(tx)

    def _rename(self, tx: Transaction) -> None:
        """The key that was set becomes that of all versions that had the old one."""
        old, new = changes.was(self, "key"), self._values["key"]
        if old == new:
            return
        which, them = ("key = ?", [self.stem, old]) if old is not None else ("key IS NULL", [self.stem])
        latest = f"SELECT branch_id FROM {self.__table__.name} WHERE stem = ? AND {which} AND is_latest = ?"
        for branch_id in {self._values["branch_id"], *(row[0] for row in tx.read(latest, [*them, True]))}:
            if new is not None:
                self._check_key_is_free(tx, branch_id, self.stem, f"be renamed to {new!r}")
        others = f"FROM {self.__table__.name} WHERE stem = ? AND {which} AND is_locked = ? AND id <> ?"
        locked = tx.one(f"SELECT uid {others}", [*them, True, self.id])
        if locked is not None:
            raise errors.Conflict(
                f"{type(self).__name__} {self.uid} cannot be renamed to {new!r}: all its versions would be, and {locked[0]} is "
                "locked. Set its is_locked to False and save it first."
            )
        tx.execute(
            f"UPDATE {self.__table__.name} SET key = ?, key_fold = ?, updated_at = ? WHERE stem = ? AND {which}",
            [new, None if new is None else new.casefold(), clock.now(), *them],
        )

    def _check_tag_is_free(self, tx: Transaction) -> None:
        taken = tx.one(
            f"SELECT uid FROM {self.__table__.name} WHERE stem = ? AND version_tag = ? AND uid <> ?",
            [self.stem, self.version_tag, self.uid],
        )
        if taken is not None:
            raise errors.Conflict(
                f"The version {self.version_tag!r} of {type(self).__name__} {self.key or self.stem} is {taken[0]} already: "
                "choose another tag, or take it off that one first."
            )

    def _followed(self, tx: Transaction) -> Optional[Row]:
        """`LATEST` of the latest version of the family that ``revises`` names."""
        if self._revises is None:
            return None
        stem, branch_id = self._revises.stem, self._values["branch_id"]
        latest = tx.one(
            f"{LATEST} FROM {self.__table__.name} WHERE stem = ? AND branch_id = ? AND is_latest = ?",
            [stem, branch_id, True],
        )
        if self.key is not None and (latest is None or self.key != latest[4]):
            self._check_key_is_free(tx, branch_id, stem, f"be a version under the key {self.key!r}")
        return latest or (self._revises.uid, self._revises.stem, None, self._revises.id, None, None)  # all in the trash

    def _is_same(self, latest: Row, content: Optional[str]) -> bool:
        """Whether the latest version (`LATEST`) is what is to be saved: its content, its key, and the tag that is wished."""
        tag = self._values["version_tag"]
        return bool(
            latest[2] == content and latest[4] == self._values["key"] and (tag is None or latest[5] in (None, tag))
        )

    def _become(self, tx: Transaction, number: int, names: Sequence[str]) -> None:
        """Stand for the row with this id; what was given for these fields, and its tag, is written to it."""
        fields = self.__table__.fields
        given = {name: self._values[name] for name in ("version_tag", *names) if self._values[name] is not None}
        self._values, self._related = query(type(self), self._store).filter(id=number).one()._values, {}
        locked = self._values.get("is_locked")
        kept = {name for name in self._usual if locked or self._values[name] is not None}
        changed = {name: value for name, value in given.items() if value != self._values[name] and name not in kept}
        if changed:
            locks.check(tx, self)
            self._values.update(changed)
            if "version_tag" in changed:
                self._check_tag_is_free(tx)
            columns = {fields[name].column: fields[name].to_db(value) for name, value in changed.items()}
            columns["updated_at"] = clock.now()
            tx.update(self.__table__.name, number, columns)
            changes.wrote(self, columns)

    @property
    def versions(self) -> QuerySet[Self]:
        """All versions of this family, oldest first."""
        return query(type(self), self._store).filter(stem=self.stem, branch_id__gt=TRASH).order_by("uid")

    @classmethod
    def _preferred(cls, rows: QuerySet[Self]) -> Self:
        found = list(rows.filter(is_latest=True)[:2]) or list(rows[:2])
        if len(found) > 1:
            stems = set(rows.values_list("stem", flat=True))
            if len(stems) > 1:
                return cls._of_families(rows, len(stems))
            found = list(rows.order_by("-uid")[:1])
        row = found[0] if found else rows.one()
        if not row.is_latest and rows._where.names() == {"key"}:
            row._tell_that_it_goes_on()
        return row

    def _tell_that_it_goes_on(self) -> None:
        """A key that was left behind still means its last version, which the reader may not expect to be an old one."""
        now = query(type(self), self._store).filter(stem=self.stem, is_latest=True, branch_id=MAIN).first()
        if now is not None and now.key != self.key:
            display.warning(
                f"{self.key} is {type(self).__name__} {self.uid}, which goes on as {now.key or now.uid} ({now.uid}): "
                "this is not its latest version."
            )

    @classmethod
    def _of_families(cls, rows: QuerySet[Self], families: int) -> Self:
        """The row that ``get`` means when several families match."""
        raise errors.MultipleResults(
            f"{families} families of {cls.__name__} match {rows.described()}: name one by its uid."
        )

    def _become_next(self, tx: Transaction, stem: str) -> None:
        """Make this new row a version of a family; its number follows all that were ever given, also to rows removed since."""
        name, branch_id = self.__table__.name, self._values["branch_id"]
        counted = tx.one(
            f"SELECT max(uid) FROM (SELECT uid FROM {name} WHERE stem = ? "
            "UNION ALL SELECT uid FROM removed_version WHERE stem = ?) every_uid",
            [stem, stem],
        )
        highest = counted[0] if counted else None
        version = uids.FIRST_VERSION if highest is None else uids.next_version(str(highest)[len(stem) :])
        shown = f"SELECT 1 FROM {name} WHERE stem = ? AND branch_id > ? LIMIT 1"
        is_latest = branch_id > ARCHIVE or tx.one(shown, [stem, ARCHIVE]) is None
        self._values.update(stem=stem, uid=stem + version, is_latest=is_latest)
        tx.execute(
            f"UPDATE {name} SET is_latest = 0 WHERE stem = ? AND is_latest = 1 AND branch_id IN (?, ?, ?)",
            [stem, branch_id, ARCHIVE, TRASH],
        )

    def _moving(self, tx: Transaction, branch_id: int) -> None:
        if branch_id != TRASH and self.key is not None:
            self._check_key_is_free(tx, branch_id, self.stem, "be restored")
        self._clear_latest(tx)

    def _clear_latest(self, tx: Transaction) -> None:
        tx.execute(f"UPDATE {self.__table__.name} SET is_latest = 0 WHERE stem = ? AND is_latest = 1", [self.stem])

    def _moved(self, tx: Transaction) -> None:
        """The latest version of a branch is the one with the highest number there; of those put away only if all are.

        One whose key another family has by now is none, as the key would mean two.
        """
        name = self.__table__.name
        same = " AND ".join(f"other.{column} = a.{column}" for column in self.family_columns)
        taken = (
            f"SELECT 1 FROM {name} other WHERE {same} AND other.branch_id = a.branch_id AND other.is_latest = ? "
            "AND other.stem <> a.stem"
        )
        highest = tx.read(
            f"SELECT id, branch_id, CASE WHEN EXISTS ({taken}) THEN 1 ELSE 0 END FROM {name} a WHERE uid IN "
            f"(SELECT max(uid) FROM {name} WHERE stem = ? GROUP BY branch_id) ORDER BY uid",
            [True, self.stem],
        )
        shown = [row for row in highest if row[1] > ARCHIVE]
        for number, branch_id, is_taken in shown or highest[-1:]:
            if branch_id == TRASH or not is_taken:
                tx.execute(f"UPDATE {name} SET is_latest = 1 WHERE id = ?", [number])

    def _removed(self, tx: Transaction) -> None:
        if not tx.insert_new("removed_version", {"stem": self.stem, "uid": self.uid}):
            tx.execute("UPDATE removed_version SET uid = ? WHERE stem = ? AND uid < ?", [self.uid, self.stem, self.uid])
        self._clear_latest(tx)
        self._moved(tx)

    def _check_key_is_free(self, tx: Transaction, branch_id: int, stem: str, doing: str) -> None:
        same = " AND ".join(f"{column} = ?" for column in self.family_columns)
        taken = tx.one(
            f"SELECT uid FROM {self.__table__.name} WHERE {same} AND branch_id = ? AND is_latest = ? AND stem <> ?",
            [*(self._values[column] for column in self.family_columns), branch_id, True, stem],
        )
        if taken is not None:
            raise errors.Conflict(
                f"{type(self).__name__} {(self._revises or self).uid} cannot {doing}: {type(self).__name__} {taken[0]} has the "
                f"key {self.key!r}. Rename that one, or move all its versions to the trash first."
            )


#: the columns by which a save tells whether a version is new
LATEST = "SELECT uid, stem, hash, id, key, version_tag"


def version_indexes(*families: str) -> tuple[Index, ...]:
    """One latest version a stem and branch, and one live family for these columns and branch; and how both are found."""
    return (
        Index("latest", "stem, branch_id", unique=True, where="is_latest = 1"),
        Index(
            "family", f"{', '.join(families)}, branch_id", unique=True, where=f"is_latest = 1 AND branch_id <> {TRASH}"
        ),
        Index("key", ", ".join(families)),
        Index("stem", "stem"),
        Index("hash", "hash"),
        Index("created", "created_at"),
    )
