"""Lookups answer as Python would, whatever the values; nothing that a user writes becomes SQL."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import lamin_lite as ln

TEXTS = [
    "",
    "a",
    "A",
    "É",
    "é",
    "e\u0301",
    "ß",
    "SS",
    "İ",
    "ﬁ",
    "%",
    "_",
    "a%",
    "\\",
    "'",
    '"',
    "\uffff",
    "\U0010ffff",
    "z\U0010ffff",
    "\ue000",
]
texts = st.one_of(st.sampled_from(TEXTS), st.text(max_size=4)).filter(
    lambda text: "\0" not in text
)  # SQLite cuts at NUL
INJECTIONS = [
    "'; DROP TABLE artifact; --",
    '" OR 1=1 --',
    "x') OR ('1'='1",
    "%' OR 1=1 /*",
    "\\'; SELECT 1; --",
    "1; ATTACH DATABASE 'x' AS y",
    "$1 ?1 :a @b",
]


@pytest.fixture
def instance(workdir):
    return ln.Instance.init(workdir)


PLAIN = settings(deadline=None, max_examples=25, suppress_health_check=list(HealthCheck))


def oracle(lookup, wanted):
    return {
        "exact": lambda text: text == wanted,
        "contains": lambda text: text is not None and wanted in text,
        "startswith": lambda text: text is not None and text.startswith(wanted),
        "endswith": lambda text: text is not None and text.endswith(wanted),
        "iexact": lambda text: text is not None and text.casefold() == wanted.casefold(),
        "icontains": lambda text: text is not None and wanted.casefold() in text.casefold(),
        "istartswith": lambda text: text is not None and text.casefold().startswith(wanted.casefold()),
        "iendswith": lambda text: text is not None and text.casefold().endswith(wanted.casefold()),
        "gt": lambda text: text is not None and text > wanted,
        "lte": lambda text: text is not None and text <= wanted,
        "in": lambda text: text in wanted,
        "range": lambda text: text is not None and wanted[0] <= text <= wanted[1],
    }[lookup]


@PLAIN
@given(st.lists(st.one_of(st.none(), texts), min_size=1, max_size=8), texts, texts)
@pytest.mark.parametrize("field", ["key", "description"])
def test_texts_are_compared_as_python_does(instance, field, stored, wanted, other):
    with instance.database.write("clean") as tx:
        tx.execute("DELETE FROM transform")
    for value in stored:  # keys of versions that are not the latest may be anything
        transform = instance.Transform(**{field: value})
        transform._values["is_latest"] = False
        transform.save()
    rows = instance.Transform.filter()
    for lookup in "exact contains startswith endswith iexact icontains istartswith iendswith gt lte in range".split():
        value = [wanted, other] if lookup in ("in", "range") else wanted
        test = oracle(lookup, value)
        if lookup == "exact" and field == "key":  # also in the composed form, in which keys are kept
            value = wanted
            test = oracle("in", [wanted, unicodedata.normalize("NFC", wanted)])
        name = f"{field}__{lookup}"
        assert rows.filter(**{name: value}).values_list(field, flat=True) == [text for text in stored if test(text)], (
            name
        )
        left = rows.exclude(**{name: value}).values_list(field, flat=True)
        assert left == [text for text in stored if not test(text)], name


@PLAIN
@given(st.lists(st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1)), max_size=8), st.integers(-(2**63), 2**63 - 1))
def test_numbers_are_compared_as_python_does(instance, stored, wanted):
    transform = instance.Transform.filter(key="n.py").first() or instance.Transform(key="n.py").save()
    with instance.database.write("clean") as tx:
        tx.execute("DELETE FROM run")
    for value in stored:
        instance.Run(transform=transform, exit_code=value).save()
    rows = instance.Run.filter()
    for lookup, test in {
        "exact": lambda n: n == wanted,
        "gt": lambda n: n is not None and n > wanted,
        "gte": lambda n: n is not None and n >= wanted,
        "lt": lambda n: n is not None and n < wanted,
        "lte": lambda n: n is not None and n <= wanted,
        "isnull": lambda n: n is None,
    }.items():
        value = True if lookup == "isnull" else wanted
        found = rows.filter(**{f"exit_code__{lookup}": value}).values_list("exit_code", flat=True)
        assert found == [n for n in stored if test(n)]
        left = rows.exclude(**{f"exit_code__{lookup}": value}).values_list("exit_code", flat=True)
        assert left == [n for n in stored if not test(n)]
    assert rows.order_by("exit_code").values_list("exit_code", flat=True) == [
        *sorted(n for n in stored if n is not None),
        *(n for n in stored if n is None),
    ]


@pytest.mark.parametrize("text", INJECTIONS)
def test_no_text_becomes_sql(instance, text):
    instance.Transform(key=text, description=text).save()
    for field in ("key", "description", "uid", "created_by__handle", "runs__params__x", "runs__name"):
        for lookup in ("", "__contains", "__startswith", "__endswith"):
            instance.Transform.filter(**{field + lookup: text}).count()
    instance.Run.filter(**{f"params__{text}": text, "params__a__in": [text]}).count()
    for wrong in (
        lambda: instance.Transform.filter(**{text: 1}),
        lambda: instance.Transform.filter(**{f"key__{text}": 1}),
    ):
        with pytest.raises(ln.errors.FieldError):
            wrong()
    for method in ("order_by", "values_list"):
        with pytest.raises(ln.errors.FieldError):
            getattr(instance.Transform.filter(), method)(text)
    assert instance.Transform.get(key=text).description == text


@pytest.mark.parametrize(
    ("lookups", "part"),
    [
        ({"size__contains": "1"}, "size"),
        ({"created_at__contains": "1"}, "created_at"),
        ({"size__gt": None}, "size__isnull"),
        ({"size__range": [1]}, "size__range"),
        ({"size__range": [1, None]}, "size__range"),
        ({"size": "1"}, "size"),
        ({"id": object()}, "type"),
        ({"key__in": "abc"}, "list"),
        ({"kye": "a"}, "'key'"),
        ({"key__containz": "a"}, "'contains'"),
        ({"run": "my_script.py"}, "run__"),
        ({"created_at__gt": "yesterday"}, "yesterday"),
    ],
)
def test_a_wrong_condition_is_one_sentence(instance, lookups, part):
    with pytest.raises(ln.errors.InvalidArgument, match=part) as caught:
        list(instance.Artifact.filter(**lookups))
    assert "\n" not in str(caught.value)


def test_in_takes_thousands_of_values(instance):
    made = [instance.Transform(key=f"{at}.py").save() for at in range(3)]
    many = [f"{at}.py" for at in range(1, 5000)]
    assert instance.Transform.filter(key__in=many).to_list() == made[1:]
    assert instance.Transform.filter(id__in=range(40_000)).to_list() == made
    found = instance.Transform.filter(key__in=many)
    with instance.database.write("look"), pytest.raises(ZeroDivisionError), instance.database.write("inner"):  # noqa: PT012
        assert found.count() == 2
        assert instance.Transform.filter(key__in=[*many, "x"]).count() == 2
        raise ZeroDivisionError
    assert found.all().to_list() == made[1:]
    assert instance.Transform.filter(key__in=[*many, "x"]).count() == 2


def test_an_empty_uid_is_no_condition(instance):
    instance.Transform(key="a.py").save()
    with pytest.raises(ln.errors.InvalidArgument, match="uid"):
        instance.Transform.get("")
