"""Families of versions: rows that share a stem, counted up, one of them the latest."""

from __future__ import annotations

from .. import errors
from ..base import uids
from ..base._typing import TYPE_CHECKING
from ..sql.fields import BoolField, TextField
from ..sql.schema import Index
from .base import TRASH, Stamped, query

if TYPE_CHECKING:
    import sys
    from typing import Any, ClassVar, Optional

    from ..sql.database import Row, Transaction
    from ..sql.query import QuerySet

    if sys.version_info >= (3, 11):
        from typing import Self
    else:
        from typing_extensions import Self


class Versioned(Stamped):
    """A row that has versions. Its uid is the stem of the family and four characters that count up."""

    stem_length: ClassVar[int] = 12
    key: TextField[Optional[str]] = TextField(null=True, fold=True)
    stem: TextField[str] = TextField(hidden=True)
    version_tag: TextField[Optional[str]] = TextField(null=True)
    is_latest: BoolField[bool] = BoolField(default=True)

    def _defaults(self) -> dict[str, Any]:
        stem = uids.random_uid(self.stem_length)
        return {**super()._defaults(), "stem": stem, "uid": stem + uids.FIRST_VERSION}

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
        self.version_tag = tag

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
            self._check_key_is_free(tx, branch_id)
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

    def _check_key_is_free(self, tx: Transaction, branch_id: int) -> None:
        taken = tx.one(
            f"SELECT uid FROM {self.__table__.name} WHERE key = ? AND branch_id = ? AND is_latest = 1 AND stem <> ?",
            [self.key, branch_id, self.stem],
        )
        if taken is not None:
            raise errors.Conflict(
                f"{type(self).__name__} {self.uid} cannot be restored: its key {self.key!r} is taken by {taken[0]}. "
                "Move that one to the trash first."
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
