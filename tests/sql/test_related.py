"""Conditions on many related rows: which of them are seen, and that those of one call speak of one of them."""

from __future__ import annotations

import shutil
from functools import reduce
from operator import and_, or_

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import lamin_lite as ln

PLAIN = settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
NAMES, ABBRS = ["p0", "p1", "p2", "p3", "gone", "aside"], ["x", "y", None]


class Row(dict):
    """A row as it was made, with its related rows: what the oracle looks at."""

    @property
    def is_shown(self):
        return self.get("branch", 1) == 1


@pytest.fixture
def instance(workdir):
    return ln.Instance.init(workdir)


@pytest.fixture
def rows(instance):
    """Transforms with runs and projects, of which some are in the trash or the archive."""
    projects = [
        Row(name=name, abbr=ABBRS[at % 3], branch={"gone": -1, "aside": 0}.get(name, 1))
        for at, name in enumerate(NAMES)
    ]
    saved = [instance.Project(name=one["name"], abbr=one["abbr"]).save() for one in projects]
    made = []
    for at in range(8):
        transform = instance.Transform(key=f"t{at}.py").save()
        mine = [number for number in range(len(NAMES)) if (at * 7 + number * 5) % 4 == 0]
        transform.projects.add(*(saved[number] for number in mine))
        runs = []
        for number in range(at % 4):
            run = instance.Run(transform=transform, name=f"r{number}", exit_code=(at + number) % 2).save()
            of_run = [(at + number) % 6, (at + 2 * number) % 6] if number else []
            run.projects.add(*(saved[each] for each in of_run))
            trashed = (at + number) % 5 == 4
            if trashed:
                run.delete()
            runs.append(
                Row(
                    name=run.name,
                    exit_code=run.exit_code,
                    branch=-1 if trashed else 1,
                    projects=[projects[each] for each in set(of_run)],
                )
            )
        made.append(Row(key=transform.key, projects=[projects[number] for number in mine], runs=runs))
    for one, row in zip(saved, projects):
        if row["branch"] == -1:
            one.delete()
        elif row["branch"] == 0:
            one.archive()
    return made


LEAVES = {
    "key": [f"t{at}.py" for at in range(8)],
    "projects__name": NAMES,
    "projects__abbr": ABBRS,
    "projects__isnull": [True, False],
    "runs__name": ["r0", "r1", "r2"],
    "runs__exit_code": [0, 1],
    "runs__isnull": [True, False],
    "runs__projects__name": NAMES,
    "runs__projects__abbr": ABBRS,
    "runs__projects__isnull": [True, False],
}
leaves = st.sampled_from(sorted(LEAVES)).flatmap(lambda name: st.tuples(st.just(name), st.sampled_from(LEAVES[name])))
trees = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.tuples(st.just("not"), inner),
        st.tuples(st.sampled_from(["and", "or"]), st.lists(inner, min_size=2, max_size=3)),
    ),
    max_leaves=6,
)


def q_of(tree):
    kind, rest = tree
    if kind == "not":
        return ~q_of(rest)
    if kind in ("and", "or"):
        return reduce(and_ if kind == "and" else or_, map(q_of, rest))
    return ln.Q(**{kind: rest})


def holds(tree, row):
    """What a condition means: what is joined by ``and`` about the rows of one relation is about one of them."""
    kind, rest = tree
    if kind == "not":
        return not holds(rest, row)
    if kind == "or":
        return any(holds(one, row) for one in rest)
    if kind == "and":
        ways = {}
        for one in flat(rest):
            ways.setdefault(way(one), []).append(one)
        return all(
            any(holds(("and", [stripped(one) for one in about]), other) for other in row[relation] if other.is_shown)
            if relation
            else all(holds(one, row) for one in about)
            for relation, about in ways.items()
        )
    first, _, more = kind.partition("__")
    if more == "isnull":
        return any(other.is_shown for other in row[first]) is not rest
    if more:
        return any(holds((more, rest), other) for other in row[first] if other.is_shown)
    return row[first] == rest


def plain(tree):
    """The same without what says nothing: ``~~q`` is ``q``, and so is a join of it alone."""
    kind, rest = tree
    if kind == "not":
        inner = plain(rest)
        return inner[1] if inner[0] == "not" else (kind, inner)
    if kind in ("and", "or"):
        parts = [plain(one) for one in rest]
        return parts[0] if len(parts) == 1 else (kind, parts)
    return tree


def flat(parts):
    return [each for one in parts for each in (flat(one[1]) if one[0] == "and" else [one])]


def way(tree):
    """The relation of which a condition asks for one row, if it is about no other."""
    kind, rest = tree
    if kind == "not":
        return None
    if kind in ("and", "or"):
        ways = {way(one) for one in rest}
        return ways.pop() if len(ways) == 1 else None
    first, _, more = kind.partition("__")
    return first if more and more != "isnull" else None


