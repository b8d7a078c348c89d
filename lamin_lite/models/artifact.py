"""Artifacts: data, in versions, with the runs that made and read it."""

from __future__ import annotations

import os

from .. import errors
from ..base import names
from ..base._typing import TYPE_CHECKING
from ..ext import known_suffix
from ..sql.fields import ForeignKey, IntField, JsonField, TextField
from ..sql.lookups import Q
from ..sql.relations import Relation
from ..sql.schema import Index
from . import keys, late, session
from .base import MAIN_STORAGE
from .feature_values import Featured
from .related import Links
from .versions import Versioned, version_indexes

if TYPE_CHECKING:
    import sys
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Any, Optional, Union

    from ..sql.database import Transaction
    from ..storage.blobs import Blob
    from .objects import Made
    from .places import Storage
    from .run import Run
    from .session import Store
    from .transform import Transform

    if sys.version_info >= (3, 11):
        from typing import Never, Self
    else:
        from typing_extensions import Never, Self


class Artifact(Featured, Versioned, table="artifact"):
    """A file or folder whose bytes are kept, with what made it.

    ``path``: file or folder on this machine. ``key``: relative path under which people find it, with the ending of the
    file; its latest version is what ``Artifact.get(key=...)`` gives. ``description``: free text. ``kind``: such as
    ``dataset`` or ``model``. ``otype``: the type of object that it holds, such as ``DataFrame``. ``n_observations``: of
    how many things it tells. ``run``: the run that made it; without it the current run, with ``False`` none.
    ``revises``: the artifact whose next version this is, also under another key. ``version``: a tag for the version,
    such as ``v1``. ``copy``: ``True`` copies also what already lies in a registered storage, ``False`` registers it in
    place, even in the storage of the database. ``skip_hash_lookup=True``: a new version, also of the same bytes.
    ``features``: values of features by name, all checked before anything is written.

    ``uid``: 16 characters that stay, 4 that count versions. ``hash``: SHA-256 of every byte (of a folder: of its
    manifest). ``size``: bytes. ``n_files``: files of a folder.

    Nothing is read or written before `save`. Raises `InvalidKey`, `MissingFile`, `InvalidArgument`.

    >>> artifact = ln.Artifact("sample.fasta", key="sample.fasta").save()  # doctest: +SKIP
    """

    __indexes__ = (
        *version_indexes("key"),
        Index("run_files", "description", where=f"kind = '{names.KIND_OF_RUN_FILES}'"),
    )
    uid_length = 20
    stem_length = 16
    found_out = Versioned.found_out | {"suffix", "size", "hash", "n_files"}
    description: TextField[Optional[str]] = TextField(null=True)
    suffix: TextField[str] = TextField(default="", frozen=True)
    kind: TextField[Optional[str]] = TextField(null=True)
    otype: TextField[Optional[str]] = TextField(null=True)
    size: IntField[Optional[int]] = IntField(null=True, frozen=True)
    hash: TextField[Optional[str]] = TextField(null=True, frozen=True)
    n_files: IntField[Optional[int]] = IntField(null=True, frozen=True)
    n_observations: IntField[Optional[int]] = IntField(null=True)
    extra_data: JsonField[Optional[dict[str, Any]]] = JsonField(null=True, named=True)
    otype_layout: JsonField[Any] = JsonField(null=True, hidden=True)  # what its reader needs beside the bytes
    storage: ForeignKey[Storage] = ForeignKey("storage", usual=MAIN_STORAGE, frozen=True)
    run: ForeignKey[Optional[Run]] = ForeignKey("run", null=True)

    view_lineage = late.view_lineage

    projects = Links("project")
    records = Links("record")
    ulabels = Links("ulabel")
    collections = Relation("collection", "collection_artifact", "artifact_id", "collection_id")
    input_of_runs = Relation("run", "run_artifact", "artifact_id", "run_id", {"role": ("input",)})
    output_of_runs = Relation("run", "run_artifact", "artifact_id", "run_id", {"role": ("created", "recreated")})
    recreating_runs = Relation("run", "run_artifact", "artifact_id", "run_id", {"role": ("recreated",)})

    _source: Optional[str] = None
    _copy: Optional[bool] = None
    _made_by: Optional[Run] = None
    _made: Optional[Made] = None
    _always_new: bool = False

    def __init__(
        self,
        path: Union[str, os.PathLike[str], None] = None,
        *more: Never,
        key: Optional[str] = None,
        description: Optional[str] = None,
        kind: Optional[str] = None,
        run: Union[Run, bool, None] = None,
        copy: Optional[bool] = None,
        skip_hash_lookup: bool = False,
        features: Optional[Mapping[Any, object]] = None,
        **others: Any,
    ) -> None:
        self._check_alone(more, "the path")
        if path is None:
            raise errors.InvalidArgument(
                "Artifact() needs the path of a file or folder: ln.Artifact('data.csv', key='data.csv')."
            )
        from . import saving

        super().__init__(description=description, kind=kind, features=features, **others)
        self._check_values()
        self._source, self._copy, self._always_new = saving.checked_source(path), copy, skip_hash_lookup
        if self._revises is not None:
            key = self._revises.key if key is None else key
            self._values["description"] = self._revises.description if description is None else description
        self._made_by = session.current_run(self._store) if run is None or run is True else run or None
        self.run = self._made_by
        if key is None or copy is False:
            key = self._key_in_place(key)
        if key is None and not (description or "").strip() and run in (None, True, False) and self._revises is None:
            raise errors.InvalidArgument(
                f"Artifact({path!r}) needs a key to be found by, such as key={os.path.basename(self._source)!r}; or a description."
            )
        self._values["key"] = None if key is None else keys.checked(key)
        self._values["suffix"] = self._checked_suffix()

    @property
    def transform(self) -> Optional[Transform]:
        """The transform whose run made it first; None without a run. In queries it is ``run__transform``."""
        return None if self.run is None else self.run.transform

    def _check_values(self) -> None:
        if self.kind == names.KIND_OF_RUN_FILES:
            raise errors.InvalidArgument(
                f"kind={self.kind!r} marks what runs keep for themselves, and hides it: choose another one, such as 'dataset'."
            )
        if self.n_observations is not None and self.n_observations < 0:
            raise errors.InvalidArgument(f"n_observations={self.n_observations} must be 0 or more, or left out.")

    def _key_in_place(self, key: Optional[str]) -> Optional[str]:
        from . import saving

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
        fitting = key[: len(key) - len(known_suffix(key))] + suffix
        raise errors.InvalidKey(
            f"The key {key!r} must end as the file {source} does, {f'with {suffix!r}' if suffix else 'without a suffix'}: "
            f"take {fitting!r}, or rename the file."
        )

    @classmethod
    def _default_conditions(cls, asked: Q) -> Q:
        """Also hides what runs keep for themselves (environments, reports), unless it is named by kind, uid or id."""
        shown = super()._default_conditions(asked)
        if _names_run_files(asked):
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
            from . import saving

            saving.save(self, self._source, self._copy)
            return self
        return super().save()

    @classmethod
    def from_object(cls, value: object, key: str, **others: Any) -> Self:
        """An artifact of a Python object, written by the serializer that its type and the key's suffix name.

        >>> ln.Artifact.from_object([{"gene": "CD8A", "count": "3"}], key="counts.csv").save()  # doctest: +SKIP
        """
        from . import objects

        made: Self = objects.made(cls, value, key, **others)  # type: ignore[assignment]
        return made

    @classmethod
    def from_dataframe(
        cls, df: Any, *, key: Optional[str] = None, description: Optional[str] = None, **others: Any
    ) -> Self:
        """An artifact of a data frame of pandas or polars, of a table of pyarrow, or of a file that holds one.

        ``key``: its suffix names the format, ``.parquet`` if it has none; ``.csv``, ``.tsv``, ``.json``, ``.feather``.
        Other arguments as those of `Artifact`. `load` gives back a frame. Raises `MissingExtra`, `InvalidArgument`.

        >>> ln.Artifact.from_dataframe(df, key="my_analysis/dataset.parquet").save()  # doctest: +SKIP
        """
        from . import objects

        made: Self = objects.made_as(cls, objects.FRAME, df, key, description=description, **others)  # type: ignore[assignment]
        return made

    @classmethod
    def from_anndata(
        cls, adata: Any, *, key: Optional[str] = None, description: Optional[str] = None, **others: Any
    ) -> Self:
        """An artifact of an ``AnnData``, or of a file that holds one.

        ``key``: ends with ``.h5ad``, which is added if it has no suffix, or ``.anndata.zarr``. Other arguments as those
        of `Artifact`. Raises `MissingExtra`, `InvalidArgument`.

        >>> ln.Artifact.from_anndata(adata, key="cells.h5ad").save()  # doctest: +SKIP
        """
        from . import objects

        made: Self = objects.made_as(cls, objects.ANNDATA, adata, key, description=description, **others)  # type: ignore[assignment]
        return made

    @classmethod
    def from_dir(cls, path: Union[str, os.PathLike[str]], key: Optional[str] = None, **others: Any) -> list[Self]:
        """An artifact for each file of a folder and those below it, in the order of their names; not saved yet.

        ``key``: what stands before their paths in the folder, by default its name; where files stay in a registered
        storage they have their paths there. Empty files count, folders and links to folders do not. Arguments of
        `Artifact` are for each of them. To keep a folder as a whole, with one key, make an ``Artifact`` of it.

        >>> ln.save(ln.Artifact.from_dir("results", key="study/results", kind="dataset"))  # doctest: +SKIP
        """
        from ..storage.folders import members
        from . import saving

        folder = saving.checked_source(path)
        if not os.path.isdir(folder):
            raise errors.InvalidArgument(f"{folder} is a file: make an Artifact of it; from_dir is for folders.")
        stays = key is None and saving.key_in_place(session.current_store(), folder, others.get("copy")) is not None
        start = keys.checked(os.path.basename(folder) if key is None else key.rstrip("/")) if not stays else ""
        files = [
            name for name, kind, _ in members(folder) if kind != "d" and os.path.isfile(os.path.join(folder, name))
        ]
        if not files:
            raise errors.InvalidArgument(f"{folder} holds no file, so that there is nothing to make artifacts of.")
        return [cls(os.path.join(folder, name), key=None if stays else f"{start}/{name}", **others) for name in files]

    @classmethod
    def _of_blob(cls, store: Store, blob: Blob, space_id: Optional[int] = None, **values: Any) -> Self:
        """An artifact of bytes that are stored already, without a key and without a run."""
        from . import saving

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

        from . import content

        return Path(content.path_of(self))

    @path.setter
    def path(self, value: object) -> None:
        raise errors.Conflict(
            f"The path of {self.overview} cannot be set to {str(value)!r}: the bytes stay where they are kept. Set its key to "
            "rename it, or save other bytes as a new version."
        )

    def cache(self, *, is_run_input: Union[Run, bool, None] = None, writable: bool = False) -> Path:
        """A path on this machine with the bytes; with ``writable=True`` a copy of your own, under its file name.

        Recorded as an input of the current run; ``is_run_input=False`` does not record, a run is recorded instead.
        """
        from pathlib import Path

        from . import content

        path = content.writable_copy(self) if writable else content.path_of(self)
        self._read_by(is_run_input)
        return Path(path)

    def load(self, *, is_run_input: Union[Run, bool, None] = None) -> Any:
        """The content as a Python object: of the type that was saved, else by the suffix: text, JSON, rows, bytes, ...

        Recorded as an input of the current run, as by `cache`. Never executes anything. Raises `MissingExtra` where
        a library is needed that is not installed.
        """
        from . import objects

        value = objects.loaded(self)
        self._read_by(is_run_input)
        return value

    def open(self, *, is_run_input: Union[Run, bool, None] = None) -> Any:
        """Access to the content without reading it whole, as the library for the suffix gives it.

        Of ``.parquet``, ``.feather``, ``.csv`` and ``.tsv`` a ``pyarrow.dataset.Dataset``, of ``.h5ad`` and ``.zarr`` an
        ``AnnData`` whose data stays on disk. Read-only, and recorded as an input as by `load`. Raises `MissingExtra`.

        >>> dataset = ln.Artifact.get(key="cells.parquet").open()  # doctest: +SKIP
        >>> dataset.to_table(columns=["gene"], filter=dataset.field("count") > 3)  # doctest: +SKIP
        """
        from . import objects

        value = objects.opened(self)
        self._read_by(is_run_input)
        return value

    def _read_by(self, is_run_input: Union[Run, bool, None]) -> None:
        run = session.current_run(self._store) if is_run_input is None or is_run_input is True else is_run_input
        if run:
            from . import saving

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


def _names_run_files(q: Q) -> bool:
    """Whether a condition names their kind, or a row by its uid or id; one that excludes a row does not."""
    if q.negated:
        return False
    for child in q.children:
        if isinstance(child, Q):
            if _names_run_files(child):
                return True
            continue
        (name, _, lookup), value = child[0].partition("__"), child[1]
        if name in ("uid", "id", "pk") and lookup in ("", "exact", "in", "startswith"):
            return True
        given = value if isinstance(value, (list, tuple, set, frozenset)) else [value]
        if name == "kind" and lookup in ("", "exact", "in") and names.KIND_OF_RUN_FILES in given:
            return True
    return False
