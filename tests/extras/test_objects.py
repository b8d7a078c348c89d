"""Objects of optional libraries come back as the type that was saved; files can be opened without being read whole."""

import datetime as dt
import decimal
import re
import sys
from pathlib import Path

import pytest

import lamin_lite as ln


@pytest.fixture
def instance(workdir):
    return ln.Instance.init(workdir)


class TestPandas:
    @pytest.fixture
    def pd(self):
        return pytest.importorskip("pandas")

    @pytest.fixture
    def frame(self, pd):
        return pd.DataFrame({"gene": ["CD8A", "CD4", "naïve"], "count": [3, 5, 7], "share": [0.5, None, 1e-9]})

    @pytest.mark.parametrize("suffix", [".parquet", ".feather", ".csv", ".csv.gz", ".tsv", ".tsv.gz", ".json"])
    def test_a_frame_comes_back_as_a_frame_without_a_column_more(self, instance, pd, frame, suffix):
        if suffix in (".parquet", ".feather"):
            pytest.importorskip("pyarrow")
        saved = instance.Artifact.from_dataframe(frame, key=f"genes{suffix}").save()
        assert (saved.otype, saved.kind, saved.n_observations) == ("DataFrame", "dataset", 3)
        pd.testing.assert_frame_equal(instance.Artifact.get(key=f"genes{suffix}").load(), frame)

    @pytest.mark.parametrize("suffix", [".csv", ".tsv"])
    def test_an_index_without_a_name_comes_back_as_the_index(self, instance, pd, frame, suffix):
        named = frame.set_axis(["a", "b", "c"], axis="index")
        pd.testing.assert_frame_equal(instance.Artifact.from_dataframe(named, key=f"g{suffix}").save().load(), named)
        assert named.index.tolist() == ["a", "b", "c"]

    def test_a_filtered_frame_keeps_which_rows_they_were(self, instance, pd, frame):
        some = frame[frame["count"] > 3]
        pd.testing.assert_frame_equal(instance.Artifact.from_dataframe(some, key="some.csv").save().load(), some)

    @pytest.mark.parametrize("suffix", [".csv", ".tsv", ".json", ".parquet"])
    def test_a_named_index_comes_back_as_the_index(self, instance, pd, frame, suffix):
        if suffix == ".parquet":
            pytest.importorskip("pyarrow")
        named = frame.set_index("gene")
        pd.testing.assert_frame_equal(instance.Artifact.from_dataframe(named, key=f"g{suffix}").save().load(), named)

    def test_saving_the_same_frame_again_leaves_the_kind_that_somebody_chose(self, instance, frame):
        instance.Artifact.from_dataframe(frame, key="g.csv", kind="raw data").save()
        assert instance.Artifact.from_dataframe(frame, key="g.csv").save().kind == "raw data"
        assert instance.Artifact.from_dataframe(frame, key="g.csv", kind="dataset").save().kind == "dataset"

    def test_a_key_without_a_suffix_gets_that_of_the_format(self, instance, frame):
        pytest.importorskip("pyarrow")
        assert instance.Artifact.from_dataframe(frame, key="study/genes").save().key == "study/genes.parquet"
        assert instance.Artifact.from_dataframe(frame, description="genes").save().suffix == ".parquet"

    def test_a_file_of_a_frame_is_taken_as_it_is(self, instance, pd, frame, workdir):
        frame.to_csv(workdir / "there.csv", index=False)
        saved = instance.Artifact.from_dataframe(workdir / "there.csv", key="there.csv").save()
        assert saved.path.read_bytes() == (workdir / "there.csv").read_bytes()
        pd.testing.assert_frame_equal(saved.load(), frame)

    def test_a_csv_that_nobody_called_a_frame_is_read_as_rows(self, instance, frame, workdir):
        frame.to_csv(workdir / "rows.csv", index=False)
        assert instance.Artifact("rows.csv", key="rows.csv").save().load()[0]["count"] == "3"

    @pytest.mark.parametrize("value", [[{"a": 1}], {"a": 1}, "text"])
    def test_what_is_no_frame_is_refused(self, instance, value):
        with pytest.raises((ln.errors.InvalidArgument, ln.errors.MissingFile)):
            instance.Artifact.from_dataframe(value, key="x.json")
        assert instance.Artifact.filter().count() == 0

    def test_of_what_is_no_frame_no_file_is_left(self, instance):
        with pytest.raises(ln.errors.InvalidArgument, match="type dict is no DataFrame"):
            instance.Artifact.from_dataframe({"a": 1}, key="x.json")
        assert not list(Path(instance.cache_dir).rglob("x.json"))

    @pytest.mark.parametrize(("name", "says"), [("q.txt", ".parquet"), ("q", ".csv"), ("q.h5ad", ".json")])
    def test_a_file_that_cannot_hold_a_frame_is_refused(self, instance, workdir, name, says):
        (workdir / name).write_text("a")
        with pytest.raises(ln.errors.InvalidArgument, match=rf"{name} holds no DataFrame, .*{says}"):
            instance.Artifact.from_dataframe(name, key=name)

    def test_a_suffix_that_cannot_hold_a_frame_is_told_with_those_that_can(self, instance, frame):
        with pytest.raises(
            ln.errors.InvalidArgument, match=r"cannot be written as '\.xlsx'.*\.csv, .*\.parquet, \.tsv"
        ):
            instance.Artifact.from_dataframe(frame, key="w.xlsx")

    @pytest.mark.parametrize("suffix", [".parquet", ".feather"])
    def test_rows_of_a_file_are_counted_where_it_tells_them(self, instance, frame, workdir, suffix):
        pytest.importorskip("pyarrow")
        getattr(frame, f"to_{suffix[1:]}")(f"q{suffix}")
        assert instance.Artifact.from_dataframe(f"q{suffix}", key=f"q{suffix}").save().n_observations == 3
        assert instance.Artifact.from_dataframe(f"q{suffix}", description="d", n_observations=2).n_observations == 2
        (workdir / f"q{suffix}").write_text("no table")
        assert instance.Artifact.from_dataframe(f"q{suffix}", key=f"q{suffix}").n_observations is None

    def test_a_frame_needs_a_key_or_a_description(self, instance, frame):
        with pytest.raises(ln.errors.InvalidArgument, match=r"key='dataset\.parquet'"):
            instance.Artifact.from_dataframe(frame)

    def test_without_pandas_a_frame_is_not_read_as_something_else(self, instance, frame, monkeypatch):
        saved = instance.Artifact.from_dataframe(frame, key="genes.csv").save()
        for table in ("_typed", "_loaded"):
            monkeypatch.setattr(ln.ext.ext, table, type(getattr(ln.ext.ext, table))())
        monkeypatch.setitem(sys.modules, "pandas", None)
        monkeypatch.delitem(sys.modules, "lamin_lite_extras.pandas", raising=False)
        with pytest.raises(
            ln.errors.MissingExtra, match=r"Loading a DataFrame needs pandas: pip install 'lamin-lite\[pandas\]'"
        ) as told:
            saved.load()
        assert told.value.__cause__ is None
        assert told.value.__suppress_context__
        assert saved.cache().read_text().startswith("gene,count")


