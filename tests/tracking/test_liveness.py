"""A dead run never stays started once anybody looks; a living one is never ended by others."""

from __future__ import annotations

import os
import signal
import time

import pytest

SLEEPER = """
ln.track()
print("at work", flush=True)
ln.Artifact("f.txt", key="f.txt").save()
open("ready", "w").close()
time.sleep(100)
"""


@pytest.fixture
def sleeper(project, wait_for):
    """A script at work in another process, which has saved an artifact."""
    project.folder.joinpath("f.txt").write_text("x")
    process = project.start(SLEEPER)
    wait_for(project.folder.joinpath("ready").exists)
    yield process
    process.kill()
    process.communicate()


def killed(process):
    process.kill()
    process.communicate()


LOOKS = {
    "filter": "print(ln.Run.filter().one().status)",
    "get": "print(ln.Run.get(ln.connect().database.one('SELECT uid FROM run')[0]).status)",
    "latest_run": "print(ln.Transform.filter().one().latest_run.status)",
    "artifact.run": "print(ln.Artifact.get(key='f.txt').run.status)",
    "filter by status": "print('aborted' if not ln.Run.filter(status='started').count() else 'started')",
    "count": "print('aborted' if ln.Run.filter(status='aborted').count() else 'started')",
}


@pytest.mark.parametrize("look", LOOKS)
def test_whoever_looks_sees_that_a_killed_run_was_aborted(project, sleeper, look):
    killed(sleeper)
    assert project.run(LOOKS[look], name="look.py").stdout == "aborted\n"


def test_the_command_line_shows_that_a_killed_run_was_aborted(project, sleeper, run_python):
    killed(sleeper)
    row = project.instance.database.one("SELECT uid FROM run")
    done = run_python("-m lamin_lite describe", row[0], cwd=project.folder)
    assert "aborted" in done.stdout, done


def test_what_a_killed_run_had_written_is_its_report(project, sleeper):
    before = time.time()
    killed(sleeper)
    run = project.only_run()
    assert (run.status, run.is_end_estimated, run.exit_code) == ("aborted", True, None)
    assert project.report(run) == "at work\n"
    assert run.started_at.timestamp() <= run.finished_at.timestamp() <= before


def test_a_living_run_is_never_ended_by_others(project, sleeper):
    from lamin_lite.tracking import liveness

    for _ in range(2000):
        assert liveness.reap(project.instance, older_than=0, host=os.uname().nodename) == []
    assert project.only_run().status == "started"
    sleeper.send_signal(signal.SIGINT)
    sleeper.communicate()
    assert project.only_run().status == "aborted"
    assert "KeyboardInterrupt" in project.report(project.only_run())


def test_a_second_look_changes_nothing(project, sleeper):
    killed(sleeper)
    run = project.only_run()
    again = project.only_run()
    assert (again.finished_at, again.updated_at, again.report) == (run.finished_at, run.updated_at, run.report)
    assert project.instance.database.one("SELECT count(*) FROM artifact WHERE description LIKE 'report of%'") == (1,)


def test_another_process_that_has_the_number_is_not_taken_for_the_dead_one(project, sleeper):
    killed(sleeper)
    with project.instance.database.write("edit") as tx:
        tx.execute("UPDATE process SET pid = ? WHERE start_time IS NOT NULL", [os.getppid()])
    assert project.only_run().status == "aborted"


def elsewhere(project, **values):
    """Make the process of the run one of another machine, from where its lock cannot be seen."""
    row = {"host": "node7", "boot_id": "other", **values}
    pairs = ", ".join(f"{name} = ?" for name in row)
    with project.instance.database.write("edit") as tx:
        tx.execute(f"UPDATE process SET {pairs}", list(row.values()))


def test_a_free_lock_on_this_machine_tells_even_if_the_host_has_another_name_now(project, sleeper):
    elsewhere(project)
    assert project.only_run().status == "started"
    killed(sleeper)
    assert project.only_run().status == "aborted"


def test_a_run_of_another_host_on_a_network_filesystem_stays_until_somebody_says_so(project, sleeper, monkeypatch):
    from lamin_lite.base import fskind
    from lamin_lite.tracking import liveness

    killed(sleeper)
    elsewhere(project)
    monkeypatch.setattr(fskind, "is_network", lambda path: True)  # there is none on the machine of the tests
    uid = project.only_run().uid
    assert project.only_run().status == "started"
    assert liveness.reap(project.instance, host="node8") == []
    assert liveness.reap(project.instance, older_than=3600) == []
    assert liveness.reap(project.instance, host="node7", dry_run=True) == [uid]
    assert project.only_run().status == "started"
    assert liveness.reap(project.instance, older_than=0.001) == [uid]
    assert liveness.reap(project.instance, host="node7") == []
    assert project.only_run().status == "aborted"


