"""Transforms link to their source in a git repository, and nothing that git lacks stops a run."""

from __future__ import annotations

import json
import shutil

import pytest

import lamin_lite as ln
from lamin_lite import errors
from lamin_lite.base import settings as environment
from lamin_lite.capture.source import source_of_file
from lamin_lite.tracking import links, transforms
from tests.repositories import Clone, alone, git

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="needs git")

URL = "https://github.com/ada/study"
TRACK = "ln.track()\nln.finish()\n"
SYNCED = f"ln.settings.sync_git_repo = {URL + '.git'!r}\n{TRACK}"
FLOW = """
    @ln.flow()
    def main(x):
        return x
    for x in range(3):
        main(x)
"""


@pytest.fixture
def clone(project, home, tmp_path, monkeypatch):
    """The project's folder as a clone of ``URL``, which git rewrites to a folder; the instance is not in it."""
    alone(home, monkeypatch)
    git(tmp_path, "config", "--global", f"url.{tmp_path}/remotes/.insteadOf", "https://github.com/")
    (tmp_path / "remotes" / "ada").mkdir(parents=True)
    made = Clone(project.folder, tmp_path / "remotes" / "ada" / "study.git", URL + ".git")
    (project.folder / ".git" / "info" / "exclude").write_text("data/\n.lamin_lite/\n__pycache__/\n")
    return made


def warnings(done):
    return [line for line in done.stderr.splitlines() if line.startswith("!")]


def test_a_pushed_script_is_linked_and_its_source_kept(project, clone):
    project.script(SYNCED)
    head = clone.commit()
    done = project.run(SYNCED)
    transform = project.only_run().transform
    assert (transform.reference, transform.reference_type) == (f"{URL}/blob/{head}/s.py", "url")
    assert transform.source_code.endswith(SYNCED)
    assert warnings(done) == []
    assert f"source of s.py: {URL}/blob/{head}/s.py" in done.stderr
    assert URL not in project.run(SYNCED).stderr, "the link is there, and is not looked for again"


@pytest.mark.parametrize("name", ["LAMINDB_SYNC_GIT_REPO", "LAMIN_LITE_SYNC_GIT_REPO"])
def test_a_variable_does_the_same(project, clone, name):
    project.script(TRACK)
    head = clone.commit()
    project.run(TRACK, env={name: "git@github.com:ada/study.git"})
    assert project.only_run().transform.reference == f"{URL}/blob/{head}/s.py"


def test_the_setting_goes_before_our_variable_and_that_before_the_standards(here, monkeypatch):
    monkeypatch.setattr(environment, "_chosen", {})
    assert ln.settings.sync_git_repo is None
    monkeypatch.setenv("LAMINDB_SYNC_GIT_REPO", "https://github.com/a/standard.git")
    assert ln.settings.sync_git_repo == "https://github.com/a/standard"
    monkeypatch.setenv("LAMIN_LITE_SYNC_GIT_REPO", "https://github.com/a/ours.git")
    assert ln.settings.sync_git_repo == "https://github.com/a/ours"
    ln.settings.sync_git_repo = "https://ada:hunter2@github.com/a/chosen.git"
    assert ln.settings.sync_git_repo == "https://github.com/a/chosen"
    assert "hunter2" not in repr(ln.settings)
    ln.settings.sync_git_repo = here.folder / "r.git"
    assert ln.settings.sync_git_repo == str(here.folder / "r")
    ln.settings.sync_git_repo = "../r.git"
    assert ln.settings.sync_git_repo == str(here.folder.parent / "r"), "a path holds from any directory"
    for wrong in (3, "", "  ", b"x", ["a"]):
        with pytest.raises(errors.InvalidArgument, match="sync_git_repo = "):
            ln.settings.sync_git_repo = wrong
    ln.settings.sync_git_repo = None
    assert ln.settings.sync_git_repo == "https://github.com/a/ours"
    with pytest.raises(AttributeError):
        ln.settings.sync_git_repos = "a misspelt name is told"


def test_the_development_directory_is_a_setting_too(here):
    ln.settings.dev_dir = here.folder
    assert ln.settings.dev_dir == here.instance.settings.dev_dir == str(here.folder)
    ln.settings.dev_dir = None
    assert ln.settings.dev_dir is None


