"""The parameters that papermill puts into a notebook as a cell, which become params of the run."""

from __future__ import annotations

from ..base._typing import TYPE_CHECKING
from ..capture.front_end import notebook_of_kernel
from . import params as params_

if TYPE_CHECKING:
    import ast
    from typing import Any

    from ..models import Run


def found() -> tuple[dict[str, Any], set[str], dict[str, Any]]:
    """The params that were put in, the secrets among them, and what is kept of them so that the run can be repeated."""
    values, code = _values()
    injected, secrets = params_.checked(values)
    put_in = {"papermill": injected, **({"papermill_code": code} if code else {})} if injected else {}
    return injected, secrets, put_in


def add_late(run: Run, secrets: set[str]) -> None:
    """Keep what was put in below ``ln.track()``; the secrets in it are added to these."""
    if "papermill" in (run.extra_data or {}):
        return
    notebook_of_kernel(again=True)
    injected, masked, put_in = found()
    if put_in:
        secrets |= masked
        run.params = {**injected, **(run.params or {})}
        run.extra_data = {**(run.extra_data or {}), **put_in}
        run.save()


def _values() -> tuple[dict[str, Any], list[str]]:
    """The parameters that papermill put into the notebook, and the names of those that only code can give."""
    import ast
    import json

    found: dict[str, Any] = {}
    code: list[str] = []
    try:
        body = ast.parse(notebook_of_kernel()["injected"] or "").body
    except SyntaxError:  # somebody else's cell
        return found, code
    for node in body:
        name = node.targets[0].id if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) else ""
        if not isinstance(node, ast.Assign) or not name or name.startswith("PAPERMILL_"):
            continue
        try:
            found[name] = ast.literal_eval(_with_floats(node.value))
            json.dumps(found[name])
        except (ValueError, TypeError):  # it says how to get the value, or papermill has no such values
            found.setdefault(name, ast.unparse(node.value))
            code.append(name)
    return found, code


def _with_floats(node: ast.expr) -> ast.expr:
    """The expression with ``float('nan')`` and the like, which papermill writes as calls, as the numbers that they are."""
    import ast

    class Floats(ast.NodeTransformer):
        def visit_Call(self, call: ast.Call) -> ast.AST:
            number = {f"float('{name}')": float(name) for name in ("nan", "inf", "-inf")}.get(ast.unparse(call))
            return call if number is None else ast.Constant(number)

    made: ast.expr = Floats().visit(node)
    return made
