"""What a program prints is in its report as people read it; the program does not notice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest


def body(project, text, **options):
    """The report of a script whose run is finished."""
    done = project.run(f"{text}", **options)
    return project.report(project.only_run()), done


def test_stdout_stderr_and_loggers_that_are_older_than_the_run(project):
    report, done = body(
        project,
        """
        import logging
        logging.basicConfig(format="%(levelname)s %(message)s", stream=sys.stderr)
        kept = sys.stdout
        ln.track()
        print("one", end="")
        print("", "two", flush=True)
        sys.stdout.writelines(["three\\n", "four\\n"])
        print("five", file=sys.stderr)
        kept.write("six\\n")
        logging.warning("seven")
        ln.finish()
        print("after")
        """,
    )
    assert report == "one two\nthree\nfour\nfive\nsix\nWARNING seven\n"
    assert done.stdout == "one two\nthree\nfour\nsix\nafter\n"


def test_our_own_words_are_not_in_the_report(project):
    report, done = body(project, "ln.track()\nprint('x')")
    assert report == "x\n"
    assert "started new Run" in done.stderr


def test_progress_bars_are_folded_and_colours_are_stripped(project):
    report, done = body(
        project,
        r"""
        ln.track()
        for i in range(0, 101, 10): print(f"\r{i}%|{'#' * (i // 10)}", end="", file=sys.stderr)
        print(file=sys.stderr)
        print("\x1b[31mred\x1b[0m \x1b[1;32mgreen\x1b[m \x1b]0;title\x07plain")
        print("long\rshorter")
        """,
    )
    assert report == "100%|##########\nred green plain\nshorter\n"
    assert "\x1b[31m" in done.stdout


def test_a_progress_bar_of_any_length_is_one_line(project):
    report, _ = body(
        project,
        r"""
        ln.track()
        for i in range(100_001): sys.stderr.write(f"\r{i:7} of 100000")
        """,
    )
    assert report == " 100000 of 100000"


def test_a_stream_that_writes_to_another_is_recorded_once(project):
    project.run(
        """
        class Tee:
            def __init__(self, under): self.under = under
            def write(self, text): self.under.write(text); return len(text)
            def flush(self): self.under.flush()
        sys.stdout = Tee(sys.stdout)
        ln.track()
        print("a")
        sys.stdout = Tee(sys.stdout)
        @ln.flow()
        def work(): print("b")
        work()
        print("c")
        """
    )
    script, flow = project.runs()
    assert project.report(script) == "a\nb\nc\n"
    assert project.report(flow) == "b\n"


def test_streams_are_given_back_as_they_were(project):
    project.run(
        """
        import io
        before = sys.stdout, sys.stderr, sys.excepthook, sys.exit, exit, quit
        def write(text): return original(text)
        original, sys.stderr.write = sys.stderr.write, write
        for _ in range(3):
            ln.track(); print("x"); ln.finish()
        @ln.flow()
        def work(): sys.stdout.write("y")
        work()
        assert (sys.stdout, sys.stderr, sys.excepthook, sys.exit, exit, quit) == before
        assert "write" not in vars(sys.stdout)
        assert sys.stderr.write is write
        """
    )


def test_redirected_output_belongs_to_who_redirected_it(project):
    report, _ = body(
        project,
        """
        import contextlib, io
        ln.track()
        with contextlib.redirect_stdout(io.StringIO()) as kept: print("kept")
        assert kept.getvalue() == "kept\\n"
        print("shown")
        """,
    )
    assert report == "shown\n"


def test_replaced_streams_are_caught(project):
    report, _ = body(
        project,
        """
        import io
        sys.stdout = io.StringIO()
        ln.track()
        print("in memory")
        assert sys.stdout.getvalue() == "in memory\\n"
        """,
    )
    assert report == "in memory\n"


@pytest.mark.parametrize(
    "spoil", ["sys.stdout = sys.stderr = None", "sys.stdout.close(); sys.stderr.close()", "os.close(1); os.close(2)"]
)
def test_a_program_without_streams_runs(project, spoil):
    project.run(
        f"""
        {spoil}
        ln.track()
        print("x") if sys.stdout is None else None
        ln.finish()
        ln.track()
        """,
        code=None,
    )
    assert [run.status for run in project.runs()] == ["completed"] * 2


def test_a_stream_that_knows_only_ascii_is_no_obstacle(project):
    project.run(
        """
        import io
        sys.stderr = io.TextIOWrapper(io.BytesIO(), encoding="ascii", errors="strict")
        ln.track(params={"name": "é"})
        ln.finish()
        """
    )
    assert project.only_run().status == "completed"


def test_binary_junk_and_surrogates(project):
    report, _ = body(
        project,
        r"""
        sys.stdout.reconfigure(errors="surrogateescape")
        ln.track()
        print("a\udc80\0b")
        print("".join(map(chr, range(1, 32))))
        """,
    )
    assert report.startswith("a\\udc80\0b\n")


def test_isatty_and_descriptors_stay(project):
    if not hasattr(os, "openpty"):
        pytest.skip("no pseudo terminals")
    main, end = os.openpty()
    script = project.script(
        """
        ln.track()
        assert sys.stdout.isatty() and sys.stderr.isatty()
        assert sys.stdout.fileno() == 1
        print("to a terminal")
        """
    )
    done = subprocess.run(
        [sys.executable, script],
        cwd=project.folder,
        env=project.environ(),
        stdout=end,
        stderr=end,
        stdin=end,
        check=False,
    )
    os.close(end)
    os.close(main)
    assert done.returncode == 0
    assert project.report(project.only_run()) == "to a terminal\n"


def test_output_of_flows_in_threads_is_kept_apart_and_of_nested_runs_is_in_each(project):
    project.run(
        """
        import threading
        @ln.step()
        def inner(n):
            print("inner", n)
        @ln.flow()
        def work(n):
            for i in range(50):
                print("work", n, i)
            inner(n)
        threads = [threading.Thread(target=work, args=(n,)) for n in range(3)]
        for t in threads: t.start()
        for t in threads: t.join()
        """
    )
    for run in project.runs(entrypoint="work"):
        n = run.params["n"]
        assert project.report(run) == "".join(f"work {n} {i}\n" for i in range(50)) + f"inner {n}\n"


def test_a_later_error_never_touches_finished_runs(project):
    project.run(
        """
        @ln.flow()
        def work(n): print("fine", n)
        for n in range(8): work(n)
        @ln.flow()
        def fails(): raise ValueError("late")
        fails()
        """,
        code=1,
    )
    *good, bad = project.runs()
    assert [run.status for run in good] == ["completed"] * 8
    assert [project.report(run) for run in good] == [f"fine {n}\n" for n in range(8)]
    assert bad.status == "errored"
    assert "ValueError: late" in project.report(bad)


def test_ctrl_c_while_the_report_is_made_loses_neither_report_nor_end(project, wait_for):
    process = project.start(
        """
        ln.track()
        line = "x" * 99 + "\\n"
        for _ in range(3000): sys.stdout.write(line * 100)
        open("ready", "w").close()
        ln.finish()
        """,
        stdout=subprocess.DEVNULL,
    )
    wait_for(project.folder.joinpath("ready").exists)
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=300)
    run = project.only_run()
    assert run.status in ("completed", "aborted")
    if run.status == "completed":  # else the signal came before the report was begun
        assert process.returncode == -2, err
        assert run.report.size == 3000 * 100 * 100


def memory_of(project, megabytes):
    done = project.run(
        """
        import resource
        ln.track()
        line = "epoch 12 loss 0.1234 accuracy 0.98 some/path/to/file.txt\\n" * 1000
        left = int(sys.argv[1]) * 1_000_000
        while left > 0: left -= sys.stdout.write(line)
        ln.finish()
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)
        """,
        megabytes,
        stdout=subprocess.DEVNULL,
        timeout=120,
    )
    return int(done.stderr.split()[-1]) / 1024


def test_output_takes_constant_memory(project):
    small, large = memory_of(project, 1), memory_of(project, 40)
    print(f"peak memory: {small:.1f} MB after 1 MB of output, {large:.1f} MB after 40 MB")
    assert large < small + 8
    assert project.runs()[-1].report.size >= 40_000_000


@pytest.mark.slow
def test_hundreds_of_megabytes_of_output_take_constant_memory(project):
    assert memory_of(project, 300) < memory_of(project, 1) + 8


def test_a_log_that_cannot_be_written_costs_a_warning_only(project):
    log_dir = project.instance.log_dir
    assert not os.path.exists(log_dir)
    os.makedirs(os.path.dirname(log_dir), exist_ok=True)
    with open(log_dir, "w") as file:  # a file where the folder should be
        file.write("x")
    done = project.run("ln.track()\nprint('x')\nprint('y')")
    assert done.stdout == "x\ny\n"
    assert done.stderr.count("the report will be incomplete") == 1, done.stderr
    assert project.only_run().status == "completed"


def test_printing_is_not_noticeably_slower(project):
    done = project.run(
        """
        def seconds():
            start = time.perf_counter()
            for i in range(20_000): print("a line of an ordinary length, such as programs print", i)
            return (time.perf_counter() - start) / 20_000
        plain = seconds()
        ln.track()
        tracked = seconds()
        print(f"print: {plain * 1e6:.2f} us, tracked {tracked * 1e6:.2f} us", file=sys.stderr)
        """,
        stdout=subprocess.DEVNULL,
    )
    print(done.stderr.splitlines()[-2:])
