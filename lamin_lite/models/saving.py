"""From a path to a saved artifact: bytes first, then the row, then the link to the run.

Order: stage, fsync, rename, fsync of the folder (all in `storage`), then one transaction that looks again whether
the bytes are there, decides what the row means, and writes it.
"""

from __future__ import annotations

import os
import stat

from .. import errors
from ..base import clock, display, names, paths
from ..base._typing import TYPE_CHECKING
from ..ext import known_suffix
from ..sql import statcache
from ..storage import folders
from ..storage.blobs import Blob, blob_name
from ..storage.translate import translating
from . import changes, digests
from .feature_values import check_given
from .related import link_projects_of_run
from .versions import LATEST

if TYPE_CHECKING:
    from typing import Optional, Union

    from ..sql.database import Row, Transaction
    from ..storage.protocol import BlobStorage
    from .artifact import Artifact
    from .run import Run
    from .session import Store


#: what may be told anew of an artifact whose bytes are the same
DESCRIBING = ("description", "kind", "otype", "n_observations", "extra_data", "otype_layout")


class Content:
    """Bytes that are safely kept: what of them enters the rows."""

    __slots__ = ("hash", "managed", "mtime_ns", "n_files", "name", "replica_size", "size", "storage_id")

    def __init__(self, storage_id: int, blob: Blob, *, managed: bool = True, mtime_ns: Optional[int] = None) -> None:
        self.storage_id = storage_id
        self.hash = blob.hash
        self.name = blob.name
        self.size = self.replica_size = blob.size
        self.managed = managed
        self.mtime_ns = mtime_ns
        self.n_files: Optional[int] = None


def checked_source(path: Union[str, os.PathLike[str]]) -> str:
    """The absolute path of an existing file or folder."""
    if not isinstance(path, (str, os.PathLike)):
        raise errors.InvalidArgument(
            f"{path!r} is of type {type(path).__name__}: pass the path of a file or folder, or use Artifact.from_object."
        )
    text = os.fspath(path)
    if not text:
        raise errors.InvalidArgument("The path is empty: pass the path of a file or folder, '.' for the current one.")
    if "\0" in text:
        raise errors.InvalidArgument(f"The path {text!r} holds a NUL character, which no file can have in its name.")
    if "://" in text and not os.path.exists(text):
        raise errors.InvalidArgument(
            f"{text} is a URL, and an artifact is made of a file or folder on this machine: fetch it first, then save the "
            "path of the copy."
        )
    source = os.path.abspath(text)
    with translating("save", source):
        kind = os.stat(source).st_mode
    if not (stat.S_ISREG(kind) or stat.S_ISDIR(kind)):
        raise errors.InvalidArgument(f"{source} is a socket, pipe or device: copy its content into a file first.")
    return source


def key_in_place(store: Store, source: str, copy: Optional[bool]) -> Optional[str]:
    """The key of a path that lies in a registered storage, if it is to stay there; else None."""
    place = _place(store, source, copy)
    return place[1] if place else None


def _place(store: Store, source: str, copy: Optional[bool]) -> Optional[tuple[int, str]]:
    """Storage and name of a path that is registered where it is."""
    if copy:
        return None
    real = ""
    for storage_id, root in store.storage_roots():
        if storage_id == store.storage_id and copy is not False:
            continue  # the rule is to copy into it, and most instances have no other: no path to resolve
        real, home = real or os.path.realpath(source), os.path.realpath(root)
        if real != home and paths.is_inside(real, home):
            name = os.path.relpath(real, home).replace(os.sep, "/")
            if name.split("/")[0] != names.MARKER_DIR:
                return storage_id, name
    if copy is False:
        raise errors.InvalidArgument(
            f"copy=False, but {source} lies in no registered storage: register its folder with "
            "ln.Storage(root=...).save(), or let it be copied."
        )
    return None


def save(artifact: Artifact, source: str, copy: Optional[bool]) -> None:
    """Keep the bytes of ``source``, and write the row of a new artifact or find the one that it is."""
    artifact._store.database.check_writable()
    check_given([artifact])
    with changes.undoing([artifact]):
        _save(artifact, source, copy)
    settle(artifact)


def settle(artifact: Artifact) -> None:
    """What is saved needs no source any more; tell if it comes back as another object than it was made of."""
    made, artifact._source, artifact._made = artifact._made, None, None
    if made is not None and made.layout is not None and made.layout != artifact.otype_layout:
        display.warning(
            f"{artifact.overview} holds the same bytes already, and comes back with the types and index that it was first "
            "saved with: save it under another key, or with skip_hash_lookup=True, to keep yours."
        )


def _save(artifact: Artifact, source: str, copy: Optional[bool]) -> None:
    store = artifact._store
    for _ in range(3):
        kept = _keep(store, artifact, source, copy)
        with store.database.write("save artifact") as tx:
            if _still_there(store, kept):
                register(artifact, kept, tx)
                return
    raise errors.Conflict(f"The stored content of {source} was removed three times while it was saved: try again.")


def _keep(store: Store, artifact: Artifact, source: str, copy: Optional[bool]) -> Content:
    place = _place(store, source, copy)
    if place is not None and place[1] == artifact.key:
        return _keep_in_place(source, *place)
    storage_id = artifact._values["storage_id"] or store.storage_id
    storage = store.storage(storage_id)
    if os.path.isdir(source):
        stored = folders.ingest(storage, source, known_suffix)
        kept = Content(storage_id, stored.blob)
        kept.size, kept.n_files = stored.size, stored.n_files
        return kept
    return Content(storage_id, _known_blob(store, artifact, storage, source) or storage.ingest(source, artifact.suffix))


