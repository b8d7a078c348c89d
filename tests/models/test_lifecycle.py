"""Trash, archive, restore, removal for good: the same promise for every registry."""

from __future__ import annotations

import os
import re

import pytest

import lamin_lite as ln
from lamin_lite.models import session
from tests.conftest import REPO

KINDS = ["Artifact", "Transform", "Run", "Collection", "Record", "ULabel", "Project", "Feature"]
NAMED = ["Record", "ULabel", "Project", "Feature"]


@pytest.fixture
def instance(workdir):
    return ln.Instance.init(workdir)


def artifact(instance, key="a.txt", text="one", **values):
    with open("a.txt", "w") as file:
        file.write(text)
    return instance.Artifact("a.txt", key=key, **values).save()


def made(instance, kind):
    if kind == "Artifact":
        return artifact(instance)
    if kind == "Transform":
        return instance.Transform(key="t.py").save()
    if kind == "Run":
        return instance.Run(transform=instance.Transform(key="t.py").save()).save()
    if kind == "Collection":
        return instance.Collection([artifact(instance, "member.txt")], key="c").save()
    dtype = {"dtype": str} if kind == "Feature" else {}
    return getattr(instance, kind)(name="n", **dtype).save()


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_put_away_is_hidden_everywhere_unless_asked_for(instance, kind):
    row, registry = made(instance, kind), getattr(instance, kind)
    everything = registry.filter().count()
    for put_away, branch in ((row.delete, "trash"), (row.archive, "archive")):
        put_away()
        put_away()  # twice is as once
        assert row not in registry.filter()
        with pytest.raises(ln.errors.DoesNotExist, match=f"in the {branch}"):
            registry.get(row.uid)
        assert registry.get(row.uid, branch=branch) == row
        assert registry.get(row.uid, branch=None) == row
        assert registry.filter(branch=branch).to_list() == [row]
        assert row not in registry.filter(branch="main")
        assert registry.filter(branch=None).count() == everything
        assert row.restore().branch.name == "main"
        assert row in registry.filter()


def test_a_branch_that_is_not_there_is_named(instance):
    with pytest.raises(ln.errors.DoesNotExist, match=r"'tras'.*main, archive, trash"):
        instance.Artifact.filter(branch="tras")


@pytest.mark.parametrize("kind", NAMED)
def test_a_name_in_the_trash_is_free_and_restoring_onto_it_is_refused(instance, kind):
    old = made(instance, kind)
    old.delete()
    new = made(instance, kind)
    assert new != old
    with pytest.raises(ln.errors.Conflict, match=new.uid):
        old.restore()
    new.delete()
    assert old.restore() in getattr(instance, kind).filter()


@pytest.mark.parametrize("kind", KINDS)
def test_what_another_process_puts_away_or_restores_at_the_same_time_is_so_once(instance, kind):
    row = made(instance, kind)
    other = getattr(instance, kind).get(row.uid)
    for put_away in ("delete", "archive"):
        for each in (row, other):
            getattr(each, put_away)()
        for each in (row, other):
            assert each.restore().branch.name == "main"


def test_a_feature_whose_name_one_of_another_dtype_has_by_now_is_not_restored_and_the_holder_is_named(instance):
    old = ln.Feature(name="f", dtype=int).save()
    old.delete()
    holder = ln.Feature(name="f", dtype=str).save()
    with pytest.raises(
        ln.errors.Conflict, match=f"{old.uid} cannot be restored: its name 'f' is taken by {holder.uid}"
    ):
        old.restore()
    old.branch = ln.Branch.get(name="main")
    with pytest.raises(ln.errors.Conflict, match=f"'f', which is the name of {holder.uid}"):
        old.save()
    holder.delete()
    assert old.refresh().restore() == ln.Feature.get(name="f", dtype="int")


@pytest.mark.parametrize("kind", KINDS)
def test_what_nothing_refers_to_can_be_removed_for_good(instance, kind):
    row = made(instance, kind)
    uid = row.uid
    row.delete()
    row.delete(permanent=True)
    assert row.id is None
    assert getattr(instance, kind).filter(uid=uid, branch=None).count() == 0