class TestPyarrow:
    @pytest.fixture
    def pa(self):
        return pytest.importorskip("pyarrow")

    @pytest.mark.parametrize("suffix", [".parquet", ".feather", ".arrow", ".csv", ".tsv"])
    def test_a_table_comes_back_as_a_table(self, instance, pa, suffix):
        table = pa.table({"gene": ["CD8A", "CD4"], "count": [3, 5]})
        saved = instance.Artifact.from_dataframe(table, key=f"t{suffix}").save()
        assert (saved.otype, saved.n_observations) == ("pyarrow.Table", 2)
        assert saved.load().equals(table)

    @pytest.mark.parametrize("suffix", [".parquet", ".feather", ".arrow", ".csv", ".tsv"])
    def test_columns_and_rows_are_read_without_the_rest(self, instance, pa, suffix):
        import pyarrow.dataset as ds

        table = pa.table({"gene": ["CD8A", "CD4", "IL2"], "count": [3, 5, 8]})
        opened = instance.Artifact.from_dataframe(table, key=f"t{suffix}").save().open()
        assert opened.to_table(columns=["gene"], filter=ds.field("count") > 3).to_pydict() == {"gene": ["CD4", "IL2"]}

    def test_opening_is_reading_for_the_run_that_does_it(self, instance, pa, workdir, run_python):
        instance.Artifact.from_dataframe(pa.table({"a": [1]}), key="t.parquet").save()
        script = workdir / "s.py"
        script.write_text("import lamin_lite as ln\nln.track()\nln.Artifact.get(key='t.parquet').open()\nln.finish()\n")
        done = run_python(script, cwd=workdir)
        assert done.returncode == 0, done.stderr
        assert [each.key for each in instance.Run.filter().one().input_artifacts] == ["t.parquet"]

    def test_what_cannot_be_opened_says_so(self, instance, workdir):
        (workdir / "a.txt").write_text("a")
        with pytest.raises(ln.errors.InvalidArgument, match=r"a.txt cannot be opened in parts: artifact.load\(\)"):
            instance.Artifact("a.txt", key="a.txt").save().open()


