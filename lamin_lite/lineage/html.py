"""A picture as a page that needs nothing else: move, zoom, search, details. Pure.

Whatever a key or a param says, it is text: escaped in the markup, in JSON without ``<`` for the script, and put into
the page as text nodes. The policy of the page lets no other script than its own run, and no request leave.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional

from . import svg, theme
from .page import SCRIPT, STYLE

if TYPE_CHECKING:
    from .picture import Box, Picture

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'"
_UNSAFE = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


def page(picture: Picture, *, base_url: Optional[str] = None) -> str:
    """The page. ``base_url``: where rows can be looked at; the details of a box link to ``<base_url>/<kind>/<uid>``."""
    title = svg.escaped(picture.title)
    return "\n".join(
        [
            "<!DOCTYPE html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY.format(_digest(SCRIPT))}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="referrer" content="no-referrer">',
            f"<title>{title}</title>",
            f"<style>{STYLE}</style>",
            "</head>",
            "<body>",
            f"<header><h1>{title}</h1>{_CONTROLS}</header>",
            f'<main><div id="stage">{svg.drawn(picture, for_page=True)}</div>{_PANEL}</main>',
            f"<footer>{_legend(picture)}</footer>",
            f'<script type="application/json" id="data">{_json(_data(picture, base_url))}</script>',
            f"<script>{SCRIPT}</script>",
            "</body>",
            "</html>",
            "",
        ]
    )


_CONTROLS = (
    '<input id="find" type="search" placeholder="key, function, uid, param …" aria-label="Search" autocomplete="off">'
    '<span id="count" role="status"></span>'
    '<span><button id="out" type="button" aria-label="Zoom out" title="Zoom out">−</button> '
    '<button id="in" type="button" aria-label="Zoom in" title="Zoom in">+</button> '
    '<button id="all" type="button" title="Show all">all</button></span>'
)
_PANEL = (
    '<aside id="details" aria-live="polite" aria-label="Details" hidden>'
    '<button id="close" type="button" aria-label="Close">×</button><h2 id="name"></h2><dl id="facts"></dl></aside>'
)


def _data(picture: Picture, base_url: Optional[str]) -> dict[str, Any]:
    base = None if base_url is None else svg.checked_base(base_url)
    return {"boxes": [_told(box, base) for box in picture.boxes]}


def _told(box: Box, base: Optional[str]) -> dict[str, Any]:
    if box.several:
        return {"title": box.title, "note": box.note, "members": box.members}
    url = {} if base is None else {"url": svg.address(base, box)}
    return {"title": box.title, "details": box.details, **url}


def _json(value: object) -> str:
    import json

    return "".join(_UNSAFE.get(char, char) for char in json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def _digest(script: str) -> str:
    import hashlib
    from base64 import b64encode

    return b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _legend(picture: Picture) -> str:
    """The colours and lines that this picture has."""
    there = {look: box for box in picture.boxes for look in [theme.look_of(box)]}
    parts = [_swatch(look, there[look]) for look in theme.COLOURS if look in there]
    if any(link.role == "recreated" for link in picture.links):
        parts.append('<span><i class="line"></i>made the same bytes again</span>')
    if picture.frames:
        parts.append("<span>frame: what one run initiated</span>")
    return "".join(parts)


def _swatch(look: str, box: Box) -> str:
    shape = ("round" if box.kind == "run" else "") + (" dashed" if look in theme.DASHED else "")
    colours = theme.COLOURS[look]
    style = f"background:{colours.ground};border-color:{colours.border}"
    return f'<span><i class="swatch {shape.strip()}" style="{style}"></i>{theme.MEANINGS[look]}</span>'
