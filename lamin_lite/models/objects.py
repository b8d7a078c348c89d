"""Artifacts of Python objects: written by a serializer, read by the same one, opened without being read."""

from __future__ import annotations

import os

from .. import errors
from ..base import display, fsio, uids
from ..base._typing import TYPE_CHECKING
from ..ext import ext, known_suffix
from ..serializers.suffixes import suffixes_of
from ..storage.translate import translating
from . import content, keys, session

if TYPE_CHECKING:
    from typing import Any, Optional

    from ..serializers.protocol import Serializer
    from .artifact import Artifact

#: what the constructors for one type of object take: attribute of the object's type -> the ending by default
FRAME, ANNDATA = "DataFrame", "AnnData"
_ENDINGS = {FRAME: ".parquet", ANNDATA: ".h5ad"}
_OTYPES = {FRAME: ("DataFrame", "polars.DataFrame", "pyarrow.Table"), ANNDATA: ("AnnData",)}
_FOLDERS = (".anndata.zarr", ".zarr")  #: of folders that can hold a matrix
_SUFFIXES = {  #: of files that can hold one
    FRAME: (".parquet", ".feather", ".arrow", ".csv", ".csv.gz", ".tsv", ".tsv.gz", ".json"),
    ANNDATA: (".h5ad", *_FOLDERS),
}
#: endings of files that tell how much they hold without being read -> the type of object whose extra looks
_COUNTED = {".parquet": "pyarrow.Table", ".feather": "pyarrow.Table", ".arrow": "pyarrow.Table", ".h5ad": ANNDATA}


def made(
    cls: type[Artifact], value: object, key: Optional[str], ending: str = "", wanted: str = "", **others: Any
) -> Artifact:
    """An unsaved artifact of an object; without a key it is written with the ``ending``. ``wanted``: what it has to be."""
    name = keys.checked(key) if key is not None else f"object{ending}"
    serializer = _writer(value, name, wanted)
    store = session.current_store()
    store.storage(store.storage_id)  # where it is gone, the cache in it is not made anew
    folder = os.path.join(store.cache_dir, "made", uids.random_uid(12))
    path = os.path.join(folder, os.path.basename(name))
    try:
        layout = _written(serializer, value, path)
        count = getattr(serializer, "observations", None)
        usual = {"otype": getattr(serializer, "otype", None), "n_observations": None if count is None else count(value)}
        artifact = _usually(cls, path, key, usual, copy=True, **others)
    except BaseException:
        fsio.remove_folder(folder)
        raise
    if layout is not None:
        artifact._values["otype_layout"] = layout
        artifact._usual = (*artifact._usual, "otype_layout")  # of the same bytes the first layout stays
    artifact._made = Made(folder, layout)
    return artifact


class Made:
    """The file that was written for an unsaved artifact, and the layout of its object; copies of the artifact share it.

    The file goes with the last of them, at the latest when the process ends: nobody else can save it. What another
    process unpickles does not own the file, and can be saved as long as it is there.
    """

    def __init__(self, folder: str, layout: Any) -> None:
        import weakref

        self.layout = layout
        weakref.finalize(self, _clear, folder, os.getpid())

    def __deepcopy__(self, memo: object) -> Made:
        return self


def _clear(folder: str, pid: int) -> None:
    if os.getpid() == pid:  # a fork does not own it
        fsio.remove_folder(folder)


def made_as(cls: type[Artifact], otype: str, value: object, key: Optional[str], **others: Any) -> Artifact:
    """An unsaved artifact of an object, or of a file with one, that has to be of a type; its kind is ``dataset``."""
    if key is None and not others.get("description") and others.get("revises") is None:
        raise errors.InvalidArgument(
            f"The artifact needs a key to be found by, such as key='dataset{_ENDINGS[otype]}'; or a description."
        )
    if isinstance(value, (str, os.PathLike)):
        return _of_file(cls, otype, os.fspath(value), key, **others)
    if key is not None and not known_suffix(key):
        key += _ENDINGS[otype]
    artifact = made(cls, value, key, _ENDINGS[otype], otype, **others)
    if artifact.kind is None:
        artifact.kind, artifact._usual = "dataset", (*artifact._usual, "kind")
    return artifact


def _of_file(cls: type[Artifact], otype: str, path: str, key: Optional[str], **others: Any) -> Artifact:
    """An unsaved artifact of a file that holds an object of a type."""
    endings = suffixes_of(path)
    held = "pyarrow.Table" if ".arrow" in endings and otype == FRAME else otype
    fitting = {*_SUFFIXES[otype], *ext.suffixes_for_otype(otype)}
    if os.path.exists(path) and fitting.isdisjoint(endings):
        raise errors.InvalidArgument(
            f"{path} holds no {otype}, as its suffix tells: that would be {', '.join(sorted(fitting))}; use Artifact() for "
            "any file."
        )
    counting = next((_COUNTED[ending] for ending in endings if ending in _COUNTED), "")
    usual = {"kind": "dataset", "otype": held, "n_observations": ext.count_in_file(path, counting)}
    return _usually(cls, path, key, usual, **others)


