"""The commands of docs/postgresql.md, run against a real server."""

from __future__ import annotations

import json
import logging
import os
import re
import shlex
import subprocess

import pytest

from lamin_lite.cli import main
from lamin_lite.models import session
from tests.conftest import REPO

PAGE = (REPO / "docs" / "postgresql.md").read_text(encoding="utf-8")


def block(kind):
    """The text of the one block of the page with this info string."""
    (found,) = re.findall(rf"^```{kind}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    return found


@pytest.fixture
def server(request):
    pytest.importorskip("psycopg", exc_type=ImportError)
    return request.getfixturevalue("postgresql")


@pytest.fixture
def sql(server):
    """Run statements in a database, by its owner unless another role is named."""
    import psycopg

    def run(text, database="postgres", user="tester"):
        with psycopg.connect(f"postgresql://{user}@127.0.0.1:{server.port}/{database}", autocommit=True) as connection:
            for statement in text.split(";"):
                if statement.strip():
                    connection.execute(statement)

    return run


@pytest.fixture
def cli(workdir, capsys, monkeypatch):
    """Run a command in a folder: its exit code, and what it wrote."""
    monkeypatch.setattr(logging.Logger, "hasHandlers", lambda _: False)  # pytest's own would take the words

    def run(folder, *words):
        monkeypatch.setattr(session, "default_store", None)
        monkeypatch.chdir(workdir / folder)
        capsys.readouterr()
        return (main([*words]), *capsys.readouterr())

    return run


@pytest.fixture
def shell(server, workdir, cli):
    """Run the lines of a block in a folder, with our server in the place of the one that the page names."""
    from tests.postgres.server import program

    def run(kind, folder):
        outputs = []
        text = block(kind).replace("db.example.org", f"127.0.0.1:{server.port}")
        for line in re.sub(r"/(shared|backup)/", rf"{workdir}/\1/", text).splitlines():
            name, *words = shlex.split(line)
            if name == "python":
                assert words[:2] == ["-m", "lamin_lite"]
                code, out, err = cli(folder, *words[2:])
            else:
                path = program(name) if name in ("pg_dump", "psql") else name
                done = subprocess.run([path, *words], cwd=workdir / folder, check=False, capture_output=True, text=True)
                code, out, err = done.returncode, done.stdout, done.stderr
            assert code == 0, (line, err)
            outputs.append(out + err)
        return outputs

    return run


@pytest.mark.postgresql
def test_the_page_can_be_followed_from_top_to_bottom(sql, shell, workdir):
    for name in ("shared", "backup", "alice", "bob", "restored"):
        (workdir / name).mkdir()
    sql(block("sql"))
    made, facts, _ = shell("sh alice", "alice")
    assert "made instance 'atlas'" in made
    assert "server:          PostgreSQL" in facts
    joined, listed = shell("sh bob", "bob")
    assert "joined instance 'atlas'" in joined
    assert "Our atlas" in listed
    shell("sh backup", ".")
    sql("CREATE DATABASE atlas_copy OWNER lab")
    os.replace(workdir / "atlas.sql", workdir / "restored" / "atlas.sql")
    assert "Our atlas" in shell("sh restore", "restored")[-1]


@pytest.mark.postgresql
def test_who_may_write_rows_can_join_and_who_may_read_can_read(sql, server, workdir, cli):
    def init(folder, user):
        (workdir / folder).mkdir(exist_ok=True)
        url = f"postgresql://{user}@127.0.0.1:{server.port}/rights?schema=lab"
        return cli(folder, "init", "--storage", str(workdir / "data"), "--db", url)

    for name in ("owner_of_rights", "carol", "reader"):
        sql(f"CREATE ROLE {name} LOGIN")
    sql("CREATE DATABASE rights OWNER owner_of_rights")
    assert init("mine", "owner_of_rights")[0] == 0
    code, out, err = init("carols", "carol")
    assert (code, out, "ask who owns the database" in err) == (1, "", True)

    sql(block("sql grants"), "rights", "owner_of_rights")
    sql("GRANT USAGE ON SCHEMA lab TO reader; GRANT SELECT ON ALL TABLES IN SCHEMA lab TO reader", "rights")
    assert "joined" in init("carols", "carol")[2]
    assert cli("carols", "create", "project", "--name", "Theirs")[0] == 0
    assert init("readers", "reader")[0] == 0
    listed = json.loads(cli("readers", "list", "projects", "--json")[1])
    assert [row["name"] for row in listed["rows"]] == ["Theirs"]
    code, out, err = cli("readers", "create", "project", "--name", "Other")
    assert (code, out, err.count("\n")) == (1, "", 1)


def test_without_the_driver_init_says_in_one_sentence_what_to_install(run_python, workdir):
    code = (
        "import sys; sys.modules['psycopg'] = None\n"
        "from lamin_lite.cli import main; sys.exit(main(['init', '--db', 'postgresql://db.example.org/atlas']))"
    )
    done = run_python(code, cwd=workdir)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert "pip install 'lamin-lite[postgres]'" in done.stderr
    assert list(workdir.iterdir()) == []
