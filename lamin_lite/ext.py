"""The extension surface: which serializer reads and writes a file, which storage answers to a URL.

Nobody has to register anything for what Python itself can do. Beyond that there are three ways in, asked in order:

1. what the program registered itself, by ``ext.register_serializer`` and its siblings;
2. the literal table below: suffix, type or scheme -> the extra of this project that knows it;
3. plug-ins of other distributions: entry points of the group ``lamin_lite.extras``, named like what they offer
   (``".plate"``, ``"acme.plates.Plate"``, ``"irods"``), so that nothing is imported that nobody asked for.

An extra, and a plug-in, is a module with a function ``register(ext)``. It gets this object and never imports the core,
so that it serves every copy of the package, a vendored one too. One that was loaded on demand may fill gaps only:
it cannot replace what is there, nor read pickles. What an instance holds never chooses a plug-in.
"""

from __future__ import annotations

from _thread import RLock  # what threading.RLock is; threading costs 1 ms

from . import errors
from .base import names
from .base._typing import TYPE_CHECKING, T
from .serializers.suffixes import is_pickle, known_suffix, suffixes_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from types import ModuleType
    from typing import Any, Callable

    from .serializers.protocol import Serializer
    from .storage.protocol import Storage

    #: makes a storage from its root (a path or URL) and options
    StorageFactory = Callable[[str, dict[str, Any]], Storage]
    #: opens a database from its URL and options; what it gives is between the instance and the extra
    DatabaseFactory = Callable[[str, dict[str, Any]], Any]
    #: gives access to a file without reading it whole
    Opener = Callable[[str], Any]

__all__ = [
    "Extensions",
    "ext",
    "known_suffix",
    "register_database",
    "register_opener",
    "register_serializer",
    "register_storage",
    "scheme_of",
]

_EXTRAS_PACKAGE = "lamin_lite_extras"
_DISTRIBUTION = "lamin-lite"

#: what is wanted -> the extra that has it; literal, so that nothing is imported to decide
ON_DEMAND: Mapping[str, Mapping[str, str]] = {
    "suffix": {
        ".parquet": "pandas",
        ".feather": "pandas",
        ".arrow": "pyarrow",
        ".h5ad": "anndata",
        ".anndata.zarr": "anndata",
        ".npy": "numpy",
        ".npz": "numpy",
    },
    "type": {
        "pandas.core.frame.DataFrame": "pandas",
        "pandas.DataFrame": "pandas",  # what pandas 3 calls it
        "pyarrow.lib.Table": "pyarrow",
        "polars.dataframe.frame.DataFrame": "polars",
        "anndata._core.anndata.AnnData": "anndata",
        "numpy.ndarray": "numpy",
    },
    "otype": {
        "DataFrame": "pandas",
        "pyarrow.Table": "pyarrow",
        "polars.DataFrame": "polars",
        "AnnData": "anndata",
        "ndarray": "numpy",
    },
    "open": {
        **dict.fromkeys((".parquet", ".feather", ".arrow", ".csv", ".tsv", ".csv.gz", ".tsv.gz"), "pyarrow"),
        **dict.fromkeys((".h5ad", ".anndata.zarr", ".zarr"), "anndata"),
    },
    "storage": {},
    "database": {"postgresql": "postgres", "postgres": "postgres"},
}
_LIBRARIES = {"postgres": "psycopg"}  #: extras that are not named like their library
_WISHES = {
    "suffix": "Reading {!r}",
    "type": "Saving {1} {0}",
    "otype": "Loading {1} {0}",
    "open": "Opening {!r}",
    "storage": "A storage at '{}://'",
    "database": "A database at '{}://'",
}


