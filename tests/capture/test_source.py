"""capture/source.py: whichever way code is started, its source is found; if there is none, that is said."""

from __future__ import annotations

import functools
import hashlib
import json
import os
import subprocess
import sys
import textwrap
import zipfile
from pathlib import Path

import pytest

from lamin_lite.capture.source import decode_source, source_of_function, source_of_main

ROOT = Path(__file__).resolve().parents[2]
KEYS = ["path", "text", "hash", "encoding", "kind", "package", "package_path", "description", "doubt"]
SHOW_MAIN = "import json; from lamin_lite.capture.source import *; print(json.dumps(source_of_main()))\n"
SHOW_F = "import json; from lamin_lite.capture.source import *; print(json.dumps(source_of_function({})))\n"


def run(*arguments, cwd=None, stdin="", path=()):
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *map(str, path)]), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, *map(str, arguments)],
        capture_output=True,
        cwd=cwd,
        env=env,
        input=stdin,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def sha(path_or_text):
    data = path_or_text.read_bytes() if isinstance(path_or_text, Path) else path_or_text.encode()
    return hashlib.sha256(data).hexdigest()


def is_file(source, path, package_path=None):
    """The source says everything right about a file that is UTF-8."""
    assert list(source) == KEYS
    assert source == {
        "path": str(path.resolve()),
        "text": path.read_bytes().decode(),
        "hash": sha(path),
        "encoding": "utf-8",
        "kind": "script",
        "package": package_path and package_path.split("/")[0],
        "package_path": package_path,
        "description": None,
        "doubt": None,
    }
    return True


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(text))
    return path


def load(path, text):
    """Run the text as the file of a module, and return its names."""
    write(path, text)
    names = {"__file__": str(path), "__name__": path.stem}
    exec(compile(path.read_text(), str(path), "exec", dont_inherit=True), names)
    return names


# ------------------------------------------------------------------------------------------------ the main program


def test_a_script_is_read_from_its_file(tmp_path):
    script = write(tmp_path / "a b" / "s.py", SHOW_MAIN)
    for arguments, cwd in [((script,), None), (("s.py",), script.parent), (("../a b/s.py",), script.parent)]:
        assert is_file(run(*arguments, cwd=cwd)[0], script)


def test_a_script_is_found_after_a_chdir_and_a_changed_argv(tmp_path):
    write(tmp_path / "other" / "s.py", "wrong")
    change = "import os, sys; os.chdir('other'); sys.argv[:] = ['wrong.py']\n"
    script = write(tmp_path / "s.py", change + SHOW_MAIN)
    assert is_file(run("s.py", cwd=tmp_path)[0], script)


def test_a_link_to_a_script_gives_the_real_path(tmp_path):
    script = write(tmp_path / "s.py", SHOW_MAIN)
    (tmp_path / "link.py").symlink_to("s.py")
    assert is_file(run("link.py", cwd=tmp_path)[0], script)


def test_a_relative_path_given_to_runpy_is_resolved(tmp_path):
    script = write(tmp_path / "sub" / "s.py", SHOW_MAIN)
    write(tmp_path / "r.py", "import runpy; runpy.run_path('sub/s.py', run_name='__main__')\n")
    assert is_file(run("r.py", cwd=tmp_path)[0], script)


def test_a_module_run_with_m_is_what_it_is_when_imported(tmp_path):
    write(tmp_path / "mypkg" / "__init__.py", "")
    write(tmp_path / "mypkg" / "sub" / "__init__.py", "")
    module = write(tmp_path / "mypkg" / "sub" / "mod.py", "def f(): pass\n" + SHOW_MAIN + SHOW_F.format("f"))
    main, function = run("-m", "mypkg.sub.mod", cwd=tmp_path)
    assert is_file(main, module, "mypkg/sub/mod.py")
    assert main == function
    imported = run("-c", "import mypkg.sub.mod as m\n" + SHOW_F.format("m.f"), cwd=tmp_path)[-1]
    assert imported == main


