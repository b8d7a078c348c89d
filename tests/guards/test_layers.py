"""Imports point down, floor by floor; no module needs itself."""

from __future__ import annotations

import ast

import pytest

from tests.guards.tree import EXTRAS, PACKAGE, aliases, dotted, imports, modules, report, walk, write_tree

FLOORS = {
    "errors": 0,
    "base": 1,
    "sql": 2,
    "storage": 2,
    "serializers": 2,
    "ext": 3,
    "examples": 4,
    "models": 4,
    "instance": 5,
    "capture": 5,
    "tracking": 6,
    "lineage": 6,
    "exchange": 6,
    "maintenance": 6,
    "__init__": 7,
    "web": 8,
    "cli": 8,
    "__main__": 8,
}
SAME_FLOOR = {("cli", "web"), ("__main__", "cli")}  # a command starts the server; `python -m` is the CLI
TYPE_CYCLES = {"models"}  # registries name each other in annotations; elsewhere a cycle of types is a cycle of ideas
DYNAMIC = {  # may import by name: the facade, the table of late methods, extras on demand, commands on dispatch
    "__init__",
    "ext",
    "models",
    "cli",
}
DYNAMIC_FILES = {"tracking.decorators"}  # wrappers are pickled by value into processes that know no relative import
FOR_EXTRAS = frozenset()  # modules of the core that an extra may import: none, it gets `ext` handed to `register`


def layer_problems(package):
    tree, problems = modules(package), []
    for module in tree.values():
        where = f"{package.name}/{module.file}"
        if module.room not in FLOORS:
            problems.append(f"{where}: the room {module.room!r} has no floor yet: give it one in FLOORS, or use a room")
            continue
        for found in imports(module, tree):
            top = found.target.partition(".")[0]
            if not found.internal:
                if top == package.name:
                    problems.append(
                        f"{where}:{found.line}: imports {found.target} by its absolute name, which breaks in a vendored"
                        " copy: import relatively"
                    )
                continue
            room = top or "__init__"
            if found.target and found.target not in tree:
                problems.append(f"{where}:{found.line}: imports {found.target}, which is not in the package")
            elif room not in FLOORS or room == module.room or (module.room, room) in SAME_FLOOR:
                continue
            elif FLOORS[room] >= FLOORS[module.room]:
                problems.append(
                    f"{where}:{found.line}: {module.room} (floor {FLOORS[module.room]}) imports {room} (floor"
                    f" {FLOORS[room]}): imports point down. Hand the value in as an argument, fill a slot of"
                    " models/session.py from above, declare a late method, or move the code"
                )
    return problems


def cycle_problems(package):
    tree = modules(package)
    edges: dict[str, set[str]] = {name: set() for name in tree}
    for module in tree.values():
        for found in imports(module, tree):
            counts = not found.typing_only or module.room not in TYPE_CYCLES
            if found.internal and counts and found.target in tree and found.target != module.name:
                edges[module.name].add(found.target)
    return [
        f"{package.name}: {', '.join(repr(name or '__init__') for name in sorted(group))} import each other: move what"
        " they share into a module below them (an import inside a function hides a cycle, it does not end it)"
        for group in components(edges)
        if len(group) > 1
    ]


def components(edges):
    """Strongly connected components (Tarjan, without recursion)."""
    index, low, on_stack, stack, found = {}, {}, set(), [], []
    for root in edges:
        work = [] if root in index else [(root, iter(sorted(edges[root])))]
        while work:
            node, children = work[-1]
            if node not in index:
                index[node] = low[node] = len(index)
                stack.append(node)
                on_stack.add(node)
            for child in children:
                if child not in index:
                    work.append((child, iter(sorted(edges[child]))))
                    break
                if child in on_stack:
                    low[node] = min(low[node], index[child])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    cut = stack.index(node)
                    found.append(stack[cut:])
                    on_stack.difference_update(stack[cut:])
                    del stack[cut:]
    return found


def dynamic_problems(package):
    problems, by_name = [], set()
    for module in modules(package).values():
        known = {"__import__": "__import__", **aliases(module)}
        for node, _ in walk(module.tree):
            if not isinstance(node, ast.Call) or dotted(node.func, known) not in {
                "importlib.import_module",
                "__import__",
            }:
                continue
            where = f"{package.name}/{module.file}:{node.lineno}"
            by_name.add(module.name)
            if module.room not in DYNAMIC and module.name not in DYNAMIC_FILES:
                problems.append(
                    f"{where}: imports by name: only the facade, the one table of late methods in models/, ext.py and"
                    " the dispatch of cli/ do; write an import statement inside the function"
                )
            first = node.args[0] if node.args else None
            if isinstance(first, ast.JoinedStr) and first.values:
                first = first.values[0]
            text = first.value if isinstance(first, ast.Constant) else None
            if isinstance(text, str) and (text == package.name or text.startswith(package.name + ".")):
                problems.append(
                    f"{where}: imports {text!r} by the package's own name: use a relative name and __package__"
                )
    tables = sorted(name for name in by_name if name.partition(".")[0] == "models")
    if len(tables) > 1:
        problems.append(f"{package.name}: {tables} all import by name: there is one table of late methods")
    return problems


