"""`view_lineage` in a real kernel."""

from __future__ import annotations

import pytest

from tests.conftest import REPO

CELLS = [
    "import lamin_lite as ln\nln.init('./storage')\nln.track(key='notebook.py', path={path!r})",
    "open('a.csv', 'w').write('x')\nartifact = ln.Artifact('a.csv', key='a.csv').save()",
    "artifact.view_lineage()",
    "artifact.view_lineage(return_graph=True)",
]


@pytest.mark.slow
def test_a_kernel_shows_the_picture_and_keeps_the_tree(workdir, monkeypatch):
    nbformat = pytest.importorskip("nbformat", reason="no nbformat here: not tried in a kernel")
    nbclient = pytest.importorskip("nbclient", reason="no nbclient here: not tried in a kernel")
    pytest.importorskip("ipykernel", reason="no ipykernel here: not tried in a kernel")
    monkeypatch.setenv("PYTHONPATH", str(REPO))
    cells = [nbformat.v4.new_code_cell(cell.format(path=__file__)) for cell in CELLS]
    notebook = nbformat.v4.new_notebook(cells=cells)
    nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    for cell in notebook.cells[2:]:
        (shown,) = cell.outputs
        assert set(shown.data) == {"image/svg+xml", "text/plain"}
        assert shown.data["image/svg+xml"].startswith("<svg ")
        assert shown.data["text/plain"].startswith("a.csv\n└─ made by notebook.py")


def test_without_a_notebook_ipython_is_not_loaded(run_python, workdir):
    code = "\n".join(
        [
            "import sys, lamin_lite as ln",
            "ln.init('./storage')",
            f"ln.track(key='script.py', path={__file__!r})",
            "open('a.csv', 'w').write('x')",
            "ln.Artifact('a.csv', key='a.csv').save().view_lineage()",
            "print('IPython' in sys.modules)",
        ]
    )
    done = run_python(code, cwd=workdir)
    assert done.stdout.startswith("a.csv\n└─ made by script.py"), done.stderr
    assert done.stdout.endswith("False\n")
