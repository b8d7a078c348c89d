"""Cells that do more than run one after the other: within each other, hidden, captured, forgotten, or without a kernel."""

from __future__ import annotations

import gc
import json
import subprocess
import sys

import pytest

pytest.importorskip("ipykernel", reason="Jupyter is not installed: `nox -s notebooks` brings it")
pytest.importorskip("jupyter_client", reason="Jupyter is not installed: `nox -s notebooks` brings it")

from tests.tracking.kernels import FINISH, MARKS, TRACK, Kernel, Notebook, markdown
from tests.tracking.test_notebooks import shown

pytestmark = MARKS


@pytest.fixture
def kernel(project):
    """A kernel that was told that it is that of ``n.ipynb``."""
    made = Kernel(project.folder, project.environ(JPY_SESSION_NAME=project.folder / "n.ipynb"))
    yield made
    made.close()
    gc.collect()  # what the libraries of Jupyter leave open is found here, and not in other tests


def ran(project, kernel, *cells, fails=()):
    """Run a notebook of these cells to the end of its kernel; the run."""
    notebook = Notebook(project.folder / "n.ipynb", TRACK, *cells)
    for number in range(1, len(cells) + 2):
        kernel.cell(notebook, number, fails=number - 1 in fails)
    kernel.close()
    return project.runs()[0]


# -- cells within cells


@pytest.mark.parametrize("inner", ["%rerun 2", "get_ipython().run_cell('z = 1')", "get_ipython().run_cell('  ')"])
def test_the_error_of_a_cell_that_executes_another_one_is_that_of_the_run(project, kernel, inner):
    run = ran(project, kernel, "a = 1", f"{inner}\n1/0", fails=[2])
    assert (run.status, run.exit_code) == ("errored", 1)
    assert shown(run)[2][-1] == "ZeroDivisionError"


def test_what_follows_a_cell_within_a_cell_belongs_to_the_run_and_its_error_to_the_report(project, kernel):
    run = ran(project, kernel, "get_ipython().run_cell('1/0')\nln.context.run.uid", "2", fails=[1])
    assert run.status == "completed"
    assert shown(run)[1][1:] == ("ZeroDivisionError", repr(run.uid))


# -- hidden cells


@pytest.mark.parametrize("way", [{"store_history": False}, {"silent": True, "store_history": False}])
def test_what_a_front_end_executes_for_itself_leaves_no_trace(project, kernel, way):
    notebook = Notebook(project.folder / "n.ipynb", TRACK, "print('a')", "1/0")
    kernel.cell(notebook, 1)
    kernel.cell(notebook, 2)
    kernel.run("print('hidden')\n1/0", fails=True, **way)
    kernel.cell(notebook, 3, fails=True)
    kernel.run("from IPython.display import display\nprint('hidden')\ndisplay('hidden')\n2", **way)
    kernel.close()
    run = project.only_run()
    assert (run.status, run.exit_code) == ("errored", 1)
    assert shown(run) == [(TRACK,), ("print('a')", "a\n"), ("1/0", "ZeroDivisionError")]
    assert "hidden" not in run.transform.source_code


def test_cells_of_a_program_that_keeps_no_history_are_kept(project, kernel):
    Notebook(project.folder / "n.ipynb", TRACK, "print('a')", "1/0")
    kernel.run(TRACK, store_history=False)
    kernel.run("print('a')", store_history=False)
    kernel.run("1/0", fails=True, store_history=False)
    kernel.close()
    run = project.only_run()
    assert (run.status, run.transform.key) == ("errored", "n.ipynb")
    assert shown(run) == [(TRACK,), ("print('a')", "a\n"), ("1/0", "ZeroDivisionError")]


# -- streams that were in another place


@pytest.mark.parametrize(
    "first",
    [
        f"%%capture\n{TRACK}",
        "import contextlib, io\nimport lamin_lite as ln\nwith contextlib.redirect_stdout(io.StringIO()):\n    ln.track()",
        "import contextlib, io\nimport lamin_lite as ln\nwith contextlib.redirect_stderr(io.StringIO()):\n    ln.track()",
    ],
)
def test_output_is_kept_though_track_was_called_where_it_was_captured(project, kernel, first):
    code = "import sys\nfrom IPython.display import display\nprint('out')\ndisplay('shown')\nsys.stderr.write('err');"
    Notebook(project.folder / "n.ipynb", first, code, FINISH)
    kernel.words(first)
    kernel.words(code)
    kernel.words("%%capture\nprint('not shown')\ndisplay('not shown')")
    kernel.words(FINISH)
    cells = [cell[1:] for cell in shown(project.only_run())]
    assert (sorted(cells[1]), cells[2]) == (["'shown'", "err", "out\n"], ())


def test_a_stream_that_cannot_be_kept_is_named_once(monkeypatch, caplog):
    from lamin_lite.capture.streams import Tap

    class Sealed:
        __slots__ = ()

        def write(self, text):
            return len(text)

    caplog.set_level("INFO")
    tap = Tap(list)
    with monkeypatch.context() as patched:
        patched.setattr(sys, "stdout", Sealed())
        tap.install()
        tap.renew()
        tap.renew()
        tap.remove()
    assert caplog.text.count("cannot be kept for the report") == 1


