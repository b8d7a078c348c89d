"""Scripts under a locale whose encoding is not UTF-8, with names that it cannot tell."""

from __future__ import annotations

import pytest

OLD = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


@pytest.mark.parametrize(
    "text",
    [
        "ln.track()\nprint('hi')\nln.finish()\n",
        "@ln.flow()\ndef f():\n    print('hi')\n    return 5\nassert f() == 5\n",
    ],
    ids=["script", "flow"],
)
def test_what_prints_ends_well_where_the_locale_cannot_tell_the_name_of_the_script(project, text):
    done = project.run(text, name="ä.py", env=OLD)
    assert done.stdout == "hi\n"
    run = project.only_run()
    assert (run.status, run.transform.key, run.report.load()) == ("completed", "ä.py", "hi\n")
