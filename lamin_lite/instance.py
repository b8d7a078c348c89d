"""An instance: a database, its storages, and the registries bound to them. No globals but the default one.

On disk an instance is a folder with a marker, ``.lamin_lite/instance.json``, which names the database, and the
storage that holds the database in its own marker folder. Paths in the marker are relative to the folder that holds
it, so that moving the whole loses nothing.
"""

from __future__ import annotations

import os

from . import errors, models
from .base import clock, markers, names, paths, settings, uids
from .base._typing import TYPE_CHECKING
from .ext import ext
from .models import session
from .models.base import Manager, get_or_create
from .storage.translate import translating

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, Optional, Union

    from .models import (
        Artifact,
        Branch,
        Collection,
        Feature,
        Project,
        Record,
        Run,
        Space,
        Storage,
        Transform,
        ULabel,
        User,
    )
    from .sql.database import Database, Row
    from .storage.marks import Mark
    from .storage.protocol import BlobStorage

    Path = Union[str, os.PathLike[str]]


class Settings:
    """What the marker says; a change is written at once."""

    def __init__(self, file: Optional[str], values: dict[str, Any]) -> None:
        self._file = file
        self._values = values

    @property
    def dev_dir(self) -> Optional[str]:
        """Absolute development directory, or None: keys of scripts are paths relative to it."""
        chosen = settings.variable("DEV_DIR") or self._values.get("dev_dir")
        return os.path.normpath(os.path.join(self._home(), chosen)) if chosen else None

    @dev_dir.setter
    def dev_dir(self, path: Optional[Path]) -> None:
        if path is not None and not os.path.isdir(path):
            raise errors.InvalidArgument(
                f"dev-dir {os.fspath(path)!r} is no folder: make it first, or correct the path."
            )
        self._set("dev_dir", None if path is None else markers.relative(os.path.abspath(path), self._home()))

    def _home(self) -> str:
        return os.path.dirname(os.path.dirname(self._file)) if self._file else os.getcwd()

    def _set(self, name: str, value: object) -> None:
        if self._file is None:
            raise errors.InstanceError(f"{name} cannot be set: the instance was opened without its marker folder.")
        with translating(f"set {name.replace('_', '-')}", self._file, os.path.dirname(self._file)):
            # what it says now: another process may have set something else since it was read
            values = {**(markers.read(self._file) or self._values), name: value}
            markers.write(self._file, values)
        self._values = values


