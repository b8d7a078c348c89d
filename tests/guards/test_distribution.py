"""``pip install lamin-lite`` brings one distribution, with everything in it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import venv
import zipfile

import pytest

from tests.guards.tree import EXTRAS, PACKAGE, REPO, report

OFFLINE = re.compile(
    r"NewConnectionError|Temporary failure|Name or service|ConnectTimeout|ReadTimeout|Max retries|No matching distribution"
    r"|getaddrinfo|Network is unreachable|ProxyError"
)
WITH_EVERY_VENV = {"pip", "setuptools", "wheel"}


def pip(python, *arguments):
    """Run pip, three times if need be: downloads fail now and then."""
    for _ in range(3):
        done = subprocess.run(
            [python, "-m", "pip", "--disable-pip-version-check", *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode == 0:
            return done.stdout
    if OFFLINE.search(done.stdout + done.stderr):
        pytest.skip("pip could not download the build backend: no network, no mirror")
    raise AssertionError(done.stdout + done.stderr)


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """The Python of an empty virtual environment."""
    folder = tmp_path_factory.mktemp("venv")
    venv.create(folder, with_pip=True, symlinks=sys.platform != "win32")
    return str(folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python"))


@pytest.fixture(scope="module")
def wheel(python, tmp_path_factory):
    """The wheel, built from a copy of the sources, so that the repository stays clean."""
    folder = tmp_path_factory.mktemp("wheel")
    sources = folder / "sources"
    ignore = shutil.ignore_patterns("__pycache__", "*.egg-info")
    sources.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        if (REPO / name).exists():
            shutil.copy(REPO / name, sources)
    shutil.copytree(PACKAGE, sources / "lamin_lite", ignore=ignore)
    shutil.copytree(EXTRAS, sources / "extras" / "lamin_lite_extras", ignore=ignore)
    pip(python, "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, sources)
    (found,) = folder.glob("*.whl")
    return found


def wheel_problems(wheel, roots):
    """What is missing in the wheel, or too much."""
    names = set(zipfile.ZipFile(wheel).namelist())
    expected = {
        path.relative_to(root.parent).as_posix()
        for root in roots
        for path in root.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.suffix not in {".pyc", ".pyo"}
    }
    has = {name for name in names if ".dist-info/" not in name}
    problems = [f"{name} is not in the wheel: is there an __init__.py beside it?" for name in sorted(expected - has)]
    problems += [f"{name} is in the wheel, but not in the packages" for name in sorted(has - expected)]
    problems += [f"{root.name}/py.typed is missing" for root in roots if f"{root.name}/py.typed" not in names]
    metadata = zipfile.ZipFile(wheel).read(next(name for name in names if name.endswith("/METADATA"))).decode()
    for line in metadata.splitlines():
        if line.startswith("Requires-Dist:") and "extra ==" not in line:
            problems.append(f"{line}: the core needs nothing but the standard library, make it an extra")
    return problems


@pytest.mark.slow
def test_the_wheel_holds_both_packages_and_needs_nothing(wheel):
    report(wheel_problems(wheel, [PACKAGE, EXTRAS]))


@pytest.mark.slow
def test_installing_brings_exactly_one_distribution(python, wheel, workdir):
    pip(python, "install", "--quiet", wheel)
    listed = {each["name"].lower() for each in json.loads(pip(python, "list", "--format=json"))}
    assert listed - WITH_EVERY_VENV == {"lamin-lite"}
    code = "import importlib.metadata as m, lamin_lite as ln; assert m.version('lamin-lite') == ln.__version__; print(ln.__file__)"
    done = subprocess.run([python, "-I", "-c", code], cwd=workdir, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert str(REPO) not in done.stdout


def test_the_guard_sees_what_a_wheel_lacks(tmp_path):
    root = tmp_path / "pkg"
    root.mkdir()
    for name in ("__init__.py", "py.typed", "a.py"):
        (root / name).write_text("")
    wheel = tmp_path / "x.whl"

    def problems(names, requires):
        with zipfile.ZipFile(wheel, "w") as archive:
            for name in names:
                archive.writestr(f"pkg/{name}", "")
            archive.writestr("pkg-1.dist-info/METADATA", f"Name: pkg\n{requires}\n")
        return wheel_problems(wheel, [root])

    complete = ["__init__.py", "py.typed", "a.py"]
    assert not problems(complete, 'Requires-Dist: pandas; extra == "pandas"')
    assert len(problems(complete, "Requires-Dist: pandas")) == 1
    assert len(problems(complete[:2], "")) == 1
    assert len(problems([*complete, "b.py"], "")) == 1
