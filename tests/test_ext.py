from __future__ import annotations

import os
import pathlib
import re
import subprocess
import sys
import threading
import types

import pytest

from lamin_lite import errors
from lamin_lite import ext as ext_module
from lamin_lite.ext import Extensions, ext, known_suffix, scheme_of

ROOT = pathlib.Path(__file__).parents[1]
BLOCKS = re.findall(
    r"^```python\n(.*?)^```", (ROOT / "docs/extending.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
)


class Thing:
    pass


class SpecialThing(Thing):
    pass


class ThingSerializer:
    name = "acme.thing"
    suffixes = (".thing", ".big.thing")
    types = (f"{Thing.__module__}.{Thing.__qualname__}",)

    def load(self, path):
        return Thing()

    def save(self, obj, path):
        pass


def serializer(name="other", suffixes=(".other",), types=()):
    one = ThingSerializer()
    one.name, one.suffixes, one.types = name, suffixes, types
    return one


@pytest.fixture
def mine(monkeypatch):
    """Fresh extensions, with on-demand entries of every kind beside those of the extras that there are."""
    for suffix, name in ((".arrow", "pyarrow"), (".anndata.zarr", "anndata")):
        monkeypatch.setitem(ext_module.ON_DEMAND["suffix"], suffix, name)
    for scheme in ("s3", "gs"):
        monkeypatch.setitem(ext_module.ON_DEMAND["storage"], scheme, "fsspec")
    return Extensions()


def test_every_extra_on_demand_is_there():
    extras = pathlib.Path(ROOT, "extras", "lamin_lite_extras")
    for table in ext_module.ON_DEMAND.values():
        for name in table.values():
            assert (extras / f"{name}.py").is_file() or (extras / name / "__init__.py").is_file()


@pytest.fixture
def extra(monkeypatch):
    """Installs an extra made of the function given, under a name of the on-demand table."""

    def install(name, register):
        package = types.ModuleType("lamin_lite_extras")
        module = types.ModuleType(f"lamin_lite_extras.{name}")
        module.register = register
        monkeypatch.setitem(sys.modules, "lamin_lite_extras", package)
        monkeypatch.setitem(sys.modules, module.__name__, module)

    return install


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_the_examples_of_the_guide_run(number, tmp_path):
    path = tmp_path / "example.py"
    path.write_text(BLOCKS[number], encoding="utf-8")
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, path], env=env, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "assert" in BLOCKS[number] or number == 0


# -- suffixes ----------------------------------------------------------------------------------------------------------


def test_the_longest_known_suffix_wins(mine):
    assert mine.serializer_for_suffix("a.b.csv.gz").name == "csv.gz"
    assert mine.serializer_for_suffix("A.TXT").name == "text"
    mine.register_serializer(serializer(suffixes=(".plate.csv",)))
    assert mine.serializer_for_suffix("folder.d/x.plate.csv").name == "other"
    assert mine.serializer_for_suffix("x.csv").name == "csv"


@pytest.mark.parametrize("suffix", ["", ".png", ".tar.gz", "README", ".foo.gz", "a."])
def test_what_nobody_knows_is_bytes(mine, suffix):
    assert mine.serializer_for_suffix(suffix).name == "bytes"


def test_a_taken_suffix_raises_naming_both_and_registers_nothing(mine):
    with pytest.raises(errors.Conflict, match=r"other .*'\.csv'.* csv "):
        mine.register_serializer(serializer(suffixes=(".free", ".csv")))
    assert mine.serializer_for_suffix(".free").name == "bytes"
    mine.register_serializer(serializer(suffixes=(".free", ".csv")), replace=True)
    assert mine.serializer_for_suffix(".csv").name == "other"


def test_the_same_serializer_can_be_registered_again(mine):
    one = ThingSerializer()
    mine.register_serializer(one)
    mine.register_serializer(one)
    with pytest.raises(errors.Conflict, match=r"acme\.thing"):
        mine.register_serializer(ThingSerializer())