class TestPolars:
    @pytest.mark.parametrize("suffix", [".parquet", ".feather", ".csv", ".tsv"])
    def test_a_frame_comes_back_as_a_frame_of_polars(self, instance, suffix):
        pl = pytest.importorskip("polars")
        frame = pl.DataFrame({"gene": ["CD8A", "CD4"], "count": [3, 5]})
        saved = instance.Artifact.from_dataframe(frame, key=f"t{suffix}").save()
        assert (saved.otype, saved.n_observations) == ("polars.DataFrame", 2)
        assert saved.load().equals(frame)

    @pytest.mark.parametrize("suffix", [".parquet", ".feather"])
    def test_what_would_not_come_back_is_refused_with_the_remedy(self, instance, suffix):
        pl = pytest.importorskip("polars")
        frame = pl.DataFrame({"a": [1], "b": pl.Series([object()], dtype=pl.Object)})
        with pytest.raises(
            ln.errors.InvalidArgument, match=rf"as \{suffix}: column 'b' holds Python objects; convert it"
        ):
            instance.Artifact.from_dataframe(frame, key=f"t{suffix}")
        odd = {
            "decimals": pl.Series([decimal.Decimal("1.5")]),
            "an order of texts": pl.Series(["a"], dtype=pl.Categorical("lexical")),
            "lists of one length": pl.Series([[1, 2]]).cast(pl.List(pl.Int64)),
            "durations": pl.Series([dt.timedelta(1)]),
        }
        if hasattr(pl, "Enum"):
            odd["some texts"] = pl.Series(["a"], dtype=pl.Enum(["b", "a"]))
        for name, values in odd.items():
            frame, found, said = pl.DataFrame({"a": values}), None, ""
            try:
                found = instance.Artifact.from_dataframe(frame, key=f"{name}{suffix}").save().load()
            except ln.errors.InvalidArgument as error:  # older versions of polars
                said = str(error)
            assert re.match(rf"$|This polars\.DataFrame cannot be saved as \{suffix}: .*; convert it, as by", said)
            assert found is None or (found.schema == frame.schema and found.to_dicts() == frame.to_dicts())

    @pytest.mark.parametrize("key", ["t.json", "t.arrow"])
    def test_a_suffix_that_polars_does_not_write_is_told_with_those_that_it_does(self, instance, key):
        pl = pytest.importorskip("polars")
        with pytest.raises(ln.errors.InvalidArgument, match=r"it, \.csv, \.feather, \.parquet, \.tsv;"):
            instance.Artifact.from_dataframe(pl.DataFrame({"a": [1]}), key=key)


