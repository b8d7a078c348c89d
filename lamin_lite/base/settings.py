"""Environment variables, the only place that reads them; and who runs this process."""

from __future__ import annotations

import os

from . import names
from ._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Optional

#: every environment variable that has an effect, without the prefix, and what it means
VARIABLES = {
    "INSTANCE": "path of the instance to use, instead of looking for one from the current directory upward; also one of "
    "another owner, which is not found unasked",
    "PROJECT": "name of the project that scripts and flows are linked to; `track(project=)` goes before it, the "
    "standard's variable `LAMIN_CURRENT_PROJECT` after it",
    "RUN": "the run that starts this process: instance:run:process; set for child processes, gives initiated_by_run",
    "RERUN": 'the run that this process repeats, uid:mark; set by `rerun`, gives `extra_data["rerun_of"]` and "rerun_by"',
    "CACHE_DIR": "folder for views of folders and for copies, instead of the one beside the database",
    "DEV_DIR": "development directory: keys of scripts are paths relative to it",
    "STAT_CACHE": "file that remembers the digests of large files, or `off`; by default in the user's cache folder",
    "USER": "handle of the person, instead of the login name",
    "HTML_REPORT": "`on`: `ln.finish()` in a notebook also makes its report as HTML; takes seconds, needs nbconvert",
    "SYNC_GIT_REPO": "address or path of the git repository that transforms link to; `ln.settings.sync_git_repo` goes "
    "before it, the standard's variable `LAMINDB_SYNC_GIT_REPO` after it",
}


SESSION_NAME = "JPY_SESSION_NAME"


def variable(name: str) -> Optional[str]:
    """The value of ``LAMIN_LITE_<name>``; None where it is not set or empty."""
    if name not in VARIABLES:
        raise KeyError(name)
    return os.environ.get(names.ENV_PREFIX + name) or None


def export(name: str, value: Optional[str]) -> Optional[str]:
    """Set a variable for child processes, or remove it; what it was."""
    before = variable(name)
    if value is None:
        os.environ.pop(names.ENV_PREFIX + name, None)
    else:
        os.environ[names.ENV_PREFIX + name] = value
    return before


def changed(path: Sequence[str] = (), **values: Optional[str]) -> dict[str, Optional[str]]:
    """Changes to the environment of a program: variables of ours, and folders that follow those of ``PYTHONPATH``."""
    change = {names.ENV_PREFIX + name: value for name, value in values.items() if name in VARIABLES}
    known = [os.path.abspath(entry) for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry]
    return {**change, "PYTHONPATH": os.pathsep.join(dict.fromkeys([*known, *path])) or None}


def repeated() -> tuple[Optional[str], Optional[str]]:
    """The uid of the run that this process repeats, and the mark by which that `rerun` knows what it started itself."""
    uid, _, mark = (variable("RERUN") or "").partition(":")
    return uid or None, mark or None


def project() -> tuple[str, Optional[str]]:
    """The project that the environment names, after the variable that names it."""
    own = names.ENV_PREFIX + "PROJECT"
    name = own if variable("PROJECT") else "LAMIN_CURRENT_PROJECT"
    return name, os.environ.get(name) or None


def session_name() -> Optional[str]:
    """What Jupyter Server 2 and later tells a kernel in ``JPY_SESSION_NAME``: the path of its notebook."""
    return os.environ.get(SESSION_NAME) or None


def sync_git_repo() -> Optional[str]:
    """The git repository that transforms link to: what this process chose, else what the environment says."""
    return _chosen.get("sync_git_repo") or variable("SYNC_GIT_REPO") or os.environ.get("LAMINDB_SYNC_GIT_REPO") or None


def choose_sync_git_repo(address: Optional[str]) -> None:
    """Choose it for this process; None leaves it to the environment."""
    _chosen["sync_git_repo"] = address


_chosen: dict[str, Optional[str]] = {}  # goes before the environment


def stat_cache_path() -> Optional[str]:
    """File of the user's cache of digests; None where it is off or there is no home."""
    chosen = variable("STAT_CACHE")
    if chosen is not None:
        return None if chosen == "off" else chosen
    home = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(home, "lamin_lite", "digests.db") if os.path.isabs(home) else None


def secret_values() -> set[str]:
    """Values of the environment variables whose names say that they are secret, of 8 characters or more."""
    from . import redact

    return {value for name, value in os.environ.items() if len(value) >= 8 and redact.is_secret_name(name)}


def login_name() -> str:
    """The handle of the person who runs this process."""
    chosen = variable("USER")
    if chosen:
        return chosen
    user = getattr(os, "geteuid", int)()
    if user not in _logins:
        _logins[user] = _login_of(user)
    return _logins[user]


_logins: dict[int, str] = {}  # by user id: each save needs it, and a directory service takes milliseconds


def _login_of(user: int) -> str:
    try:
        import pwd

        return pwd.getpwuid(user).pw_name
    except (ImportError, KeyError):
        return os.environ.get("USERNAME") or f"uid{user}"
