"""The registries. Importing this package defines them all, so that relations between them resolve."""

from __future__ import annotations

from .artifact import Artifact
from .places import TABLES_WITHOUT_REGISTRY, Branch, Space, Storage, User
from .run import Run
from .transform import Transform

REGISTRIES = (User, Space, Branch, Storage, Transform, Run, Artifact)
TABLES = (*(registry.__table__ for registry in REGISTRIES), *TABLES_WITHOUT_REGISTRY)

__all__ = ["REGISTRIES", "TABLES", "Artifact", "Branch", "Run", "Space", "Storage", "Transform", "User"]
