"""Every ending has its status, exit code and report, and is the same ending that it would be without us."""

from __future__ import annotations

import pytest

SCRIPT = """
from sys import exit as from_sys
mode = sys.argv[1]
print("before")
ln.track(params={"mode": mode})
print("hello", mode)
def deep():
    if mode == "exit in a function": sys.exit(3)
    if mode == "raise in a function": raise SystemExit(4)
    if mode == "raise 0 in a function": raise SystemExit(0)
    if mode == "imported exit in a function": from_sys(8)
    if mode == "built-in exit in a function": exit(8)
def main(): return 5
if mode == "exit 0": sys.exit(0)
if mode == "exit": sys.exit()
if mode == "exit 3": sys.exit(3)
if mode == "exit True": sys.exit(True)
if mode == "exit text": sys.exit("sorry")
if mode == "exit of main": sys.exit(main())
if mode == "imported exit": from_sys(7)
if mode == "built-in exit": exit(6)
if mode == "built-in quit": quit()
if mode == "raise 5":
    raise SystemExit(5)
if mode == "raise 0":
    raise SystemExit(0)
if mode == "raise": raise SystemExit
if mode == "raise text": raise SystemExit("oh no")
if mode == "error": 1/0
if mode == "value error": raise ValueError(3)
if mode == "ctrl-c": raise KeyboardInterrupt
if mode == "kill": os.kill(os.getpid(), 9)
if mode == "term": os.kill(os.getpid(), 15)
if mode == "_exit": os._exit(7)
if mode == "abort": os.abort()
if mode == "crash": import ctypes; ctypes.string_at(0)
if mode == "exit caught":
    try: sys.exit(9)
    except SystemExit: pass
if mode == "another exit caught":
    try: sys.exit(9)
    except SystemExit: pass
    raise SystemExit(5)
if mode == "exit in a thread":
    import threading; t = threading.Thread(target=sys.exit, args=(3,)); t.start(); t.join()
if mode == "exit in a thread and raise":
    import threading; t = threading.Thread(target=sys.exit, args=(3,)); t.start(); t.join()
    raise SystemExit(5)
if mode == "error in a thread":
    import threading; t = threading.Thread(target=lambda: 1/0); t.start(); t.join()
if mode == "daemon thread":
    import threading; threading.Thread(target=time.sleep, args=(100,), daemon=True).start()
if mode == "finish twice":
    ln.finish(); ln.finish()
if mode == "error after finish":
    ln.finish(); 1/0
if mode == "exit inside with":
    with open("x", "w"): sys.exit(6)
if mode == "exit inside finally":
    try: sys.exit(6)
    finally: print("cleaning")
if mode == "replaced excepthook":
    sys.excepthook = lambda *a: print("mine", a[0].__name__)
    raise ValueError(3)
if mode == "chained excepthook":
    ours = sys.excepthook
    sys.excepthook = lambda *a: (print("mine", a[0].__name__), ours(*a))
    1/0
deep()
if mode == "fork, child returns":
    pid = os.fork()
    if pid: os.waitpid(pid, 0)
    print("child" if pid == 0 else "parent")
if mode == "fork, child exits":
    if os.fork() == 0:
        print("child"); sys.exit(2)
    os.wait()
if mode == "fork, child finishes":
    if os.fork() == 0:
        try: ln.finish()
        except ln.errors.TrackNotCalled: os._exit(0)
        os._exit(9)
    assert os.wait()[1] == 0
if mode == "finish": ln.finish()
"""

# mode, exit code of the process, status, exit code that is kept, text in the report
ENDINGS = [
    ("nothing", 0, "completed", None, ""),
    ("finish", 0, "completed", None, ""),
    ("exit 0", 0, "completed", 0, ""),
    ("exit", 0, "completed", 0, ""),
    ("exit 3", 3, "errored", 3, ""),
    ("exit True", 1, "errored", 1, ""),
    ("exit text", 1, "errored", 1, "sorry"),
    ("exit of main", 5, "errored", 5, ""),
    ("imported exit", 7, "errored", 7, ""),
    ("built-in exit", 6, "errored", 6, ""),
    ("built-in quit", 0, "completed", 0, ""),
    ("exit in a function", 3, "errored", 3, ""),
    ("imported exit in a function", 8, "errored", 8, ""),
    ("built-in exit in a function", 8, "errored", 8, ""),
    ("raise 5", 5, "errored", 5, ""),
    ("raise 0", 0, "completed", 0, ""),
    ("raise", 0, "completed", 0, ""),
    ("raise text", 1, "errored", 1, "oh no"),
    ("raise in a function", 4, "errored", None, ""),
    ("error", 1, "errored", 1, "ZeroDivisionError: division by zero"),
    ("value error", 1, "errored", 1, "ValueError: 3"),
    ("replaced excepthook", 1, "errored", 1, "mine ValueError"),
    ("chained excepthook", 1, "errored", 1, "mine ZeroDivisionError\nTraceback"),
    ("ctrl-c", -2, "aborted", 130, "KeyboardInterrupt"),
    ("kill", -9, "aborted", None, ""),
    ("term", -15, "aborted", None, ""),
    ("_exit", 7, "aborted", None, ""),
    ("abort", -6, "aborted", None, ""),
    ("crash", -11, "aborted", None, ""),
    ("exit caught", 0, "completed", None, ""),
    ("another exit caught", 5, "errored", 5, ""),
    ("exit in a thread", 0, "completed", None, ""),
    ("exit in a thread and raise", 5, "errored", 5, ""),
    ("error in a thread", 0, "completed", None, "ZeroDivisionError"),
    ("daemon thread", 0, "completed", None, ""),
    ("finish twice", 1, "completed", None, ""),
    ("error after finish", 1, "completed", None, ""),
    ("exit inside with", 6, "errored", 6, ""),
    ("exit inside finally", 6, "errored", 6, "cleaning"),
    ("fork, child returns", 0, "completed", None, "parent"),
    ("fork, child exits", 0, "completed", None, "child"),
    ("fork, child finishes", 0, "completed", None, ""),
]
KILLED = ("kill", "term", "_exit", "abort", "crash")


