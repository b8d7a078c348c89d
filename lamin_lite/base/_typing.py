"""Names that only type checkers need, at no cost when the program runs.

Importing ``typing`` costs about 4 ms, more than the rest of ``import lamin_lite``. So eager modules write::

    from ..base._typing import TYPE_CHECKING, Generic, Protocol, T

and get the real things under a type checker, empty stand-ins at run time.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Generic, Protocol, TypeVar

    T = TypeVar("T")
    R = TypeVar("R", bound=Any)
else:

    class Generic:
        """Stand-in for ``typing.Generic``: can be subscripted, does nothing."""

        def __class_getitem__(cls, item):
            return cls

    Protocol = Generic
    T = R = None

__all__ = ["TYPE_CHECKING", "Generic", "Protocol", "R", "T"]
