"""Addresses of git repositories, and links to a file in one of their commits. Pure: no git, no files, no network.

An address is written in many ways: ``https://github.com/ada/study.git``, ``git@github.com:ada/study``,
``ssh://git@github.com:22/ada/study.git``, ``file:///srv/git/study.git``, ``/srv/git/study.git``. Where the site has pages
for files, the link is that of the page; else it has the form ``git+<address>@<commit>#<path>``, which names the same
three things.
"""

from __future__ import annotations

import os

from ..base._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Optional

__all__ = ["Address", "is_same", "link_to", "parse", "rewritten", "shown"]

#: word in the name of a host -> how the page of a file is addressed, if there are pages; the first that fits
_PAGES = {
    "github": "{repo}/blob/{commit}/{path}",
    "gitlab": "{repo}/-/blob/{commit}/{path}",
    "bitbucket": "{repo}/src/{commit}/{path}",
    **dict.fromkeys(("codeberg", "gitea", "forgejo"), "{repo}/src/commit/{commit}/{path}"),
    "sr.ht": "{repo}/tree/{commit}/item/{path}",
    "ssh.dev.azure": "",  # what is none of the usual addresses there has no page
    "dev.azure": "{repo}?path=/{path}&version=GC{commit}",
}
_BITBUCKET_SERVER = "{repo}/browse/{path}?at={commit}"
_OTHER_PAGE = _PAGES["github"]  # GitHub Enterprise under any name; a GitLab leads on from it to its own form
_AZURE = "dev.azure.com"
_AZURE_BEFORE = ".visualstudio.com"  # of Azure DevOps, with the organization in front; its addresses go on to work
_AZURE_SSH = ("ssh.dev.azure.com", "vs-ssh.visualstudio.com")
_SITES = ("github.com", "gitlab.com", "bitbucket.org", "codeberg.org", _AZURE)  # take names in any case
_ALIASES = {"ssh.github.com": "github.com", "altssh.gitlab.com": "gitlab.com", "altssh.bitbucket.org": "bitbucket.org"}
_WEB = ("http", "https")
_USUAL_PORTS = {"http": "80", "https": "443", "ssh": "22", "git": "9418"}


class Address:
    """Where a repository is.

    ``scheme``: ``https``, ``http``, ``ssh``, ``git``, ..., or ``file``. ``user``: of ssh only, without password.
    ``host``: lower-case. ``port``: as text, empty if it is the usual one. ``path``: for ``file`` that of the folder; else
    without slashes around it and without ``.git``.
    """

    __slots__ = ("host", "path", "port", "scheme", "user")

    def __init__(self, scheme: str, user: str, host: str, port: str, path: str) -> None:
        self.scheme = scheme
        self.user = user
        self.host = host
        self.port = port
        self.path = path

    @property
    def is_local(self) -> bool:
        """Whether it is a folder of this machine."""
        return self.scheme == "file"


def parse(text: str) -> Address:
    """Take an address apart; what is no URL and no ``host:path`` is the path of a folder.

    Example::

        >>> parse("git@GitHub.com:ada/study.git").host
        'github.com'
    """
    address = _taken_apart(text)
    path = _path_in_azure(address.host, address.path)
    return address if path is None else Address("https", "", _AZURE, "", path)


def _taken_apart(text: str) -> Address:
    scheme, mark, rest = text.strip().partition("://")
    if mark:
        return _of_url(scheme.lower().removeprefix("git+").removesuffix("+git"), rest)
    host, colon, path = _split_scp(text.strip())
    if not colon or "/" in host or "\\" in host or not host or (len(host) == 1 and path[:1] in ("/", "\\", "")):
        return Address("file", "", "", "", text.strip())  # a single letter is a drive of Windows
    user, _, name = host.rpartition("@")
    return Address("ssh", user.partition(":")[0], _host(name.strip("[]")), "", _path(path))


def _split_scp(text: str) -> tuple[str, str, str]:
    """``user@host``, the colon, and the path; the host may be in brackets, with colons of its own."""
    user, at, rest = text.partition("@[") if "@[" in text else ("", "", text)
    if at or text.startswith("["):
        host, bracket, path = rest.lstrip("[").partition("]:")
        return (f"{user}@{host}" if at else host), bracket[1:], path
    return text.partition(":")


def _of_url(scheme: str, rest: str) -> Address:
    place, slash, path = rest.partition("/")
    if scheme == "file":
        local = _unquoted(slash + path)
        if place.lower() not in ("", "localhost"):
            local = f"//{_unquoted(place)}{local}"
        elif local[2:3] == ":":  # file:///C:/x
            local = local[1:]
        return Address("file", "", "", "", local)
    user, _, place = place.rpartition("@")
    host, port = _with_port(place)
    if port and not port.isdigit():  # ssh://git@github.com:ada/study, half of each form
        port, path = "", f"{port}/{path}"
    user = _unquoted(user.partition(":")[0]) if scheme == "ssh" else ""
    port = "" if port == _USUAL_PORTS.get(scheme) else port
    return Address(scheme, user, _host(host), port, _path(_unquoted(path.partition("?")[0].partition("#")[0])))


def _with_port(place: str) -> tuple[str, str]:
    if place.startswith("["):  # an address of IPv6
        host, _, port = place[1:].partition("]")
        return host, port.removeprefix(":")
    host, _, port = place.partition(":")
    return host, port


def _unquoted(text: str) -> str:
    from urllib.parse import unquote

    return unquote(text, errors="surrogateescape")


