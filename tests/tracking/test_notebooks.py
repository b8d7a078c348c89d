"""Runs in a real kernel: source, report, endings, steps, words."""

from __future__ import annotations

import gc
import json
import sys
import time

import pytest

pytest.importorskip("ipykernel", reason="Jupyter is not installed: `nox -s notebooks` brings it")
pytest.importorskip("jupyter_client", reason="Jupyter is not installed: `nox -s notebooks` brings it")

from tests.tracking.kernels import FINISH, MARKS, TRACK, Kernel, Notebook, markdown

pytestmark = MARKS


@pytest.fixture
def started(project):
    """Start kernels: ``started(notebook)`` is one that was told its notebook as Jupyter Server does it."""
    kernels = []

    def start(notebook=None, **environ):
        if notebook is not None:
            environ["JPY_SESSION_NAME"] = notebook.path
        kernels.append(Kernel(project.folder, project.environ(**environ)))
        return kernels[-1]

    yield start
    for kernel in kernels:
        kernel.close()
    gc.collect()  # what the libraries of Jupyter leave open is found here, and not in other tests


def shown(run):
    """Source and outputs of the code cells of a report, in short."""
    cells = []
    for cell in run.report.load(is_run_input=False)["cells"]:
        if cell["cell_type"] == "code":
            outputs = [
                each.get("text") or each.get("ename") or each["data"].get("text/plain") for each in cell["outputs"]
            ]
            cells.append((cell["source"], *outputs))
    return cells


# -- what is recorded


def test_a_notebook_is_recorded(project, started):
    notebook = Notebook(
        project.folder / "my näme.ipynb",
        markdown("# A title\n\ntext"),
        TRACK,
        "print('a')\n1 + 1",
        "open('a.txt', 'w').write('x')\nln.Artifact('a.txt', key='a.txt').save();",
        FINISH,
    )
    kernel = started(notebook)
    for number in (1, 2, 3):
        kernel.cell(notebook, number, with_id=True)
    said = kernel.cell(notebook, 4, with_id=True)
    run = project.only_run()
    assert said.startswith(f"→ finished Run({run.uid!r}) after 0."), said
    transform = project.instance.Transform.get(key="my näme.ipynb")
    assert (run.transform, run.status, run.exit_code, run.cli_args) == (transform, "completed", None, None)
    assert (transform.kind, transform.description, transform.latest_run) == ("notebook", "A title", run)
    assert transform.source_code.startswith("# %% [markdown]\n# #\n#\n# text\n\n# %%\nimport lamin_lite")
    assert [artifact.key for artifact in run.output_artifacts] == ["a.txt"]
    assert "ipykernel==" in run.environment.load(is_run_input=False)
    assert shown(run)[1:3] == [("print('a')\n1 + 1", "a\n", "2"), (notebook.code(3)["source"],)]
    assert [cell["cell_type"] for cell in run.report.load(is_run_input=False)["cells"]] == ["markdown"] + ["code"] * 4
    assert kernel.words("ln.context.run, ln.Artifact('a.txt', key='b.txt').save().run") == "(None, None)"


def test_only_another_source_is_another_version(project, started):
    notebook = Notebook(project.folder / "n.ipynb", markdown("# One"), TRACK, "x = 1", FINISH)
    kernel = started(notebook)

    def version():
        for number in (1, 2, 3):
            kernel.cell(notebook, number)
        return project.runs()[-1].transform

    first = version()
    notebook.code(2).update(outputs=[{"output_type": "stream", "name": "stdout", "text": "x"}], execution_count=7)
    notebook.code(2)["metadata"] = {"collapsed": True}
    notebook.cells[0]["source"] = "# Two"
    for place, cell in enumerate(notebook.cells):
        cell["id"] = f"other-{place}"
    notebook.save()
    again = version()
    assert (again, again.description) == (first, "Two")
    notebook.code(2)["source"] = "x = 2"
    notebook.save()
    changed = version()
    assert (changed.stem_uid, changed.version) == (first.stem_uid, "0001")
    assert [run.transform for run in project.runs()] == [first, first, changed]


