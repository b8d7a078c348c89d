"""What the commands print, and with which exit code they end."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from lamin_lite.cli import COMMANDS, main
from tests.conftest import REPO, clean_environ

SCRIPT = """
import lamin_lite as ln
ln.track(params={"rows": 2})
open("a.csv", "w").write("x,y\\n1,2\\n")
ln.Artifact("a.csv", key="folder/a.csv").save()
ln.finish()
"""


@pytest.fixture
def cli(run_python, workdir):
    """Run a command in the work directory."""

    def run(line, *more, **options):
        return run_python("-m lamin_lite " + line, *more, cwd=options.pop("cwd", workdir), **options)

    return run


@pytest.fixture
def project(cli, run_python, workdir):
    """A directory with an instance, a script and what it made."""
    assert cli("init --storage ./test-track").returncode == 0
    (workdir / "my_script.py").write_text(SCRIPT)
    done = run_python(workdir / "my_script.py", cwd=workdir)
    assert done.returncode == 0, done.stderr
    return workdir


def test_without_a_command_the_help_is_shown(cli):
    done = cli("")
    assert done.returncode == 0
    assert done.stdout.startswith("usage: python -m lamin_lite ")
    assert all(command in done.stdout for command in COMMANDS)


def test_every_command_has_help(cli):
    for command in COMMANDS:
        assert cli(f"{command} --help").returncode == 0


def test_the_version_is_that_of_the_package(cli):
    import lamin_lite

    assert cli("--version").stdout == f"lamin_lite {lamin_lite.__version__}\n"


def test_wrong_usage_is_2(cli):
    for line in ("bogus", "lineage", "settings", "settings set dev-dir", "settings set bogus x", "init --bogus"):
        done = cli(line)
        assert (done.returncode, done.stdout) == (2, "")
        assert "usage:" in done.stderr


def test_init_makes_an_instance_once_and_says_where(cli, workdir):
    first, again = cli("init --storage ./test-track --name mine"), cli("init --storage ./test-track")
    assert (first.returncode, again.returncode) == (0, 0)
    assert "made instance 'mine'" in first.stderr
    assert "connected to instance 'mine'" in again.stderr
    assert str(workdir / "test-track" / ".lamin_lite" / "lamin.db") in first.stderr


def test_init_beside_another_instance_of_the_same_name_makes_one_of_its_own(cli, workdir):
    for name in ("a", "b"):
        (workdir / name).mkdir()
        assert "made instance" in cli("init --storage ./test-track", cwd=workdir / name).stderr
        assert (workdir / name / "test-track" / ".lamin_lite" / "lamin.db").is_file()


def test_init_with_another_storage_is_refused_in_one_sentence(cli):
    cli("init --storage ./a")
    done = cli("init --storage ./b")
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1


def test_info_without_an_instance_says_how_to_make_one(cli):
    done = cli("info")
    assert done.returncode == 0
    assert "instance: none" in done.stdout
    assert "python -m lamin_lite init" in done.stdout
    assert json.loads(cli("info --json").stdout) == {"instance": None}


def test_info_on_a_named_instance_that_is_not_there_is_an_error(cli):
    for done in (cli("info --instance nowhere"), cli("info", env={"LAMIN_LITE_INSTANCE": "nowhere"})):
        assert done.returncode == 1
        assert done.stderr.startswith("error: There is no instance at ")


def test_info_shows_what_is_in_use(cli, project):
    facts = json.loads(cli("info --json").stdout)
    assert (facts["instance"], facts["folder"], facts["runs"]) == ("test-track", str(project), 1)
    assert f"folder:     {project}" in cli("info").stdout


def test_dev_dir_can_be_set_read_and_unset(cli, project):
    (project / "code").mkdir()
    assert cli("settings get dev-dir").stdout == ""
    assert str(project / "code") in cli("settings set dev-dir code").stderr
    assert cli("settings get dev-dir", cwd=project / "code").stdout == f"{project / 'code'}\n"
    assert cli("settings unset dev-dir").returncode == 0
    assert cli("settings get dev-dir").stdout == ""


def test_setting_a_dev_dir_that_is_missing_makes_nothing(cli, project):
    done = cli("settings set dev-dir missing/folder")
    assert done.returncode == 1
    assert "missing/folder" in done.stderr
    assert not (project / "missing").exists()


def test_unsetting_dev_dir_keeps_the_instance(cli, project):
    cli("settings unset dev-dir")
    assert json.loads(cli("info --json").stdout)["instance"] == "test-track"


def test_lineage_and_describe_take_keys_and_uids(cli, project):
    from lamin_lite import Instance

    instance = Instance.open(project)
    artifact, run = instance.Artifact.get(key="folder/a.csv"), instance.Run.filter().one()
    for record in ("folder/a.csv", artifact.uid, artifact.uid[:8]):
        assert "└─ made by my_script.py(rows=2)  completed" in cli("lineage", record).stdout
        assert cli("describe", record).stdout.startswith("Artifact: folder/a.csv")
    assert cli("describe", run.uid).stdout.startswith("Run: my_script.py(rows=2)")
    assert cli("describe my_script.py").stdout.startswith("Transform: my_script.py")
    assert cli(f"lineage my_script.py --instance {project}", cwd="/").stdout.startswith("my_script.py\n└─ run ")


def test_an_unknown_record_is_an_error_that_names_one_like_it(cli, project):
    done = cli("lineage folder/b.csv")
    assert (done.returncode, done.stdout) == (1, "")
    assert "did you mean 'folder/a.csv'?" in done.stderr


def test_a_damaged_database_is_one_sentence(cli, project):
    for file in (project / "test-track" / ".lamin_lite").glob("lamin.db*"):
        file.write_bytes(b"damaged" * 100)
    done = cli("info")
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1


def test_interrupting_is_130(monkeypatch, capsys):
    monkeypatch.setattr("lamin_lite.cli._command", lambda _: (_ for _ in ()).throw(KeyboardInterrupt))
    assert main([]) == 130
    assert capsys.readouterr().err == "error: interrupted\n"


def test_an_error_of_the_system_is_one_sentence(monkeypatch, capsys):
    monkeypatch.setattr(
        "lamin_lite.cli._command", lambda _: (_ for _ in ()).throw(OSError(28, "No space left on device", "a.db"))
    )
    assert main([]) == 1
    assert capsys.readouterr().err == "error: a.db: No space left on device\n"


def test_a_reader_that_goes_away_is_no_traceback(home, project):
    code = "import sys; sys.stdin.read(); from lamin_lite.cli import main; sys.exit(main(['info']))"
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=project,
        env={**clean_environ(home), "PYTHONPATH": str(REPO)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    process.stdout.close()
    process.stdin.close()  # only now it starts to print
    words = process.stderr.read()
    process.stderr.close()
    assert (process.wait(), words) == (141, "")


def test_trees_are_printed_where_the_terminal_knows_only_ascii(cli, project):
    done = cli("lineage folder/a.csv", env={"PYTHONIOENCODING": "ascii"})
    assert done.returncode == 0
    assert "\n`- made by my_script.py" in done.stdout


def test_a_command_imports_only_its_own_file(run_python, workdir):
    code = (
        "import sys; from lamin_lite.cli import main; main(['info'])\n"
        "print([name for name in sys.modules if name.startswith('lamin_lite.cli.')])"
    )
    loaded = run_python(code, cwd=workdir).stdout.splitlines()[-1]
    assert "cli.demo" not in loaded
    assert "cli.info" in loaded
