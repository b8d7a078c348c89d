"""Every exception that lamin_lite raises.

::

    LaminLiteError                      the root: ``except ln.errors.LaminLiteError`` catches all below
    +-- NoInstance          LookupError      no instance found, or the path given is none
    +-- InstanceError       RuntimeError     an instance was found, but cannot be used as it is
    |   +-- NewerSchema                      written by a newer lamin_lite than this one
    |   +-- NotADatabase                     the file is no lamin_lite database, or it is damaged
    |   +-- ReadOnly        PermissionError  the database or its folder cannot be written
    |   +-- Locked          TimeoutError     another process held the database for too long
    +-- DoesNotExist        LookupError      a query that must find one row found none
    +-- MultipleResults     LookupError      a query that must find one row found several
    +-- InvalidArgument     ValueError       a value given by the caller cannot be used
    |   +-- InvalidKey                       ... as a key
    |   +-- FieldError                       ... as the name of a field, relation or lookup
    |   +-- ValidationError                  params or features that do not fit what was declared
    |   +-- NoTruthValue    TypeError        a condition used as if it were True or False
    +-- Conflict            RuntimeError     the change contradicts what is stored
    +-- StorageError        OSError          reading or writing data failed
    |   +-- MissingFile     FileNotFoundError
    |   +-- Unreadable      PermissionError
    |   +-- NoSpace                          the disk or the quota is full
    |   +-- FileChanged                      a file changed while it was being read
    |   +-- IntegrityError                   stored bytes are not the bytes that were saved
    |   +-- UnknownStorage  LookupError      no such storage is registered, or its root does not answer
    +-- MissingExtra        ImportError      needs a package that is not installed
    +-- TrackingError       RuntimeError     track, finish, flow and step used in an order that has no meaning
        +-- TrackNotCalled                   there is no run to finish, or no run for a step to belong to

Each is also the builtin that fits, so ``except FileNotFoundError`` goes on working. Every message is a sentence
with the value that was wrong and what to do next.
"""

from __future__ import annotations


class LaminLiteError(Exception):
    """The root of all errors of lamin_lite."""


class NoInstance(LaminLiteError, LookupError):
    """No instance was found."""


class InstanceError(LaminLiteError, RuntimeError):
    """An instance was found, but cannot be used as it is."""


class NewerSchema(InstanceError):
    """The instance was written by a newer lamin_lite."""


class NotADatabase(InstanceError):
    """The file is no database of lamin_lite, or is damaged."""


class ReadOnly(InstanceError, PermissionError):
    """The database, or the folder that it lies in, cannot be written."""


class Locked(InstanceError, TimeoutError):
    """Another process held the database for longer than the time-out."""


class DoesNotExist(LaminLiteError, LookupError):
    """A query that must find one row found none."""


class MultipleResults(LaminLiteError, LookupError):
    """A query that must find one row found several."""


class InvalidArgument(LaminLiteError, ValueError):
    """A value given by the caller cannot be used."""


class InvalidKey(InvalidArgument):
    """The key cannot be used as one."""


class FieldError(InvalidArgument):
    """No such field, relation or lookup."""


class ValidationError(InvalidArgument):
    """Params or features do not fit what was declared."""


class NoTruthValue(InvalidArgument, TypeError):
    """A condition is neither true nor false."""


class Conflict(LaminLiteError, RuntimeError):
    """The change contradicts what is stored."""


class StorageError(LaminLiteError, OSError):
    """Reading or writing data failed."""


class MissingFile(StorageError, FileNotFoundError):
    """The file or folder is not there."""


class Unreadable(StorageError, PermissionError):
    """The file or folder cannot be read or written by this user."""


class NoSpace(StorageError):
    """The disk or the quota is full."""


class FileChanged(StorageError):
    """A file changed while it was being read."""


class IntegrityError(StorageError):
    """Stored bytes are missing, or not the bytes that were saved."""


class UnknownStorage(StorageError, LookupError):
    """No such storage is registered, or its root does not answer."""


class MissingExtra(LaminLiteError, ImportError):
    """The wish needs a package that is not installed."""


class TrackingError(LaminLiteError, RuntimeError):
    """track, finish, flow and step were used in an order that has no meaning."""


class TrackNotCalled(TrackingError):
    """There is no open run."""
