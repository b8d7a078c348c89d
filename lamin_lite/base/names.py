"""The one file with names: of what lies on disk, and of environment variables.

These are *format* names. They stay the same in every copy of the package, also in one that was vendored under
another name, so that all copies can share an instance. What is not format (logger, program name of the CLI) is
taken from ``__package__`` where it is used.
"""

MARKER_DIR = ".lamin_lite"  #: the folder that marks an instance or a storage, as ``.git`` marks a repository
INSTANCE_FILE = "instance.json"  #: in ``MARKER_DIR`` of a project: which database, which storage
STORAGE_FILE = "storage.json"  #: in ``MARKER_DIR`` of each storage root: its uid
DATABASE_FILE = "lamin.db"  #: in ``MARKER_DIR`` of the main storage
BLOB_DIR = "blobs"  #: in ``MARKER_DIR`` of a storage: ``<sha[:2]>/<sha><suffix>``
STAGE_DIR = "tmp"  #: in ``MARKER_DIR`` of a storage: files on their way in
CACHE_DIR = "cache"  #: beside the database: views of folders, writable copies; disposable
PROCESS_DIR = "processes"  #: beside the database: one locked file a living process
LOG_DIR = "logs"  #: beside the database: what the open runs print
CHECKOUT_DIR = "checkouts"  #: beside the database: of which family a file is that was loaded

ENV_PREFIX = "LAMIN_LITE_"  #: LAMIN_LITE_INSTANCE, LAMIN_LITE_RUN, ...

KIND_OF_RUN_FILES = "__lamin_lite_run__"  #: kind of the artifacts that hold environments and reports; hidden by default
REPORT_METADATA = "lamin_lite"  #: in the metadata of the report of a notebook: which run it is of
HTML_REPORT = "report of run {} as HTML"  #: description of the artifact with the report of a notebook as a page

SCHEMA = 1  #: version of the database's tables
ENTRY_POINT_GROUP = "lamin_lite.extras"  #: plug-ins that other distributions offer