def test_a_save_only_serializer_leaves_reading_to_the_other(mine):
    mine.register_serializer(serializer(suffixes=(".csv",), types=ThingSerializer.types), save_only=True)
    assert mine.serializer_for_suffix(".csv").name == "csv"
    assert mine.serializer_for_object(Thing(), ".csv").name == "other"


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("name", 1),
        ("suffixes", ".x"),
        ("suffixes", ()),
        ("suffixes", ("",)),
        ("suffixes", (".X",)),
        ("types", ("int",)),
    ],
)
def test_a_malformed_serializer_is_refused_naming_the_member(mine, member, value):
    one = ThingSerializer()
    setattr(one, member, value)
    with pytest.raises(errors.InvalidArgument, match=f"it needs {member}"):
        mine.register_serializer(one)


# -- pickles -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".pkl", ".pickle", "model.v1.joblib", ".pkl.gz", ".PKL"])
def test_pickles_are_refused_with_the_way_to_register_one(mine, suffix):
    with pytest.raises(errors.InvalidArgument, match="allow_pickle=True"):
        mine.serializer_for_suffix(suffix)


def test_a_pickle_serializer_needs_the_word_of_the_user(mine):
    for one in (serializer("pickle", (".foo",)), serializer(suffixes=(".pkl",)), serializer(suffixes=(".pkl.gz",))):
        with pytest.raises(errors.InvalidArgument, match="allow_pickle=True"):
            mine.register_serializer(one)
        mine.register_serializer(one, allow_pickle=True)
        assert mine.serializer_for_suffix("x" + one.suffixes[0]) is one


# -- types -------------------------------------------------------------------------------------------------------------


def test_the_most_special_known_type_wins(mine):
    mine.register_serializer(ThingSerializer())
    assert mine.serializer_for_object(SpecialThing()).name == "acme.thing"
    special = f"{SpecialThing.__module__}.{SpecialThing.__qualname__}"
    mine.register_serializer(serializer(types=(special,)))
    assert mine.serializer_for_object(SpecialThing()).name == "other"
    assert mine.serializer_for_object(Thing()).name == "acme.thing"


def test_plain_objects_have_a_default_and_other_suffixes(mine):
    assert mine.serializer_for_object({"a": 1}).name == "json"
    assert mine.serializer_for_object([1]).name == "json"
    assert mine.serializer_for_object([1], ".csv.gz").name == "csv.gz"
    assert mine.serializer_for_object([1], "x.jsonl").name == "jsonl"
    assert mine.serializer_for_object("a", ".md").name == "text"
    assert mine.serializer_for_object(b"a").name == "bytes"
    assert mine.serializer_for_object(b"a", ".png").name == "bytes"


def test_an_object_that_nobody_writes_has_no_serializer(mine):
    assert mine.serializer_for_object(Thing()) is None
    assert mine.serializer_for_object({"a": 1}, ".csv") is None
    assert mine.serializer_for_object(3) is None


# -- storages and databases --------------------------------------------------------------------------------------------


def test_a_scheme_is_that_of_a_url_only():
    roots = ["/data", "s3://b/c", "S3://b", "C:\\x", "c://x", "a b://c", "file:///x", ""]
    assert [scheme_of(root) for root in roots] == ["", "s3", "s3", "", "", "", "file", ""]


def test_a_storage_is_found_by_scheme(mine):
    def factory(root, options):
        return root, options

    mine.register_storage("irods", factory)
    assert mine.storage_for_root("IRODS://zone/a") is factory
    with pytest.raises(errors.Conflict, match="factory"):
        mine.register_storage("irods", print)
    mine.register_storage("irods", print, replace=True)
    assert mine.storage_for_root("irods://zone") is print


def test_an_unknown_scheme_is_told_with_the_remedy_and_without_secrets(mine):
    with pytest.raises(errors.UnknownStorage, match=r"ext\.register_storage\('foo', factory\)") as caught:
        mine.storage_for_root("foo://user:secret@host")
    assert "secret" not in str(caught.value)


def test_paths_and_file_urls_are_local_folders(mine, tmp_path):
    folder = tmp_path / "a b"
    for root in (str(folder), folder.as_uri()):
        assert mine.storage_for_root(root)(root, {}).root == str(folder)
    with pytest.raises(errors.InvalidArgument, match="no options, but got anon"):
        mine.storage_for_root("/data")("/data", {"anon": True})


