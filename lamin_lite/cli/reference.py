"""The page that documents all commands, made from their parsers: ``python -m lamin_lite.cli.reference``."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Optional

from . import COMMANDS, _module, parser_of, registries

if TYPE_CHECKING:
    from collections.abc import Iterator

COMMON = ("json", "instance")  #: options that the introduction explains
INTRODUCTION = """\
# Commands

`python -m lamin_lite COMMAND`, or `lamin-lite COMMAND` where the package is installed. `COMMAND --help` shows what is
here. This page is made from the parsers: `python -m lamin_lite.cli.reference > docs/cli.md`.

The instance is the one of the current folder, or above it; `--instance PATH` names another one by its folder.

**Exit codes**

| code | meaning |
|---|---|
| 0 | done; also a list or search that finds nothing |
| 1 | not done: one sentence on standard error says why, and nothing was changed |
| | 1 also tells a difference (`diff --exit-code`), or a repetition that is not the same (`rerun`); `run` ends with the code of its program |
| 2 | wrong usage: unknown commands, options or registries, or options that do not go together |
| 70 | a fault of the program itself; `python -X dev -m lamin_lite ...` shows where |
| 130 | interrupted |
| 141 | whoever read the output stopped reading |

**Output.** Data goes to standard output, words to standard error. `--json` writes one JSON document to standard output;
its names stay as they are, new ones may come. A row is its fields by name; a related row in it is its `uid` and its `key`
or `name`; times are ISO 8601 in UTC; a number that JSON lacks (`nan`, `inf`) is text. Control characters in names never
reach a terminal: words and tables show `·` for them, JSON escapes them.

| command | its JSON document |
|---|---|
| `get` | the row |
| `describe` | the row, with `related`: for each relation `total` and the first `rows`; `features`; `path` of an artifact |
| `list`, `search` | `rows`; of `list` also `registry`, and `total`, how many there are without the limit |
| `create`, `update`, `annotate`, `archive`, `delete`, `restore` | `action` and `record`; `action` is `created`, `found`, `updated`, `annotated`, `unannotated`, `archived`, `trashed`, `deleted` or `restored` |
| `save` | `action` (`created`, `new version`, `updated` or `unchanged`) and `record` |
| `load` | `action` (`written` or `there`), `paths` of the files and `record` |
| `init`, `connect` | `action` (`created` or `connected`; of `connect` `connected` or `unchanged`), and what `info` tells |
| `disconnect` | `action` (`disconnected`), and `instance`, the folder of the one that was used |
| `info` | what is in use; `{"instance": null}` where there is no instance |
| `settings` | the setting, `{"dev-dir": ...}` |
| `reap` | `action` (`ended`), `dry_run`, `total` and the `rows` |
| `diff` | `same`, `old` and `new`, `source` (a unified diff, or null), for each theme its changes: `name`, `change`, `old`, `new`; `not_recorded` |
| `rerun` | `same`, `run` and `rerun`, `outputs` (`name`, `verdict`, hashes `old` and `new`), changes of `params` and `inputs` |
| `lineage` | `root`, `starts`, `nodes`, `edges`, `groups`, `is_cut` |

**Questions.** A command asks only in a terminal, only before something is lost for ever, and not with `--yes`.

**WHAT** is a key, a name or a uid, of which the first 4 characters are enough. It is looked up in all registries; where
several rows have it, the error names them, and the registry before it (`get transform a.py`) or the uid decides. Of
several versions it is the latest. `--key`, `--name` and `--uid` take its place, and look for nothing else; after `--` it
may begin with a dash.

**A row** is one entry of a registry. Registries are named in singular or plural, in any case: {registries}.
"""


def reference() -> str:
    """The page, as Markdown."""
    introduction = INTRODUCTION.replace("{registries}", ", ".join(f"`{name}`" for name in registries.known()))
    return "\n".join([introduction, *(_chapter(command) for command in COMMANDS)])


def _chapter(command: str) -> str:
    parser, module = parser_of(command), _module(command)
    lines = [f"## {command}", "", str(parser.description), ""]
    notes = getattr(module, "NOTES", "").strip()
    lines += [notes, ""] if notes else []
    for words, each in _parsers(command, parser):
        rows = [*_rows(each)]
        table = ["| argument | meaning |", "|---|---|", *rows, ""] if rows else []
        lines += ["```text", f"python -m lamin_lite {words}{_usage(each)}", "```", "", *table]
    examples = getattr(module, "EXAMPLES", ())
    if examples:
        lines += ["```sh", *(f"python -m lamin_lite {example}" for example in examples), "```", ""]
    return "\n".join(lines)


def _parsers(words: str, parser: argparse.ArgumentParser) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """The parser, or those of its sub-commands."""
    below = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    if not below:
        yield words, parser
    for action in below:
        for name, each in action.choices.items():
            yield from _parsers(f"{words} {name}", each)


def _actions(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    """Positional arguments first, without help; but what takes all that follows is last."""
    shown = [action for action in parser._actions if action.dest != "help"]
    return sorted(shown, key=lambda action: bool(action.option_strings) or action.nargs == argparse.REMAINDER)


def _usage(parser: argparse.ArgumentParser) -> str:
    return "".join(f" {_called(action)}" for action in _actions(parser))


def _called(action: argparse.Action) -> str:
    value = _value(action)
    if action.option_strings:
        text = f"[{action.option_strings[-1]}{f' {value}' if value else ''}]"
        return text + (" ..." if isinstance(action, argparse._AppendAction) and action.nargs is None else "")
    return f"[{value}]" if action.nargs in ("?", "*") else value


def _value(action: argparse.Action) -> str:
    if action.nargs == 0:
        return ""
    name: Optional[str] = action.metavar if isinstance(action.metavar, str) else None
    name = name or (action.dest.upper() if action.choices is None else "|".join(map(str, action.choices)))
    return f"{name} ..." if action.nargs in ("+", "*") else name


def _rows(parser: argparse.ArgumentParser) -> Iterator[str]:
    for action in _actions(parser):
        if action.dest in COMMON:
            continue
        name = f"{action.option_strings[-1]} {_value(action)}".strip() if action.option_strings else _value(action)
        text = (action.help or "") % {"default": action.default}
        yield f"| `{name.replace('|', chr(92) + '|')}` | {text.replace('|', chr(92) + '|')} |"


if __name__ == "__main__":
    print(reference(), end="")