class Extensions:
    """What one copy of the package can read, write and reach. The default one is ``lamin_lite.ext.ext``.

    Example::

        ext.register_serializer(Fasta())
        ext.serializer_for_suffix("reads.fasta.gz").load(path)
    """

    errors = errors  #: the exceptions, for extras: they raise those of the copy that they serve

    def __init__(self) -> None:
        self._readers: dict[str, Serializer] = {}  # by suffix
        self._writers: dict[tuple[str, str], Serializer] = {}  # by type and suffix; suffix "" is the default
        self._typed: dict[tuple[str, str], Serializer] = {}  # readers by otype and suffix
        self._openers: dict[str, Opener] = {}  # by suffix
        self._storages: dict[str, StorageFactory] = {}  # by scheme
        self._databases: dict[str, DatabaseFactory] = {}  # by scheme
        self._ready = False  # whether the built-in serializers are there
        self._loaded: set[str] = set()  # modules of extras and plug-ins that have registered
        self._plugins: dict[str, set[str]] | None = None  # entry points: name -> modules; None until the scan
        self._lock = RLock()

    # -- registering ---------------------------------------------------------------------------------------------------

    def register_serializer(
        self, serializer: Serializer, *, replace: bool = False, save_only: bool = False, allow_pickle: bool = False
    ) -> None:
        """Let ``serializer`` read its suffixes, and write its types into files of its suffixes.

        Args:
            serializer: an object with the members of ``serializers.protocol.Serializer``.
            replace: take what another serializer, a built-in one too, has registered.
            save_only: leave the reading of its suffixes to another one. So a serializer that writes data frames
                as ``.csv`` can stand beside the built-in one, which reads ``.csv`` as rows. If it has an ``otype``,
                it still reads what it wrote itself.
            allow_pickle: needed for pickles. Reading one runs the code that its author put in.

        Raises:
            Conflict: a suffix, or a type with that suffix, is taken; nothing is registered then.
            InvalidArgument: a member is missing or malformed, or it is a pickle without ``allow_pickle``.
        """
        _check_serializer(serializer)
        _check_pickle(serializer, allow_pickle)
        self._load_builtin()
        self._add_serializer(serializer, replace=replace, save_only=save_only)

    def register_opener(self, suffix: str, opener: Opener, *, replace: bool = False) -> None:
        """Let ``opener(path)`` give access to files of a suffix without reading them whole; errors as for storages."""
        if not (isinstance(suffix, str) and _is_suffix(suffix)):
            raise errors.InvalidArgument(f"{suffix!r} is no suffix: it is lower case and begins with a dot, as '.csv'.")
        self._claim(self._openers, (suffix,), opener, replace)

    def register_storage(self, scheme: str, factory: StorageFactory, *, replace: bool = False) -> None:
        """Let ``factory(root, options)`` make the storages whose root is ``scheme://...``.

        Raises ``Conflict`` when another factory has the scheme, ``InvalidArgument`` when ``scheme`` is none.
        """
        _check_scheme(scheme)
        if scheme in _LOCAL_SCHEMES and not replace:
            msg = f"Scheme {scheme!r} means local folders; pass replace=True to answer to it yourself."
            raise errors.Conflict(msg)
        self._claim(self._storages, (scheme,), factory, replace)

    def register_database(self, scheme: str, factory: DatabaseFactory, *, replace: bool = False) -> None:
        """Let ``factory(url, options)`` open the databases whose URL is ``scheme://...``; errors as for storages."""
        _check_scheme(scheme)
        self._claim(self._databases, (scheme,), factory, replace)

    def _add_serializer(self, serializer: Serializer, *, replace: bool, save_only: bool) -> None:
        readable = () if save_only else serializer.suffixes
        writable = [(kind, suffix) for kind in serializer.types for suffix in serializer.suffixes]
        typed = _typed(serializer)
        with self._lock:
            if not replace:  # look at all before the first is taken
                self._check_free(self._readers, readable, serializer)
                self._check_free(self._writers, writable, serializer)
                self._check_free(self._typed, typed, serializer)
            self._claim(self._typed, typed, serializer, replace=True)
            self._claim(self._readers, readable, serializer, replace=True)
            self._claim(self._writers, writable, serializer, replace=True)
            for kind in serializer.types:
                if replace or (kind, "") not in self._writers:
                    self._writers[kind, ""] = serializer

    def _claim(self, table: dict[Any, Any], keys: Iterable[Any], value: object, replace: bool) -> None:
        with self._lock:
            if not replace:
                self._check_free(table, keys, value)
            table.update(dict.fromkeys(keys, value))

    def _check_free(self, table: Mapping[Any, object], keys: Iterable[Any], value: object) -> None:
        for key in keys:
            if table.get(key, value) is not value:
                what = key if isinstance(key, str) else f"{key[0]} as {key[1]}"
                msg = f"{_title(value)} cannot have {what!r}, which {_title(table[key])} has: pass replace=True to replace it."
                raise errors.Conflict(msg)

    # -- asking --------------------------------------------------------------------------------------------------------

    def serializer_for_suffix(self, suffix: str) -> Serializer:
        """The serializer that reads files of a suffix, or files of that name; the longest suffix that is known wins.

        What nobody knows is bytes. Raises ``MissingExtra`` when an extra knows it that is not installed, and
        ``InvalidArgument`` for pickles, as long as no serializer for them is registered.

        >>> ext.serializer_for_suffix("a.b.csv.gz").name, ext.serializer_for_suffix(".png").name
        ('csv.gz', 'bytes')
        """
        self._load_builtin()
        wanted = suffixes_of(suffix)
        for load in (self._load_extra, self._load_plugins):
            for one in wanted:
                if one in self._readers or (not is_pickle(one) and load("suffix", one) and one in self._readers):
                    return self._readers[one]
            if any(map(is_pickle, wanted[-2:])):
                raise errors.InvalidArgument(_pickle_advice(known_suffix("x" + wanted[0])))
        return self._bytes

    def serializer_for_otype(self, otype: str, suffix: str) -> Serializer | None:
        """The serializer that reads files of a suffix as that type of object; None if there is none.

        Raises ``MissingExtra`` when the extra that knows the type is not installed.
        """
        self._load_builtin()
        keys = [(otype, one) for one in suffixes_of(suffix)]
        for _ in range(2):
            for key in filter(self._typed.__contains__, keys):
                return self._typed[key]
            self._load_extra("otype", otype)
        return None

    def opener_for_suffix(self, suffix: str) -> Opener | None:
        """What opens files of a suffix without reading them whole; None if nobody can.

        Raises ``MissingExtra`` when an extra can that is not installed.
        """
        for one in suffixes_of(suffix):
            for load in (self._load_extra, self._load_plugins):
                if one in self._openers or (load("open", one) and one in self._openers):
                    return self._openers[one]
        return None

    def serializer_for_object(self, obj: object, suffix: str = "") -> Serializer | None:
        """The serializer that writes ``obj``, into a file of ``suffix`` if one is given; None if there is none.

        The most special type that is known wins. Bytes can be written under every suffix, as they are. Raises
        ``MissingExtra`` when an extra knows the type that is not installed.

        >>> ext.serializer_for_object([{"a": 1}]).name, ext.serializer_for_object([{"a": 1}], ".csv").name
        ('json', 'csv')
        """
        self._load_builtin()
        for kind in type(obj).__mro__:
            found = self._writer(f"{kind.__module__}.{kind.__qualname__}", suffix)
            if found:
                return found
        return self._bytes if isinstance(obj, (bytes, bytearray)) else None

    def suffixes_for_object(self, obj: object) -> list[str]:
        """The suffixes of the files that the object can be written into, of those who were asked for its type."""
        kinds = {f"{kind.__module__}.{kind.__qualname__}" for kind in type(obj).__mro__}
        return sorted({suffix for kind, suffix in self._writers if kind in kinds and suffix})

    def suffixes_for_otype(self, otype: str) -> list[str]:
        """The suffixes of the files that are read as that type of object, of the serializers that are registered."""
        return sorted({suffix for one, suffix in self._typed if one == otype})

    def count_in_file(self, path: str, otype: str) -> int | None:
        """Of how many things a file tells, where the extra for the type can see that at once; else None."""
        if not otype:
            return None
        try:
            count = getattr(self.serializer_for_otype(otype, path), "observations_in", None)
            return None if count is None else int(count(path))
        except Exception:  # a number for people: without it the file is kept all the same
            return None

    def storage_for_root(self, root: str) -> StorageFactory:
        """The factory of the storage at ``root``: a path, or a URL with a scheme.

        Raises ``MissingExtra`` when an extra knows the scheme that is not installed, else ``UnknownStorage``.
        """
        scheme = scheme_of(root)
        if scheme in _LOCAL_SCHEMES and scheme not in self._storages:
            return _local_storage
        return self._by_scheme("storage", self._storages, scheme)

    def database_for_url(self, url: str) -> DatabaseFactory:
        """The factory of the database at ``url``; errors as for ``storage_for_root``."""
        return self._by_scheme("database", self._databases, scheme_of(url))

    def _writer(self, kind: str, suffix: str) -> Serializer | None:
        """What writes a type: as registered, else by loading who knows it. Nobody is asked for Python's own types."""
        keys = [(kind, one) for one in suffixes_of(suffix) or [""]]
        for load in (None, self._load_extra, self._load_plugins):
            if load is None or (not kind.startswith("builtins.") and load("type", kind)):
                for key in filter(self._writers.__contains__, keys):
                    return self._writers[key]
        return None

    @property
    def _bytes(self) -> Serializer:
        from .serializers.builtin import bytes_serializer

        return bytes_serializer()

    def _by_scheme(self, what: str, table: Mapping[str, T], scheme: str) -> T:
        for load in (self._load_extra, self._load_plugins):
            if scheme in table or (load(what, scheme) and scheme in table):
                return table[scheme]
        msg = f"No {what} is known for '{scheme}://': register one with ext.register_{what}({scheme!r}, factory)."
        raise errors.UnknownStorage(msg)

    # -- loading on demand ---------------------------------------------------------------------------------------------

    def _load_builtin(self) -> None:
        if self._ready:
            return
        from .serializers.builtin import builtin_serializers

        with self._lock:
            if not self._ready:
                for serializer in builtin_serializers():
                    self._add_serializer(serializer, replace=False, save_only=False)
                self._ready = True

    def _load_extra(self, kind: str, wanted: str) -> bool:
        """Whether the extra for ``wanted`` has registered; raises ``MissingExtra`` when it cannot be imported."""
        extra = ON_DEMAND[kind].get(wanted)
        if extra is None:
            return False
        try:
            self._register_module(f"{_EXTRAS_PACKAGE}.{extra}", extra)
        except ImportError as error:
            advice = _advice(_wish(kind, wanted), extra, error)
            raise errors.MissingExtra(advice, name=error.name) from _cause(extra, error)
        return True

    def _load_plugins(self, kind: str, wanted: str) -> bool:  # noqa: ARG002 - one signature with _load_extra
        """Whether a plug-in of another distribution offers ``wanted`` and has registered."""
        with self._lock:
            if self._plugins is None:
                self._plugins = _scan_entry_points()
        modules = self._plugins.get(wanted, set())
        if len(modules) > 1:
            msg = f"Several plug-ins offer {wanted!r}, {' and '.join(sorted(modules))}: call register(ext) of one yourself."
            raise errors.Conflict(msg)
        try:
            for module in modules:
                self._register_module(module, module)
        except ImportError as error:
            msg = f"The plug-in {''.join(modules)!r}, which offers {wanted!r}, cannot be imported: {error}."
            raise errors.MissingExtra(msg, name=error.name) from error
        return bool(modules)

    def _register_module(self, module: str, extra: str) -> None:
        if module in self._loaded:
            return
        self._load_builtin()  # first, as what is loaded on demand only fills gaps
        code = _import(module)  # outside the lock, which must not be held with the import system's
        with self._lock:
            if module not in self._loaded:
                code.register(_GapFiller(self, extra))
                self._loaded.add(module)


