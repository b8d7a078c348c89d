"""The border to the operating system: an OSError becomes one sentence with the path and the remedy."""

from __future__ import annotations

import errno

from .. import errors
from ..base._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType


class translating:
    """``with translating("save", path): ...`` raises errors of ours for those of the system."""

    def __init__(self, doing: str, path: str, into: str = "") -> None:
        self.doing = doing
        self.path = path
        self.into = into

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, OSError) and not isinstance(error, errors.LaminLiteError):
            made = self.translated(error)
            made.errno = error.errno  # not as an argument: its number would stand before the sentence
            try:
                raise made from error
            finally:
                del made, error  # else the traceback keeps what all frames in it hold open, until cycles are collected

    def translated(self, error: OSError) -> errors.StorageError:
        """The error of ours."""
        where = str(error.filename) if error.filename else self.path
        from ..base import fsio

        doing, path = self.doing, self.path
        if isinstance(error, fsio.Changed):
            return errors.FileChanged(
                f"{path} changed while it was being saved: wait until its writer has finished, then save it again.",
            )
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            return errors.NoSpace(
                f"No space is left in {self.into or where} to {doing} {path}: free some, or use another storage. "
                "Nothing was half written.",
            )
        if isinstance(error, FileNotFoundError):
            return errors.MissingFile(f"There is no file or folder {where}: check the path.")
        if isinstance(error, PermissionError) or error.errno == errno.EROFS:
            return errors.Unreadable(
                f"This user may not {'read' if where == path else 'write'} {where}: change its permissions.",
            )
        if isinstance(error, (IsADirectoryError, NotADirectoryError)):
            return errors.StorageError(f"Could not {doing} {path}: {where} is not of the expected kind.")
        return errors.StorageError(f"Could not {doing} {path}: {error.strerror or error} ({where}).")
