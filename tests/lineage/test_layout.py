"""Places from numbers: nothing overlaps, everything flows to the right, and always in the same way."""

from __future__ import annotations

import itertools
import random
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lamin_lite.lineage.heights import BOX_GAP, FRAME_BOTTOM, FRAME_GAP, FRAME_TOP, LINE_GAP
from lamin_lite.lineage.layout import FRAME_SIDE, arranged

NEARLY = 1e-6


@st.composite
def drawings(draw):
    """Sizes, edges in any direction, groups, and which edges are weak."""
    count = draw(st.integers(0, 14))
    sizes = draw(
        st.lists(st.tuples(st.integers(20, 200), st.integers(10, 60)), min_size=count, max_size=count),
    )
    box = st.integers(0, max(0, count - 1))
    edges = draw(st.lists(st.tuples(box, box), max_size=2 * count)) if count else []
    groups = draw(st.lists(st.sampled_from([None, None, 0, 1, 2]), min_size=count, max_size=count))
    weak = draw(st.sets(st.integers(0, max(0, len(edges) - 1)), max_size=4))
    return sizes, edges, groups, weak


def overlap(one, other):
    return (
        one.x < other.x + other.width - NEARLY
        and other.x < one.x + one.width - NEARLY
        and one.y < other.y + other.height - NEARLY
        and other.y < one.y + one.height - NEARLY
    )


def holds(frame, box):
    return (
        frame.x < box.x
        and frame.y < box.y
        and frame.x + frame.width > box.x + box.width
        and frame.y + frame.height > box.y + box.height
    )


def crossings(layout, edges):
    """Pairs of edges between the same two columns that cross."""
    lines = [(layout.boxes[source], layout.boxes[target]) for source, target in edges]
    return sum(
        one[0].x == other[0].x and one[1].x == other[1].x and (one[0].y - other[0].y) * (one[1].y - other[1].y) < 0
        for one, other in itertools.combinations(lines, 2)
    )


@settings(max_examples=100, deadline=None)
@given(drawings())
def test_no_two_boxes_overlap_and_all_are_within_the_picture(drawing):
    layout = arranged(*drawing)
    for one, other in itertools.combinations(layout.boxes, 2):
        assert not overlap(one, other)
    for box, (width, height) in zip(layout.boxes, drawing[0]):
        assert box.width >= width
        assert box.height == height
        assert 0 <= box.x <= box.x + box.width <= layout.width
        assert 0 <= box.y <= box.y + box.height <= layout.height


@settings(max_examples=100, deadline=None)
@given(drawings())
def test_a_frame_holds_its_group_and_nothing_else(drawing):
    layout, groups = arranged(*drawing), drawing[2]
    assert set(layout.frames) == {group for group in groups if group is not None}
    for group, frame in layout.frames.items():
        for box, its in zip(layout.boxes, groups):
            assert holds(frame, box) if its == group else not overlap(frame, box)
    for one, other in itertools.combinations(layout.frames.values(), 2):
        assert not overlap(one, other)


@settings(max_examples=300, deadline=None)
@given(drawings())
def test_a_frame_is_as_wide_and_high_as_its_boxes_and_the_lines_through_it_need(drawing):
    _, edges, groups, _ = drawing
    layout = arranged(*drawing)
    for group, frame in layout.frames.items():
        boxes = [box for box, its in zip(layout.boxes, groups) if its == group]
        assert frame.x == pytest.approx(min(box.x for box in boxes) - FRAME_SIDE)
        assert frame.x + frame.width == pytest.approx(max(box.x + box.width for box in boxes) + FRAME_SIDE)
        lines = LINE_GAP * sum(group in (groups[source], groups[target]) for source, target in edges)
        top, bottom = frame.y + FRAME_TOP, frame.y + frame.height - FRAME_BOTTOM
        end = top - BOX_GAP
        for box in sorted(boxes, key=lambda box: box.y):  # no blank part between two of them, nor at the ends
            assert box.y <= end + BOX_GAP + lines + NEARLY
            end = max(end, box.y + box.height)
        assert bottom <= end + lines + NEARLY


@pytest.mark.parametrize("count", [1, 2, 3, 7, 30])
def test_the_frames_of_a_workflow_that_ran_often_are_as_high_as_that_of_its_first_run(count):
    """Each run makes the same file again, and a step of it the result."""
    made, result, runs = 0, 1, range(count)
    edges = [edge for run in runs for edge in ((2 + 2 * run, made), (made, 3 + 2 * run), (3 + 2 * run, result))]
    groups = [0, None, *(run for run in runs for _ in "ms")]
    for some in (edges, [edge for edge in edges if edge[0] != made or edge[1] == 3]):
        layout = arranged([(150, 42)] * len(groups), some, groups)
        assert {round(frame.height) for frame in layout.frames.values()} == {86}


