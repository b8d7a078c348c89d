"""Programs that know nothing of us, as tracked runs: what `run` does on the command line.

The program is a process of its own, as if the shell had started it: so its exit code, its signals and all that it and
its children print are known, whatever way it ends. If it is a script that calls track() itself, then the run is that
one: the row that was made here gives way to it.
"""

from __future__ import annotations

import errno
import os
import sys

from .. import errors
from ..base import display, fsio, paths, proc, redact, settings
from ..base._typing import TYPE_CHECKING
from ..capture.host import quote_args
from ..capture.source import source_of_file, what_python_runs
from ..models import Run
from ..models.base import query
from ..models.saving import link_input
from . import belonging, runs, transforms
from . import params as params_
from .opened import ABORTED, COMPLETED, ERRORED, INTERRUPTED, Open
from .outputs import Patterns
from .parents import parent_of_root

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, Optional

    from ..instance import Instance
    from ..models import Artifact, Transform

INTERPRETERS = ("bash", "dash", "julia", "ksh", "node", "perl", "Rscript", "ruby", "sh", "zsh")
NOTHING = {"path": None, "text": None, "hash": None, "kind": "script", "package_path": None, "description": None}
NOBODY_READS = (errno.EPIPE, errno.EBADF, errno.ECONNRESET)
STREAMS = {1: "standard output", 2: "standard error"}
HANDED_OVER = ("launch", "rerun_of", "rerun_by")  #: of ``extra_data``, what tells of the start
LINE = 1 << 16  #: bytes after which a line without an end is taken as one


class Program:
    """What is executed: the words of its command line, and the file of its source, if it has one."""

    def __init__(
        self, argv: Sequence[str], source: Optional[str], arguments: Sequence[str], module: Optional[str] = None
    ) -> None:
        self.argv = list(argv)
        self.source = source
        self.module = module  #: of ``python -m``
        self.arguments = list(arguments)  #: what is kept as ``cli_args``

    @classmethod
    def script(cls, words: Sequence[str]) -> Program:
        """A Python script with its arguments, executed by this interpreter."""
        path = words[0]
        if path.endswith(".ipynb"):
            raise errors.InvalidArgument(
                f"{path} is a notebook, which is executed by Jupyter: call ln.track() in it, then "
                f"`jupyter execute {quote_args([path])}`."
            )
        if not path.endswith((".py", ".pyw")):
            raise errors.InvalidArgument(f"{path} is no Python script: another program is run by `run -- {path} ...`.")
        if not os.path.isfile(path):
            raise errors.MissingFile(f"There is no script {path}: correct the path.")
        return cls([sys.executable, "-u", *words], path, words[1:])  # -u: both streams in the order of their lines

    @classmethod
    def command(cls, words: Sequence[str]) -> Program:
        """Any program with its arguments, found as the shell does."""
        import shutil

        if shutil.which(words[0]) is None:
            raise errors.MissingFile(
                f"There is no program {words[0]!r} that this user may execute: correct its name or path."
            )
        name = os.path.basename(words[0])
        if name.startswith("python"):
            option, said = what_python_runs(words[1:])
            files = [words[0], *([] if option else [said])]
            return cls(words, next(filter(_is_text, files), None), words, said if option == "m" else None)
        return cls(words, next(filter(_is_text, words[: 2 if name in INTERPRETERS else 1]), None), words)

    @property
    def title(self) -> str:
        """The key that its transform has by default."""
        return paths.as_text(self.module or os.path.basename(self.source or self.argv[0]))


def _is_text(path: str) -> bool:
    """Whether this is the source of a program, and no binary."""
    try:
        with open(path, "rb") as file:
            head = file.read(4096)
    except OSError:
        return False
    return bool(head) and b"\0" not in head


class Wish:
    """What is said of a run beside its command line."""

    def __init__(
        self,
        *,
        key: Optional[str] = None,
        project: Optional[str] = None,
        params: Optional[Mapping[str, object]] = None,
        inputs: Sequence[tuple[str, Artifact]] = (),
        outputs: Sequence[str] = (),
    ) -> None:
        self.key = key
        self.project = project
        self.params = params
        self.inputs = inputs
        self.outputs = outputs


