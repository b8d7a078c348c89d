"""What only a database on a server can do wrong; the tests of registries and queries run on it where they are."""

from __future__ import annotations

import os
import sys
import threading
import time

import pytest

import lamin_lite as ln
from lamin_lite.ext import ext
from lamin_lite.sql import server as core

pytest.importorskip("psycopg", exc_type=ImportError)
pytestmark = pytest.mark.postgresql


@pytest.fixture
def url(postgresql, tmp_path):
    """A schema that nobody has."""
    return postgresql.url("s" + str(abs(hash(str(tmp_path)))))


@pytest.fixture
def instance(workdir, url):
    return ln.Instance.init(workdir, database=url)


def test_the_marker_names_the_database_and_the_instance_opens_by_it(instance, workdir, url):
    instance.Transform(key="a.py").save()
    again = ln.Instance.open(workdir)
    assert again.uid == instance.uid
    assert again.database.path == url
    assert [row.key for row in again.Transform.filter()] == ["a.py"]
    assert not (workdir / "storage/.lamin_lite/lamin.db").exists()
    facts = again.info()
    assert facts["server"].startswith("PostgreSQL")
    assert url.endswith(facts["database schema"])


def test_saving_and_tracking_work_on_a_server(instance, workdir, run_python):
    (workdir / "s.py").write_text(
        "import lamin_lite as ln\n@ln.flow()\ndef main(rate=0.1):\n    open('out.txt', 'w').write('x')\n"
        "    ln.Artifact('out.txt', key='out.txt').save()\nif __name__ == '__main__':\n    main()\n"
    )
    done = run_python(workdir / "s.py", cwd=workdir)
    assert done.returncode == 0, done.stderr
    artifact = instance.Artifact.get(key="out.txt")
    assert artifact.run.params == {"rate": 0.1}
    assert artifact.run.status == "completed"
    assert list(instance.Run.filter(params__rate__gt=0.05)) == [artifact.run]


@pytest.mark.parametrize(
    "secret", ["postgresql://me:hunter2@db/lab", "postgresql://db/lab?password=hunter2", "postgres://:hunter2@/lab"]
)
def test_a_password_in_the_url_is_refused_and_never_told(workdir, secret):
    with pytest.raises(ln.errors.InvalidArgument, match="PGPASSFILE") as caught:
        ln.Instance.init(workdir, database=secret)
    assert "hunter2" not in str(caught.value)
    assert not (workdir / ".lamin_lite").exists()


@pytest.mark.parametrize("schema", ["a-b", 'a"b', "pg_own", "information_schema", "x" * 64, "", "ä"])
def test_what_is_no_name_of_a_schema_is_refused(workdir, postgresql, schema):
    with pytest.raises(ln.errors.InvalidArgument, match="schema"):
        ln.Instance.init(workdir, database=postgresql.url(schema))


def test_many_rows_at_once_keep_numbers_and_texts_as_they_are(instance):
    numbers = [0.1, 1e300, -0.0, float("inf"), float("-inf"), 2**53, None]
    texts = ["", "\\N", "\\", "a\tb\r\nc", "'", '"', "%s", "?", "\x01", "\u2028", "😀", None]
    cells = [(number, text) for number in numbers for text in texts]
    with instance.database.write("try") as tx:
        tx.execute("CREATE TABLE tried (number DOUBLE PRECISION, text TEXT)")
        tx.insert_many("tried", ["number", "text"], cells)
        tx.insert_many("tried", ["number", "text"], cells[:3])
        assert tx.read("SELECT number, text FROM tried") == [*cells, *cells[:3]]
        tx.execute("DROP TABLE tried")
    with pytest.raises(ln.errors.LaminLiteError, match="NUL"), instance.database.write("try") as tx:
        tx.insert_many("tried", ["number", "text"], [*cells, (1.0, "a\0b")])


def test_a_server_that_does_not_answer_is_one_sentence(workdir):
    from tests.postgres.server import free_port

    where = f"postgresql://tester@127.0.0.1:{free_port()}/lab"
    with pytest.raises(ln.errors.InstanceError, match="does not answer"):
        ln.Instance.init(workdir, database=where)


def test_a_database_that_is_not_there_and_one_without_tables_are_told_apart(workdir, postgresql, url):
    with pytest.raises(ln.errors.NoInstance, match="createdb"):
        ln.Instance.init(workdir, database=url.replace("/postgres?", "/nowhere?"))
    ln.Instance.init(workdir, database=url)
    marker = workdir / ".lamin_lite/instance.json"
    marker.write_text(marker.read_text().replace(url, postgresql.url("empty")))
    with pytest.raises(ln.errors.NotADatabase, match="init"):
        ln.Instance.open(workdir)