def test_what_is_saved_while_it_runs_is_its_source_and_makes_one_version(project, started):
    notebook = Notebook(project.folder / "Untitled.ipynb")
    for cell in (TRACK, "@ln.step()\ndef f():\n    return 1\nf()", "y = 2", FINISH):
        notebook.add(cell)
    kernel = started(notebook)
    kernel.cell(notebook, 1, with_id=True)
    kernel.cell(notebook, 2, with_id=True)
    notebook.save()
    kernel.cell(notebook, 3, with_id=True)
    assert "!" not in kernel.cell(notebook, 4, with_id=True)
    (transform,) = project.instance.Transform.filter()
    run, step = project.runs()
    assert "y = 2" in transform.source_code
    assert run.transform == step.transform == transform
    kernel.cell(notebook, 1, with_id=True)
    notebook.path = notebook.path.rename(project.folder / "analysis.ipynb")
    notebook.code(3)["source"] = "y = 3"
    notebook.save()
    for number in (2, 3, 4):
        kernel.cell(notebook, number, with_id=True)
    latest = project.instance.Transform.get(key="analysis.ipynb")
    assert (latest.stem_uid, latest.version) == (transform.stem_uid, "0001")
    assert [run.transform for run in project.runs()] == [transform, transform, latest, latest]


def test_what_ran_and_was_not_saved_is_kept_as_it_ran(project, started):
    notebook = Notebook(project.folder / "Untitled.ipynb", "")
    notebook.cells = []
    for cell in ("import lamin_lite as ln", "ln.track()", "x = 1", FINISH):
        notebook.add(cell)
    kernel = started(notebook)
    said = [kernel.cell(notebook, number, with_id=True) for number in (1, 2, 3, 4)][-1]
    assert said.endswith("notebook does not hold (the run keeps what ran: save the notebook, then finish).")
    run = project.only_run()
    assert run.transform.key == "Untitled.ipynb"
    assert run.transform.source_code == (
        "# %%\nimport lamin_lite as ln\n\n# %%\nln.track()\n\n# %%\nx = 1\n\n# %%\nln.finish()\n"
    )
    kernel.cell(notebook, 2, with_id=True)
    notebook.cells.insert(0, {**markdown("# My title"), "id": "top"})
    notebook.save()
    kernel.close()
    run = project.runs()[0]
    assert run.transform.description == "My title"
    assert "# %% [markdown]" in run.transform.source_code
    assert project.instance.Transform.filter().count() == 1, "the second run has it, too"


def test_what_is_written_after_the_end_is_no_source_of_the_run(project, started):
    notebook = Notebook(project.folder / "n.ipynb", "")
    notebook.cells = []
    for cell in (TRACK, "x = 1", FINISH):
        notebook.add(cell)
    kernel = started(notebook)
    for number in (1, 2, 3):
        kernel.cell(notebook, number, with_id=True)
    notebook.add("later = 1")
    notebook.add(markdown("Words."))
    notebook.save()
    kernel.cell(notebook, 1, with_id=True)
    first, second = project.runs()
    assert first.transform.source_code == (
        f"# %%\n{TRACK}\n\n# %%\nx = 1\n\n# %%\n{FINISH}\n\n# %% [markdown]\n# Words.\n"
    )
    assert "later = 1" in second.transform.source_code
    assert second.transform.stem_uid == first.transform.stem_uid