def stripped(tree):
    kind, rest = tree
    if kind in ("and", "or"):
        return kind, [stripped(one) for one in rest]
    return kind.partition("__")[2], rest


@PLAIN
@given(st.lists(st.tuples(st.booleans(), trees), min_size=1, max_size=3))
@example([(False, ("and", [("runs__name", "r0"), ("not", ("not", ("runs__exit_code", 0)))]))])
def test_conditions_of_one_call_speak_of_one_related_row(instance, rows, calls):
    found = instance.Transform.filter()
    for excluded, tree in calls:
        found = found.exclude(q_of(tree)) if excluded else found.filter(q_of(tree))
    wanted = [row["key"] for row in rows if all(holds(plain(tree), row) is not excluded for excluded, tree in calls)]
    assert found.to_list("key") == wanted
    assert found.count() == len(wanted)
    assert [one.key for one in found[:2]] == wanted[:2]


def test_one_call_asks_for_one_project_and_two_calls_for_two(instance):
    transform = instance.Transform(key="t.py").save()
    transform.projects.add(instance.Project(name="PX", abbr="ax").save(), instance.Project(name="PY", abbr="ay").save())
    run = instance.Run(transform=transform).save()
    two = {"projects__name": "PX", "projects__abbr": "ay"}
    rows = instance.Transform.filter()
    assert rows.filter(**two).count() == 0
    assert rows.filter(ln.Q(**two)).count() == rows.filter(ln.Q(projects__name="PX"), projects__abbr="ay").count() == 0
    assert rows.filter(ln.Q(projects__name="PX") & ln.Q(projects__abbr="ay")).count() == 0
    assert rows.filter(projects__name="PX").filter(projects__abbr="ay").count() == 1
    assert rows.filter(projects__name="PX", projects__abbr="ax").count() == 1
    assert rows.exclude(**two).count() == 1
    assert rows.exclude(projects__name="PX", projects__abbr="ax").count() == 0
    assert rows.filter(ln.Q(projects__name="PX") | ln.Q(projects__name="PY"), projects__abbr="ax").count() == 1
    assert rows.filter(ln.Q(projects__name="PX") | ln.Q(projects__name="PZ"), projects__abbr="ay").count() == 0
    assert instance.Run.filter(transform__projects__name="PX", transform__projects__abbr="ay").count() == 0
    assert instance.Run.filter(transform__projects__name="PY", transform__projects__abbr="ay").one() == run
    assert rows.filter(projects=instance.Project.get(name="PX"), projects__abbr="ay").count() == 0


def test_the_type_of_a_related_row_is_that_of_the_one_that_is_named(instance):
    types = [instance.Record(name=name, is_type=True).save() for name in ("ExpA", "ExpB")]
    transform = instance.Transform(key="t.py").save()
    transform.records.add(
        instance.Record(name="R1", type=types[1]).save(), instance.Record(name="R2", type=types[0]).save()
    )
    assert instance.Transform.filter(records__name="R1", records__type__name="ExpA").count() == 0
    assert instance.Transform.filter(records__name="R2", records__type__name="ExpA").count() == 1


def test_what_is_said_twice_of_one_field_holds_twice(instance):
    made = [instance.Transform(key=f"{at}.py").save() for at in range(4)]
    run = [instance.Run(transform=each, started_at=f"2026-01-0{at + 1}T00:00Z").save() for at, each in enumerate(made)]
    after, before = ln.Q(started_at__gt="2026-01-01T12:00Z"), ln.Q(started_at__gt="2026-01-03T12:00Z")
    assert instance.Run.filter(after & before).to_list() == instance.Run.filter(before & after).to_list() == run[3:]


@pytest.mark.parametrize("away", ["delete", "archive"])
def test_a_related_row_that_is_put_away_is_seen_only_where_it_is_named(instance, away):
    project = instance.Project(name="p").save()
    made, other = instance.Transform(key="t.py").save(), instance.Transform(key="u.py").save()
    made.projects.add(project)
    getattr(project, away)()
    rows = instance.Transform.filter()
    assert made.projects.count() == 0
    assert rows.filter(projects__name="p").count() == 0
    assert rows.exclude(projects__name="p").count() == 2
    assert rows.filter(projects__isnull=True).to_list() == [made, other]
    assert rows.filter(projects__isnull=False).count() == 0
    assert rows.filter(key="t.py").to_dicts(include=["projects__name", "projects"])[0]["projects__name"] == []
    branch = {"delete": "trash", "archive": "archive"}[away]
    for named in (
        {"projects": project},
        {"projects__in": [project]},
        {"projects__id": project.id},
        {"projects__branch__name": branch},
        {"projects__branch": branch},
        {"projects__branch": None, "projects__name": "p"},
        {"projects": project, "projects__name": "p"},
    ):
        assert rows.filter(**named).to_list() == [made], named
    made.delete()
    assert project.refresh().transforms.count() == 0
    assert instance.Project.filter(branch=None, transforms__key="t.py").count() == 0
    assert instance.Project.filter(branch=None, transforms__isnull=False).count() == 0
    assert instance.Run.filter(transform__key="t.py").count() == 0


