"""Canonical JSON: one text for one value, and the typed leaves by which values are found.

What JSON lacks is kept in tagged objects: ``{"$float": "nan"}``. Keys are sorted, text is ASCII (so that NUL and
lone surrogates survive any database), numbers are as Python writes them.
"""

from __future__ import annotations

from ._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any, Callable, Optional, Union

    #: path of a leaf (names joined by a separator), its kind, its number, its text
    Leaf = tuple[str, str, Optional[float], Optional[str]]

#: most leaves of one value that are indexed, and most characters of a text; the rest is found by reading the value
MAX_LEAVES = 1_000
MAX_TEXT = 200
MAX_DEPTH = 200  #: of dicts and lists inside each other; what follows would recurse too deep in some place
MAX_BITS = 10_000  #: of a whole number; Python refuses to write longer ones in decimal digits
_EXACT = 2**53  #: a float holds each whole number up to it
SEPARATOR = "\x1f"  #: between the names of a path; never NUL, which PostgreSQL refuses


def dumps(value: object) -> str:
    """The canonical text of a value made of dict, list, str, int, float, bool and None.

    >>> dumps({"b": 1, "a": [True, None, float("inf")]})
    '{"a":[true,null,{"$float":"inf"}],"b":1}'
    """
    encode = _encode or _encoder()
    try:
        text = encode(value)
    except ValueError:  # a number that JSON lacks
        return encode(_tagged(value))
    return text if '{"$' not in text else encode(_tagged(value))


_encode: Optional[Callable[[object], str]] = None  # made at the first use, as `json` is dear to load


def _encoder() -> Callable[[object], str]:
    global _encode
    import json

    _encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False).encode
    return _encode


def loads(text: str) -> Any:
    """The value of a canonical text.

    >>> loads('{"a":{"$float":"inf"}}')
    {'a': inf}
    """
    import json

    return _untagged(json.loads(text)) if '"$' in text else json.loads(text)


def _tagged(value: Any) -> Any:
    if isinstance(value, dict):
        tagged = {key: _tagged(item) for key, item in value.items()}
        return {"$dict": tagged} if len(tagged) == 1 and next(iter(tagged)).startswith("$") else tagged
    if isinstance(value, list):
        return [_tagged(item) for item in value]
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return {"$float": str(value)}
    return value


