"""Reads a package as syntax trees, for the guards.

Every guard is a function ``problems(package_directory) -> list of sentences``, so that it can be tried on a tree that
breaks its rule.
"""

from __future__ import annotations

import ast
import subprocess
from functools import cache
from pathlib import Path
from typing import Iterator, NamedTuple, Optional

REPO = Path(__file__).resolve().parents[2]
PACKAGE = REPO / "lamin_lite"
EXTRAS = REPO / "extras" / "lamin_lite_extras"


class Module(NamedTuple):
    """One file: its name below the package (``""`` is the package itself), and its syntax tree."""

    name: str
    path: Path
    tree: ast.Module
    is_package: bool

    @property
    def room(self) -> str:
        """The directory or file right below the package."""
        return self.name.partition(".")[0] or "__init__"

    @property
    def file(self) -> str:
        """The path below the package, as the tables of the guards write it."""
        parts = self.name.split(".") if self.name else []
        return "/".join([*parts, "__init__"] if self.is_package else parts) + ".py"


class Import(NamedTuple):
    """One name imported by one statement: ``target`` is absolute, or (``internal``) a module of the tree."""

    target: str
    internal: bool
    typing_only: bool
    line: int


def modules(package: Path) -> dict[str, Module]:
    """All modules of a package by their name below it."""
    found = {}
    for path in sorted(package.rglob("*.py")):
        if "__pycache__" in path.parts:
            continue
        parts = list(path.relative_to(package).with_suffix("").parts)
        is_package = parts[-1] == "__init__"
        name = ".".join(parts[:-1] if is_package else parts)
        found[name] = Module(name, path, _parse(path, path.stat().st_mtime_ns), is_package)
    return found


@cache
def _parse(path: Path, _mtime: int) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def walk(tree: ast.AST) -> Iterator[tuple[ast.AST, bool]]:
    """All nodes, each with whether it is seen by type checkers only."""
    stack = [(tree, False)]
    while stack:
        node, typing_only = stack.pop()
        yield node, typing_only
        if isinstance(node, ast.If) and is_type_checking(node.test):
            stack += [(child, True) for child in node.body] + [(child, typing_only) for child in node.orelse]
        else:
            stack += [(child, typing_only) for child in ast.iter_child_nodes(node)]


def is_type_checking(test: ast.expr) -> bool:
    """Whether this is the condition ``TYPE_CHECKING``."""
    return (isinstance(test, ast.Name) and test.id == "TYPE_CHECKING") or (
        isinstance(test, ast.Attribute) and test.attr == "TYPE_CHECKING"
    )


def imports(module: Module, tree: dict[str, Module]) -> Iterator[Import]:
    """Everything that the file imports, anywhere in it."""
    for node, typing_only in walk(module.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, False, typing_only, node.lineno)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield Import(node.module or "", False, typing_only, node.lineno)
        elif isinstance(node, ast.ImportFrom):
            base = _base(module, node)
            for alias in node.names:
                below = f"{base}.{alias.name}".strip(".")
                yield Import(below if below in tree else base, True, typing_only, node.lineno)


def _base(module: Module, node: ast.ImportFrom) -> str:
    parts = module.name.split(".") if module.name else []
    up = node.level - (1 if module.is_package else 0)
    if up > len(parts):
        return f"<above the package, from line {node.lineno}>"
    return ".".join([*parts[: len(parts) - up], *((node.module or "").split(".") if node.module else [])])


def aliases(module: Module) -> dict[str, str]:
    """What the names that were imported at run time stand for: ``{"o": "os", "now": "datetime.datetime"}``."""
    known = {}
    for node, typing_only in walk(module.tree):
        if typing_only:
            continue
        if isinstance(node, ast.Import):
            for alias in node.names:
                known[alias.asname or alias.name.partition(".")[0]] = (
                    alias.name if alias.asname else alias.name.partition(".")[0]
                )
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            for alias in node.names:
                known[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return known


def dotted(node: ast.AST, known: dict[str, str]) -> Optional[str]:
    """The full name that an expression like ``os.path.join`` stands for, if its start was imported."""
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if isinstance(node, ast.Name) and node.id in known:
        return ".".join([known[node.id], *reversed(parts)])
    return None


def sources() -> list[Path]:
    """All files of the repository that git has or would take."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=REPO,
        capture_output=True,
        check=False,
    )
    if listed.returncode:
        hidden = {"__pycache__", "build", "dist"}
        paths = [path for path in REPO.rglob("*") if not hidden.intersection(path.parts)]
        return [path for path in paths if path.is_file() and ".git" not in path.parts]
    names = [name.decode() for name in listed.stdout.split(b"\0") if name]
    return sorted(path for path in (REPO / name for name in names) if path.is_file())


def report(problems: list[str]) -> None:
    """Fail with all problems, one a line."""
    if problems:
        raise AssertionError("\n" + "\n".join(problems))


def write_tree(root: Path, files: dict[str, str]) -> Path:
    """Write a small package for a guard's own test; returns its directory."""
    for name, text in files.items():
        path = root / "pkg" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        for parent in path.relative_to(root).parents:
            init = root / parent / "__init__.py"
            if str(parent) != "." and not init.exists():
                init.write_text("", encoding="utf-8")
    return root / "pkg"
