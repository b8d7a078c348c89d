"""What is made in a run belongs to the run's projects and lies in its space."""

from __future__ import annotations

import re

import pytest

import lamin_lite as ln

MAKES = """
    open("a.txt", "w").write("one")
    ln.Artifact("a.txt", key="a.txt").save()
    ln.Record(name="r").save()
    ln.ULabel(name="u").save()
    ln.Feature(name="f", dtype=str).save()
    ln.Collection(ln.Artifact.get(key="a.txt"), key="c").save()
"""


def names(row):
    return sorted(row.projects.to_list("name"))


def test_all_that_a_run_makes_is_linked_to_its_project(project):
    made = project.instance.Project(name="My project").save()
    project.run(f"ln.track(project='My project'){MAKES}".replace("\n    ", "\n") + "\nln.finish()")
    run = project.only_run()
    assert names(run) == names(run.transform) == ["My project"]
    rows = [made.artifacts, made.records, made.ulabels, made.features, made.collections, made.runs, made.transforms]
    assert [found.count() for found in rows] == [1] * 7
    assert project.instance.Artifact.filter(projects=made).one().key == "a.txt"


def test_a_run_takes_several_projects_as_names_or_rows(here):
    one, two = ln.Project(name="one").save(), ln.Project(name="two").save()
    ln.track(project=["one", two], key="s.py", path=here.script("", "s.py"))
    run = ln.context.run
    ln.finish()
    assert run.projects.to_list() == [one, two]


def test_an_artifact_that_is_there_is_linked_too(here):
    ln.Project(name="P").save()
    (here.folder / "a.txt").write_text("one")
    before = ln.Artifact("a.txt", key="a.txt").save()
    assert names(before) == []
    ln.track(project="P", path=here.script("", "s.py"))
    assert ln.Artifact("a.txt", key="a.txt").save() == before
    ln.finish()
    assert names(before) == ["P"]


def test_labels_that_are_there_are_linked_too(here):
    made = ln.Project(name="P").save()
    record, label = ln.Record(name="r").save(), ln.ULabel(name="u").save()
    feature = ln.Feature(name="f", dtype=str).save()
    ln.track(project="P", path=here.script("", "s.py"))
    ln.Record(name="r").save(), ln.ULabel(name="u").save(), ln.Feature(name="f", dtype=str).save()
    ln.finish()
    assert names(record) == names(label) == names(feature) == ["P"]
    assert [made.records.count(), made.ulabels.count(), made.features.count()] == [1, 1, 1]


@pytest.mark.parametrize("asked", [{"project": "My projct"}, {"space": "Our tem"}, {"project": ["My project", "x"]}])
def test_an_unknown_name_lists_the_known_before_anything_is_written(here, asked):
    ln.Project(name="My project").save()
    ln.Space(name="Our team").save()
    with pytest.raises(ln.errors.DoesNotExist, match=r"'My project'|'Our team'"):
        ln.track(**asked)
    assert ln.Run.filter().count() == ln.Transform.filter().count() == 0
    assert ln.context.run is None


@pytest.mark.parametrize("asked", [{"project": 3}, {"project": [None]}, {"space": 3}])
def test_what_is_no_project_or_space_is_refused(here, asked):
    with pytest.raises(ln.errors.InvalidArgument, match="must be the name"):
        ln.track(**asked)
    assert ln.Run.filter().count() == 0


def test_an_unsaved_or_foreign_project_is_refused(here, tmp_path):
    other = ln.Instance.init(tmp_path / "other", storage=tmp_path / "other" / "data")
    for wrong in (ln.Project(name="new"), other.Project(name="foreign").save()):
        with pytest.raises(ln.errors.InvalidArgument, match=r"not saved|two instances"):
            ln.track(project=wrong)


FLOW = """
@ln.step()
def inner():
    open("a.txt", "w").write("one")
    return ln.Artifact("a.txt", key="a.txt").save()

@ln.flow()
def nested():
    return inner()

@ln.flow()
def outer():
    inner()
    nested()
"""


