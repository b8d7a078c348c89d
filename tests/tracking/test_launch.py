"""Scripts and programs that know nothing of us, run by ``run``."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest


@pytest.fixture
def plain(project):
    """Write a script that does not import us."""

    def write(text, name="plain.py"):
        path = project.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("import os, sys\n" + text)
        return path.relative_to(project.folder)

    return write


def test_a_script_is_run_as_python_runs_it(project, cli, plain):
    text = "print(__name__, sys.argv, sys.path[0], __file__, file=sys.stderr)\nprint(input())\n"
    path = plain(text, "sub/plain.py")
    words = [str(path), "--key", "a b", "--", "-v"]
    by_python = subprocess.run(
        [sys.executable, *words],
        cwd=project.folder,
        env=project.environ(),
        input="in\n",
        capture_output=True,
        text=True,
        check=True,
    )
    done = cli("run", *words, stdin=None, input="in\n")
    assert done.stdout == by_python.stdout == "in\n"
    assert by_python.stderr in done.stderr
    run = project.only_run()
    assert (run.status, run.exit_code, run.cli_args) == ("completed", 0, "--key 'a b' -- -v")
    assert (run.transform.key, run.transform.source_code) == ("plain.py", "import os, sys\n" + text)
    assert run.environment is not None
    assert sorted(project.report(run).splitlines()) == sorted([*by_python.stderr.splitlines(), "in"])


@pytest.mark.parametrize(
    ("end", "code", "status"),
    [("sys.exit(3)", 3, "errored"), ("1/0", 1, "errored"), ("os._exit(7)", 7, "errored"), ("", 0, "completed")],
)
def test_the_exit_code_passes_through(project, cli, plain, end, code, status):
    cli("run", plain(f"print('said')\n{end}"), code=code)
    run = project.only_run()
    assert (run.status, run.exit_code) == (status, code)
    assert project.report(run).startswith("said\n")


@pytest.mark.parametrize("name", ["SIGKILL", "SIGSEGV", "SIGTERM"])
def test_a_program_that_a_signal_ends_is_aborted(project, cli, plain, name):
    number = getattr(signal, name)
    cli("run", plain(f"print('said')\nos.kill(os.getpid(), {int(number)})"), code=128 + number)
    run = project.only_run()
    assert (run.status, run.exit_code) == ("aborted", 128 + number)
    assert project.report(run) == "said\n"


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGHUP"])
def test_signals_are_handed_on(project, plain, name):
    text = f"""
