"""What a file said when it was loaded: a process runs what it has read, whatever is written to the file since.

The source that is read first stays that of the module for as long as this lives. It is read again after a reload, and
where the code that runs is in the new text and not in the old one. A file that was changed between the start of the
process and the first look is compared with the code that runs; if this is not in it, the source gets a ``doubt``.
"""

from __future__ import annotations

import os
import sys
from _weakref import ref
from functools import lru_cache

from ..base import proc
from ..base._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from types import CodeType
    from typing import Any, Optional

    Source = dict[str, Optional[str]]

_MOST_FILES = 1_000
_MOST_LOADS = 64  # of one file; each reload is another one
#: by path, newest last: id of what stands for the load; that itself, or None once it is gone; what the file said
_loads: dict[str, tuple[tuple[int, Callable[[], Any], Source], ...]] = {}


def as_loaded(path: str, now: Source, names: Mapping[str, Any], code: Optional[CodeType]) -> Source:
    """Return the source that the code is of: what the file says ``now``, or what it said when it was loaded.

    ``names``: the globals of its module. ``code``: that of the function, or of the main program; None if not known.
    """
    load, witness = _load_of(names, code)
    if witness is None:
        return now
    known = _loads.get(path, ())
    own = next((source for other, held, source in reversed(known) if other == load and held() is not None), None)
    others = [source for _, _, source in reversed(known) if source is not own]
    if own is None:
        if not _is_younger(path) or _holds(now, code):
            return _keep(path, load, witness, now)
        kept = next((source for source in others if _holds(source, code)), None)
        return _keep(path, load, witness, {**now, "doubt": _doubt(path)}) if kept is None else dict(kept)
    if own["hash"] != now["hash"]:
        others.insert(0, now)
    if not others:
        return dict(own)
    order = [now, own, *others] if others[0] is now and _is_executed_again(names) else [own, *others]
    found = next((source for source in order if _holds(source, code)), own)
    return _keep(path, load, witness, now) if found is now else dict(found)


def _load_of(names: Mapping[str, Any], code: Optional[CodeType]) -> tuple[int, Any]:
    """Id of what stands for the load of a module, and what lives as long as that.

    It is the spec, which a reload replaces; else the module; else the names, which nothing can refer to weakly; of code
    that belongs to no module, itself.
    """
    spec = names.get("__spec__")
    if spec is not None:
        return id(spec), spec
    module = sys.modules.get(names.get("__name__") or "")
    return (id(module), module) if getattr(module, "__dict__", None) is names else (id(names or code), code)


def _is_executed_again(names: Mapping[str, Any]) -> bool:
    """Whether the module may have been executed anew all the same: IPython's ``%run`` takes the same one again."""
    return names.get("__spec__") is None and "IPython" in sys.modules


def _keep(path: str, load: int, witness: Any, source: Source) -> Source:
    known = _loads.pop(path, ())
    if len(_loads) >= _MOST_FILES:
        del _loads[next(iter(_loads))]
    _loads[path] = (*known[1 - _MOST_LOADS :], (load, _held(witness), source))
    return dict(source)


def _held(witness: Any) -> Callable[[], Any]:
    try:
        return ref(witness)
    except TypeError:  # a spec of somebody's own
        return lambda: witness


def _is_younger(path: str) -> bool:
    """Whether the file was written since this process started; True where the system does not tell that."""
    try:
        written = os.stat(path).st_mtime_ns // 1000
    except OSError:  # in an archive
        return False
    started = proc.started_at()
    return started is None or written > started


def _holds(source: Source, code: Optional[CodeType]) -> bool:
    """Whether a source has this code; True where that cannot be told."""
    return code is None or code in _codes(source["text"] or "")


@lru_cache(maxsize=16)
def _codes(text: str) -> frozenset[CodeType]:
    import warnings

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = [compile(text, "", "exec", dont_inherit=True)]
    except Exception:  # saved half-way
        return frozenset()
    for code in found:
        found += _inner(code)
    return frozenset(found)


def _inner(code: CodeType) -> Iterable[CodeType]:
    return (each for each in code.co_consts if isinstance(each, type(code)))


def _doubt(path: str) -> str:
    return (
        f"{path} was changed after this process had loaded it, so the source that is kept may not be what runs, and no "
        "link to it is kept: start the process anew."
    )
