"""Each kind of callable makes one run for each call, and stays what it was for everybody else."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gc
import inspect
import traceback

import pytest

import lamin_lite as ln
from lamin_lite import errors


@ln.flow()
def plain(a: int, b: float = 0.5, *args: int, c: str = "x", **kwargs: object) -> str:
    """What plain does."""
    assert ln.context.run.entrypoint == "plain"
    return f"{a} {b} {args} {c} {kwargs}"


@ln.flow
def bare(a: int) -> int:
    return a


class Thing:
    @ln.flow()
    def method(self, a):
        return self, a

    @classmethod
    @ln.flow()
    def below_classmethod(cls, a):
        return cls, a

    @ln.flow()
    @classmethod
    def above_classmethod(cls, a):
        return cls, a

    @staticmethod
    @ln.flow()
    def below_staticmethod(a):
        return a

    @ln.flow()
    @staticmethod
    def above_staticmethod(a):
        return a


@ln.flow()
def generator(n: int):
    """What generator does."""
    total = 0
    try:
        for i in range(n):
            assert ln.context.run.entrypoint == "generator"
            got = yield i
            total += got or 0
    except KeyError:
        yield "caught"
    return total


@ln.flow()
async def coroutine(n: int) -> int:
    """What coroutine does."""
    await asyncio.sleep(0.001 * n)
    assert ln.context.run.params == {"n": n}
    await asyncio.sleep(0)
    return n


@ln.flow()
async def async_generator(n: int):
    """What async_generator does."""
    try:
        for i in range(n):
            await asyncio.sleep(0)
            assert ln.context.run.entrypoint == "async_generator"
            yield i
    except KeyError:
        yield "caught"


def states(project):
    return [(run.entrypoint, run.status) for run in project.runs()]


# -- functions


def test_a_call_binds_arguments_with_their_defaults(here):
    assert plain(1, 2, 3, 4, d=5) == "1 2 (3, 4) x {'d': 5}"
    assert here.only_run().params == {"a": 1, "b": 2, "args": [3, 4], "c": "x", "d": 5}


def test_parentheses_may_be_left_out(here):
    assert bare(3) == 3
    assert here.only_run().params == {"a": 3}


def test_methods_leave_out_self_and_cls(here):
    thing = Thing()
    assert thing.method(1) == (thing, 1)
    assert Thing.below_classmethod(2) == (Thing, 2)
    assert thing.above_classmethod(3) == (Thing, 3)
    assert Thing.below_staticmethod(4) == 4
    assert thing.above_staticmethod(5) == 5
    runs = here.runs()
    assert [run.params for run in runs] == [{"a": n} for n in range(1, 6)]
    assert {run.entrypoint.partition(".")[0] for run in runs} == {"Thing"}


def test_nested_functions_and_closures(here):
    def outer(x):
        @ln.flow()
        def inner(y):
            return x + y

        return inner

    assert outer(1)(2) + outer(10)(20) == 33
    assert [run.params for run in here.runs()] == [{"y": 2}, {"y": 20}]


@pytest.mark.parametrize("call", [plain, lambda: plain(1, a=2), lambda: bare(1, 2), lambda: list(generator())])
def test_wrong_arguments_raise_what_python_raises_and_leave_no_run(here, call):
    with pytest.raises(TypeError, match="argument"):
        call()
    assert here.runs() == []


def test_typed_params_are_never_lost(here):
    @ln.flow()
    def train(epochs: int, lr: float = 0.1, name: str = "x", layers: list[str] | None = None, size: int | None = None):
        return epochs

    train(3, lr=1)
    train(True, lr=2, layers=[])
    one, two = here.runs()
    assert one.params == {"epochs": 3, "lr": 1, "name": "x", "layers": None, "size": None}
    assert two.params == {"epochs": True, "lr": 2, "name": "x", "layers": [], "size": None}


def test_values_that_json_lacks_never_stop_the_call(here):
    @ln.flow()
    def odd(**values):
        return len(values)

    knot = []
    knot.append(knot)
    values = {
        "set": {3, 1},
        "nested": {"set": {1}, "object": object()},
        "nan": float("nan"),
        "bytes": b"ab",
        "function": len,
        "huge": 10**5000,
        "surrogate": "\udc80",
        "nul": "\0",
        "knot": knot,
        "none": None,
        "empty": [],
    }
    assert odd(**values) == len(values)
    params = here.only_run().params
    assert set(params) == set(values)
    assert params["set"] == [1, 3]
    assert params["nan"] != params["nan"]
    assert params["surrogate"] == "\udc80"
    assert params["none"] is None
    assert params["empty"] == []


def test_an_artifact_that_is_not_saved_is_not_named_as_if_it_were(here):
    here.folder.joinpath("f.txt").write_text("x")
    artifact = ln.Artifact("f.txt", key="f.txt")
    bare(artifact)
    saved = artifact.save()
    bare(saved)
    first, second = here.runs()
    assert second.params == {"a": f"Artifact[{saved.uid}]"}
    assert first.params != second.params
    assert not str(first.params["a"]).startswith("Artifact[")


# -- what inspect and others see


@pytest.mark.parametrize("func", [plain, generator, coroutine, async_generator, Thing.method])
def test_a_decorated_function_answers_as_before(func):
    original = func.__wrapped__
    assert inspect.signature(func) == inspect.signature(original)
    for name in ("isfunction", "isgeneratorfunction", "iscoroutinefunction", "isasyncgenfunction"):
        assert getattr(inspect, name)(func) == getattr(inspect, name)(original), name
    for name in ("__name__", "__qualname__", "__doc__", "__module__", "__annotations__"):
        assert getattr(func, name) == getattr(original, name)


def test_what_is_no_function_is_refused_with_the_remedy():
    class Callable:
        def __call__(self):
            return 1

    for odd in (Callable(), 3, len, functools.partial(print)):
        with pytest.raises(errors.InvalidArgument, match="directly above the def"):
            ln.flow()(odd)


def test_exceptions_pass_unchanged(here):
    error = ValueError("mine")

    def deeper():
        raise error

    def fails(kind):
        deeper()

    with pytest.raises(ValueError) as plain_raised:
        fails(1)
    expected = [frame.name for frame in traceback.extract_tb(plain_raised.value.__traceback__)][1:]
    error.__traceback__ = None
    with pytest.raises(ValueError) as raised:
        ln.flow()(fails)(1)
    assert raised.value is error
    assert error.__context__ is None
    assert error.__cause__ is None
    seen = [
        frame.name
        for frame in traceback.extract_tb(error.__traceback__)[1:]
        if "lamin_lite/tracking" not in frame.filename
    ]
    assert seen == expected
    assert here.only_run().status == "errored"


def test_the_report_of_an_error_shows_the_users_frames_only(here):
    @ln.step()
    def inner():
        raise KeyError("lost")

    @ln.flow()
    def outer():
        print("said before")
        try:
            inner()
        except KeyError as error:
            raise ValueError("not found") from error

    with pytest.raises(ValueError, match="not found"):
        outer()
    flow, step = here.runs()
    text = here.report(flow)
    assert text.startswith("said before\nTraceback (most recent call last):\n")
    assert "KeyError: 'lost'" in text
    assert "The above exception was the direct cause of the following exception:" in text
    assert text.endswith("ValueError: not found\n")
    assert "lamin_lite/tracking" not in text
    assert "raise KeyError" in here.report(step)
    assert step.status == flow.status == "errored"


# -- generators


def test_a_generator_is_one_run_from_its_first_next_to_its_end(here):
    made = generator(3)
    assert here.runs() == []
    assert next(made) == 0
    assert ln.context.run is here.only_run() or here.only_run().status == "started"
    assert list(made) == [1, 2]
    assert states(here) == [("generator", "completed")]


def test_send_throw_close_and_return_value_pass_through(here):
    made = generator(3)
    next(made)
    made.send(5)
    made.send(6)
    with pytest.raises(StopIteration) as stop:
        made.send(7)
    assert stop.value.value == 18
    made = generator(3)
    next(made)
    assert made.throw(KeyError()) == "caught"
    made.close()
    made = generator(3)
    next(made)
    with pytest.raises(ZeroDivisionError):
        made.throw(ZeroDivisionError())
    assert [run.status for run in here.runs()] == ["completed", "completed", "errored"]


def test_a_generator_that_is_not_used_up_is_completed_when_it_is_closed_or_forgotten(here):
    made = generator(3)
    next(made)
    made.close()
    made = generator(3)
    next(made)
    del made
    gc.collect()
    for item in generator(3):
        if item == 1:
            break
    gc.collect()
    assert [run.status for run in here.runs()] == ["completed"] * 3


def test_a_generator_that_was_never_started_leaves_no_run(here):
    made = generator(3)
    made.close()
    generator(3)
    gc.collect()
    assert here.runs() == []


def test_two_generators_side_by_side_do_not_see_each_other(here):
    @ln.flow()
    def numbers(name):
        for _ in range(3):
            yield ln.context.run.params["name"]

    seen = []
    for a, b in zip(numbers("a"), numbers("b")):
        from lamin_lite.models import session

        assert session.context_run() is None
        seen.append(a + b)
    assert seen == ["ab"] * 3
    gc.collect()
    assert [run.status for run in here.runs()] == ["completed"] * 2


def test_yield_from_a_step_within_a_flow(here):
    @ln.step()
    def inner(n):
        yield from range(n)
        return "end"

    @ln.flow()
    def outer():
        result = yield from inner(2)
        assert result == "end"
        assert ln.context.run.entrypoint.endswith("outer")

    assert list(outer()) == [0, 1]
    flow, step = here.runs()
    assert step.initiated_by_run == flow


# -- coroutines and asynchronous generators


def test_coroutines_side_by_side_each_have_their_own_run(here):
    async def main():
        return await asyncio.gather(*(coroutine(n) for n in range(5)))

    assert asyncio.run(main()) == list(range(5))
    assert sorted(run.params["n"] for run in here.runs(status="completed")) == list(range(5))


def test_a_coroutine_that_was_never_awaited_leaves_no_run(here):
    coroutine(1).close()
    assert here.runs() == []


def test_a_cancelled_coroutine_is_aborted(here):
    async def main():
        task = asyncio.create_task(coroutine(10_000))
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(coroutine(10_000), 0.01)

    asyncio.run(main())
    assert [run.status for run in here.runs()] == ["aborted"] * 2


def test_a_coroutine_that_is_closed_half_way_is_aborted(here):
    made = coroutine(0)
    made.send(None)
    made.close()
    assert here.only_run().status == "aborted"


def test_coroutines_driven_by_hand_do_not_see_each_other(here):
    class Pause:
        def __await__(self):
            yield

    @ln.flow()
    async def work(name):
        for _ in range(3):
            await Pause()
            assert ln.context.run.params == {"name": name}
        return name

    todo = [work("a"), work("b")]
    results = []
    while todo:
        for each in list(todo):
            try:
                each.send(None)
            except StopIteration as stop:
                results.append(stop.value)
                todo.remove(each)
    assert results == ["a", "b"]


def test_an_event_loop_that_is_dropped_with_its_tasks_raises_nothing(project):
    done = project.run(
        """
        import asyncio
        @ln.flow()
        async def work():
            await asyncio.sleep(1000)
        loop = asyncio.new_event_loop()
        task = loop.create_task(work())
        loop.run_until_complete(asyncio.sleep(0.01))
        loop.close()
        del task, loop
        import gc; gc.collect()
        """
    )
    assert "ValueError" not in done.stderr
    assert "RuntimeError" not in done.stderr
    assert project.only_run().status == "aborted"


def test_asynchronous_generators(here):
    async def main():
        assert [item async for item in async_generator(3)] == [0, 1, 2]
        made = async_generator(3)
        assert await made.__anext__() == 0
        assert await made.athrow(KeyError()) == "caught"
        await made.aclose()
        made = async_generator(3)
        await made.__anext__()
        with pytest.raises(ZeroDivisionError):
            await made.athrow(ZeroDivisionError())
        async_generator(3)
        async for _ in async_generator(3):
            break
        await asyncio.sleep(0.01)  # the loop closes what was dropped

    asyncio.run(main())
    gc.collect()
    assert [run.status for run in here.runs()] == ["completed", "completed", "errored", "completed"]


def test_an_asynchronous_step_belongs_to_the_task_that_calls_it(here):
    @ln.step()
    async def leaf(name):
        await asyncio.sleep(0.001)
        return name

    @ln.flow()
    async def each(name):
        return await asyncio.gather(leaf(name), leaf(name))

    async def main():
        await asyncio.gather(*(each(name) for name in "ab"))

    asyncio.run(main())
    for flow in here.runs(entrypoint__endswith="each"):
        assert flow.initiated_by_run is None
        assert [step.params for step in flow.steps] == [flow.params] * 2


# -- other decorators


def test_caches_above_and_below(here):
    calls = []

    @functools.cache
    @ln.flow()
    def above(n):
        calls.append(n)
        return n

    @ln.flow()
    @functools.cache
    def below(n):
        calls.append(n)
        return n

    assert [above(1), above(1), below(2), below(2)] == [1, 1, 2, 2]
    assert calls == [1, 2]
    assert [run.params["n"] for run in here.runs()] == [1, 2, 2]  # a call that a cache above answers is none


def test_context_managers_above_and_below(here):
    @contextlib.contextmanager
    @ln.flow()
    def above(n):
        assert ln.context.run is not None
        yield n
        assert ln.context.run is not None

    @ln.flow()
    @contextlib.contextmanager
    def below(n):
        yield n

    with above(1) as value:
        assert value == 1
        assert here.only_run().status == "started"
    with pytest.raises(ZeroDivisionError), above(2):
        raise ZeroDivisionError
    with below(3) as value:
        assert value == 3
    assert [run.status for run in here.runs()] == ["completed", "errored", "completed"]


def test_a_decorator_below_that_hides_the_kind(here):
    def plainly(func):
        @functools.wraps(func)
        def wrapper(*args, **kwargs):
            return func(*args, **kwargs)

        return wrapper

    @ln.flow()
    @plainly
    def gen(n):
        assert ln.context.run.entrypoint.endswith("gen")
        yield from range(n)

    @ln.flow()
    @plainly
    async def co(n):
        await asyncio.sleep(0)
        assert ln.context.run.entrypoint.endswith("co")
        return n

    @ln.flow()
    @plainly
    async def agen(n):
        for i in range(n):
            assert ln.context.run.entrypoint.endswith("agen")
            yield i

    async def main():
        return await co(1), [item async for item in agen(2)]

    assert list(gen(2)) == [0, 1]
    assert asyncio.run(main()) == (1, [0, 1])
    assert [run.status for run in here.runs()] == ["completed"] * 3


def test_click_commands(here):
    click = pytest.importorskip("click")
    from click.testing import CliRunner

    @click.command()
    @click.option("--n", type=int)
    @ln.flow()
    def main(n):
        click.echo(f"n is {n}")

    assert CliRunner().invoke(main, ["--n", "3"]).output == "n is 3\n"
    assert here.only_run().params == {"n": 3}


def test_a_function_of_the_main_program_can_be_pickled_by_value(project):
    pytest.importorskip("cloudpickle")
    project.run(
        """
        import cloudpickle, pickle, subprocess
        @ln.step()
        def leaf(x): return x * 2
        ln.track()
        data = cloudpickle.dumps(leaf)
        code = "import pickle, sys; print(pickle.loads(sys.stdin.buffer.read())(21))"
        out = subprocess.run([sys.executable, "-c", code], input=data, stdout=subprocess.PIPE, check=True)
        assert out.stdout.strip() == b"42", out
        """
    )
    script, step = project.runs()
    assert step.initiated_by_run == script
