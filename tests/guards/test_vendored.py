"""The package works under any name, from any folder, and out of a zip file."""

from __future__ import annotations

import shutil
import sys
import zipapp

import pytest

from tests.guards.tree import EXTRAS, PACKAGE

VENDORED = "acme._vendor.anything"
USE = """
import importlib, sys
sys.path.insert(0, sys.argv[1])
ln = importlib.import_module(sys.argv[2])
for name in ln.__all__:
    getattr(ln, name)
assert ln.Artifact.__module__.startswith(sys.argv[2] + "."), ln.Artifact.__module__
main = importlib.import_module(sys.argv[2] + ".cli").main
code = main(["demo"])
foreign = [name for name in sys.modules if name.partition(".")[0] == "lamin_lite" != sys.argv[2]]
assert not foreign, f"a vendored copy loaded {foreign}"
sys.exit(code)
"""
MAIN = "import sys\nfrom lamin_lite.cli import main\nsys.exit(main())\n"


def copy_package(target):
    """The package alone, as a vendoring tool copies it."""
    return shutil.copytree(PACKAGE, target, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))


def build_pyz(target, folder):
    """``lamin_lite.pyz``: the package (and the extras) in one file that Python runs."""
    copy_package(folder / "lamin_lite")
    if EXTRAS.is_dir():
        shutil.copytree(EXTRAS, folder / "lamin_lite_extras", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "__main__.py").write_text(MAIN)
    zipapp.create_archive(folder, target, interpreter="/usr/bin/env python3", compressed=True)
    return target


@pytest.fixture
def vendored(tmp_path):
    root = tmp_path / "site"
    for package in (root / "acme", root / "acme" / "_vendor"):
        package.mkdir(parents=True)
        (package / "__init__.py").write_text("")
    copy_package(root / "acme" / "_vendor" / "anything")
    return root


@pytest.fixture
def pyz(tmp_path):
    return build_pyz(tmp_path / "lamin_lite.pyz", tmp_path / "app")


def succeeded(done):
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_a_vendored_copy_works_as_library(run_python, workdir, vendored):
    succeeded(run_python(USE, vendored, VENDORED, flags=["-I"], cwd=workdir))


def test_a_vendored_copy_works_as_command(run_python, workdir, vendored):
    succeeded(run_python(f"-m {VENDORED} demo", cwd=workdir, env={"PYTHONPATH": vendored}))


def test_a_vendored_copy_calls_itself_by_its_own_name(run_python, workdir, vendored):
    done = run_python(f"-m {VENDORED} --help", cwd=workdir, env={"PYTHONPATH": vendored})
    succeeded(done)
    assert "usage: lamin-lite" not in done.stdout


def test_a_zip_works_as_command(run_python, workdir, pyz):
    succeeded(run_python(pyz, "demo", cwd=workdir, flags=["-I"]))


def test_a_zip_works_as_library(run_python, workdir, pyz):
    succeeded(run_python(USE, pyz, "lamin_lite", cwd=workdir, flags=["-I"]))


def test_a_zip_needs_no_site_packages(run_python, workdir, pyz):
    succeeded(run_python(pyz, "demo", cwd=workdir, flags=["-I", "-S"]))


def test_the_guard_sees_a_copy_that_needs_its_own_name(run_python, workdir, vendored):
    code = vendored / "acme" / "_vendor" / "anything" / "errors.py"
    code.write_text("import lamin_lite\n" + code.read_text().replace("from __future__ import annotations\n", ""))
    done = run_python(
        "import sys; sys.path.insert(0, sys.argv[1]); import acme._vendor.anything.errors", vendored, flags=["-I"]
    )
    assert "No module named 'lamin_lite'" in done.stderr
    assert sys.executable
