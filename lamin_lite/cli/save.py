"""``save``: keep a file or folder, or the source of a script or notebook."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Optional

from .. import errors, models
from ..base import paths
from ..models.keys import checked
from ..models.saving import checked_source, key_in_place
from ..sql.lookups import nearest
from ..tracking import belonging, transforms
from . import finding, output, registries
from .program import Usage

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from ..instance import Instance

SOURCES = (
    ".py",
    ".ipynb",
    ".R",
    ".r",
    ".Rmd",
    ".qmd",
    ".sh",
)  #: what is saved as a transform unless one says otherwise
EXAMPLES = (
    "save sample.fasta --key templates/sample.fasta --description 'An example'",
    "save results --key study/results --project Atlas",
    "save analysis.ipynb",
    "save analysis.ipynb --registry artifact --key templates/analysis.ipynb",
)
NOTES = f"""
A file that ends in {", ".join(SOURCES)} becomes a transform, as if it had run; everything else an artifact. Without
`--key` the key is the path in the development directory, else the name. The same content under the same key is what is
there already, of which only what is said by options is changed; other content is a new version.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to keep, and what to say of it."""
    parser.add_argument("path", metavar="PATH", help="a file or folder")
    parser.add_argument("--key", metavar="KEY", help="under which people find it")
    parser.add_argument("--description", metavar="TEXT", help="free text")
    parser.add_argument("--kind", metavar="KIND", help="such as dataset or model; of a transform script, notebook, ...")
    parser.add_argument(
        "--project", metavar="NAME", action="append", help="project to which it belongs; may be given several times"
    )
    parser.add_argument("--space", metavar="NAME", help="space into which it is put")
    parser.add_argument("--registry", choices=("artifact", "transform"), help="instead of what the ending says")
    finding.add_common(parser)


def run(arguments: argparse.Namespace) -> int:
    """Keep it, and say what it is now."""
    path = arguments.path
    if not path:
        raise Usage("PATH is empty: name a file or a folder")
    instance = finding.opened(arguments.instance)
    if not os.path.exists(path) and "://" not in path:
        raise _missing(path)
    projects = _projects(instance, arguments.project)
    place = belonging.space_id(instance, arguments.space, None)
    is_source = path.endswith(SOURCES) and os.path.isfile(path)
    registry = arguments.registry or ("transform" if is_source else "artifact")
    row, before = (_transform if registry == "transform" else _artifact)(instance, arguments, place)
    if place not in (None, row._values["space_id"]):
        row.space = instance.Space.get(id=place)
        row.save()
    added = set(projects) - set(row.projects)
    row.projects.add(*added)
    changed = (
        []
        if before is None
        else [name for name, column in _TOLD.items() if row._values[column] != before._values[column]]
    )
    changed += ["projects"] if added else []
    if before is None:
        action = "created" if _is_first(row) else "new version"
    else:
        action = "updated" if changed else "unchanged"
    output.done(instance, row, action, _sentence(row, action, changed), as_json=arguments.json)
    return 0


#: what may be said of content that is there already -> its column
_TOLD = {"key": "key", "kind": "kind", "description": "description", "space": "space_id"}


def _missing(path: str) -> errors.MissingFile:
    if os.path.islink(path):
        return errors.MissingFile(f"{path} is a link to {os.readlink(path)}, which is not there: correct the link.")
    folder, name = os.path.split(path)
    try:
        near = nearest(name, os.listdir(folder or os.curdir))
    except OSError:
        near = None
    hint = f"did you mean {os.path.join(folder, near)!r}?" if near else "correct the path."
    return errors.MissingFile(f"There is no file or folder {path!r}: {hint}")


def _projects(instance: Instance, names: Optional[Sequence[str]]) -> list[Any]:
    ids = belonging.project_ids(instance, names) if names else []
    return [instance.Project.filter(id=number).one() for number in ids]


def _transform(instance: Instance, arguments: argparse.Namespace, place: Optional[int]) -> tuple[Any, Any]:
    """The row, and what it was before; None if it is new."""
    told = {name: getattr(arguments, name) for name in ("key", "kind", "description")}
    return transforms.registered(instance, arguments.path, space_id=place, **told)


def _artifact(instance: Instance, arguments: argparse.Namespace, place: Optional[int]) -> tuple[Any, Any]:
    """The same for an artifact."""
    key = _key(instance, arguments.path) if arguments.key is None else arguments.key
    told = {name: getattr(arguments, name) for name in ("kind", "description")}
    made = instance.Artifact(arguments.path, key=key, **{name: held for name, held in told.items() if held is not None})
    if place is not None:
        made.space = instance.Space.filter(id=place).one()
    known = {} if made.key is None else {row.uid: row for row in instance.Artifact.filter(key=made.key)}
    made.save()
    return made, known.get(made.uid)


def _key(instance: Instance, path: str) -> Optional[str]:
    """Its path in the development directory, else its name; none for what stays in a registered storage."""
    source = checked_source(path)
    if key_in_place(instance, source, None) is not None:
        return None
    home = instance.settings.dev_dir
    inside = None if home is None else paths.below(source, home)
    return checked(inside or os.path.basename(source))


def _is_first(row: Any) -> bool:
    return bool(row.versions.count() == 1)


def _sentence(row: models.Artifact, action: str, changed: Sequence[str]) -> str:
    if action == "updated":
        return f"changed {', '.join(changed)} of {registries.called(row)}, whose content is the same"
    if action == "unchanged":
        return f"unchanged: the same content is {registries.called(row)} already"
    if action == "created":
        return f"saved {registries.called(row)}"
    return f"saved version {row.version} of {registries.called(row)}"
