"""The registries. Importing this package defines them all, so that relations between them resolve."""

from __future__ import annotations

from .artifact import Artifact
from .labels import Project, Record, ULabel
from .places import TABLES_WITHOUT_REGISTRY, Branch, Space, Storage, User
from .related import link_tables
from .run import Run
from .transform import Transform

REGISTRIES = (User, Space, Branch, Storage, Transform, Run, Artifact, Project, ULabel, Record)
TABLES = (*(registry.__table__ for registry in REGISTRIES), *TABLES_WITHOUT_REGISTRY, *link_tables.values())

__all__ = [
    "REGISTRIES",
    "TABLES",
    "Artifact",
    "Branch",
    "Project",
    "Record",
    "Run",
    "Space",
    "Storage",
    "Transform",
    "ULabel",
    "User",
]