def _usually(cls: type[Artifact], path: Any, key: Optional[str], usual: dict[str, Any], **given: Any) -> Artifact:
    artifact = cls(path, key=key, **{**usual, **given})
    artifact._usual = tuple(name for name in usual if name not in given)
    return artifact


def _writer(value: object, name: str, wanted: str) -> Serializer:
    """What writes the object into a file of that name, if it is of the type that is wanted."""
    serializer, suffix = ext.serializer_for_object(value, known_suffix(name)), known_suffix(name)
    known = serializer or ext.serializer_for_object(value)
    kind = type(value).__name__
    if wanted and getattr(known, "otype", None) not in _OTYPES[wanted]:
        raise errors.InvalidArgument(f"An object of type {kind} is no {wanted}: use Artifact.from_object for it.")
    if serializer is not None:
        return serializer
    if known is None:
        raise errors.InvalidArgument(
            f"An object of type {kind} cannot be written as {name!r}: write a file yourself and save that, or register a "
            "serializer."
        )
    raise errors.InvalidArgument(
        f"An object of type {kind} cannot be written as {suffix or name!r}: give the key one of the suffixes that can hold "
        f"it, {', '.join(ext.suffixes_for_object(value))}; or write a file yourself and save that."
    )


def _written(serializer: Serializer, value: object, path: str) -> Any:
    """Write the object; gives the layout that its serializer wants back when it reads."""
    with translating("write", path):
        fsio.make_folder(os.path.dirname(path))
        layout = serializer.save(value, path)
    known = hasattr(serializer, "load_as") and layout is not None
    return {"otype": getattr(serializer, "otype", None), "layout": layout} if known else None


def loaded(artifact: Artifact) -> Any:
    """The object in the artifact: of the type that was written, else what its suffix says."""
    serializer = _reader(artifact)
    path = content.path_of(artifact)
    layout = _layout_of(artifact, serializer)
    if layout is not None and hasattr(serializer, "load_as"):
        try:
            return serializer.load_as(path, layout)
        except _OF_DATA:
            raise
        except Exception as error:
            _warn_of_guess(artifact, "loaded", error)
    try:
        return serializer.load(path)
    except (errors.LaminLiteError, MemoryError):
        raise
    except Exception as error:
        if artifact.n_files is None or artifact.otype:
            raise
        # of such a folder, only the name tells what it might be
        raise _no_loader(artifact, f" ({serializer.name} cannot read it: {type(error).__name__})") from error


def _reader(artifact: Artifact) -> Any:
    """What reads the artifact; raises ``InvalidArgument`` if nothing does."""
    from ..serializers.builtin import Builtin

    name = artifact.key or artifact.suffix
    is_folder = artifact.n_files is not None
    otype = artifact.otype or (ANNDATA if is_folder and set(_FOLDERS) & set(suffixes_of(name)) else "")
    serializer = (ext.serializer_for_otype(otype, name) if otype else None) or ext.serializer_for_suffix(name)
    if is_folder and isinstance(serializer, Builtin):  # which reads one file
        raise _no_loader(artifact)
    return serializer


def _no_loader(artifact: Artifact, why: str = "") -> errors.InvalidArgument:
    name = artifact.key or artifact.uid
    return errors.InvalidArgument(f"{name} is a folder, which has no loader{why}: artifact.cache() gives its path.")


#: errors that do not tell of a layout that it does not fit
_OF_DATA = (errors.LaminLiteError, OSError, MemoryError)


def _layout_of(artifact: Artifact, serializer: Any) -> Any:
    """The layout of the artifact, if this serializer wrote it; else None."""
    kept = artifact.otype_layout
    return kept["layout"] if kept and kept["otype"] == getattr(serializer, "otype", None) else None


def _warn_of_guess(artifact: Artifact, done: str, error: Exception) -> None:
    """A layout never locks data away."""
    display.warning(
        f"{artifact.key or artifact.suffix} is {done} with types and index as they are guessed, since its "
        f"{artifact.otype_layout['otype']} could not be made as it was saved: {type(error).__name__}: "
        f"{' '.join(str(error).split())}"
    )


def opened(artifact: Artifact) -> Any:
    """Access to the content of the artifact without reading it whole."""
    opener: Any = ext.opener_for_suffix(artifact.key or artifact.suffix)
    if opener is None:
        raise _no_opener(artifact)
    path = content.path_of(artifact)
    if artifact.otype_layout and hasattr(opener, "open_as"):
        serializer = _reader(artifact)
        layout = _layout_of(artifact, serializer)
        if layout is not None and hasattr(serializer, "described"):
            try:
                return opener.open_as(path, serializer.described(layout))
            except _OF_DATA:
                raise
            except Exception as error:
                _warn_of_guess(artifact, "opened", error)
    return opener(path)


def _no_opener(artifact: Artifact) -> errors.InvalidArgument:
    try:
        _reader(artifact)
    except errors.LaminLiteError:
        reads = ""
    else:
        reads = "artifact.load() reads it, "
    name = artifact.key or artifact.uid
    return errors.InvalidArgument(f"{name} cannot be opened in parts: {reads}artifact.cache() gives its path.")