def test_rows_that_a_column_relates_follow_the_same_rule(instance):
    transform, other = instance.Transform(key="t.py").save(), instance.Transform(key="u.py").save()
    run = instance.Run(transform=transform, name="r").save()
    assert instance.Transform.filter(runs__name="r").to_list() == [transform]
    run.delete()
    assert instance.Transform.filter(runs__name="r").count() == 0
    assert instance.Transform.filter(runs__isnull=True).to_list() == [transform, other]
    assert instance.Transform.filter(runs=run).to_list() == [transform]


def test_rows_without_a_type_do_not_hide_that_others_have_no_members(instance):
    kind = instance.Record(name="kind", is_type=True).save()
    empty = instance.Record(name="empty", is_type=True).save()
    member = instance.Record(name="member", type=kind).save()
    assert instance.Record.filter(records__isnull=True).to_list() == [empty, member]
    assert instance.Record.exclude(records__name__startswith="m").to_list() == [empty, member]


def test_files_of_runs_are_related_where_the_query_set_of_the_row_lists_them(instance, workdir):
    (workdir / "a.txt").write_text("a")
    label = instance.ULabel(name="l").save()
    artifact = instance.Artifact("a.txt", key="a.txt").save()
    artifact.ulabels.add(label)
    with instance.database.write("make it a file of a run") as tx:
        tx.execute("UPDATE artifact SET kind = ?", [ln.base.names.KIND_OF_RUN_FILES])
    assert label.artifacts.count() == instance.ULabel.filter(artifacts__key="a.txt").count() == 0
    assert instance.ULabel.filter(artifacts__isnull=True).count() == 1
    assert instance.ULabel.filter(artifacts=artifact.id).one() == label
    assert instance.ULabel.filter(artifacts__kind=ln.base.names.KIND_OF_RUN_FILES).one() == label


def test_what_a_collection_holds_is_seen_also_in_the_trash_as_by_its_query_set(instance, workdir):
    (workdir / "a.txt").write_text("a")
    artifact = instance.Artifact("a.txt", key="a.txt").save()
    collection = instance.Collection([artifact], key="c").save()
    artifact.delete()
    assert collection.artifacts.to_list("key") == ["a.txt"]
    assert instance.Collection.filter(artifacts__key="a.txt").one() == collection
    assert instance.Collection.to_dicts(include=["artifacts__key"])[0]["artifacts__key"] == ["a.txt"]


def test_what_is_included_of_a_collection_has_its_order(instance, workdir):
    made = {}
    for name in "acb":
        (workdir / name).write_text(name)
        made[name] = instance.Artifact(name, key=name).save()
    for names in ("cab", "bc"):
        collection = instance.Collection([made[name] for name in names], key=names).save()
        assert collection.artifacts.to_list("key") == [*names]
    rows = instance.Collection.to_dicts(include=["artifacts__key", "artifacts"])
    assert [row["artifacts__key"] for row in rows] == [row["artifacts"] for row in rows] == [[*"cab"], [*"bc"]]
    assert instance.Artifact.to_dicts(include=["collections__key"])[0]["collections__key"] == ["cab"]


@pytest.mark.parametrize("many", range(1, 8))
def test_a_condition_follows_seven_relations_to_many_rows(instance, many):
    transform, project = instance.Transform(key="t.py").save(), instance.Project(name="P").save()
    run = instance.Run(transform=transform).save()
    run.projects.add(project)
    transform.projects.add(project)
    path = "__".join(("projects", "transforms", "runs")[at % 3] for at in range(many))
    assert instance.Run.filter(**{f"{path}__uid__in": [transform.uid, project.uid, run.uid]}).one() == run


@pytest.mark.sqlite
def test_a_condition_over_too_many_relations_is_one_sentence(instance):
    path = "__".join(("projects", "transforms", "runs")[at % 3] for at in range(40))
    with pytest.raises(ln.errors.FieldError, match="step by step"):
        instance.Run.filter(**{f"{path}__id": 1}).count()


def test_none_is_no_related_row_and_a_foreign_key_without_a_value_is_none_in_a_list(instance):
    transform = instance.Transform(key="t.py").save()
    first = instance.Run(transform=transform).save()
    second = instance.Run(transform=transform, initiated_by_run=first).save()
    assert instance.Run.filter(initiated_by_run__in=[None]).to_list() == [first]
    assert instance.Run.filter(initiated_by_run__in=[None, first]).to_list() == [first, second]
    for wrong in ({"projects": None}, {"projects__in": [None]}):
        with pytest.raises(ln.errors.FieldError, match="projects__isnull=True"):
            instance.Run.filter(**wrong)


