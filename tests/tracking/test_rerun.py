"""Runs that are repeated, in real processes."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

from lamin_lite.base import proc

MAKES = """
ln.track()
with open("out.txt", "w") as file:
    file.write("bytes of " + " ".join(sys.argv[1:]))
ln.Artifact("out.txt", key="out.txt").save()
ln.finish()
"""


def test_the_same_script_makes_the_same(project, cli):
    project.run(MAKES, "a b", "c")
    first = project.only_run()
    done = cli("rerun", "--key", "s.py")
    assert done.stdout.split()[:2] == ["same", "out.txt"]
    again = project.runs()[-1]
    assert f"the same: 1 output, completed, by Run('{again.uid}')" in done.stderr
    assert (again.transform, again.cli_args) == (first.transform, first.cli_args)
    assert again.extra_data["rerun_of"] == first.uid
    assert again.initiated_by_run is None
    assert [artifact.key for artifact in again.recreated_artifacts] == ["out.txt"]
    assert project.instance.Transform.filter().count() == 1


def test_it_is_the_source_of_then_that_is_executed(project, cli):
    project.run(MAKES)
    project.script(MAKES.replace("bytes of", "other bytes of"))
    assert cli("rerun", "out.txt").stdout.startswith("same ")
    done = cli("rerun", "out.txt", "--current", code=1)
    assert done.stdout.startswith("different ")
    assert " → " in done.stdout
    assert "the code is that of now" in done.stderr
    versions = project.instance.Transform.filter(key="s.py").order_by("uid")
    assert [len(version.runs.to_list()) for version in versions] == [2, 1]


def test_repetitions_leave_the_name_and_place_of_the_transform(project, cli):
    project.instance.settings.dev_dir = project.folder
    text = MAKES.replace("ln.track()", "ln.track('abcdefghijkl')")
    project.run(text, name="sub/s.py")
    done = cli("rerun", "out.txt")
    assert "renaming" not in done.stderr
    (transform,) = project.instance.Transform.filter()
    assert (transform.key, transform.stem_uid) == ("sub/s.py", "abcdefghijkl")


def test_a_step_is_repeated_with_the_flow_that_called_it(project, cli):
    text = """
    import helper
    @ln.step()
    def write(n):
        with open(f"{n}.txt", "w") as file:
            file.write("z" * n)
        ln.Artifact(f"{n}.txt", key=f"{n}.txt").save()
    @ln.flow()
    def main(n):
        write(n)
    main(1)
    main(2)
    """
    (project.folder / "helper.py").write_text("")
    project.run(text)
    done = cli("rerun", "2.txt")
    assert done.stdout.split()[:2] == ["same", "2.txt"]
    assert "is a part of Run(" in done.stderr
    assert "1.txt" not in done.stdout


def test_outputs_that_are_missing_and_new_are_told(project, cli):
    text = """
    ln.track()
    import pathlib
    name = "first.txt" if not pathlib.Path(ENV, "was.here").exists() else "second.txt"
    pathlib.Path(ENV, "was.here").touch()
    pathlib.Path(name).write_text("x")
    ln.Artifact(name, key=name).save()
    """.replace("ENV", repr(str(project.folder)))
    project.run(text)
    done = cli("rerun", "--key", "s.py", "--json", code=1)
    told = json.loads(done.stdout)
    assert {each["name"]: each["verdict"] for each in told["outputs"]} == {"first.txt": "missing", "second.txt": "new"}
    assert told["same"] is False


def test_files_that_nobody_declared_are_not_there_and_that_is_said(project, cli):
    (project.folder / "local.txt").write_text("x")
    project.run("ln.track()\nopen('local.txt').read()")
    done = cli("rerun", "--key", "s.py", code=1)
    assert "FileNotFoundError" in done.stderr
    assert "It ran in an empty folder" in done.stderr
    assert done.stdout == ""
    assert project.runs()[-1].status == "errored"


def test_the_end_of_what_it_printed_is_shown_without_colours(project, cli):
    project.run(r"""
    ln.track()
    if "LAMIN_LITE_RERUN" in os.environ:
        sys.exit("\x1b[0;31mKey\x1b[39mError\x1b[0m: \x1b]8;;http://x\x07here\x1b]8;;\x07 \x00")
    """)
    assert "  | KeyError: here ·\n" in cli("rerun", "--key", "s.py", code=1).stderr


def test_a_run_in_a_repository_does_not_differ_from_its_repetition(project, cli):
    if shutil.which("git") is None:
        pytest.skip("needs git")
    project.script(MAKES, "s.py")
    who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "commit.gpgsign=false"]
    for words in (["init", "-q"], ["add", "s.py"], ["commit", "-qm", "first"]):
        subprocess.run(["git", *who, *words], cwd=project.folder, env=project.environ(), check=True)
    project.run(MAKES)
    cli("rerun", "--key", "s.py")
    first, again = project.runs()
    assert first.extra_data["git"]["dirty"] is False
    told = json.loads(cli("diff", first.uid, again.uid, "--exit-code", "--json").stdout)
    assert (told["same"], told["git"], told["not_recorded"]) == (True, [], {"git": [again.uid]})
    assert f"git: not recorded of run {again.uid}" in cli("diff", first.uid, again.uid).stdout


def test_an_errored_run_that_errs_again_is_the_same(project, cli):
    project.run("ln.track()\nsys.exit(3)", code=3)
    assert "the same: there are no outputs to compare, errored" in cli("rerun", "--key", "s.py").stderr


def test_a_program_that_ends_with_a_code_after_its_run_is_the_same_as_then(project, cli):
    text = """
    @ln.flow()
    def main():
        open("out.txt", "w").write("x")
        ln.Artifact("out.txt", key="out.txt").save()
        return 2
    sys.exit(main())
    """
    project.run(text, code=2)
    done = cli("rerun", "out.txt")
    assert done.stdout.split()[:2] == ["same", "out.txt"]
    assert "the program ended with exit code 2, after its run was completed" in done.stderr


def test_a_run_that_is_killed_again_is_the_same(project, cli):
    project.run("import signal\nln.track()\nos.kill(os.getpid(), signal.SIGKILL)", code=-signal.SIGKILL)
    assert project.only_run().status == "aborted"
    assert "the same: there are no outputs to compare, aborted" in cli("rerun", "--key", "s.py").stderr


def test_repetitions_at_the_same_time_are_told_apart(project, tmp_path, wait_for):
    project.run("""
    name = os.environ.get("NAME", "")
    if name:
        open(name + ".there", "w").close()
        while not os.path.exists(name + ".go"):
            time.sleep(0.01)
    ln.track()
    ln.Artifact.from_object({"x": name[-3:] == "bad"}, key="x.json").save()
    """)
    command = [sys.executable, "-m", "lamin_lite", "rerun", "--key", "s.py"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    started = {}
    for name in ("bad", "good"):
        environ = project.environ(NAME=tmp_path / name)
        started[name] = subprocess.Popen(command, cwd=project.folder, env=environ, **pipes)
    wait_for(lambda: all((tmp_path / f"{name}.there").exists() for name in started))
    for name, process in started.items():
        (tmp_path / f"{name}.go").touch()
        said, complained = process.communicate(timeout=300)
        told = (1, "different") if name == "bad" else (0, "same")
        assert (process.returncode, said.split()[0]) == told, complained


def test_a_repetition_that_goes_on_in_the_background_has_no_verdict_yet(project, cli, tmp_path):
    project.run("""
    import subprocess
    if "LAMIN_LITE_RERUN" in os.environ and len(sys.argv) == 1:
        other = subprocess.Popen([sys.executable, __file__, "x"], start_new_session=True)
        open(os.environ["PIDS"], "w").write(str(other.pid))
        while not os.path.exists("there"):
            time.sleep(0.01)
        sys.exit()
    ln.track()
    open("there", "w").close()
    time.sleep(60 if len(sys.argv) > 1 else 0)
    """)
    done = cli("rerun", "--key", "s.py", env={"PIDS": tmp_path / "pids"}, code=1)
    try:
        assert f"The repetition (Run {project.runs()[-1].uid}) has not ended, as the program left a" in done.stderr
    finally:
        os.kill(int((tmp_path / "pids").read_text()), signal.SIGKILL)


def test_outputs_of_one_description_without_a_key_all_count(project, cli):
    project.run("""
    ln.track()
    again = "LAMIN_LITE_RERUN" in os.environ
    for each in "ca" if again else "abc":
        open("x.svg", "w").write(each)
        ln.Artifact("x.svg", description="plot").save()
    """)
    done = cli("rerun", "--key", "s.py", code=1)
    assert "of 3 outputs" in done.stderr
    assert done.stdout.splitlines()[-1].startswith("missing    plot (3)")


def test_masked_source_is_taken_from_where_its_hash_is_or_refused(project, cli):
    text = MAKES + "password = 'hunter2hunter2'\n"
    project.run(text)
    assert "hunter2" not in project.only_run().transform.source_code
    assert cli("rerun", "out.txt").stdout.startswith("same ")
    path = project.script(text + "# changed\n")
    before = len(project.runs())
    refused = cli("rerun", "out.txt", code=1)
    assert "masked" in refused.stderr
    assert refused.stderr.count("\n") == 1
    path.unlink()
    cli("rerun", "out.txt", code=1)
    assert len(project.runs()) == before


def test_masked_source_is_found_in_its_commit(project, cli):
    from tests.repositories import git

    path = project.script(MAKES + "password = 'hunter2hunter2'\n")
    git(project.folder, "init", "-q")
    git(project.folder, "add", path.name)
    git(project.folder, "commit", "-qm", "one")
    project.run(MAKES + "password = 'hunter2hunter2'\n")
    path.write_text("changed")
    assert cli("rerun", "out.txt").stdout.startswith("same ")


def test_masked_arguments_are_refused(project, cli):
    project.run(MAKES, "--password", "hunter2hunter2")
    assert "hold a secret" in cli("rerun", "out.txt", code=1).stderr


def test_what_takes_too_long_is_ended(project, cli):
    project.run("ln.track()\nif 'LAMIN_LITE_RERUN' in os.environ: time.sleep(60)")
    started = time.monotonic()
    done = cli("rerun", "--key", "s.py", "--timeout", "2", code=1)
    assert "not done after 2 s" in done.stderr
    assert time.monotonic() - started < 30
    assert project.runs()[-1].status == "aborted"


def test_a_newer_version_of_an_input_is_named(project, cli):
    text = """
    ln.track()
    text = ln.Artifact.get(key="in.txt").load()
    open("out.txt", "w").write(text)
    ln.Artifact("out.txt", key="out.txt").save()
    """
    source = project.folder / "in.txt"
    for content in ("one", "two"):
        source.write_text(content)
        project.instance.Artifact(source, key="in.txt").save()
        if content == "one":
            project.run(text)
    done = cli("rerun", "out.txt", code=1)
    assert "the input in.txt is not the latest" in done.stderr
    assert "inputs differ: in.txt" in done.stderr
    assert done.stdout.startswith("different")


@pytest.mark.parametrize("where", ["trash", "archive"])
def test_an_input_that_was_put_away_is_named_with_the_way_to_bring_it_back(project, cli, where):
    (project.folder / "in.txt").write_text("one")
    row = project.instance.Artifact(project.folder / "in.txt", key="in.txt").save()
    project.run("""
    ln.track()
    ln.Artifact.get(key="in.txt").load()
    ln.Artifact.from_object({"x": 1}, key="out.json").save()
    """)
    row.delete() if where == "trash" else row.archive()
    said = cli("rerun", "out.json", code=1).stderr
    remedy = f"python -m lamin_lite restore artifact {row.uid}"
    assert f"the input in.txt is in the {where}, and code that asks for it does not find it: bring it back with" in said
    assert f"`{remedy}`" in said
    assert "gets another one" not in said
    cli(*remedy.split()[3:])
    assert "the input in.txt" not in cli("rerun", "out.json").stderr


def test_an_input_in_the_trash_whose_key_another_one_has_is_named(project, cli):
    source = project.folder / "in.txt"
    source.write_text("one")
    row = project.instance.Artifact(source, key="in.txt").save()
    project.run("""
    ln.track()
    ln.Artifact.get(key="in.txt").load()
    ln.Artifact.from_object({"x": 1}, key="out.json").save()
    """)
    row.delete()
    source.write_text("two")
    project.instance.Artifact(source, key="in.txt").save()
    said = cli("rerun", "out.json").stderr
    assert "the input in.txt is in the trash: code that asks for the key gets another one" in said
    assert "restore" not in said


def test_another_environment_is_named(project, cli):
    project.run(MAKES)
    run = project.only_run()
    listing = project.folder / "requirements.txt"
    listing.write_text("nosuchpackage==1.0\n")
    run.environment = project.instance.Artifact(listing, description="environment", run=False).save()
    run.save()
    assert "nosuchpackage 1.0 is missing" in cli("rerun", "out.txt").stderr


def test_the_folder_is_removed_or_kept(project, cli, tmp_path):
    project.run(MAKES)
    place = tmp_path / "tmp"
    place.mkdir()
    cli("rerun", "out.txt", env={"TMPDIR": place})
    assert list(place.iterdir()) == []
    done = cli("rerun", "out.txt", "--keep", env={"TMPDIR": place})
    (folder,) = place.iterdir()
    assert str(folder) in done.stderr
    assert sorted(path.name for path in folder.iterdir()) == ["out.txt", "s.py"]


def test_it_is_no_child_of_a_run_that_is_open(project, cli):
    project.run(MAKES)
    project.run(
        """
        import subprocess
        ln.track()
        command = [sys.executable, "-m", "lamin_lite", "rerun", "out.txt"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        """,
        name="outer.py",
    )
    assert [run.initiated_by_run for run in project.runs()] == [None] * 3


def test_a_module_of_a_package_is_executed_as_one(project, cli):
    package = project.folder / "pkg"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "mod.py").write_text("import sys\nimport lamin_lite as ln\nfrom . import other\n" + MAKES)
    (package / "other.py").write_text("")
    command = [sys.executable, "-m", "pkg.mod", "x"]
    subprocess.run(command, cwd=project.folder, env=project.environ(), check=True, capture_output=True)
    assert cli("rerun", "out.txt", cwd=package).stdout.startswith("same")
    (package / "mod.py").write_text("changed")
    assert "a module of a package, was changed" in cli("rerun", "out.txt", code=1).stderr


@pytest.mark.slow  # kernels start in seconds
def test_a_notebook_is_executed_again(project, cli):
    pytest.importorskip("nbconvert")
    pytest.importorskip("ipykernel")
    cell = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None, "id": "a"}
    cell["source"] = "import lamin_lite as ln\n" + MAKES.replace("sys.argv[1:]", "[]")
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = {"cells": [cell], "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    (project.folder / "nb.ipynb").write_text(json.dumps(notebook))
    command = [sys.executable, "-m", "nbconvert", "--to", "notebook", "--execute", "--inplace", "nb.ipynb"]
    subprocess.run(command, cwd=project.folder, env=project.environ(), check=True, capture_output=True)
    assert cli("rerun", "--key", "nb.ipynb").stdout.startswith("same ")
    assert project.instance.Transform.filter().count() == 1


@pytest.mark.slow
def test_params_that_papermill_put_into_a_notebook_are_put_in_again(project, cli):
    pytest.importorskip("papermill")
    pytest.importorskip("ipykernel")
    blank = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
    first = {**blank, "source": "x = 1\nrate = 0.1", "metadata": {"tags": ["parameters"]}}
    code = MAKES.replace("ln.track()", "ln.track(params={'x': x * 2})").replace("sys.argv[1:]", "[str(x), str(rate)]")
    second = {**blank, "source": "import lamin_lite as ln\n" + code}
    params = "[('limits', [nan, 1]), ('low', -inf), ('rate', 1e-07), ('x', 10)]"
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = {"cells": [first, second], "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 4}
    (project.folder / "nb.ipynb").write_text(json.dumps(notebook))
    command = [sys.executable, "-m", "papermill", "nb.ipynb", "done.ipynb", "-p", "x", "5", "-p", "rate", "1.0e-7"]
    command += ["-y", "{low: -.inf, limits: [.nan, 1]}"]
    subprocess.run(command, cwd=project.folder, env=project.environ(), check=True, capture_output=True)
    assert repr(sorted(project.only_run().params.items())) == params
    for words in ([], ["--current"]):
        done = cli("rerun", "--key", "nb.ipynb", *words)
        assert done.stdout.startswith("same ")
        assert "params differ" not in done.stderr
        assert repr(sorted(project.runs()[-1].params.items())) == params
    assert project.instance.Transform.filter().count() == 1


@pytest.mark.slow
def test_a_parameter_that_only_code_can_give_is_not_put_in_again(project, cli):
    pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    (project.folder / "run.py").write_text(
        "import nbclient, nbformat.v4 as v4\n"
        "texts = ['# Parameters\\nx = dict(a=1)\\ny = 1\\n', 'import lamin_lite as ln\\nln.track()', 'ln.finish()']\n"
        "nbclient.NotebookClient(v4.new_notebook(cells=[v4.new_code_cell(text) for text in texts])).execute()"
    )
    blank = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
    cells = [{**blank, "source": text} for text in ("import lamin_lite as ln\nln.track()", "ln.finish()")]
    (project.folder / "nb.ipynb").write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4}))
    subprocess.run([sys.executable, "run.py"], cwd=project.folder, env=project.environ(), check=True)
    assert project.only_run().params == {"x": "dict(a=1)", "y": 1}
    said = cli("rerun", "--key", "nb.ipynb", code=1).stderr
    assert "was given x=dict(a=1), code whose value is not known: run it yourself" in said


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_a_signal_ends_the_program_too_and_leaves_no_folder(project, tmp_path, wait_for, name):
    project.run("""
    import subprocess
    ln.track()
    ln.finish()
    if os.environ.get("LAMIN_LITE_RERUN"):
        child = subprocess.Popen(["sleep", "60"])
        open(os.environ["PIDS"], "w").write(f"{os.getpid()} {child.pid}\\n")
        time.sleep(60)
    """)
    (tmp_path / "tmp").mkdir()
    pids = tmp_path / "pids"
    command = [sys.executable, "-m", "lamin_lite", "rerun", "--key", "s.py"]
    environ = project.environ(TMPDIR=tmp_path / "tmp", PIDS=pids)
    process = subprocess.Popen(
        command,
        cwd=project.folder,
        env=environ,
        stderr=subprocess.DEVNULL,
        preexec_fn=lambda: signal.signal(getattr(signal, name), signal.SIG_DFL),  # noqa: PLW1509 - one thread; nohup ignores it
    )
    wait_for(lambda: pids.exists() and pids.read_text().endswith("\n"))
    process.send_signal(getattr(signal, name))
    assert process.wait(60) == 128 + getattr(signal, name)
    assert list((tmp_path / "tmp").iterdir()) == []
    wait_for(lambda: not any(proc.is_alive(int(pid), None) is not False for pid in pids.read_text().split()))


def test_it_works_in_a_thread(project):
    project.run(MAKES)
    done = project.run(
        """
        import threading
        from lamin_lite.cli import main

        codes = []
        thread = threading.Thread(target=lambda: codes.append(main(["rerun", "--key", "s.py"])))
        thread.start()
        thread.join()
        print(codes)
        """,
        name="other.py",
    )
    assert done.stdout.endswith("[0]\n")
    assert len(project.runs()) == 2


@pytest.mark.parametrize("words", [(), ("a", "--key", "b"), ("a", "--timeout", "0")])
def test_wrong_usage_is_told(cli, words):
    assert "usage:" in cli("rerun", *words, code=2).stderr