def test_a_package_run_with_m_is_its_main_file(tmp_path):
    write(tmp_path / "mypkg" / "__init__.py", "")
    module = write(tmp_path / "mypkg" / "__main__.py", SHOW_MAIN)
    assert is_file(run("-m", "mypkg", cwd=tmp_path)[0], module, "mypkg/__main__.py")


def test_a_plain_module_run_with_m_has_no_package(tmp_path):
    module = write(tmp_path / "plain.py", SHOW_MAIN)
    assert is_file(run("-m", "plain", cwd=tmp_path)[0], module)


def test_a_file_of_a_package_run_as_script_is_a_script(tmp_path):
    write(tmp_path / "mypkg" / "__init__.py", "")
    script = write(tmp_path / "mypkg" / "tool.py", SHOW_MAIN)
    assert is_file(run(script)[0], script)


def test_a_folder_that_is_run_gives_its_main_file(tmp_path):
    script = write(tmp_path / "app" / "__main__.py", SHOW_MAIN)
    assert is_file(run("app", cwd=tmp_path)[0], script)


@pytest.mark.parametrize("change", ["", "import os; os.chdir('/')\n"])
def test_an_archive_that_is_run_gives_the_text_in_it(tmp_path, change):
    archive = tmp_path / "app.pyz"
    text = change + SHOW_MAIN
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("__main__.py", text)
    source = run("app.pyz", cwd=tmp_path)[0]
    assert source["path"] == str(archive.resolve())
    assert (source["text"], source["hash"], source["kind"]) == (text, sha(text), "script")
    assert source["package"] is None


@pytest.mark.parametrize(
    "options",
    [
        ["-c", "{}"],
        ["-c{}"],
        ["-Bc", "{}"],
        ["-W", "ignore", "-Xutf8", "-c", "{}", "-c", "argument"],
        ["-X", "dev", "-Wignore", "--check-hash-based-pycs", "never", "-uBc", "{}", "--help"],
    ],
)
def test_code_of_the_command_line_is_the_source(options):
    code = SHOW_MAIN + "def f(): pass\n" + SHOW_F.format("f")
    main, function = run(*[option.format(code) if "{" in option else option for option in options])
    assert (main["text"], main["hash"], main["kind"], main["path"]) == (code, sha(code), "interactive", None)
    assert function == main


def test_standard_input_has_no_text():
    for arguments in [(), ("-",), ("-X", "utf8", "-", "argument")]:
        main, function = run(*arguments, stdin=SHOW_MAIN + "def f(): pass\n\n" + SHOW_F.format("f"))
        assert (main["text"], main["hash"], main["kind"], main["path"]) == (None, None, "interactive", None)
        assert function == main


@pytest.mark.skipif(not os.path.isdir("/dev/fd"), reason="no /dev/fd")
def test_a_program_from_a_pipe_does_not_wait_for_more(tmp_path):
    command = f"{sys.executable} <(printf '%s' \"$CODE\")"
    env = {**os.environ, "PYTHONPATH": str(ROOT), "CODE": SHOW_MAIN}
    done = subprocess.run(["bash", "-c", command], capture_output=True, env=env, text=True, timeout=20, check=True)
    source = json.loads(done.stdout)
    assert (source["text"], source["kind"], source["path"]) == (None, "interactive", None)


def test_a_script_that_deletes_itself_keeps_its_path(tmp_path):
    script = write(tmp_path / "s.py", "import os; os.unlink(__file__)\n" + SHOW_MAIN)
    source = run("s.py", cwd=tmp_path)[0]
    assert (source["path"], source["text"], source["kind"]) == (str(script.resolve()), None, "script")


def test_compiled_code_has_a_hash_and_no_text(tmp_path):
    write(tmp_path / "s.py", SHOW_MAIN)
    run("-c", "import py_compile; py_compile.compile('s.py', 's.pyc')", cwd=tmp_path)
    (tmp_path / "s.py").unlink()
    source = run("s.pyc", cwd=tmp_path)[0]
    assert (source["path"], source["text"]) == (str(tmp_path.resolve() / "s.pyc"), None)
    assert source["hash"] == sha(tmp_path / "s.pyc")


