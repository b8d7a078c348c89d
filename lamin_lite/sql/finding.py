"""Rows found by what somebody remembers of their names: ranked search, and names as attributes."""

from __future__ import annotations

from .. import errors
from ..base import canon, display
from ..base._typing import TYPE_CHECKING
from .fields import ForeignKey
from .lookups import Compiler, label_name, models
from .schema import SQLITE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Any, Optional


CANDIDATES = 300  #: rows at least that the database hands over to be ranked
MOST = 10_000  #: rows that are ranked at most
STEP = 100  #: rows of which a database asks one by one which place they have
_WEIGHTS = {
    "key": 1.0,
    "name": 1.0,
    "handle": 1.0,
    "synonyms": 0.9,
    "root": 0.9,
    "entrypoint": 0.9,
    "description": 0.8,
    "uid": 0.7,
}
EQUAL, STARTS, WORD, HAS = 100.0, 90.0, 80.0, 70.0  #: likeness to a text: is it, starts so, has it as a word, has it
_UID = "t0.uid"  #: a code: what it has within is chance, only its start was ever meant
_RELATED = 0.9  #: weight of what a related row is known by, where the registry is searched by it
_ALIKE = 0.72  #: least likeness of two words of which one is taken for a typo of the other


def ranked(rows: Any, text: str, limit: Optional[int]) -> list[int]:
    """The ids of the rows that are most like a text, the best first."""
    if not isinstance(text, str):
        raise errors.InvalidArgument(f"search() needs a text; got {text!r}.")
    wanted = " ".join("".join(char if canon.storable(char) else " " for char in text).casefold().split())
    if not wanted or limit == 0:
        return []
    sources = list(_sources(rows._model))
    many = MOST + 1 if limit is None else min(max(CANDIDATES, limit), MOST + 1)
    scored = []
    for number, *texts in _candidates(rows, sources, wanted, many):
        likeness = max(_likeness(wanted, one, name == _UID) * weight for (name, _, weight), one in zip(sources, texts))
        if likeness > 0:
            scored.append((-likeness, len(texts[0] or ""), -int(number)))
    if len(scored) > MOST:
        display.warning(f"more than {MOST:,} {rows._model.__name__}s are like {text!r}: a longer text finds fewer")
    return [-number for *_, number in sorted(scored)[: MOST if limit is None else min(limit, MOST)]]


def in_order(column: str, ids: Sequence[int]) -> str:
    """The expression that gives the place of the id in a column among these, found in two steps, as there may be many."""
    places = sorted((number, place) for place, number in enumerate(ids))
    parts = [places[at : at + STEP] for at in range(0, len(places), STEP)]
    cases = (
        f"WHEN {column} <= {part[-1][0]} THEN CASE {column} "
        f"{' '.join(f'WHEN {number} THEN {place}' for number, place in part)} END"
        for part in parts
    )
    return f"CASE {' '.join(cases)} END" if parts else ""


def _sources(model: Any) -> Iterator[tuple[str, str, float]]:
    """What a registry is searched by: expressions for a text and for its casefolded form, and its weight."""
    fields = model.__table__.fields
    for name, weight in _WEIGHTS.items():
        if name in fields:
            yield f"t0.{name}", f"t0.{name}_fold" if fields[name].fold else SQLITE.folded(f"t0.{name}"), weight
    for name in model.__searched_by__:
        target = models[fields[name].to]
        label = label_name(target)
        folded = f"{label}_fold" if target.__table__.fields[label].fold else SQLITE.folded(label)
        of_row = f"FROM {fields[name].to} WHERE id = t0.{fields[name].column}"
        yield f"(SELECT {label} {of_row})", f"(SELECT {folded} {of_row})", _RELATED