class Launch:
    """One execution of a program."""

    def __init__(self, store: Instance, program: Program, wish: Wish) -> None:
        self.store = store
        self.program = program
        self.wish = wish
        self.outputs = Patterns(wish.outputs)
        self._rests: dict[int, bytearray] = {}  # of each stream, the line that has no end yet
        self._params, secrets = params_.checked(wish.params)
        masked, found = redact.redact_args(program.arguments)
        self._secrets = secrets | found
        named = program.source
        self._source: Any = NOTHING if named is None else source_of_file(os.path.abspath(named))
        self._parent = parent_of_root(store)
        place = belonging.space_id(store, None, self._parent)
        projects = belonging.project_ids(store, wish.project)
        self._resolved(place)
        facts = runs.facts(store, self._secrets, program.source, place)
        told = {
            "argv": redact.redact_args(program.argv)[0] if program.arguments == program.argv else None,
            "source": None if program.source is None else self._masked(program.source),
            "inputs": [[self._masked(given), made.uid, os.path.exists(given)] for given, made in wish.inputs],
            "outputs": [self._masked(pattern) for pattern in wish.outputs],
        }
        facts.update(cli_args=quote_args(masked), extra_data={**(facts.get("extra_data") or {}), "launch": told})
        initiated_by = None if self._parent is None else self._parent.id
        self.run = runs.start(
            store,
            self._transform,
            self._params,
            (),
            projects,
            again=lambda: self._resolved(place),
            **facts,
            initiated_by_run_id=initiated_by,
            space_id=place,
        )
        self._open = Open(self.run, root=True, parent=self._parent)
        self._open.learn(self._secrets, self._source["text"])
        for _, artifact in wish.inputs:
            link_input(self.run, artifact)
        if wish.project is not None:
            settings.export("PROJECT", wish.project)

    def _masked(self, text: str) -> str:
        return redact.mask_values(redact.redact_text(paths.as_text(text)), self._secrets)

    def _resolved(self, space_id: Optional[int]) -> Transform:
        program, wish = self.program, self.wish
        key = transforms.wished(wish.key, None)["key"] or (program.title if program.source is None else None)
        self._transform, self._is_new = transforms.resolve(
            self.store, self._source, key=key, secrets=self._secrets, space_id=space_id
        )
        return self._transform

    def execute(self, started: Callable[[proc.Child], None]) -> int:
        """Execute it, with its streams on those of this process; the exit code to end with.

        ``started`` gets the child, to hand on signals.
        """
        self._say()
        try:
            child = proc.Child(self.program.argv)
        except OSError as error:
            self._open.end(ERRORED, None, 126)
            raise errors.InvalidArgument(f"{self.program.argv[0]} cannot be executed: {error.strerror}.") from None
        try:
            started(child)
            code = child.relay(self._sink(1), self._sink(2)) or 0
            for rest in self._rests.values():
                self._open.log.append(bytes(rest))
        except BaseException as error:
            self._open.fail(error)
            raise
        own = self._own_runs(child.pid)
        if own:
            self._give_way(own, code)
            problem = self._saved(own[-1], _shell_code(code))
            if problem and not code:
                runs.fail(own[-1])
            return problem
        status, code = _outcome(code)
        problem = self._saved(self.run, code)
        self._open.end(ERRORED if problem != code else status, None, code)
        display.info(f"finished Run({self.run.uid!r}), {self.run.status}{f' with exit code {code}' if code else ''}")
        return problem

    def _say(self) -> None:
        verb, transform = "created" if self._is_new else "loaded", self._transform
        display.info(f"{verb} Transform({transform.uid!r}, key={transform.key!r}), started new Run({self.run.uid!r})")
        if self._params:
            display.info(f"params: {params_.shown(self._params)}")

    def _sink(self, descriptor: int) -> Callable[[bytes], bool]:
        rest = self._rests.setdefault(descriptor, bytearray())

        def write(data: bytes) -> bool:
            rest.extend(data)
            whole = len(rest) if len(rest) > LINE else rest.rfind(b"\n") + 1  # so that no line holds both streams
            self._open.log.append(bytes(rest[:whole]))
            del rest[:whole]
            try:
                fsio.write_all(descriptor, data)
            except OSError as error:  # the program is told so in the same way: it can write no more
                if error.errno not in NOBODY_READS:
                    display.warning(f"{STREAMS[descriptor]} takes no more of what the program prints: {error.strerror}")
                return False
            return True

        return write

    def _saved(self, run: Run, code: int) -> int:
        """Save the declared files as outputs of a run that ended well; the exit code after that."""
        if code:
            if self.wish.outputs:
                display.warning("its outputs are not saved, as it did not end well")
            return code
        return 0 if self.outputs.save(self.store, run) else 1

    # -- a script that calls track() itself

    def _own_runs(self, pid: int) -> list[Run]:
        """The runs that the program itself started by track()."""
        started = query(Run, self.store).filter(initiated_by_run=self.run, entrypoint=None).order_by("id")
        return [run for run in started if (run.process or {}).get("pid") == pid]

    def _give_way(self, own: list[Run], code: int) -> None:
        """Let the runs that the program tracked take the place of the one that was made for it."""
        last, parent = own[-1], None if self._parent is None else self._parent.id
        with self.store.database.write("give way") as tx:
            tx.execute("UPDATE run SET initiated_by_run_id = ? WHERE initiated_by_run_id = ?", [parent, self.run.id])
            self._hand_over(last)
            refused = self._refusal()
        if refused is None:
            self._open.drop()
        else:
            status, code = _outcome(code)
            self._open.end(status, None, code)
            display.warning(f"Run({self.run.uid!r}) stays beside the one that the program made itself: {refused}")
        display.info(f"it is tracked by itself: Run({last.uid!r})")

    def _hand_over(self, last: Run) -> None:
        """Give what was declared here to the run that the program made itself."""
        last.initiated_by_run = self._parent
        last.params = {**self._params, **(last.params or {})}
        told = {name: held for name, held in (self.run.extra_data or {}).items() if name in HANDED_OVER}
        last.extra_data = {**(last.extra_data or {}), **told}
        last.save()
        for _, artifact in self.wish.inputs:
            link_input(last, artifact)

    def _refusal(self) -> Optional[errors.LaminLiteError]:
        """Remove the run that was made here, and a transform that was made for it; or what stands in the way."""
        try:
            with self.store.database.write("remove run"):
                runs.end(self.run, COMPLETED)
                self.run.delete(permanent=True)
                if self._is_new and query(Run, self.store).filter(transform=self._transform).first() is None:
                    self._transform.delete(permanent=True)
        except errors.LaminLiteError as error:
            return error
        return None


def _shell_code(code: int) -> int:
    """The exit code of a program as a shell tells it."""
    return 128 - code if code < 0 else code


def _outcome(code: int) -> tuple[str, int]:
    """Status and exit code; a program that a signal ended was aborted."""
    told = _shell_code(code)
    if code < 0 or told == INTERRUPTED:
        return ABORTED, told
    return (ERRORED if told else COMPLETED), told
