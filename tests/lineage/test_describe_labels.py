"""Projects, records, labels, features, users and spaces tell what belongs to them."""

from __future__ import annotations

import pytest

import lamin_lite as ln


@pytest.fixture
def instance(workdir):
    (workdir / "a.csv").write_text("a,b\n1,2\n")
    return ln.Instance.init(workdir)


def text(row):
    return row.describe(return_str=True)


def themes(row):
    """The themes of a description, and their lines."""
    found = {}
    for line in text(row).splitlines()[1:]:
        if line.startswith(("├── ", "└── ")):
            found[line[4:]] = below = []
        else:
            below.append(line[8:])
    return found


def test_a_label_counts_what_bears_it_and_lists_the_newest(instance):
    transform = instance.Transform(key="t.py").save()
    runs = ln.save([instance.Run(transform=transform, params={"at": at}) for at in range(12)])
    artifact = instance.Artifact("a.csv", key="a.csv", description="rows").save()
    for kind in ("Project", "ULabel", "Record"):
        label = getattr(instance, kind)(name="mine").save()
        label.artifacts.add(artifact)
        label.transforms.add(transform)
        label.runs.add(*runs)
        found = themes(label)
        assert found["Artifacts (1)"] == [f"a.csv  {artifact.uid}  8 B"], kind
        assert found["Transforms (1)"] == [f"t.py  {transform.uid}"], kind
        assert len(found["Runs (12)"]) == 11, kind
        assert found["Runs (12)"][0].startswith(f"{runs[-1].uid}  scheduled")
        assert found["Runs (12)"][0].endswith("t.py(at=11)")
        assert found["Runs (12)"][-1] == "… 2 more"
        assert "Parents" not in text(label)


def test_what_was_put_away_is_not_counted(instance):
    project = instance.Project(name="P").save()
    artifact = instance.Artifact("a.csv", key="a.csv").save()
    project.artifacts.add(artifact)
    artifact.delete()
    assert "Artifacts" not in text(project)
    assert "branch:  trash" in text(instance.Artifact.get(artifact.uid, branch="trash"))


def test_parents_children_and_types_are_told_from_both_sides(instance):
    kind = instance.Record(name="Sample", is_type=True, reference="S", reference_type="catalogue").save()
    old = instance.Record(name="old", type=kind).save()
    new = instance.Record(name="new", type=kind, extra_data={"depth": 3}).save()
    new.parents.add(old)
    new.ulabels.add(instance.ULabel(name="checked").save())
    assert themes(kind)["Records of this type (2)"] == [f"new  (Sample)  {new.uid}", f"old  (Sample)  {old.uid}"]
    assert "reference type: catalogue" in text(kind)
    assert "is type:        yes" in text(kind)
    assert themes(old)["Children (1)"] == [f"new  (Sample)  {new.uid}"]
    found = themes(new)
    assert found["Parents (1)"] == [f"old  (Sample)  {old.uid}"]
    assert found["Labels"] == ["ulabels: checked"]
    assert found["Extra data"] == ["depth = 3"]
    assert "type:    Sample" in text(new)
    assert "False" not in text(new)


def test_a_feature_tells_its_dtype_and_the_values_that_it_has(instance):
    kind = instance.Record(name="Experiment", is_type=True).save()
    record = instance.Record(name="E1", type=kind).save()
    other = instance.Record(name="unused", type=kind).save()
    feature = instance.Feature(name="experiment", dtype=kind, nullable=False).save()
    heat = instance.Feature(name="heat", dtype=float, unit="°C", synonyms=["temp"]).save()
    run = instance.Run(transform=instance.Transform(key="t.py").save()).save()
    artifact = instance.Artifact("a.csv", key="a.csv").save()
    run.features.add_values({"experiment": "E1", "heat": 21.5})
    artifact.features.add_values({"experiment": "E1"})
    found = themes(feature)
    assert found["Values of artifacts (1)"] == [f'"E1"  a.csv  {artifact.uid}']
    assert found["Values of runs (1)"] == [f'"E1"  t.py  {run.uid}']
    assert "dtype:    cat[Record[Experiment]]" in text(feature)
    assert "nullable: no" in text(feature)
    assert themes(heat)["Values of runs (1)"] == [f"21.5  t.py  {run.uid}"]
    assert "unit:     °C" in text(heat)
    assert themes(record)["Value of features"] == ["experiment of 1 artifact", "experiment of 1 run"]
    assert "Value of features" not in themes(other)