class _GapFiller(Extensions):
    """What a module loaded on demand gets: the same registrations, but it can only add.

    What a program registered itself stands, and the result does not depend on which of two extras came first:
    what ``ON_DEMAND`` gives to one extra is not taken by another.
    """

    def __init__(self, host: Extensions, extra: str) -> None:
        self.__dict__.update(host.__dict__)  # the same tables and lock
        self._extra = extra

    def register_serializer(
        self,
        serializer: Serializer,
        *,
        replace: bool = False,  # noqa: ARG002 - never on demand
        save_only: bool = False,
        allow_pickle: bool = False,  # noqa: ARG002 - never on demand
    ) -> None:
        """As ``Extensions.register_serializer``, without replacing and without pickles."""
        super().register_serializer(serializer, save_only=save_only)

    def _add_serializer(self, serializer: Serializer, *, replace: bool, save_only: bool) -> None:  # noqa: ARG002
        writable = [(kind, suffix) for kind in serializer.types for suffix in (*serializer.suffixes, "")]
        self._claim(self._readers, () if save_only else serializer.suffixes, serializer, replace=False)
        self._claim(self._typed, _typed(serializer), serializer, replace=False)
        self._claim(self._writers, writable, serializer, replace=False)

    def _claim(self, table: dict[Any, Any], keys: Iterable[Any], value: object, replace: bool) -> None:  # noqa: ARG002
        for key in keys:
            if self._owner(table, key) == self._extra:
                table.setdefault(key, value)

    def _owner(self, table: object, key: str | tuple[str, str]) -> str:
        kinds = (
            *(("suffix", self._readers), ("otype", self._typed), ("open", self._openers)),
            *(("storage", self._storages), ("database", self._databases)),
        )
        kind = next((kind for kind, one in kinds if one is table), "type")
        return ON_DEMAND[kind].get(key if isinstance(key, str) else key[0], self._extra)


