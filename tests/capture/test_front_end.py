"""Which program started a kernel, as its command line tells it."""

from __future__ import annotations

import pytest

from lamin_lite.capture.front_end import _Kernel


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("jupyter-lab x.ipynb", "jupyter-lab"),
        ("/usr/bin/python3 /usr/bin/jupyter-nbconvert --execute x.ipynb", "jupyter-nbconvert"),
        ("jupyter --debug execute x.ipynb", "jupyter-execute"),
        ("python3.11 -m jupyter lab execute.ipynb", "jupyter-lab"),
        ("python -u -X dev -W ignore -m nbconvert --execute x", "nbconvert"),
        ("python -mjupyterlab.labapp", "jupyterlab"),
        ("python /lib/papermill/__main__.py in.ipynb", "papermill"),
        ("python -c nbconvert papermill", ""),
        ("python my.py notebook.ipynb", "my.py"),
        ("python notebook.py", "notebook.py"),
        ("python", ""),
        ("", ""),
    ],
)
def test_the_program_is_told_from_what_it_is_given(line, name):
    kernel = _Kernel.__new__(_Kernel)
    kernel.arguments = line.split()
    assert kernel.program() == name
