"""The examples of docs/objects.md run as they stand."""

import re

import pytest

import lamin_lite as ln
from tests.conftest import REPO


def test_the_examples_of_the_page_run_in_their_order(workdir):
    for library in ("pandas", "pyarrow", "anndata"):
        pytest.importorskip(library)
    ln.Instance.init(workdir)
    names = {}
    for block in re.findall(r"```python\n(.*?)```", (REPO / "docs/objects.md").read_text("utf-8"), re.DOTALL):
        exec(block, names)
    assert ln.Artifact.get(key="study/cells.parquet").n_observations == 6