@pytest.mark.parametrize("way", [["s.py"], ["-m", "pkg.s"]])
def test_a_spawned_process_says_the_program_of_its_parent(tmp_path, way):
    text = """
    import json, multiprocessing as mp
    from lamin_lite.capture.source import *
    FIRST = source_of_main()
    def f():
        print(json.dumps([FIRST, source_of_main(), source_of_function(f)]), flush=True)
    if __name__ == "__main__":
        process = mp.get_context("spawn").Process(target=f)
        process.start()
        process.join()
    """
    package = "pkg/s.py" if "-m" in way else None
    script = write(tmp_path / (package or "s.py"), text)
    ((while_imported, main, function),) = run(*way, cwd=tmp_path)
    assert is_file(main, script, package)
    assert while_imported == main == function


def test_the_code_of_multiprocessing_is_not_taken_for_the_users(tmp_path):
    write(tmp_path / "helper.py", "def show():\n    " + SHOW_MAIN.replace("import *", "import source_of_main"))
    code = "import multiprocessing as mp, helper\np = mp.get_context('spawn').Process(target=helper.show)\np.start()\np.join()"
    source = run("-c", code, cwd=tmp_path)[0]
    assert (source["text"], source["kind"]) == (None, "interactive")


# ---------------------------------------------------------------------------------------------------- one function


def test_a_function_of_a_script_has_the_source_of_the_script(tmp_path):
    script = write(tmp_path / "s.py", "def f(): pass\n" + SHOW_MAIN + SHOW_F.format("f"))
    main, function = run("s.py", cwd=tmp_path)
    assert is_file(main, script)
    assert function == main


def test_a_function_of_a_module_beside_the_script_has_that_file(tmp_path):
    helpers = write(tmp_path / "helpers.py", "def f(): pass\n")
    write(tmp_path / "s.py", "import os, helpers; os.chdir('/')\n" + SHOW_F.format("helpers.f"))
    assert is_file(run("s.py", cwd=tmp_path)[0], helpers)


def test_packages_are_named_as_they_are_imported(tmp_path):
    files = {
        "mypkg/__init__.py": "mypkg.f",
        "mypkg/mod.py": "mypkg.mod.f",
        "mypkg/sub/__init__.py": "mypkg.sub.f",
        "space/part/mod.py": "space.part.mod.f",  # a namespace: no __init__.py
    }
    for name in files:
        write(tmp_path / "lib" / name, "def f(): pass\n")
    code = "import mypkg.mod, mypkg.sub, space.part.mod\n" + "".join(SHOW_F.format(f) for f in files.values())
    for source, name in zip(run("-c", code, path=[tmp_path / "lib"]), files):
        assert is_file(source, tmp_path / "lib" / name, name)


@pytest.mark.parametrize("folder", ["", "inside/"])
def test_a_package_in_an_archive_has_text_and_name(tmp_path, folder):
    archive = tmp_path / "lib.zip"
    text = "def f(): pass\n"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr(f"{folder}mypkg/__init__.py", "")
        file.writestr(f"{folder}mypkg/mod.py", text)
    entry = archive / folder if folder else archive
    source = run("-c", "import mypkg.mod\n" + SHOW_F.format("mypkg.mod.f"), path=[entry])[0]
    assert (source["path"], source["text"], source["hash"]) == (str(archive.resolve()), text, sha(text))
    assert (source["package"], source["package_path"]) == ("mypkg", "mypkg/mod.py")


def test_every_wrapping_is_looked_through(tmp_path):
    text = """
    import functools
    def f(): pass
    class C:
        def m(self): pass
        @classmethod
        def c(cls): pass
        @staticmethod
        def s(): pass
        @property
        def p(self): pass
        def __call__(self): pass
    class D(C): pass
    async def co(): yield 1
    lam = lambda: 0
    def outer():
        def inner(): return outer
        return inner
    """
    names = load(tmp_path / "mod.py", text)
    f, c, d = names["f"], names["C"], names["D"]

    @functools.wraps(f)
    def wrapped():
        return f()

    functions = [f, wrapped, functools.partial(f, 1), functools.partial(functools.partial(wrapped)), names["lam"]]
    functions += [c.m, c().m, c.c, c.s, c.p, vars(c)["c"], vars(c)["s"], c(), d(), names["co"], names["outer"]()]
    functions += [functools.lru_cache(f), functools.singledispatch(f)]
    for function in functions:
        assert is_file(source_of_function(function), tmp_path / "mod.py")


