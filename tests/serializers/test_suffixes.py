from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamin_lite.serializers.builtin import builtin_serializers
from lamin_lite.serializers.suffixes import is_pickle, known_suffix, suffixes_of

NAMES = {
    "a.csv": ".csv",
    "a.b.csv.gz": ".csv.gz",
    "s1.fastq.gz": ".fastq.gz",
    "S1.FASTQ.GZ": ".FASTQ.GZ",
    "pbmc.anndata.zarr": ".anndata.zarr",
    "folder/x.tar.gz": ".tar.gz",
    "x.tar.bz2": ".tar.bz2",
    "v.vcf.gz.tbi": ".vcf.gz.tbi",
    "a.h5ad": ".h5ad",
    "a.foo.gz": ".gz",
    "a.png": ".png",
    "dir.d/README": "",
    "README": "",
    ".bashrc": "",
    ".tar.gz": ".gz",
    ".config.json": ".json",
    "a.": "",
    "a..": "",
    "..": "",
    "": "",
    "Mr. Smith": "",
    "a.b\nc": "",
    "a." + "x" * 300: "",
    "brain.nii.gz": ".nii.gz",
}


@pytest.mark.parametrize("name", NAMES)
def test_the_suffix_is_the_longest_known_composite_else_the_last(name):
    assert known_suffix(name) == NAMES[name]


@given(st.text())
def test_a_suffix_is_an_ending_that_fits_into_a_file_name(name):
    suffix = known_suffix(name)
    assert name.endswith(suffix)
    assert len(suffix) <= 64
    assert "/" not in suffix
    assert not suffix or (suffix.startswith(".") and suffix.isprintable() and " " not in suffix)


@given(st.text(alphabet="ab.gzcsvtr/", max_size=20))
def test_a_suffix_is_never_shorter_than_that_of_splitext(name):
    assert known_suffix(name).endswith(os.path.splitext(name)[1].rstrip("."))


@given(
    st.text(alphabet="abgz", min_size=1), st.sampled_from([s for one in builtin_serializers() for s in one.suffixes])
)
def test_every_suffix_with_a_serializer_is_known(stem, suffix):
    assert known_suffix(stem + suffix) == suffix
    assert suffix in suffixes_of(stem + suffix)


def test_every_builtin_suffix_has_one_serializer():
    endings = [suffix for one in builtin_serializers() for suffix in one.suffixes]
    assert len(endings) == len(set(endings))


def test_pickles_are_known_compressed_too():
    assert is_pickle(".pkl")
    assert is_pickle(".PKL")
    assert is_pickle(".joblib.gz")
    assert not is_pickle(".pkl.json")
    assert not is_pickle("")
