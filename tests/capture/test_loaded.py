"""A process has the source that it has loaded, whatever is written to the file since."""

from __future__ import annotations

import importlib
import os
import runpy
import subprocess
import sys
import textwrap

import pytest

from lamin_lite.capture.source import source_of_file, source_of_function
from tests.conftest import REPO

ONE, TWO = "def f():\n    return 1\n\ndef g():\n    return 0\n", "def f():\n    return 2\n\ndef g():\n    return 0\n"


@pytest.fixture
def module(tmp_path, monkeypatch):
    """A module that was imported; ``module.__file__`` can be changed."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    (tmp_path / "loaded_once.py").write_text(ONE)
    yield importlib.import_module("loaded_once")
    sys.modules.pop("loaded_once", None)


def change(module, text):
    with open(module.__file__, "w") as file:
        file.write(text)


def text_of(func):
    return source_of_function(func)["text"]


def test_what_is_written_after_the_first_look_is_not_what_runs(module):
    assert text_of(module.f) == ONE
    change(module, TWO)
    assert (text_of(module.f), text_of(module.g)) == (ONE, ONE), "also of what is looked at for the first time"
    assert source_of_file(module.__file__)["text"] == TWO, "the file itself says what it says"
    assert source_of_function(module.f)["doubt"] is None
    os.remove(module.__file__)
    assert text_of(module.f) == ONE


def test_a_reload_is_read_again_and_what_was_kept_of_before_stays_what_it_was(module):
    f, g = module.f, module.g
    assert text_of(f) == ONE
    change(module, TWO)
    importlib.reload(module)
    assert (text_of(module.f), text_of(module.g), text_of(f)) == (TWO, TWO, ONE)
    del sys.modules["loaded_once"]
    change(module, ONE + "# again\n")
    again = importlib.import_module("loaded_once")
    assert (text_of(again.g), text_of(module.f)) == (ONE + "# again\n", TWO)
    assert g is not module.g


def test_code_that_is_only_in_the_new_text_is_of_it(module):
    """As where an editor patches the functions of a module that stays loaded."""
    assert text_of(module.f) == ONE
    change(module, TWO)
    exec(compile(TWO, module.__file__, "exec", dont_inherit=True), vars(module))
    assert text_of(module.f) == TWO


def test_a_file_that_was_changed_before_the_first_look_is_doubted(module):
    change(module, TWO)
    source = source_of_function(module.f)
    assert source["text"] == TWO
    assert "was changed after this process had loaded it" in source["doubt"]
    change(module, ONE)
    assert (text_of(module.f), source_of_function(module.f)["doubt"]) == (ONE, None), "it is what runs, after all"


def test_a_change_that_is_none_is_not_doubted(module):
    os.utime(module.__file__)
    assert source_of_function(module.f)["doubt"] is None


def test_several_scripts_in_one_process_have_each_its_source(tmp_path):
    script = tmp_path / "s.py"
    found = []
    for text in (ONE, ONE + "# changed\n", TWO):
        script.write_text(text)
        names = runpy.run_path(str(script), {"found": found}, "__main__")
        found.append(text_of(names["g"]))
    assert found[0] == ONE
    assert found[2] == TWO


def test_code_of_a_file_that_is_no_module_keeps_the_source_it_was_made_of(tmp_path):
    path = tmp_path / "s.py"
    found = []
    for at, text in enumerate((ONE, ONE.replace("0", "5"))):
        path.write_text(text)
        os.utime(path, ns=(at, at))  # as if it had been written later: clocks of file systems tick slowly
        names = {"__name__": "made"}
        exec(compile(text, str(path), "exec", dont_inherit=True), names)
        assert text_of(names["f"]) == text
        found.append(names["f"])
    assert [text_of(f) for f in found] == [ONE, ONE.replace("0", "5")], "though both have the same code"


MAIN = """
import sys, threading
from lamin_lite.capture.source import source_of_function, source_of_main
def f(): return 1
def again(): print(source_of_main()["text"] == first, source_of_function(f)["text"] == first)
if "late" in sys.argv:
    with open(__file__, "a") as file: file.write("f = 3")
    print(bool(source_of_main()["doubt"]))
else:
    first = source_of_main()["text"]
    with open(__file__, "a") as file: file.write("def f(): return 2")
    again()
    thread = threading.Thread(target=again)
    thread.start()
    thread.join()
"""


@pytest.mark.parametrize("how", [["s.py"], ["-m", "s"], ["-m", "cProfile", "-o", os.devnull, "s.py"]])
def test_the_main_program_stays_what_it_was(tmp_path, how):
    for late, expected in (([], ["True", "True"]), (["late"], ["True"])):
        (tmp_path / "s.py").write_text(textwrap.dedent(MAIN))
        env = {**os.environ, "PYTHONPATH": str(REPO)}
        told = subprocess.run(
            [sys.executable, *how, *late], cwd=tmp_path, env=env, capture_output=True, text=True, check=False
        )
        words = told.stdout.split()
        assert words[: len(expected)] == expected, told.stdout + told.stderr
        if not late and "cProfile" not in how:
            assert words == ["True"] * 4, "in another thread too"