def scheme_of(root: str) -> str:
    """The scheme of a root in lower case, ``""`` for a path.

    >>> scheme_of("s3://bucket/a"), scheme_of("/data"), scheme_of("C:/data")
    ('s3', '', '')
    """
    scheme, found, _ = root.partition("://")
    return scheme.lower() if found and _is_scheme(scheme.lower()) else ""


_LOCAL_SCHEMES = ("", "file")


def _local_storage(root: str, options: dict[str, Any]) -> Storage:
    from .storage.local import LocalStorage

    if options:
        raise errors.InvalidArgument(f"A local storage takes no options, but got {', '.join(sorted(options))}.")
    if scheme_of(root) == "file":
        from urllib.request import url2pathname

        root = url2pathname(root[len("file://") :])
    return LocalStorage(root)


def _import(module: str) -> ModuleType:
    from importlib import import_module

    return import_module(module)


def extra(name: str, wish: str) -> Any:
    """The module of an extra of this project; raises ``MissingExtra``, which begins with the wish, without its library."""
    try:
        return _import(f"{_EXTRAS_PACKAGE}.{name}")
    except ImportError as error:
        raise errors.MissingExtra(_advice(wish, name, error), name=error.name) from _cause(name, error)


def _cause(extra: str, error: ImportError) -> ImportError | None:
    """The error, unless it tells only that the library itself is not installed, which the advice says as well."""
    library = (error.name or "").partition(".")[0]
    known = isinstance(error, ModuleNotFoundError) and library in (extra, _LIBRARIES.get(extra), _EXTRAS_PACKAGE)
    return None if known else error


