"""Tables of pyarrow, saved and loaded; Parquet, Feather, CSV and TSV opened as datasets, to be read in parts."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Callable

SAFE = (14, 0, 1)  #: earlier versions can be made to run code that a file brings along (CVE-2023-47248)


class TableSerializer:
    """Reads and writes tables in one format."""

    types = ("pyarrow.lib.Table",)
    otype = "pyarrow.Table"

    def __init__(self, suffixes: tuple[str, ...], load: Callable[[str], pa.Table], save: Callable[..., object]) -> None:
        self.name = f"pyarrow {suffixes[0]}"
        self.suffixes = suffixes
        self._load = load
        self._save = save

    def load(self, path: str) -> pa.Table:
        """The table in the file."""
        return self._load(path)

    def save(self, obj: pa.Table, path: str) -> object:
        """Write the table into the file."""
        return self._save(obj, path)

    def observations(self, obj: pa.Table) -> int:
        """The number of rows."""
        return int(obj.num_rows)

    def observations_in(self, path: str) -> int:
        """The number of rows of a file, as its own description tells."""
        import pyarrow.dataset as ds

        return int(ds.dataset(path, format="parquet" if path.lower().endswith(".parquet") else "feather").count_rows())


class TextSerializer(TableSerializer):
    """Reads and writes CSV and TSV, beside which the types of the columns are kept: ``[[type, how many], ...]``."""

    def __init__(self, ext: Any, suffix: str, separator: str) -> None:
        from pyarrow import csv

        parsed = csv.ParseOptions(delimiter=separator)
        super().__init__((suffix,), lambda path: csv.read_csv(path, parse_options=parsed), self._written)
        self._errors = ext.errors
        self._separator = separator

    def load_as(self, path: str, layout: Any) -> pa.Table:
        """The table as it was saved."""
        from pyarrow import csv

        parsed, converted = _options(path, self._separator, self.described(layout))
        return csv.read_csv(path, parse_options=parsed, convert_options=converted)

    def described(self, layout: Any) -> dict[str, Any]:
        """The layout, for what opens the file in parts."""
        types = [name for name, many in layout for _ in range(many)]
        return {"types": types, "missing": "", "texts_miss": True, "quotes_miss": False}

    def _written(self, table: pa.Table, path: str) -> object:
        from pyarrow import csv

        problem = _problem(table)
        if problem:
            msg = f"This pyarrow.Table cannot be saved as {self.suffixes[0]}: {problem}; save it as .parquet."
            raise self._errors.InvalidArgument(msg)
        csv.write_csv(table, path, csv.WriteOptions(delimiter=self._separator))
        types = [_ALIASES[str(kind)] for kind in table.schema.types]
        return [[name, len(list(same))] for name, same in itertools.groupby(types)]


_BITS = ("8", "16", "32", "64")
#: types that texts can be read as: how pyarrow shows them -> their names
_ALIASES = {
    str(pa.type_for_alias(name)): name
    for name in (
        *("string", "large_string", "bool", "float", "double", "date32", "null"),
        *(f"{sign}int{size}" for sign in ("", "u") for size in _BITS),
        *(f"timestamp[{unit}]" for unit in ("s", "ms", "us", "ns")),
    )
}


def _problem(table: pa.Table) -> str:
    """What of the table would not come back."""
    names = table.column_names
    odd = next((f"column {each.name!r} is {each.type}" for each in table.schema if str(each.type) not in _ALIASES), "")
    if len(set(names)) < len(names):
        return "two of its columns have one name"
    return odd or ("" if names else "it has no columns")


def register(ext: Any) -> None:
    """Let tables be saved and loaded, and files of tables be opened; raises ``MissingExtra`` for unsafe versions."""
    version = tuple(int(part) for part in pa.__version__.split(".")[:3] if part.isdigit())
    if version < SAFE:
        msg = f"pyarrow {pa.__version__} can be made to run code that a file brings along: pip install 'lamin-lite[pyarrow]'."
        raise ext.errors.MissingExtra(msg)
    ext.register_serializer(TableSerializer((".parquet",), _read_parquet, _write_parquet), save_only=True)
    ext.register_serializer(TableSerializer((".feather",), _read_feather, _write_feather), save_only=True)
    ext.register_serializer(TableSerializer((".arrow",), _read_feather, _write_arrow))
    ext.register_serializer(TextSerializer(ext, ".csv", ","), save_only=True)
    ext.register_serializer(TextSerializer(ext, ".tsv", "\t"), save_only=True)
    for suffix in (".parquet", ".feather", ".arrow"):
        ext.register_opener(suffix, _opener("parquet" if suffix == ".parquet" else "feather"))
    for suffix in (".csv", ".csv.gz", ".tsv", ".tsv.gz"):
        ext.register_opener(suffix, TextOpener(ext, "," if "csv" in suffix else "\t"))


def _read_parquet(path: str) -> pa.Table:
    import pyarrow.parquet as pq

    return pq.read_table(path)


def _write_parquet(table: pa.Table, path: str) -> None:
    import pyarrow.parquet as pq

    pq.write_table(table, path)


def _read_feather(path: str) -> pa.Table:
    import pyarrow.feather as pf

    return pf.read_table(path)


def _write_feather(table: pa.Table, path: str) -> None:
    import pyarrow.feather as pf

    pf.write_feather(table, path)


def _write_arrow(table: pa.Table, path: str) -> None:
    with pa.OSFile(path, "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)


def _opener(form: str) -> Callable[[str], Any]:
    """Opens a file as a dataset, of which columns and rows can be read without the rest."""

    def opened(path: str) -> Any:
        import pyarrow.dataset as ds

        return ds.dataset(path, format=form)

    return opened


class TextOpener:
    """Opens CSV and TSV as a dataset; with types and missing values as they are described, or as pyarrow guesses them.

    Raises ``InvalidArgument`` if two columns have one name, by which a dataset finds them.
    """

    def __init__(self, ext: Any, separator: str) -> None:
        self._errors = ext.errors
        self._separator = separator

    def __call__(self, path: str) -> Any:
        """The dataset of a file that nobody described."""
        from pyarrow import csv

        return self._opened(path, parse_options=csv.ParseOptions(delimiter=self._separator))

    def open_as(self, path: str, described: Any) -> Any:
        """The dataset of a file as it was saved."""
        parsed, converted = _options(path, self._separator, described)
        return self._opened(path, parse_options=parsed, convert_options=converted)

    def _opened(self, path: str, **options: Any) -> Any:
        import pyarrow.dataset as ds

        try:
            return ds.dataset(path, format=ds.CsvFileFormat(**options))
        except pa.ArrowInvalid as error:
            _, several, name = str(error).partition("multiple columns named ")
            if not several:
                raise
            msg = f"{path} has two columns named {name.strip()!r} and cannot be opened in parts: artifact.load() reads it."
            raise self._errors.InvalidArgument(msg) from error


def _options(path: str, separator: str, described: Any) -> tuple[Any, Any]:
    """How a file is split into cells, and how they are read: types that are named "" are left to pyarrow."""
    from pyarrow import csv

    parsed = csv.ParseOptions(delimiter=separator, newlines_in_values=True, ignore_empty_lines=False)
    with csv.open_csv(path, parse_options=parsed) as reader:  # reads no more than a first block
        names = reader.schema.names
    converted = csv.ConvertOptions(
        column_types={name: pa.type_for_alias(kind) for name, kind in zip(names, described["types"]) if kind},
        null_values=[described["missing"]],
        strings_can_be_null=described["texts_miss"],
        quoted_strings_can_be_null=described["quotes_miss"],
    )
    return parsed, converted
