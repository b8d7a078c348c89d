"""Runs: executions of a transform."""

from __future__ import annotations

from .. import errors
from ..base import names
from ..base._typing import TYPE_CHECKING
from ..sql import lookups
from ..sql.fields import BoolField, ForeignKey, IntField, JsonField, TextField, TimeField
from ..sql.relations import ParamsIndex, Relation
from ..sql.schema import Index
from . import late
from .base import Stamped, query
from .feature_values import Features
from .related import Links

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from typing import Any, Optional

    from ..sql.database import Transaction
    from ..sql.query import QuerySet
    from .artifact import Artifact
    from .session import Store
    from .transform import Transform

ADD_PARAM = "INSERT INTO run_param (owner_id, path, kind, number, text) VALUES (?, ?, ?, ?, ?)"
STATUSES = ("scheduled", "started", "completed", "errored", "aborted")
OUTPUT_ROLES = ("created", "recreated")


class Run(Stamped, table="run"):
    """One execution of a transform: when, by whom, with which params, inputs and outputs.

    ``uid``: 16 characters. ``params``: dict of JSON's types, found by ``Run.filter(params__name=value)``.
    ``status``: ``scheduled``, ``started``, ``completed``, ``errored`` or ``aborted``. ``entrypoint``: qualified name
    of the function. ``cli_args``: quoted as a shell needs it. ``initiated_by_run``: the run that called this one.
    ``reference``, ``reference_type``: the id that a workflow manager gave it.

    >>> run = ln.Run.filter(params__learning_rate=0.01).order_by("-started_at").first()  # doctest: +SKIP
    """

    __indexes__ = (
        Index("started", "started_at"),
        Index("of_transform", "transform_id, started_at"),
        Index("status", "status"),
        Index("reference", "reference_type, reference", unique=True, where="reference IS NOT NULL"),
    )
    __found_by__ = "uid"
    __searched_by__ = ("transform",)
    __shown_first__ = ("transform", "entrypoint", "status", "started_at", "finished_at", "params")
    __shown_last__ = ("report", "environment")
    uid_length = 16
    _unnamed = "transform"
    name: TextField[Optional[str]] = TextField(null=True)
    description: TextField[Optional[str]] = TextField(null=True)
    entrypoint: TextField[Optional[str]] = TextField(null=True)
    status: TextField[str] = TextField(default="scheduled", choices=STATUSES)
    started_at: TimeField[Optional[datetime]] = TimeField(null=True)
    finished_at: TimeField[Optional[datetime]] = TimeField(null=True)
    is_end_estimated: BoolField[bool] = BoolField(default=False, hidden=True)
    exit_code: IntField[Optional[int]] = IntField(null=True)
    params: JsonField[dict[str, Any]] = JsonField(null=True, named=True)
    extra_data: JsonField[Optional[dict[str, Any]]] = JsonField(null=True, named=True)
    reference: TextField[Optional[str]] = TextField(null=True)
    reference_type: TextField[Optional[str]] = TextField(null=True)
    cli_args: TextField[Optional[str]] = TextField(null=True)
    process_id: IntField[Optional[int]] = IntField(null=True, hidden=True)
    transform: ForeignKey[Transform] = ForeignKey("transform")
    report: ForeignKey[Optional[Artifact]] = ForeignKey("artifact", null=True)
    environment: ForeignKey[Optional[Artifact]] = ForeignKey("artifact", null=True)
    initiated_by_run: ForeignKey[Optional[Run]] = ForeignKey("run", null=True)

    diff = late.diff
    view_lineage = late.view_lineage
    report_as_html = late.report_as_html

    #: the flow or script of this process in which it was started
    enclosing: Optional[Run] = None

    params_index = ParamsIndex("run", "params", "run_param")
    projects = Links("project")
    records = Links("record")
    ulabels = Links("ulabel")
    features = Features()
    input_artifacts = Relation("artifact", "run_artifact", "run_id", "artifact_id", {"role": ("input",)})
    output_artifacts = Relation("artifact", "run_artifact", "run_id", "artifact_id", {"role": OUTPUT_ROLES})
    created_artifacts = Relation("artifact", "run_artifact", "run_id", "artifact_id", {"role": ("created",)})
    recreated_artifacts = Relation("artifact", "run_artifact", "run_id", "artifact_id", {"role": ("recreated",)})
    input_collections = Relation("collection", "run_collection", "run_id", "collection_id", {"role": ("input",)})
    output_collections = Relation("collection", "run_collection", "run_id", "collection_id", {"role": OUTPUT_ROLES})
    created_collections = Relation("collection", "run_collection", "run_id", "collection_id", {"role": ("created",)})
    recreated_collections = Relation(
        "collection", "run_collection", "run_id", "collection_id", {"role": ("recreated",)}
    )
    output_transforms = Relation("transform", "transform", "run_id", "id")
    output_records = Relation("record", "record", "run_id", "id")
    output_ulabels = Relation("ulabel", "ulabel", "run_id", "id")
    output_features = Relation("feature", "feature", "run_id", "id")
    output_projects = Relation("project", "project", "run_id", "id")
    initiated_runs = Relation("run", "run", "initiated_by_run_id", "id")

    def _written(self, tx: Transaction, cells: Mapping[str, Any]) -> None:
        if "params" in cells:
            tx.execute("DELETE FROM run_param WHERE owner_id = ?", [self.id])
            self._index_params(tx, [self])

    @classmethod
    def _inserted(cls, tx: Transaction, rows: Sequence[Run]) -> None:
        super()._inserted(tx, rows)
        cls._index_params(tx, rows)

    @classmethod
    def _index_params(cls, tx: Transaction, runs: Sequence[Run]) -> None:
        """Write how their params are found."""
        params = ((run._values["id"], run._values["params"]) for run in runs)
        tx.execute_many(
            ADD_PARAM, (row for owner, held in params if held for row in cls.params_index.rows(owner, held))
        )

    def _removing(self, tx: Transaction) -> None:
        if tx.one("SELECT 1 FROM run WHERE id = ? AND status = 'started'", [self.id]) is not None:
            raise errors.Conflict(f"The run {self.uid} is still going on: it can be removed when it has ended.")

    def _removed(self, tx: Transaction) -> None:
        """Its report goes with it; the list of the environment is shared with other runs."""
        own = [self.report, *self._pages]
        for report in own:
            if report is not None and report.kind == names.KIND_OF_RUN_FILES:
                from . import removal

                removal.remove(tx, report, force=False)

    @property
    def _pages(self) -> QuerySet[Artifact]:
        """Its report as HTML, also in the trash; the kind is written out, as the index is one of that kind only."""
        artifacts: QuerySet[Artifact] = query(lookups.models["artifact"], self._store)
        of_run = f"id FROM artifact WHERE description = ? AND kind = '{names.KIND_OF_RUN_FILES}'"
        return artifacts.within(of_run, [names.HTML_REPORT.format(self.uid)])

    @classmethod
    def _before_query(cls, store: Store) -> None:
        late.end_dead_runs(store)

    @property
    def steps(self) -> QuerySet[Run]:
        """The runs that this run initiated, in order."""
        return query(Run, self._store).filter(initiated_by_run=self)

    @property
    def process(self) -> Optional[dict[str, Any]]:
        """Facts of the process that executed it: host, pid, python, platform, cwd, ... or None."""
        number = self._values["process_id"]
        if number is None:
            return None
        facts = ("uid", "host", "boot_id", "pid_ns", "pid", "start_time", "python", "executable", "platform", "cwd")
        row = self._store.database.one(f"SELECT {', '.join(facts)} FROM process WHERE id = ?", [number])
        return None if row is None else dict(zip(facts, row))