def test_a_second_folder_joins_with_the_same_storage_only(instance, workdir, url):
    (workdir / "a.txt").write_text("x")
    instance.Artifact("a.txt", key="a.txt").save()
    (workdir / "colleague").mkdir()
    with pytest.raises(ln.errors.Conflict, match="belongs to the storage"):
        ln.Instance.init(workdir / "colleague", database=url)
    joined = ln.Instance.init(workdir / "colleague", storage=workdir / "storage", database=url)
    assert joined.uid == instance.uid
    assert joined.Artifact.get(key="a.txt").path.read_text() == "x"


def test_a_second_folder_with_another_storage_is_refused_before_the_first_file_is_saved(instance, workdir, url):
    for folder in ("colleague", "typo"):
        (workdir / folder).mkdir()
    with pytest.raises(ln.errors.Conflict, match="belongs to the storage"):
        ln.Instance.init(workdir / "colleague", storage=workdir / "typo", database=url)
    assert list((workdir / "typo").iterdir()) == list((workdir / "colleague").iterdir()) == []


def test_an_init_that_was_killed_before_it_marked_the_storage_is_finished_by_the_next(workdir, url):
    from lamin_lite.models import TABLES, making
    from lamin_lite.sql import migrate

    database = core.database_of(url, ext.database_for_url(url))
    assert migrate.create(database, TABLES, "a" * 12, "1", lambda tx: making._seed(tx, "b" * 12))
    (workdir / "joining").mkdir()
    joined = ln.Instance.init(workdir / "joining", database=url)
    assert (joined.uid, joined.is_new) == ("a" * 12, False)
    with pytest.raises(ln.errors.Conflict, match="belongs to the storage"):
        ln.Instance.init(workdir / "third", database=url)


def test_the_storage_of_another_instance_makes_no_tables(workdir, postgresql, url):
    owner = ln.Instance.init(workdir / "one", storage=workdir / "data")
    with pytest.raises(ln.errors.Conflict, match=f"data is the storage of the instance {owner.uid}"):
        ln.Instance.init(workdir / "two", storage=workdir / "data", database=url)
    assert not (workdir / "two").exists()
    database = core.database_of(url, ext.database_for_url(url))
    assert database.one("SELECT 1 FROM pg_namespace WHERE nspname = ?", [database.schema]) is None


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
def test_a_database_that_does_not_keep_unicode_is_refused_with_the_remedy(workdir, postgresql, instance, encoding):
    name = f"enc_{encoding.lower()}"
    instance.database.connection().execute(
        f"CREATE DATABASE {name} ENCODING '{encoding}' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'"
    )
    (workdir / "sub").mkdir()
    with pytest.raises(ln.errors.InstanceError, match=f"encoding {encoding}.*ENCODING 'UTF8' TEMPLATE template0"):
        ln.Instance.init(workdir / "sub", database=postgresql.url("lab").replace("/postgres?", f"/{name}?"))
    assert list((workdir / "sub").iterdir()) == []


def test_an_option_of_the_url_that_nobody_knows_is_told(workdir, url):
    with pytest.raises(ln.errors.InvalidArgument, match=r"no URL that libpq understands.*foo"):
        ln.Instance.init(workdir, database=f"{url}&foo=bar")


def test_a_table_of_somebody_else_is_not_taken_for_ours(instance, workdir, url):
    database = core.database_of(f"{url}_theirs", ext.database_for_url(url))
    with instance.database.write("theirs") as tx:
        tx.execute(f"CREATE SCHEMA {database.schema}")
        tx.execute(f"CREATE TABLE {database.schema}.meta (name TEXT)")
    with pytest.raises(ln.errors.NotADatabase, match=r"a table `meta` that is not of lamin_lite.*schema=NAME"):
        ln.Instance.init(workdir / "sub", database=database.path)


def test_a_storage_that_went_away_gets_no_row_although_the_server_answers(instance, workdir):
    (workdir / "a.txt").write_text("x")
    assert instance.storage(instance.storage_id)
    os.rename(workdir / "storage", workdir / "away")
    with pytest.raises(ln.errors.UnknownStorage, match="is not there"):
        instance.Artifact("a.txt", key="a.txt").save()
    assert not (workdir / "storage").exists()
    assert instance.Artifact.filter().count() == 0


def test_another_database_for_a_folder_that_has_one_is_refused(instance, workdir, postgresql):
    with pytest.raises(ln.errors.Conflict, match="has the instance"):
        ln.Instance.init(workdir, database=postgresql.url("other"))


INIT = """
import sys, lamin_lite as ln
print(ln.Instance.init(".", database=sys.argv[1]).uid)
"""