def test_force_means_nothing_without_permanent(instance):
    with pytest.raises(ln.errors.InvalidArgument, match="permanent"):
        made(instance, "ULabel").delete(force=True)


def test_a_transform_with_runs_stays(instance):
    run = made(instance, "Run")
    instance.Run(transform=run.transform).save()
    for force in (False, True):
        with pytest.raises(ln.errors.Conflict, match=r"2 runs \(as transform: .*Remove those runs first"):
            run.transform.delete(permanent=True, force=force)
    for each in run.transform.runs:
        each.delete(permanent=True)
    run.transform.delete(permanent=True)


def test_a_run_with_outputs_stays_unless_forced(instance):
    run = made(instance, "Run")
    output = artifact(instance, run=run)
    record = instance.Record(name="r", run=run).save()
    child = instance.Run(transform=run.transform, initiated_by_run=run).save()
    with pytest.raises(ln.errors.Conflict, match=r"1 artifact.*1 record"):
        run.delete(permanent=True)
    assert output.refresh().run == run
    run.delete(permanent=True, force=True)
    assert (output.refresh().run, record.refresh().run, child.refresh().initiated_by_run) == (None, None, None)
    assert output.load() == "one"


def test_a_run_that_is_going_on_stays(instance):
    run = made(instance, "Run")
    instance.Run.filter(id=run.id)
    with instance.database.write("start") as tx:
        tx.execute("UPDATE run SET status = 'started' WHERE id = ?", [run.id])
        with pytest.raises(ln.errors.Conflict, match="still going on"):
            run.delete(permanent=True)
        tx.execute("UPDATE run SET status = 'completed' WHERE id = ?", [run.id])


def test_a_label_in_use_stays_unless_forced(instance):
    label, one = made(instance, "ULabel"), artifact(instance)
    one.ulabels.add(label)
    with pytest.raises(ln.errors.Conflict, match="1 artifact"):
        label.delete(permanent=True)
    label.delete(permanent=True, force=True)
    assert one.ulabels.count() == 0
    assert one.refresh().uid


def test_what_is_labelled_takes_its_labels_links_with_it(instance):
    label, one = made(instance, "ULabel"), artifact(instance)
    one.ulabels.add(label)
    one.delete(permanent=True)
    assert label.artifacts.count() == 0
    label.delete(permanent=True)


def test_a_type_with_members_stays(instance):
    kind = instance.Record(name="Experiment", is_type=True).save()
    member = instance.Record(name="E1", type=kind).save()
    with pytest.raises(ln.errors.Conflict, match=r"1 record \(as type: "):
        kind.delete(permanent=True)
    member.delete(permanent=True)
    kind.delete(permanent=True)


def test_what_is_the_value_of_a_feature_stays(instance):
    kind = instance.Record(name="Experiment", is_type=True).save()
    member = instance.Record(name="E1", type=kind).save()
    feature = instance.Feature(name="experiment", dtype=kind).save()
    one = artifact(instance)
    one.features.add_values({"experiment": "E1"})
    for row in (member, feature, kind):
        with pytest.raises(ln.errors.Conflict, match=r"1 artifact|1 feature"):
            row.delete(permanent=True)
    one.delete(permanent=True)
    for row in (member, feature, kind):
        row.delete(permanent=True)


def test_a_refusal_counts_rows_that_have_the_value_and_says_how_it_is_taken_from_them(instance):
    label = made(instance, "ULabel")
    for name, dtype in (("few", ln.ULabel), ("many", list[ln.ULabel])):
        instance.Feature(name=name, dtype=dtype).save()
    rows = [instance.Record(name=name).save() for name in ("r1", "r2")]
    for row in rows:
        row.features.add_values({"many": [label, label, label]})
    rows[0].features.add_values({"few": label})
    for force in (False, True):
        with pytest.raises(ln.errors.Conflict) as caught:
            label.delete(permanent=True, force=force)
        text = str(caught.value)
        assert f"1 record (as value of 'few': {rows[0].uid}), 2 records (as value of 'many': " in text
        assert "Take it from them first by row.features.remove_values('few'), or set another value; " in text
        assert "remove_values('many')" in text
        assert "Remove those" not in text
    for row in rows:
        row.features.remove_values(["few", "many"])
    label.delete(permanent=True)


