"""``ln.settings``: what holds for this process."""

from __future__ import annotations

import os

from .. import errors
from ..base import settings as environment
from ..base._typing import TYPE_CHECKING
from ..models import Storage, session
from ..models.registry import Manager

if TYPE_CHECKING:
    from typing import Any, NoReturn, Optional, Union

    Path = Union[str, os.PathLike[str]]


class Settings:
    """Settings of this process, and of the instance that it uses.

    >>> ln.settings.sync_git_repo = "git@github.com:ada/study.git"
    >>> ln.settings.sync_git_repo
    'git@github.com:ada/study'
    """

    __slots__ = ()

    @property
    def sync_git_repo(self) -> Optional[str]:
        """The git repository that transforms link to, without ``.git`` and without credentials; None if there is none.

        Set it to an address (``https://...``, ``ssh://...``, ``git@host:owner/name``, ``file://...``) or to the path of a
        repository, for this process; None leaves it to ``LAMIN_LITE_SYNC_GIT_REPO`` and ``LAMINDB_SYNC_GIT_REPO``.
        """
        from ..capture.permalink import shown

        address = environment.sync_git_repo()
        return None if address is None else shown(address)

    @sync_git_repo.setter
    def sync_git_repo(self, address: Optional[Path]) -> None:
        from ..capture.permalink import parse

        if address is None:
            environment.choose_sync_git_repo(None)
            return
        text = os.fspath(address) if isinstance(address, (str, os.PathLike)) else None
        if not isinstance(text, str) or not text.strip():
            raise errors.InvalidArgument(
                f"sync_git_repo = {address!r} must be the address or the path of a git repository, such as "
                "'https://github.com/owner/name', or None."
            )
        plain = "://" not in text and parse(text).is_local
        environment.choose_sync_git_repo(os.path.abspath(os.path.expanduser(text)) if plain else text)

    @property
    def dev_dir(self) -> Optional[str]:
        """Development directory of the instance in use: keys of scripts are paths relative to it."""
        return _store().settings.dev_dir  # type: ignore[no-any-return]

    @dev_dir.setter
    def dev_dir(self, path: Optional[Path]) -> None:
        _store().settings.dev_dir = path

    @property
    def storage(self) -> Storage:
        """The storage of the instance in use, where artifacts are kept: ``ln.settings.storage.path`` is its folder."""
        store = _store()
        return Manager(Storage, store).get(store.storage_id)

    def __getattr__(self, name: str) -> NoReturn:
        raise AttributeError(_unknown(name))

    def __setattr__(self, name: str, value: object) -> None:
        if name not in vars(Settings):
            raise AttributeError(_unknown(name))
        object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        return f"Settings(sync_git_repo={self.sync_git_repo!r})"


def _unknown(name: str) -> str:
    known = [each for each, held in vars(Settings).items() if isinstance(held, property)]
    return f"ln.settings has no {name!r}: it has {', '.join(sorted(known))}."


def _store() -> Any:
    return session.current_store()


settings = Settings()
