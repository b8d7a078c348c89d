from __future__ import annotations

import gzip
import hashlib
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamin_lite.errors import InvalidArgument
from lamin_lite.serializers.builtin import builtin_serializers

BY_SUFFIX = {suffix: one for one in builtin_serializers() for suffix in one.suffixes}
TEXT = st.text(st.characters(exclude_categories=["Cs"]))
CELL = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")) | st.text(alphabet='",\n\r\t a\ufeff')
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=10)


@st.composite
def rows(draw):
    columns = draw(st.lists(CELL, min_size=1, max_size=4, unique=True))
    cells = st.lists(CELL, min_size=len(columns), max_size=len(columns))
    return [dict(zip(columns, row)) for row in draw(st.lists(cells, min_size=1, max_size=5))]


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return str(tmp_path_factory.mktemp("serializers") / "file")


def round_trip(suffix, obj, path):
    BY_SUFFIX[suffix].save(obj, path)
    return BY_SUFFIX[suffix].load(path)


def load(suffix, data, path):
    with open(path, "wb") as file:
        file.write(data)
    return BY_SUFFIX[suffix].load(path)


@pytest.mark.parametrize("suffix", [".txt", ".txt.gz", ".diff", ".patch"])
@given(text=TEXT | st.text(alphabet="\r\n\ufeffa"))
def test_text_comes_back_as_it_was(suffix, text, path):
    assert round_trip(suffix, text, path) == text


@pytest.mark.parametrize("suffix", [".json", ".json.gz"])
@given(obj=JSON)
def test_json_comes_back_as_it_was(suffix, obj, path):
    assert round_trip(suffix, obj, path) == obj


@given(items=st.lists(JSON))
def test_json_lines_come_back_as_they_were(items, path):
    assert round_trip(".jsonl", items, path) == items


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".csv.gz"])
@given(table=rows())
def test_rows_come_back_as_they_were(suffix, table, path):
    assert round_trip(suffix, table, path) == table


@pytest.mark.parametrize("suffix", [".bin", ".dat.gz"])
@given(data=st.binary())
def test_bytes_come_back_as_they_were(suffix, data, path):
    assert round_trip(suffix, data, path) == data


def test_json_keeps_what_is_no_number(path):
    assert math.isnan(round_trip(".json", {"loss": math.nan}, path)["loss"])


def test_json_stays_readable(path):
    BY_SUFFIX[".json"].save({"Größe": "µm"}, path)
    with open(path, encoding="utf-8") as file:
        assert file.read() == '{"Größe": "µm"}\n'


def test_text_with_a_byte_order_mark_is_read_without_it(path):
    assert load(".txt", b"\xef\xbb\xbfa\r\nb\rc\n", path) == "a\r\nb\rc\n"
    assert load(".csv", b"\xef\xbb\xbfa,b\r\n1,2\r\n", path) == [{"a": "1", "b": "2"}]
    assert load(".json", b"\xef\xbb\xbf[1]", path) == [1]


def test_rows_can_be_given_as_sequences_with_a_header(path):
    assert round_trip(".csv", [["a", "b"], (1, None), [2.5, True]], path) == [
        {"a": "1", "b": ""},
        {"a": "2.5", "b": "True"},
    ]


def test_columns_are_the_union_in_order_of_appearance(path):
    table = round_trip(".csv", [{"b": 1}, {"a": 2, "b": 3}], path)
    assert [list(row.items()) for row in table] == [[("b", "1"), ("a", "")], [("b", "3"), ("a", "2")]]


def test_no_rows_are_an_empty_file(path):
    assert round_trip(".csv", [], path) == []


def test_empty_lines_are_no_rows(path):
    assert load(".csv", b"a\n\n1\n\n", path) == [{"a": "1"}]


def test_a_cell_may_be_longer_than_csv_allows_by_default(path):
    table = [{"sequence": "ACGT" * 50_000}]
    assert round_trip(".csv", table, path) == table


