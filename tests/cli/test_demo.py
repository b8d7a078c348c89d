"""The first command that a newcomer types."""

from __future__ import annotations

import os
import re
import subprocess

from lamin_lite.instance import Instance
from tests.conftest import REPO, clean_environ


def demo(run_python, workdir, *arguments):
    done = run_python("-m lamin_lite demo", *arguments, cwd=workdir, env={"TMPDIR": workdir})
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def test_the_demo_shows_the_lineage_of_its_result(run_python, workdir):
    shown = demo(run_python, workdir).stdout
    tree = re.findall(r"(?:made by|^─*) ?(?:gc_workflow.py: )?(\w+)\(", shown)
    assert tree[:5] == ["summarise", "join_samples", "main", "gc_content", "parse_fasta"]
    assert re.search(r"cli args: +--min-length 12", shown)
    assert "min_length = 12" in shown
    assert "Environment" in shown
    assert max(map(len, shown.partition("Where to look next")[0].splitlines()[1:])) <= 100


def test_the_demo_really_records_source_arguments_and_links(run_python, workdir):
    demo(run_python, workdir, "--dir", "here")
    instance = Instance.open(workdir / "here")
    flow = instance.Run.filter(entrypoint="main").one()
    assert flow.transform.source_code == (workdir / "here" / "gc_workflow.py").read_text()
    assert flow.cli_args == "--min-length 12"
    assert flow.params == {"by": "tissue", "min_length": 12}
    assert [run.entrypoint for run in flow.steps] == ["parse_fasta", "gc_content", "join_samples", "summarise"]
    assert all(run.status == "completed" for run in (flow, *flow.steps))
    assert instance.Artifact.get(key="summary.json").load(is_run_input=False) == {"liver": 0.567, "brain": 0.19}
    assert not (workdir / ".lamin_lite").exists()


def test_the_commands_that_the_demo_names_work_when_pasted(run_python, workdir, home):
    shown = demo(run_python, workdir).stdout
    commands = shown.partition("Where to look next")[2].partition("\n")[2].partition("\n")[2]
    environ = {**clean_environ(home), "PATH": os.environ["PATH"]}
    done = subprocess.run(
        ["/bin/sh", "-e"], input=commands, cwd=workdir, env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert "read by gc_workflow.py: join_samples" in done.stdout
    instance = Instance.open(re.search(r"cd (\S+)", commands).group(1))
    assert instance.Artifact.get(key="summary.json").versions.count() == 2


def test_the_demo_changes_nothing_in_a_folder_that_is_in_use(run_python, workdir):
    (workdir / "mine.txt").write_text("mine")
    done = run_python("-m lamin_lite demo", "--dir", ".", cwd=workdir)
    assert done.returncode == 1
    assert "not empty" in done.stderr
    assert os.listdir(workdir) == ["mine.txt"]


def test_the_demo_works_isolated_and_without_site_packages(run_python, workdir):
    code = "import sys; sys.path.insert(0, sys.argv[1]); from lamin_lite.cli import main; sys.exit(main(['demo']))"
    done = run_python(code, REPO, flags=["-I", "-S"], cwd=workdir)
    assert done.returncode == 0, done.stderr
