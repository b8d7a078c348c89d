"""The README does what it says, in an empty directory."""

from __future__ import annotations

import re
import shlex

from lamin_lite.base import names, settings
from tests.conftest import REPO

BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks():
    return BLOCK.findall((REPO / "README.md").read_text(encoding="utf-8"))


def test_the_readme_works_when_it_is_typed_in(run_python, workdir):
    shown = ""
    for language, file, text in blocks()[1:]:  # the first shows how to run the demo and these tests
        if language == "python" and file:
            (workdir / file).write_text(text)
        elif language == "python":
            shown += succeeded(run_python(text, cwd=workdir))
        elif language == "sh":
            for line in text.splitlines():
                python, *words = shlex.split(line, comments=True)
                assert python == "python"
                what = [" ".join(words[:2]), *words[2:]] if words[0] == "-m" else [workdir / words[0], *words[1:]]
                shown += succeeded(run_python(*what, cwd=workdir))
        else:
            assert re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d", "", text) in re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d", "", shown)
    assert "made by my_workflow.py: subset(" in shown
    assert "learning_rate = 0.01" in shown


def succeeded(done):
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout


def test_the_first_command_is_the_demo_and_the_second_the_tests():
    language, _, text = blocks()[0]
    commands = [line.partition("#")[0].strip() for line in text.splitlines()]
    assert (language, commands) == ("sh", ["python -m lamin_lite demo", "sh tests/run"])


def test_links_of_the_documents_lead_somewhere():
    for page in (REPO / "README.md", *(REPO / "docs").glob("*.md")):
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_the_table_of_variables_is_that_of_the_code():
    text = (REPO / "docs" / "settings.md").read_text(encoding="utf-8")
    rows = dict(re.findall(rf"^\| `{names.ENV_PREFIX}(\w+)` \| (.*) \|$", text, re.MULTILINE))
    assert rows == settings.VARIABLES, "docs/settings.md and VARIABLES of base/settings.py tell different things"


def test_the_architecture_names_every_room():
    text = (REPO / "docs" / "architecture.md").read_text(encoding="utf-8")
    package = REPO / "lamin_lite"
    rooms = [each.name + "/" * each.is_dir() for each in package.iterdir() if not each.name.startswith((".", "__py"))]
    missing = [room for room in rooms if f"`{room}`" not in text and room != "py.typed"]
    assert not missing, f"docs/architecture.md does not say what {missing} is for"
