"""Threads, tasks and processes: each run under the right parent, by the stated rule."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

import lamin_lite as ln
from lamin_lite import errors

STEPS = """
import multiprocessing as mp
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

@ln.step()
def leaf(x):
    print("leaf", x)
    return x * 2

def plain_worker(x):
    return leaf(x)
"""


@ln.step()
def leaf(x):
    return x


def in_thread(function, *args):
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(function, *args).result()


def parents(project):
    return [
        (run.entrypoint, run.initiated_by_run.entrypoint if run.initiated_by_run else None) for run in project.runs()
    ]


# -- threads


def test_steps_in_a_pool_belong_to_the_open_flow(here):
    @ln.flow()
    def flow():
        with ThreadPoolExecutor(4) as pool:
            return list(pool.map(leaf, range(8)))

    assert flow() == list(range(8))
    flow_run, *steps = here.runs()
    assert len(steps) == 8
    assert all(step.initiated_by_run == flow_run and step.status == "completed" for step in steps)


def test_a_thread_of_a_step_belongs_to_the_flow_unless_it_is_bound(here):
    @ln.step()
    def outer():
        return in_thread(leaf, 1), in_thread(leaf.bound(), 2)

    @ln.flow()
    def flow():
        return outer()

    assert flow() == (1, 2)
    runs = {run.params.get("x"): run for run in here.runs(entrypoint="leaf")}
    assert runs[1].initiated_by_run.entrypoint.endswith("flow")
    assert runs[2].initiated_by_run.entrypoint.endswith("outer")


def test_a_thread_that_takes_its_context_along_belongs_to_the_step(here):
    import contextvars

    @ln.step()
    def outer():
        return in_thread(contextvars.copy_context().run, leaf, 1)

    @ln.flow()
    def flow():
        return outer()

    flow()
    assert here.only_run(entrypoint="leaf").initiated_by_run.entrypoint.endswith("outer")


def test_a_bound_step_works_in_workers_that_were_started_before_the_run(here):
    with ThreadPoolExecutor(2) as pool:
        pool.submit(int).result()

        @ln.flow()
        def flow(name):
            bound = leaf.bound()
            return list(pool.map(bound, [name] * 3))

        with ThreadPoolExecutor(2) as outside:
            list(outside.map(flow, ["a", "b"]))
    for flow_run in here.runs(entrypoint__endswith="flow"):
        assert [step.params["x"] for step in flow_run.steps] == [flow_run.params["name"]] * 3


def test_two_root_runs_in_one_process_are_kept_apart(here):
    meet = threading.Barrier(2)

    @ln.flow()
    def flow(name):
        meet.wait(60)
        for i in range(3):
            print("line of", name, i)
            leaf(name)
        meet.wait(60)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(flow, ["a", "b"]))
    flows = here.runs(entrypoint__endswith="flow")
    assert len(flows) == 2
    for run in flows:
        assert run.initiated_by_run is None
        assert here.report(run) == "".join(f"line of {run.params['name']} {i}\n" for i in range(3))
        assert [step.params["x"] for step in run.steps] == [run.params["name"]] * 3


def test_a_step_in_a_thread_beside_two_flows_is_an_error_that_names_bound(here):
    meet, stop = threading.Barrier(3), threading.Event()

    @ln.flow()
    def flow():
        meet.wait(60)
        stop.wait(60)

    with ThreadPoolExecutor(2) as pool:
        flows = [pool.submit(flow) for _ in range(2)]
        try:
            meet.wait(60)
            with pytest.raises(errors.TrackNotCalled, match=r"step\.bound\(\)"):
                leaf(1)
        finally:
            stop.set()
        for each in flows:
            each.result()
    assert here.runs(entrypoint="leaf") == []


def test_a_step_without_a_run_says_what_to_do(here):
    with pytest.raises(errors.TrackNotCalled, match=r"ln\.track\(\)"):
        leaf(1)
    with pytest.raises(errors.TrackNotCalled, match=r"bound"):
        leaf.bound()
    assert here.runs() == []


@pytest.mark.stress
def test_many_short_flows_side_by_side_lose_nothing_they_print(here):
    @ln.flow()
    def flow(n):
        print("number", n)
        leaf(n)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(flow, range(60)))
    flows = here.runs(entrypoint__endswith="flow")
    assert len(flows) == 60
    for run in flows:
        assert here.report(run) == f"number {run.params['n']}\n"
        assert len(run.steps) == 1
        assert run.initiated_by_run is None


@pytest.mark.stress
def test_a_thousand_steps_in_eight_threads_are_each_under_the_right_parent(here):
    @ln.flow()
    def flow(name, bound=None):
        for n in range(125):
            leaf((name, n))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(flow, range(8)))
    for run in here.runs(entrypoint__endswith="flow"):
        steps = list(run.steps)
        assert len(steps) == 125
        assert all(step.params["x"][0] == run.params["name"] and step.status == "completed" for step in steps)


# -- flows within


def test_flows_inside_track_and_inside_flows_have_them_as_parents(project):
    project.run(
        STEPS
        + """
        @ln.flow()
        def inner():
            print("inner")
            leaf(1)
        @ln.flow()
        def outer():
            print("outer")
            inner()
            leaf(2)
        ln.track()
        print("script")
        outer()
        with ThreadPoolExecutor(1) as pool:
            pool.submit(inner).result()
        leaf(3)
        """.replace("\n        ", "\n")
    )
    script, outer, inner, one, two, threaded, _, three = project.runs()
    assert outer.initiated_by_run == script
    assert inner.initiated_by_run == outer
    assert one.initiated_by_run == inner
    assert two.initiated_by_run == outer
    assert threaded.initiated_by_run == script
    assert three.initiated_by_run == script
    assert project.report(inner) == "inner\nleaf 1\n"
    assert project.report(outer) == "outer\ninner\nleaf 1\nleaf 2\n"
    assert project.report(script).startswith("script\nouter\ninner\n")


# -- processes


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
@pytest.mark.parametrize("root", ["flow", "track"])
def test_steps_in_worker_processes_belong_to_the_run_that_started_them(project, method, root):
    project.run(
        STEPS
        + f"""
