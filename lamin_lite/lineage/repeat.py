"""How a run is repeated: what is to be executed where, and what came of it.

The source is that which the run had: as stored, or, where secrets are masked in it, from the file or the commit that
still has its very bytes. It is executed in an empty folder. Nothing here executes anything.
"""

from __future__ import annotations

import json
import os
import shlex
import sys
from typing import TYPE_CHECKING, Any, NamedTuple, Optional

from .. import errors
from ..base import canon, redact
from ..capture.environment import environment
from ..capture.source import hash_of_source
from ..models import Artifact, Run, content
from ..models.base import ARCHIVE, query
from ..models.registry import restoring
from . import snapshot
from .compare import Change, compare, is_equal, packages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from ..models import Transform

    Find = Callable[[Transform, Iterable[str]], bytes]

MOST_NAMED = 6  #: packages that the warning names
OPEN = ("scheduled", "started")
PAPERMILL = """
import json, os, papermill, sys
path, params = sys.argv[1:]
folder = os.path.dirname(os.path.abspath(path))
papermill.execute_notebook(path, "executed.ipynb", json.loads(params), cwd=folder, progress_bar=False, log_output=True)
"""  #: not by its command line, whose YAML takes 1e-07 for a text
PACKAGES = "pypackages/"  #: what keys of modules in packages begin with


