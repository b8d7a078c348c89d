"""The page around a picture: alone, safe, and with all that its script needs."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
import subprocess
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings

from lamin_lite.lineage import labels, theme
from lamin_lite.lineage.page import SCRIPT
from tests.lineage.graphs import HOSTILE, LINKS, TEXTS, graph_of, linked, node
from tests.lineage.test_picture import fan
from tests.lineage.test_svg import hostile


class Page(HTMLParser):
    """The tags of a page with their attributes, and the text of each kind of tag."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.texts, self.open = [], {}, []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        while self.open and self.open.pop() != tag:
            pass

    def handle_data(self, data):
        self.texts.setdefault(self.open[-1] if self.open else "", []).append(data)

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def data(self):
        return json.loads(self.texts["script"][0])


@settings(max_examples=60, deadline=None)
@given(LINKS, TEXTS)
def test_whatever_the_names_are_only_our_script_is_there(links, text):
    page = Page(hostile(linked(links), text).to_html(siblings=99))
    assert page.all("script") == [{"type": "application/json", "id": "data"}, {}]
    assert page.texts["script"][1] == SCRIPT
    assert not [tag for tag, _ in page.tags if tag in {"img", "iframe", "object", "embed", "a", "link", "base", "form"}]
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
    assert len(page.data["boxes"]) == sum("data-box" in attributes for _, attributes in page.tags)


def test_the_policy_lets_nothing_but_our_script_run():
    page = Page(graph_of(["r1 > a0"]).to_html())
    policy = next(each["content"] for each in page.all("meta") if "http-equiv" in each)
    digest = base64.b64encode(hashlib.sha256(page.texts["script"][1].encode()).digest()).decode()
    assert policy.startswith("default-src 'none'; ")
    assert f"script-src 'sha256-{digest}';" in policy


def test_nothing_is_fetched():
    text = graph_of(["r1 > a0"]).to_html()
    assert set(re.findall(r"https?://[^\"' ]+", text)) == {"http://www.w3.org/2000/svg"}
    assert not re.search(r"\ssrc=|url\(|@import", text)


def test_the_details_of_a_box_are_all_there():
    nodes = [
        node("a0", title="results/a.csv", hash="ab" * 32, size=10),
        node("r1", status="errored", params={"rows": 2}, finished=2_000_000),
    ]
    page = Page(graph_of(["r1 > a0"], nodes=nodes).to_html())
    details = {box["title"]: dict(box["details"]) for box in page.data["boxes"]}
    assert details["results/a.csv"]["SHA-256"] == "ab" * 32
    assert details["r1(rows=2)"]["status"] == "errored"
    assert details["r1(rows=2)"]["finished"] == "1970-01-01 00:00:02 UTC"
    assert details["r1(rows=2)"]["params"] == "rows = 2"
    assert [attributes["data-box"] for _, attributes in page.tags if "root" in attributes.get("class", "").split()] == [
        str([box["title"] for box in page.data["boxes"]].index("results/a.csv"))
    ]


def test_boxes_that_stand_for_many_hold_what_is_searched_of_each():
    boxes = {box["note"]: box for box in Page(fan(40).to_html()).data["boxes"] if "members" in box}
    files, runs = dict(boxes["*.csv"]["members"]), dict(boxes["train()"]["members"])
    assert len(files) == len(runs) == 35
    assert "a7" in files["a7.csv"].split("\n")
    assert {"train", "r7", "seed = 7"} <= set(runs["train(seed=7)"].split("\n"))


def test_it_has_a_title_a_language_and_names_for_its_controls():
    page = Page(graph_of(["r1 > a0"], nodes=[node("a0", title="a & b.csv")]).to_html())
    assert page.texts["title"][0] == page.texts["h1"][0] == "Lineage of a & b.csv"
    assert page.all("html") == [{"lang": "en"}]
    assert all(each.get("aria-label") or each.get("title") for each in page.all("button") + page.all("input"))
    names = [attributes["aria-label"] for _, attributes in page.tags if "data-box" in attributes]
    assert names == ["run, r1(), flow.py · 1970-01-01 00:00", "artifact, a & b.csv, 1970-01-01 00:00"]


def test_the_legend_names_what_is_there():
    page = Page(graph_of(["r1 > a0", "r2 ~ a0"], nodes=[node("r2", status="errored")]).to_html())
    shown = " ".join(page.texts["span"])
    assert all(word in shown for word in ("artifact", "run", "errored", "made the same bytes again"))
    assert "older version" not in shown
    assert set(theme.MEANINGS) == set(theme.COLOURS)