def test_a_changed_script_runs_without_a_link(project, clone):
    project.script(SYNCED)
    head = clone.commit()
    changed = SYNCED + "print('more')\n"
    done = project.run(changed)
    run = project.only_run()
    assert (run.status, run.transform.reference) == ("completed", None)
    assert [line for line in warnings(done) if "s.py" in line and "commit and push it" in line] == warnings(done) != []
    kept = run.extra_data["git"]
    assert (kept["commit"], kept["dirty"], kept["pushed"]) == (head, True, True)
    assert "+print('more')" in ln.Artifact.get(kept["diff"]).load(is_run_input=False)


def test_a_script_that_git_does_not_know_runs_without_a_link(project, clone):
    clone.commit(other="x\n")
    done = project.run(SYNCED)
    run = project.only_run()
    assert (run.status, run.transform.reference, run.extra_data["git"]["untracked"]) == ("completed", None, True)
    assert len(warnings(done)) == 1


def test_a_link_comes_with_the_first_run_after_the_push(project, clone):
    project.script(SYNCED)
    head = clone.commit(push=False)
    done = project.run(SYNCED)
    transform = project.only_run().transform
    assert transform.reference is None
    assert project.only_run().extra_data["git"]["pushed"] is False
    (warning,) = warnings(done)
    assert head[:10] in warning
    assert "not pushed" in warning
    clone.push()
    done = project.run(SYNCED)
    again = project.runs()[-1].transform
    assert (again.uid, again.reference) == (transform.uid, f"{URL}/blob/{head}/s.py")
    assert warnings(done) == []


def test_an_older_revision_is_linked_to_its_own_commit(project, clone):
    project.script(SYNCED)
    first = clone.commit()
    project.script(SYNCED + "# newer\n")
    clone.commit()
    assert warnings(project.run(SYNCED)) == []
    run = project.only_run()
    assert run.transform.reference == f"{URL}/blob/{first}/s.py"
    assert (run.extra_data["git"]["commit"], run.extra_data["git"]["dirty"]) == (clone.head(), True)


def test_outside_of_a_clone_there_is_one_warning(project, home, monkeypatch):
    alone(home, monkeypatch)
    done = project.run(SYNCED + SYNCED)
    assert [run.status for run in project.runs()] == ["completed", "completed"]
    (warning,) = warnings(done)
    assert f"s.py lies in no clone of {URL}," in warning


def test_in_another_repository_there_is_one_warning(project, clone):
    project.script(TRACK)
    clone.commit()
    done = project.run(TRACK, env={"LAMINDB_SYNC_GIT_REPO": "https://me:hunter2@github.com/ada/other.git"})
    run = project.only_run()
    assert (run.status, run.transform.reference) == ("completed", None)
    (warning,) = warnings(done)
    assert f"{project.folder}, which is no clone of https://github.com/ada/other:" in warning
    assert b"hunter2" not in project.kept_bytes()


@pytest.mark.parametrize("value", ["nonsense", "https://", "/nowhere", "::", "git@:x"])
def test_a_wrong_setting_never_stops_a_run(project, clone, value):
    project.script(TRACK)
    clone.commit()
    done = project.run(TRACK, env={"LAMINDB_SYNC_GIT_REPO": value})
    assert project.only_run().status == "completed"
    assert len(warnings(done)) == 1


def test_flows_and_steps_are_linked_each_to_its_file(project, clone):
    clone.write("lib/steps.py", "import lamin_lite as ln\n@ln.step()\ndef half(x):\n    return x / 2\n")
    text = "from lib.steps import half\n@ln.flow()\ndef main(x):\n    return half(x)\nmain(4)\nmain(5)\n"
    project.script(text)
    head = clone.commit()
    done = project.run(text, env={"LAMIN_LITE_SYNC_GIT_REPO": URL})
    links_of = {run.entrypoint: run.transform.reference for run in project.runs()}
    assert links_of == {"main": f"{URL}/blob/{head}/s.py", "half": f"{URL}/blob/{head}/lib/steps.py"}
    assert done.stderr.count("source of ") == 2


def test_a_flow_that_is_called_often_warns_once(project, clone):
    done = project.run(FLOW, env={"LAMIN_LITE_SYNC_GIT_REPO": URL})
    assert len(project.runs()) == 3
    assert len(warnings(done)) == 1


