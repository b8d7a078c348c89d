"""capture/environment.py: what is installed is listed truly, and not read again while it stays the same."""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import json
import os
import subprocess
import sys
import time
import venv
import zipfile
from pathlib import Path

import pytest

from lamin_lite.capture.environment import environment, fingerprint

ROOT = Path(__file__).resolve().parents[2]
KEYS = ["text", "hash", "python", "implementation", "executable", "prefix", "manager", "lockfiles", "conda"]


@pytest.fixture
def site(tmp_path, monkeypatch):
    """An import path with nothing but one empty site-packages."""
    folder = tmp_path / "lib" / "site-packages"
    folder.mkdir(parents=True)
    monkeypatch.setattr(sys, "path", [str(folder)])
    return folder


def install(
    folder, name, version, direct_url=None, header="Metadata-Version: 2.1\nName: {}\nVersion: {}\n\nName: other\n"
):
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(header.format(name, version))
    if direct_url is not None:
        (info / "direct_url.json").write_text(direct_url if isinstance(direct_url, str) else json.dumps(direct_url))
    return info


def wheel(folder, name, version):
    path = folder / f"{name}-{version}-py3-none-any.whl"
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr(f"{name}.py", "")
        file.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        file.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        file.writestr(f"{info}/RECORD", "")
    return path


def test_it_agrees_with_importlib_metadata():
    found = environment()
    assert list(found) == KEYS
    expected = {}
    for dist in importlib.metadata.distributions():
        expected.setdefault(dist.metadata["Name"].lower().replace("_", "-").replace(".", "-"), dist.version)
    lines = [line.partition(" #")[0].split("==") for line in found["text"].splitlines()]
    assert {name.lower().replace("_", "-").replace(".", "-"): version for name, version in lines} == expected
    assert found["hash"] == hashlib.sha256(found["text"].encode()).hexdigest()
    assert found["python"] in sys.version
    assert (found["implementation"], found["executable"]) == (sys.implementation.name, sys.executable)


def test_lines_are_sorted_and_the_first_on_the_path_wins(site, tmp_path, monkeypatch):
    second = tmp_path / "second" / "site-packages"
    install(second, "Zebra_Tools", "1.0")
    install(second, "only.second", "2")
    install(site, "zebra-tools", "3.0")
    install(site, "Alpha", "1!0.1+local")
    monkeypatch.setattr(sys, "path", [str(site), str(second)])
    assert environment()["text"] == "Alpha==1!0.1+local\nonly.second==2\nzebra-tools==3.0\n"


@pytest.mark.parametrize(
    ("record", "comment"),
    [
        ({"url": "file:///home/me/p", "dir_info": {"editable": True}}, " # editable"),
        ({"url": "file:///home/me/p", "dir_info": {}}, " # file:///home/me/p"),
        (
            {"url": "https://me:pass@host/a/r.git", "vcs_info": {"vcs": "git", "commit_id": "abc123"}},
            " # git+https://host/a/r.git@abc123",
        ),
        ({"url": "https://tok@host/x.whl?sig=s3cr3t#sha256=1", "archive_info": {}}, " # https://host/x.whl"),
        ({"url": "ssh://git@host/a", "vcs_info": {"vcs": "git", "commit_id": "1"}}, " # git+ssh://host/a@1"),
        ("{broken", ""),
        ("[]", ""),
    ],
)
def test_where_it_came_from_is_a_comment_without_credentials(site, record, comment):
    install(site, "p", "1", record)
    assert environment()["text"] == f"p==1{comment}\n"


def test_broken_metadata_is_passed_over(site, monkeypatch, tmp_path):
    install(site, "good", "1")
    (site / "empty-1.dist-info").mkdir()
    (site / "~left-1.dist-info").mkdir()
    install(site, "noversion", "1", header="Name: noversion\n\nVersion: 9\n")
    (install(site, "blank", "1") / "METADATA").write_text("")
    (install(site, "binary", "1") / "METADATA").write_bytes(b"Name: \xff\xfe\n")
    install(site, "crlf", "1", header="Name: {}\r\nVersion: {}\r\n\r\nlong")
    (site / "afile.dist-info").write_text("")
    (site / "old.egg-info").write_text("Name: old\nVersion: 0.1\n")
    (site / "dangling-1.dist-info").symlink_to("nowhere")
    (tmp_path / "broken.zip").write_text("no archive")
    monkeypatch.setattr(sys, "path", [str(tmp_path / "broken.zip"), "/nope", "", *sys.path, "a\0b"])
    monkeypatch.chdir(tmp_path)
    assert environment()["text"] == "binary==1\ncrlf==1\ngood==1\nold==0.1\n"
    assert len(fingerprint()) == 64


