"""Tables of pyarrow, saved and loaded; Parquet, Feather, CSV and TSV opened as datasets, to be read in parts."""

from __future__ import annotations

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

    def save(self, obj: pa.Table, path: str) -> None:
        """Write the table into the file."""
        self._save(obj, path)

    def observations(self, obj: pa.Table) -> int:
        """The number of rows."""
        return int(obj.num_rows)


def register(ext: Any) -> None:
    """Let tables be saved and loaded, and files of tables be opened; raises ``MissingExtra`` for unsafe versions."""
    version = tuple(int(part) for part in pa.__version__.split(".")[:3] if part.isdigit())
    if version < SAFE:
        msg = f"pyarrow {pa.__version__} can be made to run code that a file brings along: pip install 'lamin-lite[pyarrow]'."
        raise ext.errors.MissingExtra(msg)
    ext.register_serializer(TableSerializer((".parquet",), _read_parquet, _write_parquet), save_only=True)
    ext.register_serializer(TableSerializer((".feather",), _read_feather, _write_feather), save_only=True)
    ext.register_serializer(TableSerializer((".arrow",), _read_feather, _write_arrow))
    for suffix, separator in ((".csv", ","), (".tsv", "\t")):
        ext.register_serializer(
            TableSerializer((suffix,), _read_text(separator), _write_text(separator)), save_only=True
        )
    for suffix in (".parquet", ".feather", ".arrow", ".csv", ".tsv", ".csv.gz", ".tsv.gz"):
        ext.register_opener(suffix, _opener(suffix))


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


def _read_text(separator: str) -> Callable[[str], pa.Table]:
    from pyarrow import csv

    return lambda path: csv.read_csv(path, parse_options=csv.ParseOptions(delimiter=separator))


def _write_text(separator: str) -> Callable[[pa.Table, str], object]:
    from pyarrow import csv

    return lambda table, path: csv.write_csv(table, path, csv.WriteOptions(delimiter=separator))


def _opener(suffix: str) -> Callable[[str], Any]:
    """Opens a file as a dataset, of which columns and rows can be read without the rest."""

    def opened(path: str) -> Any:
        import pyarrow.dataset as ds
        from pyarrow import csv

        plain = suffix.replace(".gz", "")
        if plain in (".csv", ".tsv"):
            options = csv.ParseOptions(delimiter="," if plain == ".csv" else "\t")
            return ds.dataset(path, format=ds.CsvFileFormat(parse_options=options))
        return ds.dataset(path, format="parquet" if plain == ".parquet" else "feather")

    return opened
