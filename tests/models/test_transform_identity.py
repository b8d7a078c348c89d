"""Which transform a script is: the same file, a new version, a copy, a rename, a move; never a question."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

import lamin_lite as ln

TRACK = "import lamin_lite as ln\nln.track({uid})\n{more}\nln.finish()\n"


@pytest.fixture
def instance(workdir):
    return ln.Instance.init(workdir)


@pytest.fixture
def script(workdir, run_python):
    """Write a script that tracks itself (unless its text is None), run it, and give what it said."""

    def run(name, more="", uid="", *, cwd=None, flags=(), expect=0):
        path = workdir / name
        if more is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(TRACK.format(uid=uid, more=more))
        done = run_python(path, cwd=cwd or workdir, flags=flags)
        assert done.returncode == expect, done.stderr
        return done.stderr

    return run


def versions(instance, **conditions):
    return instance.Transform.filter(**conditions).order_by("uid").to_list()


def test_an_unchanged_script_is_the_same_transform_with_a_new_run(instance, script):
    script("s.py", "x = 1")
    script("s.py", None)
    (one,) = versions(instance)
    assert one.key == "s.py"
    assert one.uid.endswith("0000")
    assert one.runs.count() == 2
    assert len({run.uid for run in one.runs}) == 2
    assert {run.status for run in one.runs} == {"completed"}


def test_a_changed_script_is_a_new_version_and_a_reverted_one_the_old(instance, script):
    for text in ("x = 1", "x = 2", "x = 1"):
        script("s.py", text)
    old, new = versions(instance)
    assert (old.stem_uid, old.uid[-4:], new.uid[-4:]) == (new.stem_uid, "0000", "0001")
    assert (old.runs.count(), new.runs.count()) == (2, 1)
    assert (old.is_latest, new.is_latest) == (False, True)


def test_a_renamed_script_keeps_its_history_without_a_question(instance, script, workdir):
    script("s.py", "x = 1")
    os.rename("s.py", "renamed.py")
    script("renamed.py", None)
    (one,) = versions(instance)
    assert one.key == "renamed.py"
    assert one.runs.count() == 2


@pytest.mark.sqlite  # psycopg imports the standard library's copy, which a script copy.py hides
def test_a_copied_script_runs_without_a_question_and_the_first_keeps_its_name(instance, script):
    script("s.py", "x = 1")
    shutil.copy("s.py", "copy.py")
    script("copy.py", None)
    script("s.py", None)
    assert instance.Transform.get(key="s.py").runs.count() == 2
    assert instance.Transform.get(key="copy.py").runs.count() == 1


def test_two_files_of_one_name_are_two_transforms_with_one_warning(instance, script):
    assert "Two files" not in script("s.py", "x = 1")
    assert script("sub/s.py", "x = 2").count("Two files are called s.py") == 1
    assert "Two files" not in script("sub/s.py", "x = 3")
    assert "Two files" not in script("s.py", "x = 4")
    stems = {row.stem_uid for row in versions(instance)}
    assert len(stems) == 2
    assert sorted(instance.Transform.filter(stem=stem).count() for stem in stems) == [2, 2]


def test_two_files_of_one_given_key_are_told_a_remedy_that_helps(instance, script):
    given = "key='analyse.py'"
    script("a/n.py", "x = 1", given)
    said = script("b/n.py", "x = 2", given)
    stem = instance.Transform.filter(key="analyse.py").order_by("id").first().stem_uid
    assert f"Give one of them another key, or go on with that transform by `ln.track('{stem}')`" in said
    assert "development directory" not in said
    assert "Two files" not in script("b/n.py", "x = 3", repr(stem))
    assert instance.Transform.filter(stem=stem).count() == 2


def test_a_key_that_is_given_anew_in_one_process_is_the_one_that_is_stored(instance, script):
    script("s.py", "for key in ('a.py', 'b.py', 'a.py'):\n    ln.track(key=key)", "key='b.py'")
    (one,) = versions(instance)
    assert (one.key, one.runs.count()) == ("a.py", 4)


def test_moving_the_whole_project_loses_nothing(instance, script, workdir, run_python):
    write = "open('a.txt', 'w').write('one')\nln.Artifact('a.txt', key='a.txt').save()"
    script("s.py", write)
    script("sub/s.py", "x = 2")
    moved = workdir.parent / "moved"
    os.rename(workdir, moved)
    for name in ("s.py", "sub/s.py"):
        done = run_python(moved / name, cwd=moved)
        assert done.returncode == 0, done.stderr
        assert "Two files" not in done.stderr
    there = ln.Instance.open(moved)
    assert there.Transform.filter().count() == 2
    assert [row.runs.count() for row in there.Transform.filter()] == [2, 2]
    assert there.Artifact.get(key="a.txt").load() == "one"
    assert there.Artifact.filter().count() == 1
    os.rename(moved, workdir)


def test_a_pinned_uid_survives_a_rename_with_a_change(instance, script):
    pin = '"abcdEFGH1234"'
    script("u1.py", "x = 1", pin)
    os.rename("u1.py", "u2.py")
    script("u2.py", "x = 2", pin)
    old, new = versions(instance)
    assert (old.uid, new.uid) == ("abcdEFGH12340000", "abcdEFGH12340001")
    assert instance.Transform.get(key="u2.py") == new


def test_a_wrong_uid_is_one_sentence_with_a_fresh_one(instance, script):
    said = script("s.py", "", '"tooShort"', expect=1)
    assert "'tooShort' must have 12 letters and digits" in said
    assert instance.Run.filter().count() == 0


PACKAGE = "import lamin_lite as ln\n\n@ln.flow()\ndef main():\n    pass\n\nif __name__ == '__main__':\n    main()\n"


def test_a_module_of_a_package_has_one_key_however_it_is_run(instance, script, workdir, run_python):
    (workdir / "mypkg/sub").mkdir(parents=True)
    (workdir / "mypkg/__init__.py").write_text("")
    (workdir / "mypkg/sub/__init__.py").write_text("")
    (workdir / "mypkg/sub/mod.py").write_text(PACKAGE)
    from tests.conftest import REPO

    env = {"PYTHONPATH": os.pathsep.join(map(str, [REPO, REPO / "extras", workdir]))}
    for code in ("from mypkg.sub.mod import main; main()", "-m mypkg.sub.mod"):
        done = run_python(code, cwd=workdir, env=env)
        assert done.returncode == 0, done.stderr
    (one,) = versions(instance)
    assert one.key == "pypackages/mypkg/sub/mod.py"
    assert one.runs.count() == 2


def test_with_a_development_directory_keys_are_paths_from_any_directory(instance, script, workdir):
    instance.settings.dev_dir = workdir
    script("a/b/s.py", "x = 1", cwd=workdir / "storage")
    script("a/s.py", "x = 2")
    assert sorted(row.key for row in versions(instance)) == ["a/b/s.py", "a/s.py"]
    with pytest.raises(ln.errors.InvalidArgument, match="nowhere"):
        instance.settings.dev_dir = workdir / "nowhere"
    assert not (workdir / "nowhere").exists()


STEP = "@ln.step()\ndef part():\n    pass\n\npart()"


def test_a_key_that_the_script_gives_stays_and_is_that_of_its_steps(instance, script):
    for text in (STEP, STEP, f"{STEP}\nx = 2"):
        assert "renaming" not in script("s.py", text, "key='custom/key.py'")
    assert {row.key for row in versions(instance)} == {"custom/key.py"}
    assert len({row.stem_uid for row in versions(instance)}) == 1
    assert [run.transform.key for run in instance.Run.filter()] == ["custom/key.py"] * 6


def test_a_flow_above_such_a_key_and_a_later_run_without_it_keep_it(instance, script):
    script("s.py", "", "key='custom/key.py'")
    script("s.py", "x = 1")
    script("s.py", f"x = 2\n{STEP.replace('step', 'flow')}")
    assert {row.key for row in versions(instance)} == {"custom/key.py"}
    script("s.py", "", "key='other.py'")
    assert {row.key for row in versions(instance)} == {"other.py"}


def test_a_pinned_script_with_a_key_has_the_transform_of_its_steps(instance, script):
    script("s.py", STEP, "'abcdEFGH1234', key='custom/key.py'")
    assert {row.uid for row in versions(instance)} == {"abcdEFGH12340000"}


@pytest.mark.parametrize("changed", [False, True])
def test_a_locked_transform_keeps_its_name_when_its_file_is_renamed(instance, script, changed):
    script("s.py", "x = 1")
    (one,) = versions(instance)
    one.is_locked = True
    one.save()
    before = (one.key, one.path_hint, one.updated_at)
    os.rename("s.py", "renamed.py")
    script("renamed.py", None)
    if changed:
        script("renamed.py", "x = 2")
    first, *others = versions(instance)
    assert (first.key, first.path_hint, first.updated_at) == before
    assert [(row.key, row.stem_uid) for row in others] == [("s.py", one.stem_uid)] * changed
    assert sum(row.runs.count() for row in (first, *others)) == 2 + changed


def test_a_name_that_the_locale_cannot_decode_is_one_key_in_any_locale(instance, workdir, run_python):
    (workdir / "ü").mkdir()
    path = workdir / "ü" / "sö.py"
    path.write_text(TRACK.format(uid="", more=STEP))
    ascii_only = {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    for env in (ascii_only, {}, ascii_only):
        done = run_python(path, cwd=workdir, env=env)
        assert done.returncode == 0, done.stderr
    (one,) = versions(instance)
    assert (one.key, one.path_hint, one.runs.count()) == ("sö.py", str(path), 6)
    (workdir / "other").mkdir()
    (workdir / "other" / "sö.py").write_text(path.read_text() + "x = 1\n")
    run_python(workdir / "other" / "sö.py", cwd=workdir, env=ascii_only)
    assert len({row.stem_uid for row in versions(instance)}) == 2, "the first is where it was"


@pytest.mark.skipif(os.name != "posix" or os.uname().sysname == "Darwin", reason="names are text there")
def test_a_name_that_is_no_text_is_escaped(instance, workdir, run_python):
    path = os.path.join(os.fsencode(workdir), b"s\xff.py")
    with open(path, "w") as file:
        file.write(TRACK.format(uid="", more=""))
    done = run_python(Path(os.fsdecode(path)), cwd=workdir)
    assert done.returncode == 0, done.stderr
    (one,) = versions(instance)
    assert one.key == "s\\xff.py"


@pytest.mark.skipif(os.name != "posix" or os.uname().sysname == "Darwin", reason="names are text there")
@pytest.mark.parametrize("names", [(b"a/s\xff.py", b"b/s\xff.py"), (b"s\xff.py", b"s\\xff.py"), (b"\\\xff.py", b"a/\\\xff.py")])  # fmt: skip
def test_two_files_whose_names_are_no_text_are_two_transforms(instance, workdir, run_python, names):
    for number, name in enumerate((*names, *names)):
        path = os.path.join(os.fsencode(workdir), name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(TRACK.format(uid="", more=f"x = {number % 2}"))
        done = run_python(Path(os.fsdecode(path)), cwd=workdir)
        assert done.returncode == 0, done.stderr
    assert [row.runs.count() for row in versions(instance)] == [2, 2]
    assert len({row.stem_uid for row in versions(instance)}) == 2


def test_a_given_key_goes_with_its_file_and_does_not_stay_at_the_path(instance, script):
    script("a.py", "x = 1", "key='given.py'")
    os.rename("a.py", "b.py")
    script("b.py", None)
    script("a.py", "y = 'something else'")
    script("b.py", None)
    assert sorted((row.key, row.runs.count()) for row in versions(instance)) == [("a.py", 1), ("given.py", 3)]
    assert {row.uid[-4:] for row in versions(instance)} == {"0000"}


def test_a_key_for_a_locked_transform_is_refused_aloud(instance, script):
    script("s.py", "x = 1")
    (one,) = versions(instance)
    one.is_locked = True
    one.save()
    said = script("s.py", STEP, "key='k.py'")
    assert said.count(f"transform {one.uid} is locked, and keeps its key s.py: unlock it for k.py") == 1
    assert "is locked" not in script("s.py", STEP)
    assert {row.key for row in versions(instance)} == {"s.py"}
