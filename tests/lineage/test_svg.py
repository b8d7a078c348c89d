"""Pictures as SVG: well-formed and harmless whatever the names are, complete, the same each time."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings

from lamin_lite import errors
from lamin_lite.lineage import labels, svg
from lamin_lite.lineage.picture import picture_of
from tests.lineage.graphs import HOSTILE, LINKS, TEXTS, called_graph, graph_of, linked, node

SPACE = "{http://www.w3.org/2000/svg}"
TAGS = {"svg", "title", "style", "g", "path", "rect", "text"}


def parsed(graph, **options):
    """The document; that it is well-formed is what the parser checks."""
    return ET.fromstring(graph.to_svg(**options))


def tags(document):
    return {each.tag.removeprefix(SPACE) for each in document.iter()}


def named(document, name):
    return [each for each in document.iter() if name in each.get("class", "").split()]


def texts(document):
    return ["".join(each.itertext()) for each in document.iter(SPACE + "text")]


def hostile(graph, text):
    """The same graph, in which everything is called so."""
    nodes = tuple(
        each._replace(title=text, status=text, entrypoint=text and each.entrypoint and text, params={text: [text]})
        for each in graph.nodes
    )
    return graph._replace(nodes=nodes, root=nodes[0], groups=(node("r9", title=text, entrypoint=text),))


@settings(max_examples=100, deadline=None)
@given(LINKS, TEXTS)
def test_whatever_the_names_are_it_is_well_formed_and_harmless(links, text):
    document = parsed(hostile(linked(links), text))
    assert tags(document) <= TAGS
    for each in document.iter():
        assert not [name for name in each.attrib if name.startswith("on") or "href" in name]
    assert not re.search(r"url\(|@import|https?:(?!//www\.w3\.org/2000/svg)", svg.drawn(picture_of(linked(links))))


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_are_shown_as_they_are(text):
    picture = parsed(graph_of(["r1 > a0"], nodes=[node("a0", title=text)]))
    shown = next(shown for box in named(picture, "root") for shown in texts(box))
    assert labels.clean(text).endswith(shown.removeprefix("…"))


@settings(max_examples=50, deadline=None)
@given(LINKS)
def test_all_boxes_and_edges_are_there(links):
    graph = linked(links)
    document = parsed(graph, siblings=99)
    assert len(named(document, "box")) == len(graph.nodes)
    assert len(named(document, "edge")) == len(graph.edges)
    assert len(named(document, "recreated")) == sum(edge.role == "recreated" for edge in graph.edges)


def test_the_same_graph_gives_the_same_bytes_whatever_the_order():
    graph = graph_of(["r1 > a0", "a1 > r1", "a2 > r1", "r2 > a2", "a1 > r2"])
    again = graph._replace(nodes=graph.nodes[::-1], edges=graph.edges[::-1])
    assert graph.to_svg() == again.to_svg()


def test_kinds_and_states_have_looks():
    nodes = [
        node("r1", status="errored"),
        node("r2", status="aborted"),
        node("r3", status="started"),
        node("a1", status="older version"),
        node("a2", status="in the trash"),
    ]
    document = parsed(
        graph_of(["r1 > a0", "a1 > r1", "r2 > a1", "a2 > r2", "r3 > a2", "a3 > r3", "r4 > a3"], nodes=nodes)
    )
    for look in ("errored", "aborted", "started", "older", "trashed", "run", "artifact", "root"):
        assert len(named(document, look)) == (2 if look == "artifact" else 1), look


def test_a_tooltip_holds_what_a_box_has_no_room_for():
    nodes = [node("r1", params={"rows": 2}, finished=3_000_000)]
    document = parsed(graph_of(["r1 > a0"], nodes=nodes))
    tooltip = next(box.findtext(SPACE + "title") for box in named(document, "run"))
    for line in ("uid: r1", "status: completed", "finished: 1970-01-01 00:00:03 UTC", "params: rows = 2"):
        assert line in tooltip.split("\n")


def test_long_names_are_shortened_where_a_path_says_least():
    key = "a/long/way/down/" * 5 + "name.csv"
    run = node("r1", entrypoint="a_function_with_a_very_long_name" * 3)
    document = parsed(graph_of(["r1 > a0"], nodes=[node("a0", title=key), run]))
    assert any(text.startswith("…") and text.endswith("/name.csv") for text in texts(document))
    assert any(text.startswith("a_function_with") and text.endswith("…") for text in texts(document))


def test_frames_are_labelled():
    graph = graph_of(["r1 > a0"], nodes=[node("r1", initiated_by="r9")], groups=(node("r9", entrypoint="main"),))
    document = parsed(graph)
    assert len(named(document, "frame")) == 1
    assert "flow.py: main()" in texts(document)


def test_links_are_there_only_where_an_address_is_given():
    graph = graph_of(["r1 > a0", *(f"a{at} > r1" for at in range(1, 30))])
    assert "href" not in graph.to_svg()
    links = [each.get("href") for each in parsed(graph, base_url="https://lab.example/our/data/").iter(SPACE + "a")]
    assert "https://lab.example/our/data/artifact/a0" in links
    assert len(links) == 7  # the box for many is no row


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "", "https://a\nb", "file:///etc"])
def test_an_address_that_is_none_is_refused(url):
    with pytest.raises(errors.InvalidArgument, match="no address"):
        graph_of(["r1 > a0"]).to_svg(base_url=url)


@settings(max_examples=50, deadline=None)
@given(TEXTS)
def test_words_stay_in_their_boxes(text):
    document = parsed(graph_of(["r1 > a0"], nodes=[node("a0", title=text)]))
    for box in named(document, "artifact"):
        shape = next(each for each in box if each.get("class") == "shape")
        left, right = map(float, re.match(r"M([\d.]+) .*?L([\d.]+) ", shape.get("d")).groups())
        for each in box.findall(SPACE + "text"):
            is_title = each.get("class") == "title"
            size, bold = svg.TITLE if is_title else svg.NOTE, is_title and "root" in box.get("class").split()
            assert left < float(each.get("x"))
            assert float(each.get("x")) + labels.width("".join(each.itertext()), size, bold=bold) < right


def test_bold_words_and_others_are_not_wider_than_is_thought():
    wide = "…/dataset_subsetted.parquet"
    assert labels.width(wide, 1000) > 14_830  # DejaVu Sans
    assert labels.width(wide, 1000, bold=True) > 16_654  # DejaVu Sans Bold
    assert labels.width(wide, 1000, bold=True) < 17_500


def test_a_file_is_written_whole(tmp_path):
    graph = graph_of(["r1 > a0"], nodes=[node("a0", title="données 😀.csv")])
    text = graph.to_svg(tmp_path / "lineage.svg")
    assert (tmp_path / "lineage.svg").read_text(encoding="utf-8") == text
    assert [each.name for each in tmp_path.iterdir()] == ["lineage.svg"]


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    graph = graph_of(["r1 > a0"])
    with pytest.raises(errors.MissingFile, match=r"no folder .*nowhere"):
        graph.to_svg(tmp_path / "nowhere" / "lineage.svg")
    with pytest.raises(errors.InvalidArgument, match="is a folder"):
        graph.to_svg(tmp_path)


def test_in_a_notebook_it_has_its_own_size_and_shows_what_can_be_scrolled():
    chain = graph_of([link for at in range(30) for link in (f"r{at} > a{at}", f"a{at + 1} > r{at}")])
    bundle = chain._repr_mimebundle_()
    assert set(bundle) == {"image/svg+xml", "text/plain"}
    assert bundle["text/plain"] == str(chain)
    assert bundle["image/svg+xml"] == chain._repr_svg_()
    document = ET.fromstring(bundle["image/svg+xml"])
    assert document.get("width") == document.get("viewBox").split()[2]
    assert document.get("style") == "max-width:none"
    assert float(document.get("width")) <= svg.SCROLLED + 100
    assert any("a number beside a box" in text for text in texts(document))


def test_in_a_notebook_the_letters_of_an_ordinary_picture_are_as_large_as_those_beside_it():
    pipeline = graph_of(["r1 > a0", "a1 > r1", "r2 > a1", "a2 > r2", "r3 > a2", "a3 > r3", "a4 > r3", "r4 > a3"])
    document = ET.fromstring(pipeline._repr_svg_())
    assert document.get("width") == document.get("viewBox").split()[2]
    assert len(named(document, "box")) == len(pipeline.nodes)


def test_a_run_of_which_only_the_steps_did_something_is_a_frame_with_two_borders():
    document = parsed(called_graph())
    (frame,) = named(document, "frame")
    assert "root" in frame.get("class").split()
    assert [each.get("class") for each in frame.iter(SPACE + "rect")] == ["ground", "halo", "halo"]
    assert [texts(each) for each in named(document, "asked")] == [["flow.py: main()"]]
    assert "main()" not in {text for box in named(document, "box") for text in texts(box)}


def test_the_frame_of_a_run_that_failed_is_in_its_colour():
    (frame,) = named(parsed(called_graph(status="errored")), "frame")
    assert "errored" in frame.get("class").split()


def test_a_graph_is_named_in_a_line():
    assert repr(graph_of(["r1 > a0", "a1 > r1"])) == "<Lineage of a0.csv: 2 artifacts, 1 run>"


def test_rules_of_style_stay_in_the_picture():
    style = svg._style()
    selectors = [each for rule in style.split("}") if rule for each in rule.partition("{")[0].split(",")]
    assert all(selector.startswith(".lineage-picture ") for selector in selectors)