def test_a_transform_tells_runs_labels_versions_and_who_registered_it(instance):
    project = instance.Project(name="P").save()
    run = instance.Run(transform=instance.Transform(key="parent.py").save()).save()
    first = instance.Transform(key="t.py", source_code="one", run=run).save()
    second = instance.Transform(key="t.py", source_code="two", kind="script", version="T1").save()
    second.projects.add(project)
    made = instance.Run(transform=second, entrypoint="main", params={"a": 1}).save()
    found = themes(second)
    assert found["Labels"] == ["projects: P"]
    assert found["Runs (1)"] == [f"{made.uid}  scheduled    t.py: main(a=1)"]
    assert [line.split()[0] for line in found["Versions"]] == [first.uid, second.uid]
    assert "version: T1" in text(second)
    assert f"run:     parent.py ({run.uid})" in text(first)
    assert "version: 0000 (not the latest)" in text(first.refresh())


def test_collections_are_told_by_runs_and_artifacts(instance):
    artifact = instance.Artifact("a.csv", key="a.csv").save()
    run = instance.Run(transform=instance.Transform(key="t.py").save()).save()
    collection = instance.Collection(artifact, key="study", run=run).save()
    assert themes(artifact)["Collections (1)"] == [f"study  {collection.uid}"]
    assert themes(run)["Outputs"] == [f"study  {collection.uid}"]
    reader = instance.Run(transform=run.transform).save()
    collection.load(is_run_input=reader)
    assert themes(reader)["Inputs"] == [f"study  {collection.uid}", f"a.csv  {artifact.uid}  8 B"]
    assert themes(collection)["Read by (1)"][0].startswith(reader.uid)


def test_users_spaces_branches_and_storages_tell_what_they_have(instance):
    artifact = instance.Artifact("a.csv", key="a.csv").save()
    run = instance.Run(transform=instance.Transform(key="t.py").save()).save()
    user, storage = instance.User.filter().one(), instance.Storage.filter().one()
    created = {name.removeprefix("Created ").capitalize(): rows for name, rows in themes(user).items()}
    for found in (created, themes(instance.Space.get(name="all")), themes(instance.Branch.get(name="main"))):
        assert found["Artifacts (1)"] == [f"a.csv  {artifact.uid}  8 B"]
        assert found["Runs (1)"][0].startswith(run.uid)
        assert "Transforms (1)" in found
    assert themes(storage)["Artifacts (1)"]
    assert text(storage).startswith(f"Storage: {storage.path}\n")
    artifact.delete()
    assert themes(instance.Branch.get(name="trash"))["Artifacts (1)"]


def test_all_descriptions_tell_in_one_way_who_when_and_where(instance):
    space = instance.Space(name="team").save()
    transform = instance.Transform(key="t.py", space=space, is_locked=True).save()
    artifact = instance.Artifact("a.csv", key="a.csv", space=space, is_locked=True).save()
    run = instance.Run(transform=transform, space=space, is_locked=True).save()
    label = instance.ULabel(name="L", space=space, is_locked=True).save()
    for row in (transform, artifact, run, label):
        lines = themes(row)["General"]
        facts = dict(line.split(": ", 1) for line in lines)
        assert lines[0] == f"uid:{' ' * (len(lines[0]) - len(row.uid) - 4)}{row.uid}"
        assert facts["space"].strip() == "team"
        assert facts["locked"].strip() == "yes"
        assert facts["created"].strip().endswith(f"UTC by {row.created_by.handle}")


def test_what_is_not_saved_yet_is_described_as_far_as_it_is_known(instance):
    for row in (
        instance.Project(name="x"),
        instance.Feature(name="f", dtype=int),
        instance.Transform(key="t.py"),
        instance.Record(name="r", is_type=True),
        instance.Artifact("a.csv", key="a.csv"),
        instance.Storage(root="/nowhere"),
    ):
        assert row.uid in text(row)
        assert row.uid in repr(row)


@pytest.mark.parametrize("limit", [0, -1, "7", True, None])
def test_a_view_takes_a_number_of_rows(instance, limit):
    with pytest.raises(ln.errors.InvalidArgument, match="limit="):
        ln.view(limit=limit)


def test_a_view_shows_the_newest_rows_of_each_registry_that_has_any(instance, capsys):
    ln.connect(instance.root)
    transform = instance.Transform(key="t.py").save()
    runs = ln.save([instance.Run(transform=transform) for _ in range(9)])
    assert ln.view() is None
    shown = capsys.readouterr().out
    headings = [block.splitlines()[0] for block in shown.split("\n\n")]
    assert headings == ["Run: the newest 7 of 9", "Storage", "Transform"]
    assert [line.split()[0] for line in shown.splitlines()[2:9]] == [run.uid for run in runs[:1:-1]]
    ln.view(limit=1, registries=["User", ln.Transform])
    assert [block.splitlines()[0] for block in capsys.readouterr().out.split("\n\n")] == ["User", "Transform"]
    ln.view(registries="Project")
    assert capsys.readouterr().out == "There are no rows yet.\n"
    with pytest.raises(ln.errors.InvalidArgument, match="did you mean 'Artifact'"):
        ln.view(registries="Artefact")
