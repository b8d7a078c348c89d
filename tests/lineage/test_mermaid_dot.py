"""Pictures as Mermaid and DOT text, and what the real programs read in them."""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings

from lamin_lite.lineage import dot, labels, mermaid
from tests.lineage.graphs import HOSTILE, LINKS, TEXTS, called_graph, graph_of, linked, node
from tests.lineage.test_svg import hostile

MORE = [
    "1. first",
    "12) second",
    "- dash",
    "+ plus",
    "style a:b#c; x",
    "classDef x fill:#f00;",
    "back\\name $$x^2$$",
    "fa:fa-car `code` **strong** _em_",
    "end",
    "#quot; #35; &lt;",
]


def framed():
    nodes = [node("r1", initiated_by="r9", status="errored"), node("a1", status="in the trash")]
    links = ["a1 > r1", "r1 > a0", "r2 ~ a0"]
    return graph_of(links, nodes=nodes, groups=(node("r9", entrypoint="main"),))


@pytest.mark.parametrize(
    ("form", "line"),
    [
        ("mermaid", "style g0 fill:#7a838d18,stroke:#3d8b40,stroke-width:3px"),
        ("dot", 'style=rounded; penwidth=2.5; color="#3d8b40"'),
    ],
)
def test_a_run_that_is_a_frame_is_seen_to_be_what_was_asked_for(form, line):
    text = getattr(called_graph(), f"to_{form}")()
    assert line in text
    assert "main()" in text
    assert line not in getattr(framed(), f"to_{form}")()


# -- Mermaid


def test_a_chart_has_nodes_frames_edges_and_looks():
    lines = [line.strip() for line in framed().to_mermaid().splitlines()]
    assert lines[0] == "flowchart LR"
    assert 'n0(["r1()<br/>errored · 1970-01-01 00:00"]):::errored' in lines
    assert 'subgraph g0["flow.py: main()"]' in lines
    assert [line for line in lines if "->" in line] == ["n0 --> n2", "n1 -.-> n2", "n3 --> n0"]
    assert any(line.startswith("classDef trashed ") and "dasharray" in line for line in lines)


@settings(max_examples=60, deadline=None)
@given(LINKS, TEXTS)
def test_no_name_leaves_its_label(links, text):
    graph = hostile(linked(links), text)
    for line in graph.to_mermaid(siblings=99).splitlines():
        inner = re.sub(r'"[^"]*"', '""', line)
        assert re.fullmatch(
            r"flowchart LR|  accTitle: .*|  +n\d+(\[\[?|\(\[)\"\"(\]\]?|\]\)):::[a-z]+|  subgraph g\d+\[\"\"\]|    direction LR"
            r"|  end|  n\d+ (-->|-\.->) n\d+|  (classDef|style) [\w#:,\- ]+|  %% .*",
            inner,
        ), line


def test_a_chart_has_not_more_boxes_than_mermaid_takes():
    links = [link for at in range(400) for link in (f"r{at} > a{at}", f"a{at + 1} > r{at}")]
    text = graph_of(links).to_mermaid()
    assert text.count(":::") == 200
    assert len(text) < 50_000
    assert "%% Only the 200 boxes" in text


def _mermaid():
    """The script of Mermaid for browsers, where it is installed; ``MERMAID_JS`` says where."""
    places = [os.environ.get("MERMAID_JS", "")]
    if shutil.which("npm"):
        root = subprocess.run(["npm", "root", "-g"], capture_output=True, text=True, check=False).stdout.strip()
        places += [f"{root}/mermaid", f"{root}/@mermaid-js/mermaid-cli/node_modules/mermaid"]
    for place in places:
        for path in (Path(place), Path(place, "dist", "mermaid.min.js")):
            if path.is_file():
                return path
    return None


@pytest.mark.slow
def test_mermaid_draws_hostile_names_as_they_are(tmp_path):
    program, script = shutil.which("chromium"), _mermaid()
    if program is None or script is None:
        pytest.skip("no Chromium or no Mermaid here (npm install -g mermaid): its reading was not tested")
    names = [*HOSTILE, *MORE]
    graph = graph_of(
        ["r1 > a0", *(f"a{at} > r1" for at in range(1, len(names)))],
        nodes=[node("r1", initiated_by="r9"), *(node(f"a{at}", title=name, at=None) for at, name in enumerate(names))],
        groups=(node("r9", entrypoint='"x"]'),),
    )
    chart = json.dumps(graph.to_mermaid(siblings=99)).replace("<", "\\u003c")
    (tmp_path / "page.html").write_text(
        f'<!DOCTYPE html><meta charset="utf-8"><body><script src="{script.as_uri()}"></script><script>'
        f"mermaid.initialize({{startOnLoad: false}}); mermaid.render('x', {chart}).then(({{svg}}) => {{"
        " document.body.innerHTML = svg; const found = [...document.querySelectorAll('.nodeLabel')].map(e => e.innerText);"
        " document.body.textContent = JSON.stringify(found); },"
        " error => { document.body.textContent = JSON.stringify(['failed: ' + error]); });</script>",
        encoding="utf-8",
    )
    done = subprocess.run(
        [program, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}",
         "--virtual-time-budget=30000", "--dump-dom", (tmp_path / "page.html").as_uri()],
        capture_output=True, text=True, encoding="utf-8", timeout=120, check=False,
    )  # fmt: skip
    body = html.unescape(done.stdout.partition("<body>")[2].partition("</body>")[0])
    shown = {label.replace("\u200b", "").split("\n")[0] for label in json.loads(body)}
    wanted = [labels.fitted(labels.clean(name), mermaid.ROOM, 14, keep_end=True) for name in names]
    assert {" ".join(name.split()) for name in wanted} <= {" ".join(name.split()) for name in shown}


# -- DOT


def test_a_graph_has_nodes_clusters_edges_and_looks():
    text = framed().to_dot()
    assert text.startswith('digraph "Lineage of a0.csv" {')
    assert 'label="flow.py: main()"' in text
    assert text.count("subgraph cluster_") == 1
    assert text.count(" -> ") == 3
    assert text.count("style=dashed]") == 1
    assert 'label="r1()\\nerrored · 1970-01-01 00:00"' in text


@settings(max_examples=60, deadline=None)
@given(LINKS, TEXTS)
def test_quotes_are_closed_whatever_the_names_are(links, text):
    graph = hostile(linked(links), text)
    for line in graph.to_dot(siblings=99, base_url="https://x").splitlines():
        assert '"' not in re.sub(r'"(\\.|[^"\\])*"', "", line)


@pytest.mark.slow
def test_graphviz_reads_all_names_as_they_are():
    program = shutil.which("dot")
    if program is None:
        pytest.skip("no Graphviz here: its reading was not tested")
    names = [*HOSTILE, *MORE]
    nodes = [node(f"a{at}", title=name, at=None) for at, name in enumerate(names)]
    graph = graph_of(["r1 > a0", *(f"a{at} > r1" for at in range(1, len(names)))], nodes=nodes)
    text = graph.to_dot(siblings=99, base_url="https://lab.example")
    done = subprocess.run([program, "-Tsvg"], input=text, capture_output=True, text=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    shown = {html.unescape(each).replace("\xa0", " ") for each in re.findall(r"<text[^>]*>([^<]*)</text>", done.stdout)}
    wanted = {labels.fitted(labels.clean(name), dot.ROOM, 14, keep_end=True) for name in names}
    assert wanted <= shown
    assert "https://lab.example/artifact/a0" in done.stdout