class TestNumpy:
    @pytest.fixture
    def np(self):
        return pytest.importorskip("numpy")

    def test_an_array_comes_back_as_it_was(self, instance, np):
        for number, array in enumerate(
            [np.arange(6).reshape(2, 3), np.array(["a", "bc"]), np.array(1.5), np.zeros((0, 2))]
        ):
            saved = instance.Artifact.from_object(array, key=f"{number}.npy").save()
            assert np.array_equal(saved.load(), array)
            assert saved.load().dtype == array.dtype
            assert saved.n_observations == (array.shape[0] if array.ndim else None)

    def test_arrays_of_an_archive_are_read_by_name(self, instance, np, workdir):
        np.savez(workdir / "a.npz", first=np.arange(3), second=np.eye(2))
        loaded = instance.Artifact("a.npz", key="a.npz").save().load()
        assert {name: array.tolist() for name, array in loaded.items()} == {
            "first": [0, 1, 2],
            "second": [[1, 0], [0, 1]],
        }

    def test_a_broken_file_is_told_as_such(self, instance, np, workdir):
        np.save(workdir / "whole.npy", np.arange(9))
        np.savez(workdir / "whole.npz", a=np.arange(9))
        whole = {each.suffix: each.read_bytes() for each in workdir.glob("whole.*")}
        broken = [b"", b"broken", b"PK\x03\x04no", b"\x93NUMPY", whole[".npy"][:-9], whole[".npz"][:-9]]
        for number, data in enumerate(broken):
            for suffix in (".npy", ".npz"):
                (workdir / f"{number}{suffix}").write_bytes(data)
                saved = instance.Artifact(f"{number}{suffix}", key=f"{number}{suffix}").save()
                with pytest.raises(
                    ln.errors.InvalidArgument, match=r"cannot be read as numpy.*artifact\.cache"
                ) as told:
                    saved.load()
                assert "\n" not in str(told.value)

    def test_a_masked_array_is_refused_as_its_mask_would_be_lost(self, instance, np):
        with pytest.raises(ln.errors.InvalidArgument, match=r"would lose its mask .*array\.filled\(\)"):
            instance.Artifact.from_object(np.ma.masked_array([1, 2], [0, 1]), key="m.npy")

    def test_other_arrays_are_refused_as_they_would_come_back_as_plain_ones(self, instance, np):
        record = np.rec.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")])
        for number, array in enumerate([np.eye(2).view(np.matrix), record, np.char.array(["a"])]):
            with pytest.raises(
                ln.errors.InvalidArgument,
                match=r"^A numpy\.\S+ would come back .* plain array: save np\.asarray\(array\)\.$",
            ):
                instance.Artifact.from_object(array, key=f"{number}.npy")
            plain = np.asarray(array)
            found = instance.Artifact.from_object(plain, key=f"{number}.npy").save().load()
            assert (found.dtype, found.tolist()) == (plain.dtype, plain.tolist())

    def test_an_array_in_a_file_is_plain(self, instance, np, workdir):
        array = np.memmap(workdir / "raw", dtype="int16", mode="w+", shape=(2, 3))
        array[:] = [[1, 2, 3], [4, 5, 6]]
        assert instance.Artifact.from_object(array, key="a.npy").save().load().tolist() == [[1, 2, 3], [4, 5, 6]]

    def test_pickles_in_archives_are_not_read(self, instance, np, workdir):
        np.savez(workdir / "o.npz", o=np.array([{"a": 1}], dtype=object))
        with pytest.raises(ln.errors.InvalidArgument, match=r"would be a pickle, .*convert it"):
            instance.Artifact("o.npz", key="o.npz").save().load()

    def test_pickles_in_arrays_are_neither_written_nor_read(self, instance, np, workdir):
        array = np.array([{"a": 1}], dtype=object)
        with pytest.raises(ln.errors.InvalidArgument, match="pickle"):
            instance.Artifact.from_object(array, key="o.npy")
        np.save(workdir / "o.npy", array, allow_pickle=True)
        with pytest.raises(ln.errors.InvalidArgument, match="pickle"):
            instance.Artifact("o.npy", key="o.npy").save().load()


class TestFolders:
    @pytest.mark.parametrize("name", ["plain", "rows.csv", "notes.d", "a.npy", "other.zarr", "image.ome.zarr"])
    def test_what_nobody_can_read_has_no_loader_and_nothing_says_it_had(self, instance, workdir, name):
        if name.endswith("zarr"):
            pytest.importorskip("anndata")
        elif name.endswith("npy"):
            pytest.importorskip("numpy")
        (workdir / name).mkdir()
        (workdir / name / "a.txt").write_text("a")
        saved = instance.Artifact(name, key=name).save()
        with pytest.raises(ln.errors.InvalidArgument, match=rf"^{name} is a folder, which has no loader.*cache\(\)"):
            saved.load()
        if name in ("plain", "notes.d"):
            with pytest.raises(
                ln.errors.InvalidArgument, match=rf"^{name} cannot be opened in parts: artifact.cache\(\)"
            ):
                saved.open()

    def test_of_a_pickle_nobody_says_that_it_could_be_loaded(self, instance, workdir):
        (workdir / "a.pkl").write_bytes(b"")
        with pytest.raises(ln.errors.InvalidArgument, match=r"^a.pkl cannot be opened in parts: artifact.cache\(\)"):
            instance.Artifact("a.pkl", key="a.pkl").save().open()

    def test_what_somebody_registered_for_folders_reads_them(self, instance, workdir, monkeypatch):
        class Plates:
            name, suffixes, types = "acme.plates", (".plates",), ("acme.Plates",)

            def load(self, path):
                return sorted(each.name for each in Path(path).iterdir())

            def save(self, obj, path):
                raise NotImplementedError

        monkeypatch.setattr(ln.ext.ext, "_readers", {**ln.ext.ext._readers, ".plates": Plates()})
        (workdir / "p.plates").mkdir()
        (workdir / "p.plates" / "a").write_text("a")
        saved = instance.Artifact("p.plates", key="p.plates").save()
        assert saved.load() == ["a"]
        with pytest.raises(ln.errors.InvalidArgument, match=r"artifact\.load\(\) reads it"):
            saved.open()


