"""Every way to start a program, and what a run knows of it."""

from __future__ import annotations

import subprocess
import sys

import pytest

BODY = "import sys, lamin_lite as ln\nln.track()\nprint('hello')\n"
ENDS = {"": (0, "completed", None), "sys.exit(3)": (3, "errored", 3), "raise SystemExit(0)": (0, "completed", 0)}
ENDS["1/0"] = (1, "errored", 1)


def ended(project, command, end, **options):
    code, status, kept = ENDS[end]
    done = project.execute(*command, **options)
    assert done.returncode == code, done
    run = project.runs()[-1]
    assert (run.status, run.exit_code) == (status, kept), done
    assert project.report(run).startswith("hello\n")
    return run


@pytest.mark.parametrize("end", ENDS)
def test_code_on_the_command_line(project, end):
    run = ended(project, ["-c", BODY + end], end)
    assert run.transform.source_code == BODY + end


@pytest.mark.parametrize("end", ENDS)
def test_a_script_from_standard_input(project, end):
    if end == "raise SystemExit(0)":
        pytest.skip("nobody can read the text of standard input again: the run is errored, the documented limit")
    ended(project, ["-"], end, input=BODY + end)


@pytest.mark.parametrize("end", ENDS)
def test_a_module_and_a_package(project, end):
    package = project.folder / "pkg"
    package.mkdir()
    package.joinpath("__init__.py").write_text("")
    package.joinpath("__main__.py").write_text(BODY + end)
    package.joinpath("mod.py").write_text(f"# mod\n{BODY}{end}")
    assert ended(project, ["-m", "pkg"], end).transform.key == "pypackages/pkg/__main__.py"
    assert ended(project, ["-m", "pkg.mod"], end).transform.key == "pypackages/pkg/mod.py"


@pytest.mark.parametrize("end", ENDS)
def test_a_script_that_another_one_runs(project, end):
    project.folder.joinpath("inner.py").write_text(BODY + end)
    ended(project, ["-c", "import runpy; runpy.run_path('inner.py', run_name='__main__')"], end)


@pytest.mark.parametrize("leave", ["sys.exit(main())", "raise SystemExit(main())", "main()"])
@pytest.mark.parametrize("code", [0, 3])
def test_a_main_function_calls_track(project, leave, code):
    done = project.run(
        f"""
        def main():
            ln.track()
            return {code}
        if __name__ == "__main__":
            {leave}
        """,
        code=None,
    )
    run = project.only_run()
    assert done.returncode == (0 if leave == "main()" else code)
    if leave == "main()":
        assert (run.status, run.exit_code) == ("completed", None)
    elif sys.version_info >= (3, 12):  # what main() returns can be seen
        assert (run.status, run.exit_code) == ("errored" if code else "completed", code)
    else:
        assert (run.status, run.exit_code) == ("completed", None)


def test_a_main_function_that_exits_itself(project):
    project.run("def main():\n    ln.track()\n    sys.exit(3)\nsys.exit(main())", code=3)
    assert (project.only_run().status, project.only_run().exit_code) == ("errored", 3)


def test_track_again_completes_the_run_and_starts_another(project):
    project.run(
        """
        ln.track()
        print("one")
        first = ln.context.run
        ln.track(new_run=False)
        assert ln.context.run is first
        ln.track()
        assert ln.context.run is not first
        print("two")
        """
    )
    one, two = project.runs()
    assert [one.status, two.status] == ["completed"] * 2
    assert [project.report(one), project.report(two)] == ["one\n", "two\n"]
    assert two.initiated_by_run is None


def test_track_that_fails_leaves_no_run(project):
    project.run(
        """
        for wrong in ({"params": ["a"]}, {"space": "nope"}, {"transform": "too short"}, {"path": "nope.py"}):
            try:
                ln.track(**wrong)
            except ln.errors.LaminLiteError as error:
                assert str(error)
            else:
                raise AssertionError(wrong)
        assert ln.context.run is None
        """
    )
    assert project.runs() == []


def test_finish_without_track_says_what_to_do(project):
    done = project.run("ln.finish()", code=1)
    assert "call ln.track() before ln.finish()" in done.stderr


def test_exit_handlers_of_the_user_may_print_and_run_flows(project):
    project.run(
        """
        import atexit
        @ln.flow()
        def last(): print("last")
        atexit.register(last)
        ln.track()
        atexit.register(print, "in the script's report")
        """
    )
    runs = {run.entrypoint: run for run in project.runs()}
    assert project.report(runs[None]) == "in the script's report\n"
    assert project.report(runs["last"]) == "last\n"
    assert {run.status for run in runs.values()} == {"completed"}


def test_untracked_programs_are_not_touched(project):
    project.run(
        """
        import builtins
        before = sys.exit, sys.excepthook, builtins.exit
        ln.Artifact, ln.Run.filter().count()
        assert (sys.exit, sys.excepthook, builtins.exit) == before
        assert not hasattr(sys.stdout, "__dict__") or "write" not in vars(sys.stdout)
        import signal
        assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
        ln.track()
        assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
        """
    )


def commit(folder):
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org"]
    try:
        subprocess.run([*git, "init", "-q"], cwd=folder, check=True)
    except FileNotFoundError:
        pytest.skip("no git")
    subprocess.run([*git, "add", "s.py"], cwd=folder, check=True)
    subprocess.run([*git, "commit", "-q", "-m", "x"], cwd=folder, check=True)
    return subprocess.run([*git, "rev-parse", "HEAD"], cwd=folder, check=True, capture_output=True, text=True).stdout


def test_git_and_process_are_captured_and_described(project):
    project.script("ln.track()\n")
    head = commit(project.folder).strip()
    project.run("ln.track()\n")
    clean = project.only_run()
    assert clean.extra_data["git"]["commit"] == head
    assert clean.extra_data["git"]["dirty"] is False
    assert "diff" not in clean.extra_data["git"]
    project.run("ln.track()\nprint('changed')\n")
    dirty = project.runs()[-1]
    assert dirty.extra_data["git"]["dirty"] is True
    text = dirty.describe(return_str=True)
    assert head in text
    assert f"Python {dirty.process['python']}" in text
    assert str(dirty.process["host"]) in text
    assert dirty.process["python"] == clean.process["python"]
    assert "Environment" in text


def test_a_folder_without_a_repository_or_with_a_broken_one_is_no_obstacle(project):
    project.run("ln.track()\n")
    assert "git" not in (project.only_run().extra_data or {})
    project.folder.joinpath(".git").mkdir()
    project.folder.joinpath(".git", "HEAD").write_text("junk")
    project.run("ln.track()\n")
    assert project.runs()[-1].status == "completed"


def test_a_machine_without_git_is_no_obstacle(project):
    project.script("ln.track()\n")
    head = commit(project.folder).strip()
    project.run("ln.track()\n", env={"PATH": "/nowhere"})
    facts = project.only_run().extra_data["git"]
    assert (facts["commit"], facts["dirty"]) == (head, None)


@pytest.mark.parametrize("profiler", [["cProfile", "-o", "profile"], ["trace", "--count", "-C", "counts"]])
def test_a_script_that_a_profiler_executes_is_filed_under_its_own_name(project, profiler):
    project.folder.joinpath("fit.py").write_text(BODY)
    command = [sys.executable, "-m", *profiler, "fit.py"]
    subprocess.run(command, cwd=project.folder, env=project.environ(), capture_output=True, check=True)
    transform = project.only_run().transform
    assert (transform.key, transform.source_code) == ("fit.py", BODY)
