"""The serializers that need nothing but Python: text, JSON, JSON lines, CSV and TSV rows, bytes, and all gzipped.

Two promises: what was saved is loaded as it was, and equal content gives equal bytes, in every version of Python
(else an unchanged result would look like a new version of it). What cannot be kept is refused when it is saved.
"""

from __future__ import annotations

from threading import Lock

from ..base._typing import TYPE_CHECKING
from ..errors import InvalidArgument
from . import suffixes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Callable

    Decode = Callable[[bytes], object]
    Encode = Callable[[object], bytes]
    Row = Sequence[str]

_GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff"  # no name, no time, no operating system
_field_limit = Lock()  # csv.field_size_limit is one number for the whole process


class _UnfitError(ValueError):
    """What is wrong with a file or an object; the serializer adds which one, and the remedy."""


class Builtin:
    """A serializer made of two functions: from bytes to an object, and back."""

    def __init__(
        self, name: str, endings: tuple[str, ...], types: tuple[str, ...], code: tuple[Decode, Encode]
    ) -> None:
        """``code`` is (decode, encode); both raise ``_UnfitError`` for what they cannot do."""
        self.name = name
        self.suffixes = endings
        self.types = types
        self._decode, self._encode = code

    def __repr__(self) -> str:
        return f"<serializer {self.name}: {self.suffixes[0]}>"

    def load(self, path: str) -> object:
        """Read the file at ``path``; raises ``InvalidArgument`` when its content is not what its suffix says."""
        with open(path, "rb") as file:
            data = file.read()
        try:
            return self._decode(data)
        except _UnfitError as error:
            msg = f"{path!r} cannot be read as {self.name}: {error}; `artifact.cache()` gives the path to read it otherwise."
            raise InvalidArgument(msg) from error

    def save(self, obj: object, path: str) -> None:
        """Write ``obj`` to ``path``; raises ``InvalidArgument``, and writes nothing, for what the format cannot hold."""
        try:
            data = self._encode(obj)
        except _UnfitError as error:
            msg = f"This {type(obj).__name__} cannot be saved as {self.name} ({self.suffixes[0]}): {error}."
            raise InvalidArgument(msg) from error
        with open(path, "wb") as file:
            file.write(data)

    def gzipped(self) -> Builtin:
        """The same in gzip."""
        decode, encode = self._decode, self._encode
        code = (lambda data: decode(_gunzip(data)), lambda obj: _gzip(encode(obj)))
        return Builtin(self.name + ".gz", tuple(s + ".gz" for s in self.suffixes), self.types, code)


# -- gzip --------------------------------------------------------------------------------------------------------------


def _gzip(data: bytes) -> bytes:
    """Compress; not by ``gzip.compress``, whose header is another one from Python 3.11 on."""
    import zlib

    deflate = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
    body = deflate.compress(data) + deflate.flush()
    ends = (zlib.crc32(data), len(data) & 0xFFFFFFFF)
    return _GZIP_HEADER + body + b"".join(n.to_bytes(4, "little") for n in ends)


def _gunzip(data: bytes) -> bytes:
    import gzip
    import zlib

    try:
        return gzip.decompress(data)  # of several members too, as bgzip writes them
    except (OSError, EOFError, zlib.error) as error:
        raise _UnfitError(f"it is no complete gzip file ({error})") from error


# -- text and bytes ----------------------------------------------------------------------------------------------------