def _candidates(rows: Any, sources: Sequence[tuple[str, str, float]], wanted: str, many: int) -> list[tuple[Any, ...]]:
    """The texts of the rows that have the whole text, or most of its pairs of characters; of too many the nearest.

    What is best by `_likeness` is not to be missed for rows that come later, and what is short says it more exactly.
    All rows where the database knows a text in another form than people: of these there are few.
    """
    fields = rows._model.__table__.fields
    own = [name for name in _WEIGHTS if name in fields]
    if any(fields[name].is_kept_otherwise for name in own):
        rows._check_not_cut("searched", "search")
        every: list[tuple[Any, ...]] = rows.values_list("id", *own)
        return every
    names = [f"s{at}" for at in range(len(sources))]
    inner, params = rows._sql(", ".join(["t0.id AS id", *(f"{one[1]} AS {name}" for one, name in zip(sources, names))]))
    joined = " || ' ' || ".join(f"coalesce(s.{name}, '')" for name in names)
    pairs = list(dict.fromkeys(wanted[at : at + 2] for at in range(max(1, len(wanted) - 1))))[:30]
    tests = [f"CASE WHEN {SQLITE.position('h.words')} > 0 THEN 1 ELSE 0 END" for _ in pairs]
    whole = f"CASE WHEN {SQLITE.position('h.words')} > 0 THEN {len(pairs) + 1} ELSE 0 END"
    near, values = _nearness(zip(names, (weight for _, _, weight in sources)), wanted)
    once = f"LIMIT {2**62}"  # keeps the databases from computing the words for each test anew
    sql = (
        f"SELECT h.id FROM (SELECT h.id AS id, {near} AS near, length(h.words) AS size, "
        f"{' + '.join([whole, *tests])} AS score FROM (SELECT s.*, {joined} AS words FROM ({inner} {once}) AS s {once}) AS h"
        f") AS h WHERE h.score >= ? ORDER BY h.score DESC, h.near DESC, h.size, h.id DESC LIMIT {many}"
    )
    found = rows._database.read(sql, [*values, wanted, *pairs, *params, max(1, len(pairs) // 3)])
    texts = ", ".join(text for text, _, _ in sources)
    which, ids = Compiler(rows._database).one_of("t0.id", [row[0] for row in found])
    read: list[tuple[Any, ...]] = rows._database.read(
        f"SELECT t0.id, {texts} FROM {rows._model.__table__.name} t0 WHERE {which}", ids
    )
    return read


def _nearness(names: Iterable[tuple[str, float]], wanted: str) -> tuple[str, list[Any]]:
    """The likeness of a row that has the whole text, as far as a database can tell it, and its parameters."""
    spaced = "h.{}"
    for mark in "_-./":
        spaced = f"replace({spaced}, '{mark}', ' ')"
    ways = [
        (EQUAL, "h.{} = ?", wanted),
        (STARTS, f"substr(h.{{}}, 1, {len(wanted)}) = ?", wanted),
        *([(WORD, SQLITE.position(f"' ' || {spaced} || ' '") + " > 0", f" {wanted} ")] if wanted.isalnum() else []),
        (HAS, SQLITE.position("h.{}") + " > 0", wanted),
    ]
    tests = [(likeness * weight, test.format(name), value) for name, weight in names for likeness, test, value in ways]
    tests.sort(key=lambda one: -one[0])
    cases = " ".join(f"WHEN {test} THEN {likeness}" for likeness, test, _ in tests)
    has_it = SQLITE.position("h.words")
    return f"CASE WHEN {has_it} > 0 THEN CASE {cases} ELSE 0 END ELSE 0 END", [wanted, *(value for *_, value in tests)]


def _likeness(wanted: str, value: object, is_code: bool) -> float:
    """From 0, not alike, to 100, equal: then it starts so, has the word, has the text, is spelt like it."""
    text = value.casefold() if isinstance(value, str) else ""
    if not text:
        return 0.0
    if text == wanted:
        return EQUAL
    covered = 5.0 * len(wanted) / len(text)
    if text.startswith(wanted):
        return STARTS + min(covered, 5.0)
    if is_code:
        return 0.0
    words = _words(text)
    if wanted in words:
        return WORD + covered
    if wanted in text:
        return HAS + covered
    return _alike(_words(wanted), words)


def _alike(wanted: Sequence[str], words: Sequence[str]) -> float:
    """How well each word is matched by one, typos forgiven; 0 if one of them is by none."""
    best = [max((_word(one, word) for word in words), default=0.0) for one in wanted]
    return 60.0 * sum(best) / len(best) if best and min(best) > 0 else 0.0


def _word(wanted: str, word: str) -> float:
    if wanted == word:
        return 1.0
    if word.startswith(wanted):
        return 0.95
    if wanted in word:
        return 0.9
    from difflib import SequenceMatcher

    likeness = SequenceMatcher(None, wanted, word, autojunk=False)
    if likeness.real_quick_ratio() < _ALIKE or likeness.quick_ratio() < _ALIKE:
        return 0.0
    if sorted(wanted) == sorted(word) and wanted[0] == word[0]:
        return 0.85  # letters in another order
    ratio = likeness.ratio()
    return 0.85 * ratio if ratio >= _ALIKE else 0.0


def _words(text: str) -> list[str]:
    return "".join(char if char.isalnum() else " " for char in text).split()


class Lookup:
    """The rows of a registry by their names, as attributes that an editor completes.

    A name that is no identifier becomes one: ``my_script.py`` is ``lookup.my_script_py``. ``lookup["my_script.py"]``
    takes the name itself; of versions it is the latest. Of several rows of one name it is the newest, and the others go
    by ``type/name``, or ``name/uid``.

    >>> projects = ln.Project.lookup()  # doctest: +SKIP
    >>> projects.my_project  # doctest: +SKIP
    """

    def __init__(self, rows: Any) -> None:
        self._rows = rows
        self._ids = _ids_by_label(rows)
        self._names: dict[str, str] = {}
        for label in self._ids:
            self._names.setdefault(_free(_identifier(label), self._names), label)

    def __getitem__(self, name: str) -> Any:
        if name not in self._ids:
            raise errors.DoesNotExist(self._no_row(name))
        return self._rows.filter(id=self._ids[name]).one()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name not in self._names:
            raise AttributeError(self._no_row(name))
        return self[self._names[name]]

    def _no_row(self, name: str) -> str:
        from .lookups import nearest

        near = nearest(name, [*self._names, *self._ids])
        return f"There is no {self._rows._model.__name__} {name!r}{f': did you mean {near!r}?' if near else '.'}"

    def __dir__(self) -> list[str]:
        return [*self._names, "to_dict"]

    def __iter__(self) -> Iterator[str]:
        return iter(self._ids)

    def __len__(self) -> int:
        return len(self._ids)

    def __repr__(self) -> str:
        return f"Lookup({', '.join(list(self._names)[:10])}{', ...' if len(self._names) > 10 else ''})"

    def to_dict(self) -> dict[str, Any]:
        """The rows by their names."""
        rows = {row.id: row for row in self._rows}
        return {name: rows[number] for name, number in self._ids.items() if number in rows}


def _ids_by_label(rows: Any) -> dict[str, int]:
    """The id of each row, of versions of the latest, by what it is called; a name is told apart where others have it."""
    fields = rows._model.__table__.fields
    columns = ["id", "uid", label_name(rows._model), "stem" if "stem" in fields else "uid"]
    latest: dict[tuple[str, str], list[Any]] = {}
    for number, uid, name, stem, *types in rows.order_by("id").values_list(
        *columns, *(["type__name"] if isinstance(fields.get("type"), ForeignKey) else [])
    ):
        label = name or uid
        latest.pop((label, stem), None)
        latest[label, stem] = [number, *(f"{type_}/{label}" for type_ in types if type_), f"{label}/{uid}", uid]
    newest = dict([*latest])  # of the pairs with one label the last
    found = dict.fromkeys(newest, 0)
    for (label, stem), (number, *others, uid) in latest.items():
        found[label if newest[label] == stem else next((one for one in others if one not in found), uid)] = number
    return found


def _identifier(name: str) -> str:
    import keyword

    text = "".join(char if char.isalnum() or char == "_" else "_" for char in name).strip("_") or "_"
    text = text if text[0].isalpha() or text[0] == "_" else f"_{text}"
    text = text if text.isidentifier() else "".join(char if char.isascii() else "_" for char in text)
    return f"{text}_" if keyword.iskeyword(text) or text == "to_dict" else text


def _free(name: str, taken: dict[str, str]) -> str:
    number, free = 2, name
    while free in taken:
        free, number = f"{name}_{number}", number + 1
    return free
