"""Families of versions: rows that share a stem, counted up, one of them the latest."""

from __future__ import annotations

from .. import errors
from ..base import uids
from ..base._typing import TYPE_CHECKING
from ..sql.fields import BoolField, TextField
from ..sql.lookups import Q
from ..sql.schema import Index
from .base import TRASH, Stamped, query

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
    key: TextField[Optional[str]] = TextField(null=True, fold=True)
    stem: TextField[str] = TextField(hidden=True)
    version_tag: TextField[Optional[str]] = TextField(null=True)
    is_latest: BoolField[bool] = BoolField(default=True)

    def _defaults(self) -> dict[str, Any]:
        stem = uids.random_uid(self.stem_length)
        return {**super()._defaults(), "stem": stem, "uid": stem + uids.FIRST_VERSION}

    _revises: Optional[Versioned] = None  #: until it is saved: the version that this one follows

    def _start(self, store: Store, values: dict[str, Any]) -> None:
        values = dict(values)
        tag, revises = values.pop("version", None), values.pop("revises", None)
        super()._start(store, values)
        if tag is not None:
            self.version = tag
        if revises is not None:
            self._follow(revises)

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
        if tag is not None and (not isinstance(tag, str) or not tag.strip()):
            raise errors.InvalidArgument(f"version={tag!r} must be a text such as 'v1', or None for the number alone.")
        if tag == self.uid[len(self.stem) :]:
            tag = None
        elif tag is not None and len(tag) == uids.VERSION_LENGTH and tag.startswith("0") and uids.is_base62(tag):
            raise errors.InvalidArgument(
                f"The version tag {tag!r} looks like the number of a version, which is {self.uid[len(self.stem) :]!r} here: "
                "choose another tag, such as 'v1'."
            )
        self.version_tag = tag

    @classmethod
    def _rewritten(cls, database: Database, path: Sequence[str], value: object) -> Optional[Q]:
        """``version`` means the tag that was given, or the number in the uid."""
        if path[0] != "version":
            return super()._rewritten(database, path, value)
        if len(path) == 1 or list(path[1:]) == ["exact"]:
            wanted = [value]
        elif list(path[1:]) == ["in"] and isinstance(value, (list, tuple, set, frozenset)):
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
        if self.version_tag is not None:
            self._check_tag_is_free(tx)
        if self.id is not None and self.key is not None and self.is_latest and self._values["branch_id"] != TRASH:
            self._check_key_is_free(tx, self._values["branch_id"], self.stem)
        super()._write(tx)

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
        """uid, stem, hash and id of the latest version of the family that ``revises`` names."""
        if self._revises is None:
            return None
        if self.key is not None and self.key != self._revises.key:
            self._check_key_is_free(tx, self._values["branch_id"], self._revises.stem)
        latest = tx.one(
            f"SELECT uid, stem, hash, id FROM {self.__table__.name} WHERE stem = ? AND branch_id = ? AND is_latest = ?",
            [self._revises.stem, self._values["branch_id"], True],
        )
        return latest or (self._revises.uid, self._revises.stem, None, self._revises.id)  # else all are in the trash

    @property
    def versions(self) -> QuerySet[Self]:
        """All versions of this family, oldest first."""
        return query(type(self), self._store).filter(stem=self.stem, branch_id__gt=TRASH).order_by("uid")

    @classmethod
    def _preferred(cls, rows: QuerySet[Self]) -> Self:
        found = list(rows.filter(is_latest=True)[:2]) or list(rows[:2])
        if len(found) < 2:
            return found[0] if found else rows.one()
        stems = set(rows.values_list("stem", flat=True))
        if len(stems) == 1:
            return list(rows.order_by("uid"))[-1]
        return cls._of_families(rows, len(stems))

    @classmethod
    def _of_families(cls, rows: QuerySet[Self], families: int) -> Self:
        """The row that ``get`` means when several families match."""
        raise errors.MultipleResults(
            f"{families} families of {cls.__name__} match {rows.described()}: name one by its uid."
        )

    def _become_next(self, tx: Transaction, latest: Row) -> None:
        """Make this new row the next version of the family whose latest row (uid, stem) is given."""
        stem = str(latest[1])
        newest = tx.one(f"SELECT max(uid) FROM {self.__table__.name} WHERE stem = ?", [stem])
        uid = str(newest[0] if newest else latest[0])
        self._values["stem"] = stem
        self._values["uid"] = stem + uids.next_version(uid[len(stem) :])
        tx.execute(
            f"UPDATE {self.__table__.name} SET is_latest = 0 WHERE stem = ? AND is_latest = 1 AND branch_id = ?",
            [stem, self._values["branch_id"]],
        )

    def _moving(self, tx: Transaction, branch_id: int) -> None:
        if branch_id != TRASH and self.key is not None:
            self._check_key_is_free(tx, branch_id, self.stem)
        tx.execute(f"UPDATE {self.__table__.name} SET is_latest = 0 WHERE stem = ?", [self.stem])

    def _moved(self, tx: Transaction) -> None:
        """The latest version of a branch is the one with the highest number there."""
        name, stem = self.__table__.name, self.stem
        tx.execute(
            f"UPDATE {name} SET is_latest = 1 WHERE id IN "
            f"(SELECT max(id) FROM {name} a WHERE stem = ? AND uid = (SELECT max(uid) FROM {name} b "
            "WHERE b.stem = a.stem AND b.branch_id = a.branch_id) GROUP BY branch_id)",
            [stem],
        )

    def _removed(self, tx: Transaction) -> None:
        self._moved(tx)

    def _check_key_is_free(self, tx: Transaction, branch_id: int, stem: str) -> None:
        same = " AND ".join(f"{column} = ?" for column in self.family_columns)
        taken = tx.one(
            f"SELECT uid FROM {self.__table__.name} WHERE {same} AND branch_id = ? AND is_latest = ? AND stem <> ?",
            [*(self._values[column] for column in self.family_columns), branch_id, True, stem],
        )
        if taken is not None:
            raise errors.Conflict(
                f"{type(self).__name__} {self.uid} cannot be {'saved' if self.id is None else 'restored'}: its key "
                f"{self.key!r} is taken by {taken[0]}. Move that one to the trash first."
            )


def version_indexes(*families: str) -> tuple[Index, ...]:
    """One latest version a stem and branch, and one live family for these columns and branch."""
    return (
        Index("latest", "stem, branch_id", unique=True, where="is_latest = 1"),
        Index(
            "family", f"{', '.join(families)}, branch_id", unique=True, where=f"is_latest = 1 AND branch_id <> {TRASH}"
        ),
        Index("key", "key"),
        Index("stem", "stem"),
        Index("created", "created_at"),
    )