# -- errors that are shown and fail no cell


def test_an_error_that_is_shown_is_in_the_report_though_the_cell_goes_on(project, kernel):
    (project.folder / "boom.py").write_text("raise ValueError('boom')")
    code = "try:\n    1/0\nexcept ZeroDivisionError:\n    get_ipython().showtraceback()"
    run = ran(project, kernel, "%run boom.py", code, "print('on')", fails=[1, 2])
    assert run.status == "completed"
    assert [cell[1:] for cell in shown(run)[1:]] == [("ValueError",), ("ZeroDivisionError",), ("on\n",)]


# -- what IPython forgets


@pytest.mark.parametrize("reset", ["%reset -f in", "%reset -f"])
def test_cells_that_ipython_was_told_to_forget_were_run_all_the_same(project, kernel, reset):
    cells = [TRACK, "a = 1", reset, "import lamin_lite as ln", "b = 1", FINISH]
    notebook = Notebook(project.folder / "n.ipynb", *cells)
    said = [kernel.cell(notebook, number, with_id=True) for number in range(1, 7)][-1]
    assert "!" not in said, said
    run = project.only_run()
    assert [cell[0] for cell in shown(run)] == cells
    assert run.transform.source_code.count("# %%") == 6


# -- a file that is broken when the run ends


@pytest.mark.parametrize("broken", ["", "<<<<<<< HEAD\n{}"])
def test_a_file_that_is_no_notebook_any_more_leaves_source_and_title(project, kernel, broken):
    notebook = Notebook(project.folder / "n.ipynb", markdown("# Title"), TRACK, "print(1)", FINISH)
    kernel.cell(notebook, 1)
    kernel.cell(notebook, 2)
    notebook.path.write_text(broken)
    said = kernel.cell(notebook, 3)
    run = project.only_run()
    assert (
        f"! {notebook.path.resolve()} is no notebook that can be read, so the run keeps the source that it had" in said
    )
    assert (run.status, run.transform.version, run.transform.description) == ("completed", "0000", "Title")
    assert "# %%\nprint(1)" in run.transform.source_code


def test_of_a_file_that_was_no_notebook_from_the_start_the_cells_are_the_source(project, kernel):
    (project.folder / "n.ipynb").write_text("<<<<<<< HEAD\n{}")
    kernel.words("import lamin_lite as ln\nln.track(path='n.ipynb')")
    kernel.words("x = 1")
    assert "so the run keeps its cells as they ran: mend the file" in kernel.words(FINISH)
    (transform,) = project.instance.Transform.filter()
    assert (transform.key, transform.kind) == ("n.ipynb", "notebook")
    assert transform.source_code.endswith("# %%\nx = 1\n\n# %%\nln.finish()\n")


# -- files that IPython executes in a terminal


@pytest.mark.parametrize(
    ("name", "cells", "code", "status", "report"),
    [
        ("n.ipynb", ["print('out')\n1/0", "print(3)"], 1, "errored", "ZeroDivisionError: division by zero\n"),
        ("n.ipynb", ["print('out')", "print('end')"], 0, "completed", "out\nend\n"),
        ("n.ipynb", ["import sys\nsys.exit(4)"], 1, "errored", ""),
        ("n.ipynb", ["print('in it')", FINISH, "1/0"], 1, "completed", "in it\n"),
        ("e.ipy", ["print('a')", "_ = %sx echo b", "1/0"], 1, "errored", "ZeroDivisionError: division by zero\n"),
        ("e.ipy", ["print('a')"], 0, "completed", "a\n"),
    ],
)
def test_a_file_that_ipython_executes_ends_by_its_last_cell(project, name, cells, code, status, report):
    if name.endswith(".ipynb"):
        pytest.importorskip("nbformat", reason="nbformat is not installed: `nox -s notebooks` brings it")
        Notebook(project.folder / name, TRACK, *cells)
    else:
        (project.folder / name).write_text("\n".join([TRACK, *cells]))
    done = subprocess.run(
        [sys.executable, "-m", "IPython", "--no-banner", "--colors=NoColor", name],
        cwd=project.folder,
        env=project.environ(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert ("at the end of the script" in done.stderr) is (status == "completed" and FINISH not in cells)
    run = project.only_run()
    assert (run.transform.key, run.status) == (name, status)
    assert (run.exit_code is not None) is (status == "errored")
    assert project.report(run).endswith(report), json.dumps(project.report(run))


def test_a_secret_in_a_cell_of_a_notebook_that_is_in_no_file_is_masked_in_the_report(project, kernel):
    kernel.words(TRACK)
    kernel.words("db_password = 'correct-horse-battery'\nprint('with', db_password)")
    kernel.words("db_password = None\nln.finish()")
    run = project.only_run()
    assert "with ***" in str(run.report.load(is_run_input=False))
    assert b"correct-horse" not in project.kept_bytes()