def _decode_text(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _UnfitError(f"line {line} is not UTF-8 (byte {data[error.start]:#04x} at {error.start})") from error


def _encode_text(obj: object) -> bytes:
    if not isinstance(obj, str):
        raise _UnfitError("it takes str")
    if obj.startswith("\ufeff"):  # reading takes one byte order mark away
        obj = "\ufeff" + obj
    try:
        return obj.encode("utf-8")
    except UnicodeEncodeError as error:
        raise _UnfitError(f"character {error.start} is a lone surrogate, which UTF-8 cannot hold") from error


def _decode_bytes(data: bytes) -> bytes:
    return data


def _encode_bytes(obj: object) -> bytes:
    if not isinstance(obj, (bytes, bytearray, memoryview)):
        raise _UnfitError("it takes bytes")
    return bytes(obj)


# -- JSON --------------------------------------------------------------------------------------------------------------


def _decode_json(data: bytes) -> object:
    return _parse(_decode_text(data), 1)


def _encode_json(obj: object) -> bytes:
    return (_dump(obj) + "\n").encode()


def _decode_lines(data: bytes) -> object:
    # Not splitlines(): U+2028 and the like may stand within a JSON text.
    lines = _decode_text(data).split("\n")
    return [_parse(line, number) for number, line in enumerate(lines, 1) if line.strip()]


def _encode_lines(obj: object) -> bytes:
    if not isinstance(obj, (list, tuple)):
        raise _UnfitError("it takes a list, one line an item")
    return "".join(_dump(item) + "\n" for item in obj).encode()


def _parse(text: str, first_line: int) -> object:
    import json

    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise _UnfitError(f"line {first_line + error.lineno - 1}, column {error.colno}: {error.msg}") from error
    except (ValueError, RecursionError) as error:  # a number of too many digits, nesting too deep
        raise _UnfitError(f"line {first_line}: {error}") from error


def _dump(obj: object) -> str:
    """One line of JSON, as Python's ``json`` has it: NaN is written ``NaN``, tuples become lists, keys text."""
    import json

    try:
        text = json.dumps(obj, ensure_ascii=False)
        _check_keys(obj)
        # A lone surrogate can be kept only as an escape; the others stay readable.
        return text if text.isascii() or _is_utf8(text) else json.dumps(obj)
    except (TypeError, ValueError, RecursionError) as error:
        raise _UnfitError(str(error)) from error


def _check_keys(obj: object) -> None:
    """Raise ``_UnfitError`` where two keys of one dict are one text in JSON. What is no tree was refused before."""
    from itertools import chain

    leaves = {str, int, float, bool, type(None)}
    level = [obj]
    while level:  # all that is equally deep at once, which is faster than one by one
        dicts = [one for one in level if isinstance(one, dict)]
        lists = [one for one in level if isinstance(one, (list, tuple))]
        if not {str}.issuperset(map(type, chain.from_iterable(dicts))):
            for one in dicts:
                _check_keys_of(one)
        values = chain(chain.from_iterable(one.values() for one in dicts), chain.from_iterable(lists))
        level = [value for value in values if type(value) not in leaves]


def _check_keys_of(one: dict[object, object]) -> None:
    import json

    if {*map(type, one)} in ({str}, {int}):  # texts of whole numbers differ, too
        return
    written: dict[str, object] = {}
    for key in one:
        text = next(iter(json.loads(json.dumps({key: None}))))
        if text in written:
            both = f"the keys {written[text]!r} and {key!r}"
            raise _UnfitError(f"{both} are both written as {text!r}, and one would be lost")
        written[text] = key


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


# -- rows of CSV and TSV -----------------------------------------------------------------------------------------------


def _rows_code(delimiter: str) -> tuple[Decode, Encode]:
    return (lambda data: _decode_rows(data, delimiter), lambda obj: _encode_rows(obj, delimiter))


def _decode_rows(data: bytes, delimiter: str) -> list[dict[str, str]]:
    import csv

    text = _decode_text(data)
    with _field_limit:
        before = csv.field_size_limit()
        csv.field_size_limit(max(before, len(text)))  # else a cell of 128 KiB can be saved, and not loaded
        try:
            return list(_records(_lines_of(text, delimiter)))
        finally:
            csv.field_size_limit(before)


def _lines_of(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Each row with the number of its last line."""
    import csv
    import io

    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for row in reader:
            if row:  # an empty line is no row
                yield reader.line_num, row
    except csv.Error as error:
        raise _UnfitError(f"line {reader.line_num}: {error}") from error


def _records(lines: Iterator[tuple[int, list[str]]]) -> Iterator[dict[str, str]]:
    _, header = next(lines, (0, []))
    _check_header(header)
    for number, row in lines:
        if len(row) != len(header):
            raise _UnfitError(f"line {number} has {len(row)} cells, the header has {len(header)}")
        yield dict(zip(header, row))


def _encode_rows(obj: object, delimiter: str) -> bytes:
    if not isinstance(obj, (list, tuple)):
        raise _UnfitError("it takes a list of rows")
    text = "".join(_line(row, delimiter) for row in _table(obj))
    if "\0" in text:
        raise _UnfitError("a cell holds the character NUL, which many readers of CSV cannot read")
    return _encode_text(text)


def _table(rows: Sequence[object]) -> list[Row]:
    """The header and the rows as text, checked: what is written here can be read again."""
    table = _table_of_dicts(rows) if _all_dicts(rows) else _table_of_sequences(rows)
    if not table:
        return table  # no rows, no header: an empty file
    _check_header(table[0])
    if not table[0]:
        raise _UnfitError("its rows have no columns")
    for number, row in enumerate(table[1:], 1):
        if len(row) != len(table[0]):
            raise _UnfitError(f"row {number} has {len(row)} cells, the header has {len(table[0])}")
    return table


def _all_dicts(rows: Iterable[object]) -> bool:
    kinds = {isinstance(row, dict) for row in rows}
    if len(kinds) > 1:
        raise _UnfitError("some of its rows are dicts and some are not")
    return kinds == {True}


def _table_of_dicts(rows: Sequence[object]) -> list[Row]:
    dicts = [row for row in rows if isinstance(row, dict)]
    columns = list(dict.fromkeys(key for row in dicts for key in row))
    return [_cells(columns), *(_cells([row.get(column) for column in columns]) for row in dicts)]


def _table_of_sequences(rows: Sequence[object]) -> list[Row]:
    for number, row in enumerate(rows):
        if not isinstance(row, (list, tuple)):
            raise _UnfitError(f"row {number} is of type {type(row).__name__}, not dict, list or tuple")
    return [_cells(row) for row in rows if isinstance(row, (list, tuple))]


def _cells(values: Iterable[object]) -> Row:
    return ["" if value is None else str(value) for value in values]


def _check_header(header: Row) -> None:
    if len(set(header)) < len(header):
        twice = next(name for name in header if header.count(name) > 1)
        raise _UnfitError(f"two columns are named {twice!r}, and one would be lost")


def _line(cells: Row, delimiter: str) -> str:
    """One row; not by ``csv.writer``, which leaves a lone carriage return unquoted before Python 3.13."""
    line = delimiter.join(cells)
    plain = line and line.count(delimiter) == len(cells) - 1 and not ('"' in line or "\n" in line or "\r" in line)
    return (line if plain else delimiter.join(_quoted(cell) for cell in cells)) + "\n"


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"'


# -- the list ----------------------------------------------------------------------------------------------------------


def _plain() -> list[Builtin]:
    text, lists = ("builtins.str",), ("builtins.list",)
    return [
        Builtin("text", suffixes.TEXT, text, (_decode_text, _encode_text)),
        Builtin("json", suffixes.JSON, ("builtins.dict", *lists), (_decode_json, _encode_json)),
        Builtin("jsonl", suffixes.LINES, lists, (_decode_lines, _encode_lines)),
        Builtin("csv", suffixes.CSV, lists, _rows_code(",")),
        Builtin("tsv", suffixes.TSV, lists, _rows_code("\t")),
        Builtin("bytes", suffixes.BYTES, ("builtins.bytes", "builtins.bytearray"), (_decode_bytes, _encode_bytes)),
    ]


def builtin_serializers() -> list[Builtin]:
    """All of them; where two write the same type, the earlier one is the default."""
    plain = _plain()
    return plain + [serializer.gzipped() for serializer in plain]


def bytes_serializer() -> Builtin:
    """The one for files that no other serializer knows."""
    return _plain()[-1]