class TestAnndata:
    @pytest.fixture
    def matrix(self):
        pytest.importorskip("anndata")
        return ln.examples.datasets.mini_immuno.get_dataset1(otype="AnnData")

    @staticmethod
    def same(one, other):
        assert one.obs_names.tolist() == other.obs_names.tolist()
        assert one.var_names.tolist() == other.var_names.tolist()
        assert (one.X == other.X).all()
        assert one.obs["cell_type"].astype(str).tolist() == other.obs["cell_type"].astype(str).tolist()

    @pytest.mark.parametrize("key", ["cells.h5ad", "cells.anndata.zarr", "cells.zarr", "cells"])
    def test_a_matrix_comes_back_as_a_matrix(self, instance, matrix, key):
        if key.endswith("zarr"):
            pytest.importorskip("zarr")
        saved = instance.Artifact.from_anndata(matrix, key=key).save()
        assert (saved.otype, saved.kind, saved.n_observations) == ("AnnData", "dataset", 6)
        assert saved.key == (key if "." in key else "cells.h5ad")
        self.same(saved.load(), matrix)

    @pytest.mark.parametrize("key", ["cells.h5ad", "cells.anndata.zarr", "cells.zarr"])
    def test_a_matrix_is_opened_without_being_read_whole(self, instance, matrix, key):
        if key.endswith("zarr"):
            pytest.importorskip("zarr")
        opened = instance.Artifact.from_anndata(matrix, key=key).save().open()
        assert opened.shape == (6, 3)
        if key.endswith("h5ad"):
            assert opened.isbacked
            opened.file.close()

    @pytest.mark.parametrize("key", ["cells.anndata.zarr", "cells.zarr"])
    def test_a_folder_that_nobody_called_a_matrix_is_read_as_one(self, instance, matrix, workdir, key):
        pytest.importorskip("zarr")
        instance.Artifact.from_anndata(matrix, key="made.zarr").save().cache(writable=True).rename(workdir / key)
        saved = instance.Artifact(key, key=key).save()
        assert saved.otype is None
        self.same(saved.load(), matrix)

    def test_what_is_no_matrix_is_refused(self, instance):
        pytest.importorskip("pandas")
        with pytest.raises(ln.errors.InvalidArgument):
            instance.Artifact.from_anndata(ln.examples.datasets.mini_immuno.get_dataset1(), key="cells.csv")
        assert instance.Artifact.filter().count() == 0

    def test_a_file_of_a_matrix_is_counted_and_one_that_can_be_none_is_refused(self, instance, matrix, workdir):
        matrix.write_h5ad(workdir / "p.h5ad")
        assert instance.Artifact.from_anndata("p.h5ad", key="p.h5ad").save().n_observations == 6
        (workdir / "q.csv").write_text("a")
        with pytest.raises(ln.errors.InvalidArgument, match=r"q\.csv holds no AnnData, .*\.h5ad"):
            instance.Artifact.from_anndata("q.csv", key="q.csv")
        with pytest.raises(ln.errors.InvalidArgument, match=r"written as '\.csv'.*\.anndata\.zarr, \.h5ad, \.zarr"):
            instance.Artifact.from_anndata(matrix, key="m.csv")

    def test_without_the_library_one_sentence_says_so_in_good_english(self, instance, matrix, workdir, run_python):
        instance.Artifact.from_anndata(matrix, key="cells.h5ad").save()
        script = workdir / "s.py"
        script.write_text(
            "import sys\nsys.modules['anndata'] = None\nimport lamin_lite as ln\nln.Artifact.get(key='cells.h5ad').load()\n"
        )
        done = run_python(script, cwd=workdir)
        assert "Loading an AnnData needs anndata: pip install 'lamin-lite[anndata]'." in done.stderr
        assert "direct cause" not in done.stderr
        assert "importlib" not in done.stderr

    def test_a_store_with_pickles_is_not_read(self, instance, matrix, workdir):
        zarr = pytest.importorskip("zarr")
        assert zarr
        folder = workdir / "evil.anndata.zarr"
        instance.Artifact.from_anndata(matrix, key="good.anndata.zarr").save().cache(writable=True).rename(folder)
        (folder / "obs" / ".zarray").write_text('{"filters": [{"id": "pickle", "protocol": 5}], "compressor": null}')
        saved = instance.Artifact(folder, key="evil.anndata.zarr").save()
        for read in (saved.load, saved.open):
            with pytest.raises(ln.errors.InvalidArgument, match="holds pickles"):
                read()