def test_the_default_of_a_feature_is_not_removed_for_good(instance):
    label, other = made(instance, "ULabel"), instance.ULabel(name="other").save()
    one = instance.Feature(name="one", dtype=ln.ULabel, default="n").save()
    many = instance.Feature(name="many", dtype=list[ln.ULabel], default=[other, label]).save()
    for force in (False, True):
        with pytest.raises(
            ln.errors.Conflict, match=r"2 features \(as default: .*Give those features another default"
        ) as caught:
            label.delete(permanent=True, force=force)
        assert "Remove those" not in str(caught.value)
    one.default = None
    one.save()
    many.default = [other]
    many.save()
    label.delete(permanent=True)
    assert many.refresh().default == ["other"]


def test_an_artifact_that_a_run_read_stays_unless_forced(instance):
    run, one = made(instance, "Run"), artifact(instance)
    one.load(is_run_input=run)
    with pytest.raises(ln.errors.Conflict, match="1 run"):
        one.delete(permanent=True)
    one.delete(permanent=True, force=True)
    assert run.input_artifacts.count() == 0


def test_removal_leaves_the_bytes_to_gc(instance):
    one = artifact(instance)
    path = one.path
    one.delete(permanent=True)
    assert os.path.exists(path)
    again = artifact(instance)
    assert again.path == path
    assert again.load() == "one"


def test_a_report_goes_with_its_run_and_the_environment_stays(workdir, run_python):
    instance = ln.Instance.init(workdir)
    (workdir / "s.py").write_text("import lamin_lite as ln\nln.track()\nprint('said')\nln.finish()\n")
    done = run_python(workdir / "s.py", cwd=workdir)
    assert done.returncode == 0, done.stderr
    run = instance.Run.filter().one()
    report, environment = run.report, run.environment
    run.delete(permanent=True)
    assert instance.Artifact.filter(uid=report.uid, branch=None).count() == 0
    assert instance.Artifact.get(environment.uid) == environment


def test_rows_without_a_trash_say_so_and_those_that_must_stay_stay(instance):
    space = instance.Space(name="team").save()
    assert instance.Space(name="team").save() == space
    assert space.created_by.handle
    with pytest.raises(ln.errors.InvalidArgument, match="no trash"):
        space.delete()
    for row in (*instance.Branch.filter(), instance.Space.get(name="all"), instance.Storage.filter().one()):
        with pytest.raises(ln.errors.Conflict, match="stay"):
            row.delete(permanent=True, force=True)
    with pytest.raises(ln.errors.Conflict, match="as created_by"):
        instance.User.filter().first().delete(permanent=True)
    one = artifact(instance, space=space)
    with pytest.raises(ln.errors.Conflict, match=r"1 artifact \(as space: "):
        space.delete(permanent=True, force=True)
    one.delete(permanent=True)
    space.delete(permanent=True)
    assert instance.Space.filter().to_list("name") == ["all"]


@pytest.mark.parametrize("pages", [["lifecycle.md", "labels.md"], ["artifacts.md"]])
def test_the_documents_of_artifacts_life_cycle_and_labels_are_true(instance, monkeypatch, pages):
    monkeypatch.setattr(session, "default_store", instance)
    for page in pages:
        text = (REPO / "docs" / page).read_text(encoding="utf-8")
        blocks = re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
        assert blocks
        names = {}
        for block in blocks:
            exec(compile(block, page, "exec"), names)