def test_an_edit_that_is_not_saved_makes_the_version_that_ran(project, started):
    notebook = Notebook(project.folder / "n.ipynb", TRACK, "x = 1", "y = 1", FINISH)

    def ran():
        kernel = started(notebook)
        for number in (1, 2, 3, 4):
            kernel.cell(notebook, number, with_id=True)
        return project.runs()[-1].transform

    first = ran()
    notebook.code(2)["source"] = "x = 2"
    second = ran()
    assert (first.version, second.version) == ("0000", "0001")
    assert "x = 1" in first.source_code
    assert "x = 2\n\n# %%\ny = 1" in second.source_code
    assert "x = 1" not in second.source_code
    notebook.save()
    assert ran() == second, "saved, it is the same"


def test_a_cell_that_ran_and_was_removed_is_no_source(project, started):
    notebook = Notebook(project.folder / "n.ipynb", TRACK, "scratch = 1", FINISH)
    kernel = started(notebook)
    kernel.cell(notebook, 1, with_id=True)
    kernel.cell(notebook, 2, with_id=True)
    del notebook.cells[1]
    time.sleep(0.05)
    notebook.save()
    assert "[2] ran code that the saved notebook does not hold." in kernel.cell(notebook, 2, with_id=True)
    assert "scratch" not in project.only_run().transform.source_code


def test_what_changes_on_the_disk_is_not_what_a_program_ran(project, started):
    notebook = Notebook(project.folder / "n.ipynb", TRACK, "x = 1", FINISH)
    kernel = started(notebook)
    kernel.cell(notebook, 1)
    notebook.code(2)["source"] = "x = 2"
    notebook.save()
    kernel.words("x = 1")
    kernel.words(FINISH)
    (transform,) = project.instance.Transform.filter()
    assert "x = 1" in transform.source_code


def test_a_pinned_notebook_stays_itself(project, started):
    notebook = Notebook(
        project.folder / "a.ipynb", "import lamin_lite as ln\nln.track('abcdEFGH1234')", "x = 1", FINISH
    )
    kernel = started(notebook)
    for number in (1, 2, 3):
        kernel.cell(notebook, number, with_id=True)
    notebook.path = notebook.path.rename(project.folder / "b.ipynb")
    notebook.code(2)["source"] = "x = 2"
    notebook.save()
    other = started(notebook)
    for number in (1, 2, 3):
        other.cell(notebook, number, with_id=True)
    assert [(run.transform.uid, run.transform.key) for run in project.runs()] == [
        ("abcdEFGH12340000", "b.ipynb"),
        ("abcdEFGH12340001", "b.ipynb"),
    ]


def test_the_key_is_the_path_in_the_development_directory(project, started):
    project.instance.settings.dev_dir = str(project.folder)
    notebook = Notebook(project.folder / "sub dir" / "n.ipynb", TRACK)
    started(notebook).cell(notebook, 1)
    assert project.only_run().transform.key == "sub dir/n.ipynb"


# -- the report


def test_the_report_has_all_that_was_shown(project, started):
    notebook = Notebook(project.folder / "n.ipynb", TRACK)
    kernel = started(notebook)
    before = kernel.words("x = 5")
    kernel.cell(notebook, 1)
    for code in (
        "import sys\nprint('out'); print('err', file=sys.stderr)",
        "from IPython.display import HTML, clear_output, display\ndisplay(HTML('<b>bold</b>'), {'a': 1})",
        "class Picture:\n    def _repr_png_(self): return b'\\x89PNG'\n    def __repr__(self): return 'picture'\nPicture()",
        "h = display('first', display_id=True)\nh.update('second')\nprint('gone')\nclear_output()\nprint('stays')",
        "import threading\nt = threading.Thread(target=lambda: (print('thread'), display('shown')))\nt.start(); t.join()",
        "!echo from a shell",
        "import asyncio\nasync def f():\n    await asyncio.sleep(0)\n    print('async')\n    return 7\nawait f()",
        "%%time\nprint('magic')",
        "%%capture taken\nprint('not shown')\ndisplay('not shown')",
        FINISH,
    ):
        kernel.words(code)
    cells = shown(project.only_run())
    assert before == ""
    assert cells[:2] == [("x = 5",), (TRACK,)]
    outputs = [cell[1:] for cell in cells[2:]]
    assert sorted(outputs[0]) == ["err\n", "out\n"]
    assert outputs[1] == ("<IPython.core.display.HTML object>", "{'a': 1}")
    assert outputs[2] == ("picture",)
    assert outputs[3] == ("stays\n",)
    assert outputs[4] == ("thread\n", "'shown'")
    assert outputs[5][0].strip() == "from a shell"
    assert outputs[6] == ("async\n", "7")
    assert outputs[7][0].startswith("magic\nCPU times")
    assert outputs[8:] == [(), ()]
    assert "iVBORw==" in json.dumps(project.only_run().report.load(is_run_input=False)), "the bytes of the picture"


