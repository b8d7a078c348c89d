"""Texts that no database keeps, with a NUL or half a character: found nowhere, compared truly, never saved."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import lamin_lite as ln

NAMES = ["", "a", "a\x01", "ab", "a\ud7ff", "a\ue000", "b", "\U0010ffff"]
odd = st.text(st.sampled_from("ab\x01\ud7ff\ue000\U0010ffff\0\ud800\udfff"), max_size=4)
COMPARED = {
    "exact": lambda text, wanted: text == wanted,
    "iexact": lambda text, wanted: text.casefold() == wanted.casefold(),
    "contains": lambda text, wanted: wanted in text,
    "icontains": lambda text, wanted: wanted.casefold() in text.casefold(),
    "startswith": lambda text, wanted: text.startswith(wanted),
    "endswith": lambda text, wanted: text.endswith(wanted),
    "gt": lambda text, wanted: text > wanted,
    "gte": lambda text, wanted: text >= wanted,
    "lt": lambda text, wanted: text < wanted,
    "lte": lambda text, wanted: text <= wanted,
}


@pytest.fixture
def instance(workdir):
    instance = ln.Instance.init(workdir)
    transform = instance.Transform(key="t.py").save()
    ln.save([instance.Run(transform=transform, name=name, params={"p": name}) for name in NAMES])
    return instance


@settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
@given(odd, odd)
def test_odd_texts_are_compared_as_python_does(instance, wanted, other):
    def found(**lookups):
        return instance.Run.filter(**lookups).values_list("name", flat=True)

    for lookup, holds in COMPARED.items():
        expected = [name for name in NAMES if holds(name, wanted)]
        assert found(**{f"name__{lookup}": wanted}) == expected, lookup
        assert found(**{f"params__p__{lookup}" if lookup != "exact" else "params__p": wanted}) == expected, lookup
    assert found(name__range=(wanted, other)) == [name for name in NAMES if wanted <= name <= other]
    assert found(name__in=[wanted, other]) == [name for name in NAMES if name in (wanted, other)]
    assert found(transform__key=wanted + "\0") == []


@pytest.mark.parametrize("text", ["a\0b", "\0", "a\ud800"])
def test_an_odd_text_is_found_nowhere_and_is_no_error(instance, text):
    instance.Feature(name="folder", dtype=str).save()
    instance.Feature(name="who", dtype=instance.User).save()
    assert instance.Run.filter(folder=text).count() == 0
    assert instance.Run.filter(folder__startswith=text).count() == 0
    assert instance.Run.filter(who=text).count() == 0
    assert instance.Run.filter(created_by__handle=text).count() == 0
    assert instance.Run.filter(name__regex=text.replace("\0", r"\x00")).count() == 0
    assert instance.Transform.filter(version=text).count() == 0
    assert instance.Run.filter(~ln.Q(name=text)).count() == len(NAMES)
    assert instance.Transform.search(f"t.py{text[1:]}").count() <= 1
    for call in (lambda: instance.Transform.get(text), lambda: instance.Transform.get(key=text)):
        with pytest.raises(ln.errors.DoesNotExist):
            call()


@pytest.mark.parametrize("text", ["a\0b", "\0", "a\ud800"])
def test_an_odd_text_is_refused_in_one_sentence_and_nothing_is_written(instance, text):
    before = instance.Run.filter().to_dicts()
    for call in (
        lambda: instance.ULabel(name=text).save(),
        lambda: instance.ULabel(name="x", description=text).save(),
        lambda: ln.save([instance.ULabel(name="fine"), instance.ULabel(name=text)]),
        lambda: ln.save([instance.Run(transform=instance.Transform.get(key="t.py"), name=text) for _ in range(3)]),
        lambda: instance.Run.filter().update(description=text),
        lambda: instance.Transform(key="odd.py", source_code=text).save(),
    ):
        with pytest.raises(ln.errors.InvalidArgument, match=r"leave (it|such characters) out") as caught:
            call()
        assert "\0" not in str(caught.value)
        assert "\n" not in str(caught.value)
    assert not instance.ULabel.exists()
    assert instance.Run.filter().to_dicts() == before


def test_odd_texts_in_params_are_kept_as_they_are(instance):
    run = instance.Run(transform=instance.Transform.get(key="t.py"), params={"a\0": ["\0", "\ud800"]}).save()
    assert instance.Run.get(run.uid).params == {"a\0": ["\0", "\ud800"]}
    assert instance.Run.filter(**{"params__a\0__contains": "\ud800"}).one() == run
