"""Artifacts: which row a save means, where its bytes lie, and what is read back."""

from __future__ import annotations

import hashlib
import os
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

import lamin_lite as ln

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a promise for Linux")


@pytest.fixture
def instance(workdir):
    return ln.Instance.init(workdir)


@pytest.fixture
def run(instance):
    transform = instance.Transform(key="t.py").save()
    return lambda: instance.Run(transform=transform).save()


def write(name, content="one"):
    os.makedirs(os.path.dirname(name) or ".", exist_ok=True)
    with open(name, "wb") as file:
        file.write(content if isinstance(content, bytes) else content.encode())
    return name


def read(name):
    with open(name, "rb") as file:
        return file.read()


def blobs(instance):
    root = os.path.join(instance.root, "storage", ".lamin_lite", "blobs")
    return sorted(os.path.join(folder, name) for folder, _, names in os.walk(root) for name in names)


def staged(instance):
    folder = os.path.join(instance.root, "storage", ".lamin_lite", "tmp")
    return os.listdir(folder) if os.path.isdir(folder) else []


# -- which row


def test_the_same_content_under_the_same_key_is_the_same_artifact_recreated_by_the_run(instance, run):
    first, second = run(), run()
    one = instance.Artifact(write("a.txt"), key="a.txt", run=first).save()
    two = instance.Artifact("a.txt", key="a.txt", run=second).save()
    assert two == one
    assert two.id == one.id
    assert two.run == first
    assert second.output_artifacts.to_list() == [one]
    assert second.recreated_artifacts.to_list() == [one]
    assert second.created_artifacts.to_list() == []
    assert first.created_artifacts.to_list() == [one]


def test_the_same_content_under_another_key_is_another_artifact_with_the_same_blob(instance):
    one = instance.Artifact(write("a.txt"), key="a.txt").save()
    two = instance.Artifact("a.txt", key="b/other.txt").save()
    assert one.stem_uid != two.stem_uid
    assert instance.Artifact.get(key="b/other.txt") == two
    assert one.path == two.path
    assert len(blobs(instance)) == 1


def test_an_earlier_content_again_is_the_latest_version(instance):
    made = [instance.Artifact(write("a.txt", text), key="a.txt").save() for text in ("one", "two", "one")]
    assert [row.uid[-4:] for row in made] == ["0000", "0001", "0002"]
    assert len({row.stem_uid for row in made}) == 1
    assert instance.Artifact.get(key="a.txt") == made[2]
    assert instance.Artifact.get(key="a.txt").load() == "one"
    assert [row.is_latest for row in made[0].versions] == [False, False, True]
    assert made[0].path == made[2].path
    assert len(blobs(instance)) == 2


def test_without_a_key_the_description_and_content_say_which_artifact_it_is(instance):
    one = instance.Artifact(write("a.txt"), description="first").save()
    assert instance.Artifact("a.txt", description="first").save() == one
    assert instance.Artifact("a.txt", description="second").save() != one
    assert instance.Artifact(write("a.txt", "two"), description="first").save().stem_uid != one.stem_uid


def test_an_artifact_needs_something_to_be_found_by(instance):
    with pytest.raises(ln.errors.InvalidArgument, match="key="):
        instance.Artifact(write("a.txt"))
    with pytest.raises(ln.errors.InvalidArgument, match="path"):
        instance.Artifact()


def test_a_file_under_a_key_of_another_ending_is_a_mistake(instance):
    write("a.txt")
    with pytest.raises(ln.errors.InvalidKey, match=r"\.csv.*\.txt"):
        instance.Artifact("a.txt", key="a.csv")
    artifact = instance.Artifact("a.txt", key="a.txt").save()
    artifact.key = "a.csv"
    with pytest.raises(ln.errors.InvalidKey, match=r"\.txt"):
        artifact.save()
    artifact.key = "b.txt"
    artifact.save()
    assert instance.Artifact.get(key="b.txt").uid == artifact.uid


def test_composite_suffixes_are_kept_whole(instance):
    assert instance.Artifact(write("a.fastq.gz"), key="x/a.fastq.gz").save().suffix == ".fastq.gz"
    assert instance.Artifact(write("a.b.c.csv"), key="a.b.c.csv").save().suffix == ".csv"


# -- the trash


