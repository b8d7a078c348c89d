"""The registries. Importing this package defines them all, so that relations between them resolve."""

from __future__ import annotations

from ..ext import frame_of
from ..sql import query
from . import collection, feature_values, related
from .artifact import Artifact
from .collection import Collection
from .feature import Feature
from .feature_values import TABLES as VALUE_TABLES
from .labels import Project, Record, ULabel
from .places import TABLES_WITHOUT_REGISTRY, Branch, Space, Storage, User
from .run import Run
from .transform import Transform

REGISTRIES = (User, Space, Branch, Storage, Transform, Run, Artifact, Collection, Project, ULabel, Record, Feature)
TABLES = (
    *(registry.__table__ for registry in REGISTRIES),
    *TABLES_WITHOUT_REGISTRY,
    *collection.TABLES,
    *VALUE_TABLES.values(),
    *related.link_tables.values(),
)
related.all_tables.extend(TABLES)
query.make_frame = frame_of
query.feature_values = feature_values.values_of

__all__ = [
    "REGISTRIES",
    "TABLES",
    "Artifact",
    "Branch",
    "Collection",
    "Feature",
    "Project",
    "Record",
    "Run",
    "Space",
    "Storage",
    "Transform",
    "ULabel",
    "User",
]