def test_packages_in_an_archive_are_listed(site, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", [str(wheel(tmp_path, "zipped", "1.5"))])
    assert environment()["text"] == "zipped==1.5\n"


def test_nothing_installed_is_an_empty_text():
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
    code += (
        "from lamin_lite.capture.environment import *\ne = environment()\nprint(repr(e['text']), len(fingerprint()))"
    )
    # -S leaves no site-packages; -I no PYTHONPATH
    done = subprocess.run(
        [sys.executable, "-S", "-I", "-c", code], capture_output=True, text=True, cwd="/", check=False
    )
    text, length = done.stdout.rsplit(maxsplit=1)
    assert length == "64", done.stderr
    assert "pytest" not in text


def test_installing_changes_the_fingerprint_and_nothing_else_does(site, tmp_path, monkeypatch):
    scripts = tmp_path / "scripts"
    scripts.mkdir()
    monkeypatch.setattr(sys, "path", [str(scripts), *sys.path])
    seen = [fingerprint()]
    (scripts / "result.csv").write_text("x")
    os.utime(scripts, (1, 1))
    assert fingerprint() == seen[0], "what a script writes beside itself is not installed"
    for version in ("1", "2"):
        install(site, "p", version)
        os.utime(site, ns=(0, int(version) * 10**9))
        seen.append(fingerprint())
    egg = scripts / "mine.egg-info"
    egg.mkdir()
    seen.append(fingerprint())
    (egg / "PKG-INFO").write_text("Name: mine\nVersion: 2\n")
    seen.append(fingerprint())
    monkeypatch.setattr(sys, "path", sys.path[::-1][1:])
    seen.append(fingerprint())
    monkeypatch.setattr(sys, "executable", "/other/python")
    seen.append(fingerprint())
    assert len(set(seen)) == len(seen)
    assert fingerprint() == seen[-1]


def test_a_huge_folder_is_not_looked_through(tmp_path, monkeypatch):
    for i in range(2100):
        (tmp_path / str(i)).touch()
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    first = fingerprint()
    os.utime(tmp_path, (1, 1))
    assert fingerprint() != first


def test_the_fingerprint_is_cheap_and_loads_no_metadata_reader():
    fingerprint()
    begun = time.process_time()
    for _ in range(50):
        fingerprint()
    assert (time.process_time() - begun) / 50 < 0.005
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r})\nfrom lamin_lite.capture.environment import fingerprint\n"
    code += "fingerprint(); print([m for m in ('importlib.metadata', 're', 'json', 'email') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-S", "-I", "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "[]\n", done.stderr


@pytest.mark.parametrize(
    ("files", "manager"),
    [
        ({"pyvenv.cfg": "home = /x\nversion = 3.11\n"}, "venv"),
        ({"pyvenv.cfg": "home = /x\nuv = 0.5.1\n"}, "uv"),
        ({"pyvenv.cfg": "home = /uv = \n", "conda-meta/history": ""}, "venv"),
        ({"conda-meta/history": "", "conda-meta/zlib-1.3-h1_0.json": "{}", "conda-meta/a-2-x.json": "{}"}, "conda"),
        ({}, "system"),
    ],
)
def test_the_manager_is_known_by_its_traces(tmp_path, monkeypatch, files, manager):
    prefix = tmp_path / "env"
    prefix.mkdir()
    for name, text in files.items():
        (prefix / name).parent.mkdir(exist_ok=True)
        (prefix / name).write_text(text)
    monkeypatch.setattr(sys, "prefix", str(prefix))
    monkeypatch.setattr(sys, "base_prefix", str(prefix))
    assert environment()["manager"] == manager
    if manager == "conda":
        assert environment()["conda"] == ["a-2-x", "zlib-1.3-h1_0"]


def test_conda_installing_changes_the_fingerprint(tmp_path, monkeypatch, site):
    (tmp_path / "conda-meta").mkdir()
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    first = fingerprint()
    (tmp_path / "conda-meta" / "a-1-0.json").write_text("{}")
    os.utime(tmp_path / "conda-meta", (1, 1))
    assert fingerprint() != first
    assert environment()["conda"] == ["a-1-0"]


def test_lock_files_are_found_here_and_beside_the_environment(tmp_path, monkeypatch):
    here, project = tmp_path / "here", tmp_path / "project"
    for folder, name in [(here, "poetry.lock"), (project, "uv.lock"), (project, "pixi.lock")]:
        folder.mkdir(exist_ok=True)
        (folder / name).write_text("")
    monkeypatch.chdir(here)
    monkeypatch.setattr(sys, "prefix", str(project / ".venv"))
    assert environment()["lockfiles"] == [
        str(here / "poetry.lock"),
        str(project / "uv.lock"),
        str(project / "pixi.lock"),
    ]
    monkeypatch.setattr(sys, "prefix", str(project / ".pixi" / "envs" / "default"))
    assert str(project / "pixi.lock") in environment()["lockfiles"]


def test_a_package_installed_while_the_process_runs_is_seen(tmp_path):
    if importlib.util.find_spec("pip") is None:
        pytest.skip("needs pip")
    venv.create(tmp_path / "env", with_pip=False, symlinks=True)
    python = tmp_path / "env" / "bin" / "python"
    code = f"""
import sys
sys.path.append({str(ROOT)!r})
from lamin_lite.capture.environment import *
for line in sys.stdin:
    e = environment()
    print([fingerprint(), e["text"], e["manager"], e["prefix"]], flush=True)
"""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([python, "-c", code], text=True, cwd=tmp_path, **pipes) as program:

        def ask():
            program.stdin.write("\n")
            program.stdin.flush()
            return eval(program.stdout.readline())

        before = ask()
        assert ask() == before
        (purelib,) = (tmp_path / "env" / "lib").glob("python*/site-packages")
        pip = [sys.executable, "-m", "pip", "install", "--no-index", "--no-deps", "-q", "--target", purelib]
        subprocess.run([*pip, wheel(tmp_path, "fresh", "1.0")], check=True, capture_output=True)
        after = ask()
        program.stdin.close()
    assert before[2:] == ["venv", str(tmp_path / "env")]
    assert "fresh" not in before[1]
    assert "fresh==1.0 # file:" in after[1]
    assert before[0] != after[0]
