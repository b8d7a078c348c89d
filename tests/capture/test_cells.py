"""The report of a run in a kernel: what the events of its cells become."""

from __future__ import annotations

import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamin_lite.base import redact
from lamin_lite.capture import cells
from lamin_lite.capture.cells import CellLog, report, summary
from lamin_lite.capture.notebook import notebook_from_source


@pytest.fixture
def log(tmp_path):
    """A log with a method that makes the report of it."""

    class Made(CellLog):
        def report(self, **options):
            self.close()
            return json.loads(report(self.path, redact.redact_text, **options))

        def outputs(self):
            return self.report()["cells"][-1]["outputs"]

    made = Made(str(tmp_path / "x.cells"))
    made.add("cell", 1, "first")
    return made


def test_the_report_is_a_notebook_in_the_order_of_execution(log):
    log.write("a\n")
    log.write("b\n", "stderr")
    log.add("cell", 7, "second")
    log.add("result", {"text/plain": "4"}, {}, 7)
    log.add("error", "ValueError", "no", ["\x1b[31mValueError\x1b[0m: no"])
    made = log.report(about={"run": "u"})
    assert (made["nbformat"], made["nbformat_minor"], made["metadata"]["lamin_lite"]) == (4, 5, {"run": "u"})
    assert [(cell["execution_count"], cell["source"]) for cell in made["cells"]] == [(1, "first"), (7, "second")]
    assert made["cells"][0]["outputs"] == [
        {"output_type": "stream", "name": "stdout", "text": "a\n"},
        {"output_type": "stream", "name": "stderr", "text": "b\n"},
    ]
    assert made["cells"][1]["outputs"] == [
        {"output_type": "execute_result", "data": {"text/plain": "4"}, "metadata": {}, "execution_count": 7},
        {"output_type": "error", "ename": "ValueError", "evalue": "no", "traceback": ["\x1b[31mValueError\x1b[0m: no"]},
    ]
    assert len({cell["id"] for cell in made["cells"]}) == 2
    assert summary(made) == "2 cells, 1 with an error: ValueError: no"


def test_a_killed_kernel_leaves_what_it_had_written(log, tmp_path):
    log.write("all of it\n")
    path = tmp_path / "x.cells"
    path.write_bytes(path.read_bytes() + b'["stream", "stdout", "half of')
    assert log.outputs() == [{"output_type": "stream", "name": "stdout", "text": "all of it\n"}]


def test_what_is_no_event_is_passed_over(log):
    for event in (
        ["stream"],
        ["display", 3],
        ["unknown", 1],
        ["finished", 1],
        ["take", 1],
        ["update", {}, {}, "no such"],
    ):
        log.add(*event)
    log.write("b")
    assert log.outputs() == [{"output_type": "stream", "name": "stdout", "text": "b"}]


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        (["10%", "\r50%", "\r100%\n", "x"], "100%\nx"),
        (["\x1b[32mgreen\x1b[0m\n"], "green\n"),
        (["a\r\nb\r\n"], "a\nb\n"),
        (["a" * 70_000, "b" * 70_000], "a" * 70_000 + "b" * 70_000),
        ([f"\r{i:6}" for i in range(40_000)], " 39999"),
    ],
)
def test_text_is_what_a_terminal_shows_at_the_end(log, parts, text):
    for part in parts:
        log.write(part)
    assert log.outputs() == [{"output_type": "stream", "name": "stdout", "text": text}]


@given(parts=st.lists(st.text(alphabet="ab\n", max_size=5), max_size=20))
def test_text_without_frames_is_what_was_written(parts, tmp_path_factory):
    log = CellLog(str(tmp_path_factory.mktemp("log") / "x.cells"))
    log.add("cell", 1, "x")
    for part in parts:
        log.write(part)
    log.close()
    outputs = json.loads(report(log.path, str))["cells"][0]["outputs"]
    assert "".join(output["text"] for output in outputs) == "".join(parts)


def test_of_much_text_the_beginning_and_the_end_are_kept(log):
    lines = [f"line {number} {'x' * 90}\n" for number in range(30_000)]
    for line in lines:
        log.write(line)
    (output,) = log.outputs()
    assert len(output["text"]) < cells.MOST_TEXT + 200
    head, note, tail = output["text"].partition("… ")[0], output["text"], output["text"].rpartition(" …\n")[2]
    assert "".join(lines).startswith(head)
    assert "".join(lines).endswith(tail)
    dropped = sum(map(len, lines)) - len(head) - len(tail)
    assert f"… {dropped:,} characters are not kept …\n" in note
    assert min(len(head), len(tail)) > cells.MOST_TEXT // 2 - 200


def test_a_huge_line_and_a_huge_output_become_a_note(log):
    log.write("x" * 3_000_000 + "\n")
    log.add("display", {"image/png": "A" * (cells.MOST_DATA + 1), "text/plain": "<Figure>"}, {}, None)
    text, image = log.outputs()
    assert text["text"] == "… 3,000,001 characters are not kept …\n"
    assert list(image["data"]) == ["text/plain"]
    assert "is not kept: image/png, text/plain" in image["data"]["text/plain"]


def test_many_large_outputs_do_not_add_up_for_ever(log, monkeypatch):
    monkeypatch.setattr(cells, "MOST_OF_ALL", 5000)
    for _ in range(5):
        log.add("display", {"image/png": "A" * 2000}, {}, None)
    kinds = [list(output["data"]) for output in log.outputs()]
    assert kinds == [["image/png"]] * 2 + [["text/plain"]] * 3