def test_many_may_make_the_same_instance_at_once(workdir, url, run_python):
    done = []
    threads = [
        threading.Thread(target=lambda: done.append(run_python(INIT, url, cwd=workdir)), daemon=True) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [one.returncode for one in done] == [0] * 4, [one.stderr for one in done]
    assert len({one.stdout for one in done}) == 1


def test_the_same_label_made_by_many_at_once_is_one_row(instance):
    failures = []

    def work():
        try:
            for at in range(10):
                instance.ULabel(name=f"label {at}").save()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert instance.ULabel.filter().count() == 10


def end_connection(instance):
    """As a firewall, or a server that is started anew, does to a program that computes for hours."""
    ours = instance.database.one("SELECT pg_backend_pid()")[0]

    def end():
        instance.database.read("SELECT pg_terminate_backend(?)", [ours])
        while instance.database.read("SELECT 1 FROM pg_stat_activity WHERE pid = ?", [ours]):
            time.sleep(0.01)

    thread = threading.Thread(target=end)
    thread.start()
    thread.join()


def test_a_connection_that_was_lost_while_nobody_used_it_is_made_anew_unseen(instance):
    end_connection(instance)
    instance.Transform(key="a.py").save()
    end_connection(instance)
    assert instance.Transform.filter().count() == 1
    many = [f"{at}.py" for at in range(1000)]
    assert instance.Transform.filter(key__in=many).count() == 0
    end_connection(instance)
    assert instance.Transform.filter(key__in=[*many, "a.py"]).count() == 1


def test_a_connection_that_is_lost_in_a_transaction_is_an_error_and_nothing_is_half_written(instance):
    def both():
        with instance.database.write("both"):
            instance.Transform(key="a.py").save()
            end_connection(instance)
            instance.Transform(key="b.py").save()

    with pytest.raises(ln.errors.InstanceError, match="does not answer"):
        both()
    assert instance.Transform.filter().count() == 0


def test_writers_exclude_each_other_however_their_urls_name_the_schema(postgresql, workdir, tmp_path):
    named = postgresql.url("public")
    one, other = tmp_path / "one", tmp_path / "other"
    first = ln.Instance.init(one, storage=str(workdir / "data"), database=named)
    second = ln.Instance.init(other, storage=str(workdir / "data"), database=named.partition("?")[0])
    assert first.uid == second.uid
    times = []

    def write():
        with second.database.write("second"):
            times.append(time.monotonic())

    try:
        with first.database.write("first"):
            thread = threading.Thread(target=write)
            thread.start()
            time.sleep(0.3)
            ended = time.monotonic()
        thread.join()
        assert times[0] > ended
    finally:
        with first.database.write("drop") as tx:
            tx.execute("DROP SCHEMA public CASCADE")
            tx.execute("CREATE SCHEMA public")


def test_a_whole_number_is_not_the_number_with_a_point_beside_it(instance):
    big, values = 2**53 + 1, [float(at) for at in range(1000)]
    name = instance.database.listed([*values, 2.0**53])
    assert instance.database.one(f"SELECT count(*) FROM {name} WHERE value = CAST(? AS BIGINT)", [big]) == (0,)
    assert instance.database.one(f"SELECT count(*) FROM {name} WHERE value = CAST(? AS BIGINT)", [2**53]) == (1,)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_has_a_connection_of_its_own(instance, workdir, run_python):
    code = """
import os, lamin_lite as ln
ln.Transform(key="before.py").save()
mine = ln.connect().database.one("SELECT pg_backend_pid()")
pid = os.fork()
if pid == 0:
    ln.Transform(key="child.py").save()
    raise SystemExit(ln.connect().database.one("SELECT pg_backend_pid()") == mine)
assert os.waitpid(pid, 0)[1] == 0
ln.Transform(key="after.py").save()
assert ln.connect().database.one("SELECT pg_backend_pid()") != None
"""
    done = run_python(code, cwd=workdir)
    assert done.returncode == 0, done.stderr
    assert instance.Transform.filter().values_list("key", flat=True) == ["before.py", "child.py", "after.py"]


def test_who_waits_too_long_for_another_writer_is_told(instance, monkeypatch):
    monkeypatch.setattr(core, "BUSY_TIMEOUT", 1.0)
    told = []

    def wait():
        try:
            instance.Transform(key="b.py").save()
        except ln.errors.Locked as error:
            told.append(str(error))

    with instance.database.write("hold"):
        thread = threading.Thread(target=wait)
        thread.start()
        thread.join()
    assert told
    assert "Nothing was changed" in told[0]


def test_who_may_only_read_is_told_so_at_the_first_write(instance, workdir, url):
    schema = instance.database.schema
    with instance.database.write("a reader") as tx:
        if not tx.read("SELECT 1 FROM pg_roles WHERE rolname = 'onlooker'"):
            tx.execute("CREATE ROLE onlooker LOGIN")
        tx.execute(f"GRANT USAGE ON SCHEMA {schema} TO onlooker")
        tx.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO onlooker")
    marker = workdir / ".lamin_lite/instance.json"
    marker.write_text(marker.read_text().replace(url, url.replace("tester@", "onlooker@")))
    reading = ln.Instance.open(workdir)
    assert reading.Transform.filter().count() == 0
    with pytest.raises(ln.errors.ReadOnly, match="permission denied") as caught:
        reading.ULabel(name="x").save()
    assert caught.value.__suppress_context__
    assert (reading.info()["access"], instance.info()["access"]) == ("read-only", "read and write")
    still = f"{url}&options=-cdefault_transaction_read_only%3Don"
    marker.write_text(marker.read_text().replace(url.replace("tester@", "onlooker@"), still))
    assert ln.Instance.open(workdir).info()["access"] == "read-only"


def test_rows_are_streamed_while_others_are_asked_and_within_a_transaction(instance):
    for at in range(5):
        instance.Transform(key=f"{at}.py").save()
    seen = []
    for row in instance.Transform.filter().iterator():
        seen.append(row.key)
        assert instance.Transform.get(row.uid).key == row.key
    assert seen == [f"{at}.py" for at in range(5)]
    with instance.database.write("look at what it wrote"):
        instance.Transform(key="new.py").save()
        assert "new.py" in [row.key for row in instance.Transform.filter().iterator()]


@pytest.mark.slow
def test_case_is_folded_as_python_does_for_every_character(instance):
    every = [chr(code) for code in range(1, sys.maxunicode + 1) if not 0xD800 <= code < 0xE000]
    sql = "SELECT folded(a) FROM unnest(?::text[]) WITH ORDINALITY AS u (a, b) ORDER BY b"
    found = [row[0] for row in instance.database.read(sql, [every])]
    assert [char for char, folded in zip(every, found) if folded != char.casefold()] == []


def test_texts_are_in_the_order_of_their_characters(instance):
    names = ["a", "B", "ä", "Z", "_", "aa", "a b", "\U0001f600", "\uffee"]
    for name in names:
        instance.ULabel(name=name).save()
    assert instance.ULabel.filter().order_by("name").values_list("name", flat=True) == sorted(names)


@pytest.mark.parametrize("name", ["a\0b", "\ud800", "x" * 10_000_000])
def test_a_text_that_the_server_does_not_keep_is_one_sentence(instance, name):
    with pytest.raises(ln.errors.InvalidArgument):
        instance.ULabel(name=name).save()
    instance.ULabel(name="fine").save()
    assert instance.ULabel.filter().count() == 1


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1, 2**100])
def test_a_number_of_more_than_64_bits_is_compared_and_not_kept_as_in_a_file(instance, number):
    instance.ULabel(name="x").save()
    assert list(instance.ULabel.filter(id=number)) == []
    assert instance.ULabel.filter(id__lt=number).count() == (number > 0)
    with pytest.raises(ln.errors.InvalidArgument, match="64 bits"), instance.database.write("number") as tx:
        tx.execute("UPDATE meta SET schema = ?", [number])


