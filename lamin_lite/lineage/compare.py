"""What differs between two runs: a function from two plain values to a third. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Optional

from ..base import canon, clock
from . import words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

CONTEXT = 3  #: lines of source around a change
LONGEST = 200  #: characters of a value that the text shows
TOGETHER = 70  #: characters of an old and a new value in one line
SHORT = 10  #: characters of a hash that the text shows
HASHES = ("inputs", "outputs")  #: themes whose values are hashes


class Snapshot(NamedTuple):
    """All of a run that is compared. None: it was not recorded.

    ``values``: theme -> name -> value; a name that is missing has none. ``source``: the text, as it is stored.
    ``source_hash``: SHA-256 of its true bytes, also where secrets are masked in the text.
    """

    uid: str
    title: str
    at: Optional[int]  #: start, in microseconds since 1970 UTC
    values: Mapping[str, Optional[Mapping[str, Any]]]
    source: Optional[str] = None
    source_hash: Optional[str] = None


class Change(NamedTuple):
    """A value that differs. ``kind``: ``changed``, ``added`` (the first run lacks it) or ``removed``."""

    name: str
    kind: str
    old: Any = None
    new: Any = None


class Difference(NamedTuple):
    """What differs: themes that are the same in both runs are left out, and so are equal values.

    ``changes``: theme -> its changes. ``source``: the change of the source as a unified diff, empty if it is the same.
    ``unknown``: theme -> uids of runs that did not record it.

    >>> print(run.diff(other))  # doctest: +SKIP
    """

    old: Snapshot
    new: Snapshot
    changes: Mapping[str, tuple[Change, ...]]
    source: str
    unknown: Mapping[str, tuple[str, ...]]

    @property
    def is_same(self) -> bool:
        """Whether nothing differs of what was recorded of both."""
        return not self.changes and not self.source

    def to_dict(self) -> dict[str, Any]:
        """All of it in JSON's own types."""
        return {
            "same": self.is_same,
            "old": _named(self.old),
            "new": _named(self.new),
            "source": self.source or None,
            **{theme: [_as_dict(change) for change in self.changes.get(theme, ())] for theme in self.old.values},
            "not_recorded": {theme: list(uids) for theme, uids in self.unknown.items()},
        }

    def __str__(self) -> str:
        return "\n".join(_lines(self))


def compare(old: Snapshot, new: Snapshot) -> Difference:
    """What differs from one run to another.

    >>> one = Snapshot("a", "s.py", None, {"params": {"rate": 0.1}})
    >>> str(compare(one, one._replace(uid="b", values={"params": {"rate": 0.2}}))).splitlines()[-1]
    '  rate: 0.1 → 0.2'
    """
    changes, unknown = {}, {}
    for theme in {**old.values, **new.values}:
        before, after = old.values.get(theme), new.values.get(theme)
        if before is None or after is None:
            lacking = tuple(run.uid for run, values in ((old, before), (new, after)) if values is None)
            if len(lacking) == 1:
                unknown[theme] = lacking
            continue
        found = tuple(_changes(before, after))
        if found:
            changes[theme] = found
    return Difference(old, new, changes, _source(old, new), unknown)


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    for name in [*before, *(name for name in after if name not in before)]:
        if name not in after:
            yield Change(name, "removed", before[name], None)
        elif name not in before:
            yield Change(name, "added", None, after[name])
        elif not is_equal(before[name], after[name]):
            yield Change(name, "changed", before[name], after[name])