UNREADABLE = {
    ".json": (b'{"a": 1,\n "b": }', r"line 2, column 7"),
    ".jsonl": (b'{"a": 1}\n\n{"b"\n', r"line 3, column 5"),
    ".csv": (b"a,b\n1,2\n3\n", r"line 3 has 1 cells, the header has 2"),
    ".tsv": (b"a\ta\n1\t2\n", r"two columns are named 'a'"),
    ".tab": (b'a\tb\n1\t"2\n', r"line 2"),
    ".txt": (b"good\nb\xffd", r"line 2 is not UTF-8 \(byte 0xff at 6\)"),
    ".txt.gz": (b"plain", r"no complete gzip file"),
    ".csv.gz": (gzip.compress(b"a,b\n1,2\n")[:-9], r"no complete gzip file"),
    ".geojson": (b"[" * 200_000, r"line 1"),
}


@pytest.mark.parametrize("suffix", UNREADABLE)
def test_an_unreadable_file_is_told_with_path_line_and_remedy(suffix, path):
    data, message = UNREADABLE[suffix]
    with pytest.raises(InvalidArgument, match=message) as caught:
        load(suffix, data, path)
    assert repr(path) in str(caught.value)
    assert "artifact.cache()" in str(caught.value)


UNSAVABLE = [
    (".txt", 1, "takes str"),
    (".txt", "a\ud800", "character 1 is a lone surrogate"),
    (".bin", "text", "takes bytes"),
    (".json", {"a": {1, 2}}, "set"),
    (".jsonl", {"a": 1}, "takes a list"),
    (".json", {1: "a", "1": "b"}, "the keys 1 and '1' are both written as '1', and one would be lost"),
    (".json", [{"x": ({True: 1, "true": 2},)}], "the keys True and 'true'"),
    (".jsonl", [{}, {"a": {None: 1, "null": 2}}], "the keys None and 'null'"),
    (".json.gz", {1.5: 1, "1.5": 2}, "the keys 1.5 and '1.5'"),
    (".csv", {"a": 1}, "list of rows"),
    (".csv", [{"a": 1}, [1]], "some of its rows are dicts"),
    (".csv", ["ab", "cd"], "row 0 is of type str"),
    (".csv", [{}], "no columns"),
    (".csv", [[]], "no columns"),
    (".csv", [["a"], [1, 2]], "row 1 has 2 cells"),
    (".csv", [["a", "a"], [1, 2]], "two columns are named 'a'"),
    (".csv", [{1: "x", "1": "y"}], "two columns are named '1'"),
    (".csv", [{"a": "\0"}], "NUL"),
]


@pytest.mark.parametrize(("suffix", "obj", "message"), UNSAVABLE)
def test_what_would_not_come_back_is_refused_before_anything_is_written(suffix, obj, message, tmp_path):
    path = tmp_path / "file"
    with pytest.raises(InvalidArgument, match=message):
        BY_SUFFIX[suffix].save(obj, str(path))
    assert not path.exists()


def test_a_structure_that_holds_itself_is_refused(path):
    endless = []
    endless.append(endless)
    with pytest.raises(InvalidArgument, match="cannot be saved as json"):
        BY_SUFFIX[".json"].save(endless, path)


def test_equal_content_gives_equal_gzip_on_every_python(path):
    BY_SUFFIX[".txt.gz"].save("", path)
    with open(path, "rb") as file:
        data = file.read()
    assert data == bytes.fromhex("1f8b08000000000002ff03000000000000000000")
    BY_SUFFIX[".csv.gz"].save([{"a": 1}], path)
    with gzip.open(path, "rb") as file:
        assert file.read() == b"a\n1\n"


def test_equal_rows_give_equal_bytes_on_every_python(path):
    BY_SUFFIX[".csv"].save([{"a": "x\ry", "b": ' "'}, {"a": "", "b": "1,2"}], path)
    with open(path, "rb") as file:
        digest = hashlib.sha256(file.read()).hexdigest()
    assert digest == hashlib.sha256(b'a,b\n"x\ry"," """\n"","1,2"\n').hexdigest()


def test_gzip_of_several_members_is_read_whole(path):
    assert load(".vcf.gz", gzip.compress(b"##a\n") + gzip.compress(b"##b\n"), path) == "##a\n##b\n"


def test_other_programs_read_what_is_written(path):
    BY_SUFFIX[".json.gz"].save({"a": [1, 2.5, None]}, path)
    with gzip.open(path, "rt", encoding="utf-8") as file:
        assert json.load(file) == {"a": [1, 2.5, None]}


def test_a_serializer_says_what_it_is():
    assert repr(BY_SUFFIX[".csv.gz"]) == "<serializer csv.gz: .csv.gz>"