@pytest.mark.parametrize(("mode", "code", "status", "kept", "text"), ENDINGS, ids=[row[0] for row in ENDINGS])
def test_each_ending_has_its_status_exit_code_and_report(project, mode, code, status, kept, text):
    # unbuffered as in a batch job, where the text of a killed program matters
    done = project.run(SCRIPT, mode, code=code, flags=["-u"])
    run = project.only_run()
    report = project.report(run)
    assert (run.status, run.exit_code) == (status, kept), (report, done.stderr)
    assert run.finished_at >= run.started_at
    assert run.is_end_estimated is (mode in KILLED)
    assert report.startswith(f"hello {mode}\n"), report
    assert text in report
    assert "before" not in report
    if mode in ("finish twice", "error after finish"):
        assert "Error" not in report
    assert not list((project.folder / "data/.lamin_lite").rglob("*.log")), "the log is the report now"


@pytest.mark.parametrize("fails", [False, True])
def test_an_instance_that_is_lost_during_a_run_hides_neither_result_nor_error(project, fails):
    done = project.run(
        f"""
        import sqlite3

        @ln.flow()
        def work():
            other = sqlite3.connect("data/.lamin_lite/lamin.db")
            other.execute("ALTER TABLE run RENAME TO gone")
            other.close()
            if {fails}:
                raise KeyError("the user's own")
            return 42

        print(work())
        """,
        code=1 if fails else 0,
    )
    assert "could not be written" in done.stderr
    assert done.stderr.rstrip().endswith("""KeyError: "the user's own\"""") if fails else "42" in done.stdout


HELD = """
import asyncio
kinds = {}
def kind(made):
    kinds[made.__name__] = made
    return made

@kind
@ln.flow()
def generator():
    try:
        for i in range(3):
            print("item", i)
            yield i
    finally:
        print("closed")

@kind
@ln.flow()
def failing():
    try:
        yield 1
    finally:
        1 / 0

@kind
@ln.flow()
async def asynchronous():
    print("item")
    yield 1

@kind
@ln.flow()
async def coroutine():
    print("item")
    await asyncio.sleep(0)

@ln.flow()
def outer():
    yield from step()

@kind
@ln.step()
def step():
    yield 1

name = sys.argv[1]
if name == "step": ln.track()
held = kinds[name]()
if name == "coroutine":
    held.send(None)
elif name == "asynchronous":
    first = held.__anext__()
    try: first.send(None)
    except StopIteration: pass
else:
    next(held)
"""


@pytest.mark.parametrize(
    ("name", "statuses", "report"),
    [
        ("generator", ["completed"], "item 0\nclosed\n"),
        ("asynchronous", ["completed"], "item\n"),
        ("coroutine", ["aborted"], "item\n"),
        ("step", ["completed", "completed"], ""),
        ("failing", ["errored"], "ZeroDivisionError"),
    ],
)
def test_what_is_held_half_way_at_the_end_ends_as_if_it_were_dropped(project, name, statuses, report):
    done = project.run(HELD, name)
    runs = project.runs()
    assert [run.status for run in runs] == statuses
    assert report in project.report(runs[0])
    assert "lamin_lite" not in done.stderr.replace("→", ""), done.stderr
    assert "Traceback" not in done.stderr


def test_a_generator_that_is_started_when_nothing_can_be_written_any_more_says_nothing(project):
    """An exit handler that was there before ours starts it; it is dropped when the interpreter is taken down."""
    done = project.run(
        """
        import atexit
        @ln.flow()
        def batches():
            yield 1
        def late():
            global held
            held = batches()
            next(held)
        atexit.register(late)
        ln.track()
        ln.finish()
        """
    )
    assert "Traceback" not in done.stderr
    assert [run.status for run in project.runs()] == ["completed", "aborted"]