def test_a_wrapper_that_hides_the_function_gives_its_own_file(tmp_path):
    wrapper = load(tmp_path / "w.py", "def deco(f):\n    def wrapper(): return f()\n    return wrapper\n")["deco"]
    assert is_file(source_of_function(wrapper(lambda: 0)), tmp_path / "w.py")


def test_a_circle_of_wrappers_ends(tmp_path):
    def f():
        pass

    f.__wrapped__ = f
    assert source_of_function(f)["path"] == str(Path(__file__).resolve())


def test_generated_code_has_no_text():
    names = {"__name__": "generated"}
    exec("def f(): pass", names)
    assert source_of_function(names["f"]) == {**dict.fromkeys(KEYS), "kind": "function"}


def test_code_generated_by_a_script_is_not_taken_for_the_script(tmp_path):
    write(tmp_path / "s.py", "exec('def f(): pass')\n" + SHOW_F.format("f"))
    source = run("s.py", cwd=tmp_path)[0]
    assert (source["text"], source["path"], source["kind"]) == (None, None, "function")


def test_a_function_of_a_cell_is_cut_out_of_it():
    import linecache

    cell = "x = 1\n@staticmethod\n@(lambda f: f)\ndef f():\n    return 'é'\n\nasync def g():\n    return 2\n"
    for name in ["<ipython-input-1-abc>", "/tmp/ipykernel_1/123.py"]:
        linecache.cache[name] = (len(cell), None, cell.splitlines(keepends=True), name)
        names = {"__name__": "__main__", "get_ipython": print}
        exec(compile(cell, name, "exec"), names)
        text = "@staticmethod\n@(lambda f: f)\ndef f():\n    return 'é'\n"
        source = source_of_function(names["f"])
        assert (source["text"], source["hash"], source["kind"], source["path"]) == (text, sha(text), "function", None)
        assert source_of_function(names["g"])["text"] == "async def g():\n    return 2\n"


@pytest.mark.parametrize("thing", [len, print, dict, None, 3, "text", object(), type, [].append, functools, os.environ])
def test_anything_else_is_answered_without_an_error(thing):
    source = source_of_function(thing)
    assert list(source) == KEYS
    assert source["text"] is None or source["path"]


def test_things_that_raise_when_touched_are_answered():
    class Nasty:
        def __getattr__(self, name):
            raise RuntimeError(name)

    assert source_of_function(Nasty())["kind"] == "function"


def test_a_main_module_that_is_missing_or_odd_is_answered(monkeypatch):
    monkeypatch.delitem(sys.modules, "__mp_main__", raising=False)
    for module in (None, object(), 3):
        monkeypatch.setitem(sys.modules, "__main__", module)
        assert source_of_main()["kind"] == "interactive"


def test_a_frozen_function_has_the_file_of_its_module():
    assert source_of_function(os.path.join)["package"] is None
    assert source_of_function(json.dumps)["package_path"] == "json/__init__.py"
    assert source_of_function(os.makedirs)["path"].endswith("os.py")


# ------------------------------------------------------------------------------------------------ the file's text


def test_what_is_given_is_the_callers_own(tmp_path):
    f = load(tmp_path / "m.py", "def f(): pass\n")["f"]
    first = source_of_function(f)
    first["text"] = "the caller's copy"
    assert source_of_function(f)["text"] == "def f(): pass\n"


def test_the_main_program_is_the_one_that_a_profiler_executes(tmp_path):
    script = write(tmp_path / "s.py", SHOW_MAIN + "def f(): print(json.dumps(source_of_main()))\nf()\n")
    for profiler in (["-m", "cProfile", "-o", os.devnull], ["-m", "trace", "--count", "-C", str(tmp_path / "c")]):
        done = subprocess.run(
            [sys.executable, *profiler, "s.py"],
            capture_output=True,
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            text=True,
            check=True,
        )
        sources = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        assert [is_file(source, script) for source in sources] == [True, True], done.stdout


