"""Who runs this, where, and with which arguments."""

from __future__ import annotations

import os
import sys

from ..base import paths
from ..base._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, Callable, Optional

__all__ = ["cli_args", "host", "quote_args"]

_PLAIN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789@%+=:,./-_")


def host() -> dict[str, Any]:
    """Return facts on machine, user and interpreter; None where one cannot be had.

    Returns:
        ``host`` (node name), ``user`` (login name of the effective user, else its number as text), ``os``
        ('Linux 6.1.0'), ``machine`` ('x86_64'), ``python`` ('3.11.7'), ``cpu_count`` (that this process may use),
        ``cwd``, ``executable``.

    Example::

        >>> host()["user"]
        'ada'
    """
    return {
        "host": _try(lambda: os.uname().nodename) or _try(_socket_name),
        "user": _try(_user),
        "os": _try(lambda: f"{os.uname().sysname} {os.uname().release}") or sys.platform,
        "machine": _try(lambda: os.uname().machine),
        "python": sys.version.split(maxsplit=1)[0],
        "cpu_count": _try(lambda: len(os.sched_getaffinity(0))) or _try(os.cpu_count),
        "cwd": _try(lambda: paths.as_text(os.getcwd())),
        "executable": paths.as_text(sys.executable or "") or None,
    }


def _try(probe: Callable[[], Any]) -> Any:
    try:
        return probe()
    except Exception:  # no uname on Windows, no such user in a container, a deleted folder
        return None


def _socket_name() -> str:
    from socket import gethostname

    return gethostname()


def _user() -> Optional[str]:
    """Ask the password database: the environment, which getpass trusts first, is what a cron job or sudo left in it."""
    try:
        uid = os.geteuid()
    except AttributeError:  # Windows
        return os.getlogin()
    try:
        import pwd

        return pwd.getpwuid(uid).pw_name
    except (ImportError, KeyError, OSError):
        return str(uid)


def cli_args(masked: Callable[[list[str]], Iterable[str]] = list) -> Optional[str]:
    """Return the arguments of the program as one line that ``shlex.split`` takes apart again; None without any.

    ``masked`` gets the list of arguments and gives the list that is kept, for callers that mask secrets.

    Example::

        >>> cli_args()
        "--name 'my sample' --alpha 0.1"
    """
    try:
        return None if _is_kernel() else quote_args(masked(sys.argv[1:]))
    except Exception:  # no sys.argv in an embedded interpreter
        return None


def _is_kernel() -> bool:
    """Tell whether the arguments are those of Jupyter (``-f connection.json``), which say nothing of the work."""
    folder, name = os.path.split(str(sys.argv[0]))
    is_module = os.path.basename(folder) == "ipykernel" and name == "__main__.py"
    return is_module or name in ("ipykernel_launcher.py", "colab_kernel_launcher.py")


def quote_args(args: Iterable[str]) -> Optional[str]:
    """Join arguments with the quotes that a POSIX shell needs; None if there are none.

    Bytes that are no text, which no database takes, become U+FFFD. (shlex does the same, but imports re.)

    Example::

        >>> quote_args(["--name", "my sample", ""])
        "--name 'my sample' ''"
    """
    return " ".join(_quote(_clean(str(arg))) for arg in args) or None


def _quote(arg: str) -> str:
    return arg if arg and _PLAIN.issuperset(arg) else "'" + arg.replace("'", "'\"'\"'") + "'"


def _clean(arg: str) -> str:
    if arg.isascii():
        return arg
    try:
        return os.fsencode(arg).decode("utf-8")  # of text that this locale did not know as such
    except UnicodeError:
        return arg.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
