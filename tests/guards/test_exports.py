"""The public names are one literal table."""

from __future__ import annotations

import ast
import importlib
import inspect

import pytest

from tests.guards.tree import PACKAGE, modules, report, write_tree


def facade_table(package):
    """The literal ``name -> module`` table of the facade, without importing it."""
    tables = []
    for node in modules(package)[""].tree.body:
        value = getattr(node, "value", None)
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and isinstance(value, ast.Dict) and value.keys:
            tables.append(value)
    if len(tables) != 1:
        message = (
            f"{package.name}/__init__.py has {len(tables)} dicts at its top: there is one literal table of public names"
        )
        raise AssertionError(message)
    try:
        table = ast.literal_eval(tables[0])
    except ValueError:
        message = f"{package.name}/__init__.py: the table of public names is computed: write it out, so that tools can read it"
        raise AssertionError(message) from None
    assert all(isinstance(name, str) for name in table)
    return table


def export_problems(package, facade):
    names, problems = [*facade_table(package), "__version__"], []
    if facade.__all__ != sorted(names):
        odd = sorted(set(facade.__all__) ^ set(names))
        problems.append(f"__all__ is not the sorted table plus __version__: {odd or 'it is not sorted'}")
    if not set(names) <= set(dir(facade)):
        problems.append(f"dir() does not show {sorted(set(names) - set(dir(facade)))}")
    for name in names:
        try:
            value = getattr(facade, name)
        except (AttributeError, ImportError) as error:
            problems.append(f"{name} is in the table, but does not resolve: {error}")
            continue
        if name != "__version__" and not inspect.getdoc(value):
            problems.append(f"{name} has no docstring: say what it means, its types, its errors, with a short example")
    return problems


def test_public_names_are_the_table_and_each_is_documented():
    report(export_problems(PACKAGE, importlib.import_module(PACKAGE.name)))


def test_a_wrong_name_is_an_attribute_error():
    facade = importlib.import_module(PACKAGE.name)
    with pytest.raises(AttributeError, match="Artefact"):
        _ = facade.Artefact


FACADE = """
_T = {"a": ".m", "b": ".m"}
__version__ = "1"
__all__ = ["__version__", "a", "b"]
def __dir__(): return __all__
def __getattr__(name):
    import importlib
    if name not in _T: raise AttributeError(name)
    return getattr(importlib.import_module(_T[name], __name__), name)
"""


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("", "", ""),
        ('["__version__", "a", "b"]', '["a", "b", "__version__"]', "not sorted"),
        ('"b": ".m"', '"b": ".m", "c": ".m"', "does not resolve"),
        ("return __all__", "return ['a']", "dir() does not show"),
        ("def a(): 'doc'", "def a(): pass", "a has no docstring"),
        ('"b": ".m"', "**{}", "is computed"),
        ("__version__ =", "_U = {1: 2}\n__version__ =", "2 dicts"),
    ],
)
def test_the_guard_sees_a_wrong_table(tmp_path, monkeypatch, old, new, says):
    name = "pkg"
    files = {"__init__.py": FACADE, "m.py": "def a(): 'doc'\ndef b(): 'doc'\n"}
    package = write_tree(tmp_path, {path: text.replace(old, new) if old else text for path, text in files.items()})
    monkeypatch.syspath_prepend(tmp_path)
    import sys

    for loaded in (name, f"{name}.m"):
        monkeypatch.delitem(sys.modules, loaded, raising=False)
    importlib.invalidate_caches()
    try:
        problems = export_problems(package, importlib.import_module(name))
    except AssertionError as error:
        problems = [str(error)]
    finally:
        for loaded in (name, f"{name}.m"):
            sys.modules.pop(loaded, None)
    assert any(says in problem for problem in problems) if says else not problems, problems
