"""Environment variables, the only place that reads them; and who runs this process."""

from __future__ import annotations

import os

from . import names
from ._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Optional

#: every environment variable that has an effect, without the prefix, and what it means
VARIABLES = {
    "INSTANCE": "path of the instance to use, instead of looking for one from the current directory upward",
    "PROJECT": "name of the project that scripts and flows are linked to; `track(project=)` goes before it",
    "RUN": "the run that starts this process: instance:run:process; set for child processes, gives initiated_by_run",
    "CACHE_DIR": "folder for views of folders and for copies, instead of the one beside the database",
    "DEV_DIR": "development directory: keys of scripts are paths relative to it",
    "STAT_CACHE": "file that remembers the digests of large files, or `off`; by default in the user's cache folder",
    "USER": "handle of the person, instead of the login name",
}


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