def _untagged(value: Any) -> Any:
    if isinstance(value, list):
        return [_untagged(item) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        if "$float" in value:
            return float(value["$float"])
        if "$dict" in value:
            return {key: _untagged(item) for key, item in value["$dict"].items()}
    return {key: _untagged(item) for key, item in value.items()}


def leaves(value: object, path: str = "") -> Iterator[Leaf]:
    r"""The typed leaves of a value; an empty dict or list is a leaf too.

    >>> list(leaves({"a": {"b": 1}, "c": ["x"]}))
    [('a\x1fb', 'number', 1.0, None), ('c\x1f0', 'text', None, 'x')]
    """
    if isinstance(value, (dict, list)) and value:
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        for name, item in pairs:
            part = path_part(str(name))
            place = f"{path}{SEPARATOR}{part}" if path else part
            if isinstance(item, (dict, list)):
                yield from leaves(item, place)
            else:
                yield (place, *typed(item))
    else:
        yield (path, *typed(value))


def path(names: Iterable[str]) -> str:
    """The path of a leaf under these names, from the outermost on."""
    return SEPARATOR.join(map(path_part, names))


def path_part(name: str) -> str:
    """A name as it stands in a path: one that would be mistaken, or that a database may refuse, in quotes.

    >>> path_part("a"), path_part("")
    ('a', '""')
    """
    part = _parts.get(name)
    if part is None:
        import json

        plain = name and name[0] != '"' and SEPARATOR not in name and storable(name)
        part = name if plain else json.dumps(name)
        if len(_parts) >= MAX_LEAVES:
            _parts.clear()
        _parts[name] = part
    return part


_parts: dict[str, str] = {}  # runs have the same names again and again


def typed(value: object) -> tuple[str, Optional[float], Optional[str]]:
    """Kind, number and text by which a leaf is found.

    A bool is no number; an int equals the float of its value; integers that a float cannot hold, numbers that are
    none, and texts that a database may refuse have kinds of their own.

    >>> typed(True), typed(2), typed(2.0), typed("x")
    (('bool', 1.0, None), ('number', 2.0, None), ('number', 2.0, None), ('text', None, 'x'))
    """
    exactly = type(value)
    if exactly in (int, float) and -_EXACT <= value <= _EXACT:  # type: ignore[operator] # most of them
        return "number", float(value), None  # type: ignore[arg-type]
    if value is None:
        return "null", None, None
    if isinstance(value, bool):
        return "bool", float(value), None
    if isinstance(value, (int, float)):
        return _typed_number(value)
    if isinstance(value, str):
        return _typed_text(value)
    return ("dict" if isinstance(value, dict) else "list"), None, None


def _typed_number(value: Union[int, float]) -> tuple[str, Optional[float], Optional[str]]:
    if value != value:
        return "nan", None, None
    if isinstance(value, int) and abs(value) > _EXACT:
        return "big", None, str(value)
    number = float(value)
    if number in (float("inf"), float("-inf")):
        return "infinite", 1.0 if number > 0 else -1.0, None
    if abs(number) > _EXACT:  # equals an integer of the kind above
        return "big", None, str(int(number))
    return "number", number, None


def _typed_text(value: str) -> tuple[str, Optional[float], Optional[str]]:
    kind = "text"
    if not storable(value):
        import json

        value, kind = json.dumps(value), "odd"
    return (kind, None, value) if len(value) <= MAX_TEXT else ("long", None, _shortened(value))


def _shortened(text: str) -> str:
    import hashlib

    return text[:MAX_TEXT] + SEPARATOR + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def storable(text: str) -> bool:
    """Whether every database keeps the text as it is: it has no NUL and no lone surrogate."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text


def plain(
    value: object, reference: Callable[[object], Optional[str]], odd: list[str], path: str = "", depth: int = 0
) -> Any:
    """The value in JSON's types, by the documented form of each type.

    ``reference`` gives the text that stands for a saved record, or None. What has no documented form is kept as its
    ``repr``, and its path is added to ``odd``. Raises `RecursionError` for what holds itself or is nested too deep.

    * tuple: list. set, frozenset: list in canonical order. Keys of a dict: text; a dict that would lose some, its repr.
    * datetime, date, time: ISO 8601 text. timedelta: seconds. Path: text. bytes: ``bytes:`` and hexadecimal digits.
    * Enum: ``Class.MEMBER``. Decimal, UUID: text. numpy scalar: its Python value. dataclass: dict of its fields.
    * function, class, module: its dotted name. A saved record: ``Artifact[uid]``.
    """
    if isinstance(value, int) and value.bit_length() > MAX_BITS:
        odd.append(path.lstrip(".") or "value")
        return hex(value)
    if value is None or type(value) in (str, bool, int, float):
        return value
    if depth > MAX_DEPTH:
        raise RecursionError
    depth += 1
    if isinstance(value, dict):
        made = {
            _key(name): item if _is_plain(item) else plain(item, reference, odd, f"{path}.{name}", depth)
            for name, item in value.items()
        }
        return made if len(made) == len(value) else shown(value, odd, path)
    if isinstance(value, (list, tuple)) and not hasattr(value, "_asdict"):
        return [
            item if _is_plain(item) else plain(item, reference, odd, f"{path}[{at}]", depth)
            for at, item in enumerate(value)
        ]
    if isinstance(value, (set, frozenset)):
        return sorted((plain(item, reference, odd, path, depth) for item in value), key=dumps)
    known = reference(value)
    return known if known is not None else _plain_object(value, reference, odd, path, depth)


def _is_plain(value: Any) -> bool:
    """Whether a value is sure to stay as it is: nearly all are."""
    exactly = type(value)
    return exactly in (str, float, bool) or (exactly is int and -_EXACT <= value <= _EXACT)


def _key(name: object) -> str:
    return name if isinstance(name, str) else str(name)


def _plain_object(
    value: Any, reference: Callable[[object], Optional[str]], odd: list[str], path: str, depth: int
) -> Any:
    for name, form in _FORMS.items():
        if any(f"{kind.__module__}.{kind.__qualname__}" == name for kind in type(value).__mro__):
            return form(value)
    if hasattr(value, "__fspath__"):
        return str(value.__fspath__())
    if hasattr(value, "_asdict"):
        return plain(dict(value._asdict()), reference, odd, path, depth)
    if hasattr(type(value), "__dataclass_fields__"):
        fields = {name: getattr(value, name, None) for name in type(value).__dataclass_fields__}
        return plain(fields, reference, odd, path, depth)
    if hasattr(value, "__qualname__") and hasattr(value, "__module__"):
        return f"{value.__module__}.{value.__qualname__}"
    if isinstance(value, (str, int, float)):
        return next(kind(value) for kind in (str, int, float) if isinstance(value, kind))
    return shown(value, odd, path)


def shown(value: object, odd: list[str], path: str) -> str:
    """The ``repr`` of what has no form of its own, cut to a bearable length; its path is added to ``odd``."""
    odd.append(path.lstrip(".") or "value")
    try:
        text = repr(value)
    except Exception as error:  # a broken __repr__ must not stop the work that is recorded
        text = f"<{type(value).__name__} whose repr() raised {type(error).__name__}>"
    return text if len(text) <= MAX_TEXT * 5 else f"{text[: MAX_TEXT * 5]}… ({len(text):,} characters)"


#: the documented form of types, by name, so that no library is imported to know them
_FORMS: dict[str, Callable[[Any], Any]] = {
    "enum.Enum": lambda value: f"{type(value).__name__}.{value.name}",
    "datetime.datetime": lambda value: value.isoformat(),
    "datetime.date": lambda value: value.isoformat(),
    "datetime.time": lambda value: value.isoformat(),
    "datetime.timedelta": lambda value: value.total_seconds(),
    "decimal.Decimal": str,
    "uuid.UUID": str,
    "builtins.bytes": lambda value: f"bytes:{value.hex()}",
    "builtins.bytearray": lambda value: f"bytes:{value.hex()}",
    "builtins.module": lambda value: value.__name__,
    "numpy.generic": lambda value: value.item(),
}
