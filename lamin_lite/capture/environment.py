"""The Python environment: which distributions, in which version, for which interpreter.

:func:`environment` reads the metadata of everything installed, in this process (``pip freeze`` asks the wrong interpreter
where pip is another's, and is missing where uv made the environment). That takes tens of milliseconds, so
:func:`fingerprint` tells in one whether anything can have changed since it was called last, by any process.
"""

from __future__ import annotations

import os
import sys

from ..base._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from importlib.metadata import Distribution
    from typing import Any, Optional

__all__ = ["environment", "fingerprint"]

LOCKFILES = ("uv.lock", "pylock.toml", "poetry.lock", "pdm.lock", "Pipfile.lock", "pixi.lock", "conda-lock.yml")
_METADATA = (".dist-info", ".egg-info")
_SITES = ("site-packages", "dist-packages")
_MANY = 2000  # entries of a folder that are looked at; then its time of change must do


def environment() -> dict[str, Any]:
    """Return what is installed, and where.

    Returns:
        ``text`` (a line ``name==version`` for each distribution, sorted; where it was not installed from an index a
        comment follows: ``# editable``, ``# git+https://host/repo@commit``, never with credentials), ``hash`` (SHA-256
        of the text), ``python`` ('3.11.7'), ``implementation`` ('cpython'), ``executable``, ``prefix``, ``manager``
        ('uv', 'venv', 'conda' or 'system'), ``lockfiles`` (absolute paths of those found in the current folder and
        beside the environment), ``conda`` (``name-version-build`` of what conda installed, sorted).

    Example::

        >>> environment()["text"]
        'numpy==2.1.0 ...'
    """
    text = _text()
    return {
        "text": text,
        "hash": _sha256(text),
        "python": sys.version.split(maxsplit=1)[0],
        "implementation": sys.implementation.name,
        "executable": sys.executable or None,
        "prefix": sys.prefix,
        "manager": _manager(),
        "lockfiles": _lockfiles(),
        "conda": _conda_packages(),
    }


def _sha256(text: str) -> str:
    from hashlib import sha256

    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


# --------------------------------------------------------------------------------------------------- distributions


def _text() -> str:
    lines: dict[str, str] = {}
    for entry in sys.path:
        for dist in _distributions(entry):
            name, version = _name_and_version(dist)
            if name and version:  # an import finds the first on the path, so the first counts
                lines.setdefault(_normal(name), f"{name}=={version}{_origin(dist)}\n")
    return "".join(lines[name] for name in sorted(lines))


def _distributions(entry: str) -> Iterator[Distribution]:
    """Yield those of one entry, so that a broken entry does not hide the others."""
    from importlib.metadata import distributions

    try:
        yield from distributions(path=[entry])
    except Exception:
        return


def _name_and_version(dist: Distribution) -> tuple[Optional[str], Optional[str]]:
    """Read two headers only: ``dist.metadata`` parses the whole file as an e-mail, ten times slower."""
    try:
        text = dist.read_text("METADATA") or dist.read_text("PKG-INFO") or dist.read_text("") or ""
    except UnicodeDecodeError:
        return _from_folder(dist)
    except Exception:
        return None, None
    headers: dict[str, str] = {}
    for line in text[: text.find("\n\n")].split("\n") if "\n\n" in text else text.split("\n"):
        key, colon, value = line.partition(":")
        if colon:
            headers.setdefault(key.lower(), value.strip())
    return headers.get("name"), headers.get("version")


def _from_folder(dist: Distribution) -> tuple[Optional[str], Optional[str]]:
    stem = os.path.splitext(os.path.basename(str(getattr(dist, "_path", ""))))[0]
    name, _, version = stem.partition("-")
    return name or None, version or None


def _normal(name: str) -> str:
    """Return the name by which PEP 503 compares."""
    return "-".join(part for part in name.lower().replace("_", "-").replace(".", "-").split("-") if part)


def _origin(dist: Distribution) -> str:
    """Return a comment on what did not come from an index (PEP 610), or nothing."""
    try:
        record = dist.read_text("direct_url.json")
        return f" # {_describe(record)}" if record else ""
    except Exception:
        return ""


