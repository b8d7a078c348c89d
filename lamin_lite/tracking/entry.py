"""track() and finish() as users see them: light, what they do is imported when they are called."""

from __future__ import annotations

from ..base._typing import TYPE_CHECKING

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping
    from typing import Optional, Union

    from ..models import Space, Transform
    from .belonging import Projects


def track(
    transform: Union[str, Transform, None] = None,
    *,
    params: Optional[Mapping[str, object]] = None,
    features: Optional[Mapping[str, object]] = None,
    project: Projects = None,
    space: Union[str, Space, None] = None,
    key: Optional[str] = None,
    path: Union[str, os.PathLike[str], None] = None,
    kind: Optional[str] = None,
    new_run: Optional[bool] = None,
) -> None:
    """Start a run of the script or notebook (or ``python -c``, or prompt) that calls this.

    ``transform``: the uid that identifies the script across renames (12 letters and digits, as a run prints it), or
    a saved transform. ``params``: dict of anything; what JSON lacks is kept in a documented form. ``features``: values
    of `Feature` by name, checked before anything is written. ``project``: name of a project, or the saved project, or
    a list of them, else what ``LAMIN_LITE_PROJECT`` names; the run, its transform and all that it makes are linked to
    it. ``space``: name of the space, or the saved space, into which all is put that the run makes. ``key``, ``path``,
    ``kind``: instead of what is found out.
    ``new_run=False`` goes on with the run of this transform that is open in this process, if there is one; else
    calling track() again completes the open run and starts another.

    From here on, artifacts that are saved and read are linked to the run, until `finish` or the end of the process.
    Raises `NoInstance`, `InvalidArgument`, `ValidationError`, and `DoesNotExist` for an unknown project or space.

    >>> ln.track(params={"learning_rate": 0.01})  # doctest: +SKIP
    """
    from . import script

    script.track(
        transform,
        params=params,
        features=features,
        project=project,
        space=space,
        key=key,
        path=path,
        kind=kind,
        new_run=new_run,
    )


def finish() -> None:
    """End the run that `track` started, as completed.

    Raises `TrackNotCalled` if there is none.
    """
    from . import script

    script.finish()
