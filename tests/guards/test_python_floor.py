"""The code runs on Python 3.9, and its SQL on SQLite 3.26, also where the tests run on newer ones."""

from __future__ import annotations

import ast
import re

import pytest

from tests.guards.tree import EXTRAS, PACKAGE, aliases, dotted, modules, report, walk, write_tree

FLOOR = (3, 9)
#: what the standard library got after 3.9; used at run time it needs a way out
NEWER = set(
    "tomllib typing.ParamSpec typing.Concatenate typing.TypeAlias typing.TypeGuard typing.Self typing.Never"
    " typing.assert_never typing.reveal_type typing.NotRequired typing.Required typing.Unpack typing.TypeVarTuple"
    " typing.override typing.LiteralString typing.dataclass_transform datetime.UTC enum.StrEnum enum.verify itertools.pairwise"
    " itertools.batched hashlib.file_digest contextlib.chdir contextlib.aclosing sys.exception sys.orig_argv"
    " sys.stdlib_module_names sys.monitoring os.process_cpu_count os.EFD_CLOEXEC os.unshare os.splice inspect.get_annotations"
    " types.UnionType types.NoneType types.EllipsisType asyncio.TaskGroup asyncio.timeout asyncio.Runner operator.call"
    " math.cbrt math.exp2 statistics.correlation threading.gettrace threading.setprofile_all_threads shutil.COPY_BUFSIZE"
    " importlib.resources.abc warnings.deprecated copy.replace builtins.aiter builtins.anext".split()
)
NEWER_NAMES = {"aiter", "anext", "ExceptionGroup", "BaseExceptionGroup", "EncodingWarning", "PythonFinalizationError"}
NEWER_OPTIONS = {
    ("zip", "strict"),
    ("dataclass", "slots"),
    ("dataclass", "kw_only"),
    ("map", "strict"),
    ("enumerate", "strict"),
}
NEWER_SQL = re.compile(
    r"\bRETURNING\b|\)\s*STRICT\b|->>|\bNULLS\s+(?:FIRST|LAST)\b|\bGENERATED\s+ALWAYS\b|\bMATERIALIZED\b|\bDROP\s+COLUMN\b"
    r"|\bUPDATE\s+\S+\s+SET\b[^;]*\bFROM\b(?=[^()]*$)|\bFULL\s+(?:OUTER\s+)?JOIN\b|\bRIGHT\s+JOIN\b|\bIIF\(|\bVACUUM\s+INTO\b"
)

SERVER = "sql/server.py"  # SQL that only servers see


def syntax_problems(package):
    problems = []
    for path in sorted(package.rglob("*.py")):
        try:
            tree = ast.parse(path.read_text(encoding="utf-8"), str(path), feature_version=FLOOR)
        except SyntaxError as error:
            problems.append(f"{path.name}:{error.lineno}: not Python {FLOOR[0]}.{FLOOR[1]}: {error.msg}")
            continue
        future = any(isinstance(node, ast.ImportFrom) and node.module == "__future__" for node in tree.body)
        annotated = any(getattr(node, "annotation", None) or getattr(node, "returns", None) for node in ast.walk(tree))
        if annotated and not future:
            problems.append(
                f"{path.relative_to(package)}: annotations without `from __future__ import annotations`: they would be"
                " evaluated, and `int | None` is not Python 3.9"
            )
    return problems