def test_trash_hides_and_restore_brings_back(instance):
    artifact = instance.Artifact(write("a.txt"), key="a.txt").save()
    artifact.delete()
    assert instance.Artifact.filter(key="a.txt").count() == 0
    with pytest.raises(ln.errors.DoesNotExist, match=r"a\.txt"):
        instance.Artifact.get(key="a.txt")
    artifact.restore()
    assert instance.Artifact.get(key="a.txt") == artifact


def test_saving_to_a_trashed_key_starts_a_new_family_and_restoring_is_refused_by_name(instance):
    old = instance.Artifact(write("a.txt"), key="a.txt").save()
    old.delete()
    new = instance.Artifact("a.txt", key="a.txt").save()
    assert new.stem_uid != old.stem_uid
    with pytest.raises(ln.errors.Conflict, match=new.uid):
        old.restore()
    new.delete()
    assert old.restore().is_latest


def test_versions_go_to_the_trash_and_come_back_in_any_order(instance):
    made = [instance.Artifact(write("a.txt", text), key="a.txt").save() for text in ("one", "two", "three")]
    made[0].delete()
    made[2].delete()
    assert instance.Artifact.get(key="a.txt") == made[1]
    made[1].delete()
    assert instance.Artifact.filter(key="a.txt").count() == 0
    made[1].restore()
    assert instance.Artifact.get(key="a.txt") == made[1]
    made[2].restore()
    made[0].restore()
    assert instance.Artifact.get(key="a.txt") == made[2]
    assert [row.is_latest for row in made[0].versions] == [False, False, True]


def test_a_new_version_never_takes_the_uid_of_one_in_the_trash(instance):
    made = [instance.Artifact(write("a.txt", text), key="a.txt").save() for text in ("one", "two")]
    made[1].delete()
    third = instance.Artifact(write("a.txt", "three"), key="a.txt").save()
    assert third.stem_uid == made[0].stem_uid
    assert third.uid > made[1].uid
    made[1].restore()
    assert instance.Artifact.get(key="a.txt") == third


# -- bytes


def test_the_hash_is_that_of_sha256sum(instance):
    for size in (0, 1, 5 << 20):
        artifact = instance.Artifact(write("a.bin", os.urandom(size)), key="a.bin").save()
        assert artifact.hash == hashlib.sha256(read("a.bin")).hexdigest()
        assert artifact.size == size
    if os.path.exists("/usr/bin/sha256sum"):
        said = subprocess.run(["/usr/bin/sha256sum", artifact.path], capture_output=True, text=True, check=True).stdout
        assert said.split()[0] == artifact.hash


@linux
@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o444), (0o027, 0o440), (0o077, 0o400)])
def test_a_blob_can_only_be_read_and_by_whom_the_umask_allows(instance, umask, mode):
    before = os.umask(umask)
    try:
        small = instance.Artifact(write("a.txt"), key="a.txt").save()
        large = instance.Artifact(write("b.bin", b"x" * (5 << 20)), key="b.bin").save()
    finally:
        os.umask(before)
    assert stat.S_IMODE(os.stat(small.path).st_mode) == mode
    assert stat.S_IMODE(os.stat(large.path).st_mode) == mode


def test_the_same_bytes_under_two_suffixes_take_their_space_once(instance):
    one = instance.Artifact(write("a.txt", "x,y\n"), key="a.txt").save()
    two = instance.Artifact(write("a.csv", "x,y\n"), key="a.csv").save()
    assert (one.path.suffix, two.path.suffix) == (".txt", ".csv")
    assert os.path.samefile(one.path, two.path)
    assert staged(instance) == []


def test_a_writable_copy_can_be_changed_and_the_stored_bytes_cannot(instance):
    artifact = instance.Artifact(write("a.txt"), key="x/a.txt").save()
    copy = artifact.cache(writable=True)
    assert copy.name == "a.txt"
    copy.write_text("changed")
    assert artifact.load() == "one"
    assert artifact.cache(writable=True).read_text() == "one"
    assert artifact.cache() == artifact.path


def test_a_writable_copy_may_have_the_longest_of_names(instance):
    name = "x" * 251 + ".txt"
    copy = instance.Artifact(write("a.txt"), key=name).save().cache(writable=True)
    assert (copy.name, copy.read_text()) == (name, "one")
    assert os.listdir(copy.parent) == [name]


def test_load_reads_by_suffix(instance):
    rows = [{"gene": "CD8A", "count": "3"}]
    assert instance.Artifact(write("a.json", '{"a": [1]}'), key="a.json").save().load() == {"a": [1]}
    assert instance.Artifact(write("a.csv", "gene,count\nCD8A,3\n"), key="a.csv").save().load() == rows
    assert instance.Artifact(write("a.txt", "é"), key="a.txt").save().load() == "é"
    assert instance.Artifact(write("noext", b"\0"), key="noext").save().load() == b"\0"


