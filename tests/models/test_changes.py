"""`update` and `delete` of many rows: those that there were, all or none, a few at a time."""

from __future__ import annotations

import tracemalloc

import pytest

import lamin_lite as ln
from lamin_lite.sql import query


@pytest.fixture
def instance(workdir):
    return ln.Instance.init(workdir)


@pytest.fixture
def batches(monkeypatch):
    """Batches of three, so that few rows are many."""
    monkeypatch.setattr(query, "BATCH", 3)


def labels(instance, count):
    return ln.save([instance.ULabel(name=f"{at:04}") for at in range(count)])


def test_a_change_reaches_the_rows_of_all_batches_once(instance, batches):
    labels(instance, 10)
    assert instance.ULabel.filter(name__lt="0007").update(description="seen") == 7
    assert instance.ULabel.filter(description="seen").count() == 7
    assert instance.ULabel.filter(description="seen").delete() == 7
    assert instance.ULabel.filter().to_list("name") == ["0007", "0008", "0009"]
    assert instance.ULabel.filter(branch=None).delete(permanent=True) == 10
    assert instance.ULabel.filter(branch=None).count() == 0


def test_a_change_that_moves_rows_out_of_the_conditions_reaches_all_the_same(instance, batches):
    """What a row is made decides whether the next one still meets the condition: asked anew, half would be missed."""
    top = instance.Record(name="old", is_type=True).save()
    rows = [top]
    for _ in range(7):
        rows.append(instance.Record(name="old", is_type=True, type=rows[-1]).save())
    found = instance.Record.filter(name="old", type__name="old")
    assert found.update(name="new") == 7
    assert found.count() == 0
    assert instance.Record.filter(name="new").to_list() == rows[1:]


@pytest.mark.parametrize("order", ["name", "-name"])
def test_a_slice_is_changed_in_its_order(instance, batches, order):
    rows = sorted(labels(instance, 9), key=lambda row: row.name, reverse=order == "-name")
    cut = instance.ULabel.filter().order_by(order)[2:7]
    assert cut.update(description="cut") == 5
    assert instance.ULabel.filter(description="cut").order_by(order).to_list() == rows[2:7]
    assert cut.delete() == 5
    assert instance.ULabel.filter().order_by(order).to_list() == rows[:2] + rows[7:]


def test_a_row_that_refuses_undoes_what_was_done_in_earlier_batches(instance, batches):
    labels(instance, 8)
    last = instance.ULabel.get(name="0007")
    last.is_locked = True
    last.save()
    for call in (
        lambda: instance.ULabel.filter().update(description="x"),
        lambda: instance.ULabel.filter().delete(),
        lambda: instance.ULabel.filter().delete(permanent=True),
    ):
        with pytest.raises(ln.errors.Conflict):
            call()
    assert instance.ULabel.filter(description__isnull=True).count() == 8


def test_rows_that_were_read_before_are_read_anew_after_a_change(instance):
    labels(instance, 2)
    found = instance.ULabel.filter(description__isnull=True)
    assert len(found) == 2
    found.update(description="x")
    assert len(found) == 0


def test_nothing_to_set_changes_nothing(instance):
    (one,) = labels(instance, 1)
    assert instance.ULabel.filter().update() == 1
    assert one.refresh().updated_at == instance.ULabel.get(one.uid).updated_at == one.updated_at
    with pytest.raises(ln.errors.FieldError, match="'branch'"):
        instance.ULabel.filter().update(branch=instance.Branch.get(name="trash"))


@pytest.mark.sqlite
def test_memory_does_not_grow_with_the_rows_that_are_changed(instance, monkeypatch):
    monkeypatch.setattr(query, "BATCH", 20)
    ln.save([instance.ULabel(name=f"{at:04}", description="x" * 100_000) for at in range(300)])  # 30 MB
    peaks = {}
    for name, change in (
        ("update", lambda: instance.ULabel.filter().update(reference="r")),
        ("delete", lambda: instance.ULabel.filter().delete()),
    ):
        tracemalloc.start()
        assert change() == 300
        peaks[name] = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert max(peaks.values()) < 12e6, peaks
