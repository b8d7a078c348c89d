"""Data lineage with zero dependencies: which code, params, environment and inputs made this file, and is it unchanged?

>>> import lamin_lite as ln
>>> ln.track(params={"learning_rate": 0.01})  # doctest: +SKIP
>>> ln.Artifact("sample.fasta", key="sample.fasta").save()  # doctest: +SKIP
>>> ln.finish()  # doctest: +SKIP
>>> ln.Artifact.get(key="sample.fasta").view_lineage()  # doctest: +SKIP

Nothing happens at import: each name is loaded from its module when it is first used.
"""

from __future__ import annotations

__version__ = "0.1.0"

TYPE_CHECKING = False
if TYPE_CHECKING:
    from . import errors as errors
    from . import examples as examples
    from . import ext as ext
    from .instance import Instance as Instance
    from .instance import connect as connect
    from .instance import disconnect as disconnect
    from .instance import init as init
    from .lineage.overview import view as view
    from .models import Artifact as Artifact
    from .models import Branch as Branch
    from .models import Collection as Collection
    from .models import Feature as Feature
    from .models import Project as Project
    from .models import Record as Record
    from .models import Run as Run
    from .models import Space as Space
    from .models import Storage as Storage
    from .models import Transform as Transform
    from .models import ULabel as ULabel
    from .models import User as User
    from .models.bulk import save as save
    from .sql.lookups import Q as Q
    from .tracking.context import context as context
    from .tracking.decorators import flow as flow
    from .tracking.decorators import step as step
    from .tracking.entry import finish as finish
    from .tracking.entry import track as track
    from .tracking.settings import settings as settings

#: public name -> module that has it; a module of its own where the name is empty
_NAMES = {
    "Artifact": ".models",
    "Branch": ".models",
    "Collection": ".models",
    "Feature": ".models",
    "Instance": ".instance",
    "Project": ".models",
    "Q": ".sql.lookups",
    "Record": ".models",
    "Run": ".models",
    "Space": ".models",
    "Storage": ".models",
    "Transform": ".models",
    "ULabel": ".models",
    "User": ".models",
    "connect": ".instance",
    "context": ".tracking.context",
    "disconnect": ".instance",
    "errors": "",
    "examples": "",
    "ext": "",
    "finish": ".tracking.entry",
    "flow": ".tracking.decorators",
    "init": ".instance",
    "save": ".models.bulk",
    "settings": ".tracking.settings",
    "step": ".tracking.decorators",
    "track": ".tracking.entry",
    "view": ".lineage.overview",
}

__all__ = [
    "Artifact",
    "Branch",
    "Collection",
    "Feature",
    "Instance",
    "Project",
    "Q",
    "Record",
    "Run",
    "Space",
    "Storage",
    "Transform",
    "ULabel",
    "User",
    "__version__",
    "connect",
    "context",
    "disconnect",
    "errors",
    "examples",
    "ext",
    "finish",
    "flow",
    "init",
    "save",
    "settings",
    "step",
    "track",
    "view",
]


def __getattr__(name: str) -> object:
    if name not in _NAMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    module = _NAMES[name]
    if not module:
        value: object = import_module(f".{name}", __name__)
    else:
        import_module(".instance", __name__)  # fills the slot by which the models find the default instance
        value = getattr(import_module(module, __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*__all__, *(name for name in globals() if name.startswith("__"))})