def test_links_lead_to_the_address_that_is_given():
    page = Page(graph_of(["r1 > a0"]).to_html(base_url="http://127.0.0.1:8000/me/lab"))
    assert [box["url"] for box in page.data["boxes"]] == [
        "http://127.0.0.1:8000/me/lab/run/r1",
        "http://127.0.0.1:8000/me/lab/artifact/a0",
    ]


def shown(text, folder):
    """The page as a browser has it, once its scripts ran."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("no Chromium here: the script of the page was not run")
    (folder / "page.html").write_text(text, encoding="utf-8")
    done = subprocess.run(
        [program, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder / 'profile'}",
         "--dump-dom", (folder / "page.html").as_uri()],
        capture_output=True, text=True, encoding="utf-8", timeout=120, check=False,
    )  # fmt: skip
    page = Page(done.stdout)
    assert "live" in page.all("body")[0].get("class", ""), done.stderr[-2000:]
    return page


@pytest.mark.slow
def test_a_click_shows_what_a_box_came_from_also_while_something_is_searched(tmp_path):
    text = graph_of(["r1 > a0", "a1 > r1", "r1 > a2", "a3 > r3"]).to_html()
    user = """<script>
      var find = document.getElementById("find"), bright = [];
      function note() {
        var boxes = document.querySelectorAll("[data-box]:not(.fade)");
        bright.push(Array.from(boxes, function (box) { return box.querySelector(".title").textContent; }).join(" "));
      }
      find.value = "a2";
      find.dispatchEvent(new Event("input"));
      note();
      document.querySelector("[data-box].root").dispatchEvent(new MouseEvent("click", { bubbles: true }));
      note();
      document.getElementById("close").click();
      note();
      find.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter" }));
      note();
      document.title = bright.join(", ");
    </script></body>"""
    page = shown(re.sub("<meta http-equiv[^>]*>", "", text).replace("</body>", user), tmp_path)
    assert page.texts["title"][0] == "a2.csv, r1() a0.csv a1.csv, a2.csv, a2.csv"


@pytest.mark.slow
def test_what_is_folded_is_found_and_named(tmp_path):
    user = """<script>
      var find = document.getElementById("find"), said = [];
      ["train(seed=7)", "a7.csv", "seed = 12", "nowhere", "train"].forEach(function (wanted) {
        find.value = wanted;
        find.dispatchEvent(new Event("input"));
        said.push(document.getElementById("count").textContent);
        find.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter" }));
        said.push(Array.from(document.querySelectorAll("#facts dd"), function (each) { return each.textContent; }).pop());
        document.getElementById("close").click();
      });
      document.title = JSON.stringify(said);
    </script></body>"""
    text = re.sub("<meta http-equiv[^>]*>", "", fan(40).to_html()).replace("</body>", user)
    said = json.loads(shown(text, tmp_path).texts["title"][0])
    assert said[:6] == ["1 of 15", "train(seed=7)", "1 of 15", "a7.csv", "1 of 15", "train(seed=12)"]
    assert said[6] == "0 of 15"
    assert said[8] == "6 of 15"


@pytest.mark.slow
def test_a_run_that_is_a_frame_is_where_the_page_begins(tmp_path):
    links = [link for at in range(1, 60) for link in (f"a{at - 1} > r{at}", f"r{at} > a{at}")]
    nodes = [node(f"r{at}", initiated_by="r99" if at > 40 else None) for at in range(1, 60)]
    graph = graph_of(links, root="r99", nodes=nodes)._replace(starts=("r99", *(f"r{at}" for at in range(41, 60))))
    page = shown(graph.to_html(), tmp_path)
    left = float(next(each["viewbox"] for each in page.all("svg")).split()[0])
    frame = next(attributes for _, attributes in page.tags if attributes.get("class") == "ground")
    assert left == pytest.approx(
        float(frame["x"]) - 16
    )  # of what is larger than the room the left upper corner, with its borders


@pytest.mark.slow
def test_a_browser_runs_the_script_and_shows_hostile_names_as_text(tmp_path):
    nodes = [node(f"a{at}", title=text) for at, text in enumerate(HOSTILE)]
    graph = graph_of(["r1 > a0", *(f"a{at} > r1" for at in range(1, len(HOSTILE)))], nodes=nodes)
    page = shown(graph.to_html(siblings=99), tmp_path)
    assert {box["title"] for box in page.data["boxes"]} == {"r1()", *map(labels.clean, HOSTILE)}
