"""After an ordinary end, nothing that was recognised as a secret is in clear anywhere in the instance."""

from __future__ import annotations

import json
import subprocess

import pytest

SECRETS = {
    "param": "hunter2-in-param",
    "nested": "hunter2-nested",
    "argument": "hunter2-argument",
    "literal": "hunter2-literal",
    "environment": "hunter2-environment",
    "default": "hunter2-default",
    "committed": "hunter2-in-diff",
    "form": "ghp_" + "a1B2c3D4e5" * 4,
    "key": "MIIEowIBAAKCAQEAtinyLittleKeyThatIsNoKeyAtAll0123456789",
}
SCRIPT = f"""
API_KEY = "{SECRETS["literal"]}"
token = os.environ.get("MY_TOKEN", "{SECRETS["default"]}")
num_memory_tokens = 16
@ln.flow()
def work(password, options, num_memory_tokens=16, cls_token="[CLS]"):
    print("password is", password)
    raise ValueError("cannot log in with " + password)
ln.track(params={{"db_password": "{SECRETS["param"]}", "learning_rate": 0.01}})
print("key", API_KEY, "token", token, "argument", sys.argv[-1], "form", "{SECRETS["form"]}")
print("-----BEGIN RSA PRIVATE KEY-----")
print("{SECRETS["key"]}")
print("-----END RSA PRIVATE KEY-----")
print("num_memory_tokens", num_memory_tokens)
try:
    work("{SECRETS["param"]}", {{"auth": {{"token": "{SECRETS["nested"]}"}}}})
except ValueError:
    pass
print(os.environ["MY_TOKEN"])
if sys.argv[1] == "error": raise RuntimeError("with " + token)
if sys.argv[1] == "exit": sys.exit("with " + token)
"""


@pytest.mark.parametrize("ending", ["finish", "error", "exit"])
def test_no_secret_is_kept_in_clear(project, ending):
    # the source holds some of them as literals of names that tell
    source = SCRIPT.replace(f'"{SECRETS["param"]}"', "PASSWORD").replace(f'"{SECRETS["nested"]}"', "SECRET")
    source = f'PASSWORD = "{SECRETS["param"]}"\nSECRET = "{SECRETS["nested"]}"\n' + source
    source = source.replace(f'"{SECRETS["key"]}"', f'"{SECRETS["key"][:30]}" + "{SECRETS["key"][30:]}"')
    project.run(
        source,
        ending,
        "--password",
        SECRETS["argument"],
        code={"finish": 0}.get(ending, 1),
        env={"MY_TOKEN": SECRETS["environment"]},
    )
    project.instance.database.read("SELECT 1")
    kept = project.kept_bytes()
    for name, secret in SECRETS.items():
        if name != "committed":  # that one is of the next test
            assert secret.encode() not in kept, name
    script, flow = project.runs()
    assert script.params == {"db_password": "***", "learning_rate": 0.01}
    assert flow.params["num_memory_tokens"] == 16
    assert flow.params["cls_token"] == "[CLS]"
    assert script.cli_args == f"{ending} --password '***'"
    assert "num_memory_tokens 16" in project.report(script)
    assert "num_memory_tokens = 16" in script.transform.source_code
    assert "ValueError: cannot log in with ***" in project.report(flow)


def test_the_diff_of_the_repository_is_masked(project):
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org"]
    project.script("ln.track()\n", "s.py")
    try:
        subprocess.run([*git, "init", "-q"], cwd=project.folder, check=True)
    except FileNotFoundError:
        pytest.skip("no git")
    subprocess.run([*git, "add", "s.py"], cwd=project.folder, check=True)
    subprocess.run([*git, "commit", "-q", "-m", "x"], cwd=project.folder, check=True)
    project.run(f'ln.track()\nPASSWORD = "{SECRETS["committed"]}"\nprint("dirty")\n')
    git_facts = project.only_run().extra_data["git"]
    assert git_facts["dirty"] is True
    diff = project.instance.Artifact.get(git_facts["diff"])
    assert "+print(" in diff.load(is_run_input=False)
    assert SECRETS["committed"].encode() not in b"".join(
        path.read_bytes() for path in (project.folder / "data").rglob("*") if path.is_file()
    )