# -- rows of another instance


@pytest.fixture
def two(workdir):
    """Two instances whose rows have the same ids."""
    made = []
    for name in ("one", "two"):
        (workdir / name).mkdir()
        each = ln.Instance.init(workdir / name)
        project, transform = each.Project(name=f"P {name}").save(), each.Transform(key=f"{name}.py").save()
        label = each.ULabel(name=f"L {name}").save()
        each.Feature(name="seen", dtype=ln.ULabel).save()
        run = each.Run(transform=transform).save()
        run.projects.add(project)
        run.features.add_values({"seen": label})
        made.append(each)
    return made


OF_ANOTHER = {
    "one row": lambda one: {"transform": one.Transform.filter().one()},
    "exactly": lambda one: {"transform__exact": one.Transform.filter().one()},
    "list": lambda one: {"transform__in": one.Transform.filter().to_list()},
    "query set": lambda one: {"transform__in": one.Transform.filter()},
    "made by": lambda one: {"created_by": one.User.filter().one()},
    "space": lambda one: {"space": one.Space.get(name="all")},
    "branch": lambda one: {"branch": one.Branch.get(name="main")},
    "branches": lambda one: {"branch__in": [one.Branch.get(name="main"), "archive"]},
    "related row": lambda one: {"projects": one.Project.filter().one()},
    "related rows": lambda one: {"projects__in": one.Project.filter()},
    "along a way": lambda one: {"projects__runs": one.Run.filter().one(), "projects__name": "P two"},
    "feature": lambda one: {"seen": one.ULabel.filter().one()},
    "features": lambda one: {"seen__in": [one.ULabel.filter().one(), None]},
}


def test_a_row_of_another_instance_meets_no_row_by_its_id(two):
    one, other = two
    ways = (
        other.Run.filter,
        other.Run.exclude,
        other.Run.get,
        lambda **given: other.Run.filter(~ln.Q(**given) | ln.Q(status="errored")),
        other.Transform.get(key="two.py").runs.filter,
    )
    for name, rows_of in OF_ANOTHER.items():
        for ask in ways:
            with pytest.raises(ln.errors.InvalidArgument, match=r"rows of two instances .*__uid='"):
                ask(**rows_of(one))
        assert other.Run.filter(**rows_of(other)).count() == 1, name
        assert other.Run.exclude(**rows_of(other)).count() == 0, name


def test_a_row_of_another_instance_is_no_value_of_an_update(two):
    one, other = two
    with pytest.raises(ln.errors.InvalidArgument, match="two instances"):
        other.Transform.filter().update(created_by=one.User.filter().one())


def test_an_instance_that_is_opened_twice_is_one(two, workdir):
    _, other = two
    again = ln.Instance.open(workdir / "two")
    assert again is not other
    assert again.Run.filter(transform__in=other.Transform.filter(), projects=other.Project.filter().one()).count() == 1


@pytest.mark.sqlite
def test_an_instance_that_was_made_anew_in_the_same_place_is_another_one(two, workdir):
    _, other = two
    project = other.Project.filter().one()
    other.database.close()
    shutil.rmtree(workdir / "two")
    (workdir / "two").mkdir()
    with pytest.raises(ln.errors.InvalidArgument, match="two instances"):
        ln.Instance.init(workdir / "two").Run.filter(projects=project)


# -- rows that say in a column to which row they belong


def test_runs_of_a_transform_are_those_of_its_condition_with_trash_and_archive(instance):
    transform, other = instance.Transform(key="t.py").save(), instance.Transform(key="u.py").save()
    runs = [instance.Run(transform=transform, name=name).save() for name in "abc"]
    instance.Run(transform=other, name="d").save()
    runs[0].delete()
    runs[1].archive()
    for rows in (transform.runs, instance.Run.filter(transform=transform)):
        assert rows.to_list("name") == ["c"]
        assert rows.order_by("-name").first() == rows.last() == runs[2]
        assert rows.filter(branch="trash").to_list("name") == ["a"]
        assert rows.filter(branch=None).order_by("-name").to_list("name") == ["c", "b", "a"]
        assert rows.exclude(name="c").count() == 0
    assert instance.User.filter().one().created_runs.to_list("name") == ["c", "d"]
    assert ln.Transform.runs.is_column
    with pytest.raises(ln.errors.DoesNotExist, match="None of these Runs has a uid"):
        transform.runs.get("zzz")
    with pytest.raises(ln.errors.DoesNotExist, match=r"^No Run matches name='d'\."):
        transform.runs.get(name="d")
    assert instance.Transform(key="new.py").runs.to_list() == []