import signal, time
signal.signal(signal.{name}, lambda *_: sys.exit(9))
print('ready', flush=True)
time.sleep(60)
"""
    command = [sys.executable, "-m", "lamin_lite", "run", str(plain(text))]
    process = subprocess.Popen(
        command,
        cwd=project.folder,
        env=project.environ(),
        stdout=subprocess.PIPE,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(getattr(signal, name), signal.SIG_DFL),  # noqa: PLW1509 - one thread; nohup ignores it
    )
    assert process.stdout.readline() == b"ready\n"
    process.send_signal(getattr(signal, name))
    process.communicate(timeout=120)
    assert process.returncode == 9
    assert (project.only_run().status, project.only_run().exit_code) == ("errored", 9)


def test_what_children_print_and_bytes_that_are_no_text_pass_unchanged(project, cli):
    code = "import os; os.write(1, bytes(range(256)) * 3); os.write(2, b'\\xff\\x00')"
    done = cli("run", "--", sys.executable, "-c", code, encoding=None)
    assert done.stdout == bytes(range(256)) * 3
    assert b"\xff\x00" in done.stderr


def test_a_lot_of_output_on_both_streams_blocks_nobody(project, cli):
    code = "import os\nfor _ in range(64):\n    os.write(2, b'e' * 65536)\n    os.write(1, b'o' * 65536)"
    done = cli("run", "--", sys.executable, "-c", code, encoding=None)
    assert (done.stdout.count(b"o"), done.stderr.count(b"e") >= 64 * 65536) == (64 * 65536, True)
    assert project.only_run().report.size == 2 * 64 * 65536


def test_a_reader_that_leaves_ends_the_program_as_in_a_shell(project):
    command = f"{sys.executable} -m lamin_lite run -- yes | head -n 1"
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=project.folder,
        env=project.environ(),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout == "y\n"
    assert project.only_run().status == "aborted"


def test_a_reader_that_is_slow_and_does_not_block_gets_all(project, plain, wait_for):
    import fcntl
    import termios

    read, write = os.pipe()
    fcntl.fcntl(write, fcntl.F_SETFL, fcntl.fcntl(write, fcntl.F_GETFL) | os.O_NONBLOCK)
    path = plain("sys.stdout.buffer.write(b'0123456789' * 100_000)")
    command = [sys.executable, "-m", "lamin_lite", "run", str(path)]
    with subprocess.Popen(command, cwd=project.folder, env=project.environ(), stdout=write) as process:
        os.close(write)
        with open(read, "rb") as reader:
            wait_for(lambda: int.from_bytes(fcntl.ioctl(read, termios.FIONREAD, bytes(4)), sys.byteorder) > 60_000)
            time.sleep(0.3)  # so that the pipe is full
            assert reader.read() == b"0123456789" * 100_000
    assert (process.returncode, project.only_run().status) == (0, "completed")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
def test_why_a_stream_takes_no_more_is_said(project, cli, plain):
    with open("/dev/full", "w") as full:
        streams = {"capture_output": False, "stdout": full, "stderr": subprocess.PIPE}
        done = cli("run", plain("print('a')"), code=None, **streams)
    assert "standard output takes no more of what the program prints: No space left" in done.stderr


def test_what_outlives_the_program_is_not_waited_for(project, cli):
    done = cli("run", "--", "sh", "-c", "sleep 60 & echo $!")
    os.kill(int(done.stdout), signal.SIGKILL)
    assert project.only_run().status == "completed"


def test_a_shell_script_is_the_source_of_its_run(project, cli):
    (project.folder / "align.sh").write_text("echo $1\n")
    assert cli("run", "--", "sh", "align.sh", "x y").stdout == "x y\n"
    run = project.only_run()
    assert (run.transform.key, run.transform.source_code) == ("align.sh", "echo $1\n")
    assert run.cli_args == "sh align.sh 'x y'"


def test_inputs_and_outputs_are_linked(project, cli, plain):
    source = project.folder / "in.txt"
    source.write_text("in")
    project.instance.Artifact(source, key="raw/in.txt").save()
    (project.folder / "other.txt").write_text("other")
    path = plain("os.mkdir('out')\nfor n in 'ab': open(f'out/{n}.txt', 'w').write(n)\nopen('one.csv', 'w').write('1')")
    words = ["--input", "in.txt", "--input", "raw/in.txt", "--input", "other.txt", "--output", "out/*.txt"]
    cli("run", *words, "--output", "./one.csv", path)
    run = project.only_run()
    assert sorted(artifact.key for artifact in run.input_artifacts) == ["other.txt", "raw/in.txt"]
    assert sorted(artifact.key for artifact in run.output_artifacts) == ["one.csv", "out/a.txt", "out/b.txt"]
    assert project.instance.Artifact.get(key="other.txt").run is None


def test_an_output_that_is_missing_or_old_is_an_error(project, cli, plain):
    (project.folder / "old.txt").write_text("from before")
    done = cli("run", "--output", "old.txt", "--output", "none-*.txt", plain("open('new.txt', 'w')"), code=1)
    assert "old.txt is not saved: it is as it was before the run" in done.stderr
    assert "none-*.txt: the run wrote no such file" in done.stderr
    assert (project.only_run().status, project.instance.Artifact.filter().count()) == ("errored", 0)


@pytest.mark.parametrize("pattern", ["results", "r*", "./results/"])
def test_a_folder_that_nobody_wrote_to_is_no_output(project, cli, pattern):
    results = project.folder / "results"
    (results / "sub").mkdir(parents=True)
    (results / "sub" / "t.csv").write_text("from before")
    done = cli("run", "--output", pattern, "--", "true", code=1)
    assert "is not saved: it is as it was before the run" in done.stderr
    assert (project.only_run().status, project.instance.Artifact.filter().count()) == ("errored", 0)


@pytest.mark.parametrize(
    "change", ["echo b > t.csv", "rm t.csv", "mkdir d", "ln -s nowhere l", "ln -s . l", "mv t.csv u"]
)
def test_a_folder_in_which_anything_was_changed_is_an_output(project, cli, change):
    from lamin_lite.tracking.outputs import Patterns

    folder = project.folder / "results" / "sub"
    folder.mkdir(parents=True)
    (folder / "t.csv").write_text("a")
    patterns = Patterns([str(project.folder / "results")])
    ((path, before),) = patterns._before.items()
    assert Patterns([path])._before[path] == before
    subprocess.run(["sh", "-c", change], cwd=folder, check=True)
    assert Patterns([path])._before[path] != before


def test_links_that_lead_nowhere_and_files_that_vanish_stop_no_program(project, cli, plain):
    (project.folder / "dangling.csv").symlink_to("nowhere")
    done = cli("run", "--output", "*.csv", plain("open('a.csv', 'w').write('a')"))
    assert "dangling.csv is not saved: it is as it was before the run" in done.stderr
    assert [artifact.key for artifact in project.only_run().output_artifacts] == ["a.csv"]


def test_what_is_written_through_a_link_is_an_output(project, cli, plain):
    (project.folder / "there.txt").write_text("before")
    (project.folder / "a.csv").symlink_to("there.txt")
    cli("run", "--output", "*.csv", plain("open('a.csv', 'w').write('after')"))
    assert project.only_run().output_artifacts.one().load(is_run_input=False) is not None


def test_an_input_is_the_latest_that_holds_the_file_and_no_run_file_nor_what_was_put_away(project, cli, plain):
    source = project.folder / "in.txt"
    source.write_text("in")
    saved = {key: project.instance.Artifact(source, key=key).save() for key in ("old/in.txt", "in.txt", "new/in.txt")}
    cli("run", "--input", "in.txt", plain(""))
    assert [artifact.uid for artifact in project.runs()[-1].input_artifacts] == [saved["in.txt"].uid]
    saved["in.txt"].delete()
    cli("run", "--input", "in.txt", plain(""))
    assert [artifact.uid for artifact in project.runs()[-1].input_artifacts] == [saved["new/in.txt"].uid]
    for key in ("old/in.txt", "new/in.txt"):
        saved[key].delete()
    source.write_text(project.runs()[-1].environment.load(is_run_input=False))
    cli("run", "--input", "in.txt", plain(""))
    (given,) = project.runs()[-1].input_artifacts
    assert (given.key, given.kind, given.run) == ("in.txt", None, None)


def test_outputs_of_what_failed_are_not_saved(project, cli, plain):
    cli("run", "--output", "a.txt", plain("open('a.txt', 'w')\nsys.exit(4)"), code=4)
    assert project.instance.Artifact.filter().count() == 0


def test_params_project_and_key_are_recorded(project, cli, plain):
    project.instance.Project(name="Atlas").save()
    cli("run", "--key", "k.py", "--project", "Atlas", "--param", "rate=0.5", "--param", "name=a b", plain(""))
    run = project.only_run()
    assert (run.transform.key, run.params) == ("k.py", {"rate": 0.5, "name": "a b"})
    assert [each.name for each in run.projects] == ["Atlas"]


def test_a_script_that_calls_track_makes_one_run(project, cli):
    text = """
    ln.track('abcdefghijkl', params={"own": 1})
    open("a.txt", "w").write("a")
    """
    path = project.script(text)
    cli("run", "--param", "given=2", "--output", "a.txt", path.name)
    run = project.only_run()
    assert run.params == {"own": 1, "given": 2}
    assert run.initiated_by_run is None
    assert run.status == "completed"
    assert [artifact.key for artifact in run.output_artifacts] == ["a.txt"]
    assert [transform.stem_uid for transform in project.instance.Transform.filter()] == ["abcdefghijkl"]
    assert cli("rerun", run.uid).stdout.startswith("same ")


def test_such_a_run_is_errored_too_if_a_declared_output_is_missing(project, cli):
    path = project.script("ln.track()\nln.finish()")
    cli("run", "--output", "none.txt", path.name, code=1)
    run = project.only_run()
    assert (run.status, run.exit_code) == ("errored", 0)


def test_a_run_that_others_refer_to_stays_beside_that_of_the_script(project, cli):
    text = """
    ln.track()
    open("a.txt", "w").write("a")
    outer = ln.Run.filter(status="started").order_by("id").first()
    ln.Artifact("a.txt", key="a.txt", run=outer).save()
    print("said")
    """
    done = cli("run", project.script(text).name)
    outer, own = project.runs()
    assert (outer.status, own.status, own.initiated_by_run) == ("completed", "completed", None)
    assert f"Run({outer.uid!r}) stays beside" in done.stderr
    assert "said" in project.report(outer)


@pytest.mark.sqlite  # which has the trigger
def test_a_way_that_cannot_be_given_whole_is_not_given_at_all(project, cli):
    with project.instance.database.write("make it fail half-way") as tx:
        tx.execute("CREATE TRIGGER no BEFORE UPDATE OF params ON run BEGIN SELECT RAISE(ABORT, 'no'); END")
    cli("run", "--param", "given=1", project.script("ln.track(params={'own': 2})").name, code=1)
    outer, own = project.runs()
    assert (own.initiated_by_run, own.params, outer.params) == (outer, {"own": 2}, {"given": 1})


@pytest.mark.parametrize("flags", [[], ["-u"], ["-W", "ignore"]])
def test_modules_and_files_of_python_have_a_history_of_their_own(project, cli, plain, flags):
    for name in ("a", "b"):
        plain("", f"pkg/{name}.py")
        cli("run", "--", sys.executable, *flags, "-m", f"pkg.{name}", "-v")
    cli("run", "--", sys.executable, *flags, "pkg/a.py")
    assert [run.transform.key for run in project.runs()] == ["pkg.a", "pkg.b", "a.py"]
    assert project.runs()[-1].transform.source_code == "import os, sys\n"


def test_flows_of_a_script_are_initiated_by_its_run(project, cli):
    project.script("@ln.flow()\ndef work(n):\n    print('working')\nwork(1)")
    cli("run", "s.py")
    outer, inner = project.runs()
    assert (inner.entrypoint, inner.initiated_by_run, outer.initiated_by_run) == ("work", outer, None)


def test_secrets_are_masked(project, cli, plain):
    cli("run", plain("print(sys.argv)"), "--password", "hunter2hunter2")
    assert b"hunter2" not in project.kept_bytes()


def test_secrets_in_names_of_files_are_masked_and_stop_a_repetition(project, cli, plain):
    token = "ghp_" + "a1B2c3D4e5" * 4
    (project.folder / f"in-{token}.txt").write_text("in")
    project.instance.Artifact(project.folder / f"in-{token}.txt", key="in.txt").save()
    words = ["--output", f"out-{token}*.csv", "--input", f"in-{token}.txt"]
    cli("run", *words, plain("", f"s-{token}.py"), code=1)
    run = project.only_run()
    assert token not in str(run.extra_data)
    done = cli("rerun", run.uid, code=1)
    assert "was given a secret, which was not kept" in done.stderr


def test_what_was_run_so_is_repeated_so(project, cli, plain):
    (project.folder / "in.txt").write_text("in")
    path = plain("open('out.txt', 'w').write(open('in.txt').read() + sys.argv[1])")
    cli("run", "--input", "in.txt", "--output", "out.txt", path, "x y")
    (project.folder / "in.txt").write_text("changed")
    done = cli("rerun", "out.txt")
    assert done.stdout.split()[:2] == ["same", "out.txt"]
    (project.folder / "do.sh").write_text("cp in.txt copy.txt\n")
    cli("run", "--input", "in.txt", "--output", "copy.txt", "--", "sh", "do.sh")
    assert cli("rerun", "copy.txt").stdout.split()[:2] == ["same", "copy.txt"]
    assert project.instance.Transform.filter().count() == 2


def test_inputs_and_outputs_beside_the_folder_are_put_in_place_again(project, cli, plain, tmp_path):
    (project.folder / "raw").mkdir()
    (project.folder / "raw" / "in.txt").write_text("in")
    path = plain(
        "text = open('../raw/in.txt').read()\nfor n in '../a.txt', 'b.txt': open(n, 'w').write(text)", "sub/p.py"
    )
    words = ["--input", "../raw/in.txt", "--output", "../a.txt", "--output", "b.txt"]
    cli("run", *words, path.name, cwd=project.folder / "sub")
    (project.folder / "raw" / "in.txt").write_text("changed")
    (tmp_path / "tmp").mkdir()
    done = cli("rerun", "b.txt", "--keep", env={"TMPDIR": tmp_path / "tmp"})
    assert [line.split()[:2] for line in done.stdout.splitlines()] == [["same", "a.txt"], ["same", "b.txt"]]
    assert [artifact.key for artifact in project.runs()[-1].input_artifacts] == ["in.txt"]
    (folder,) = (tmp_path / "tmp").iterdir()
    assert sorted(entry.name for entry in folder.iterdir()) == ["a.txt", "raw", "sub"]


@pytest.mark.parametrize("is_folder", [False, True])
def test_an_input_by_absolute_path_must_be_as_it_was(project, cli, plain, is_folder):
    given = project.folder / "in"
    file = given / "a.txt" if is_folder else given
    file.parent.mkdir(exist_ok=True)
    file.write_text("in")
    path = plain(f"open('out.txt', 'w').write(open({str(file)!r}).read())")
    cli("run", "--input", given, "--output", "out.txt", path)
    assert cli("rerun", "out.txt").stdout.split()[:2] == ["same", "out.txt"]
    first, again = project.runs()
    assert again.input_artifacts.one() == first.input_artifacts.one()
    file.write_text("other")
    said = f"{given}, an input of run {first.uid}, holds something else now: put the content of"
    assert said in cli("rerun", "out.txt", code=1).stderr
    given.rename(project.folder / "elsewhere")
    assert f"{given}, an input of run {first.uid}, is not there any more" in cli("rerun", "out.txt", code=1).stderr
    assert len(project.runs()) == 2


def test_an_input_that_was_removed_for_good_is_named(project, cli, plain):
    (project.folder / "in.txt").write_text("in")
    cli("run", "--input", "in.txt", plain("print(1)"))
    run = project.only_run()
    given = run.input_artifacts.one()
    given.delete(permanent=True, force=True)
    said = cli("rerun", run.uid, code=1).stderr
    assert f"The input in.txt of run {run.uid}, artifact {given.uid}, was removed for good" in said


@pytest.mark.parametrize("head", ["", "import lamin_lite as ln\nln.track()\n"])
def test_a_repetition_belongs_to_the_project_of_the_run(project, cli, plain, head):
    project.instance.Project(name="Atlas").save()
    path = plain(head + "open('a.txt', 'w').write(os.environ.get('LAMIN_LITE_RERUN', ''))")
    cli("run", "--project", "Atlas", "--output", "a.txt", path)
    cli("rerun", "a.txt", code=1)
    for run in project.runs():
        made = run.output_artifacts.one()
        assert [[each.name for each in row.projects] for row in (run, made)] == [["Atlas"], ["Atlas"]]
    assert len(project.runs()) == 2


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ([], 2, "name a script"),
        (["--"], 2, "name a script"),
        (["--param", "x", "a.py"], 2, "name=value"),
        (["nowhere.py"], 1, "There is no script nowhere.py"),
        (["data"], 1, "run -- data"),
        (
            ["an ä.ipynb"],
            1,
            "an ä.ipynb is a notebook, which is executed by Jupyter: call ln.track() in it, then `jupyter ",
        ),
        (["an ä.ipynb"], 1, "jupyter execute 'an ä.ipynb'`."),
        (["--", "nosuchprogram"], 1, "There is no program 'nosuchprogram'"),
        (["--input", "nowhere.csv", "--", "true"], 1, "'nowhere.csv'"),
        (["--project", "None", "--", "true"], 1, "There is no project 'None'"),
    ],
)
def test_what_cannot_be_run_is_said_before_anything_is_kept(project, cli, words, code, said):
    done = cli("run", *words, code=code)
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert project.runs() == []
