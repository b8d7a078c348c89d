"""Transforms: the code that runs execute."""

from __future__ import annotations

import os

from ..base import display
from ..base._typing import TYPE_CHECKING
from ..sql import lookups
from ..sql.fields import ForeignKey, TextField
from ..sql.relations import Relation
from ..sql.schema import Index
from . import changes, late, session
from .base import query
from .related import Links
from .versions import LATEST, Versioned, version_indexes

if TYPE_CHECKING:
    import sys
    from typing import Any, Optional

    from ..sql.database import Row, Transaction
    from ..sql.query import QuerySet
    from .run import Run
    from .session import Store

    if sys.version_info >= (3, 11):
        from typing import Self
    else:
        from typing_extensions import Self


KINDS = ("script", "notebook", "function", "pipeline", "interactive", "upload")


class Transform(Versioned, table="transform"):
    """A script, notebook, function or pipeline, in one version of its source.

    ``uid``: 12 characters that stay, 4 that count versions. ``key``: file name, or path in the development
    directory, or ``pypackages/<package>/<path>``. ``kind``: ``script``, ``notebook``, ``function``, ``pipeline``,
    ``interactive`` or ``upload``. ``source_code``: the text. ``hash``: SHA-256 of the file's true bytes; of a notebook,
    of its text. ``reference``, ``reference_type``: a link to the same source elsewhere. ``run``: the run in which
    somebody registered it by hand.

    >>> transform = ln.Transform.get(key="my_script.py")  # doctest: +SKIP
    >>> transform.latest_run.params  # doctest: +SKIP
    """

    __indexes__ = (
        *version_indexes("key", "origin"),
        Index("origin", "origin"),
        Index("of_run", "run_id", where="run_id IS NOT NULL"),
    )
    uid_length = 16
    family_columns = ("key", "origin")
    description: TextField[Optional[str]] = TextField(null=True)
    kind: TextField[str] = TextField(default="pipeline", choices=KINDS)
    source_code: TextField[Optional[str]] = TextField(null=True, long=True)
    hash: TextField[Optional[str]] = TextField(null=True)
    reference: TextField[Optional[str]] = TextField(null=True)
    reference_type: TextField[Optional[str]] = TextField(null=True)
    run: ForeignKey[Optional[Run]] = ForeignKey("run", null=True)
    #: what tells transforms of one key apart: the file's path, or ``uid:`` for one that is pinned
    origin: TextField[str] = TextField(default="", hidden=True)

    view_lineage = late.view_lineage

    projects = Links("project")
    records = Links("record")
    ulabels = Links("ulabel")
    runs = Relation("run", "run", "transform_id", "id")

    def _start(self, store: Store, values: dict[str, Any]) -> None:
        super()._start(store, values)
        if "run" not in values:
            self.run = session.current_run(store)

    def save(self) -> Self:
        """Write the row or its changes. Of a key that is there, without or with the same source, it is what is there.

        Another source under the same key is a new version.
        """
        if self.id is not None:
            return super().save()
        with changes.undoing([self]), self._store.database.write("save transform") as tx:
            self._save_new(tx)
        self._revises = None
        return self

    def _save_new(self, tx: Transaction) -> None:
        values, revised = self._values, self._followed(tx)
        if values["hash"] is None and values["source_code"] is not None:
            from ..base import hashing

            values["hash"] = hashing.of_bytes(values["source_code"].encode("utf-8", "surrogatepass"))
        latest = revised or self._namesake(tx)
        same_source = latest is not None and values["hash"] in (None, latest[2])
        if latest is not None and revised is None and same_source and self._is_same(latest, latest[2]):
            self._become(tx, int(latest[3]), ("description", "reference", "reference_type"))
            return
        if latest is not None:
            found = tx.one("SELECT origin FROM transform WHERE id = ?", [latest[3]])
            values["origin"] = found[0] if found else ""
            self._become_next(tx, str(latest[1]))
        self._write(tx)

    def _namesake(self, tx: Transaction) -> Optional[Row]:
        """`LATEST` of the latest version under this key; rather one without a path."""
        return tx.one(
            f"{LATEST} FROM transform WHERE key = ? AND branch_id = ? AND is_latest = ? "
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
        """The run of this version that was started last, or None; a step of one of its runs does not count."""
        late.end_dead_runs(self._store)
        runs: QuerySet[Run] = query(lookups.models["run"], self._store)
        whole = runs.filter(transform=self, branch_id__gt=0).exclude(initiated_by_run__transform=self)
        return whole.order_by("started_at").last()

    @classmethod
    def _of_families(cls, rows: QuerySet[Self], families: int) -> Self:
        latest = list(rows.filter(is_latest=True).order_by("created_at"))
        if len({row.key for row in latest}) != 1:  # files of other names, of which none is meant
            return super()._of_families(rows, families)
        where = ", ".join(f"{row.uid} ({row.origin or 'no path'})" for row in latest)
        display.warning(f"{families} transforms match {rows.described()}: {where}. This is the one made last.")
        return latest[-1]

    def _shown(self) -> Any:
        return ((name, value) for name, value in super()._shown() if name != "source_code")

    def __str__(self) -> str:
        return f"{self.key or self.uid}" + (f" ({self.version_tag})" if self.version_tag else "")