def test_a_token_in_the_title_of_a_notebook_is_masked(project, cli):
    path = project.folder / "n.ipynb"
    for title in (f"Pull with {SECRETS['form']}", f"Push with {SECRETS['form']}"):
        cell = {"cell_type": "markdown", "metadata": {}, "source": f"# {title}"}
        path.write_text(json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 4}))
        cli("save", "n.ipynb")
        kept = project.instance.Transform.get(key="n.ipynb")
        assert kept.description == title.replace(SECRETS["form"], "***")
    path.unlink()
    assert SECRETS["form"].encode() not in project.kept_bytes()


def test_a_killed_run_keeps_no_known_form_of_secrets(project):
    project.run(f'ln.track()\nprint("{SECRETS["form"]}", flush=True)\nos.kill(os.getpid(), 9)', code=-9)
    assert "***" in project.report(project.only_run())
    assert SECRETS["form"].encode() not in project.kept_bytes()


def test_the_hash_is_that_of_the_true_source(project):
    import hashlib

    path = project.script('PASSWORD = "hunter2-literal"\nln.track()\n')
    project.run('PASSWORD = "hunter2-literal"\nln.track()\n')
    transform = project.only_run().transform
    assert transform.hash == hashlib.sha256(path.read_bytes()).hexdigest()
    assert "hunter2" not in transform.source_code


LEAK = """
db_password = "correct-horse-battery"
@ln.{kind}({pin})
def connect():
    print("connect", db_password)
    raise RuntimeError("cannot login " + db_password)
try:
    connect()
except RuntimeError:
    pass
"""
WAYS = {
    "pinned flow": (LEAK.format(kind="flow", pin='uid="abcdefghijkl"'), ["s.py"]),
    "pinned script": ("ln.track('abcdefghijkl')\n" + LEAK.format(kind="step", pin=""), ["s.py"]),
    "renamed": ("ln.track()\nos.rename(__file__, 'r.py')\n" + LEAK.format(kind="step", pin=""), ["s.py"]),
    "edited": ("ln.track()\nopen(__file__, 'w').close()\n" + LEAK.format(kind="step", pin=""), ["s.py"]),
    "module": (LEAK.format(kind="flow", pin=""), ["-m", "pk.m"]),
    "code": (LEAK.format(kind="flow", pin=""), ["-c"]),
    "launched": (LEAK.format(kind="flow", pin=""), ["-m", "lamin_lite", "run", "s.py"]),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_secret_in_the_source_is_masked_wherever_the_file_is(project, way):
    text, command = WAYS[way]
    path = project.script(text, "pk/m.py" if way == "module" else "s.py")
    if way == "code":
        command = ["-c", path.read_text()]
        path.unlink()
    done = project.execute(*command)
    assert done.returncode == 0, done.stderr
    reports = [project.report(run) for run in project.runs()]
    for report in reports:
        assert "connect ***" in report
    assert "cannot login ***" in reports[-1]
    assert b"correct-horse" not in project.kept_bytes()


def test_a_secret_in_the_module_of_a_step_is_masked_in_what_called_it(project):
    project.script(LEAK.partition("try:")[0].format(kind="step", pin="").replace("raise", "return"), "other.py")
    project.run("import other\nln.track()\nother.connect()\n")
    assert project.report(project.runs()[0]) == "connect ***\n"
    assert b"correct-horse" not in project.kept_bytes()


def test_a_secret_among_the_arguments_of_a_step_is_masked_in_what_called_it(project):
    project.run(
        """
        @ln.step()
        def login(password):
            print("with", password)
        ln.track()
        login("correct-" + "horse-battery")
        """
    )
    assert project.report(project.runs()[0]) == "with ***\n"
