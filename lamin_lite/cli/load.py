"""``load``: what is stored, as files here."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Optional

from .. import errors, models
from ..base import display
from ..tracking import loading
from . import finding, output, registries
from .program import Usage

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from ..instance import Instance

    Placed = tuple[str, bool]

AMONG = (models.Artifact, models.Transform, models.Collection)
HUB = "lamin.ai"
EXAMPLES = (
    "load my_script.py",
    "load transform --key analysis/fit.ipynb --version 0001",
    "load artifact --key templates/sample.fasta --to .",
    "load --uid 5kQ2mX8sTmPa",
    "load https://localhost:8000/ada/atlas/transform/5kQ2mX8sTmPa",
)
NOTES = """
The source of a transform is written under its key into the development directory, else into the current one; what runs
there is a run of the same transform, or of a new version of it. An artifact stays where it is stored, to be read, unless
`--to` asks for a copy; those of a collection have their keys there, and where several have the same key, with the
version in it. A file with the same content is no conflict; one with other content is replaced only with `--force`, and
if one may not be written, none is. The same holds for the files in a copy of a folder; what it holds beside them is
never removed, but named. Where the files are is printed, one path a line.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """A row, and where to."""
    parser.add_argument(
        "registry", metavar="REGISTRY", nargs="?", help="artifact, transform or collection; without it, all"
    )
    finding.add_what(parser, nargs="?")
    exact = parser.add_mutually_exclusive_group()
    exact.add_argument("--key", metavar="KEY", help="instead of WHAT: nothing but the key")
    exact.add_argument("--uid", metavar="UID", help="instead of WHAT: nothing but the uid")
    parser.add_argument("--version", metavar="TAG", help="its tag, or its number; without it, the latest")
    parser.add_argument("--to", metavar="PATH", help="file or folder to write to")
    parser.add_argument("--force", action="store_true", help="replace a file with other content")
    finding.add_common(parser)


def run(arguments: argparse.Namespace) -> int:
    """Write the files, and print where they are."""
    instance, row = _row(arguments)
    placed = list(_placed(row, arguments.to, arguments.force))
    _say_files(instance, row, placed, arguments.to, as_json=arguments.json)
    return 0


# -- which row


def _row(arguments: argparse.Namespace) -> tuple[Instance, Any]:
    url = next((each for each in (arguments.registry, arguments.what) if each and "://" in each), None)
    if url is not None:
        if arguments.registry != url or arguments.what or arguments.key or arguments.uid:
            raise Usage("name one row: a URL says all")
        instance = finding.opened(arguments.instance)
        row = _of_url(instance, url)
    else:
        instance, row = finding.of(arguments, among=AMONG)
    return instance, row if arguments.version is None else _version(row, arguments.version)


def _version(row: Any, tag: str) -> Any:
    found = row.versions.filter(version=tag).first()
    if found is None:
        known = ", ".join(each.version for each in row.versions)
        raise errors.DoesNotExist(f"{registries.called(row)} has no version {tag!r}: there are {known}.")
    return found


def _of_url(instance: Instance, url: str) -> Any:
    """The row of this instance whose page has this address, on whatever server."""
    from urllib.parse import urlsplit

    parts = urlsplit(url)
    words_ = parts.path.strip("/").split("/")
    models_ = {registries.name(model): model for model in AMONG}
    if parts.scheme not in ("http", "https") or len(words_) != 4 or words_[2] not in models_ or not words_[3]:
        raise errors.InvalidArgument(
            f"{url} is no address of the form https://HOST/OWNER/INSTANCE/REGISTRY/UID, where REGISTRY is one of "
            f"{', '.join(models_)}."
        )
    uid, model = words_[3], models_[words_[2]]
    try:
        return finding.record(instance, uid, model, field="uid")
    except errors.DoesNotExist:
        raise errors.DoesNotExist(_elsewhere(instance, url, words_, parts.hostname or "")) from None


def _elsewhere(instance: Instance, url: str, path: list[str], host: str) -> str:
    owner, name, registry, uid = path
    missing = f"The {registry} {uid} is not in {instance.root}"
    if host == HUB or host.endswith(f".{HUB}"):
        return (
            f"{missing}, and the instance {owner}/{name} of LaminHub cannot be asked, as this program uses no network: "
            f"load it there with LaminDB (`lamin load {url}`), then `save` the file here."
        )
    return f"{missing}, and {host} is not asked: load it in a folder that uses the instance {owner}/{name}, or name that by `--instance PATH`."


# -- where to


def _placed(row: Any, to: Optional[str], force: bool) -> Iterator[Placed]:
    if isinstance(row, models.Transform):
        yield loading.write_source(row, to, force=force)
    elif isinstance(row, models.Collection):
        if to is not None and os.path.lexists(to) and not os.path.isdir(to):
            raise errors.Conflict(f"{to} is a file: name a folder for the artifacts of a collection.")
        artifacts = list(row.artifacts)
        yield from loading.write_copies(artifacts, to, force=force) if to else map(_in_place, artifacts)
    else:
        yield loading.write_copy(row, to, force=force) if to is not None else _in_place(row)


def _in_place(artifact: Any) -> Placed:
    return str(artifact.cache(is_run_input=False)), False


def _say_files(instance: Instance, row: Any, placed: list[Placed], to: Optional[str], *, as_json: bool) -> None:
    paths = [path for path, _ in placed]
    action = "written" if any(new for _, new in placed) else "there"
    if as_json:
        facts = output.facts(instance, [row])[0]
        output.document({"action": action, "paths": paths, "record": facts})
        return
    for path in paths:
        display.show(path)
    called = f"{registries.called(row)}, version {row.version}"
    if action == "written":
        output.notice([f"wrote {called}"])
    elif to is not None or isinstance(row, models.Transform):
        output.notice([f"here already: {called}"])
    else:
        copy = finding.about(instance, "load", registries.name(type(row)), "--uid", row.uid, "--to", ".")
        output.notice([f"{called}, to be read only; `{copy}` makes a copy to change"])
