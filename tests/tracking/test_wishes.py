"""What track() and run are told of the transform is checked before anything is written."""

from __future__ import annotations

import threading

import pytest

import lamin_lite as ln
from lamin_lite import errors
from lamin_lite.tracking import transforms

WRONG = {
    "a key that leaves its folder": ({"key": "../../esc.py"}, "has the part '..'"),
    "an empty key": ({"key": ""}, "is empty"),
    "a key of another type": ({"key": ["a"]}, "is of type list"),
    "a key that is a number": ({"key": 5}, "is of type int"),
    "a kind that there is not": ({"kind": "junk"}, "kind='junk' is none of script"),
    "a transform that is a number": ({"transform": 5}, "transform=5 must be the uid"),
    "a transform that is a project": ({"transform": "project"}, "must be the uid of a transform"),
    "a transform that is not saved": ({"transform": "new"}, "is not saved yet"),
}


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("known", [False, True])
def test_wrong_wishes_of_track_are_refused(here, wrong, known):
    wish, message = WRONG[wrong]
    path = here.script("", "s.py")
    if known:
        ln.track(path=path)
        ln.finish()
    made = {"project": lambda: ln.Project(name="p").save(), "new": lambda: ln.Transform(key="new.py")}
    wish = {name: made[value]() if value in ("project", "new") else value for name, value in wish.items()}
    before = len(here.runs())
    with pytest.raises(errors.InvalidArgument, match=message):
        ln.track(path=path, **wish)
    assert len(here.runs()) == before
    assert ln.Transform.filter().count() == int(known)


def test_a_transform_of_another_instance_is_refused(here, tmp_path):
    other = ln.Instance.init(tmp_path / "other", storage=tmp_path / "other" / "data")
    transform = other.Transform(key="there.py").save()
    with pytest.raises(errors.InvalidArgument, match="is of the instance"):
        ln.track(transform, path=here.script("", "s.py"))


def test_a_key_and_a_kind_that_can_be_are_taken(here):
    ln.track(path=here.script("", "s.py"), key="a/b.py", kind="pipeline")
    transform = ln.context.transform
    ln.finish()
    assert (transform.key, transform.kind) == ("a/b.py", "pipeline")


@pytest.mark.parametrize("key", ["../up.py", ""])
def test_wrong_keys_of_run_are_refused(project, cli, key):
    project.script("print(1)\n", "s.py")
    done = cli("run", "--key", key, "s.py", code=None)
    assert done.returncode != 0
    assert "The key" in done.stderr
    assert project.runs() == []


def test_of_threads_that_track_at_once_all_runs_are_completed(here):
    path = here.script("", "s.py")
    start = threading.Barrier(4)

    def track(number):
        start.wait()
        ln.track(params={"number": number}, path=path)

    threads = [threading.Thread(target=track, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ln.finish()
    runs = here.runs()
    assert [run.status for run in runs] == ["completed"] * 4
    assert sorted(run.params["number"] for run in runs) == [0, 1, 2, 3]
    assert all(run.report for run in runs)


def test_a_file_that_is_no_notebook_is_neither_tracked_by_a_script_nor_saved(here):
    path = here.script("{broken", "n.ipynb")
    with pytest.raises(errors.InvalidArgument, match="no notebook that can be read"):
        ln.track(path=path)
    with pytest.raises(errors.InvalidArgument, match=r"n\.ipynb is no notebook that can be read"):
        transforms.registered(here.instance, str(path))
    assert ln.Run.filter().count() == 0