def test_an_unreadable_file_keeps_its_path(tmp_path, monkeypatch):
    f = load(tmp_path / "m.py", "def f(): pass\n")["f"]
    (tmp_path / "m.py").chmod(0)
    if os.geteuid() == 0:  # root reads everything
        import lamin_lite.capture.source as room

        monkeypatch.setattr(room, "_read", lambda path: None)
    source = source_of_function(f)
    assert (source["path"], source["text"], source["hash"]) == (str((tmp_path / "m.py").resolve()), None, None)


@pytest.mark.parametrize(
    ("data", "text", "encoding"),
    [
        (b"x = 1\r\ny = 2\r", "x = 1\r\ny = 2\r", "utf-8"),
        ("é = 'ß'".encode(), "é = 'ß'", "utf-8"),
        (b"", "", "utf-8"),
        (b"\xef\xbb\xbfx", "x", "utf-8-sig"),
        (b"\xef\xbb\xbf# coding: utf-8\n", "# coding: utf-8\n", "utf-8-sig"),
        (b"# -*- coding: latin-1 -*-\n\xe9", "# -*- coding: latin-1 -*-\n\xe9", "latin-1"),
        (
            b"#!/bin/python\n# vim: set fileencoding=cp1252 :\n\x80",
            "#!/bin/python\n# vim: set fileencoding=cp1252 :\n€",
            "cp1252",
        ),
        (b"\n  \t# coding=koi8-r\n\xc1", "\n  \t# coding=koi8-r\nа", "koi8-r"),
        (b"\r# coding: latin-1\r\xe9", "\r# coding: latin-1\r\xe9", "latin-1"),
        (b"# codingcoding: \t latin-1\n\xe9", "# codingcoding: \t latin-1\n\xe9", "latin-1"),
        (b"x = 1\n# coding: latin-1\n\xe9", "x = 1\n# coding: latin-1\n\ufffd", "utf-8"),
        (b"\n\n# coding: latin-1\n\xe9", "\n\n# coding: latin-1\n\ufffd", "utf-8"),
        (b"s = '# coding: latin-1'\n\xe9", "s = '# coding: latin-1'\n\ufffd", "utf-8"),
        (b"# coding is fun\n\xe9", "# coding is fun\n\ufffd", "utf-8"),
        (b"# coding: nonsense\n\xe9", "# coding: nonsense\n\ufffd", "utf-8"),
        (b"# coding: hex\n\xe9", "# coding: hex\n\ufffd", "utf-8"),
        (b"# coding: utf-8\nab\xff\xfe", "# coding: utf-8\nab\ufffd\ufffd", "utf-8"),
        (b"a\0b", "a\0b", "utf-8"),
    ],
)
def test_the_encoding_is_found_as_pep_263_says(tmp_path, data, text, encoding):
    assert decode_source(data) == (text, encoding)
    if "\ufffd" not in text:
        assert text.encode(encoding) == data, "the true bytes can be had back"


def test_the_hash_is_that_of_the_true_bytes(tmp_path):
    f = load(tmp_path / "m.py", "def f(): pass\n")["f"]
    (tmp_path / "m.py").write_bytes(b"# \xff\xfe broken\r\n")
    source = source_of_function(f)
    assert source["hash"] == hashlib.sha256(b"# \xff\xfe broken\r\n").hexdigest()
    assert source["text"] == "# \ufffd\ufffd broken\r\n"


def test_finding_the_source_loads_nothing_heavy(tmp_path):
    code = "import sys\nsource_of_main(); source_of_function(f)\nprint([m for m in ('inspect', 'tokenize', 're', 'ast') if m in sys.modules])"
    write(tmp_path / "s.py", "from lamin_lite.capture.source import *\ndef f(): pass\n" + code)
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-S", "s.py"], capture_output=True, cwd=tmp_path, env=env, text=True, check=False
    )
    assert done.stdout == "[]\n", done.stderr