class Instance:
    """An open instance.

    >>> with tempfile.TemporaryDirectory() as folder:
    ...     instance = ln.Instance.init(folder, storage=folder + "/data")
    ...     instance.Run.filter().count()
    0
    """

    def __init__(self, root: str, database: str, marker: Optional[str], values: dict[str, Any]) -> None:
        from .sql import migrate

        self.root = root  #: folder of the marker
        self.place = root  #: folder by which it was opened: another one, where a marker there names it
        self.is_new = False  #: `init` made its tables just now
        self.name = str(values.get("name") or os.path.basename(root))
        self.settings = Settings(marker, values)
        self.database = _database(database)
        self.uid = migrate.check(self.database, models.TABLES)
        self._main_root = self.database.folder = _main_root(root, database, values)
        self._storages: dict[int, tuple[Row, BlobStorage, Optional[Mark]]] = {}
        self._user_id: dict[str, int] = {}
        self._storage_id: Optional[int] = None

    def __repr__(self) -> str:
        return f"Instance({self.root!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        """In another process it is the instance of that process at the same place; so rows and queries can go there."""
        return reached, (self.place,)

    def __copy__(self) -> Instance:
        return self

    def __deepcopy__(self, memo: object) -> Instance:
        return self

    # -- making and opening

    @classmethod
    def open(cls, path: Path) -> Instance:
        """Open the instance at a path: its folder, its marker, its main storage, or its database file.

        Raises `NoInstance`, `NotADatabase`, `NewerSchema`.
        """
        place = os.path.abspath(path)
        if os.path.basename(place) == names.INSTANCE_FILE:
            place = os.path.dirname(os.path.dirname(place))
        elif os.path.basename(place) == names.MARKER_DIR:
            place = os.path.dirname(place)
        marker = markers.file_of(place)
        values = markers.read(marker)
        if values is not None:
            if markers.POINTER in values:
                return cls._pointed_to(place, marker, values)
            database = str(values["database"])
            return cls(place, database if "://" in database else _joined(place, database), marker, values)
        database = place
        if os.path.isdir(place):
            database = os.path.join(place, names.MARKER_DIR, names.DATABASE_FILE)
        if not os.path.isfile(database):
            raise errors.NoInstance(f"There is no instance at {place}: make one there with `{_program()} init`.")
        return cls(os.path.dirname(os.path.dirname(database)), database, None, {})

    @classmethod
    def _pointed_to(cls, place: str, marker: str, values: dict[str, Any]) -> Instance:
        """The instance that the marker of another folder names; settings are those of that folder."""
        there = _joined(place, str(values[markers.POINTER]))
        remedy = f"`{_program()} connect PATH` in {place} names another one, `disconnect` none."
        if markers.pointer_in(there) is not None:
            raise errors.InstanceError(f"{place} uses the instance at {there}, which only names another one: {remedy}")
        try:
            instance = cls.open(there)
        except errors.NoInstance:
            raise errors.NoInstance(
                f"{place} uses the instance at {there}, but there is none any more: {remedy}"
            ) from None
        if instance.uid != values.get("instance"):
            raise errors.InstanceError(
                f"{place} uses the instance at {there}, but another one is there now ({instance.uid}): {remedy}"
            )
        instance.place, instance.settings = place, Settings(marker, values)
        return instance

    @classmethod
    def init(
        cls,
        path: Path = ".",
        *,
        storage: Path = "./storage",
        name: Optional[str] = None,
        database: Optional[str] = None,
    ) -> Instance:
        """Make an instance in the folder ``path``, keeping data in ``storage``; or open the one that is there.

        ``database``: the URL of a PostgreSQL database, ``postgresql://user@host/name?schema=lab``, instead of a file
        in the storage. It holds no password: that is given in ``~/.pgpass``, or by ``PGPASSFILE`` or ``PGPASSWORD``.

        Several processes may do so at once. Raises `Conflict` if the folder has an instance with another storage or
        database, if the database belongs to another storage, or the storage to another database.
        """
        root, main = os.path.abspath(path), os.path.abspath(os.path.join(path, storage))
        try:
            with translating("make the instance", root):
                return cls._made(root, main, name, database)
        except errors.NoSpace as error:
            if database is not None:
                raise
            raise errors.NoSpace(
                f"No space is left in {main} to make the instance: free some, then `init` again, which goes on from there."
            ) from error

    @classmethod
    def _made(cls, root: str, main: str, name: Optional[str], database: Optional[str]) -> Instance:
        from .models import making

        marker = markers.file_of(root)
        file = os.path.join(main, names.MARKER_DIR, names.DATABASE_FILE)
        if os.path.isfile(marker):
            return cls._again(root, database or file)
        making.check_place(main, None if database else file)
        if database is None:
            from .base import fsio

            fsio.make_folder(os.path.dirname(file))
        uid, new = making.made(_database(database or file), main)
        values = {
            "format": 1,
            "instance": uid,
            "name": name or os.path.basename(main),
            "storage": markers.relative(main, root),
            "database": database or markers.relative(file, root),
        }
        is_first = markers.write(marker, values, new=True)  # else another process made an instance here meanwhile
        instance = cls.open(root) if is_first else cls._again(root, database or file)
        instance.is_new = new
        return instance

    @classmethod
    def _again(cls, root: str, database: str) -> Instance:
        instance = cls.open(root)
        if not _is_same(instance.database.path, database):
            raise errors.Conflict(
                f"{root} has the instance {instance.name!r} already, with its database in {instance.database.path}: "
                "use that, or `init` in another folder."
            )
        return instance

    # -- what rows need

    @property
    def user_id(self) -> int:
        """Id of the row of the person who runs this process."""
        handle = settings.login_name()
        if handle not in self._user_id:
            new = {"uid": uids.random_uid(8), "created_at": clock.now()}
            number = get_or_create(self, "users", {"handle": handle}, new)
            if self.database.in_transaction:
                return number  # the row may still be undone
            self._user_id[handle] = number
        return self._user_id[handle]

    @property
    def storage_id(self) -> int:
        """Id of the storage that holds the database, where new data goes."""
        if self._storage_id is None:
            row = self.database.one("SELECT id FROM storage WHERE root = '.'")
            if row is None:
                raise errors.NotADatabase(f"{self.database.path} knows no main storage: restore it from a backup.")
            self._storage_id = int(row[0])
        return self._storage_id

    def storage_roots(self) -> list[tuple[int, str]]:
        """Ids and absolute roots of all storages."""
        rows = self.database.read("SELECT id, root FROM storage")
        return [(number, paths.placed(root, self._main_root)) for number, root in rows]

    def stored_root(self, root: str) -> str:
        """How a root is kept: relative to the main storage where it lies in the instance's folder."""
        if "://" in root:
            return root
        return markers.relative(root, self._main_root, within=self.root)

    def storage(self, storage_id: int) -> BlobStorage:
        """The storage with this id; `UnknownStorage` unless its root holds, now, the marker that was put there."""
        known = self._storages.get(storage_id)
        if known is None or storage_id != self.storage_id:  # any but the main one may be relocated, by whomever
            row = self.database.one("SELECT uid, root, instance_uid FROM storage WHERE id = ?", [storage_id])
            if row is None:
                raise errors.UnknownStorage(f"No storage with id {storage_id} is registered in {self.root}.")
            if known is None or known[0] != row:
                known = self._storages[storage_id] = (row, *self._opened(*row))
        _, storage, mark = known
        if mark is not None:
            mark.check()
        return storage

    def _opened(self, uid: str, root: str, marked: Optional[str]) -> tuple[BlobStorage, Optional[Mark]]:
        absolute, mark = paths.placed(root, self._main_root), None
        if "://" not in root:
            from .storage.marks import Mark

            mark = Mark(absolute, uid, marked is not None)
            mark.check()
        from .storage.adapter import Adapter

        made: Any = ext.storage_for_root(absolute)(absolute, {})
        cache = os.path.join(self.cache_dir, "storages", uid)
        within = os.path.join(self._main_root, names.MARKER_DIR)
        return (made if hasattr(made, "ingest") else Adapter(made, cache, within)), mark

    @property
    def cache_dir(self) -> str:
        """Folder for what can be made again: views of folders, copies."""
        return settings.variable("CACHE_DIR") or os.path.join(self._main_root, names.MARKER_DIR, names.CACHE_DIR)

    @property
    def process_dir(self) -> str:
        """Folder of the files that living processes hold locked."""
        return os.path.join(self._main_root, names.MARKER_DIR, names.PROCESS_DIR)

    @property
    def log_dir(self) -> str:
        """Folder of what the open runs print."""
        return os.path.join(self._main_root, names.MARKER_DIR, names.LOG_DIR)

    @property
    def checkout_dir(self) -> str:
        """Folder that tells of which family a file is that was loaded."""
        return os.path.join(self._main_root, names.MARKER_DIR, names.CHECKOUT_DIR)

    # -- the registries

    @property
    def Artifact(self) -> Manager[Artifact]:  # noqa: N802
        """The artifacts of this instance: made by a call, found by `filter` and `get`."""
        return Manager(models.Artifact, self)

    @property
    def Transform(self) -> Manager[Transform]:  # noqa: N802
        """The transforms of this instance."""
        return Manager(models.Transform, self)

    @property
    def Run(self) -> Manager[Run]:  # noqa: N802
        """The runs of this instance."""
        return Manager(models.Run, self)

    @property
    def Storage(self) -> Manager[Storage]:  # noqa: N802
        """The storages of this instance."""
        return Manager(models.Storage, self)

    @property
    def User(self) -> Manager[User]:  # noqa: N802
        """The people who ran something in this instance."""
        return Manager(models.User, self)

    @property
    def Space(self) -> Manager[Space]:  # noqa: N802
        """The spaces of this instance."""
        return Manager(models.Space, self)

    @property
    def Branch(self) -> Manager[Branch]:  # noqa: N802
        """The branches of this instance."""
        return Manager(models.Branch, self)

    @property
    def Project(self) -> Manager[Project]:  # noqa: N802
        """The projects of this instance."""
        return Manager(models.Project, self)

    @property
    def Record(self) -> Manager[Record]:  # noqa: N802
        """The records of this instance."""
        return Manager(models.Record, self)

    @property
    def ULabel(self) -> Manager[ULabel]:  # noqa: N802
        """The labels of this instance."""
        return Manager(models.ULabel, self)

    @property
    def Collection(self) -> Manager[Collection]:  # noqa: N802
        """The collections of this instance."""
        return Manager(models.Collection, self)

    @property
    def Feature(self) -> Manager[Feature]:  # noqa: N802
        """The features of this instance."""
        return Manager(models.Feature, self)

    def info(self) -> dict[str, Any]:
        """What is in use: paths, versions, pragmas, kind of filesystem, counts."""
        database = self.database
        counts = {
            registry.__name__.lower() + "s": Manager(registry, self).filter().count()
            for registry in (models.Transform, models.Run, models.Artifact)
        }
        return {
            "instance": self.name,
            "uid": self.uid,
            "folder": self.root,
            "database": database.path,
            "access": "read and write" if database.may_write() else "read-only",
            **database.facts(),
            "storages": [root for _, root in self.storage_roots()],
            "cache": self.cache_dir,
            "dev-dir": self.settings.dev_dir,
            "user": settings.login_name(),
            "branch": "main",
            "space": "all",
            **counts,
        }


