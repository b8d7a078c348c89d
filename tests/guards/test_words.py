"""Nothing in the repository speaks of the machine that it was written on."""

from __future__ import annotations

import re

import pytest

from tests.guards.tree import REPO, report, sources

#: absolute paths of somebody's machine; each is taken apart here, so that this file does not contain it
PATHS = re.compile("(?<![\\w.~-])(?:" + "|".join(["/wo" + "rk/", "/tmp/" + "dev", "/ro" + "ot/"]) + ")")


def word_problems(paths, root):
    problems = []
    for path in paths:
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError:
            continue  # data, not words
        problems += [
            f"{path.relative_to(root)}:{number}: {found.group()!r} is a path of one machine: write a relative one"
            for number, line in enumerate(lines, 1)
            for found in [PATHS.search(line)]
            if found
        ]
    return problems


def test_no_file_names_a_path_of_one_machine():
    report(word_problems(sources(), REPO))


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("cd /wo" + "rk/main", 1),
        ("'/ro" + "ot/.cache'", 1),
        ("frame/wo" + "rk/ and ~/wo" + "rk/", 0),
    ],
)
def test_the_guard_sees_a_path(tmp_path, text, count):
    (tmp_path / "a.md").write_text(text)
    (tmp_path / "b.bin").write_bytes(b"\xff\xfe")
    assert len(word_problems([tmp_path / "a.md", tmp_path / "b.bin"], tmp_path)) == count