def library_problems(package):
    problems = []
    for module in modules(package).values():
        known, guarded = aliases(module), with_a_way_out(module.tree)
        for node, typing_only in walk(module.tree):
            if typing_only or node in guarded:
                continue
            names = set()
            if isinstance(node, ast.Import):
                names = {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                names = {f"{node.module}.{alias.name}" for alias in node.names} | {node.module}
            elif isinstance(node, ast.Attribute):
                names = {dotted(node, known)}
            elif isinstance(node, ast.Name) and node.id in NEWER_NAMES:
                names = {f"builtins.{node.id}"}
            elif isinstance(node, ast.Call):
                called = getattr(node.func, "id", getattr(node.func, "attr", ""))
                names = {f"{called}({word.arg}=)" for word in node.keywords if (called, word.arg) in NEWER_OPTIONS}
            for name in sorted(filter(None, names)):
                if name in NEWER or name.startswith("builtins.") or name.endswith("=)"):
                    problems.append(
                        f"{package.name}/{module.file}:{node.lineno}: {name} is newer than Python 3.9: do without, or put"
                        " it under `if sys.version_info >= ...` with a way out"
                    )
    return problems


def with_a_way_out(tree):
    """Nodes that run only where the newer thing is there, or whose failure is caught."""
    found = set()
    for node in ast.walk(tree):
        asks = isinstance(node, (ast.If, ast.IfExp)) and re.search("version_info|hasattr", ast.unparse(node.test))
        catches = isinstance(node, ast.Try) and any(
            re.search("ImportError|AttributeError|ModuleNotFoundError", ast.unparse(handler.type or node))
            for handler in node.handlers
        )
        if asks or catches:
            found.update(ast.walk(node))
    return found


def sql_problems(package):
    problems = []
    for module in modules(package).values():
        if module.file == SERVER:
            continue
        docs = {
            id(node.body[0].value)
            for node in ast.walk(module.tree)
            if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
            and node.body
            and isinstance(node.body[0], ast.Expr)
        }
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
                found = NEWER_SQL.search(node.value)
                if found:
                    problems.append(
                        f"{package.name}/{module.file}:{node.lineno}: {found.group().strip()!r} is newer than SQLite 3.26:"
                        " say it in older SQL (INSERT ... ON CONFLICT DO NOTHING, then SELECT; `x IS NULL, x`)"
                    )
    return problems


@pytest.mark.parametrize("package", [PACKAGE, EXTRAS], ids=lambda path: path.name)
def test_the_syntax_is_that_of_python_3_9(package):
    report(syntax_problems(package))


@pytest.mark.parametrize("package", [PACKAGE, EXTRAS], ids=lambda path: path.name)
def test_the_library_is_that_of_python_3_9(package):
    report(library_problems(package))


def test_the_sql_is_that_of_sqlite_3_26():
    report(sql_problems(PACKAGE))


@pytest.mark.parametrize(
    "text",
    [
        "match x:\n    case 1: pass",
        "try: pass\nexcept* ValueError: pass",
        "type X = int",
        "def f(x: int | None): pass",
    ],
)
def test_the_guard_sees_newer_syntax(tmp_path, text):
    assert syntax_problems(write_tree(tmp_path, {"a.py": text}))


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("import tomllib", 1),
        ("from typing import Self", 1),
        ("import itertools as i\ni.pairwise([])", 1),
        ("zip([], [], strict=True)", 1),
        ("ExceptionGroup('', [])", 1),
        ("if TYPE_CHECKING:\n    from typing import ParamSpec", 0),
        ("import sys\nif sys.version_info >= (3, 11):\n    import tomllib", 0),
        ("try:\n    import tomllib\nexcept ImportError:\n    tomllib = None", 0),
    ],
)
def test_the_guard_sees_a_newer_library(tmp_path, text, count):
    assert len(library_problems(write_tree(tmp_path, {"a.py": text}))) == count


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("x = 'INSERT INTO a VALUES (1) RETURNING id'", 1),
        ("x = 'CREATE TABLE a (b TEXT) STRICT'", 1),
        ("x = 'SELECT a FROM b ORDER BY a NULLS LAST'", 1),
        ("x = 'UPDATE a SET b = c.b FROM c'", 1),
        ("x = 'UPDATE a SET b = (SELECT max(c) FROM d)'", 0),
        ("'never RETURNING'\nx = 'DELETE FROM a'", 0),
    ],
)
def test_the_guard_sees_newer_sql(tmp_path, text, count):
    assert len(sql_problems(write_tree(tmp_path, {"a.py": text}))) == count