def test_local_folders_are_not_taken_by_accident(mine):
    with pytest.raises(errors.Conflict, match="local folders"):
        mine.register_storage("file", print)
    with pytest.raises(errors.InvalidArgument, match="is no scheme"):
        mine.register_storage("s3://", print)


def test_a_database_is_found_by_scheme(mine):
    mine.register_database("duck", print)
    assert mine.database_for_url("duck://x") is print


# -- on demand ---------------------------------------------------------------------------------------------------------

MISSING = [
    (
        lambda e: e.serializer_for_suffix("a.parquet"),
        "Reading '.parquet' needs pandas: pip install 'lamin-lite[pandas]'.",
    ),
    (
        lambda e: e.serializer_for_suffix("a.anndata.zarr"),
        "Reading '.anndata.zarr' needs anndata: pip install 'lamin-lite[anndata]'.",
    ),
    (
        lambda e: e.storage_for_root("s3://bucket"),
        "A storage at 's3://' needs fsspec: pip install 'lamin-lite[fsspec]'.",
    ),
    (
        lambda e: e.database_for_url("postgresql://u:p@h/d"),
        "A database at 'postgresql://' needs postgres: pip install 'lamin-lite[postgres]'.",
    ),
]


@pytest.mark.parametrize(("ask", "message"), MISSING)
def test_a_missing_extra_is_one_sentence_with_the_command(mine, monkeypatch, ask, message):
    for name in ("pandas", "anndata", "fsspec", "postgres"):
        monkeypatch.setitem(sys.modules, f"lamin_lite_extras.{name}", None)
    with pytest.raises(errors.MissingExtra) as caught:
        ask(mine)
    assert str(caught.value) == message


def test_without_the_package_of_the_extras_it_is_that_which_is_missing(tmp_path):
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from lamin_lite.ext import errors, ext\n"
        "try: ext.serializer_for_suffix('a.parquet')\n"
        "except errors.MissingExtra as error: print(error)"
    )
    (tmp_path / "lamin_lite").symlink_to(pathlib.Path(ROOT, "lamin_lite"))
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code, tmp_path], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith(
        "Reading '.parquet' needs lamin_lite_extras, which is not on Python's path: add the folder"
    )


def test_a_missing_library_of_an_extra_is_named(mine, extra):
    def register(e):
        raise ModuleNotFoundError("No module named 'pyarrow.lib'", name="pyarrow.lib")

    extra("pandas", register)
    message = r"Reading '.parquet' needs pyarrow: pip install 'lamin-lite\[pandas\]'\."
    for _ in range(2):  # it may have been installed in between: asked again, tried again
        with pytest.raises(errors.MissingExtra, match=message):
            mine.serializer_for_suffix(".parquet")


def test_a_broken_library_of_an_extra_is_told_as_such(mine, extra):
    def register(e):
        raise ImportError("undefined symbol: foo")

    extra("pandas", register)
    with pytest.raises(errors.MissingExtra, match=r"cannot be imported \(undefined symbol"):
        mine.serializer_for_suffix(".parquet")


def test_an_extra_is_registered_once_on_the_first_wish(mine, extra):
    calls = []
    frame = type("DataFrame", (), {"__module__": "pandas.core.frame"})

    def register(e):
        calls.append(e)
        e.register_serializer(serializer("parquet", (".parquet",), ("pandas.core.frame.DataFrame",)))
        e.register_serializer(serializer("frame.csv", (".csv",), ("pandas.core.frame.DataFrame",)), save_only=True)

    extra("pandas", register)
    assert mine.serializer_for_suffix("a.csv").name == "csv"
    assert not calls
    assert mine.serializer_for_object(frame()).name == "parquet"
    assert mine.serializer_for_object(frame(), ".csv").name == "frame.csv"
    assert mine.serializer_for_suffix("a.parquet").name == "parquet"
    assert mine.serializer_for_suffix("a.csv").name == "csv"
    assert len(calls) == 1
    assert calls[0].errors is errors