def test_the_report_is_valid_for_jupyter(project, started):
    nbformat = pytest.importorskip("nbformat", reason="nbformat is not installed: `nox -s notebooks` brings it")
    raw = {"cell_type": "raw", "metadata": {}, "source": "raw"}
    notebook = Notebook(
        project.folder / "n.ipynb", markdown("# T"), TRACK, raw, "print('a')\n1", "1/0", markdown("end")
    )
    kernel = started(notebook)
    kernel.cell(notebook, 1)
    kernel.words("display(1, metadata={'text/plain': {'a': 1}})")
    kernel.cell(notebook, 2)
    kernel.cell(notebook, 3, fails=True)
    kernel.close()
    run = project.only_run()
    nbformat.validate(run.report.load(is_run_input=False))
    assert "4 cells, 1 with an error: ZeroDivisionError: division by zero" in run.describe(return_str=True)


def test_the_front_end_hears_all_that_it_would_hear_without_us(project, started):
    notebook = Notebook(project.folder / "n.ipynb", TRACK)
    code = "print('a')\nfrom IPython.display import display\ndisplay('b', display_id='x')\n1/0"

    def heard(kernel):
        return [
            (kind, {key: value for key, value in content.items() if key != "traceback"})
            for kind, content in kernel.run(code, fails=True)
        ]

    plain, tracked = started(), started(notebook)
    tracked.cell(notebook, 1)
    assert heard(tracked) == heard(plain)
    state = (
        "import sys\n(sys.stdout.write.__name__, *vars(get_ipython().display_pub), *vars(get_ipython().displayhook))"
    )
    tracked.words(FINISH)
    assert tracked.words(state) == plain.words(state)


def test_secrets_are_masked_in_source_and_report(project, started):
    notebook = Notebook(
        project.folder / "n.ipynb",
        TRACK,
        "password = 'correct-horse-battery'",
        "print(password)\npassword",
        "1/password",
    )
    kernel = started(notebook, MY_TOKEN="tr0ub4dor-and-3")
    for number in (1, 2, 3):
        kernel.cell(notebook, number)
    kernel.cell(notebook, 4, fails=True)
    kernel.words("import os\nos.environ['MY_TOKEN']")
    kernel.words(FINISH)
    run = project.only_run()
    text = json.dumps(run.report.load(is_run_input=False)) + run.transform.source_code
    assert "horse" not in text
    assert "tr0ub4dor" not in text
    kept = b"".join(path.read_bytes() for path in (project.folder / "data").rglob("*") if path.is_file())
    assert b"horse" not in kept


def test_a_secret_in_a_heading_is_masked_in_the_report(project, started):
    token = "ghp_" + "a1B2" * 9
    notebook = Notebook(project.folder / "n.ipynb", markdown(f"# Token {token}\n\n{token}"), TRACK, FINISH)
    kernel = started(notebook)
    kernel.cell(notebook, 1)
    kernel.cell(notebook, 2)
    text = json.dumps(project.only_run().report.load(is_run_input=False))
    assert "# Token" in text
    assert "a1B2" not in text