class Plan(NamedTuple):
    """What is executed: ``argv`` in a folder that holds ``files`` (bytes, or what is copied there) by their paths.

    ``place``: where in that folder; below it, if files are declared by paths that lead upward.
    """

    run: Run
    argv: tuple[str, ...]
    files: Mapping[str, bytes | str]
    folders: tuple[str, ...]  #: where modules beside the source are found, as they are now
    warnings: tuple[str, ...]
    place: str = ""

    def write(self, folder: str) -> str:
        """Put the files into the folder; the folder in it to execute the command in."""
        import shutil

        os.makedirs(os.path.join(folder, self.place), exist_ok=True)
        for name, held in self.files.items():
            path = os.path.join(folder, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            if isinstance(held, bytes):
                with open(path, "wb") as file:
                    file.write(held)
            elif os.path.isdir(held):
                shutil.copytree(held, path, copy_function=shutil.copyfile, dirs_exist_ok=True)
            else:
                shutil.copyfile(held, path)
        return os.path.join(folder, self.place)


def root_of(run: Run) -> Run:
    """The run that is repeated for this one: itself, or that of the script or flow whose step it is."""
    root = run
    while root.initiated_by_run is not None and root.entrypoint is not None:
        root = root.initiated_by_run
    return root


def plan(run: Run, package: str, find: Find, *, current: bool = False) -> Plan:
    """How the run is repeated; ``current``: with the code as it is now.

    ``package``: how this package is imported. ``find``: gives the true source of a transform, also from these paths.
    """
    if run.status in OPEN:
        raise errors.Conflict(f"Run {run.uid} has not ended yet: repeat it when it has.")
    launch = (run.extra_data or {}).get("launch")
    _check_whole(run, launch)
    argv, files = _executed(run, find, current) if launch is None else _launched(run, launch, package, find, current)
    place = "" if launch is None else _place(run, launch)
    files = {os.path.normpath(os.path.join(place, name)): held for name, held in files.items()}
    return Plan(run, tuple(argv), files, tuple(_folders(run)), tuple(_warnings(run, current)), place)


def _check_whole(run: Run, launch: Optional[Mapping[str, Any]]) -> None:
    """Raise `InvalidArgument` if what the run is to be given again is not known: a masked secret, code as a parameter."""
    if redact.MASK in (run.cli_args or ""):
        raise errors.InvalidArgument(
            f"The arguments of run {run.uid} hold a secret, which was not kept: run it yourself, with {run.cli_args}."
        )
    names = (
        [] if launch is None else [launch["source"] or "", *launch["outputs"], *(row[0] for row in launch["inputs"])]
    )
    masked = [name for name in names if redact.MASK in name]
    injected = (run.extra_data or {}).get("papermill") or {}
    masked += [f"{name}={value}" for name, value in injected.items() if redact.MASK in canon.dumps(value)]
    if masked:
        raise errors.InvalidArgument(
            f"Run {run.uid} was given a secret, which was not kept: run it yourself, with the true text of {masked[0]}."
        )
    code = (run.extra_data or {}).get("papermill_code") or []
    if code:
        raise errors.InvalidArgument(
            f"Run {run.uid} was given {code[0]}={injected[code[0]]}, code whose value is not known: run it yourself."
        )


def _executed(run: Run, find: Find, current: bool) -> tuple[list[str], dict[str, bytes | str]]:
    """The command for a script, module or notebook that calls us."""
    transform, arguments = run.transform, shlex.split(run.cli_args or "")
    key = transform.key or "script.py"
    if key.startswith(PACKAGES):
        return [sys.executable, "-u", *_module(run, current), *arguments], {}
    name = os.path.basename(key)
    if transform.kind == "notebook" or name.endswith(".ipynb"):
        return _notebook(run, _current_path(run) if current else name), {} if current else {name: _source(run, find)}
    if transform.kind not in ("script", "interactive"):
        raise errors.InvalidArgument(
            f"Run {run.uid} is of {key}, a {transform.kind}: only scripts, notebooks and programs can be repeated."
        )
    path = _current_path(run) if current else name
    return [sys.executable, "-u", path, *arguments], {} if current else {name: _source(run, find)}


def _notebook(run: Run, path: str) -> list[str]:
    """The command for a notebook: by the program that put params into it, else by nbconvert."""
    injected = (run.extra_data or {}).get("papermill")
    if injected is None:
        _check_installed(run, "nbconvert", "pip install 'lamin-lite[notebook]'")
        convert = ["-m", "nbconvert", "--to", "notebook", "--execute", "--log-level", "ERROR"]
        return [sys.executable, *convert, "--output-dir", ".", "--output", "executed.ipynb", path]
    _check_installed(run, "papermill", "pip install papermill")
    return [sys.executable, "-c", PAPERMILL, path, json.dumps(injected)]


def _launched(
    run: Run, launch: Mapping[str, Any], package: str, find: Find, current: bool
) -> tuple[list[str], dict[str, bytes | str]]:
    """The command for what was started by ``run``, with the same options."""
    transform = run.transform
    files: dict[str, bytes | str] = {}
    given, source = launch["source"], None
    if given is not None:
        source = _current_path(run) if current else os.path.basename(given)
        if not current:
            files[source] = _source(run, find)
    words = [sys.executable, "-m", package, "run", "--key", transform.key or "", *_options(run, launch, files)]
    arguments = shlex.split(run.cli_args or "")
    if launch["argv"] is None:
        return [*words, source or "", *arguments], files
    words += ["--", *(source if source is not None and word == given else word for word in arguments)]
    return words, files


def _options(run: Run, launch: Mapping[str, Any], files: dict[str, bytes | str]) -> Iterator[str]:
    for name, value in (run.params or {}).items():
        yield from ("--param", f"{name}={canon.dumps(value)}")
    for given, uid, is_file in launch["inputs"]:
        artifact = query(Artifact, run._store).filter(uid=uid, branch=None).one_or_none()
        if artifact is None:
            raise errors.DoesNotExist(
                f"The input {given} of run {run.uid}, artifact {uid}, was removed for good: run it yourself, with another one."
            )
        if is_file and os.path.isabs(given):
            _check_there(run, given, artifact)
        elif is_file:
            files[given] = str(artifact.cache(is_run_input=False))
        yield from ("--input", given if is_file else uid)
    for pattern in launch["outputs"]:
        yield from ("--output", pattern)


def _check_there(run: Run, path: str, artifact: Artifact) -> None:
    """Raise `InvalidArgument` if a file that cannot be put in place, as it has one of its own, is not as it was."""
    is_there = os.path.exists(path)
    if not is_there or not content.holds(path, artifact):
        raise errors.InvalidArgument(
            f"{path}, an input of run {run.uid}, {'holds something else now' if is_there else 'is not there any more'}: put "
            f"the content of artifact {artifact.uid} there again, or run it yourself."
        )


def _place(run: Run, launch: Mapping[str, Any]) -> str:
    """A path as deep as those of declared files lead upward, with the names of the folders that the run was in."""
    declared = [*(given for given, _, is_file in launch["inputs"] if is_file), *launch["outputs"]]
    levels = max((os.path.normpath(path).split(os.sep).count(os.pardir) for path in declared), default=0)
    names = [name for name in ((run.process or {}).get("cwd") or "").split(os.sep) if name][-levels:] if levels else []
    return os.path.join("", *["folder"] * (levels - len(names)), *names)


def _module(run: Run, current: bool) -> list[str]:
    """``-m package.module``: a module cannot be executed without its package, which is there as it is now."""
    transform, path = run.transform, _current_path(run)
    if not current and _hash_of(path) != transform.hash:
        raise errors.InvalidArgument(
            f"{path}, a module of a package, was changed since run {run.uid}: check out the version of then, or repeat it "
            "with the code as it is now by --current."
        )
    name = (transform.key or "")[len(PACKAGES) :].removesuffix(".py").replace("/", ".")
    return ["-m", name.removesuffix(".__main__").removesuffix(".__init__")]


def _places(run: Run) -> Iterator[str]:
    """Where the file of the source may be now, the likeliest first."""
    transform, git, process = run.transform, (run.extra_data or {}).get("git") or {}, run.process or {}
    if transform.path_hint is not None:
        yield transform.path_hint
    if git.get("root") and git.get("path"):
        yield os.path.join(git["root"], git["path"])
    if transform.key and process.get("cwd"):
        yield os.path.join(process["cwd"], transform.key.removeprefix(PACKAGES))


def _current_path(run: Run) -> str:
    places = list(_places(run))
    for path in places:
        if os.path.isfile(path):
            return path
    where = f"it is not at {places[0]} any more" if places else "it is not known where it is"
    raise errors.MissingFile(f"The file of {run.transform.key} is needed as it is now, and {where}: put it there.")


def _folders(run: Run) -> Iterator[str]:
    """Where modules beside the source are found."""
    for path in _places(run):
        if os.path.isfile(path):
            key = run.transform.key or ""
            levels = key.count("/") if key.startswith(PACKAGES) else 1
            yield os.path.abspath(os.path.join(path, *[os.pardir] * levels))


def _check_installed(run: Run, package: str, remedy: str) -> None:
    from importlib.util import find_spec

    if find_spec(package) is None or find_spec("ipykernel") is None:
        raise errors.MissingExtra(
            f"Run {run.uid} is of a notebook, which is executed by {package}: {remedy} and repeat it."
        )


# -- the source as it was


def _source(run: Run, find: Find) -> bytes:
    """The bytes that the source of a run had."""
    transform = run.transform
    try:
        return find(transform, _places(run))
    except errors.DoesNotExist:
        raise errors.InvalidArgument(
            f"The source of {transform.key} was not stored, so that run {run.uid} cannot be repeated."
        ) from None
    except errors.IntegrityError:
        raise errors.InvalidArgument(
            f"The source of {transform.key} was stored with its secrets masked, and no file or commit on this machine has it "
            f"as it was (SHA-256 {(transform.hash or '')[:12]}…): bring that file back, or repeat it with --current."
        ) from None


def _hash_of(path: str) -> Optional[str]:
    with open(path, "rb") as file:
        return hash_of_source(path, file.read())


# -- what is not as it was


def _warnings(run: Run, current: bool) -> Iterator[str]:
    process = run.process or {}
    python = sys.version.split(maxsplit=1)[0]
    if process.get("python") not in (None, python):
        yield f"Python is {python} now; it was {process['python']}"
    if run.environment is not None:
        listing = packages(run.environment.load(is_run_input=False))
        differing = list(_differing(listing, packages(environment()["text"])))
        if differing:
            more = len(differing) - MOST_NAMED
            named = ", ".join(differing[:MOST_NAMED]) + (f" and {more:,} more" if more > 0 else "")
            yield f"packages differ from those of the run: {named}"
    for artifact in run.input_artifacts.filter(branch=None):
        yield from _moved_on(artifact)
    if current:
        yield "the code is that of now, not that of the run"


def _moved_on(artifact: Artifact) -> Iterator[str]:
    """What code that asks for this input gets instead, if it is not what it was then."""
    is_shown, named = artifact.branch_id > ARCHIVE, f"the input {artifact.key or artifact.uid}"
    if is_shown and artifact.is_latest:
        return
    state = "is not the latest of its key any more" if is_shown else f"is in the {artifact.branch.name}"
    latest = query(Artifact, artifact._store).filter(key=artifact.key, branch_id__gt=ARCHIVE, is_latest=True)
    if is_shown or (artifact.key is not None and latest.exists()):
        yield f"{named} {state}: code that asks for the key gets another one"
    else:
        remedy = restoring(Artifact, artifact.uid, artifact.branch.name)
        yield f"{named} {state}, and code that asks for it does not find it: {remedy}"


def _differing(before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    for name, version in before.items():
        if name not in now:
            yield f"{name} {version} is missing"
        elif now[name] != version:
            yield f"{name} {version} → {now[name]}"
    yield from (f"{name} {version} is new" for name, version in now.items() if name not in before)


# -- what came of it


class Verdict(NamedTuple):
    """Two runs of one thing. ``outputs``: name -> (``same``, ``different``, ``missing`` or ``new``, old hash, new hash)."""

    old: Run
    new: Run
    outputs: Mapping[str, tuple[str, Optional[str], Optional[str]]]
    inputs: tuple[Change, ...]
    params: tuple[Change, ...]

    @property
    def is_same(self) -> bool:
        """Whether it ended in the same way, with the same outputs."""
        return self.old.status == self.new.status and all(word == "same" for word, *_ in self.outputs.values())


def verdict(old: Run, new: Run) -> Verdict:
    """What the repetition made, beside what the run had made."""
    before, after = snapshot.snapshot(old), snapshot.snapshot(new)
    found = compare(before, after).changes
    made, remade = before.values["outputs"] or {}, after.values["outputs"] or {}
    outputs = {name: _word(made.get(name), remade.get(name)) for name in {**made, **remade}}
    return Verdict(old, new, outputs, found.get("inputs", ()), found.get("params", ()))


def _word(old: Optional[str], new: Optional[str]) -> tuple[str, Optional[str], Optional[str]]:
    if new is None or old is None:
        return ("missing" if new is None else "new"), old, new
    return ("same" if old == new else "different"), old, new


def found_after(run: Run, last: int, mark: str) -> Optional[Run]:
    """The run that repeated this one: of those with this mark after the row ``last``, that of the same function and params."""
    store = run._store
    rows = query(Run, store).filter(id__gt=last, entrypoint=run.entrypoint).order_by("id")
    again = [each for each in rows if (each.extra_data or {}).get("rerun_by") == mark]
    if not again:
        return None
    same = [each for each in again if is_equal(each.params or {}, run.params or {})]
    beside = query(Run, store).filter(
        process_id=run.process_id, entrypoint=run.entrypoint, initiated_by_run=None, id__lt=run.id
    )
    place = beside.count() if run.process_id is not None else 0
    return same[0] if len(same) == 1 else (same or again)[min(place, len(same or again) - 1)]


def last_run(run: Run) -> int:
    """The number of the row made last."""
    latest: Sequence[Run] = query(Run, run._store).filter(branch=None).order_by("-id")[:1].to_list()
    return int(latest[0].id or 0) if latest else 0