def test_a_table_comes_back_with_the_columns_it_had(instance):
    rows = [{"gene": "CD8A", "count": "3", "note": 'a "b", c\nd'}, {"gene": "", "count": "0", "note": "é"}]
    for suffix in (".csv", ".tsv"):
        instance.Artifact.from_object(rows, key=f"t{suffix}").save()
        found = instance.Artifact.get(key=f"t{suffix}")
        assert found.load() == rows
        assert instance.Artifact.from_object(found.load(), key=f"t{suffix}").save() == found


def test_a_run_that_makes_the_same_again_shows_its_outputs(instance, run):
    for _ in range(3):
        made = run()
        instance.Artifact(write("a.txt"), key="a.txt", run=made).save()
        instance.Artifact(write("b.txt", "two"), key="b.txt", run=made).save()
        assert made.output_artifacts.to_list("key") == ["a.txt", "b.txt"]
        assert made.transform.latest_run == made
    assert instance.Artifact.filter().count() == 2


def test_missing_or_cut_bytes_are_an_error_with_the_remedy(instance):
    artifact = instance.Artifact(write("a.txt"), key="a.txt").save()
    path = artifact.path
    os.chmod(path, 0o644)
    path.write_text("on")
    with pytest.raises(ln.errors.IntegrityError, match="restore it from a backup"):
        artifact.load()
    path.unlink()
    with pytest.raises(ln.errors.IntegrityError, match="restore it from a backup"):
        artifact.load()
    again = instance.Artifact("a.txt", key="a.txt").save()  # the bytes are here: they heal the storage
    assert again == artifact
    assert artifact.load() == "one"


def test_what_a_serializer_could_not_write_leaves_nothing(instance):
    with pytest.raises(ln.errors.InvalidArgument):
        instance.Artifact.from_object(object(), key="a.csv")
    instance.Artifact.from_object([{"a": "1"}], key="a.csv").save()
    made = os.path.join(instance.cache_dir, "made")
    assert not os.path.isdir(made) or os.listdir(made) == []


# -- inputs


def test_reading_is_recorded_as_input_unless_it_is_told_not_to_be(instance, run):
    artifact = instance.Artifact(write("a.txt"), key="a.txt").save()
    reader = run()
    artifact.load(is_run_input=False)
    assert reader.input_artifacts.to_list() == []
    artifact.load(is_run_input=reader)
    artifact.cache(is_run_input=reader)
    assert reader.input_artifacts.to_list() == [artifact]
    assert artifact.input_of_runs.to_list() == [reader]


def test_what_a_run_made_is_not_its_input_and_what_it_read_before_stays_one(instance, run):
    writer, both = run(), run()
    artifact = instance.Artifact(write("a.txt"), key="a.txt", run=writer).save()
    artifact.load(is_run_input=writer)
    assert writer.input_artifacts.to_list() == []
    artifact.load(is_run_input=both)
    instance.Artifact("a.txt", key="a.txt", run=both).save()
    assert both.input_artifacts.to_list() == [artifact]
    assert both.output_artifacts.to_list() == [artifact]


# -- folders


@linux
def test_a_folder_comes_back_as_it_was(instance):
    write("data/a.txt")
    write("data/sub/deep/b.bin", b"\0\1")
    write("data/run.sh", "#!/bin/sh\n")
    os.chmod("data/run.sh", 0o755)
    os.makedirs("data/empty/inner")
    os.symlink("a.txt", "data/link")
    os.symlink("../a.txt", "data/sub/up")
    os.symlink("sub", "data/folder link")
    odd = os.fsencode("data/") + b"caf\xe9"
    with open(odd, "wb") as file:
        file.write(b"latin")
    artifact = instance.Artifact("data", key="data").save()
    assert artifact.n_files == 4
    assert artifact.size == 3 + 2 + 10 + 5
    view = artifact.cache()
    for folder in (view, artifact.cache(writable=True)):
        assert listing(folder) == listing("data")
    assert (view / "sub/up").read_text() == "one"
    assert not os.stat(view / "a.txt").st_mode & 0o222
    with pytest.raises(ln.errors.InvalidArgument, match="folder"):
        artifact.load()
    assert instance.Artifact("data", key="data").save() == artifact
    os.chmod("data/run.sh", 0o644)
    assert instance.Artifact("data", key="data").save().uid[-4:] == "0001"