def _wish(kind: str, wanted: str) -> str:
    shown = wanted.rpartition(".")[2] if kind == "type" else wanted
    return _WISHES[kind].format(shown, "an" if shown[:1].lower() in "aeio" else "a")


def frame_of(rows: Any, names: Any) -> Any:
    """A data frame of pandas with these rows and columns; raises ``MissingExtra`` where pandas is not installed."""
    return extra("pandas", "to_dataframe()").frame(rows, names)


def _scan_entry_points() -> dict[str, set[str]]:
    """The entry points of our group by name; loads none of them."""
    from importlib import metadata

    found: Any = metadata.entry_points()
    group = names.ENTRY_POINT_GROUP
    plugins: dict[str, set[str]] = {}
    # Python 3.9 gives a plain dict, later ones an object to select from.
    for point in found.select(group=group) if hasattr(found, "select") else found.get(group, ()):
        plugins.setdefault(point.name, set()).add(point.value)
    return plugins


def _check_serializer(serializer: Serializer) -> None:
    endings, types = getattr(serializer, "suffixes", None), getattr(serializer, "types", None)
    checks = {
        "name, a str": isinstance(getattr(serializer, "name", None), str),
        "suffixes, a tuple of str in lower case such as '.csv'": _are_texts(endings, _is_suffix) and bool(endings),
        "types, a tuple of str such as 'module.QualName'": _are_texts(types, lambda one: "." in one),
        "load(path)": callable(getattr(serializer, "load", None)),
        "save(obj, path)": callable(getattr(serializer, "save", None)),
    }
    for what, holds in checks.items():
        if not holds:
            raise errors.InvalidArgument(f"{serializer!r} is no serializer: it needs {what}.")


