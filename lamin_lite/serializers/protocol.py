"""What a serializer is. Nobody has to inherit from it: whatever has these five members is one."""

from __future__ import annotations

from ..base._typing import Protocol


class Serializer(Protocol):
    """Reads files of some suffixes into objects, and writes objects of some types into such files.

    More members are optional: ``otype``, the name that artifacts keep of the type of object, such as ``"DataFrame"``,
    so that what it wrote is read by it again; ``observations(obj)``, of how many things an object tells, and
    ``observations_in(path)``, the same of a file, without reading it whole; and ``load_as(path, layout)``, for formats
    that lose what an object was: what ``save`` gives back, a value of JSON's types, is kept beside the file and is the
    ``layout``.

    An opener of text files that has a method ``open_as(path, described)`` gets what ``described(layout)`` of the serializer
    says: a dict of ``types``, the names that Arrow has for the types of the columns, ``""`` where it may guess; ``missing``,
    the text that stands for missing values; ``texts_miss``, whether it does so in columns of texts; and ``quotes_miss``,
    whether it does so in quotes.

    Example::

        class Fasta:
            name = "acme.fasta"
            suffixes = (".fasta", ".fa")
            types = ("acme.sequences.Sequences",)

            def load(self, path):
                return Sequences.read(path)

            def save(self, obj, path):
                obj.write(path)
    """

    # Properties, not attributes: for a type checker an attribute of a protocol can be assigned to, and then
    # a class with ``suffixes = (".a", ".b")``, a tuple of exactly two, would not fit.

    @property
    def name(self) -> str:
        """Name for messages, unique by custom: ``"acme.fasta"``."""

    @property
    def suffixes(self) -> tuple[str, ...]:
        """Endings in lower case with their dot, the default one first; ``".csv.gz"`` is one suffix."""

    @property
    def types(self) -> tuple[str, ...]:
        """Types that ``save`` takes as ``"module.QualName"``: text, so that asking imports no library."""

    def load(self, path: str) -> object:
        """Read the file at ``path``, which must not be changed."""

    def save(self, obj: object, path: str) -> object:
        """Write ``obj`` to ``path``, a new file in a private folder; the caller makes it durable."""
