"""The order of a save: no row may ever speak of bytes that a power loss can take away."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys

import pytest

import lamin_lite as ln
from tests.conftest import REPO, clean_environ

SAVE = """
import os
import lamin_lite as ln
store = ln.connect()
store.user_id
try:
    os.stat("/begin")
except OSError:
    pass
ln.Artifact("data.txt", key="data.txt").save()
try:
    os.stat("/end")
except OSError:
    pass
"""


@pytest.mark.skipif(not sys.platform.startswith("linux") or not shutil.which("strace"), reason="needs strace")
@pytest.mark.parametrize("size", [10, 5 << 20])
def test_bytes_are_durable_under_their_name_before_the_row_is(workdir, size, tmp_path):
    ln.Instance.init(workdir)
    (workdir / "data.txt").write_bytes(b"x" * size)
    log = tmp_path / "strace"
    done = subprocess.run(
        [
            "strace",
            "-f",
            "-y",
            "-o",
            log,
            "-e",
            "trace=stat,newfstatat,statx,write,pwrite64,copy_file_range,fsync,fdatasync,rename,renameat,renameat2",
            sys.executable,
            "-c",
            SAVE,
        ],
        cwd=workdir,
        env={**clean_environ(tmp_path), "PYTHONPATH": str(REPO)},
        capture_output=True,
        text=True,
        check=False,
    )
    if "PTRACE" in done.stderr or "ptrace" in done.stderr:
        pytest.skip("strace may not trace here")
    assert done.returncode == 0, done.stderr
    text = log.read_text()
    calls = text[text.index('"/begin"') : text.index('"/end"')].splitlines()
    assert first(calls, r"(write|copy_file_range)\(.*/tmp/\w+>") < first(calls, r"(fsync|fdatasync)\(\d+<.*/tmp/\w+>")
    order = [
        first(calls, r"(fsync|fdatasync)\(\d+<.*/\.lamin_lite/tmp/\w+>"),
        first(calls, r"rename\w*\(.*/tmp/\w+.*/blobs/"),
        last(calls, r"fsync\(\d+<.*/\.lamin_lite/blobs/\w\w>"),
        first(calls, r"p?write(64)?\(\d+<.*lamin\.db-wal>"),
        last(calls, r"(fsync|fdatasync)\(\d+<.*lamin\.db-wal>"),
    ]
    assert order == sorted(order), "staged, fsync, rename, fsync of the folder, then the row: found " + "\n".join(calls)
    assert last(calls, r"write\w*\(\d+<.*/tmp/\w+>|copy_file_range\(.*/tmp/\w+>") < order[0], (
        "all bytes come before the fsync"
    )
    assert last(calls, r"p?write(64)?\(\d+<.*lamin\.db-wal>") < order[-1], (
        "the last write of the log is followed by an fsync"
    )


def matching(calls, pattern):
    found = [at for at, line in enumerate(calls) if re.search(pattern, line)]
    assert found, f"no call matches {pattern}:\n" + "\n".join(calls)
    return found


def first(calls, pattern):
    return matching(calls, pattern)[0]


def last(calls, pattern):
    return matching(calls, pattern)[-1]
