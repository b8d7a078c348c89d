"""A decorator below a flow or step may pass more than it is given; the call is a run all the same."""

from __future__ import annotations

import asyncio
import functools
import inspect
import os
from unittest import mock

import pytest

import lamin_lite as ln


def injecting(func):
    """As ``click.pass_context``: passes an argument that its caller does not."""

    @functools.wraps(func)
    def wrapper(*args, **kwargs):
        return func("context", *args, **kwargs)

    return wrapper


@ln.flow()
@injecting
def injected(context, n, rate=0.5):
    return context, n, rate


@ln.flow()
@mock.patch("os.getcwd")
def patched(n, getcwd):
    return n, os.getcwd is getcwd


class Thing:
    @ln.flow()
    @mock.patch("os.getcwd")
    def method(self, n, getcwd):
        return n


def test_what_a_decorator_injects_is_no_reason_not_to_track(here):
    assert injected(n=3) == ("context", 3, 0.5)
    assert patched(4) == (4, True)
    assert Thing().method(5) == 5
    expected = [("injected", {"n": 3}), ("patched", {"args": [4]}), ("Thing.method", {"args": [5]})]
    assert [(run.entrypoint, run.params) for run in here.runs()] == expected
    assert {run.status for run in here.runs()} == {"completed"}


def test_a_step_below_such_a_decorator_is_tracked_too(here):
    @ln.step()
    @injecting
    def inner(context, n):
        return n

    @ln.flow()
    def outer():
        return inner(n=1)

    assert outer() == 1
    assert [(run.entrypoint.rpartition(".")[2], run.params) for run in here.runs()] == [
        ("outer", {}),
        ("inner", {"n": 1}),
    ]


def test_a_command_of_click_that_takes_the_context_is_a_run(here):
    click = pytest.importorskip("click")
    seen = []

    @click.command()
    @click.option("--n", default=2)
    @ln.flow()
    @click.pass_context
    def go(context, n):
        seen.append((context.info_name, n))

    go.main(["--n", "7"], prog_name="go", standalone_mode=False)
    assert seen == [("go", 7)]
    assert here.only_run().params == {"n": 7}


def test_arguments_that_the_decorator_itself_refuses_raise_what_python_raises_and_leave_no_run(here):
    @ln.flow()
    @functools.wraps(injected)
    def strict(n):
        return n

    with pytest.raises(TypeError, match="positional argument"):
        strict(1, 2, 3, 4)
    assert here.runs() == []


def test_a_signature_set_by_hand_that_does_not_fit_is_not_believed(here):
    def said(a, b):
        pass

    def called(*values):
        return values

    async def awaited(*values):
        return values

    called.__signature__ = awaited.__signature__ = inspect.signature(said)
    assert ln.flow(called)(1) == (1,)
    assert asyncio.run(ln.flow(awaited)(2)) == (2,)
    assert [run.params for run in here.runs()] == [{"args": [1]}, {"args": [2]}]


def test_an_async_function_called_wrongly_leaves_no_open_run(here):
    @ln.flow()
    async def fit(n):
        return n

    with pytest.raises(TypeError, match="argument"):
        asyncio.run(fit())
    assert here.runs() == []