def listing(root):
    found = {}
    root = os.fsencode(root)
    for folder, folders, files in os.walk(root):
        for name in [*folders, *files]:
            path = os.path.join(folder, name)
            key = os.path.relpath(path, root)
            if os.path.islink(path):
                found[key] = os.readlink(path)
            elif os.path.isdir(path):
                found[key] = "folder"
            else:
                found[key] = (read(path), bool(os.stat(path).st_mode & 0o100))
    return found


def test_an_empty_folder_is_kept(instance):
    os.makedirs("nothing")
    artifact = instance.Artifact("nothing", key="nothing").save()
    assert (artifact.n_files, artifact.size) == (0, 0)
    assert os.listdir(artifact.cache()) == []


def test_equal_folders_are_the_same_artifact_and_share_blobs_with_files(instance):
    for name in ("one", "two"):
        write(f"{name}/b.txt")
        write(f"{name}/a.txt", "two")
    one = instance.Artifact("one", key="data").save()
    assert instance.Artifact("two", key="data").save() == one
    count = len(blobs(instance))
    instance.Artifact("one/b.txt", key="b.txt").save()
    assert len(blobs(instance)) == count


@pytest.mark.parametrize("target", ["/etc/passwd", "../outside", "../data/a.txt", "sub/../../outside"])
def test_a_link_that_leaves_the_folder_is_refused_by_name(instance, target):
    write("data/a.txt")
    os.makedirs("data/sub")
    write("outside")
    os.symlink(target, "data/link")
    with pytest.raises(ln.errors.InvalidArgument, match=f"link.*{target}"):
        instance.Artifact("data", key="data").save()
    assert instance.Artifact.filter().count() == 0
    assert staged(instance) == []


@linux
def test_a_socket_or_pipe_is_refused_by_name(instance):
    os.makedirs("data")
    os.mkfifo("data/pipe")
    with pytest.raises(ln.errors.InvalidArgument, match=r"data/pipe is a socket, pipe or device"):
        instance.Artifact("data", key="data").save()
    with pytest.raises(ln.errors.InvalidArgument, match="pipe"):
        instance.Artifact("data/pipe", key="pipe")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("s")
        with pytest.raises(ln.errors.InvalidArgument, match="socket"):
            instance.Artifact("s", key="s")


def test_a_view_with_a_missing_blob_is_an_error_and_leaves_no_half_folder(instance):
    write("data/a.txt")
    artifact = instance.Artifact("data", key="data").save()
    for path in blobs(instance):
        if path.endswith(".txt"):
            os.unlink(path)
    with pytest.raises(ln.errors.IntegrityError, match=r"a\.txt"):
        artifact.cache()
    assert os.listdir(os.path.join(instance.cache_dir, "folders")) == []


# -- in place


@pytest.fixture
def lake(instance, tmp_path):
    (tmp_path / "lake").mkdir()
    return instance.Storage(root=str(tmp_path / "lake")).save()


def test_a_file_in_a_registered_storage_stays_where_it_is(instance, lake, tmp_path):
    file = write(str(tmp_path / "lake/raw/a.csv"), "x\n1\n")
    artifact = instance.Artifact(file).save()
    assert artifact.key == "raw/a.csv"
    assert str(artifact.path) == os.path.realpath(file)
    assert artifact.storage == lake
    assert artifact.load() == [{"x": "1"}]
    assert blobs(instance) == []
    assert instance.Artifact(file).save() == artifact


def test_another_key_or_a_wish_to_copy_copies(instance, lake, tmp_path):
    file = write(str(tmp_path / "lake/a.txt"))
    assert instance.Artifact(file, key="b.txt").save().path.name != "a.txt"
    copied = instance.Artifact(file, key="a.txt", copy=True).save()
    assert ".lamin_lite" in str(copied.path)
    with open(file, "a") as stream:
        stream.write("more")
    assert copied.load() == "one"


def test_in_the_storage_of_the_database_only_copy_false_leaves_a_file_in_place(instance, workdir):
    file = write("storage/a.txt")
    assert ".lamin_lite" in str(instance.Artifact(file, key="a.txt").save().path)
    artifact = instance.Artifact(write("storage/b.txt", "two"), copy=False).save()
    assert str(artifact.path) == os.path.realpath("storage/b.txt")
    with pytest.raises(ln.errors.InvalidArgument, match="no registered storage"):
        instance.Artifact(write("c.txt"), key="c.txt", copy=False)
    with pytest.raises(ln.errors.InvalidArgument, match=r"leave the key out"):
        instance.Artifact("storage/b.txt", key="c.txt", copy=False)


