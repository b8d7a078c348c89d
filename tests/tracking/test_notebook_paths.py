"""Which notebook it is: told by front ends and programs, found, or not known; never an error, never a question."""

from __future__ import annotations

import gc
import json
import shutil
import subprocess
import sys
import time

import pytest

pytest.importorskip("ipykernel", reason="Jupyter is not installed: `nox -s notebooks` brings it")
pytest.importorskip("jupyter_client", reason="Jupyter is not installed: `nox -s notebooks` brings it")

from tests.tracking.kernels import FINISH, MARKS, TRACK, Kernel, Notebook, ServerKernel, markdown

pytestmark = MARKS


@pytest.fixture
def started(project):
    """Start kernels that nobody told anything, but for these variables."""
    kernels = []

    def start(folder=None, **environ):
        kernels.append(Kernel(folder or project.folder, project.environ(**environ)))
        return kernels[-1]

    yield start
    for kernel in kernels:
        kernel.close()
    gc.collect()  # what the libraries of Jupyter leave open is found here, and not in other tests


@pytest.fixture
def program(project):
    """Run a program of Jupyter to its end."""

    def run(module, *args, code=0, needs=None, **env):
        pytest.importorskip(needs or module, reason=f"{needs or module} is not installed: `nox -s notebooks` brings it")
        command = [sys.executable, *(["-m", module] if not module.endswith(".py") else [module]), *map(str, args)]
        done = subprocess.run(
            command,
            cwd=project.folder,
            env=project.environ(**env),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done

    return run


def keys(project):
    """Keys of the transforms of the runs."""
    return [run.transform.key for run in project.runs()]


# -- programs that run whole notebooks


def test_nbconvert(project, program):
    notebook = Notebook(project.folder / "my dïr" / "my nötebook.ipynb", markdown("# Title"), TRACK, "print(1)")
    program("nbconvert", "--execute", "--inplace", "my dïr/my nötebook.ipynb")
    program("nbconvert", "--execute", "--to", "html", "my dïr/my nötebook")
    first, second = project.runs()
    assert first.transform == second.transform == project.instance.Transform.get(key="my nötebook.ipynb")
    assert {first.status, second.status} == {"completed"}
    assert first.report.suffix == second.report.suffix == ".ipynb"
    page = notebook.path.with_suffix(".html").read_text(encoding="utf-8")
    assert "started new Run" in page
    assert 'data-mime-type="application/vnd.jupyter.stderr"' not in page, "our words stand on no red ground"


def test_a_notebook_that_fails_under_nbconvert(project, program):
    Notebook(project.folder / "n.ipynb", TRACK, "print('before')", "1/0", FINISH)
    program("nbconvert", "--execute", "--to", "html", "n.ipynb", code=1)
    run = project.only_run()
    assert (run.status, run.transform.key) == ("errored", "n.ipynb")
    outputs = [cell["outputs"] for cell in run.report.load(is_run_input=False)["cells"]]
    assert outputs[1][0]["text"] == "before\n"
    assert outputs[2][0]["ename"] == "ZeroDivisionError"


def test_notebooks_that_begin_alike_are_told_apart_when_all_has_run(project, program):
    for name in "abc":
        Notebook(project.folder / f"{name}.ipynb", TRACK, "@ln.step()\ndef f(): return 1\nf()", f"'{name}'")
    program("jupyter", "execute", "a.ipynb", "b.ipynb", "c.ipynb", needs="nbclient.cli")
    assert keys(project) == ["a.ipynb", "a.ipynb", "b.ipynb", "b.ipynb", "c.ipynb", "c.ipynb"]
    assert {run.status for run in project.runs()} == {"completed"}
    assert project.instance.Transform.filter().count() == 3


def test_of_notebooks_of_which_one_goes_on_the_one_is_meant_that_has_run_to_its_end(project, program):
    Notebook(project.folder / "a1.ipynb", TRACK, "1")
    Notebook(project.folder / "a2.ipynb", TRACK, "1", FINISH, "2")
    Notebook(project.folder / "a3.ipynb", TRACK, "1", FINISH)
    program("nbconvert", "--execute", "--to", "html", "a1.ipynb", "a2.ipynb", "a3.ipynb")
    assert keys(project) == ["a1.ipynb", "a2.ipynb", "a3.ipynb"]
    assert project.instance.Transform.get(key="a2.ipynb").source_code.endswith("# %%\n2\n")


def test_the_folder_of_the_kernel_tells_notebooks_of_one_text_apart(project, program):
    project.instance.settings.dev_dir = str(project.folder)
    for name in "abc":
        Notebook(project.folder / name / "analysis.ipynb", TRACK, "1", FINISH)
    paths = [f"{name}/analysis.ipynb" for name in "abc"]
    program("jupyter", "execute", *paths, needs="nbclient.cli")
    program("nbconvert", "--execute", "--to", "html", *paths)
    assert keys(project) == paths * 2
    assert {run.transform.kind for run in project.runs()} == {"notebook"}


IN_MEMORY = """
import nbclient, nbformat.v4 as v4, sys
cells = [v4.new_code_cell(text) for text in sys.argv[1:]]
done = nbclient.NotebookClient(v4.new_notebook(cells=cells)).execute()
for cell in done.cells:
    for output in cell.outputs:
        print(output.data["text/plain"])
"""


def test_a_notebook_that_begins_alike_is_not_the_one_that_runs(project, program):
    other = Notebook(project.folder / "x.ipynb", markdown("# X"), TRACK, "x = 1", FINISH)
    (project.folder / "run.py").write_text(IN_MEMORY)
    cells = [TRACK, "y = 'quite another thing'", "ln.context.run.transform.key", FINISH]
    said = program("run.py", *cells, needs="nbclient").stdout.splitlines()
    run = project.only_run()
    assert (run.transform.key, run.transform.kind, run.transform.description) == (
        "interactive.ipynb",
        "interactive",
        None,
    )
    assert "quite another thing" in run.transform.source_code
    assert said[2:4] == [
        f"! {other.path.resolve()} begins as this notebook does, but has not the cells that ran: the run is kept under "
        'interactive.ipynb; name the file by ln.track(path="...").',
        "'interactive.ipynb'",
    ]
    assert project.instance.Transform.filter().count() == 1, "none was made of x.ipynb"
    program("run.py", TRACK, "x = 1", FINISH, needs="nbclient")
    assert keys(project) == ["interactive.ipynb", "x.ipynb"]


def test_a_run_that_turns_out_to_be_of_another_notebook_moves_there_and_says_so(project, program):
    first = Notebook(project.folder / "x.ipynb", TRACK, "x = 1", FINISH)
    (project.folder / "run.py").write_text(IN_MEMORY)
    program("run.py", TRACK, "x = 1", FINISH, needs="nbclient")
    second = Notebook(project.folder / "y.ipynb", TRACK, "y = 1", FINISH)
    said = program("run.py", TRACK, "y = 1", FINISH, needs="nbclient").stdout
    assert [run.transform.path_hint for run in project.runs()] == [str(each.path.resolve()) for each in (first, second)]
    assert f"→ The notebook is {second.path.resolve()}: it has the cells that ran." in said


def test_notebooks_of_one_text_in_one_folder_stay_apart_from_the_run_and_it_says_so(project, program):
    for name in "ab":
        Notebook(project.folder / "sub" / f"{name}.ipynb", TRACK, "1", FINISH)
    (project.folder / "run.py").write_text(IN_MEMORY)
    said = program("run.py", TRACK, "1", FINISH, needs="nbclient").stdout
    assert "! Several notebooks begin as this one does (a.ipynb, b.ipynb): which one" in said
    assert "! Several notebooks have the cells that ran (a.ipynb, b.ipynb): the run is kept under" in said
    assert keys(project) == ["interactive.ipynb"]


def test_papermill_names_the_notebook_and_gives_params(project, program):
    parameters = {"cell_type": "code", "source": "alpha = 1", "outputs": [], "execution_count": None}
    parameters["metadata"] = {"tags": ["parameters"]}
    Notebook(project.folder / "in" / "n.ipynb", parameters, TRACK, "print(alpha)", FINISH)
    (project.folder / "out").mkdir()
    program("papermill", "in/n.ipynb", "out/n_7.ipynb", "-p", "alpha", "7", "-p", "api_key", "hunter2hunter2")
    program("papermill", "in/n.ipynb", "out/n_8.ipynb", "-p", "alpha", "8")
    (project.folder / "run.py").write_text(
        "import papermill\npapermill.execute_notebook('in/n.ipynb', 'out/n_9.ipynb', parameters={'alpha': [9]})"
    )
    program("run.py", needs="papermill")
    assert keys(project) == ["n.ipynb"] * 3
    assert project.instance.Transform.filter().count() == 1
    assert [run.params for run in project.runs()] == [{"alpha": 7, "api_key": "***"}, {"alpha": 8}, {"alpha": [9]}]
    assert "print(alpha)" in str(project.runs()[2].report.load(is_run_input=False))
    assert b"hunter2" not in b"".join(
        path.read_bytes() for path in (project.folder / "data").rglob("*") if path.is_file()
    )


def test_a_notebook_with_brackets_in_its_name_is_no_pattern(project, program):
    brackets = Notebook(project.folder / "nb[1].ipynb", TRACK, "print('bracket')")
    Notebook(project.folder / "nb1.ipynb", TRACK, "print('one')")
    program("jupyter", "execute", "nb[1].ipynb", needs="nbclient.cli")
    program("papermill", "nb[1].ipynb", "out.ipynb")
    brackets.path.with_name("nb1.ipynb").unlink()
    program("jupyter", "execute", "nb[1]", needs="nbclient.cli")
    assert keys(project) == ["nb[1].ipynb"] * 3


def test_a_pattern_is_seen_from_a_folder_with_brackets_in_its_name(project, program):
    Notebook(project.folder / "x [1]" / "n1.ipynb", TRACK, "1")
    Notebook(project.folder / "x 1" / "n1.ipynb", TRACK, "1")
    (project.folder / "run.py").write_text(
        "import os, subprocess, sys\nos.chdir('x [1]')\n"
        "subprocess.run([sys.executable, '-m', 'nbconvert', '--execute', '--inplace', 'n[0-9].ipynb'], check=True)"
    )
    program("run.py", needs="nbconvert")
    assert [run.transform.path_hint for run in project.runs()] == [
        str((project.folder / "x [1]" / "n1.ipynb").resolve())
    ]


WITH_PARAMETERS = {"cell_type": "code", "source": "x = 1", "outputs": [], "execution_count": None}
WITH_PARAMETERS["metadata"] = {"tags": ["parameters"]}


@pytest.mark.parametrize(
    "options", [["--cwd", "wd"], ["--cwd", "wd/deep/.."], ["--cwd=wd"], ["--cwd", "{folder}/wd", "-k", "python3"]]
)
def test_papermill_that_executes_in_another_folder(project, program, options):
    Notebook(project.folder / "pm.ipynb", WITH_PARAMETERS, TRACK, "print(x)")
    Notebook(project.folder / "wd" / "pm.ipynb", WITH_PARAMETERS, TRACK, "print(-x)")
    (project.folder / "wd" / "deep").mkdir()
    options = [option.format(folder=project.folder) for option in options]
    program("papermill", *options, "-p", "x", "7", "pm.ipynb", "out.ipynb", PWD=project.folder)
    run = project.only_run()
    assert run.transform.path_hint == str((project.folder / "pm.ipynb").resolve())
    assert run.params == {"x": 7}


@pytest.mark.parametrize("output", ["wd/o.ipynb", "out.ipynb"])
def test_papermill_in_a_program_that_executes_in_another_folder(project, program, output):
    Notebook(project.folder / "pm.ipynb", WITH_PARAMETERS, TRACK, "print(x)")
    stale = Notebook(project.folder / "wd" / "old.ipynb", WITH_PARAMETERS, TRACK, "print(x)")
    stale.metadata["papermill"] = {"input_path": "gone.ipynb", "output_path": "wd/old.ipynb"}
    stale.save()
    call = f"papermill.execute_notebook('pm.ipynb', {output!r}, cwd='wd', parameters={{'x': 11}})"
    (project.folder / "run.py").write_text(f"import papermill\n{call}")
    program("run.py", needs="papermill", PWD=project.folder)
    assert keys(project) == ["pm.ipynb"]
    assert project.only_run().params == {"x": 11}


def test_an_output_of_papermill_whose_input_is_not_here_is_no_notebook_of_a_run(project, program):
    stale = Notebook(project.folder / "old.ipynb", TRACK, "print(1)")
    stale.metadata["papermill"] = {"input_path": "gone.ipynb", "output_path": "old.ipynb"}
    stale.save()
    (project.folder / "run.py").write_text(IN_MEMORY.partition("for cell")[0])
    program("run.py", TRACK, "print(1)", needs="nbclient")
    assert keys(project) == ["interactive.ipynb"]


def test_papermill_that_reads_a_pipe_gives_params(project, program):
    notebook = Notebook(project.folder / "pm.ipynb", WITH_PARAMETERS, TRACK, "print(x)")
    (project.folder / "run.py").write_text(
        "import subprocess, sys\n"
        "with open('pm.ipynb', 'rb') as file:\n"
        "    subprocess.run([sys.executable, '-m', 'papermill', '-', '-', '-p', 'x', '7'], stdin=file, check=True)"
    )
    program("run.py", needs="papermill")
    notebook.code(1)["source"] = "# Parameters\nx = 1"
    notebook.save()
    (project.folder / "again.py").write_text((project.folder / "run.py").read_text().replace(", '-p', 'x', '7'", ""))
    program("again.py", needs="papermill")
    assert keys(project) == ["interactive.ipynb"] * 2
    assert [run.params for run in project.runs()] == [{"x": 7}, {}]


def test_params_that_papermill_puts_in_below_track_are_kept(project, program, cli):
    text = TRACK.replace("track()", "track(params={'own': 1, 'y': 2})")
    Notebook(project.folder / "n.ipynb", text, WITH_PARAMETERS, "open('x.txt', 'w').write(str(x));", FINISH)
    program("papermill", "n.ipynb", "out.ipynb", "-p", "x", "7", "-p", "y", "3", "-p", "api_key", "hunter2hunter2")
    program("papermill", "n.ipynb", "out.ipynb", "-p", "x", "8")
    first, second = project.runs()
    assert first.params == {"x": 7, "y": 2, "own": 1, "api_key": "***"}
    assert first.extra_data["papermill"] == {"x": 7, "y": 3, "api_key": "***"}
    assert list(project.instance.Run.filter(params__x=8)) == [second]
    kept = b"".join(path.read_bytes() for path in (project.folder / "data").rglob("*") if path.is_file())
    assert b"hunter2" not in kept
    cli("rerun", second.uid)
    assert project.runs()[-1].params == {"x": 8, "y": 2, "own": 1}


def test_nbclient_within_another_program(project, program):
    Notebook(project.folder / "sub" / "n.ipynb", TRACK, "'n'", FINISH)
    Notebook(project.folder / "other.ipynb", "1", TRACK)
    (project.folder / "run.py").write_text(
        "import nbformat, nbclient\nnbclient.NotebookClient(nbformat.read('sub/n.ipynb', 4)).execute()"
    )
    program("run.py", needs="nbclient")
    assert keys(project) == ["n.ipynb"]


def test_a_notebook_that_runs_another_one_hands_on_no_name(project, program, started):
    Notebook(project.folder / "inner.ipynb", TRACK, "'inner'")
    outer = Notebook(project.folder / "outer.ipynb", TRACK)
    pytest.importorskip("nbconvert")
    kernel = started(JPY_SESSION_NAME=outer.path)
    kernel.cell(outer, 1)
    command = [sys.executable, "-m", "nbconvert", "--execute", "--to", "html", "inner.ipynb"]
    kernel.words(f"import subprocess\nsubprocess.run({command!r}, check=True, capture_output=True);")
    outer_run, inner_run = project.runs()
    assert (outer_run.transform.key, inner_run.transform.key) == ("outer.ipynb", "inner.ipynb")
    assert inner_run.initiated_by_run == outer_run


# -- front ends


def test_jupyter_server(project):
    pytest.importorskip("jupyter_server", reason="jupyter_server is not installed: `nox -s notebooks` brings it")
    import jupyter_server

    if jupyter_server.version_info[0] < 2:
        pytest.skip("Jupyter Server before 2 tells kernels nothing")
    notebook = Notebook(project.folder / "sub dir" / "nötebook.ipynb", markdown("# T"), TRACK, FINISH)
    kernel = ServerKernel(project.folder, notebook.path, project.environ())
    try:
        kernel.cell(notebook, 1, with_id=True)
        kernel.cell(notebook, 2, with_id=True)
        assert project.only_run().transform.path_hint == str(notebook.path.resolve())
        kernel.cell(notebook, 1, with_id=True)
    finally:
        kernel.close()
    assert [run.status for run in project.runs()] == ["completed", "completed"]


def test_vscode(project, started):
    notebook = Notebook(project.folder / "a b.ipynb", TRACK)
    kernel = started()
    kernel.words(f"__vsc_ipynb_file__ = {str(notebook.path)!r}")
    kernel.cell(notebook, 1)
    other = Notebook(project.folder / "c d.ipynb", "import lamin_lite as ln", "ln.track()")
    kernel = started()
    for number in (1, 2):
        uri = f"vscode-notebook-cell:{str(other.path).replace(' ', '%20')}#W{number}sZmlsZQ%3D%3D"
        kernel.words(other.code(number)["source"], uri)
    assert keys(project) == ["a b.ipynb", "c d.ipynb"]


def test_a_path_that_is_given_wins(project, started):
    told = Notebook(project.folder / "told.ipynb", TRACK)
    Notebook(project.folder / "given.ipynb", markdown("# Given"))
    kernel = started(JPY_SESSION_NAME=told.path)
    kernel.words("import lamin_lite as ln\nln.track(path='given.ipynb')")
    assert project.only_run().transform.description == "Given"
    assert "there is no such file" in str(kernel.run("ln.track(path='none.ipynb')", fails=True))
    assert project.only_run().status == "started"


def test_a_name_that_is_no_file_is_no_hint(project, started):
    notebook = Notebook(project.folder / "real.ipynb", TRACK)
    kernel = started(JPY_SESSION_NAME=project.folder / "console-1-abc")
    kernel.words("__vsc_ipynb_file__ = 'Untitled-1.ipynb'")
    notebook.cells.insert(0, {**notebook.cells[0], "source": "__vsc_ipynb_file__ = 'Untitled-1.ipynb'", "id": "first"})
    notebook.save()
    kernel.cell(notebook, 2)
    assert keys(project) == ["real.ipynb"]


def test_a_notebook_that_is_named_and_not_here_is_no_other_one(project, started):
    other = Notebook(project.folder / "x.ipynb", TRACK, "x = 1", FINISH)
    kernel = started(JPY_SESSION_NAME="/elsewhere/new.ipynb")
    kernel.words(TRACK, "a0")
    kernel.words("x = 1", "a1")
    kernel.words(FINISH, "a2")
    assert (keys(project), project.only_run().transform.kind) == (["interactive.ipynb"], "interactive")
    kernel = started(JPY_SESSION_NAME="/elsewhere/x.ipynb")
    kernel.cell(other, 1)
    kernel = started(JPY_SESSION_NAME=project.folder / "renamed.ipynb")
    kernel.cell(other, 1, with_id=True)
    assert keys(project)[1:] == ["x.ipynb", "x.ipynb"]


@pytest.mark.parametrize("end", ["kill", "close"])
def test_a_notebook_that_holds_a_cell_by_its_id_is_kept_if_others_are_not_saved(project, started, end):
    notebook = Notebook(project.folder / "v.ipynb", markdown("# V"), TRACK, "x = 1")
    Notebook(project.folder / "w.ipynb", TRACK.replace("track", "connect"), "x = 1")
    kernel = started()
    kernel.cell(notebook, 1, with_id=True)
    kernel.cell(notebook, 2, with_id=True)
    assert kernel.words("z = 6", "new") == ""
    getattr(kernel, end)()
    assert keys(project) == ["v.ipynb"]


def test_of_notebooks_in_one_kernel_the_one_is_meant_whose_cell_calls_track(project, started):
    kernel = started()
    for name in "vw":
        notebook = Notebook(project.folder / f"{name}.ipynb", TRACK, f"{name} = 1")
        for cell in notebook.cells:
            cell["id"] += name
        notebook.save()
        kernel.cell(notebook, 1, with_id=True)
        kernel.cell(notebook, 2, with_id=True)
    kernel.close()
    assert keys(project) == ["v.ipynb", "w.ipynb"]


def test_a_kernel_of_a_server_looks_into_its_own_folder_only(project, started):
    notebook = Notebook(project.folder / "below" / "x.ipynb", TRACK)
    started(JPY_SESSION_NAME=project.folder / "console-1-abc").cell(notebook, 1)
    started().cell(notebook, 1)
    assert keys(project) == ["interactive.ipynb", "x.ipynb"]


def test_a_script_that_a_notebook_executes_is_a_run_within_its_own(project, started):
    notebook = Notebook(project.folder / "n.ipynb", TRACK, "%run s.py", "ln.context.run.uid", FINISH)
    kernel = started(JPY_SESSION_NAME=notebook.path)
    kernel.cell(notebook, 1)
    script = project.script("ln.track()\nprint('in the script')\nln.finish()")
    kernel.cell(notebook, 2)
    project.script("ln.track()\nprint('not finished')")
    kernel.cell(notebook, 2)
    project.script("ln.track()\n1/0")
    kernel.run(notebook.code(2)["source"], fails=True)
    assert kernel.cell(notebook, 3) == repr(project.runs()[0].uid)
    assert "finished" in kernel.cell(notebook, 4)
    run, *within = project.runs()
    assert (run.transform.key, run.status, run.initiated_by_run) == ("n.ipynb", "completed", None)
    assert {each.transform.path_hint for each in within} == {str(script.resolve())}
    assert [(each.status, each.initiated_by_run) for each in within] == [
        ("completed", run),
        ("completed", run),
        ("errored", run),
    ]
    assert [project.report(each) for each in within[:2]] == ["in the script\n", "not finished\n"]
    assert "ZeroDivisionError" in project.report(within[2])
    assert "in the script" in json.dumps(run.report.load(is_run_input=False))


def test_a_script_that_is_executed_ends_before_its_cell_goes_on(project, started):
    notebook = Notebook(
        project.folder / "n.ipynb", TRACK, "%run s.py\nprint(ln.context.run.uid)", "%run s.py\nln.finish()"
    )
    kernel = started(JPY_SESSION_NAME=notebook.path)
    kernel.cell(notebook, 1)
    project.script("ln.track()\nget_ipython().run_line_magic('run', 'inner.py')\nprint(ln.context.run.uid)")
    (project.folder / "inner.py").write_text("print('inner')")
    said = kernel.cell(notebook, 2)
    run, script = project.runs()
    assert [line for line in said.split() if line in (run.uid, script.uid)] == [script.uid, run.uid]
    assert script.status == "completed"
    kernel.cell(notebook, 3)
    assert [each.status for each in project.runs()] == ["completed"] * 3
    assert [each.initiated_by_run for each in project.runs()] == [None, run, run]


def test_a_script_that_is_executed_without_a_run_around_it_ends_with_its_cell(project, started):
    project.script("ln.track()\nprint('in the script')")
    notebook = Notebook(project.folder / "n.ipynb", "%run s.py", "print('after')", TRACK)
    kernel = started(JPY_SESSION_NAME=notebook.path)
    for number in (1, 2, 3):
        kernel.cell(notebook, number)
    script, run = project.runs()
    assert (script.status, script.transform.kind, run.status, run.transform.kind) == (
        "completed",
        "script",
        "started",
        "notebook",
    )
    assert project.report(script) == "in the script\n"


def at_prompt(project, text):
    """What IPython in a terminal says to these inputs."""
    command = [sys.executable, "-m", "IPython", "--simple-prompt", "--no-banner", "--colors=NoColor"]
    options = {"cwd": project.folder, "env": project.environ(), "encoding": "utf-8", "timeout": 120}
    return subprocess.run(command, input=text, capture_output=True, check=False, **options).stderr


def test_the_prompt_of_ipython_is_interactive_and_ends_by_its_last_input(project):
    said = at_prompt(project, f"{TRACK}\nprint('printed')\n1/0\n")
    assert (
        "! This code is in no file, so the run is kept under interactive.py without a source: name the file by" in said
    )
    assert "to identify" not in said
    at_prompt(project, f"{TRACK}\n1/0\nprint('all is well')\n")
    at_prompt(project, f"{TRACK}\nprint('all is well')\n{FINISH}\n")
    first, *others = project.runs()
    assert (first.status, first.transform.key, first.transform.kind) == ("errored", "interactive.py", "interactive")
    assert "printed\n" in project.report(first)
    assert "ZeroDivisionError: division by zero" in project.report(first)
    assert [run.status for run in others] == ["completed", "completed"]
    assert all("all is well" in project.report(run) for run in others)


def test_a_script_executed_at_the_prompt_is_a_run_within_its_own(project):
    script = project.script("ln.track()\nprint('in the script')")
    at_prompt(project, f"{TRACK}\n%run s.py\nprint('at the prompt')\n{FINISH}\n")
    run, within = project.runs()
    assert (run.transform.key, run.status, within.status) == ("interactive.py", "completed", "completed")
    assert (within.initiated_by_run, within.transform.path_hint) == (run, str(script.resolve()))
    assert project.report(within) == "in the script\n"
    assert "at the prompt" in project.report(run)


def test_track_again_at_the_prompt_ends_the_run_by_its_last_input(project):
    at_prompt(project, f"{TRACK}\n1/0\nln.track()\nln.track()\n")
    assert [run.status for run in project.runs()] == ["errored", "completed", "completed"]


def test_a_notebook_kept_as_text_is_a_notebook(project, started):
    path = project.folder / "paired.py"
    path.write_text("# %% [markdown]\n# # Title\n\n# %%\nimport lamin_lite as ln\nln.track()\n")
    started(JPY_SESSION_NAME=path).words(TRACK)
    transform = project.only_run().transform
    assert (transform.key, transform.kind, transform.source_code) == ("paired.py", "notebook", path.read_text())


def test_without_any_hint_the_run_is_interactive_and_one_sentence_says_so(project, started):
    kernel = started()
    said = kernel.words(TRACK).split("\n")
    assert said[1:] == [
        "! The file of this notebook was not found, so the run is kept under interactive.ipynb: name the file by "
        'ln.track(path="my_notebook.ipynb").'
    ]
    kernel.words("print('a')\n@ln.step()\ndef f(): return 1\nf();")
    assert len(kernel.words(FINISH).split("\n")) == 1
    run, step = project.runs()
    assert run.transform == step.transform
    assert (run.transform.key, run.transform.kind, run.status) == ("interactive.ipynb", "interactive", "completed")
    assert run.transform.source_code == (
        f"# %%\n{TRACK}\n\n# %%\nprint('a')\n@ln.step()\ndef f(): return 1\nf();\n\n# %%\n{FINISH}\n"
    )
    assert "print('a')" in json.dumps(run.report.load(is_run_input=False))
    kernel.words("import lamin_lite as ln\nln.track('abcdEFGH1234', key='named.ipynb')")
    kernel.words("ln.track('abcdEFGH1234')")
    assert keys(project)[2:] == ["named.ipynb", "named.ipynb"]


def test_of_equal_notebooks_the_one_that_ran_before_is_meant(project, started):
    first = Notebook(project.folder / "a.ipynb", TRACK, "1")
    kernel = started()
    kernel.cell(first, 1)
    shutil.copy(first.path, project.folder / "b.ipynb")
    kernel = started()
    assert "!" not in kernel.cell(first, 1)
    assert keys(project) == ["a.ipynb", "a.ipynb"]
    Notebook(project.folder / "c.ipynb", "import os", TRACK)
    Notebook(project.folder / "d.ipynb", "import os", TRACK)
    kernel = started()
    kernel.words("import os")
    assert "Several notebooks begin as this one does (c.ipynb, d.ipynb)" in kernel.words(TRACK)


def test_broken_and_huge_numbers_of_notebooks_hinder_nothing(project, started):
    (project.folder / "broken.ipynb").write_text("{")
    (project.folder / "folder.ipynb").mkdir()
    (project.folder / "dangling.ipynb").symlink_to("nowhere")
    (project.folder / "loop").symlink_to(project.folder)
    for number in range(320):
        (project.folder / "many").mkdir(exist_ok=True)
        (project.folder / "many" / f"{number}.ipynb").write_text('{"cells": []}')
    notebook = Notebook(project.folder / "n.ipynb", TRACK)
    kernel = started()
    before = time.monotonic()
    kernel.cell(notebook, 1)
    assert time.monotonic() - before < 60
    assert keys(project) == ["n.ipynb"]
