"""What goes wrong outside: no instance, a damaged one, odd arguments, closed streams, faults of our own."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from lamin_lite.cli import COMMANDS, main, parser_of, reference
from lamin_lite.cli import get as get_command
from lamin_lite.cli.wording import for_commands
from tests.conftest import REPO, clean_environ

#: a right call of each command that needs an instance
LINES = [
    "settings get dev-dir",
    "lineage a",
    "describe a",
    "get a",
    "list artifacts",
    "search a",
    "create project --name a",
    "update project a url=x",
    "annotate a --project b",
    "archive a",
    "delete a",
    "delete a --permanent --yes",
    "restore a",
    "reap",
    "save .",
    "load --key a",
]
ELSEWHERE = {"info", "run", "rerun", "diff"}  #: whose answer it is, and those with more to get wrong
NOT_UTF8 = os.fsdecode(b"caf\xe9")


def is_one_sentence(done):
    assert (done.code, done.out, done.err.count("\n")) == (1, "", 1), done.err
    assert done.err.startswith("error: ")
    return True


def takes_instance(command):
    parsers = [each for _, each in reference._parsers(command, parser_of(command))]
    return any("--instance" in action.option_strings for each in parsers for action in each._actions)


def test_every_command_that_needs_an_instance_is_tried_without_a_good_one():
    needing = {command for command in COMMANDS if takes_instance(command)} - ELSEWHERE
    assert needing <= {line.split()[0] for line in LINES}, "add a right call of the new command to LINES"


@pytest.mark.parametrize("line", LINES)
def test_without_an_instance_each_command_says_how_to_make_one(cli, workdir, line):
    for more in ([], ["--json"]):
        done = cli(line, *more)
        assert is_one_sentence(done)
        assert "python -m lamin_lite init" in done.err
        assert "--instance PATH" in done.err
        assert "connect(" not in done.err
    assert list(workdir.iterdir()) == []


@pytest.mark.sqlite
@pytest.mark.parametrize("damage", ["no database", "torn"])
def test_with_a_damaged_database_each_command_is_one_sentence(cli, shop, workdir, damage):
    file = workdir / "data" / ".lamin_lite" / "lamin.db"
    shop.database.close()
    for more in file.parent.glob("lamin.db-*"):
        more.unlink()
    whole = file.read_bytes()
    file.write_bytes(b"nothing" * 999 if damage == "no database" else whole[:4096] + b"\x07" * (len(whole) - 4096))
    for line in [*LINES, "info", "init --storage data"]:
        assert is_one_sentence(cli(line)), line
        assert is_one_sentence(cli(line, "--json")), line


@pytest.mark.parametrize("text", ["{", "[]", '{"database": 5}', ""])
def test_a_damaged_marker_says_how_it_is_made_anew(cli, shop, workdir, text):
    marker = workdir / ".lamin_lite" / "instance.json"
    marker.write_text(text)
    for line in (*LINES, "info", "init", "init --storage data"):
        done = cli(line)
        assert is_one_sentence(done)
        assert "remove it, and `init`" in done.err
    marker.unlink()
    assert cli("init --storage data").code == 0
    assert cli("get raw/a.csv").code == 0


@pytest.mark.parametrize(
    "words",
    [
        ["create", "project", "--name", NOT_UTF8],
        ["update", "project", "Atlas", f"description={NOT_UTF8}"],
        ["annotate", "raw/a.csv", "--feature", f"note={NOT_UTF8}"],
    ],
)
def test_what_is_no_text_is_not_written(cli, shop, words):
    shop.Feature(name="note", dtype=str).save()
    done = cli("", *words)
    assert is_one_sentence(done)
    assert "'caf\\udce9'" in done.err


def test_what_is_no_text_names_nothing(cli, shop):
    for words in (
        ["get", NOT_UTF8],
        ["get", "--uid", NOT_UTF8],
        ["delete", NOT_UTF8],
        ["restore", NOT_UTF8],
        ["create", "feature", "--name", "a", "--dtype", NOT_UTF8],
        ["annotate", "raw/a.csv", "--project", NOT_UTF8],
        ["list", "artifacts", "--include", NOT_UTF8],
        ["list", "artifacts", "--order-by", NOT_UTF8],
        ["list", "artifacts", "--filter", f"{NOT_UTF8}=1"],
    ):
        assert is_one_sentence(cli("", *words)), words
    for words in (["search", NOT_UTF8], ["list", "artifacts", "--filter", f"key={NOT_UTF8}"]):
        assert cli("", *words, "--json").json["rows"] == []


@pytest.mark.sqlite
def test_a_folder_whose_name_is_no_text_holds_an_instance_like_any_other(cli, workdir, monkeypatch):
    folder = os.path.join(workdir, NOT_UTF8)
    try:
        os.mkdir(folder)
    except OSError:
        pytest.skip("this filesystem takes names in UTF-8 only")
    monkeypatch.chdir(folder)
    assert cli("init --json").json["folder"] == folder
    assert cli("info --json").json["folder"] == folder
    assert NOT_UTF8 in cli("list storages --json").json["rows"][0]["path"]
    assert all(char.isprintable() or char == "\n" for char in cli("list storages").out)


def test_no_option_can_be_abbreviated_as_new_ones_would_change_what_it_means(cli, shop):
    for line in ("delete raw/a.csv --perm --yes", "list artifacts --lim 3", "get raw/a.csv --js"):
        assert cli(line).code == 2
    assert cli("get raw/a.csv").code == 0


def test_usage_never_hands_an_escape_sequence_on(cli, shop):
    for words in (["\x1b[31m"], ["list", "\x1b[31m"], ["list", "artifacts", "\x1b[31m"], ["get", "a", "b", "\x1b[31m"]):
        done = cli("", *words)
        assert (done.code, "\x1b" in done.err) == (2, False)


def test_a_fault_of_our_own_is_one_line_and_a_code_of_its_own(cli, shop, monkeypatch):
    monkeypatch.setattr(get_command, "run", lambda _: {}["missing"])
    done = cli("get raw/a.csv")
    assert (done.code, done.out, done.err.count("\n")) == (70, "", 1)
    assert "KeyError: 'missing'" in done.err
    assert "python -X dev -m lamin_lite" in done.err


def test_in_dev_mode_a_fault_has_its_traceback(run_python, workdir):
    code = "import lamin_lite.cli.info as c; c.run = lambda _: {}['missing']; from lamin_lite.cli import main; main(['info'])"
    done = run_python(code, cwd=workdir, flags=["-X", "dev"])
    assert "Traceback" in done.stderr
    assert "KeyError" in done.stderr


@pytest.mark.sqlite
@pytest.mark.skipif(not hasattr(os, "fork"), reason="a promise for POSIX")
def test_words_never_go_to_standard_output_also_where_standard_error_is_closed(home, shop, workdir):
    environ = {**clean_environ(home), "PYTHONPATH": str(REPO)}
    for line, code in (("get nothing --json", 1), ("list nothing --json", 2), ("list artifacts --limit 1 --json", 0)):
        command = f"exec {sys.executable} -m lamin_lite {line} 2>&-"
        done = subprocess.run(
            ["sh", "-c", command], cwd=workdir, env=environ, stdout=subprocess.PIPE, check=False, text=True
        )
        assert (done.returncode, done.stdout == "") == (code, code != 0)


@pytest.mark.sqlite
@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
def test_a_full_disk_behind_the_output_is_no_traceback(home, shop, workdir):
    environ = {**clean_environ(home), "PYTHONPATH": str(REPO)}
    with open("/dev/full", "w") as full:
        out = subprocess.run(
            [sys.executable, "-m", "lamin_lite", "list", "artifacts"],
            cwd=workdir,
            env=environ,
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
            text=True,
        )
        err = subprocess.run(
            [sys.executable, "-m", "lamin_lite", "get", "nothing"], cwd=workdir, env=environ, stderr=full, check=False
        )
    assert (out.returncode, out.stderr) == (1, "error: No space left on device\n")
    assert err.returncode == 1


def test_a_current_directory_that_is_gone_is_one_sentence(cli, workdir, monkeypatch):
    (workdir / "gone").mkdir()
    monkeypatch.chdir(workdir / "gone")
    (workdir / "gone").rmdir()
    for line in ("list artifacts", "info", "init"):
        done = cli(line)
        assert is_one_sentence(done)
        assert "current directory" in done.err


# -- the words of the library


@pytest.mark.parametrize(
    ("said", "here"),
    [
        ("Make it with ln.Project(name='A b').save().", "create project --name 'A b'`."),
        (
            "ln.Record(name='E1', type=ln.Record.get(name='E', is_type=True)).save()",
            "create record --name E1 --type E`",
        ),
        ("ln.Record(name='E', is_type=True).save()", "create record --name E --is-type`"),
        ("ln.Feature(name='t', dtype=list[str]).save()", "create feature --name t --dtype 'list[str]'`"),
        ("ln.Feature(name='t', dtype=...).save()", "create feature --name t --dtype DTYPE`"),
        ("to the trash with ln.Feature.get(name='it is').delete().", "delete feature 'it is'`."),
    ],
)
def test_remedies_in_python_become_commands(said, here):
    translated = for_commands(said)
    assert here in translated
    assert "ln." not in translated


def test_what_is_no_remedy_stays_as_it_is():
    for said in ("ln.Artifact(path, key='a').save() does", "a (b) c.", "ln.X(.save()", "key='ln.Y(name=1'"):
        assert for_commands(said) == said


@pytest.mark.parametrize(
    "line",
    [
        "delete main",
        "delete Atlas --permanent --yes",
        "annotate raw/a.csv --feature nothing=1",
        "annotate raw/a.csv --feature experiment=Nothing",
        "create feature --name count --dtype str",
        "create feature --name other",
        "create feature --name other --dtype banana",
        "create record --name a --type Experiment1",
        "create storage root=missing",
        "restore Atlas",
        "get checked --instance missing",
        "list runs --filter transform__nothing=1",
    ],
)
def test_no_error_names_a_call_in_python(cli, shop, line):
    shop.Feature(name="experiment", dtype=shop.Record.get(name="Experiment")).save()
    shop.Artifact.get(key="raw/a.csv").projects.add(shop.Project.get(name="Atlas"))
    done = cli(line)
    assert is_one_sentence(done)
    assert re.search(r"\bln\.|\w\(\w+=|\.\w+\(\)", done.err) is None, done.err


def test_main_takes_what_a_program_gives(shop, capsys):
    assert main(["list", "ulabels"]) == 0
    assert "checked" in capsys.readouterr().out