def work():
    with mp.get_context({method!r}).Pool(2) as pool:
        assert pool.map(plain_worker, range(4)) == [0, 2, 4, 6]
        assert pool.map(leaf, range(4, 6)) == [8, 10]
    with ProcessPoolExecutor(2, mp_context=mp.get_context({method!r})) as pool:
        assert list(pool.map(leaf, range(6, 8))) == [12, 14]
        assert pool.submit(leaf.bound(), 8).result() == 16

if {root!r} == "track":
    ln.track()
if __name__ == "__main__":
    work() if {root!r} == "track" else ln.flow()(work)()
if {root!r} == "track":
    ln.finish()
"""
    )
    run, *steps = project.runs()
    assert len(steps) == 9
    assert all(step.initiated_by_run == run and step.status == "completed" for step in steps)
    assert run.status == "completed"


def test_a_forking_pool_never_hangs(project):
    project.run(
        STEPS
        + """
@ln.flow()
def work():
    with mp.get_context("fork").Pool(2) as pool:
        return pool.map(plain_worker, range(2))
for _ in range(10):
    work()
"""
    )
    assert len(project.runs(status="completed")) == 30


@pytest.mark.stress
def test_a_thousand_steps_in_four_processes_are_each_under_the_right_parent(project):
    project.run(
        STEPS
        + """
@ln.flow()
def work():
    with mp.get_context("fork").Pool(4) as pool:
        return pool.map(plain_worker, range(1000))
work()
"""
    )
    run = project.only_run(entrypoint="work")
    assert run.steps.filter(status="completed").count() == 1000


def test_a_fork_in_the_middle_of_a_flow_ends_the_flow_once(project):
    project.run(
        """
        @ln.flow()
        def work(how):
            if os.fork() == 0:
                print("child")
                if how == "exit": sys.exit(3)
                if how == "error": 1/0
                if how == "_exit": os._exit(0)
                return "child"
            os.wait()
            time.sleep(0.02)
            return "parent"
        for how in ("return", "exit", "error", "_exit"):
            pid = os.getpid()
            try:
                work(how)
            except (SystemExit, ZeroDivisionError):
                pass
            if os.getpid() != pid:
                os._exit(0)
        """,
    )
    runs = project.runs()
    assert [(run.params["how"], run.status, run.exit_code) for run in runs] == [
        (how, "completed", None) for how in ("return", "exit", "error", "_exit")
    ]


def test_a_fork_may_start_runs_of_its_own(project):
    project.run(
        STEPS
        + """