def test_pasted_images_are_in_the_report_and_leave_a_note_in_the_source(project, started):
    pytest.importorskip("nbconvert", reason="nbconvert is not installed: `nox -s notebooks` brings it")
    from lamin_lite.capture.notebook import notebook_from_source

    image = {"image.png": {"image/png": "iVBORw0KGgo="}}
    pasted = [{**markdown(f"{text} ![image.png](attachment:image.png)"), "attachments": image} for text in ("# T", "b")]
    notebook = Notebook(project.folder / "n.ipynb", *pasted, TRACK, FINISH)
    kernel = started(notebook)
    kernel.cell(notebook, 1)
    kernel.cell(notebook, 2)
    run = project.only_run()
    assert [cell.get("attachments") for cell in run.report.load(is_run_input=False)["cells"]] == [
        image,
        image,
        None,
        None,
    ]
    assert "iVBORw0KGgo=" in run.report_as_html().load(is_run_input=False)
    assert (run.transform.description, run.transform.source_code.count("attachment:")) == ("T image.png", 0)
    loaded = notebook_from_source(run.transform.source_code, "T")["cells"]
    assert [cell["source"] for cell in loaded][:2] == ["# T", "b *(pasted image: image.png)*"]


def test_an_error_of_nbconvert_is_told_with_its_command_and_reason(here, monkeypatch, tmp_path):
    pytest.importorskip("nbconvert", reason="nbconvert is not installed: `nox -s notebooks` brings it")
    from lamin_lite.tracking.html import _convert

    (tmp_path / "n.ipynb").write_text("{")
    (here.folder / "nbconvert.py").write_text("raise SystemExit('not this one')")
    monkeypatch.chdir(here.folder)
    said = _convert(str(tmp_path / "n.ipynb"), str(tmp_path))
    assert said.startswith(f"{sys.executable} -m nbconvert --to html {tmp_path}")
    assert "NotJSON" in said.partition(" ended with: ")[2]


def test_a_page_of_html_is_made_by_nbconvert(project, started):
    pytest.importorskip("nbconvert", reason="nbconvert is not installed: `nox -s notebooks` brings it")
    notebook = Notebook(project.folder / "n.ipynb", markdown("# My title"), TRACK, "print('a' * 3)", FINISH)
    kernel = started(notebook, LAMIN_LITE_HTML_REPORT="on")
    for number in (1, 2, 3):
        kernel.cell(notebook, number)
    run = project.only_run()
    (page,) = project.instance.Artifact.filter(kind="__lamin_lite_run__", suffix=".html")
    assert run.report_as_html() == page
    text = page.load(is_run_input=False)
    assert "My title" in text
    assert "aaa" in text
    run.delete(permanent=True)
    assert not project.instance.Artifact.filter(uid=page.uid).exists()


# -- endings


@pytest.mark.parametrize(
    ("cells", "status", "exit_code"),
    [
        (["1"], "completed", None),
        (["1/0"], "errored", 1),
        (["x = "], "errored", 1),
        (["await (lambda: 1)()"], "errored", 1),
        (["import sys\nsys.exit(3)"], "errored", 3),
        (["import sys\nsys.exit()"], "completed", 0),
        (["raise KeyboardInterrupt"], "aborted", 130),
        (["1/0", "1"], "completed", None),
        (["1/0", "   "], "errored", 1),
        (["1/0", FINISH], "completed", None),
    ],
)
def test_a_kernel_that_ends_well_ends_its_run_by_its_last_cell(project, started, cells, status, exit_code):
    notebook = Notebook(project.folder / "n.ipynb", TRACK)
    kernel = started(notebook)
    kernel.cell(notebook, 1)
    for code in cells:
        kernel.run(code, fails=code not in {"1", FINISH, "   "})
    kernel.close()
    run = project.only_run()
    assert (run.status, run.exit_code, run.is_end_estimated) == (status, exit_code, False)
    assert [cell[0] for cell in shown(run)] == [TRACK, *(code for code in cells if code.strip())]


