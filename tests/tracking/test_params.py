"""Params and features are told in one line of bearable length, and kept whole."""

from __future__ import annotations

import lamin_lite as ln


def line(done, start):
    return next(text for text in done.stderr.splitlines() if text.startswith(f"→ {start}"))


def test_a_long_param_is_told_by_its_beginning_and_kept_whole(project):
    project.instance.Feature(name="note", dtype=str).save()
    done = project.run(
        """
        ln.track(params={"numbers": list(range(5_000)), "rate": 0.5}, features={"note": "x" * 5_000})

        @ln.flow()
        def fit(text, rate=0.5):
            pass

        fit("y" * 5_000)
        """
    )
    for start in ("params: numbers=[0, 1", "features: note='xxx", "params: text='yyy"):
        told = line(done, start)
        assert len(told) < 400
        assert "…" in told
    assert line(done, "params: numbers").endswith("…, rate=0.5")
    script, flow = project.runs()
    assert script.params["numbers"] == list(range(5_000))
    assert script.features["note"] == "x" * 5_000
    assert flow.params["text"] == "y" * 5_000


def test_params_with_a_form_of_their_own_are_found_by_what_was_given(here, workdir):
    from datetime import date, datetime
    from pathlib import Path

    given = {"pair": (1, 2), "at": datetime(2020, 1, 1), "day": date(2020, 1, 1), "path": Path("x/y"), "none": None, "empty": []}  # fmt: skip
    ln.track(params=given, path=here.script("", "s.py"))
    run = ln.context.run
    ln.finish()
    assert run.params == {
        "pair": [1, 2],
        "at": "2020-01-01T00:00:00",
        "day": "2020-01-01",
        "path": "x/y",
        "none": None,
        "empty": [],
    }
    for name, value in given.items():
        assert ln.Run.filter(**{f"params__{name}": value}).one() == run, name
