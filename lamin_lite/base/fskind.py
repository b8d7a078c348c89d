"""What kind of filesystem a path lies on, read from the kernel's table of mounts."""

from __future__ import annotations

import os

NETWORK = frozenset(
    [
        "9p",
        "afs",
        "beegfs",
        "ceph",
        "cifs",
        "fuse.sshfs",
        "glusterfs",
        "gpfs",
        "lustre",
        "ncpfs",
        "nfs",
        "nfs4",
        "orangefs",
        "panfs",
        "pvfs2",
        "smb3",
        "smbfs",
        "virtiofs",
        "fuse.s3fs",
        "fuse.gcsfuse",
        "fuse.glusterfs",
    ]
)


def kind_of(path: str) -> str | None:
    """Name of the filesystem type, such as ``ext4`` or ``nfs4``; None where it cannot be known.

    >>> kind_of("/proc")
    'proc'
    """
    real = os.path.realpath(path)
    best, kind = -1, None
    for point, name in _mounts():
        inside = real == point or real.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= best:  # a later mount over the same point hides the earlier one
            best, kind = len(point), name
    return kind


def is_network(path: str) -> bool:
    """Whether the path lies on a filesystem that other machines can mount too."""
    return kind_of(path) in NETWORK


def _mounts() -> list[tuple[str, str]]:
    try:
        with open("/proc/self/mounts", encoding="utf-8", errors="surrogateescape") as file:
            lines = file.read().splitlines()
    except OSError:
        return []
    return [(_unescaped(parts[1]), parts[2]) for parts in map(str.split, lines) if len(parts) > 2]


def _unescaped(point: str) -> str:
    for code, char in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        point = point.replace(code, char)
    return point