def _are_texts(value: object, fits: Callable[[str], bool]) -> bool:
    return isinstance(value, tuple) and all(isinstance(one, str) and fits(one) for one in value)


def _is_suffix(text: str) -> bool:
    return len(text) > 1 and text.startswith(".") and "/" not in text and text == text.lower()


def _check_pickle(serializer: Serializer, allowed: bool) -> None:
    if not allowed and (serializer.name == "pickle" or any(map(is_pickle, serializer.suffixes))):
        msg = f"{_title(serializer)} runs code hidden in the files: pass allow_pickle=True if you trust every one of them."
        raise errors.InvalidArgument(msg)


def _pickle_advice(suffix: str) -> str:
    return (
        f"Reading {suffix!r} runs code hidden in the file, so nothing does it by default: if you trust every such file, "
        "call ext.register_serializer(serializer, allow_pickle=True) with a serializer of yours."
    )


def _typed(serializer: Serializer) -> list[tuple[str, str]]:
    otype = getattr(serializer, "otype", "")
    return [(otype, suffix) for suffix in serializer.suffixes] if otype else []


def _check_scheme(scheme: str) -> None:
    if not _is_scheme(scheme):
        msg = f"{scheme!r} is no scheme: it is two or more of a-z, 0-9, '+', '-' and '.', such as 's3'."
        raise errors.InvalidArgument(msg)


def _is_scheme(text: str) -> bool:
    letters = "abcdefghijklmnopqrstuvwxyz"
    # One letter is a drive of Windows.
    return len(text) > 1 and text[0] in letters and all(char in letters + "0123456789+-." for char in text)


def _title(value: object) -> str:
    """A serializer or a factory, for a message."""
    name = getattr(value, "name", None) or getattr(value, "__qualname__", None) or repr(value)
    return f"{name} ({type(value).__module__}.{type(value).__qualname__})" if hasattr(value, "suffixes") else str(name)


def _advice(wish: str, extra: str, error: ImportError) -> str:
    """One sentence: what is missing, and how to get it."""
    missing = (error.name or "").partition(".")[0]
    if not isinstance(error, ModuleNotFoundError):
        return f"{wish} needs {extra}, which cannot be imported ({error}): pip install '{_DISTRIBUTION}[{extra}]'."
    if error.name == _EXTRAS_PACKAGE:  # the package is used from a folder, without what ships beside it
        return (
            f"{wish} needs {_EXTRAS_PACKAGE}, which is not on Python's path: add the folder 'extras' of the project to "
            f"PYTHONPATH, or pip install '{_DISTRIBUTION}[{extra}]'."
        )
    library = extra if missing in ("", _EXTRAS_PACKAGE) else missing
    return f"{wish} needs {library}: pip install '{_DISTRIBUTION}[{extra}]'."


ext = Extensions()

register_serializer = ext.register_serializer
register_opener = ext.register_opener
register_storage = ext.register_storage
register_database = ext.register_database
