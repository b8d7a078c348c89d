"""What a run printed is kept until there is a report of it, however long that takes."""

from __future__ import annotations

import os

import pytest

from lamin_lite import errors
from lamin_lite.tracking import checkouts, liveness

PRINTS = """
password = "correct-horse-battery"
@ln.flow()
def work():
    print("the only copy")
    print(password, os.environ.get("MY_TOKEN"))
    stage = "data/.lamin_lite/tmp"
    if os.path.isdir(stage): os.rmdir(stage)
    open(stage, "w").close()  # so that nothing can be saved, as on a full disk
    BODY
work()
"""


def logs(project):
    return [os.path.join(project.instance.log_dir, name) for name in os.listdir(project.instance.log_dir)]


def mend(project):
    os.remove(project.folder / "data/.lamin_lite/tmp")


def test_a_log_whose_report_cannot_be_kept_stays_until_reap_makes_it(project, cli):
    done = project.run(PRINTS.replace("BODY", ""), env={"MY_TOKEN": "abc-of-the-token"})
    run = project.only_run()
    assert (run.status, run.report) == ("completed", None)
    [log] = logs(project)
    assert f"What it printed stays in {log}; `reap` makes the report of that." in done.stderr
    cli("reap", "--dry-run")
    assert project.only_run().report is None
    assert "could not be kept" in cli("reap").stderr
    assert logs(project) == [log]
    mend(project)
    said = cli("reap", env={"MY_TOKEN": "abc-of-the-token"})
    assert (said.stdout, said.stderr.count(f"made the report of run {run.uid}")) == ("", 1)
    assert project.report(project.only_run()) == "the only copy\n*** ***\n"
    assert logs(project) == []
    assert "made the report" not in cli("reap").stderr


def test_the_log_of_a_killed_run_stays_until_there_is_a_report(project, caplog):
    project.run(PRINTS.replace("BODY", "os.kill(os.getpid(), 9)"), code=-9)
    run = project.only_run()
    assert (run.status, run.report) == ("aborted", None)
    assert len(logs(project)) == 1
    assert caplog.text.count("could not be kept") == 1
    project.runs()
    assert caplog.text.count("could not be kept") == 1  # nobody who only looks is told again and again
    mend(project)
    liveness.reap(project.instance)
    assert project.report(project.only_run()) == "the only copy\n*** None\n"
    assert logs(project) == []


def test_a_step_of_which_no_report_is_wanted_leaves_no_log(project):
    project.run(
        """
        ln.track()
        @ln.step()
        def one(): print("x")
        one()
        """
    )
    assert logs(project) == []


@pytest.mark.skipif(os.name != "posix", reason="limits are of POSIX")
def test_that_a_file_is_of_a_family_is_never_forgotten_without_a_word(project):
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))  # as on a full disk
    try:
        with pytest.raises(errors.NoSpace, match=r"to note the family of \./s\.py"):
            checkouts.tell(project.instance, "./s.py", "abc")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert checkouts.tell(project.instance, "./s.py", "abc")
    assert checkouts.stem_at(project.instance, "./s.py") == "abc"
