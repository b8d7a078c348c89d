"""The table of late methods tells the truth."""

from __future__ import annotations

import inspect
from importlib import import_module

import pytest

from lamin_lite.models import Artifact, Run, Transform, late


@pytest.mark.parametrize("name", late.TABLE)
def test_a_late_method_has_the_parameters_of_what_it_calls(name):
    module, _, function = late.TABLE[name].partition(":")
    real = getattr(import_module(f"lamin_lite.{module}"), function)
    stub = getattr(late, name)
    wanted = [(each.name, each.default) for each in inspect.signature(real).parameters.values()][1:]
    assert [(each.name, each.default) for each in inspect.signature(stub).parameters.values()][1:] == wanted
    assert inspect.getdoc(stub)


@pytest.mark.parametrize("name", ["describe", "view_lineage"])
@pytest.mark.parametrize("registry", [Artifact, Run, Transform])
def test_artifacts_runs_and_transforms_have_them(registry, name):
    assert getattr(registry, name) is getattr(late, name)


def test_records_do_not_load_what_is_built_upon_them(run_python):
    code = "import sys, lamin_lite as ln; ln.Artifact.view_lineage; print('lamin_lite.lineage' in sys.modules)"
    assert run_python(code).stdout == "False\n"