def is_equal(one: Any, other: Any) -> bool:
    """Whether two values of JSON's types are the same: numbers by their size, and a bool is no number.

    >>> is_equal(1, 1.0), is_equal(1, True), is_equal(float("nan"), float("nan"))
    (True, False, True)
    """
    if isinstance(one, (int, float)) and isinstance(other, (int, float)):
        same_kind = isinstance(one, bool) == isinstance(other, bool)
        return same_kind and (one == other or (one != one and other != other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(is_equal(held, other[name]) for name, held in one.items())
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        return len(one) == len(other) and all(map(is_equal, one, other))
    return bool(one == other)


def flat(values: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """Values by their paths; what is in a list is one value.

    >>> flat({"model": {"depth": 3, "kind": "tree"}, "rate": 0.1})
    {'model.depth': 3, 'model.kind': 'tree', 'rate': 0.1}
    """
    found: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, dict) and value:
            found.update(flat(value, f"{before}{name}."))
        else:
            found[f"{before}{name}"] = value
    return found


def packages(listing: str) -> dict[str, str]:
    r"""Name and version of what a list of the environment names, with where it came from if it says so.

    >>> packages("numpy==2.1.0\nmine==0.1 # editable\n")
    {'numpy': '2.1.0', 'mine': '0.1 # editable'}
    """
    lines = (line.partition("==") for line in listing.splitlines())
    return {name: version for name, sign, version in lines if sign}


def _source(old: Snapshot, new: Snapshot) -> str:
    """The unified diff; a sentence where the stored texts do not tell what differs."""
    if old.source_hash == new.source_hash and (old.source_hash or old.source == new.source):
        return ""
    if old.source is None or new.source is None:
        lacking = old if old.source is None else new
        return f"the text of run {lacking.uid} was not recorded\n"
    if old.source == new.source:
        return "only where secrets are masked, or in bytes that the text does not show\n"
    from difflib import unified_diff

    before, after = old.source.splitlines(keepends=True), new.source.splitlines(keepends=True)
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
        for line in unified_diff(before, after, f"{old.title}\t{old.uid}", f"{new.title}\t{new.uid}", n=CONTEXT)
    )


# -- as text


def _lines(found: Difference) -> Iterator[str]:
    yield f"--- {_heading(found.old)}"
    yield f"+++ {_heading(found.new)}"
    if found.source:
        yield from ("", "source")
        hunks = [line for line in found.source.splitlines() if not line.startswith(("--- ", "+++ "))]
        yield from (f"  {_shown(line)}" for line in hunks)
    for theme, changes in found.changes.items():
        yield from ("", theme.replace("_", " "))
        yield from (f"  {_change(theme, change)}" for change in changes)
    if found.is_same:
        yield from ("", "nothing differs")
    for theme, uids in found.unknown.items():
        yield from ("", f"{theme.replace('_', ' ')}: not recorded of run {uids[0]}")


def _heading(run: Snapshot) -> str:
    at = "" if run.at is None else f"{clock.to_datetime(run.at):%Y-%m-%d %H:%M:%S} UTC"
    return "  ".join(part for part in (run.uid, words.plain(run.title), at) if part)


def _shown(line: str) -> str:
    return "\t".join(map(words.plain, line.split("\t")))


def _change(theme: str, change: Change) -> str:
    name = words.plain(change.name)
    old, new = (_value(theme, value) for value in (change.old, change.new))
    if change.kind == "changed" and len(old) + len(new) > TOGETHER:
        return f"- {name}: {old}\n  + {name}: {new}"
    if change.kind == "changed":
        return f"{name}: {old} → {new}"
    return f"- {name}: {old}" if change.kind == "removed" else f"+ {name}: {new}"


def _value(theme: str, value: Any) -> str:
    if theme in HASHES:
        return str(value)[:SHORT]
    text = value if isinstance(value, str) and theme not in ("params", "features") else canon.dumps(value)
    return words.shortened(words.plain(text), LONGEST)


def _named(run: Snapshot) -> dict[str, Any]:
    at = None if run.at is None else clock.to_datetime(run.at).isoformat()
    return {"uid": run.uid, "title": run.title, "started_at": at}


def _as_dict(change: Change) -> dict[str, Any]:
    kept = {"name": change.name, "change": change.kind}
    if change.kind != "added":
        kept["old"] = change.old
    if change.kind != "removed":
        kept["new"] = change.new
    return kept