def test_steps_and_nested_flows_inherit_projects_and_space(project):
    project.instance.Project(name="P").save()
    project.instance.Space(name="team").save()
    project.run(FLOW + "ln.track(project='P', space='team')\nouter()\nln.finish()")
    runs = project.runs()
    assert len(runs) == 5
    for run in runs:
        assert names(run) == ["P"], run
        assert run.space.name == "team", run
    artifact = project.instance.Artifact.get(key="a.txt")
    assert names(artifact) == ["P"]
    assert artifact.space.name == "team"
    assert runs[0].report.space.name == "team"
    assert runs[0].transform.space.name == "team"
    assert runs[0].status == "completed"


def test_a_flow_takes_the_project_of_the_environment(project):
    project.instance.Project(name="P").save()
    project.run(FLOW + "outer()", env={"LAMIN_LITE_PROJECT": "P"})
    assert [names(run) for run in project.runs()] == [["P"]] * 4
    assert names(project.runs()[0].transform) == ["P"]


@pytest.mark.parametrize(
    ("variables", "wanted"),
    [
        ({"LAMIN_CURRENT_PROJECT": "P"}, ["P"]),
        ({"LAMIN_CURRENT_PROJECT": "P", "LAMIN_LITE_PROJECT": "Q"}, ["Q"]),
        ({"LAMIN_CURRENT_PROJECT": ""}, []),
    ],
)
def test_the_variable_of_the_standard_names_a_project_too(project, variables, wanted):
    for name in ("P", "Q"):
        project.instance.Project(name=name).save()
    project.run("ln.track()", env=variables)
    assert names(project.only_run()) == wanted


def test_what_is_said_in_track_goes_before_the_environment(project):
    for name in ("P", "Q"):
        project.instance.Project(name=name).save()
    project.run("ln.track(project='Q')", env={"LAMIN_LITE_PROJECT": "P"})
    assert names(project.only_run()) == ["Q"]


def test_an_unknown_project_of_the_environment_is_an_error(project):
    for variable in ("LAMIN_LITE_PROJECT", "LAMIN_CURRENT_PROJECT"):
        done = project.run("ln.track()", env={variable: "P"}, code=1)
        assert f"There is no project 'P', as {variable} says: there is none yet" in done.stderr
    assert project.runs() == []


def test_a_child_process_inherits_projects_and_space(project):
    project.instance.Project(name="P").save()
    project.instance.Space(name="team").save()
    project.script("ln.track()\nln.finish()", "child.py")
    project.run(
        """
        import subprocess
        ln.track(project="P", space="team")
        subprocess.run([sys.executable, "child.py"], check=True)
        ln.finish()
        """
    )
    child = project.only_run(transform__key="child.py")
    assert names(child) == names(child.transform) == ["P"]
    assert child.space.name == "team"


def test_a_second_track_is_not_in_the_space_of_the_first(project):
    project.instance.Space(name="team").save()
    project.run("ln.track(space='team')\nln.track()\nln.finish()")
    assert [run.space.name for run in project.runs()] == ["team", "all"]


@pytest.mark.parametrize(("put_away", "where"), [("archive", "archive"), ("delete", "trash")])
def test_a_project_that_was_put_away_is_told_to_be_there_and_how_it_comes_back(here, put_away, where):
    made = ln.Project(name="P").save()
    getattr(made, put_away)()
    remedy = f"ln.Project.get(name='P', branch='{where}').restore()"
    for asked in ("P", made):
        with pytest.raises(ln.errors.DoesNotExist, match=f"'P' is in the {where}: .*{re.escape(remedy)}"):
            ln.track(project=asked, path=here.script("", "s.py"))
    assert not ln.Run.exists()
    assert ln.Project.get(name="P", branch=where).restore() == made
    ln.track(project="P", path=here.script("", "s.py"))
    ln.finish()
    assert made.runs.count() == 1


@ln.flow()
def again():
    return ln.context.run


def test_a_flow_goes_on_after_its_transform_was_put_away(here):
    first = again()
    first.transform.delete()
    second = again()
    assert second.transform.stem_uid != first.transform.stem_uid
    for run in (first, second):
        run.refresh().delete(permanent=True)
        run.transform.delete(permanent=True)
    assert again().refresh().status == "completed"