ln.track()
if os.fork() == 0:
    leaf(1)
    ln.track()
    leaf(2)
    ln.finish()
    os._exit(0)
os.wait()
leaf(3)
"""
    )
    script, one, again, two, three = project.runs()
    assert {run.status for run in project.runs()} == {"completed"}
    assert one.initiated_by_run == again.initiated_by_run == three.initiated_by_run == script
    assert two.initiated_by_run == again


# -- child programs


CHILD = """
import lamin_lite as ln
ln.track()
print("in the child")
ln.finish()
"""


def test_child_programs_and_shell_scripts_have_the_run_as_their_parent(project):
    project.script(CHILD, "child.py")
    project.folder.joinpath("all.sh").write_text(f"cd . && '{sys.executable}' child.py\n")
    project.run(
        """
        import subprocess
        ln.track()
        subprocess.run([sys.executable, "child.py"], check=True)
        subprocess.run(["sh", "all.sh"], check=True)
        ln.finish()
        subprocess.run([sys.executable, "child.py"], check=True)
        """
    )
    script, one, two, after = project.runs()
    assert one.initiated_by_run == two.initiated_by_run == script
    assert after.initiated_by_run is None


def test_a_parent_that_has_ended_is_none_and_said_once(project):
    script = project.script("@ln.flow()\ndef f(): pass\nf(); f()", "child.py")
    project.run("ln.track(); print(os.environ['LAMIN_LITE_RUN'], file=open('run', 'w')); ln.finish()")
    told = project.folder.joinpath("run").read_text().strip()
    environ = project.environ(LAMIN_LITE_RUN=told)
    done = subprocess.run(
        [sys.executable, script], env=environ, cwd=project.folder, capture_output=True, text=True, check=True
    )
    assert done.stderr.count("has ended, so it is no parent") == 1, done.stderr
    assert [run.initiated_by_run for run in project.runs(entrypoint="f")] == [None, None]


def test_a_parent_that_was_killed_is_none(project):
    project.run(
        """
        ln.track()
        print(os.environ["LAMIN_LITE_RUN"], file=open("run", "w", buffering=1))
        os.kill(os.getpid(), 9)
        """,
        code=-9,
    )
    told = project.folder.joinpath("run").read_text().strip()
    done = project.run(CHILD, name="child.py", env={"LAMIN_LITE_RUN": told})
    assert "has ended, so it is no parent" in done.stderr
    killed, child = project.runs()
    assert (killed.status, child.initiated_by_run) == ("aborted", None)


def test_a_parent_of_another_instance_is_none(project, tmp_path, home):
    other = type(project)(tmp_path / "other", home) if (tmp_path / "other").mkdir() is None else None
    other.script(CHILD, "child.py")
    project.run(
        f"""
        import subprocess
        ln.track()
        done = subprocess.run([sys.executable, "child.py"], cwd={str(other.folder)!r}, stderr=subprocess.PIPE, text=True)
        assert done.stderr.count("belongs to another instance, so it is no parent") == 1, done.stderr
        """
    )
    assert other.only_run().initiated_by_run is None


@pytest.mark.parametrize("odd", ["", "x", "a:b:c", "::", ":" * 5, "\udcff:1:2"])
def test_an_odd_value_of_the_variable_is_no_parent(project, odd):
    environ = {os.fsencode(k): os.fsencode(v) for k, v in project.environ().items()}
    environ[b"LAMIN_LITE_RUN"] = os.fsencode(odd)
    script = project.script(CHILD)
    subprocess.run([sys.executable, script], env=environ, cwd=project.folder, capture_output=True, check=True)
    assert project.only_run().initiated_by_run is None