def test_related_rows_hide_what_is_put_away_too(instance):
    label, one, two = made(instance, "ULabel"), artifact(instance), artifact(instance, "b.txt", "two")
    for row in (one, two):
        row.ulabels.add(label)
    one.delete()
    assert label.artifacts.to_list() == [two]
    assert label.artifacts.filter(branch="trash").to_list() == [one]
    assert label.artifacts.filter(branch=None).count() == 2
    assert instance.Artifact.filter().filter(branch="trash").to_list() == [one]
    assert instance.Artifact.filter(ulabels=label).exclude(branch="main").count() == 1


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_removed_for_good_cannot_be_used_any_more_and_says_so(instance, kind):
    row = made(instance, kind)
    row.delete(permanent=True)
    for use in (row.save, row.delete, row.restore, row.archive, lambda: row.delete(permanent=True)):
        with pytest.raises(ln.errors.Conflict, match=f"{kind} {row.uid} was removed for good: make a new one"):
            use()
    assert getattr(instance, kind).filter(branch=None, uid=row.uid).count() == 0


def test_what_another_process_removed_meanwhile_is_not_written_again(instance):
    one = artifact(instance)
    instance.Artifact.get(one.uid).delete(permanent=True)
    one.description = "late"
    with pytest.raises(ln.errors.Conflict, match="removed for good meanwhile"):
        one.save()


def test_a_refusal_names_some_of_what_refers_and_the_way_for_python_and_the_command_line(instance):
    label = made(instance, "ULabel")
    bearers = [artifact(instance, f"{number}.txt", str(number)) for number in range(5)]
    for row in bearers:
        row.ulabels.add(label)
    with pytest.raises(ln.errors.Conflict) as caught:
        label.delete(permanent=True)
    text = str(caught.value)
    assert f"ULabel n ({label.uid}) cannot be removed for good: 5 artifacts (" in text
    named = [row.uid for row in bearers if row.uid in text]
    assert named == sorted(named, key=[row.uid for row in bearers].index)
    assert len(named) == 3
    assert ", ...) refer to it" in text
    assert "delete(permanent=True, force=True)" in text
    assert "`delete --permanent --force`" in text
    space = instance.Space(name="team").save()
    artifact(instance, "s.txt", "s", space=space)
    with pytest.raises(ln.errors.Conflict, match=r"1 artifact \(as space: \w+\) refers to it.*leave it as it is"):
        space.delete(permanent=True)


def run_file(instance, text="numpy==2.0"):
    """An artifact that a run keeps for itself."""
    from lamin_lite.base import names
    from lamin_lite.models import Artifact

    blob = instance.storage(instance.storage_id).ingest_bytes(text.encode(), ".txt")
    return Artifact._of_blob(instance, blob, description="requirements.txt", kind=names.KIND_OF_RUN_FILES)


def test_what_runs_keep_for_themselves_is_hidden_everywhere_by_one_rule(instance):
    kept, one, two = run_file(instance), artifact(instance, kind="dataset"), artifact(instance, "b.txt", "two")
    label = made(instance, "ULabel")
    for row in (kept, one, two):
        row.ulabels.add(label)
    registry, shown = instance.Artifact, [one, two]
    assert registry.filter().to_list() == shown
    assert registry.count() == registry.filter().count() == len(registry.all()) == 2
    assert registry.exclude(kind="dataset").to_list() == [two]
    assert registry.exclude(uid=two.uid).to_list() == [one]
    assert registry.filter(kind__isnull=True).to_list() == [two]
    assert registry.filter(ln.Q(kind="dataset") | ln.Q(kind=None)).to_list() == shown
    assert registry.filter(id__gt=0).to_list() == shown
    assert registry.order_by("kind").count() == registry.filter(branch=None).count() == 2
    assert registry.filter(suffix=".txt").first() == one
    assert registry.search("requirements").to_list() == []
    assert [row["uid"] for row in registry.to_dicts()] == [row.uid for row in shown]
    assert kept.uid not in str(registry.filter())
    assert kept.uid not in repr(registry.filter())
    assert label.artifacts.to_list() == shown
    assert instance.Storage.filter().one().artifacts.count() == 2
    assert instance.info()["artifacts"] == 2


def test_what_runs_keep_for_themselves_is_found_by_uid_id_and_kind(instance):
    kept, _ = run_file(instance), artifact(instance)
    registry = instance.Artifact
    assert registry.get(kept.uid) == registry.get(kept.id) == registry.filter(uid=kept.uid).one() == kept
    assert registry.filter(id__in=[kept.id]).one() == kept
    assert registry.filter(kind=kept.kind).to_list() == [kept]
    assert registry.filter(kind__in=["dataset", kept.kind]).to_list() == [kept]
    assert registry.filter(kind=kept.kind, branch="trash").count() == 0


