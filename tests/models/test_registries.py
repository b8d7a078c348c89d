"""What the registries hold and how they answer: columns, dates, choices, locks, and what they say to a mistake."""

from __future__ import annotations

import re
from datetime import date, datetime

import pytest

import lamin_lite as ln
from lamin_lite.models import session

COLUMNS = {
    "Artifact": "uid key description suffix kind otype size hash n_files n_observations extra_data version_tag is_latest "
    "is_locked created_at branch_id space_id storage_id run_id created_by_id",
    "Run": "uid name description entrypoint started_at finished_at params extra_data reference reference_type cli_args "
    "is_locked created_at branch_id space_id transform_id report_id environment_id created_by_id initiated_by_run_id",
    "Transform": "uid key description kind source_code hash reference reference_type version_tag is_latest is_locked "
    "created_at branch_id space_id run_id created_by_id",
    "Collection": "uid key description hash reference reference_type version_tag is_latest is_locked created_at branch_id "
    "space_id run_id created_by_id",
    "Project": "uid name description abbr url start_date end_date is_locked is_type created_at branch_id space_id run_id "
    "created_by_id type_id",
    "Record": "uid name description reference reference_type extra_data is_locked is_type created_at branch_id space_id "
    "run_id created_by_id type_id",
    "Feature": "uid name description dtype unit synonyms nullable coerce default_value is_locked is_type created_at "
    "branch_id space_id run_id created_by_id type_id",
    "ULabel": "uid name description reference reference_type is_locked is_type created_at branch_id space_id run_id "
    "created_by_id type_id",
    "User": "uid handle name created_at",
    "Storage": "uid root description type region instance_uid is_locked created_at branch_id space_id created_by_id",
    "Space": "uid name description created_at created_by_id",
    "Branch": "uid name description created_at created_by_id",
}
OWN = {"Run": ["status", "exit_code"]}  # what the standard keeps elsewhere


@pytest.fixture
def instance(workdir):
    (workdir / "a.csv").write_text("a,b\n1,2\n")
    return ln.Instance.init(workdir)


@pytest.fixture
def rows(instance):
    """One row of each registry that has none from the start."""
    artifact = instance.Artifact("a.csv", key="a.csv").save()
    transform = instance.Transform(key="t.py").save()
    made = [
        artifact,
        transform,
        instance.Run(transform=transform).save(),
        instance.Collection(artifact, key="c").save(),
    ]
    made += [getattr(instance, kind)(name="n").save() for kind in ("Project", "Record", "ULabel")]
    return {type(row).__name__: row for row in [*made, instance.Feature(name="n", dtype=str).save()]}


def test_tables_have_the_columns_that_users_of_the_standard_know_in_their_order(instance, rows):
    for kind, columns in COLUMNS.items():
        first = getattr(instance, kind).to_dicts()[0]
        assert [name for name in first if name not in OWN.get(kind, ())] == ["id", *columns.split()], kind
        row = getattr(instance, kind).filter().first()
        assert all(getattr(row, name) == value for name, value in first.items()), kind


def test_every_field_of_a_registry_can_be_looked_for(instance, rows):
    for kind, names in COLUMNS.items():
        for name in names.split():
            assert getattr(instance, kind).filter(**{f"{name}__isnull": False}).count() >= 0
            assert getattr(instance, kind).order_by(f"-{name}").first() is not None


def test_what_a_run_and_a_person_made_is_found_from_them_and_they_from_it(instance, rows):
    run = rows["Run"]
    with session.using(instance), session.running(run):
        made = {
            "transforms": instance.Transform(key="pipeline").save(),
            "records": instance.Record(name="made").save(),
            "ulabels": instance.ULabel(name="made").save(),
            "features": instance.Feature(name="made", dtype=int).save(),
            "projects": instance.Project(name="made").save(),
        }
    for name, row in made.items():
        assert getattr(run, f"output_{name}").to_list() == [row]
        assert instance.Run.filter(**{f"output_{name}": row}).one() == run
        assert row in getattr(row.created_by, f"created_{name}")
    text = run.describe(return_str=True)
    assert all(f"Output {name} (1)" in text for name in made)
    person = instance.User.get(1)
    assert person.created_runs.to_list() == [run]
    assert person.created_collections.to_list() == [rows["Collection"]]
    assert instance.User.filter(created_artifacts__key="a.csv").one() == person
    assert "Created artifacts (1)" in person.describe(return_str=True)