def _describe(record: str) -> str:
    import json

    data = json.loads(record)
    if data.get("dir_info", {}).get("editable"):
        return "editable"
    url = _without_credentials(data["url"])
    vcs = data.get("vcs_info")
    return f"{vcs['vcs']}+{url}@{vcs['commit_id']}" if vcs else url


def _without_credentials(url: str) -> str:
    """Drop the user-info, and the query, which may be a signature."""
    from ..base.redact import redact_text

    scheme, colon, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    path = path.partition("?")[0].partition("#")[0]
    return redact_text(f"{scheme}{colon}{host.rpartition('@')[2]}{slash}{path}")


# ----------------------------------------------------------------------------------------------------- the manager


def _manager() -> str:
    try:
        with open(os.path.join(sys.prefix, "pyvenv.cfg"), encoding="utf-8", errors="replace") as file:
            keys = [line.partition("=")[0].strip() for line in file]
        return "uv" if "uv" in keys else "venv"
    except OSError:
        pass
    if os.path.isdir(os.path.join(sys.prefix, "conda-meta")):
        return "conda"
    return "venv" if sys.prefix != sys.base_prefix else "system"


def _conda_packages() -> list[str]:
    try:
        names = os.listdir(os.path.join(sys.prefix, "conda-meta"))
    except OSError:
        return []
    return sorted(name[: -len(".json")] for name in names if name.endswith(".json"))


def _lockfiles() -> list[str]:
    found = []
    for folder in dict.fromkeys(_project_folders()):
        found += [path for name in LOCKFILES if os.path.isfile(path := os.path.join(folder, name))]
    return found


def _project_folders() -> Iterator[str]:
    try:
        yield os.getcwd()
    except OSError:  # it was deleted
        pass
    prefix = os.path.abspath(sys.prefix)
    if sys.prefix != sys.base_prefix:
        yield os.path.dirname(prefix)
    project, pixi, _ = prefix.partition(f"{os.sep}.pixi{os.sep}")
    if pixi:
        yield project


# ----------------------------------------------------------------------------------------------------- fingerprint


def fingerprint() -> str:
    """Return a hash that changes whenever what is installed, or the interpreter, may have changed.

    It looks at the interpreter and at the times of the folders on ``sys.path`` that hold metadata of distributions.
    Others do not count: a script that writes files beside itself changes no environment.

    Example::

        >>> if fingerprint() not in known:
        ...     known[fingerprint()] = environment()
    """
    try:
        return _sha256("\0".join(_evidence()))
    except Exception:
        return _sha256(f"{sys.version}\0{sys.executable}\0{sys.path}")


def _evidence() -> Iterator[str]:
    yield sys.version
    yield sys.executable or ""
    yield sys.prefix
    yield _state(os.path.join(sys.prefix, "conda-meta"))
    library = os.path.dirname(os.__file__)
    for entry in sys.path:
        if entry in (library, os.path.join(library, "lib-dynload")) or not isinstance(entry, str):
            continue
        yield from _evidence_of(entry)


def _evidence_of(entry: str) -> Iterator[str]:
    if os.path.basename(entry.rstrip(os.sep)) in _SITES or os.path.isfile(entry):  # an archive may hold metadata
        yield _state(entry)
        return
    names = _metadata_names(entry)
    if names is None:
        yield _state(entry)
        return
    for name in names:  # of a project under development: the folder stays while what is in it is written anew
        yield _state(os.path.join(entry, name))
        yield _state(os.path.join(entry, name, "PKG-INFO"))


def _metadata_names(folder: str) -> Optional[list[str]]:
    """Return the sorted names of the metadata in a folder; None if it holds too much to look through."""
    names = []
    try:
        with os.scandir(folder or ".") as entries:
            for count, entry in enumerate(entries):
                if count == _MANY:
                    return None
                if entry.name.endswith(_METADATA):
                    names.append(entry.name)
    except OSError:
        return []
    return sorted(names)


def _state(path: str) -> str:
    try:
        state = os.stat(path)
    except OSError:
        return ""
    return f"{path}\0{state.st_mtime_ns}\0{state.st_size}"