def _is_same(one: str, other: str) -> bool:
    return one == other or ("://" not in one + other and os.path.realpath(one) == os.path.realpath(other))


def _database(place: str) -> Database:
    """The database in a file, or at a URL."""
    if "://" in place:
        from .sql.server import database_of

        return database_of(place, ext.database_for_url(place))
    from .sql.sqlite import SQLite

    # In this order: another process may make the file between the two looks.
    writable = not os.path.exists(place) or os.access(place, os.W_OK)
    return SQLite(place, readonly=not (writable and os.access(os.path.dirname(place), os.W_OK)))


def _main_root(root: str, database: str, values: dict[str, Any]) -> str:
    """The root of the main storage: it holds the database, or the marker names it."""
    if "://" in database:
        return _joined(root, str(values["storage"]))
    return os.path.dirname(os.path.dirname(database))


def _joined(root: str, path: str) -> str:
    return os.path.normpath(os.path.join(root, path))


def _program() -> str:
    return f"python -m {__package__}"


# -- the default instance


def connect(path: Optional[Path] = None) -> Instance:
    """Use the instance at ``path`` for everything that this process does; without a path, the one that is found.

    Looks at ``LAMIN_LITE_INSTANCE``, else from the current directory upward, else from the script's folder.
    """
    instance = Instance.open(path) if path is not None else found()
    session.default_store = instance
    return instance