def test_who_made_an_artifact_or_a_collection_anew_is_told_apart_from_who_made_it(instance, rows):
    first, second = (instance.Run(rows["Transform"]).save() for _ in range(2))
    for run in (first, second):
        artifact = instance.Artifact("a.csv", key="b.csv", run=run).save()
        collection = instance.Collection([artifact], key="two", run=run).save()
    for row in (artifact, collection):
        assert row.run == first
        assert row.transform == rows["Transform"]
        assert row.recreating_runs.to_list() == [second]
        assert set(row.output_of_runs) == {first, second}
    assert first.created_collections.to_list() == second.recreated_collections.to_list() == [collection]
    assert instance.Artifact("a.csv", key="c.csv", run=False).transform is None
    with pytest.raises(AttributeError):
        artifact.transform = rows["Transform"]


def test_only_what_cannot_be_mistaken_is_taken_without_its_name(instance, rows):
    assert instance.Run(rows["Transform"]).transform == rows["Transform"]
    with pytest.raises(ln.errors.InvalidArgument, match="all but transform"):
        instance.Run(rows["Transform"], "name")
    with pytest.raises(ln.errors.InvalidArgument, match="all but transform"):
        instance.Run(rows["Transform"], transform=rows["Transform"])
    with pytest.raises(ln.errors.InvalidArgument, match="by name: name='checked'"):
        instance.ULabel("checked")


def test_what_is_registered_by_hand_in_a_run_knows_the_run(instance, rows):
    with session.using(instance), session.running(rows["Run"]):
        made = instance.Transform(key="pipeline").save()
    assert made.run == rows["Run"]
    assert instance.Transform.filter(run=rows["Run"]).one() == made
    assert rows["Transform"].run is None


