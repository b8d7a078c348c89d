"""Paths as text, and whether one lies in a folder: a bare prefix does not tell, as ``/data-secret`` begins with ``/data``."""

from __future__ import annotations

import os

from ._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Optional

_ESCAPE = r"\\x([89a-f][0-9a-f]|5c)"  #: of a byte that is no UTF-8, or of a backslash that might be taken for one


def is_inside(path: str, folder: str) -> bool:
    """Whether a path is this folder or lies in it, as both are spelled: resolve links before, where they may lead out.

    >>> is_inside("/data/a", "/data"), is_inside("/data", "/data"), is_inside("/data-secret", "/data"), is_inside("/a", "/")
    (True, True, False, True)
    """
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def below(path: str, folder: str) -> Optional[str]:
    """Where a path lies in a folder, with links resolved and ``/`` between names; None if elsewhere, or the folder."""
    real, home = os.path.realpath(path), os.path.realpath(folder)
    return os.path.relpath(real, home).replace(os.sep, "/") if real != home and is_inside(real, home) else None


def placed(root: str, folder: str) -> str:
    """Where a root is that is kept relative to a folder; an absolute one, and a URL, as it is.

    >>> placed("../lake", "/data/storage"), placed("/lake", "/data"), placed("s3://lake", "/data")
    ('/data/lake', '/lake', 's3://lake')
    """
    return root if "://" in root else os.path.normpath(os.path.join(folder, root))


def as_text(path: str) -> str:
    r"""A path as any database keeps it: its bytes are UTF-8, whatever the locale takes them for; what is none is escaped.

    >>> as_text("/data/caf\udcc3\udca9"), as_text("/data/\udcff")
    ('/data/café', '/data/\\xff')
    """
    if path.isascii():
        return path
    try:
        return os.fsencode(path).decode("utf-8", "backslashreplace")
    except UnicodeError:  # text that came from elsewhere, which the locale has no bytes for
        return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def as_exact_text(path: str) -> str:
    r"""The same for one path only: a backslash that could be taken for an escape is one itself, as ``\x5c``.

    >>> as_exact_text("/data/\udcff"), as_exact_text("/data/\\xff"), as_exact_text("/data/a\\b")
    ('/data/\\xff', '/data/\\x5cxff', '/data/a\\b')
    """
    told = as_text(path)
    if "\\" in told:
        import re

        if re.search(_ESCAPE, told):
            return as_text(path.replace("\\", r"\x5c"))
    return told


def of_exact_text(text: str) -> bytes:
    r"""The path that `as_exact_text` told, as the system takes it.

    >>> of_exact_text(r"/data/\xff"), of_exact_text(r"/data/\x5cxff"), of_exact_text(r"/data/a\b")
    (b'/data/\xff', b'/data/\\xff', b'/data/a\\b')
    """
    data = text.encode("utf-8", "surrogateescape")
    if b"\\" in data:
        import re

        return re.sub(_ESCAPE.encode(), lambda found: bytes.fromhex(found[1].decode()), data)
    return data
