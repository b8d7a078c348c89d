"""Many rows saved at once are what they would be one by one, in a handful of statements, all or none."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

import lamin_lite as ln
from lamin_lite.sql.database import Transaction

ODD = [
    "",
    "\\N",
    "\\",
    "a\tb",
    "a\nb",
    "a\r\nb",
    "\\t",
    "'; DROP TABLE run; --",
    "%s",
    "?",
    "é",
    "😀",
    "\x1f",
    '"',
    "x" * 300,
]
STARTED = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=timezone.utc)


@pytest.fixture
def instance(workdir):
    return ln.Instance.init(workdir)


@pytest.fixture
def transform(instance):
    return instance.Transform(key="t.py").save()


def held(instance, run):
    """What the database says of a run, but for what is never the same twice."""
    row = instance.Run.filter(id=run.id).to_dicts()[0]
    return {name: value for name, value in row.items() if name not in ("id", "uid", "created_at", "updated_at")}


def arguments(number):
    text = ODD[number % len(ODD)]
    return {
        "name": text,
        "params": {text: text, "number": number / 3, "list": [1, None, True, {"a": text}], "big": 2**70, "none": None},
        "extra_data": {"at": number} if number % 2 else None,
        "started_at": None if number % 3 == 0 else STARTED,
        "reference": f"job {number}",
        "reference_type": text or "?",
        "exit_code": number % 3,
        "status": "completed",
    }


def test_rows_are_what_they_are_when_saved_one_by_one(instance, transform):
    count = 160  # more than one statement would take
    many = ln.save([instance.Run(transform=transform, **arguments(number)) for number in range(count)])
    assert [run.id for run in many] == list(range(many[0].id, many[0].id + count))
    assert all(run.created_at is not None and run.created_by is not None for run in many)
    with instance.database.write("make room") as tx:
        tx.execute("UPDATE run SET reference = 'first ' || reference")
    for number in [*range(len(ODD)), count - 1]:
        alone = instance.Run(transform=transform, **arguments(number)).save()
        same = {**held(instance, alone), "reference": f"first job {number}"}
        assert held(instance, many[number]) == same
        text = ODD[number % len(ODD)]
        assert instance.Run.filter(params__list__3__a=text, name=text, params__number=number / 3).to_list() == [
            many[number],
            alone,
        ]


def test_numbers_of_removed_rows_are_not_given_again(instance, transform):
    first = ln.save([instance.Run(transform=transform) for _ in range(3)])
    last = first[-1].id
    first[-1].delete(permanent=True)
    second = ln.save([instance.Run(transform=transform) for _ in range(2)])
    single = instance.Run(transform=transform).save()
    assert [run.id for run in second] == [last + 1, last + 2]
    assert single.id == last + 3


def test_nothing_is_saved_if_one_cannot_be_and_all_can_be_saved_again(instance, transform):
    instance.Run(transform=transform, reference="taken", reference_type="job").save()
    runs = [instance.Run(transform=transform, params={"at": at}) for at in range(5)]
    runs[3].reference, runs[3].reference_type = "taken", "job"
    label = instance.ULabel(name="new")
    with pytest.raises(ln.errors.Conflict):
        ln.save([label, *runs])
    assert [row.id for row in (label, *runs)] == [None] * 6
    assert instance.Run.filter().count() == 1
    assert instance.ULabel.filter().count() == 0
    runs[3].reference = "free"
    ln.save([label, *runs])
    assert instance.Run.filter(params__at__gte=0).count() == 5


@pytest.fixture
def artifact(instance, workdir):
    (workdir / "a.txt").write_text("a")
    return instance.Artifact(workdir / "a.txt", key="a.txt").save()


def refused(*rows):
    """Save rows together with one that cannot be saved."""
    with pytest.raises(ln.errors.InvalidArgument, match="needs a name"):
        ln.save([*rows, ln.ULabel()])
    assert [row.id for row in rows] == [None] * len(rows)


def test_what_a_row_knew_before_a_failed_save_it_knows_at_the_next(instance, transform, artifact, workdir):
    (workdir / "b.txt").write_text("b")
    ln.Feature(name="at", dtype=int).save()
    revised = ln.Artifact(workdir / "b.txt", key="b.txt", revises=artifact, features={"at": 1})
    follower = ln.Transform(key="u.py", source_code="1", revises=transform)
    collection = ln.Collection([artifact], key="study")
    record = ln.Record(name="r", features={"at": 2})
    refused(revised, follower, collection, record)
    assert revised.save().stem == artifact.stem
    assert revised.features["at"] == 1
    assert revised.load() == "b"
    assert follower.save().stem == transform.stem
    assert collection.save().artifacts.to_list() == [artifact]
    assert record.save().features["at"] == 2


def test_the_next_version_of_a_collection_is_that_after_a_failed_save(instance, artifact, workdir):
    (workdir / "b.txt").write_text("b")
    other = ln.Artifact(workdir / "b.txt", key="b.txt").save()
    first = ln.Collection([artifact], key="study").save()
    second = ln.Collection([other, artifact], key="other", revises=first)
    refused(second)
    ln.save([second])
    assert (second.stem, second.version) == (first.stem, "0001")
    assert second.artifacts.to_list() == [other, artifact]


@pytest.mark.sqlite
def test_a_commit_that_fails_leaves_the_version_that_a_row_follows(instance, transform, artifact, workdir):
    (workdir / "b.txt").write_text("b")
    rows = [
        ln.Artifact(workdir / "b.txt", key="b.txt", revises=artifact),
        ln.Transform(key="u.py", source_code="1", revises=transform),
    ]
    connection = instance.database.connection()
    connection.execute("CREATE TABLE one (id INTEGER PRIMARY KEY)")
    connection.execute("CREATE TABLE other (one_id INTEGER REFERENCES one(id) DEFERRABLE INITIALLY DEFERRED)")
    for table in ("artifact", "transform"):  # what such a trigger writes is found out at the commit
        connection.execute(f"CREATE TRIGGER t_{table} AFTER INSERT ON {table} BEGIN INSERT INTO other VALUES (9); END")
    for row in rows:
        with pytest.raises(ln.errors.Conflict):
            row.save()
    for table in ("artifact", "transform"):
        connection.execute(f"DROP TRIGGER t_{table}")
    assert [row.save().stem for row in rows] == [artifact.stem, transform.stem]


def test_new_and_known_rows_of_several_registries_may_be_mixed(instance, transform):
    old = instance.Run(transform=transform, params={"at": "before"}).save()
    old.params = {"at": "after"}
    new = instance.Run(transform=transform, params={"at": "new"})
    records = [instance.Record(name=name) for name in ("a", "b", "a")]
    ln.save([new, new, records[0], old, new, *records[1:], transform])
    assert records[0] == records[2]
    assert [record.name for record in instance.Record.filter()] == ["a", "b"]
    assert [run.params["at"] for run in instance.Run.filter()] == ["after", "new"]
    assert instance.Run.filter(params__at="before").count() == 0
    assert instance.Run.filter(params__at="new").count() == 1


def test_a_run_that_was_removed_is_refused_among_many(instance, transform):
    run = instance.Run(transform=transform).save()
    run.delete(permanent=True)
    with pytest.raises(ln.errors.Conflict, match="removed"):
        ln.save([instance.Run(transform=transform), run])
    assert instance.Run.filter().count() == 0


@pytest.mark.sqlite
def test_a_thousand_runs_take_as_many_statements_as_two(instance, transform, monkeypatch):
    made = []
    for name in ("execute", "execute_many", "read", "one"):
        method = getattr(Transaction, name)
        monkeypatch.setattr(
            Transaction, name, lambda self, *args, method=method: made.append(args[0]) or method(self, *args)
        )

    def statements(count):
        made.clear()
        ln.save([instance.Run(transform=transform, params={"at": at}) for at in range(count)])
        return len(made)

    assert statements(2) == statements(1_000) <= 5


def test_records_that_differ_in_numbers_only_are_no_similar_names(instance, transform, caplog):
    with caplog.at_level("INFO", logger="lamin_lite"):
        instance.Record(name="sample 1").save()
        instance.Record(name="sample 2").save()
        ln.save([instance.Record(name=f"sample {at}") for at in range(3, 6)])
        assert "similar" not in caplog.text
        instance.Record(name="sampel 1").save()
    assert "similar name: 'sample" in caplog.text


def test_what_is_no_list_of_rows_is_refused_with_what_to_write_instead(instance, transform):
    with pytest.raises(
        ln.errors.InvalidArgument, match=r"a list of rows, as in \[row\] for a single one, or row.save\(\)"
    ):
        ln.save(transform)
    for wrong in (None, 3):
        with pytest.raises(ln.errors.InvalidArgument, match=f"a list of rows, as in .*; got {wrong}"):
            ln.save(wrong)
    with pytest.raises(ln.errors.InvalidArgument, match="got None"):
        ln.save([transform, None])
