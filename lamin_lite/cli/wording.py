"""The remedies that the library names, as somebody at the command line can carry them out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Optional

from .program import command_line

if TYPE_CHECKING:
    from collections.abc import Iterator

#: what the library says -> what is said here; the longer before what is a part of it
PHRASES = {
    "delete(permanent=True, force=True) in Python, `delete --permanent --force` on the command line": (
        "`delete --permanent --force`"
    ),
    "delete(permanent=True, force=True)": "`delete --permanent --force`",
    "delete(permanent=True)": "`delete --permanent`",
    "sort to_dicts(features=True) in Python": "order by a field, and `--include` shows it",
    "it is inside of a value; sort them in Python": "it is inside of a value; order by a field",
    "restore() it before it is linked": "`restore` it before it is linked",
    "or connect(path)": "or `--instance PATH`",
    "make it one with is_type=True before": "make it one by `update ... is_type=true` before",
    "make the feature with coerce=True": "make the feature with `coerce=true`",
    "Set its is_locked to False and save it first": "Unlock it first by `update ... is_locked=false`",
    "needs a dtype, such as dtype=str or dtype=float": "needs a dtype, such as `--dtype str` or `--dtype float`",
    "a saved type such as ln.Record(name='Experiment', is_type=True).save()": "a type by its name",
}
_SAVED = re.compile(r"ln\.\w+\(.*?\)\.save\(\)")
_QUOTED = r"""('[^']*'|"[^"]*")"""
_MOVED = re.compile(rf"ln\.(\w+)\.get\((?:name=)?{_QUOTED}(?:, branch='\w+')?\)\.(delete|restore)\(\)")
_TAKEN_OFF = re.compile(rf"row\.features\.remove_values\({_QUOTED}\)")
_LOCKED = re.compile(
    r"^(\w+)( .*?\(| )(\w+)(\)?) is locked: set its is_locked to False and save it, then change it\.$", re.DOTALL
)
_STAYED = re.compile(
    r"^(\w+)( .* stays as it was): set ([\w, ]+) of (\w+) and save it again, if that is to change$", re.DOTALL
)
_SURROGATE = re.compile(r"^(.*) holds a lone surrogate \(.*\), which no database keeps: leave it out\.$", re.DOTALL)
_OPTIONS = ("name", "type", "dtype", "description", "is_type")  #: of `create`; other fields are ``FIELD=VALUE``


def for_commands(sentence: str) -> str:
    """A sentence of the library with commands in the place of Python calls, where a command does the same.

    >>> for_commands("Make it with ln.Project(name='A b').save().")
    "Make it with `python -m lamin_lite create project --name 'A b'`."
    """
    for said, instead in PHRASES.items():
        sentence = sentence.replace(said, instead)
    undecodable = _SURROGATE.match(sentence)
    if undecodable:
        return f"{undecodable[1]} is no text in the encoding of this terminal ({_encoding()}): type it anew."
    sentence = _MOVED.sub(_move, sentence)
    sentence = _TAKEN_OFF.sub(_take_off, sentence)
    sentence = _LOCKED.sub(_unlock, sentence)
    sentence = _STAYED.sub(_update, sentence)
    return _SAVED.sub(lambda found: _create(found[0]) or found[0], sentence)


def _encoding() -> str:
    import sys

    return sys.getfilesystemencoding()


def _move(found: re.Match[str]) -> str:
    import ast

    return f"`{command_line(found[3], found[1].lower(), ast.literal_eval(found[2]))}`"


def _take_off(found: re.Match[str]) -> str:
    import ast

    return f"`{command_line('annotate', 'ROW', '--feature', ast.literal_eval(found[1]), '--remove')}`"


def _unlock(found: re.Match[str]) -> str:
    remedy = command_line("update", found[1].lower(), found[3], "is_locked=false")
    return f"{found[1]}{found[2]}{found[3]}{found[4]} is locked: `{remedy}` unlocks it."


def _update(found: re.Match[str]) -> str:
    remedy = command_line("update", found[1].lower(), found[4], *(f"{name}=VALUE" for name in found[3].split(", ")))
    return f"{found[1]}{found[2]}: `{remedy}` changes it"


def _create(call: str) -> Optional[str]:
    """The command for ``ln.Record(name="x").save()``; None where it has none."""
    import ast

    try:
        made: Any = ast.parse(call, mode="eval").body.func.value  # type: ignore[attr-defined]
        if made.args:
            return None
        words = [word for each in made.keywords for word in _words(each.arg, each.value)]
        return f"`{command_line('create', made.func.attr.lower(), *words)}`"
    except (SyntaxError, ValueError, AttributeError):
        return None


def _words(name: str, value: Any) -> Iterator[str]:
    import ast

    if isinstance(value, ast.Call):  # type=ln.Record.get(name="Experiment", is_type=True)
        value = next(each.value for each in value.keywords if each.arg == "name")
    text = str(ast.literal_eval(value)) if isinstance(value, ast.Constant) else ast.unparse(value)
    if text == "Ellipsis":  # nothing tells which one fits
        text = name.upper()
    if name == "is_type":
        yield "--is-type"
    elif name in _OPTIONS:
        yield from (f"--{name}", text)
    else:
        yield f"{name}={text}"