def extra_problems(extras, core):
    problems, tree = [], modules(extras)
    for module in tree.values():
        for found in imports(module, tree):
            where = f"{extras.name}/{module.file}:{found.line}"
            target = found.target
            if not found.internal and target.partition(".")[0] == core and target not in FOR_EXTRAS:
                problems.append(
                    f"{where}: imports {target}: an extra serves every copy of the core, also a vendored one, so it"
                    " uses only the `ext` that its register(ext) is given"
                )
            internal = found.internal
            if target.partition(".")[0] == extras.name:
                target, internal = target.partition(".")[2], True
            if internal and module.room != "__init__" and target.partition(".")[0] != module.room:
                problems.append(f"{where}: imports {target or extras.name}: an extra knows nothing of another extra")
    return problems


def test_imports_point_down():
    report(layer_problems(PACKAGE))


def test_no_modules_import_each_other():
    report(cycle_problems(PACKAGE))


def test_imports_by_name_have_few_places():
    report(dynamic_problems(PACKAGE))


def test_extras_import_neither_the_core_nor_each_other():
    report(extra_problems(EXTRAS, PACKAGE.name))


@pytest.mark.parametrize(
    ("file", "text", "says"),
    [
        ("sql/query.py", "from ..models import base", "imports point down"),
        ("sql/query.py", "def f():\n    from ..storage import local", "imports point down"),
        ("sql/query.py", "from .. import errors, __version__", "imports __init__ (floor 7)"),
        ("base/ids.py", "if TYPE_CHECKING:\n    from ..models.base import Record", "imports point down"),
        ("tracking/run.py", "from ..lineage import graph", "imports point down"),
        ("web/app.py", "from ..cli import main", "imports point down"),
        ("base/ids.py", "import pkg.errors", "absolute name"),
        ("base/ids.py", "from pkg import errors", "absolute name"),
        ("base/ids.py", "from ..gone import x", "not in the package"),
        ("base/ids.py", "from ...outside import x", "not in the package"),
        ("helpers.py", "", "no floor"),
    ],
)
def test_the_guard_sees_a_wrong_import(tmp_path, file, text, says):
    files = {"errors.py": "", "models/base.py": "", "storage/local.py": "", "lineage/graph.py": "", "cli/main.py": ""}
    files["sql/rows.py"] = "from .. import errors\nfrom ..base import ids\nfrom . import parts"
    files.update({"base/ids.py": "", "sql/parts.py": "", "cli/serve.py": "from ..web import app", "web/app.py": ""})
    assert not layer_problems(write_tree(tmp_path, files))
    (problem,) = layer_problems(write_tree(tmp_path, {**files, file: text}))
    assert says in problem


def test_the_guard_sees_a_cycle(tmp_path):
    typed = "if TYPE_CHECKING:\n    from . import {}"
    package = write_tree(tmp_path, {"models/a.py": typed.format("b"), "models/b.py": typed.format("a")})
    assert not cycle_problems(package)
    files = {
        "sql/a.py": "from .b import x",
        "sql/b.py": "from .c import x",
        "sql/c.py": "def f():\n    from . import a",
    }
    assert [
        "'sql.a', 'sql.b', 'sql.c' import each other" in p for p in cycle_problems(write_tree(tmp_path, files))
    ] == [True]


@pytest.mark.parametrize(
    ("file", "call", "count"),
    [
        ("__init__.py", "import_module('.x', __package__)", 0),
        ("sql/a.py", "import_module('.x', __package__)", 1),
        ("ext.py", "import_module('pkg.x')", 1),
        ("ext.py", "import_module(f'pkg.{1}')", 1),
        ("ext.py", "import_module('pkg_extras.x')", 0),
        ("ext.py", "__import__('pkg')", 1),
    ],
)
def test_the_guard_sees_an_import_by_name(tmp_path, file, call, count):
    package = write_tree(tmp_path, {file: f"from importlib import import_module\n{call}\n"})
    assert len(dynamic_problems(package)) == count


def test_the_guard_sees_an_extra_that_knows_too_much(tmp_path):
    files = {"pandas.py": "import pandas", "arrow/__init__.py": "from . import a", "arrow/a.py": ""}
    assert not extra_problems(write_tree(tmp_path, files), "core")
    for text in (
        "import core",
        "def f():\n    from core.ext import Ext",
        "from . import arrow",
        "from pkg.arrow import a",
    ):
        assert len(extra_problems(write_tree(tmp_path, {**files, "pandas.py": text}), "core")) == 1, text