def test_a_restart_ends_the_run_and_a_killed_kernel_aborts_it(project, started):
    notebook = Notebook(project.folder / "n.ipynb", markdown("# Title"), TRACK)
    kernel = started(notebook)
    kernel.cell(notebook, 1)
    kernel.restart()
    kernel.cell(notebook, 1)
    sent = kernel.send("print('before')\nimport time\ntime.sleep(60)")
    log = project.folder / "data" / ".lamin_lite" / "logs"
    deadline = time.monotonic() + 60
    while b'"before"' not in b"".join(path.read_bytes() for path in log.glob("*.cells")):
        assert time.monotonic() < deadline, sent
        time.sleep(0.05)
    kernel.kill()
    first, second = project.runs()
    assert (first.status, second.status, second.is_end_estimated) == ("completed", "aborted", True)
    assert shown(second) == [(TRACK,), ("print('before')\nimport time\ntime.sleep(60)", "before\n")]
    assert second.report.load(is_run_input=False)["cells"][0]["source"] == "# Title"
    assert not list(log.iterdir())


def test_interrupting_a_cell_does_not_end_the_run(project, started):
    notebook = Notebook(project.folder / "n.ipynb", TRACK)
    kernel = started(notebook)
    kernel.cell(notebook, 1)
    sent = kernel.send("import time\nprint('sleeps', flush=True)\ntime.sleep(60)")
    while kernel.client.get_iopub_msg(timeout=60)["msg_type"] != "stream":  # before that it does not execute the cell
        pass
    kernel.interrupt()
    assert kernel.outputs(sent)[-1][1]["ename"] == "KeyboardInterrupt"
    assert kernel.words("ln.context.run.status") == "'started'"
    kernel.words(FINISH)
    assert project.only_run().status == "completed"


def test_the_same_cell_again_ends_the_run_and_starts_another(project, started):
    notebook = Notebook(project.folder / "n.ipynb", TRACK, "print('a')", "1/0", FINISH)
    kernel = started(notebook)
    kernel.cell(notebook, 1)
    kernel.cell(notebook, 2)
    said = kernel.cell(notebook, 1)
    first, second = project.runs()
    assert f"finished Run({first.uid!r}), as track() was called again" in said
    assert (first.status, second.status) == ("completed", "started")
    assert shown(first) == [(TRACK,), ("print('a')", "a\n")]
    kernel.cell(notebook, 3, fails=True)
    kernel.cell(notebook, 1)
    kernel.words("ln.track(new_run=False)")
    kernel.cell(notebook, 4)
    _, second, third = project.runs()
    assert (second.status, third.status) == ("errored", "completed")
    assert [cell[0] for cell in shown(third)] == [TRACK, "ln.track(new_run=False)", FINISH]


def test_what_runs_after_the_end_belongs_to_no_run(project, started):
    kernel = started(Notebook(project.folder / "n.ipynb", TRACK))
    kernel.words("open('a.txt', 'w').write('x')")
    kernel.words(TRACK + "\nawait __import__('asyncio').sleep(0)")
    save = "ln.Artifact('a.txt', key={!r}).save().run is not None"
    assert kernel.words(save.format("one.txt")) == "True"
    assert kernel.words("await __import__('asyncio').sleep(0)\n" + save.format("two.txt")) == "True"
    kernel.words(FINISH)
    assert kernel.words(save.format("three.txt")) == "False"
    assert "TrackNotCalled" in str(kernel.run(FINISH, fails=True))


def test_a_fork_of_a_kernel_ends_nothing(project, started):
    notebook = Notebook(project.folder / "n.ipynb", TRACK)
    kernel = started(notebook)
    kernel.cell(notebook, 1)
    code = "import os\npid = os.fork()\nif pid == 0:\n    ln.context.run\n    os._exit(0)\nos.waitpid(pid, 0)[1]"
    assert kernel.words(code) == "0"
    assert project.only_run().status == "started"
    kernel.words(FINISH)
    assert project.only_run().status == "completed"