def test_a_machine_that_was_started_anew_has_no_old_processes(project, sleeper, monkeypatch):
    from lamin_lite.base import fskind

    killed(sleeper)
    elsewhere(project, host=os.uname().nodename)
    monkeypatch.setattr(fskind, "is_network", lambda path: True)
    assert project.only_run().status == "aborted"


def test_a_process_that_ended_well_without_its_run_is_dead(project):
    project.run(
        """
        import threading
        @ln.flow()
        def work():
            started.set()
            time.sleep(100)
        started = threading.Event()
        threading.Thread(target=work, daemon=True).start()
        started.wait()
        """
    )
    assert project.only_run().status == "aborted"


def test_an_instance_that_cannot_be_written_shows_dead_runs_without_failing(project, sleeper):
    killed(sleeper)
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    os.chmod(project.instance.database.path, 0o444)
    assert project.run("print(ln.Run.filter().one().status)", name="look.py").stdout == "started\n"


# -- the command


def test_reap_prints_what_it_ended(project, sleeper, run_python):
    killed(sleeper)
    uid = project.instance.database.one("SELECT uid FROM run")[0]
    dry = run_python("-m lamin_lite reap --dry-run", cwd=project.folder)
    assert (dry.returncode, dry.stdout.split()[0]) == (0, uid), dry
    assert project.instance.database.one("SELECT status FROM run") == ("started",)
    done = run_python("-m lamin_lite reap", cwd=project.folder)
    assert done.returncode == 0, done
    assert done.stdout.split()[0] == uid
    assert "s.py" in done.stdout
    again = run_python("-m lamin_lite reap --host node7 --older-than 2.5", cwd=project.folder)
    assert (again.returncode, again.stdout) == (0, ""), again
    assert project.only_run().status == "aborted"


def test_reap_refuses_ages_that_are_none(project, run_python):
    for odd in ("-1", "x", "nan", "inf"):
        done = run_python("-m lamin_lite reap --older-than", odd, cwd=project.folder)
        assert done.returncode == 2, (odd, done)
        assert "hours" in done.stderr


@pytest.mark.parametrize("moment", ["query", "write_report", "cleaned", "exists"])
def test_a_dead_run_that_another_process_ends_at_the_same_time_is_ended_once(
    project, sleeper, monkeypatch, caplog, moment
):
    from lamin_lite.tracking import liveness, opened

    killed(sleeper)
    place = {"cleaned": opened, "exists": os.path}.get(moment, liveness)
    own, others = getattr(place, moment), []

    def done_after_another(*args, **options):
        seen = own(*args) if moment == "exists" else None
        if moment != "exists" or (seen and str(args[0]).endswith(".log")):
            monkeypatch.setattr(place, moment, own)
            others.extend(liveness.reap(project.instance))
        return own(*args, **options) if seen is None else seen

    monkeypatch.setattr(place, moment, done_after_another)
    assert liveness.reap(project.instance) == []
    run = project.only_run()
    assert (run.status, others) == ("aborted", [run.uid])
    assert project.report(run) == "at work\n"
    assert len(project.instance.database.read("SELECT id FROM artifact WHERE description LIKE 'report of run%'")) == 1
    assert caplog.text == ""


def test_a_dead_run_that_another_process_removes_meanwhile_harms_nobody(project, sleeper, monkeypatch):
    from lamin_lite.tracking import liveness

    killed(sleeper)
    is_dead = liveness.is_dead

    def removed_after_the_look(store, row, identity):
        dead = is_dead(store, row, identity)
        with store.database.write("remove the run") as tx:
            tx.execute("DELETE FROM run_artifact")
            tx.execute("UPDATE artifact SET run_id = NULL")
            tx.execute("DELETE FROM run WHERE id = ?", [row[0]])
        return dead

    monkeypatch.setattr(liveness, "is_dead", removed_after_the_look)
    assert liveness.reap(project.instance) == []


def test_two_that_look_at_once_both_see_that_a_process_is_dead(project, sleeper):
    import fcntl

    from lamin_lite.base import fsio

    killed(sleeper)
    (name,) = os.listdir(project.instance.process_dir)
    path = os.path.join(project.instance.process_dir, name)
    flock, seen = fcntl.flock, []

    def locked_while_another_looks(fd, how):
        flock(fd, how)
        fcntl.flock = flock
        seen.append(fsio.is_locked(path))

    fcntl.flock = locked_while_another_looks
    try:
        assert fsio.is_locked(path) is False
    finally:
        fcntl.flock = flock
    assert seen == [False]