def _host(name: str) -> str:
    """The name of the host; further names that people give to a site, for a second account, are that site."""
    name = name.lower().rstrip(".").removeprefix("www.")
    name = _ALIASES.get(name, name)
    return next((site for site in _SITES if name.startswith(site + "-")), name)


def _path(text: str) -> str:
    parts = [part for part in text.split("/") if part]
    if parts and parts[-1] != ".git":
        parts[-1] = parts[-1].removesuffix(".git")
    return "/".join(parts)


def _path_in_azure(host: str, path: str) -> Optional[str]:
    """The path in Azure DevOps, which has one more for ssh and others from before; None if the address is not one of its.

    >>> _path_in_azure("ssh.dev.azure.com", "v3/lab/atlas/study")
    'lab/atlas/_git/study'
    """
    parts = path.split("/")
    if host in _AZURE_SSH:
        if parts[0] != "v3" or len(parts) != 4:
            return None
        parts = [*map(_unquoted, parts[1:3]), "_git", _unquoted(parts[3])]  # escaped also in host:path
    elif host.endswith(_AZURE_BEFORE):
        parts = [host[: -len(_AZURE_BEFORE)], *(parts[1:] if parts[0].lower() == "defaultcollection" else parts)]
    elif host != _AZURE:
        return None
    if parts[1:2] == ["_git"]:  # the repository that has the name of the project
        parts[1:1] = parts[2:3]
    return "/".join(parts) if len(parts) == 4 and parts[2] == "_git" else None


def shown(text: str) -> str:
    """The address as people name the repository: without ``.git`` and without what is secret.

    Example::

        >>> shown("https://ada:hunter2@github.com/ada/study.git")
        'https://github.com/ada/study'
    """
    address = parse(text)
    if "://" in text and not address.is_local:
        return _url(address)
    bare = text.strip()
    while len(bare) > 1 and (bare[-1] in "/\\" or bare[-1].isspace()):
        bare = bare[:-1]
    name = bare.removesuffix(".git")
    return bare if not name or name[-1] in "/\\:" or name[-1].isspace() else name


def is_same(one: Address, other: Address) -> bool:
    """Tell whether both are the same repository, by whatever protocol.

    Ports tell servers apart only within a protocol: a site has one for ssh and another for its pages.

    Example::

        >>> is_same(parse("git@github.com:ada/study.git"), parse("https://github.com/Ada/study"))
        True
    """
    if one.is_local or other.is_local:
        return one.is_local and other.is_local and one.path == other.path
    if one.host != other.host or _identity(one) != _identity(other):
        return False
    if one.scheme != other.scheme or one.port == other.port:
        return True
    return one.scheme == "ssh" and not (one.port and other.port)  # host:path leaves it to the settings of ssh


def _identity(address: Address) -> str:
    if address.host in _SITES:
        return address.path.lower()
    return address.path.removeprefix("scm/")  # a Bitbucket of one's own has it in the addresses of https only


def rewritten(text: str, rules: list[tuple[str, str]]) -> str:
    """Apply git's ``url.<base>.insteadOf``: pairs of the base and what it stands for; the longest one wins.

    Example::

        >>> rewritten("gh:ada/study", [("https://github.com/", "gh:")])
        'https://github.com/ada/study'
    """
    fitting = [(len(prefix), base, prefix) for base, prefix in rules if prefix and text.startswith(prefix)]
    if not fitting:
        return text
    _, base, prefix = max(fitting, key=lambda rule: rule[0])
    return base + text[len(prefix) :]


def link_to(address: Address, commit: str, path: str) -> str:
    """The permanent link to a file (its path in the repository, with slashes) in a commit.

    Example::

        >>> link_to(parse("git@gitlab.com:ada/study.git"), "9fceb02", "src/a.py")
        'https://gitlab.com/ada/study/-/blob/9fceb02/src/a.py'
    """
    page = _page_of(address)
    if not page:
        return f"git+{_url(address)}@{commit}#{_quoted(path)}"
    web = address.scheme in _WEB
    port = f":{address.port}" if web and address.port else ""
    site = f"{address.scheme if web else 'https'}://{_bracketed(address.host)}{port}"
    folder = _server_folder(address) if page == _BITBUCKET_SERVER else address.path
    return page.format(repo=f"{site}/{_quoted(folder)}", commit=commit, path=_quoted(path))


def _page_of(address: Address) -> Optional[str]:
    web = address.scheme in _WEB
    if not web and (address.is_local or "." not in address.host):  # a name that only the settings of ssh know
        return None
    if address.path.startswith("scm/") or ("bitbucket" in address.host and address.host not in _SITES):
        return _BITBUCKET_SERVER
    found = next((page for word, page in _PAGES.items() if word in address.host), None)
    return _OTHER_PAGE if found is None and web else found


def _server_folder(address: Address) -> str:
    owner, _, name = _identity(address).partition("/")
    return f"users/{owner[1:]}/repos/{name}" if owner.startswith("~") else f"projects/{owner}/repos/{name}"


def _url(address: Address) -> str:
    if address.is_local:
        path = address.path.replace(os.sep, "/")
        return f"file://{'' if path.startswith('/') else '/'}{_quoted(path, safe='/:')}"
    user = f"{_quoted(address.user)}@" if address.user else ""
    port = f":{address.port}" if address.port else ""
    return f"{address.scheme}://{user}{_bracketed(address.host)}{port}/{_quoted(address.path)}"


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _quoted(text: str, safe: str = "/~") -> str:
    from urllib.parse import quote

    return quote(text, safe=safe, errors="surrogateescape")