@pytest.mark.parametrize(
    ("sql", "wanted"),
    [
        ("SELECT a FROM t WHERE b = ?", "SELECT a FROM t WHERE b = %s"),
        ("SELECT '?', ? FROM t WHERE a LIKE '%x'", "SELECT '?', %s FROM t WHERE a LIKE '%%x'"),
        ("SELECT a % 2", "SELECT a %% 2"),
        ("SELECT 'it''s ?', ?", "SELECT 'it''s ?', %s"),
    ],
)
def test_marks_for_values_are_the_drivers(sql, wanted):
    assert core.marked(sql) == wanted


def test_the_numbers_that_are_given_out_go_on_after_one_that_was_given(instance):
    assert sorted(instance.Branch.filter().values_list("id", flat=True)) == [-1, 0, 1]
    assert instance.Branch(name="new", created_at="2026-01-01").save().id == 2


@pytest.mark.parametrize("values", [range(1000), [at / 2 for at in range(1000)], [f"{at}.py" for at in range(1000)]])
def test_very_many_values_are_looked_up_by_a_table(instance, values):
    instance.Transform(key="7.py").save()
    name = instance.database.listed(list(values))
    assert name == instance.database.listed(list(values))
    assert instance.database.one(f"SELECT count(*) FROM {name}") == (1000,)
    assert instance.Transform.filter(key__in=[f"{at}.py" for at in range(1000)]).count() == 1