def test_the_main_storage_belongs_to_the_instance(instance, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    storage = instance.Storage.filter(instance_uid=instance.uid).one()
    assert storage.path in repr(storage)
    assert storage.path[-30:] in str(instance.Storage.filter())  # the end of a path tells more than its start


# -- days


def test_a_day_is_a_date_however_it_is_given(instance):
    project = instance.Project(name="P", start_date="2026-01-31", end_date=date(2026, 12, 1)).save().refresh()
    assert (project.start_date, project.end_date) == (date(2026, 1, 31), date(2026, 12, 1))
    assert "start_date=2026-01-31, end_date=2026-12-01" in repr(project)
    assert "2026-01-31  2026-12-01" in str(instance.Project.filter())


def test_what_is_no_day_is_refused_before_it_is_saved(instance):
    for wrong in ("31.1.2026", "2026-13-01", "", 2026, datetime(2026, 1, 1)):
        with pytest.raises(ln.errors.InvalidArgument, match="start_date is a date"):
            instance.Project(name="P", start_date=wrong)
        with pytest.raises(ln.errors.InvalidArgument, match="start_date is a date"):
            instance.Project.filter(start_date__gt=wrong)


def test_days_are_compared_as_days(instance):
    days = [date(999, 1, 1), date(2025, 1, 31), date(2026, 1, 1), date(2026, 12, 31)]
    for day in days:
        instance.Project(name=str(day), start_date=day).save()
    instance.Project(name="open").save()

    def found(**conditions):
        rows = instance.Project.filter(**{f"start_date__{name}": value for name, value in conditions.items()})
        return rows.values_list("start_date", flat=True)

    assert found(gt="2025-01-31") == days[2:]
    assert found(lte=days[1]) == days[:2]
    assert found(range=("2025-01-01", "2026-01-01")) == days[1:3]
    assert found(year=2026) == days[2:]
    assert found(year__lt=2026, month=1) == days[:2]
    assert found(day__in=[31]) == [days[1], days[3]]
    with pytest.raises(ln.errors.FieldError, match="'hour' in 'start_date__hour' is no lookup"):
        found(hour=1)


# -- choices and other names


def test_a_word_that_is_none_of_the_possible_ones_is_refused_where_it_would_find_nothing(instance, rows):
    for call in (
        lambda: instance.Run.filter(status="complete"),
        lambda: instance.Run.filter(status__in=["completed", "complete"]),
        lambda: instance.Run(transform=rows["Transform"], status="complete"),
        lambda: instance.Transform(key="k", kind="banana"),
    ):
        with pytest.raises(ln.errors.InvalidArgument, match=r"is none of .*(completed|pipeline)"):
            call()
    assert instance.Run.filter(status__startswith="sched").count() == 1


def test_a_feature_is_found_by_its_other_names(instance):
    feature = instance.Feature(name="temperature", dtype=float, synonyms=["temp", "heat of the sample"]).save()
    assert feature.synonyms == "temp|heat of the sample"
    assert instance.Feature.filter(synonyms__contains="temp").one() == feature
    assert instance.Feature.search("heat").first() == feature
    with pytest.raises(ln.errors.InvalidArgument, match="synonyms"):
        instance.Feature(name="f", dtype=float, synonyms=["a|b"])


def test_runs_are_searched_by_their_transform_and_function(instance, rows):
    ingest = instance.Run(transform=rows["Transform"], entrypoint="ingest_dataset").save()
    assert instance.Run.search("ingest").to_list() == [ingest]
    assert instance.Run.search("t.py").to_list() == [ingest, rows["Run"]]
    assert instance.Run.search("nothing").to_list() == []


def test_people_are_known_by_their_login_name(instance, rows):
    user = instance.User.filter().one()
    assert list(instance.User.lookup()) == [user.handle]
    assert f"  {user.handle}" in str(instance.Project.filter()).splitlines()[1]


# -- locks


def test_a_locked_row_stays_as_it_is_until_somebody_unlocks_it(instance, rows):
    feature, row = rows["Feature"], rows["Record"]
    row.features.add_values({feature.name: "before"})
    early = instance.Record.get(row.uid)
    row.is_locked = True
    row.save()
    late = instance.Record.get(row.uid)
    assert late.is_locked
    for one in (early, row, late):
        one.description = "changed"
        for change in (one.save, one.delete, one.archive, lambda one=one: one.delete(permanent=True)):
            with pytest.raises(ln.errors.Conflict, match="is locked: set its is_locked to False"):
                change()
        for change in (one.features.add_values, one.features.set_values):
            with pytest.raises(ln.errors.Conflict, match="is locked"):
                change({feature.name: "after"})
    with pytest.raises(ln.errors.Conflict, match="is locked"):
        instance.Record.filter().update(description="changed")
    assert row.refresh().description is None
    assert row.features[feature.name] == "before"
    row.is_locked = False
    row.description = "changed"
    row.save()
    row.delete()
    assert not instance.Record.exists()


def test_locks_are_asked_for_and_taken_off_by_queries(instance):
    for name in "abc":
        instance.Project(name=name, is_locked=name != "a").save()
    locked = instance.Project.filter(is_locked=True)
    assert locked.to_list("name") == ["b", "c"]
    assert locked.update(is_locked=False) == 2
    assert not locked.exists()
    assert instance.Project.filter().delete() == 3


def test_a_locked_artifact_gets_a_new_version_and_keeps_its_own(instance, rows, workdir):
    old = rows["Artifact"]
    old.is_locked = True
    old.save()
    (workdir / "a.csv").write_text("a,b\n3,4\n")
    new = instance.Artifact("a.csv", key="a.csv").save()
    assert new.stem_uid == old.stem_uid
    assert instance.Artifact.get(key="a.csv") == new
    assert old.refresh().is_locked
    assert not new.is_locked


# -- what is said to a mistake


NATURAL = {
    "Run": "created_by__handle transform__key projects__name input_artifacts__key initiated_by_run__uid",
    "Artifact": "run__uid space__name storage__root ulabels__name collections__key records__name",
    "Record": "type__name created_by__handle runs__uid transforms__key",
}


def test_a_text_for_a_related_row_is_told_which_field_of_it_to_ask_for(instance):
    for kind, lookups in NATURAL.items():
        for lookup in lookups.split():
            with pytest.raises(ln.errors.FieldError, match=re.escape(f"as in {lookup}='x'.")):
                getattr(instance, kind).filter(**{lookup.partition("__")[0]: "x"})
            assert getattr(instance, kind).filter(**{lookup: "x"}).count() == 0


def said(call):
    with pytest.raises(ln.errors.LaminLiteError) as caught:
        call()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_what_is_not_found_is_named_with_what_is_near(instance, rows):
    get = instance.Artifact.get
    assert said(lambda: get(key="b.csv")) == "No Artifact matches key='b.csv'. Did you mean key='a.csv'?"
    assert said(lambda: get("a.csv")).endswith("starts with 'a.csv'. Did you mean Artifact.get(key='a.csv')?")
    assert said(lambda: get("nothing")).endswith("By its key it would be Artifact.get(key='nothing').")
    assert "id=99" in said(lambda: get(99))
    assert "got 3.5" in said(lambda: get(3.5))
    assert "got True" in said(lambda: get(True))
    assert "handle='...'" in said(instance.User.get)
    assert "Did you mean User.get(handle=" in said(lambda: instance.User.get(instance.User.filter().one().handle))


def test_one_of_none_and_one_of_many_name_the_conditions(instance, rows):
    assert said(instance.Artifact.filter(key="x", size__gt=3).one) == "No Artifact matches key='x', size__gt=3."
    instance.Project(name="other").save()
    text = said(instance.Project.filter(created_by__handle__isnull=False).one)
    assert text.startswith("2 rows of Project match created_by__handle__isnull=False: ")
    assert "first() or last()" in text
    assert "Project(" not in text


def test_a_list_is_asked_for_by_the_name_of_the_lookup(instance):
    assert "key__in=['a.csv']" in said(lambda: instance.Artifact.filter(key__in="a.csv"))
    assert "size__range needs the least and the greatest" in said(lambda: instance.Artifact.filter(size__range=3))


# -- rows in words


def test_a_row_in_words_fits_a_line_and_tells_what_is_not_as_usual(instance, rows):
    for row in rows.values():
        assert len(repr(row)) < 200, repr(row)
        assert "False" not in repr(row), repr(row)
        assert repr(row).startswith(f"{type(row).__name__}(uid='{row.uid}'")
    unsaved = instance.Project(name="x", is_type=True)
    assert repr(unsaved) == f"Project(uid='{unsaved.uid}', name='x', is_type=True)"
    assert "hash='" in repr(rows["Artifact"])


@pytest.mark.parametrize(
    ("kind", "name", "hint"),
    [
        ("Artifact", "projects", r"use \.projects\.set\(\[\.\.\.\]\), or \.projects\.add\("),
        ("ULabel", "artifacts", r"use \.artifacts\.set\("),
        ("Run", "features", r"use \.features\.set_values\("),
        ("Run", "input_artifacts", "follows from"),
        ("Record", "records", "follows from"),
        ("Artifact", "save", "is a method of Artifact"),
        ("Transform", "view_lineage", "is a method"),
        ("Run", "filter", "is a method"),
    ],
)
def test_what_is_no_field_is_never_hidden_by_assigning_to_it(instance, rows, kind, name, hint):
    row = rows[kind]
    with pytest.raises(ln.errors.InvalidArgument, match=rf"{name}.*cannot be set to \[\]|{name}.*{hint}") as caught:
        setattr(row, name, [])
    assert re.search(hint, str(caught.value))
    assert name not in vars(row)
    rows["Artifact"].projects.set([rows["Project"]])
    assert rows["Artifact"].projects.to_list() == [rows["Project"]]