def test_what_was_cleared_takes_no_room(log, monkeypatch):
    monkeypatch.setattr(cells, "MOST_OF_ALL", 3000)
    monkeypatch.setattr(cells, "MOST_KEPT", 25_000)
    for number in range(10):
        log.add("clear", True)
        log.add("display", {"image/png": f"{number}" * 2000}, {}, None)
    (output,) = log.outputs()
    assert output["data"] == {"image/png": "9" * 2000}
    size = os.path.getsize(log.path)
    for _ in range(10):
        log.add("display", {"image/png": "A" * 2000}, {}, None)
    assert "is not kept: image/png" in str(log.outputs()[-1])
    assert os.path.getsize(log.path) < size + 8000


def test_outputs_are_cleared_and_updated_as_a_front_end_does(log):
    log.write("gone")
    log.add("clear", False)
    log.add("display", {"text/plain": "1"}, {}, "bar")
    log.add("cell", 2, "second")
    log.add("update", {"text/plain": "2"}, {}, "bar")
    log.write("kept until the next output")
    log.add("clear", True)
    made = log.report()
    assert [output["data"] for output in made["cells"][0]["outputs"]] == [{"text/plain": "2"}]
    assert len(made["cells"][1]["outputs"]) == 1
    log.write("next")
    assert log.outputs() == [{"output_type": "stream", "name": "stdout", "text": "next"}]


def test_a_cell_that_begins_another_run_is_dropped(log):
    log.add("cell", 2, "ln.track()")
    log.add("drop")
    assert [cell["source"] for cell in log.report()["cells"]] == ["first"]


def test_secrets_are_masked_in_code_and_in_every_kind_of_output(log):
    log.add("cell", 2, "password = 'correct-horse-battery'")
    log.write("it is correct-horse-battery\n")
    log.add(
        "result",
        {"text/html": "<b>correct-horse-battery</b>", "application/json": {"a": ["correct-horse-battery"]}},
        {},
        2,
    )
    log.add("error", "E", "correct-horse-battery", ["\x1b[31m'correct-\x1b[0mhorse-battery'", "\x1b[31mred\x1b[0m"])
    log.write("ghp_" + "a1B2" * 9, "stderr")
    whole = json.dumps(log.report())
    assert "horse" not in whole
    assert "a1B2" not in whole
    assert json.loads(whole)["cells"][1]["source"] == "password = '***'"
    assert "\\u001b[31mred" in whole, "colours stay where no secret is"


def test_images_are_kept_to_the_letter(log):
    log.add("cell", 2, "key = 'AAAAAAAA1'")
    log.add("display", {"image/png": "xxAAAAAAAA1xx"}, {}, None)
    assert log.outputs()[0]["data"] == {"image/png": "xxAAAAAAAA1xx"}


def test_text_cells_stand_where_the_notebook_has_them(log):
    frame = notebook_from_source(
        "# %% [markdown]\n# top\n\n# %%\nfirst\n\n# %% [markdown]\n# middle\n\n# %%\nnever run\n\n# %% [markdown]\n# before second\n\n"
        "# %%\nsecond\n\n# %% [markdown]\n# end\n"
    )
    for count, text in enumerate(["second", "first", "elsewhere"], 2):
        log.add("cell", count, text)
    made = log.report(frame=frame)
    assert [cell["source"] for cell in made["cells"]] == (
        ["top", "first", "middle", "before second", "second", "first", "elsewhere", "end"]
    )


def test_after_an_early_stop_the_text_that_follows_is_left_out(log):
    frame = notebook_from_source("# %%\nfirst\n\n# %% [markdown]\n# later\n\n# %%\nlater\n")
    assert [cell["source"] for cell in log.report(frame=frame)["cells"]] == ["first"]


PASTED = {"a.png": {"image/png": "A" * 2000}}
WITH_PASTED = notebook_from_source("# %% [markdown]\n# *(pasted image: a.png)*\n\n# %%\nfirst\n")


def test_pasted_images_come_back_into_their_text(log):
    log.add("pasted", "*(pasted image: a.png)*", "![](attachment:a.png)", PASTED)
    text, _ = log.report(frame=WITH_PASTED)["cells"]
    assert (text["source"], text["attachments"]) == ("![](attachment:a.png)", PASTED)


def test_pasted_images_that_are_too_much_leave_their_note(log, monkeypatch):
    monkeypatch.setattr(cells, "MOST_OF_ALL", 1500)
    log.add("pasted", "*(pasted image: a.png)*", "![](attachment:a.png)", PASTED)
    text, _ = log.report(frame=WITH_PASTED)["cells"]
    assert (text["source"], "attachments" in text) == ("*(pasted image: a.png)*", False)
    frame = notebook_from_source("# %% [markdown]\n# old ![](attachment:a.png)\n\n# %%\nfirst\n")
    assert log.report(frame=frame)["cells"][0]["source"] == "old *(pasted image: a.png)*"


def test_secrets_in_text_cells_are_masked_too(log):
    log.add("cell", 2, "password = 'correct-horse-battery'")
    frame = notebook_from_source(
        "# %% [markdown]\n# It is correct-horse-battery, ghp_" + "a1B2" * 9 + "\n\n# %%\nfirst\n"
    )
    assert log.report(frame=frame)["cells"][0]["source"] == "It is ***, ***"
