"""The report of a run in a notebook as HTML."""

from __future__ import annotations

import os
import sys

from .. import errors
from ..base import display, names, proc, settings
from ..base._typing import TYPE_CHECKING
from ..models import Artifact
from ..models.base import TRASH

if TYPE_CHECKING:
    from typing import Any

    from ..models import Run

SECONDS = 120.0  #: for nbconvert


def report_as_html(run: Run) -> Artifact:
    """What nbconvert makes of the report: at the first call made and kept; see `models.late`."""
    store: Any = run._store
    report = run.report
    if report is None or report.suffix != ".ipynb":
        raise errors.InvalidArgument(
            f"The run {run.uid} has no report of a notebook: runs of ln.track() in a kernel of Jupyter have one, when they "
            "have ended."
        )
    known = run._pages.filter(branch_id__gt=TRASH).first()
    if known is not None:
        return known
    _check_nbconvert()
    import shutil
    import tempfile

    folder = tempfile.mkdtemp()
    try:
        made = os.path.join(folder, "report.html")
        why = _convert(os.path.abspath(report.path), folder)
        if not os.path.exists(made):
            raise errors.StorageError(f"nbconvert made no HTML of the report of run {run.uid}: {why}")
        blob = store.storage(store.storage_id).ingest(made, ".html")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    space, title = run._values["space_id"], names.HTML_REPORT.format(run.uid)
    return Artifact._of_blob(store, blob, space, description=title, kind=names.KIND_OF_RUN_FILES)


def _convert(path: str, folder: str) -> str:
    """Let nbconvert make ``report.html`` in the folder; the command and its last line, which says what was wrong."""
    command = [sys.executable, "-m", "nbconvert", "--to", "html", "--output-dir", folder, "--output", "report", path]
    said: list[bytes] = []

    def heard(data: bytes) -> bool:
        said.append(data)
        return True

    # in its own folder: with -m, Python looks into the current one first
    code = proc.Child(command, cwd=folder, own_group=True).relay(heard, heard, SECONDS)
    lines = b"".join(said).decode("utf-8", "replace").strip().splitlines()
    last = f"it took more than {SECONDS:.0f} s" if code is None else lines[-1] if lines else f"exit code {code}"
    return f"{' '.join([*command[:5], path])} ended with: {last}"


def _check_nbconvert() -> None:
    from importlib.util import find_spec

    if find_spec("nbconvert") is None:
        raise errors.MissingExtra("report_as_html() needs nbconvert: pip install 'lamin-lite[notebook]'.")


def make_if_wished(run: Run) -> None:
    """Make the HTML at the end of a run, if the user's environment asks for it; what fails costs a warning."""
    if settings.variable("HTML_REPORT") != "on":
        return
    try:
        report_as_html(run)
    except (errors.LaminLiteError, OSError) as error:
        display.warning(f"The report of run {run.uid} is not kept as HTML: {error}")