def test_a_process_that_lives_on_finds_what_was_pushed_meanwhile(here, clone, monkeypatch):
    monkeypatch.setenv("LAMIN_LITE_SYNC_GIT_REPO", URL)
    monkeypatch.setattr(links, "_PAUSE", 0.0)
    path = here.script(TRACK)
    head = clone.commit(push=False)

    def tracked():
        ln.track(path=path)
        transform = ln.context.transform
        ln.finish()
        return transform.reference

    assert tracked() is None
    clone.push()
    assert tracked() == f"{URL}/blob/{head}/s.py"


def test_between_two_looks_there_is_a_pause(here, clone, monkeypatch):
    monkeypatch.setenv("LAMIN_LITE_SYNC_GIT_REPO", URL)
    path = here.script(TRACK + "# paused\n")
    ln.track(path=path)
    clone.commit()
    ln.track(path=path)
    assert ln.context.transform.reference is None
    ln.finish()


def test_a_reference_of_ones_own_stays(project, clone):
    project.script(TRACK)
    clone.commit()
    project.run(TRACK)
    transform = project.only_run().transform
    transform.reference, transform.reference_type = "doi:10.1000/1", "doi"
    transform.save()
    project.run(TRACK, env={"LAMIN_LITE_SYNC_GIT_REPO": URL})
    again = project.runs()[-1].transform
    assert (again.reference, again.reference_type) == ("doi:10.1000/1", "doi")


def test_repositories_below_a_development_directory_are_told_apart(project, clone, tmp_path):
    project.instance.settings.dev_dir = project.folder
    inner = Clone(project.folder / "inner", tmp_path / "remotes" / "ada" / "inner.git", "https://github.com/ada/inner")
    env = {"LAMIN_LITE_SYNC_GIT_REPO": "git@github.com:ada/inner.git"}
    project.script(TRACK, "inner/src/a.py")
    head = inner.commit()
    project.run(TRACK, name="inner/src/a.py", env=env)
    run = project.only_run()
    assert run.transform.key == "inner/src/a.py"
    assert run.transform.reference == f"https://github.com/ada/inner/blob/{head}/src/a.py"
    assert run.extra_data["git"]["root"] == str(inner.folder)
    assert len(warnings(project.run(TRACK, name="b.py", env=env))) == 1


def test_what_is_interactive_has_no_link_and_no_warning(project, clone, run_python):
    env = {"LAMIN_LITE_SYNC_GIT_REPO": URL}
    done = run_python("import lamin_lite as ln; ln.track(); ln.finish()", cwd=project.folder, env=env)
    assert done.returncode == 0, done.stderr
    assert warnings(done) == []


def test_an_installed_package_is_not_asked_for(project, clone):
    clone.write("site-packages/tool/__init__.py", "")
    clone.write("site-packages/tool/steps.py", "import lamin_lite as ln\n@ln.flow()\ndef work():\n    pass\n")
    text = "sys.path.insert(0, 'site-packages')\nfrom tool.steps import work\nwork()\n"
    done = project.run(text, env={"LAMIN_LITE_SYNC_GIT_REPO": URL})
    assert project.only_run().transform.key == "pypackages/tool/steps.py"
    assert warnings(done) == []


def test_without_git_the_run_goes_on(project, clone, tmp_path):
    project.script(SYNCED)
    clone.commit()
    done = project.run(SYNCED, env={"PATH": tmp_path})
    run = project.only_run()
    assert (run.status, run.transform.reference) == ("completed", None)
    (warning,) = warnings(done)
    assert "is not installed" in warning


# --- without a repository to keep in step with, the state is kept all the same


def test_the_state_of_the_repository_is_kept_for_every_kind_of_source(project, clone, run_python):
    clone.write("pkg/__init__.py", "")
    clone.write("pkg/mod.py", f"import lamin_lite as ln\n{TRACK}")
    project.script(TRACK, "pinned.py")
    head = clone.commit()
    project.run(FLOW, name="flow.py")
    project.run("ln.track('abcdefghijkl')\nln.finish()\n", name="pinned.py")
    run_python("-m pkg.mod", cwd=project.folder)
    project.run("ln.track(ln.Transform(key='mine').save())\nln.finish()\n", name="own.py")
    states = {run.transform.key: run.extra_data["git"] for run in project.runs()}
    assert {key: (state["path"], state["commit"]) for key, state in states.items()} == {
        "flow.py": ("flow.py", head),
        "pinned.py": ("pinned.py", head),
        "pypackages/pkg/mod.py": ("pkg/mod.py", head),
        "mine": ("own.py", head),
    }
    assert states["pinned.py"]["dirty"] is True
    assert all(run.transform.reference is None for run in project.runs())