def point(folder: Path, path: Path) -> tuple[Instance, bool]:
    """Let a folder, and those below it, use the instance at ``path``; that instance, and whether this is a change.

    Raises `NoInstance`, and `Conflict` for a folder that has an instance of its own.
    """
    home = os.path.abspath(folder)
    marker = markers.file_of(home)
    path = markers.pointer_in(path) or path  # never a pointer to a pointer
    instance = Instance.open(path)
    before = markers.read(marker) or {}
    if before and markers.POINTER not in before:
        own = Instance.open(home)
        if own.uid != instance.uid:
            raise errors.Conflict(f"{home} has an instance of its own, {own.name!r}: go to another folder.")
        return own, False
    place = instance.root if os.path.isfile(markers.file_of(instance.root)) else os.path.abspath(path)
    above = not os.path.isabs(markers.relative(home, place))  # then both are moved together, too
    named = os.path.relpath(place, home).replace(os.sep, "/") if above else markers.relative(place, home)
    values = {**before, "format": 1, "instance": instance.uid, markers.POINTER: named}
    if values == before:
        return Instance.open(home), False
    with translating("connect the folder", home):
        markers.write(marker, values)
    return Instance.open(home), True


def unpoint(folder: Path) -> str:
    """Take back what `point` did; the path of the instance that was named. Nothing else is touched.

    Raises `NoInstance` for a folder without such a marker, `Conflict` for one with an instance of its own.
    """
    home = os.path.abspath(folder)
    marker = markers.file_of(home)
    values = markers.read(marker)
    if values is None:
        raise errors.NoInstance(f"{home} is not connected to an instance by a marker of its own.")
    if markers.POINTER not in values:
        raise errors.Conflict(f"{home} has an instance of its own, which stays: there is nothing to disconnect.")
    with translating("disconnect the folder", home):
        markers.remove(marker)
    return _joined(home, str(values[markers.POINTER]))


