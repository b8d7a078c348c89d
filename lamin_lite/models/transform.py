"""Transforms: the code that runs execute."""

from __future__ import annotations

import os

from ..base import display, hashing
from ..base._typing import TYPE_CHECKING
from ..sql import lookups
from ..sql.fields import TextField
from ..sql.relations import Relation
from . import late
from .base import query
from .related import Links
from .versions import Versioned, version_indexes

if TYPE_CHECKING:
    import sys
    from typing import Any, Optional

    from ..sql.database import Row, Transaction
    from ..sql.query import QuerySet
    from .run import Run

    if sys.version_info >= (3, 11):
        from typing import Self
    else:
        from typing_extensions import Self


class Transform(Versioned, table="transform"):
    """A script, notebook, function or pipeline, in one version of its source.

    ``uid``: 12 characters that stay, 4 that count versions. ``key``: file name, or path in the development
    directory, or ``pypackages/<package>/<path>``. ``kind``: ``script``, ``notebook``, ``function``, ``pipeline`` or
    ``interactive``. ``source_code``: the text. ``hash``: SHA-256 of the file's true bytes. ``reference``,
    ``reference_type``: a link to the same source elsewhere.

    >>> transform = ln.Transform.get(key="my_script.py")  # doctest: +SKIP
    >>> transform.latest_run.params  # doctest: +SKIP
    """

    __indexes__ = version_indexes("key", "origin")
    uid_length = 16
    family_columns = ("key", "origin")
    description: TextField[Optional[str]] = TextField(null=True)
    kind: TextField[str] = TextField(default="pipeline")
    source_code: TextField[Optional[str]] = TextField(null=True)
    hash: TextField[Optional[str]] = TextField(null=True)
    reference: TextField[Optional[str]] = TextField(null=True)
    reference_type: TextField[Optional[str]] = TextField(null=True)
    #: what tells transforms of one key apart: the file's path, or ``uid:`` for one that is pinned
    origin: TextField[str] = TextField(default="", hidden=True)

    view_lineage = late.view_lineage

    projects = Links("project")
    records = Links("record")
    ulabels = Links("ulabel")
    runs = Relation("run", "run", "transform_id", "id")

    def save(self) -> Self:
        """Write the row or its changes. Of a key that is there, without or with the same source, it is what is there.

        Another source under the same key is a new version.
        """
        if self.id is not None:
            return super().save()
        before = dict(self._values)
        try:
            with self._store.database.write("save transform") as tx:
                self._save_new(tx)
        except BaseException:
            self._values = before
            raise
        self._revises = None
        return self

    def _save_new(self, tx: Transaction) -> None:
        values, revised = self._values, self._followed(tx)
        if values["hash"] is None and values["source_code"] is not None:
            values["hash"] = hashing.of_bytes(values["source_code"].encode("utf-8", "surrogatepass"))
        latest = revised or self._namesake(tx)
        if latest is not None and revised is None and values["hash"] in (None, latest[2]):
            self._values, self._related = query(Transform, self._store).filter(id=latest[3]).one()._values, {}
            return
        if latest is not None:
            found = tx.one("SELECT origin FROM transform WHERE id = ?", [latest[3]])
            values["origin"] = found[0] if found else ""
            self._become_next(tx, latest)
        self._write(tx)

    def _namesake(self, tx: Transaction) -> Optional[Row]:
        """uid, stem, hash and id of the latest version under this key; rather one without a path."""
        return tx.one(
            "SELECT uid, stem, hash, id FROM transform WHERE key = ? AND branch_id = ? AND is_latest = ? "
            "ORDER BY origin = '' DESC, id DESC LIMIT 1",
            [self.key, self._values["branch_id"], True],
        )

    @property
    def path_hint(self) -> Optional[str]:
        """Where the file was when it was seen last: absolute, or None where that is not known."""
        known = self.origin and not self.origin.startswith("uid:")
        return os.path.normpath(os.path.join(self._store.root, self.origin)) if known else None

    @property
    def latest_run(self) -> Optional[Run]:
        """The run of this version that was started last, or None."""
        late.end_dead_runs(self._store)
        runs: QuerySet[Run] = query(lookups.models["run"], self._store)
        return runs.filter(transform=self, branch_id__gt=0).order_by("started_at").last()

    @classmethod
    def _of_families(cls, rows: QuerySet[Self], families: int) -> Self:
        latest = list(rows.filter(is_latest=True).order_by("created_at"))
        where = ", ".join(f"{row.uid} ({row.origin or 'no path'})" for row in latest)
        display.warning(f"{families} transforms match {rows.described()}: {where}. This is the one made last.")
        return latest[-1] if latest else super()._of_families(rows, families)

    def _shown(self) -> Any:
        return ((name, value) for name, value in super()._shown() if name != "source_code")

    def __str__(self) -> str:
        return f"{self.key or self.uid}" + (f" ({self.version_tag})" if self.version_tag else "")