def test_a_copy_has_the_state_of_its_own_repository(project, clone):
    project.run(TRACK)
    project.script(TRACK, "copy/s.py")
    git(project.folder, "init", "-q", "copy")
    git(project.folder / "copy", "add", ".")
    git(project.folder / "copy", "commit", "-qm", "first")
    project.run(TRACK, name="copy/s.py")
    first, second = project.runs()
    assert first.transform == second.transform
    assert second.extra_data["git"]["root"] == str(project.folder / "copy")


def test_describe_tells_the_state_of_the_repository(project, clone):
    project.script(SYNCED)
    head = clone.commit()
    project.run(SYNCED)
    project.script(SYNCED + "# more\n")
    project.run(SYNCED + "# more\n")
    clean, dirty = (run.describe(return_str=True) for run in project.runs())
    assert f"{head} (main), pushed" in clean
    assert "uncommitted changes: no" in clean
    assert f"uncommitted changes: yes, as in artifact {project.runs()[1].extra_data['git']['diff']}" in dirty
    assert "Extra data" not in clean
    assert f"reference: {URL}/blob/{head}/s.py" in project.runs()[0].transform.describe(return_str=True)


def notebook(source):
    cell = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None, "source": [source]}
    return json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def test_a_notebook_that_turns_out_to_have_another_source_loses_the_link(here, clone, monkeypatch):
    """It was edited and saved while its run went on, and the version is rewritten at the end."""
    monkeypatch.setenv("LAMIN_LITE_SYNC_GIT_REPO", URL)
    path = clone.write("n.ipynb", notebook("1"))
    clone.commit()
    ln.track(path=path)
    run, uid = ln.context.run, ln.context.transform.uid
    assert ln.context.transform.reference
    path.write_text(notebook("2"))
    source = {**source_of_file(str(path)), "kind": "notebook"}
    transforms.settle(here.instance, run, source, new=True)
    assert [getattr(ln.Transform.get(uid), name) for name in ("reference", "reference_type")] == [None, None]
    head = clone.commit()
    links.keep(here.instance, run.transform, source)
    assert ln.Transform.get(uid).reference == f"{URL}/blob/{head}/n.ipynb"
    ln.finish()


def test_a_notebook_that_is_pushed_is_linked(here, clone, monkeypatch):
    monkeypatch.setenv("LAMIN_LITE_SYNC_GIT_REPO", URL)
    path = clone.write("n.ipynb", notebook("1"))
    head = clone.commit()
    ln.track(path=path)
    transform = ln.context.transform
    ln.finish()
    assert (transform.kind, transform.reference) == ("notebook", f"{URL}/blob/{head}/n.ipynb")


CHANGING = """
    import subprocess
    ln.settings.sync_git_repo = {url!r}
    @ln.step()
    def st():
        return "OLD CODE"
    ln.track()
    st()
    text = open(__file__).read()
    with open(__file__, "w") as file: file.write(text.replace("OLD CODE", "NEW" + " CODE"))
    subprocess.run("git -c user.name=a -c user.email=a@example.org commit -qam n && git push -q origin HEAD:main", shell=True, check=True)
    print(st())
    ln.track()
    ln.finish()
"""


def test_a_script_that_is_changed_while_it_runs_stays_what_it_was(project, clone):
    text = CHANGING.format(url=URL + ".git")
    project.script(text)
    head = clone.commit()
    done = project.run(text)
    runs = project.runs()
    assert [run.entrypoint for run in runs] == [None, "st", "st", None]
    assert {run.transform.uid for run in runs} == {runs[0].transform.uid}
    transform = runs[0].transform
    assert "OLD CODE" in transform.source_code
    assert transform.reference == f"{URL}/blob/{head}/s.py"
    assert clone.git("rev-parse", "HEAD") != head, "there is another commit, of code that never ran"
    assert warnings(done) == []


def test_a_script_that_was_changed_before_its_run_started_is_doubted_and_not_linked(project, clone):
    """The process had read it before: what ran is not known."""
    text = (
        f"with open(__file__, 'a') as file: file.write('changed = 1\\n')\nln.settings.sync_git_repo = {URL!r}\n{TRACK}"
    )
    script = project.script(text)
    clone.commit()
    done = project.run(text)
    clone.commit()
    (doubt,) = warnings(done)
    assert f"{script} was changed after this process had loaded it" in doubt
    assert project.only_run().transform.reference is None
