"""The guide runs: as a notebook, top to bottom, executed by nbconvert without any hint, and without a network."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pytest

from tests.conftest import REPO, clean_environ
from tests.docs.guide import notebook, shown_files, write

PAGE = REPO / "docs/guide.md"

#: brings up the loopback device of a fresh network namespace, which kernels talk over, and goes on with the arguments
ALONE = """
import fcntl, os, socket, struct, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
    fcntl.ioctl(s, 0x8914, struct.pack("16sh", b"lo", 0x1 | 0x40))
os.execv(sys.argv[1], sys.argv[1:])
"""


def without_network(command):
    """The command in a network namespace of its own, where the system lets us make one."""
    unshare = shutil.which("unshare")
    if unshare is None or subprocess.run([unshare, "-n", "true"], check=False, capture_output=True).returncode:
        print("no network namespace can be made here: the guide runs with the network that there is")
        return command
    return [unshare, "-n", sys.executable, "-c", ALONE, *command]


@pytest.fixture(params=["guide", "a guide – naïve ✓"])
def executed(request, tmp_path, home):
    """The folder in which the guide was executed, and its cells as they were left."""
    for library in ("nbconvert", "ipykernel", "pandas", "pyarrow", "click"):
        pytest.importorskip(library)
    folder = tmp_path / request.param
    folder.mkdir()
    shutil.copytree(REPO / "docs/scripts", folder / "scripts")
    write(PAGE, folder / "guide.ipynb")
    environ = clean_environ(home)
    environ["PATH"] = f"{os.path.dirname(sys.executable)}:{environ['PATH']}"
    environ["PYTHONPATH"] = f"{REPO}:{REPO / 'extras'}"
    command = [sys.executable, "-m", "jupyter", "nbconvert", "--to", "notebook", "--execute", "--allow-errors"]
    command += ["--output", "executed.ipynb", "guide.ipynb"]
    done = subprocess.run(
        without_network(command), cwd=folder, env=environ, capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == 0, done.stderr
    return folder, json.loads((folder / "executed.ipynb").read_text("utf-8"))["cells"]


def said(cell):
    texts = []
    for output in cell.get("outputs", ()):
        text = output.get("text") or output.get("data", {}).get("text/plain") or output.get("traceback") or ""
        texts.append("".join(text))
    return "\n".join(texts)


@pytest.mark.slow
def test_the_guide_runs_top_to_bottom_as_a_notebook_offline(executed):
    _, cells = executed
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert len(code) > 35
    for cell in code:
        source, words = "".join(cell["source"]), said(cell)
        assert not any(output["output_type"] == "error" for output in cell["outputs"]), f"{source}\n{words}"
        assert "Traceback" not in words, f"{source}\n{words}"
        assert "error:" not in words.lower(), f"{source}\n{words}"


def test_the_guide_shows_every_script_as_it_is():
    there = {f"scripts/{path.name}": path.read_text("utf-8") for path in (REPO / "docs/scripts").glob("*.py")}
    del there["scripts/synced_with_git.py"]  # of git.md
    assert shown_files(PAGE.read_text("utf-8")) == there


def test_the_guide_is_a_valid_notebook():
    nbformat = pytest.importorskip("nbformat")
    nbformat.validate(nbformat.from_dict(notebook(PAGE.read_text("utf-8"))))