def test_what_comes_on_demand_fills_gaps_only(mine, extra):
    own = serializer("own", (".feather",))
    mine.register_serializer(own)

    def register(e):
        e.register_serializer(serializer("greedy", (".parquet", ".feather", ".csv", ".arrow", ".new")), replace=True)
        with pytest.raises(errors.InvalidArgument):
            e.register_serializer(serializer("pickle", (".pkl",)), allow_pickle=True)

    extra("pandas", register)
    assert mine.serializer_for_suffix(".parquet").name == "greedy"
    assert mine.serializer_for_suffix(".new").name == "greedy"
    assert mine.serializer_for_suffix(".feather") is own
    assert mine.serializer_for_suffix(".csv").name == "csv"
    extra("pyarrow", lambda e: e.register_serializer(serializer("arrow", (".arrow",))))
    assert mine.serializer_for_suffix(".arrow").name == "arrow"


def test_a_storage_comes_on_demand(mine, extra):
    extra("fsspec", lambda e: [e.register_storage(scheme, print) for scheme in ("s3", "gs")])
    assert mine.storage_for_root("s3://bucket") is print


def test_threads_that_ask_at_once_register_once(mine, extra):
    calls, found = [], []
    extra("pandas", lambda e: (calls.append(1), e.register_serializer(serializer("parquet", (".parquet",)))))
    threads = [
        threading.Thread(target=lambda: found.append(mine.serializer_for_suffix(".parquet").name)) for _ in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == ["parquet"] * 16
    assert calls == [1]


# -- plug-ins ----------------------------------------------------------------------------------------------------------

PLUGIN = """
class Plate:
    pass

class PlateSerializer:
    name = "acme.plate"
    suffixes = (".plate",)
    types = ("acme_plates.Plate",)
    def load(self, path): return Plate()
    def save(self, obj, path): pass

def register(ext):
    ext.register_serializer(PlateSerializer())
    ext.register_storage("irods", print)
"""
ENTRY_POINTS = """
[lamin_lite.extras]
.plate = acme_plates
acme_plates.Plate = acme_plates
irods = acme_plates
.broken = acme_not_there
.twice = acme_plates
.pkl = acme_not_there
"""
ASK = """
import sys
from lamin_lite import errors
from lamin_lite.ext import ext
assert ext.serializer_for_suffix("a.csv").name == "csv"
assert "importlib.metadata" not in sys.modules, "scanned without need"
assert ext.serializer_for_suffix("a.png").name == "bytes"
assert "acme_plates" not in sys.modules, "imported without need"
try:
    ext.serializer_for_suffix(".broken")
except errors.MissingExtra as error:
    assert "'acme_not_there'" in str(error)
try:
    ext.serializer_for_suffix(".twice")
except errors.Conflict as error:
    assert "acme_others and acme_plates" in str(error), error
try:
    ext.serializer_for_suffix(".pkl")
except errors.InvalidArgument as error:
    assert "allow_pickle" in str(error)
"""


@pytest.mark.parametrize(
    "wish",
    [
        "assert ext.serializer_for_suffix('a.plate').name == 'acme.plate'",
        "import acme_plates; assert ext.serializer_for_object(acme_plates.Plate()).name == 'acme.plate'",
        "assert ext.storage_for_root('irods://zone') is print",
    ],
)
def test_a_plug_in_is_imported_when_what_it_offers_is_wanted(wish, tmp_path):
    (tmp_path / "acme_plates.py").write_text(PLUGIN)
    points = {"acme": ENTRY_POINTS, "others": "[lamin_lite.extras]\n.twice = acme_others\n"}
    for name, text in points.items():
        info = tmp_path / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(text)
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(tmp_path)])}
    code = [sys.executable, "-S", "-c", ASK + wish]  # -S: site-packages may import anything
    done = subprocess.run(code, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


# -- the module --------------------------------------------------------------------------------------------------------


def test_importing_it_imports_no_serializer_and_nothing_heavy():
    code = (
        "import sys; before = set(sys.modules); sys.path.insert(0, sys.argv[1]); import lamin_lite.ext;"
        "print(*sorted(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code, ROOT], capture_output=True, text=True, check=True)
    others = [name for name in done.stdout.split() if not name.startswith("lamin_lite")]
    facade = {name for name in others if name.partition(".")[0] in ("importlib", "types", "warnings")}
    assert set(others) <= {"__future__", *facade}


def test_the_public_names_are_there():
    assert isinstance(ext, Extensions)
    assert known_suffix("a.tar.gz") == ".tar.gz"
    assert all(hasattr(ext_module, name) for name in ext_module.__all__)