def test_get_names_all_branches_when_it_is_asked_to(instance):
    old = artifact(instance)
    old.delete()
    new = artifact(instance, text="two")
    assert instance.Artifact.get(key="a.txt") == new
    assert instance.Artifact.get(key="a.txt", branch="trash") == old
    with pytest.raises(ln.errors.MultipleResults, match="2 families"):
        instance.Artifact.get(key="a.txt", branch=None)
    assert instance.Artifact.filter(key="a.txt", branch=None).count() == 2
    assert instance.Artifact.get(old.uid, branch=None) == old
    assert instance.Artifact.filter(branch=None).exclude(branch="trash").one() == new


@pytest.mark.parametrize("flag", ["x", 1, None, "False"])
def test_a_flag_that_removes_for_good_must_be_true_or_false(instance, flag):
    row = made(instance, "ULabel")
    for remove in (
        lambda: row.delete(permanent=flag),
        lambda: row.delete(permanent=True, force=flag),
        lambda: instance.ULabel.filter().delete(permanent=flag),
    ):
        with pytest.raises(ln.errors.InvalidArgument, match=f"True or False for (permanent|force); got {flag!r}"):
            remove()
    assert row.refresh().branch.name == "main"


def test_a_locked_row_is_not_changed_by_the_removal_of_what_it_refers_to(instance):
    run = made(instance, "Run")
    rows = [artifact(instance, run=run), instance.Record(name="r", run=run).save()]
    label = made(instance, "ULabel")
    rows[0].ulabels.add(label)
    feature = instance.Feature(name="f", dtype=str).save()
    rows[1].features.add_values({"f": "x"})
    for row in rows:
        row.is_locked = True
        row.save()
        with pytest.raises(ln.errors.Conflict, match=f"{type(row).__name__.lower()} {row.uid} would be without it"):
            run.delete(permanent=True, force=True)
        assert row.refresh().run == run
        if row is rows[1]:
            with pytest.raises(ln.errors.Conflict, match=f"Feature f .*record {row.uid} would be without it"):
                feature.delete(permanent=True, force=True)
            assert row.features["f"] == "x"
        row.is_locked = False
        row.save()
    rows[0].is_locked = True
    rows[0].save()
    label.delete(permanent=True, force=True)  # labels can be put on a locked row, and taken off
    feature.delete(permanent=True, force=True)
    rows[0].is_locked = False
    rows[0].save()
    run.delete(permanent=True, force=True)
    assert [row.refresh().run for row in rows] == [None, None]


def test_the_page_of_a_run_is_found_without_reading_the_artifacts_and_not_in_the_trash(instance):
    from lamin_lite.base import names
    from lamin_lite.models import Artifact

    run = made(instance, "Run")

    def kept(suffix, description):
        blob = instance.storage(instance.storage_id).ingest_bytes(description.encode(), suffix)
        return Artifact._of_blob(instance, blob, description=description, kind=names.KIND_OF_RUN_FILES)

    run.report = kept(".ipynb", "report")
    run.save()
    page = kept(".html", names.HTML_REPORT.format(run.uid))
    artifact(instance, description=page.description)  # which only says so
    assert run.report_as_html() == page
    page.delete()
    assert run._pages.filter(branch_id__gt=-1).to_list() == []
    assert run._pages.to_list() == [page]
    if instance.database.dialect.name == "sqlite":
        sql, params = run._pages._sql("t0.id")
        plan = " ".join(str(row[3]) for row in instance.database.read(f"EXPLAIN QUERY PLAN {sql}", params))
        assert "artifact_run_files" in plan
        assert "SCAN" not in plan.replace("SCAN (subquery", "")
    run.delete(permanent=True)
    assert instance.Artifact.filter(kind=names.KIND_OF_RUN_FILES, branch=None).count() == 0
