"""Params and features are told in one line of bearable length, and kept whole."""

from __future__ import annotations

import dataclasses
import functools

import pytest

import lamin_lite as ln
from lamin_lite import errors


def line(done, start):
    return next(text for text in done.stderr.splitlines() if text.startswith(f"→ {start}"))


def test_a_long_param_is_told_by_its_beginning_and_kept_whole(project):
    project.instance.Feature(name="note", dtype=str).save()
    done = project.run(
        """
        ln.track(params={"numbers": list(range(5_000)), "rate": 0.5}, features={"note": "x" * 5_000})

        @ln.flow()
        def fit(text, rate=0.5):
            pass

        fit("y" * 5_000)
        """
    )
    for start in ("params: numbers=[0, 1", "features: note='xxx", "params: text='yyy"):
        told = line(done, start)
        assert len(told) < 400
        assert "…" in told
    assert line(done, "params: numbers").endswith("…, rate=0.5")
    script, flow = project.runs()
    assert script.params["numbers"] == list(range(5_000))
    assert script.features["note"] == "x" * 5_000
    assert flow.params["text"] == "y" * 5_000


def test_params_with_a_form_of_their_own_are_found_by_what_was_given(here, workdir):
    from datetime import date, datetime
    from pathlib import Path

    given = {"pair": (1, 2), "at": datetime(2020, 1, 1), "day": date(2020, 1, 1), "path": Path("x/y"), "none": None, "empty": []}  # fmt: skip
    ln.track(params=given, path=here.script("", "s.py"))
    run = ln.context.run
    ln.finish()
    assert run.params == {
        "pair": [1, 2],
        "at": "2020-01-01T00:00:00",
        "day": "2020-01-01",
        "path": "x/y",
        "none": None,
        "empty": [],
    }
    for name, value in given.items():
        assert ln.Run.filter(**{f"params__{name}": value}).one() == run, name


def passing(func):
    """A decorator that names nothing of what it passes on, but ``self``."""

    @functools.wraps(func)
    def wrapper(self, *args, **kwargs):
        return func(self, 0, *args, **kwargs)

    return wrapper


def connecting(func):
    """A decorator that puts an argument of its own before one that it names."""

    @functools.wraps(func)
    def wrapper(x=7):
        return func("connection", x)

    return wrapper


class Model:
    @ln.flow()
    @passing
    def fit(self, extra, rows):
        return rows

    @ln.flow()
    @passing
    def by_name(self, extra, rows, *, y):
        return rows, y


@ln.flow()
@connecting
def load(conn, x=8):
    return conn, x


def test_of_a_decorated_method_no_argument_is_lost(here):
    model = Model()
    assert (model.fit(6), model.by_name(5, y=6)) == (6, (5, 6))
    assert [run.params for run in here.runs()] == [{"args": [6]}, {"args": [5], "y": 6}]


def test_a_decorator_that_names_all_its_arguments_names_the_params(here):
    assert [load(5), load(x=6), load()] == [("connection", n) for n in (5, 6, 7)]
    with pytest.raises(TypeError):
        load(1, 2)
    assert [run.params for run in here.runs()] == [{"x": 5}, {"x": 6}, {"x": 7}]


@dataclasses.dataclass
class Node:
    value: int
    after: object = None


@ln.flow()
def walk(start, step=1):
    return step


def test_arguments_that_are_nested_deep_or_hold_themselves_are_kept_as_text_and_stop_nothing(here):
    nodes = nested = own = None
    for number in range(5_000):
        nodes = Node(number, nodes)
        nested = {"in": nested}
    own = [1]
    own += [own, own]
    assert [walk(value, step=at) for at, value in enumerate((nodes, nested, own))] == [0, 1, 2]
    ln.track(params={"deep": nested, "rate": 0.5}, path=here.script("", "s.py"))
    ln.finish()
    runs = here.runs()
    assert [type(run.params["start"]) for run in runs[:3]] == [str] * 3
    assert (runs[2].params["start"], runs[2].params["step"]) == ("[1, [...], [...]]", 2)
    assert (type(runs[3].params["deep"]), runs[3].params["rate"]) == (str, 0.5)


def test_what_is_nested_not_too_deep_is_kept_and_found(here):
    nested = 1
    for _ in range(150):
        nested = {"in": [nested]} if isinstance(nested, int) else {"in": nested}
    walk(nested)
    assert here.only_run().params["start"] == nested
    assert ln.Run.filter(params__start=nested).one().params["step"] == 1


def test_of_names_that_clash_nothing_is_lost(here):
    @ln.flow()
    def clash(a, /, *args, **more):
        pass

    clash(1, 2, a=7, args=8)
    clash(1, 2, b=7)
    clash(1, more=5)
    assert [run.params for run in here.runs()] == [
        {"a": 1, "args": [2], "more": {"a": 7, "args": 8}},
        {"a": 1, "args": [2], "b": 7},
        {"a": 1, "args": [], "more": 5},
    ]


def test_a_dict_whose_keys_are_the_same_as_text_is_kept_as_text(here, caplog):
    walk({1: "a", "1": "b"}, step={1: "a", 2: "b"})
    assert here.only_run().params == {"start": "{1: 'a', '1': 'b'}", "step": {"1": "a", "2": "b"}}
    assert "kept as text, as it has no form in JSON: start" in caplog.text
    with pytest.raises(errors.InvalidArgument, match="several names are the same as text"):
        ln.track(params={1: "a", "1": "b"}, path=here.script("", "s.py"))
