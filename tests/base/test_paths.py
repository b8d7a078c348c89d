"""Whether a path lies in a folder, and paths as text."""

from __future__ import annotations

import doctest
import os

import pytest

from lamin_lite.base import paths


@pytest.mark.parametrize(
    ("path", "folder", "inside"),
    [
        ("/data/a", "/data", True),
        ("/data", "/data", True),
        ("/data-secret", "/data", False),
        ("/data-secret/a", "/data", False),
        ("/dat", "/data", False),
        ("/a", "/", True),
        ("/", "/", True),
    ],
)
def test_a_folder_is_no_bare_prefix(path, folder, inside):
    assert paths.is_inside(path, folder) is inside


def test_where_a_path_lies_in_a_folder_is_told_with_links_resolved(tmp_path):
    (tmp_path / "dev" / "sub").mkdir(parents=True)
    (tmp_path / "dev-secret").mkdir()
    (tmp_path / "dev" / "out").symlink_to(tmp_path / "dev-secret")
    (tmp_path / "link").symlink_to(tmp_path / "dev")
    below = {name: paths.below(str(tmp_path / name), str(tmp_path / "dev")) for name in os.listdir(tmp_path)}
    assert below == {"dev": None, "dev-secret": None, "link": None}
    assert paths.below(str(tmp_path / "link" / "sub" / "a.py"), str(tmp_path / "dev")) == "sub/a.py"
    assert paths.below(str(tmp_path / "dev" / "out" / "a.py"), str(tmp_path / "dev")) is None
    assert paths.below("/etc", "/") == "etc"


def test_the_examples_hold():
    assert doctest.testmod(paths).failed == 0
