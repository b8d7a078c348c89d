"""The source that a run turns out to have at its end, as with a notebook that is saved while it runs."""

from __future__ import annotations

import pytest

from lamin_lite import errors
from lamin_lite.tracking import runs, transforms


@pytest.fixture
def begun(here):
    """Start a run of a file with a text: ``begun(name, text)`` gives the run, its source and whether it is the first."""

    def begin(name, text, **values):
        source = source_of(here, name, text)
        transform, new = transforms.resolve(here.instance, source)
        return runs.start(here.instance, transform, {}, **values), new

    yield begin
    for run in here.instance.Run.filter(status="started"):
        runs.end(run, "completed")


def source_of(here, name, text, title=None):
    path = None if name is None else here.folder / name
    if path is not None:
        path.write_text(text or "")
    return {
        "path": path and str(path.resolve()),
        "text": text,
        "hash": None if text is None else str(hash(text)),
        "kind": "notebook",
        "description": title,
        "package_path": None,
    }


def all_of(here):
    return {(row.key, row.version, row.source_code, row.is_latest) for row in here.instance.Transform.filter()}


def test_the_version_that_a_run_made_is_rewritten(here, begun):
    run, new = begun("a.ipynb", "one")
    step = runs.start(here.instance, run.transform, {}, initiated_by_run_id=run.id)
    transforms.settle(here.instance, run, source_of(here, "a.ipynb", "two", "Title"), new=new)
    assert all_of(here) == {("a.ipynb", "0000", "two", True)}
    assert run.transform.source_code == "two"
    assert here.instance.Transform.filter().one().description == "Title"
    assert transforms.resolve(here.instance, source_of(here, "a.ipynb", "two", "Title")) == (step.transform, False)


def test_a_version_that_was_there_stays_and_the_run_moves_on_with_its_steps(here, begun):
    first, _ = begun("a.ipynb", "one")
    run, new = begun("a.ipynb", "one")
    step = runs.start(here.instance, run.transform, {}, initiated_by_run_id=run.id)
    inner = runs.start(here.instance, run.transform, {}, initiated_by_run_id=step.id)
    transforms.settle(here.instance, run, source_of(here, "a.ipynb", "two"), new=new)
    assert all_of(here) == {("a.ipynb", "0000", "one", False), ("a.ipynb", "0001", "two", True)}
    versions = {row.uid: row.transform.version for row in here.instance.Run.filter()}
    assert versions == {first.uid: "0000", run.uid: "0001", step.uid: "0001", inner.uid: "0001"}
    assert run.transform.version == "0001"


def test_a_version_that_others_use_by_now_is_not_rewritten(here, begun):
    run, new = begun("a.ipynb", "one")
    begun("a.ipynb", "one")
    transforms.settle(here.instance, run, source_of(here, "a.ipynb", "two"), new=new)
    assert all_of(here) == {("a.ipynb", "0000", "one", False), ("a.ipynb", "0001", "two", True)}


def test_going_back_to_an_earlier_source_leaves_no_version_behind(here, begun):
    begun("a.ipynb", "one")
    run, new = begun("a.ipynb", "two")
    transforms.settle(here.instance, run, source_of(here, "a.ipynb", "one"), new=new)
    assert all_of(here) == {("a.ipynb", "0000", "one", True)}
    assert run.transform.source_code == "one"


def test_a_notebook_that_is_found_only_now_takes_the_run_with_its_projects(here, begun):
    project = here.instance.Project(name="P").save()
    run, new = begun(None, None, projects=[project.id])
    assert all_of(here) == {("interactive.ipynb", "0000", None, True)}
    transforms.settle(here.instance, run, source_of(here, "a.ipynb", "one"), new=new)
    assert all_of(here) == {("a.ipynb", "0000", "one", True)}
    assert [row.key for row in project.transforms] == ["a.ipynb"]


def test_a_file_that_was_renamed_stays_in_its_family(here, begun):
    run, new = begun("Untitled.ipynb", "one")
    (here.folder / "Untitled.ipynb").unlink()
    transforms.settle(here.instance, run, source_of(here, "analysis.ipynb", "two"), new=new)
    assert run.transform.stem_uid == here.instance.Transform.get(key="analysis.ipynb").stem_uid
    assert {row[0] for row in all_of(here)} == {"analysis.ipynb"}


def test_nothing_changes_if_nothing_has_changed(here, begun):
    run, new = begun("a.ipynb", "one")
    before = run.transform.uid
    transforms.settle(here.instance, run, source_of(here, "a.ipynb", "one"), new=new)
    assert all_of(here) == {("a.ipynb", "0000", "one", True)}
    assert run.transform.uid == before


def test_a_transform_on_which_another_process_starts_a_run_meanwhile_stays(here, begun, monkeypatch):
    begun("a.ipynb", "one")
    run, new = begun("a.ipynb", "two")
    before, others, removing = run.transform, [], transforms._is_removed

    def removed_when_another_has_looked_for_it(store, transform):
        others.append(transforms.Transform.filter(uid=transform.uid).one())
        return removing(store, transform)

    monkeypatch.setattr(transforms, "_is_removed", removed_when_another_has_looked_for_it)
    assert not transforms.settle(here.instance, run, source_of(here, "a.ipynb", "one"), new=new)
    assert before._is_removed
    looked = []

    def again():
        looked.append(transforms.resolve(here.instance, source_of(here, "a.ipynb", "two")))
        return looked[0][0]

    other = runs.start(here.instance, others[0], {}, again=again)
    assert other.transform == looked[0][0]
    assert looked[0][1] is True
    assert all_of(here) == {("a.ipynb", "0000", "one", False), ("a.ipynb", "0002", "two", True)}
    with pytest.raises(errors.Conflict):
        runs.start(here.instance, others[0], {})


def test_a_transform_that_is_needed_elsewhere_stays_when_its_run_moves_on(here, begun):
    begun("a.ipynb", "one")
    run, new = begun("a.ipynb", "two")
    before = run.transform
    here.instance.Feature(name="by", dtype="cat[Transform]").save()
    row = here.instance.Record(name="r").save()
    row.features.add_values({"by": before})
    transforms.settle(here.instance, run, source_of(here, "a.ipynb", "one"), new=new)
    assert all_of(here) == {("a.ipynb", "0000", "one", False), ("a.ipynb", "0001", "two", True)}
    assert (run.transform.version, before.version) == ("0000", "0001")
    assert row.features.get_values() == {"by": "a.ipynb"}


@pytest.mark.parametrize("call", ["ln.track()", "flow()"])
def test_a_transform_that_is_removed_while_a_run_starts_is_made_anew(project, call):
    project.run(f"""
    from lamin_lite.tracking import runs
    start = runs.start

    def started_late(store, transform, *args, **values):
        store.Transform.get(transform.uid).delete(permanent=True)
        return start(store, transform, *args, **values)

    @ln.flow()
    def flow():
        pass

    runs.start = started_late
    {call}
    """)
    run = project.only_run()
    assert (run.status, run.transform.key) == ("completed", "s.py")
    assert run.transform == project.instance.Transform.filter().one()
