"""Artifacts: data, in versions, with the runs that made and read it."""

from __future__ import annotations

import os

from .. import errors
from ..base import names
from ..base._typing import TYPE_CHECKING
from ..ext import ext, known_suffix
from ..sql.fields import ForeignKey, IntField, JsonField, TextField
from ..sql.lookups import Q
from ..sql.relations import Relation
from . import content, keys, late, saving, session
from .feature_values import Features
from .related import Links
from .versions import Versioned, version_indexes

if TYPE_CHECKING:
    import sys
    from pathlib import Path
    from typing import Any, Optional, Union

    from ..sql.database import Transaction
    from ..sql.query import QuerySet
    from ..storage.blobs import Blob
    from .places import Storage
    from .run import Run
    from .session import Store

    if sys.version_info >= (3, 11):
        from typing import Self
    else:
        from typing_extensions import Self


class Artifact(Versioned, table="artifact"):
    """A file or folder whose bytes are kept, with what made it.

    ``path``: file or folder on this machine. ``key``: relative path under which people find it; its latest version
    is what ``Artifact.get(key=...)`` gives. ``description``: free text. ``kind``: such as ``dataset`` or ``model``.
    ``run``: the run that made it; without it the current run, with ``False`` none. ``revises``: the artifact whose
    next version this is, also under another key. ``version``: a tag for the version, such as ``v1``. ``copy``: ``True`` copies also
    what already lies in a registered storage, ``False`` registers it in place, even in the storage of the database.

    ``uid``: 16 characters that stay, 4 that count versions. ``hash``: SHA-256 of every byte (of a folder: of its
    manifest). ``size``: bytes. ``n_files``: files of a folder.

    Nothing is read or written before `save`. Raises `InvalidKey`, `MissingFile`, `InvalidArgument`.

    >>> artifact = ln.Artifact("sample.fasta", key="sample.fasta").save()  # doctest: +SKIP
    """

    __indexes__ = version_indexes("key")
    uid_length = 20
    stem_length = 16
    description: TextField[Optional[str]] = TextField(null=True)
    suffix: TextField[str] = TextField(default="")
    kind: TextField[Optional[str]] = TextField(null=True)
    otype: TextField[Optional[str]] = TextField(null=True)
    size: IntField[Optional[int]] = IntField(null=True)
    hash: TextField[Optional[str]] = TextField(null=True)
    n_files: IntField[Optional[int]] = IntField(null=True)
    n_observations: IntField[Optional[int]] = IntField(null=True)
    extra_data: JsonField[Optional[dict[str, Any]]] = JsonField(null=True)
    storage: ForeignKey[Storage] = ForeignKey("storage")
    run: ForeignKey[Optional[Run]] = ForeignKey("run", null=True)

    view_lineage = late.view_lineage

    projects = Links("project")
    records = Links("record")
    ulabels = Links("ulabel")
    features = Features()
    collections = Relation("collection", "collection_artifact", "artifact_id", "collection_id")
    input_of_runs = Relation("run", "run_artifact", "artifact_id", "run_id", {"role": ("input",)})
    output_of_runs = Relation("run", "run_artifact", "artifact_id", "run_id", {"role": ("created", "recreated")})

    _source: Optional[str] = None
    _copy: Optional[bool] = None
    _made_by: Optional[Run] = None
    _temporary: bool = False

    def __init__(
        self,
        path: Union[str, os.PathLike[str], None] = None,
        *,
        key: Optional[str] = None,
        description: Optional[str] = None,
        kind: Optional[str] = None,
        run: Union[Run, bool, None] = None,
        copy: Optional[bool] = None,
        **others: Any,
    ) -> None:
        if path is None:
            raise errors.InvalidArgument(
                "Artifact() needs the path of a file or folder: ln.Artifact('data.csv', key='data.csv')."
            )
        super().__init__(description=description, kind=kind, **others)
        self._source, self._copy = saving.checked_source(path), copy
        if self._revises is not None:
            key = self._revises.key if key is None else key
            self._values["description"] = self._revises.description if description is None else description
        self._made_by = session.current_run(self._store) if run is None or run is True else run or None
        self.run = self._made_by
        if key is None or copy is False:
            key = self._key_in_place(key)
        if key is None and description is None and run is None and self._revises is None:
            raise errors.InvalidArgument(
                f"Artifact({path!r}) needs a key to be found by, such as key={os.path.basename(self._source)!r}; or a description."
            )
        self._values["key"] = None if key is None else keys.checked(key)
        self._values["suffix"] = self._checked_suffix()

    def _key_in_place(self, key: Optional[str]) -> Optional[str]:
        placed = saving.key_in_place(self._store, self._source or "", self._copy)
        if key not in (None, placed):
            raise errors.InvalidArgument(
                f"copy=False leaves the file where it is, so that its key is {placed!r}, not {key!r}: leave the key out, "
                "or let the file be copied."
            )
        return placed

    def _checked_suffix(self) -> str:
        """The suffix of the key; a file of another kind under it is a mistake."""
        source, key = self._source or "", self._values["key"]
        if os.path.isdir(source):
            return known_suffix(key or source) if known_suffix(key or source) in (".zarr", ".anndata.zarr") else ""
        suffix = known_suffix(os.path.basename(source))
        if key is None or known_suffix(key) == suffix or (os.path.basename(key).endswith(suffix) and suffix):
            return suffix
        raise errors.InvalidKey(
            f"The key {key!r} ends with {known_suffix(key)!r}, but the file {source} with {suffix!r}: give both the "
            "same ending."
        )

    @classmethod
    def _default_conditions(cls, asked: set[str]) -> Q:
        """Also hides the files that runs keep for themselves (environments, reports)."""
        shown = super()._default_conditions(asked)
        if asked & {"kind", "id", "uid"}:
            return shown
        hidden = Q(kind=names.KIND_OF_RUN_FILES)
        return Q(shown, ~hidden) if shown else ~hidden

    # -- saving

    def save(self) -> Self:
        """Keep the bytes and the row; durable when this returns.

        The same bytes again under the same key are the artifact that is there already, and the current run is
        linked as one that recreated it. Other bytes under the same key are a new version.
        """
        if self._source is not None and self.id is None:
            saving.save(self, self._source, self._copy)
            return self
        return super().save()

    @classmethod
    def from_object(cls, value: object, key: str, **others: Any) -> Self:
        """An artifact of a Python object, written by the serializer that its type and the key's suffix name.

        >>> ln.Artifact.from_object([{"gene": "CD8A", "count": "3"}], key="counts.csv").save()  # doctest: +SKIP
        """
        path = saving.written(session.current_store(), value, keys.checked(key))
        artifact = cls(path, key=key, copy=True, **others)
        artifact._temporary = True
        return artifact

    @classmethod
    def _of_blob(cls, store: Store, blob: Blob, space_id: Optional[int] = None, **values: Any) -> Self:
        """An artifact of bytes that are stored already, without a key and without a run."""
        artifact = object.__new__(cls)
        artifact._start(store, values)
        artifact._values["space_id"] = space_id
        artifact._values["suffix"] = blob.suffix
        with store.database.write("save artifact") as tx:
            saving.register(artifact, saving.Content(store.storage_id, blob), tx)
        return artifact

    # -- reading

    @property
    def path(self) -> Path:
        """Where the bytes lie. Read-only: to change data, change a copy and save that as a new version."""
        from pathlib import Path

        return Path(content.path_of(self))

    def cache(self, *, is_run_input: Union[Run, bool, None] = None, writable: bool = False) -> Path:
        """A path on this machine with the bytes; with ``writable=True`` a copy of your own, under its file name.

        Recorded as an input of the current run; ``is_run_input=False`` does not record, a run is recorded instead.
        """
        from pathlib import Path

        path = content.writable_copy(self) if writable else content.path_of(self)
        self._read_by(is_run_input)
        return Path(path)

    def load(self, *, is_run_input: Union[Run, bool, None] = None) -> Any:
        """The content as a Python object, by the suffix: text, JSON, rows of a table, bytes, ...

        Recorded as an input of the current run, as by `cache`. Never executes anything. Raises `MissingExtra` where
        a library is needed that is not installed.
        """
        if self.n_files is not None and not self.suffix:
            raise errors.InvalidArgument(
                f"{self.key or self.uid} is a folder, which has no loader: artifact.cache() gives its path."
            )
        value = ext.serializer_for_suffix(self.key or self.suffix).load(content.path_of(self))
        self._read_by(is_run_input)
        return value

    def _read_by(self, is_run_input: Union[Run, bool, None]) -> None:
        run = session.current_run(self._store) if is_run_input is None or is_run_input is True else is_run_input
        if run:
            self.check_same_instance(run)
            saving.link_input(run, self)

    @property
    def overview(self) -> str:
        """One line for a tree or list."""
        return f"{self.key or self.description or self.uid}"

    # -- life cycle

    def _write(self, tx: Transaction) -> None:
        key = self._values["key"]
        if self.id is not None and key is not None:
            self._values["key"] = key = keys.checked(key)
            if not os.path.basename(key).endswith(self.suffix):
                raise errors.InvalidKey(f"The key {key!r} must end with {self.suffix!r}, as the content does.")
        super()._write(tx)

    @property
    def created_by_runs(self) -> QuerySet[Run]:
        """The runs that made or remade it."""
        found: QuerySet[Run] = self.output_of_runs
        return found