def _known_blob(store: Store, artifact: Artifact, storage: BlobStorage, source: str) -> Optional[Blob]:
    """The blob of a large file that is stored already: reading it once is cheaper than writing it again."""
    with translating("save", source):
        size = os.stat(source).st_size
    if size < statcache.WORTH_IT or artifact.key is None:
        return None
    sql = "SELECT 1 FROM artifact WHERE key = ? AND size = ? LIMIT 1"
    if store.database.one(sql, [artifact.key, size]) is None:
        return None
    digest, _ = digests.of_file(source)
    name = blob_name(digest, artifact.suffix)
    return Blob(digest, size, artifact.suffix, name) if storage.size(name) == size else None


def _keep_in_place(source: str, storage_id: int, name: str) -> Content:
    with translating("read", source):
        before = os.stat(source)
    if not os.path.isdir(source):
        digest, before = digests.of_file(source)
        blob = Blob(digest, before.st_size, "", name)
        return Content(storage_id, blob, managed=False, mtime_ns=before.st_mtime_ns)
    digest, n_files, size = folders.digest(source, known_suffix)
    kept = Content(storage_id, Blob(digest, size, "", name), managed=False, mtime_ns=before.st_mtime_ns)
    kept.n_files = n_files
    return kept


def _still_there(store: Store, kept: Content) -> bool:
    return not kept.managed or store.storage(kept.storage_id).size(kept.name) == kept.replica_size


def register(artifact: Artifact, kept: Content, tx: Transaction) -> None:
    """Write the rows for content that is safely kept."""
    _register_replica(kept, tx)
    latest = _latest(artifact, kept, tx)
    if latest is not None and not artifact._always_new and artifact._is_same(latest, kept.hash):
        artifact._become(tx, int(latest[3]), DESCRIBING)
        _prefer_the_copy(artifact, kept, tx)
        role = "recreated"
    else:
        if latest is not None:
            artifact._become_next(tx, str(latest[1]))
        values = artifact._values
        values.update(hash=kept.hash, size=kept.size, n_files=kept.n_files, storage_id=kept.storage_id)
        artifact._write(tx)
        role = "created"
    artifact._revises = None
    artifact._write_given(tx)
    if artifact._made_by is not None:
        _link_output(tx, artifact._made_by, artifact, role)
        if role == "recreated":
            link_projects_of_run(
                tx, artifact.__relations__["projects"], artifact._saved_id(), artifact._made_by._saved_id()
            )


def _prefer_the_copy(artifact: Artifact, kept: Content, tx: Transaction) -> None:
    """What lay where anybody may change it, and was now copied, is read from the copy from now on."""
    there = "SELECT 1 FROM replica WHERE hash = ? AND storage_id = ? AND managed = ?"
    if kept.managed and tx.one(there, [kept.hash, artifact._values["storage_id"], True]) is None:
        tx.update("artifact", artifact._saved_id(), {"storage_id": kept.storage_id})
        changes.wrote(artifact, {"storage_id": kept.storage_id})


def _register_replica(kept: Content, tx: Transaction) -> None:
    row = {
        "hash": kept.hash,
        "storage_id": kept.storage_id,
        "name": kept.name,
        "size": kept.replica_size,
        "managed": kept.managed,
        "mtime_ns": kept.mtime_ns,
        "created_at": clock.now(),
    }
    if not tx.insert_new("replica", row) and not kept.managed:
        tx.execute(
            "UPDATE replica SET mtime_ns = ?, size = ? WHERE storage_id = ? AND name = ? AND hash = ?",
            [kept.mtime_ns, kept.replica_size, kept.storage_id, kept.name, kept.hash],
        )


def _latest(artifact: Artifact, kept: Content, tx: Transaction) -> Optional[Row]:
    """`LATEST` of the artifact that this one is a version of, or the same as."""
    values = artifact._values
    if artifact._revises is not None:
        return artifact._followed(tx)
    columns = f"{LATEST} FROM artifact WHERE"
    if values["key"] is not None:
        return tx.one(f"{columns} key = ? AND branch_id = ? AND is_latest = 1", [values["key"], values["branch_id"]])
    wish = values["description"]
    return tx.one(
        f"{columns} key IS NULL AND hash = ? AND branch_id = ? AND is_latest = 1 AND suffix = ? "
        f"AND description {'IS NULL' if wish is None else '= ?'}",
        [kept.hash, values["branch_id"], values["suffix"], *([] if wish is None else [wish])],
    )


# -- links between runs and artifacts


def _link_output(tx: Transaction, run: Run, artifact: Artifact, role: str) -> None:
    sql = "SELECT 1 FROM run_artifact WHERE run_id = ? AND artifact_id = ? AND role <> 'input'"
    if role == "created" or tx.one(sql, [run.id, artifact.id]) is None:  # what is new has no link yet
        _link(tx, run, artifact, role)


def _link(tx: Transaction, run: Run, artifact: Artifact, role: str) -> None:
    row = {"run_id": run.id, "artifact_id": artifact.id, "role": role, "created_at": clock.now()}
    tx.insert_new("run_artifact", row)


def link_input(run: Run, artifact: Artifact) -> None:
    """Record that the run read the artifact, unless it read it before or made it itself."""
    database = artifact._store.database
    if not database.writable:
        return
    sql = "SELECT 1 FROM run_artifact WHERE run_id = ? AND artifact_id = ?"
    if database.one(sql, [run.id, artifact.id]) is None:
        with database.write("link input", durable=False) as tx:
            _link(tx, run, artifact, "input")
