"""Short functions, short files, annotations and docstrings everywhere."""

from __future__ import annotations

import ast
import statistics

import pytest

from tests.guards.tree import EXTRAS, PACKAGE, modules, report, walk, write_tree

LONGEST_FUNCTION, LONGEST_FILE = 60, 600  # lines; a function's docstring is not counted
STAND_INS = {"base/_typing.py"}  # run-time shadows of types that a type checker never sees
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def length(function):
    """Lines from ``def`` to the end, without the docstring."""
    lines = function.end_lineno - function.lineno + 1
    if ast.get_docstring(function, clean=False) is not None:
        lines -= function.body[0].end_lineno - function.body[0].lineno + 1
    return lines


def lengths(package):
    """``(lines, where)`` of all functions."""
    return [
        (length(node), f"{package.name}/{module.file}:{node.lineno} {node.name}")
        for module in modules(package).values()
        for node, _ in walk(module.tree)
        if isinstance(node, FUNCTIONS)
    ]


def length_problems(package):
    problems = [
        f"{where} has {lines} lines, more than {LONGEST_FUNCTION}: name its steps and make them functions"
        for lines, where in lengths(package)
        if lines > LONGEST_FUNCTION
    ]
    for module in modules(package).values():
        lines = len(module.path.read_text(encoding="utf-8").splitlines())
        if lines > LONGEST_FILE:
            problems.append(
                f"{package.name}/{module.file} has {lines} lines, more than {LONGEST_FILE}: it has two jobs, give each a file"
            )
    return problems


def annotation_problems(package):
    problems = []
    for module in modules(package).values():
        if module.file in STAND_INS:
            continue
        for node, _ in walk(module.tree):
            if isinstance(node, FUNCTIONS):
                missing = [arg.arg for arg in bare_arguments(node)] + (["its result"] if node.returns is None else [])
                if missing:
                    problems.append(
                        f"{package.name}/{module.file}:{node.lineno} {node.name}: annotate {', '.join(missing)}"
                    )
    return problems


def bare_arguments(function):
    arguments = function.args
    named = [*arguments.posonlyargs, *arguments.args]
    if named and named[0].arg in {"self", "cls", "mcs", "_self", "_cls"}:
        named = named[1:]
    named += [*arguments.kwonlyargs, *filter(None, [arguments.vararg, arguments.kwarg])]
    return [arg for arg in named if arg.annotation is None]


def docstring_problems(package):
    problems, inherited = [], overrides(package)
    for module in modules(package).values():
        if ast.get_docstring(module.tree) is None:
            problems.append(f"{package.name}/{module.file}: no docstring: say in one sentence what the file is for")
        if any(part.startswith("_") and part != "__main__" for part in module.name.split(".")):
            continue
        problems += [
            f"{package.name}/{module.file}:{node.lineno} {node.name}: no docstring: meaning, types, units, errors, example"
            for node in public(module.tree.body)
            if ast.get_docstring(node) is None and node not in inherited
        ]
    return problems


def overrides(package):
    """Methods that replace a documented one of a base class in the package: what they promise is said there."""
    classes = {
        node.name: node
        for module in modules(package).values()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef)
    }

    def documented(name, seen):
        node = classes.get(name)
        if node is None or name in seen:
            return set()
        own = {each.name for each in node.body if isinstance(each, FUNCTIONS) and ast.get_docstring(each)}
        return own.union(*(documented(base, seen | {name}) for base in bases(node)))

    return {
        method
        for node in classes.values()
        for method in node.body
        if isinstance(method, FUNCTIONS) and any(method.name in documented(base, set()) for base in bases(node))
    }


def bases(node):
    """The names of the base classes, without module and type parameters."""
    plain = (base.value if isinstance(base, ast.Subscript) else base for base in node.bases)
    return [getattr(base, "attr", getattr(base, "id", "")) for base in plain]


def public(body):
    """Public functions, classes and methods: what a user of the file can name."""
    for node in body:
        if isinstance(node, (ast.If, ast.Try)) and "TYPE_CHECKING" not in ast.dump(getattr(node, "test", node)):
            yield from public(node.body + node.orelse)
        if not isinstance(node, (*FUNCTIONS, ast.ClassDef)) or node.name.startswith("_"):
            continue
        marks = {ast.unparse(decorator).rpartition(".")[2] for decorator in node.decorator_list}
        if not marks & {"overload", "setter", "deleter"}:
            yield node
        if isinstance(node, ast.ClassDef):
            yield from public(node.body)


@pytest.mark.parametrize("package", [PACKAGE, EXTRAS], ids=lambda path: path.name)
def test_functions_and_files_are_short(package):
    found = sorted(lines for lines, _ in lengths(package))
    if found:
        p95 = found[min(len(found) - 1, int(len(found) * 0.95))]
        print(
            f"{package.name}: {len(found)} functions, median {statistics.median(found):.0f} lines, p95 {p95}, longest {found[-1]}"
        )
    report(length_problems(package))


@pytest.mark.parametrize("package", [PACKAGE, EXTRAS], ids=lambda path: path.name)
def test_every_function_is_annotated(package):
    report(annotation_problems(package))


@pytest.mark.parametrize("package", [PACKAGE, EXTRAS], ids=lambda path: path.name)
def test_every_public_name_has_a_docstring(package):
    report(docstring_problems(package))


def test_the_guard_sees_long_functions_and_files(tmp_path):
    def problems(steps, doc_lines, rest=0):
        doc = '    """' + "\n" * doc_lines + '    """\n'
        text = "def f():\n" + doc + "    x = 1\n" * steps + "#\n" * rest
        return length_problems(write_tree(tmp_path, {"a.py": text}))

    assert not problems(59, 100)
    assert "name its steps" in problems(60, 0)[0]
    assert "two jobs" in problems(10, 0, 590)[0]


@pytest.mark.parametrize(
    ("text", "annotated", "documented"),
    [
        ("'m'\ndef f(x: int, *a: int, **k: int) -> None: 'd'", True, True),
        ("'m'\ndef f(x) -> None: 'd'", False, True),
        ("'m'\ndef f(): 'd'", False, True),
        ("'m'\nclass A:\n    'd'\n    def f(self, *a) -> None: 'd'", False, True),
        ("'m'\nclass A:\n    'd'\n    def f(self) -> None: ...", True, False),
        ("'m'\nclass A: ...", True, False),
        (
            "'m'\nclass A:\n    'd'\n    def f(self) -> None: 'd'\nclass B(A):\n    'd'\n    def f(self) -> None: ...",
            True,
            True,
        ),
        ("def f() -> None: 'd'", True, False),
        ("'m'\ndef _f() -> None: ...\nclass _A:\n    def f(self) -> None: ...", True, True),
        ("'m'\nif TYPE_CHECKING:\n    def f() -> None: ...\nelse:\n    pass", True, True),
    ],
)
def test_the_guard_sees_missing_annotations_and_docstrings(tmp_path, text, annotated, documented):
    package = write_tree(tmp_path, {"__init__.py": "'m'", "a.py": text})
    assert (not annotation_problems(package)) is annotated
    assert (not docstring_problems(package)) is documented
