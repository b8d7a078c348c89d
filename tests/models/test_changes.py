"""`update` and `delete` of many rows: those that there were, all or none, a few at a time."""

from __future__ import annotations

import tracemalloc

import pytest

import lamin_lite as ln
from lamin_lite.sql import query
from lamin_lite.sql.database import Transaction


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


@pytest.fixture
def statements(monkeypatch):
    """The statements of transactions, but for those that only read."""
    made = []
    for name in ("execute", "execute_many"):
        method = getattr(Transaction, name)
        monkeypatch.setattr(
            Transaction, name, lambda self, *args, method=method: made.append(args[0]) or method(self, *args)
        )
    update = Transaction.update
    monkeypatch.setattr(Transaction, "update", lambda self, *args: made.append(args[0]) or update(self, *args))
    return made


def test_fields_from_which_nothing_follows_are_written_in_one_statement_a_batch(instance, statements):
    transform = instance.Transform(key="t.py").save()
    runs = ln.save([instance.Run(transform=transform, params={"at": at % 3}) for at in range(1_000)])
    before = instance.Run.get(runs[0].uid).updated_at
    with instance.database.write("forget") as tx:
        tx.execute("DELETE FROM run_param WHERE owner_id > 1")
    statements.clear()
    found = instance.Run.filter()
    assert found.update(description="x", status="errored", extra_data={"a": 1}, started_at="2026-01-01T00:00Z") == 1_000
    assert len(statements) == 1_000 / query.BATCH
    assert instance.Run.filter(description="x", status="errored", started_at__isnull=False).count() == 1_000
    assert instance.Run.filter(extra_data__a=1, updated_at__gt=before).count() == 1_000
    assert instance.Run.filter(params__at__gte=0).count() == 1  # the index of params is left alone
    statements.clear()
    assert found.update(description="x", extra_data={"a": 1}) == 1_000
    assert statements == []


def test_each_row_is_written_where_it_differs_and_each_is_judged(instance):
    rows = labels(instance, 4)
    rows[0].description = "x"
    rows[1].is_locked = True
    ln.save(rows)
    before = {row: row.updated_at for row in instance.ULabel.filter()}
    found = instance.ULabel.filter().exclude(name="0001")
    assert found.update(description="x") == 3
    assert {row.name for row, moment in before.items() if row.refresh().updated_at != moment} == {"0002", "0003"}
    for wrong, error in (("a\0b", "NUL"), (3, "description is text")):
        with pytest.raises(ln.errors.InvalidArgument, match=error):
            found.update(description=wrong)
    with pytest.raises(ln.errors.Conflict, match=r"0001 .* is locked"):
        instance.ULabel.filter().update(description="y")
    assert instance.ULabel.filter(description="y").count() == 0
    assert instance.ULabel.filter().update(description="y", is_locked=False) == 4
    assert instance.ULabel.filter(description="y", is_locked=False).count() == 4


def test_params_that_are_changed_of_many_runs_are_found(instance):
    transform = instance.Transform(key="t.py").save()
    ln.save([instance.Run(transform=transform, params={"at": at}) for at in range(5)])
    assert instance.Run.filter(params__at__gte=3).update(params={"at": -1}) == 2
    assert instance.Run.filter(params__at=-1).count() == 2
    assert instance.Run.filter(params__at__gte=0).count() == 3


def test_a_name_that_is_taken_is_refused_also_of_many(instance):
    labels(instance, 3)
    with pytest.raises(ln.errors.Conflict, match="cannot be called 'x'"):
        instance.ULabel.filter().update(name="x", description="x")
    assert instance.ULabel.filter(description="x").count() == 0