# -- steps and flows


def test_steps_and_flows_in_cells_belong_to_the_notebook(project, started):
    notebook = Notebook(
        project.folder / "n.ipynb",
        TRACK,
        "@ln.step()\ndef one(x):\n    print('in one')\n    return x",
        "one(1)\n@ln.flow()\ndef work():\n    print('in work')\n    one(2)\nwork()",
        FINISH,
    )
    kernel = started(notebook)
    for number in (1, 2, 3, 4):
        kernel.cell(notebook, number)
    run, one, flow, two = project.runs()
    transform = project.instance.Transform.get(key="n.ipynb")
    assert [each.transform for each in (run, one, flow, two)] == [transform] * 4
    assert [each.status for each in (run, one, flow, two)] == ["completed"] * 4
    assert [each.initiated_by_run for each in (run, one, flow, two)] == [None, run, run, flow]
    assert transform.latest_run == run
    assert project.report(flow) == "in work\nin one\n"
    assert shown(run)[2] == (notebook.code(3)["source"], "in one\nin work\nin one\n")
    assert project.instance.Transform.filter().count() == 1


def test_a_flow_in_a_cell_needs_no_track(project, started):
    notebook = Notebook(
        project.folder / "n.ipynb", "import lamin_lite as ln\n@ln.flow()\ndef work():\n    return 1\nwork()"
    )
    started(notebook).cell(notebook, 1)
    run = project.only_run()
    assert (run.transform.key, run.transform.kind, run.entrypoint) == ("n.ipynb", "notebook", "work")


def test_steps_of_a_module_keep_their_own_file(project, started):
    (project.folder / "helper.py").write_text("import lamin_lite as ln\n@ln.step()\ndef f(): return 1\n")
    notebook = Notebook(project.folder / "n.ipynb", TRACK, "from helper import f\nf()", "%run script.py")
    (project.folder / "script.py").write_text("import lamin_lite as ln\n@ln.step()\ndef g(): return 1\ng()\n")
    kernel = started(notebook)
    for number in (1, 2, 3):
        kernel.cell(notebook, number)
    assert [run.transform.key for run in project.runs()] == ["n.ipynb", "helper.py", "script.py"]


# -- words


def test_words_are_plain_text_and_no_error(project, started):
    notebook = Notebook(project.folder / "n.ipynb", TRACK, FINISH)
    kernel = started(notebook)
    heard = [*kernel.run(TRACK), *kernel.run(FINISH)]
    assert {kind for kind, _ in heard} == {"display_data"}
    lines = [content["data"]["text/plain"] for _, content in heard]
    assert [line.split("'")[0] for line in lines] == [
        "→ created Transform(",
        "→ to identify the notebook across renames, pass the uid: ln.track(",
        "→ finished Run(",
    ]
    assert shown(project.only_run()) == [(TRACK,), (FINISH,)], "our own words are no output of the notebook"


def test_the_order_is_spoken_of_only_where_it_differs(project, started):
    notebook = Notebook(project.folder / "n.ipynb", TRACK, "a = 1", "b = a", FINISH)
    kernel = started(notebook)
    for number in (1, 2, 3):
        kernel.cell(notebook, number, with_id=True)
    assert "!" not in kernel.cell(notebook, 4, with_id=True)
    other = started(notebook)
    for number in (2, 1, 3):
        other.cell(notebook, number, with_id=True)
    notebook.code(3)["source"] = "b = 2 * a"
    other.cell(notebook, 3, with_id=True)
    said = other.cell(notebook, 4, with_id=True)
    assert said.split("\n")[1] == (
        "! The notebook, run from top to bottom, would not do the same: [1] ran out of order; [4] ran code that the saved "
        "notebook does not hold (the run keeps what ran: save the notebook, then finish)."
    )