def test_a_frame_and_what_it_is_linked_with_are_beside_each_other_and_straight():
    edges = [(0, 1), (2, 1), (1, 3), (3, 4)]  # what is made outside is made again within, and read there
    layout = arranged([(150, 42)] * 5, edges, [None, None, 0, 0, None], [1])
    assert layout.boxes[0].y == pytest.approx(layout.boxes[1].y)
    assert layout.boxes[3].y == pytest.approx(layout.boxes[4].y)
    assert layout.frames[0].y == pytest.approx(layout.boxes[0].y + 42 + FRAME_GAP)


@settings(max_examples=100, deadline=None)
@given(drawings())
@example(([(20, 10)] * 3, [(0, 2), (1, 0), (1, 2), (1, 2), (1, 2)], [None] * 3, set()))
def test_edges_flow_to_the_right_around_all_boxes(drawing):
    sizes, edges, groups, weak = drawing
    layout = arranged(sizes, edges, groups, weak)
    for (source, target), route, turned in zip(edges, layout.routes, layout.turned):
        if source == target:
            assert not route
            continue
        left, right = (target, source) if turned else (source, target)
        assert route[0][0] == pytest.approx(layout.boxes[left].x + layout.boxes[left].width)
        assert route[-1][0] == pytest.approx(layout.boxes[right].x)
        assert [x for x, _ in route] == sorted(x for x, _ in route)
        for (start, y), (end, _) in zip(route[1::2], route[2::2]):
            passed = [box for box in layout.boxes if box.x < end and start < box.x + box.width]
            assert all(y < box.y or y > box.y + box.height for box in passed)


@settings(max_examples=60, deadline=None)
@given(drawings())
def test_without_circles_no_edge_is_turned(drawing):
    sizes, edges, groups, _ = drawing
    forward = [(min(edge), max(edge)) for edge in edges if edge[0] != edge[1]]
    assert not any(arranged(sizes, forward, groups).turned)


@settings(max_examples=100, deadline=None)
@given(drawings())
def test_the_same_graph_is_the_same_picture(drawing):
    assert arranged(*drawing) == arranged(*drawing)


def test_in_a_circle_the_weak_edge_is_turned():
    edges = [(0, 1), (1, 2), (2, 0)]
    assert arranged([(90, 40)] * 3, edges).turned == [False, False, True]
    for weak in range(3):
        assert arranged([(90, 40)] * 3, edges, weak=[weak]).turned == [at == weak for at in range(3)]


def test_a_chain_is_straight():
    layout = arranged([(90, 40)] * 9, [(at, at + 1) for at in range(8)])
    assert len({box.y for box in layout.boxes}) == 1
    assert [box.x for box in layout.boxes] == sorted(box.x for box in layout.boxes)


def test_a_tree_has_no_crossings_and_its_root_is_in_the_middle():
    edges = [((child - 1) // 2, child) for child in range(1, 31)]
    random.Random(3).shuffle(edges)
    layout = arranged([(90, 40)] * 31, edges)
    assert crossings(layout, edges) == 0
    leaves = [box.y for box in layout.boxes[15:]]
    assert layout.boxes[0].y == pytest.approx((min(leaves) + max(leaves)) / 2, abs=50)


def test_what_can_be_drawn_without_crossings_mostly_is():
    edges = [(at, 10 + each) for at in range(10) for each in {at, min(9, at + 1)}]
    random.Random(5).shuffle(edges)
    assert crossings(arranged([(90, 40)] * 20, edges), edges) == 0


def test_a_source_stands_beside_its_reader():
    layout = arranged([(90, 40)] * 6, [(0, 1), (1, 2), (2, 3), (3, 4), (5, 4)])
    assert layout.boxes[5].x == layout.boxes[3].x


def test_boxes_of_a_column_are_equally_wide():
    layout = arranged([(90, 40), (60, 40), (130, 40)], [(0, 1), (0, 2)])
    assert [box.width for box in layout.boxes] == [90, 130, 130]


def test_two_edges_between_the_same_boxes_are_apart():
    layout = arranged([(90, 40)] * 2, [(0, 1), (1, 0)])
    assert layout.turned == [False, True]
    assert layout.routes[0][0] != layout.routes[1][0]


def test_beside_a_frame_there_is_room_for_the_next():
    layout = arranged([(90, 40)] * 2, [(0, 1)], [0, 1])
    assert layout.frames[0].x + layout.frames[0].width < layout.frames[1].x
    assert layout.boxes[0].x - layout.frames[0].x == FRAME_SIDE


def test_nothing_is_a_picture_too():
    layout = arranged([], [])
    assert not layout.boxes
    assert layout.width > 0


@pytest.mark.parametrize(("count", "seconds"), [(300, 2), (2000, 15)])
def test_hundreds_take_a_moment_and_thousands_no_minute(count, seconds):
    draws = random.Random(count)
    edges = [
        (draws.randrange(max(0, at - 40), at), at) for at in range(1, count) for _ in range(draws.choice([1, 1, 2]))
    ]
    before = time.process_time()
    layout = arranged([(150, 42)] * count, edges, [0 if at % 7 == 0 else None for at in range(count)])
    assert time.process_time() - before < seconds
    assert len(layout.boxes) == count
