"""What is being tracked now, to read."""

from __future__ import annotations

from ..base._typing import TYPE_CHECKING
from ..models import session

if TYPE_CHECKING:
    from typing import Optional

    from ..models import Run, Transform


class Context:
    """``ln.context.run`` and ``ln.context.transform``: those of this thread or task, or None."""

    @property
    def run(self) -> Optional[Run]:
        """The run to which what is saved now belongs."""
        run = session.context_run()
        return session.sole_root() if run is None else run

    @property
    def transform(self) -> Optional[Transform]:
        """Its transform."""
        run = self.run
        return None if run is None else run.transform

    def __repr__(self) -> str:
        return f"Context(run={self.run!r})"


context = Context()