def test_a_file_changed_in_place_is_never_served_as_the_old_version(instance, lake, tmp_path):
    file = write(str(tmp_path / "lake/a.txt"))
    old = instance.Artifact(file).save()
    os.utime(file, (1, 1))
    assert old.load() == "one"
    write(file, "two")
    with pytest.raises(ln.errors.IntegrityError, match="save it again"):
        old.load()
    new = instance.Artifact(file).save()
    assert new.uid[-4:] == "0001"
    assert new.load() == "two"
    with pytest.raises(ln.errors.IntegrityError, match="save it again"):
        old.load()
    write(file, "one")
    assert old.load() == "one"
    os.unlink(file)
    with pytest.raises(ln.errors.MissingFile, match=r"a\.txt"):
        old.load()


def test_a_folder_in_place_is_checked_too(instance, lake, tmp_path):
    write(str(tmp_path / "lake/set/a.txt"))
    artifact = instance.Artifact(str(tmp_path / "lake/set")).save()
    assert (artifact.key, artifact.n_files) == ("set", 1)
    assert artifact.cache().name == "set"
    write(str(tmp_path / "lake/set/b.txt"))
    with pytest.raises(ln.errors.IntegrityError, match="modified"):
        artifact.cache()


def test_a_storage_that_moved_is_found_by_its_mark(instance, lake, tmp_path):
    file = write(str(tmp_path / "lake/a.txt"))
    artifact = instance.Artifact(file).save()
    os.rename(tmp_path / "lake", tmp_path / "moved")
    fresh = ln.Instance.open(instance.root)
    with pytest.raises(ln.errors.UnknownStorage, match="is not there"):
        fresh.Artifact.get(artifact.uid).load()
    with pytest.raises(ln.errors.Conflict, match="relocate"):
        fresh.Storage(root=str(tmp_path / "moved")).save()
    (tmp_path / "lake").mkdir()
    with pytest.raises(ln.errors.UnknownStorage, match="not marked"):
        ln.Instance.open(instance.root).Artifact.get(artifact.uid).load()
    fresh.Storage.get(lake.uid).relocate(str(tmp_path / "moved"))
    assert ln.Instance.open(instance.root).Artifact.get(artifact.uid).load() == "one"


def test_two_instances_may_register_the_same_folder(instance, lake, tmp_path):
    (tmp_path / "other").mkdir()
    other = ln.Instance.init(tmp_path / "other")
    theirs = other.Storage(root=lake.path).save()
    assert theirs.uid == lake.uid
    file = write(str(tmp_path / "lake/a.txt"))
    assert other.Artifact(file).save().load() == instance.Artifact(file).save().load() == "one"


def test_an_object_that_is_never_saved_leaves_no_file(instance, run_python):
    def left():
        return list(Path(instance.root).rglob("made/*"))

    with pytest.raises(ln.errors.InvalidArgument, match="no DataFrame"):
        instance.Artifact.from_dataframe({"a": 1}, key="x.json")
    assert left() == []
    made = instance.Artifact.from_object({"a": 1}, key="x.json")
    assert len(left()) == 1
    del made
    assert left() == []
    ends = "import lamin_lite as ln\nmade = ln.Artifact.from_object({'a': 1}, key='x.json')\nprint(made.key)"
    assert run_python(ends, cwd=instance.root).stdout == "x.json\n"
    assert left() == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_fork_leaves_the_file_of_an_object_to_its_parent(instance, run_python):
    code = (
        "import os, sys, lamin_lite as ln\nmade = ln.Artifact.from_object({'a': 1}, key='x.json')\n"
        "if os.fork() == 0:\n    sys.exit()\nos.wait()\nprint(made.save().load())"
    )
    done = run_python(code, cwd=instance.root)
    assert done.stdout == "{'a': 1}\n", done.stderr


def test_a_large_file_saved_again_is_not_written_again(instance):
    write("a.bin", os.urandom(9 << 20))
    one = instance.Artifact("a.bin", key="a.bin").save()
    before = os.stat(one.path).st_ino
    assert instance.Artifact("a.bin", key="a.bin").save() == one
    assert os.stat(one.path).st_ino == before