_reached: dict[str, Instance] = {}


def reached(place: str) -> Instance:
    """The instance at a place: one that is open for what is done here, else opened once for all who name it."""
    for known in (*session.known_stores(), *_reached.values()):
        if known.place == place and isinstance(known, Instance):
            return known
    made = _reached[place] = Instance.open(place)
    return made


def disconnect() -> None:
    """Forget which instance this process uses; the next use looks for one."""
    session.default_store = None


def init(storage: Path = "./storage", *, name: Optional[str] = None) -> Instance:
    """Make an instance in the current directory and use it; as ``python -m lamin_lite init --storage``."""
    instance = Instance.init(storage=storage, name=name)
    session.default_store = instance
    return instance


def found(*, by_script: bool = True) -> Instance:
    """The instance that is meant when none is named; `NoInstance` says where it was looked for.

    ``by_script``: also from the folder of the script that runs, if there is none from the current directory upward.
    """
    chosen = settings.variable("INSTANCE")
    if chosen:
        return Instance.open(chosen)
    places = [_current_folder(), *(_script_folder() if by_script else ())]
    foreign: list[str] = []
    for place in places:
        for folder in markers.upward(place):
            if not os.path.isfile(markers.file_of(folder)):
                continue
            if markers.is_mine(folder):
                return Instance.open(folder)
            foreign.append(folder)
    if foreign:
        raise errors.NoInstance(
            f"{foreign[0]} has an instance of another owner, which is not used unasked: name it, if you trust it, by "
            f"{names.ENV_PREFIX}INSTANCE or connect(path)."
        )
    raise errors.NoInstance(
        f"No instance was found from {places[0]} upward. Make one with `{_program()} init --storage ./storage`, "
        f"or name one by {names.ENV_PREFIX}INSTANCE or connect(path)."
    )


def _current_folder() -> str:
    try:
        return os.getcwd()
    except FileNotFoundError:
        raise errors.MissingFile(
            f"The current directory is not there any more: go to another one, or name an instance by "
            f"{names.ENV_PREFIX}INSTANCE or connect(path)."
        ) from None


def _script_folder() -> Iterator[str]:
    """The folder of the script that runs; none of an installed program, which may lie in another project's environment."""
    import sys

    file = getattr(sys.modules.get("__main__"), "__file__", None)
    folder = None if file is None or _is_installed(os.path.abspath(file)) else os.path.dirname(os.path.abspath(file))
    if folder is not None and os.path.isdir(folder):
        yield folder


def _is_installed(path: str) -> bool:
    """Whether a file is part of this package, of Python, or of what is installed for it: the project may lie beside."""
    import sys

    if not {"site-packages", "dist-packages"}.isdisjoint(path.split(os.sep)):
        return True
    below = [os.path.join(prefix, name) for prefix in (sys.prefix, sys.base_prefix) for name in _INSTALLED]
    return any(paths.is_inside(path, folder) for folder in (os.path.dirname(os.path.abspath(__file__)), *below))


_INSTALLED = ("bin", "Scripts", "lib", "lib64", "Lib", "libexec", "share")  # in a prefix of Python


def _open_default() -> Instance:
    instance = session.default_store = found()
    return instance


session.open_default = _open_default
