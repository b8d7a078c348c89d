"""Artifacts of Python objects: written by a serializer, read by the same one, opened without being read."""

from __future__ import annotations

import os

from .. import errors
from ..base import fsio, uids
from ..base._typing import TYPE_CHECKING
from ..ext import ext, known_suffix
from ..storage.translate import translating
from . import content, keys, session

if TYPE_CHECKING:
    from typing import Any, Optional

    from ..serializers.protocol import Serializer
    from .artifact import Artifact
    from .session import Store

#: what the constructors for one type of object take: attribute of the object's type -> the ending by default
FRAME, ANNDATA = "DataFrame", "AnnData"
_ENDINGS = {FRAME: ".parquet", ANNDATA: ".h5ad"}
_OTYPES = {FRAME: ("DataFrame", "polars.DataFrame", "pyarrow.Table"), ANNDATA: ("AnnData",)}


def made(cls: type[Artifact], value: object, key: Optional[str], ending: str = "", **others: Any) -> Artifact:
    """An unsaved artifact of an object; without a key it is written with the ``ending``."""
    name = keys.checked(key) if key is not None else f"object{ending}"
    serializer = _writer(value, known_suffix(name), name)
    path = _written(session.current_store(), serializer, value, name)
    try:
        count = getattr(serializer, "observations", None)
        usual = {"otype": getattr(serializer, "otype", None), "n_observations": None if count is None else count(value)}
        artifact = _usually(cls, path, key, usual, copy=True, **others)
    except BaseException:
        fsio.remove_folder(os.path.dirname(path))
        raise
    artifact._temporary = True
    return artifact


def made_as(cls: type[Artifact], otype: str, value: object, key: Optional[str], **others: Any) -> Artifact:
    """An unsaved artifact of an object, or of a file with one, that has to be of a type; its kind is ``dataset``."""
    if key is None and not others.get("description") and others.get("revises") is None:
        raise errors.InvalidArgument(
            f"The artifact needs a key to be found by, such as key='dataset{_ENDINGS[otype]}'; or a description."
        )
    if isinstance(value, (str, os.PathLike)):
        return _usually(cls, value, key, {"kind": "dataset", "otype": otype}, **others)
    if key is not None and not known_suffix(key):
        key += _ENDINGS[otype]
    artifact = made(cls, value, key, _ENDINGS[otype], **others)
    if artifact.kind is None:
        artifact.kind, artifact._usual = "dataset", (*artifact._usual, "kind")
    if artifact.otype not in _OTYPES[otype]:
        raise errors.InvalidArgument(
            f"An object of type {type(value).__name__} is no {otype}: use Artifact.from_object for it."
        )
    return artifact


def _usually(cls: type[Artifact], path: Any, key: Optional[str], usual: dict[str, Any], **given: Any) -> Artifact:
    artifact = cls(path, key=key, **{**usual, **given})
    artifact._usual = tuple(name for name in usual if name not in given)
    return artifact


def _writer(value: object, suffix: str, name: str) -> Serializer:
    serializer = ext.serializer_for_object(value, suffix)
    if serializer is None:
        raise errors.InvalidArgument(
            f"An object of type {type(value).__name__} cannot be written as {name!r}: write a file yourself and save "
            "that, or register a serializer."
        )
    return serializer


def _written(store: Store, serializer: Serializer, value: object, name: str) -> str:
    """A temporary file with the object."""
    folder = os.path.join(store.cache_dir, "made", uids.random_uid(12))
    path = os.path.join(folder, os.path.basename(name))
    with translating("write", path):
        try:
            fsio.make_folder(folder)
            serializer.save(value, path)
        except BaseException:
            fsio.remove_folder(folder)
            raise
    return path


def loaded(artifact: Artifact) -> Any:
    """The object in the artifact: of the type that was written, else what its suffix says."""
    name = artifact.key or artifact.suffix
    if artifact.n_files is not None and not artifact.suffix:
        raise errors.InvalidArgument(
            f"{artifact.key or artifact.uid} is a folder, which has no loader: artifact.cache() gives its path."
        )
    serializer = ext.serializer_for_otype(artifact.otype, name) if artifact.otype else None
    return (serializer or ext.serializer_for_suffix(name)).load(content.path_of(artifact))


def opened(artifact: Artifact) -> Any:
    """Access to the content of the artifact without reading it whole."""
    name = artifact.key or artifact.suffix
    opener = ext.opener_for_suffix(name)
    if opener is None:
        raise errors.InvalidArgument(
            f"{artifact.key or artifact.uid} cannot be opened in parts: artifact.load() reads it, artifact.cache() gives "
            "its path."
        )
    return opener(content.path_of(artifact))
