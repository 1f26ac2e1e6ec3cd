"""The lineage graph, and how it is drawn."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from headrace.authoring.docs import column_order, contents, drawing, layout, lineage
from headrace.authoring.docs.lineage import Edge, Lineage, Node
from headrace.authoring.docs.tree import tree
from headrace.cli.graph import graph
from headrace.errors import UserError
from headrace.project.paths import Project

COLUMNS = "columns: {tag: {type: string, doc: d, required: true}}\n"
TABLE = f"description: d\ngrain: g\n{COLUMNS}"
FILES = {
    "_sources/plant.yaml": "description: d\ntopic: plant.raw\nfields: {tag: {type: string, required: true}}\n"
    "time: {path: t, unit: epoch_ms}\nkey: tag\nwatermark: {lateness: 10s}\n",
    "_topics/alerts.yaml": f"description: d\ntopic: plant.alerts\nkey: [tag]\n{COLUMNS}",
    "_tables/h.kept.yaml": TABLE,
    "_tables/h.other.yaml": TABLE,
    "_tables/h.state.yaml": f"{TABLE}key: [tag]\n",
    "_tables/h.unused.yaml": TABLE,
    "_tables/c.counts.yaml": TABLE,
    "a/keep_v1/job.yaml": "reads: [source/plant]\n"
    "writes: {table/h.kept: append, table/h.other: append, table/h.state: upsert}\n",
    "a/keep_v1/h.kept.sql.j2": "select * from {{ source('plant') }}",
    "a/keep_v1/h.other.sql.j2": "select * from {{ source('plant') }}",
    "a/keep_v1/h.state.sql.j2": "select * from {{ source('plant') }}",
    "c/count_v1/job.yaml": "reads: [source/plant, job/a/keep_v1]\n"
    "writes: {table/c.counts: append, topic/alerts: append}\n"
    "late_table: h.late\n",
    "c/count_v1/_windows.sql.j2": "select * from {{ on_time('plant') }} join {{ ref('a/keep_v1', output='h.kept') }}",
    "c/count_v1/c.counts.sql.j2": "select * from {{ view('windows') }}",
    "c/count_v1/topic.alerts.sql.j2": "select * from {{ view('windows') }}",
}

KEEP, COUNT = Node("job", "a/keep_v1"), Node("job", "c/count_v1")
RAW, ALERTS = Node("topic", "plant.raw"), Node("topic", "plant.alerts")


def table(name: str) -> Node:
    return Node("table", name)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "catalogs").mkdir()
    for name, text in FILES.items():
        path = tmp_path / "sql" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        head = f"kind: job\nname: {path.parent.relative_to(tmp_path / 'sql')}\nowner: o\ndescription: d\ngrain: g\n"
        path.write_text(head + text if path.name == "job.yaml" else text)
    return Project(tmp_path, tmp_path / ".headrace")


def drawn(project: Project) -> Lineage:
    return lineage.draw(contents.read(project))


def test_each_read_and_each_write_is_an_edge(project: Project) -> None:
    assert set(drawn(project).edges) == {
        Edge(RAW, KEEP, "read"),
        Edge(KEEP, table("h.kept"), "append"),
        Edge(KEEP, table("h.other"), "append"),
        Edge(KEEP, table("h.state"), "upsert"),
        Edge(KEEP, table("historian.dead_letters"), "refused"),
        Edge(RAW, COUNT, "read"),
        Edge(table("h.kept"), COUNT, "read"),
        Edge(COUNT, table("c.counts"), "append"),
        Edge(COUNT, ALERTS, "append"),
        Edge(COUNT, table("historian.dead_letters"), "refused"),
        Edge(COUNT, table("h.late"), "late"),
    }


def test_an_unused_table_is_a_node_too(project: Project) -> None:
    assert table("h.unused") in drawn(project).nodes


def test_a_ref_without_a_table_follows_each_table_that_the_job_appends_to(project: Project) -> None:
    view = project.sql / "c/count_v1/_windows.sql.j2"
    view.write_text("select * from {{ ref('a/keep_v1') }}")
    read = {edge.start for edge in drawn(project).into(COUNT)}
    assert read == {RAW, table("h.kept"), table("h.other")}


def test_a_topic_that_one_job_writes_and_another_reads_is_one_node(project: Project) -> None:
    source = project.sql / "_sources/plant.yaml"
    source.write_text(source.read_text().replace("plant.raw", "plant.alerts"))
    assert {node for node in drawn(project).nodes if node.kind == "topic"} == {ALERTS}


def test_around_a_job_is_everything_upstream_and_downstream(project: Project) -> None:
    around = drawn(project).around("c/count_v1")
    assert set(around.nodes) == {
        RAW,
        KEEP,
        table("h.kept"),
        COUNT,
        ALERTS,
        table("c.counts"),
        table("historian.dead_letters"),
        table("h.late"),
    }
    assert Edge(KEEP, table("historian.dead_letters"), "refused") not in around.edges


def test_an_unknown_job_is_reported_with_the_known_ones(project: Project) -> None:
    with pytest.raises(UserError, match="there is no job 'c/count_v2'") as caught:
        drawn(project).around("c/count_v2")
    assert caught.value.problems[0].fix == "did you mean 'c/count_v1'?"
    with pytest.raises(UserError, match="jobs of this project: a/keep_v1, c/count_v1"):
        drawn(project).around("zzz")


def test_the_tree_shows_a_branch_once_and_refers_to_it_elsewhere(project: Project) -> None:
    console = Console(width=80, force_terminal=False)
    with console.capture() as captured:
        console.print(tree(drawn(project)))
    assert captured.get().splitlines() == [
        "topic plant.raw",
        "├── job a/keep_v1",
        "│   ├── table h.kept",
        "│   │   └── job c/count_v1",
        "│   │       ├── table c.counts",
        "│   │       ├── table h.late late",
        "│   │       ├── table historian.dead_letters refused",
        "│   │       └── topic plant.alerts",
        "│   ├── table h.other",
        "│   ├── table h.state upsert",
        "│   └── table historian.dead_letters refused",
        "└── job c/count_v1 [above]",
        "table h.unused",
    ]


def test_a_cycle_is_drawn_as_a_tree_too() -> None:
    job, state = Node("job", "a/b_v1"), table("h.state")
    ring = Lineage((job, state), (Edge(job, state, "append"), Edge(state, job, "read")))
    console = Console(width=80, force_terminal=False)
    with console.capture() as captured:
        console.print(tree(ring))
    assert captured.get().split() == ["job", "a/b_v1", "└──", "table", "h.state", "└──", "job", "a/b_v1", "[above]"]


def test_mermaid_has_a_line_for_each_node_and_edge(project: Project) -> None:
    lines = [line.strip() for line in drawing.mermaid(drawn(project)).splitlines()]
    assert lines[0] == "flowchart LR"
    assert 'n0["a/keep_v1"]:::job' in lines
    assert len([line for line in lines if ":::" in line]) == len(drawn(project).nodes)
    assert len([line for line in lines if "->" in line]) == len(drawn(project).edges)
    assert len([line for line in lines if "-. late .->" in line]) == 1


def test_the_picture_has_a_box_for_each_node_and_a_line_for_each_edge(project: Project) -> None:
    picture = ElementTree.fromstring(drawing.svg(drawn(project), COUNT))  # noqa: S314 - it is our own
    svg = "{http://www.w3.org/2000/svg}"
    names = {text.text for text in picture.iter(f"{svg}text") if text.get("class") == "name"}
    assert {"plant.raw", "keep_v1", "kept", "dead_letters", "unused"} <= names
    assert len([*picture.iter(f"{svg}rect")]) == len(drawn(project).nodes)
    lines = [path for path in picture.iter(f"{svg}path") if (path.get("class") or "").startswith("line")]
    assert len(lines) == len(drawn(project).edges)
    assert [group.get("class") for group in picture.iter(f"{svg}g")].count("job marked") == 1


def test_a_name_is_escaped_in_the_picture() -> None:
    topic = Node("topic", '<script>"&')
    assert "<script>" not in drawing.svg(Lineage((topic,), ()))


NAMES = [f"n{n}" for n in range(8)]
GRAPHS = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)).filter(lambda e: e[0] != e[1]), max_size=14)


@given(GRAPHS, st.sets(st.sampled_from(NAMES)))
def test_boxes_do_not_overlap_and_are_within_the_picture(edges: list[tuple[str, str]], low: set[str]) -> None:
    laid = layout.place({name: 40.0 + 10 * n for n, name in enumerate(NAMES)}, 30, edges, low)
    for a, b in combinations(laid.boxes.values(), 2):
        assert abs(a.middle - b.middle) >= 30 or a.right <= b.left or b.right <= a.left
    for box in laid.boxes.values():
        assert box.top >= -1e-6
        assert box.top + box.height <= laid.height + 1e-6
        assert 0 <= box.left <= box.right <= laid.width


@given(GRAPHS)
def test_a_line_goes_from_the_right_of_its_start_to_the_left_of_its_end(edges: list[tuple[str, str]]) -> None:
    laid = layout.place(dict.fromkeys(NAMES, 50.0), 30, edges)
    for (start, end), points in laid.lines.items():
        assert points[0] == (laid.boxes[start].right, laid.boxes[start].middle)
        assert points[-1] == (laid.boxes[end].left, laid.boxes[end].middle)


@given(GRAPHS)
def test_without_a_cycle_every_line_goes_to_the_right(edges: list[tuple[str, str]]) -> None:
    forward = [(min(edge), max(edge)) for edge in edges]
    column = column_order.assign(NAMES, forward)
    assert all(column[start] < column[end] for start, end in forward)


def test_lines_that_need_not_cross_do_not() -> None:
    edges = [("a", "z"), ("b", "y"), ("c", "x"), ("z", "l"), ("y", "m"), ("x", "n")]
    column = column_order.assign([*"abcxyzlmn"], edges)
    assert column_order.crossings(column_order.arrange(column, edges), edges) == 0


def test_low_boxes_are_below_the_others() -> None:
    edges = [("a", "dead"), ("a", "x"), ("b", "dead"), ("b", "y")]
    laid = layout.place(dict.fromkeys(["a", "b", "x", "y", "dead"], 50.0), 30, edges, {"dead"})
    assert laid.boxes["dead"].middle > max(laid.boxes["x"].middle, laid.boxes["y"].middle)


def test_the_command_writes_the_format_of_the_files_extension(
    project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HEADRACE_PROJECT", str(project.root))
    for name, start in {"g.svg": "<svg ", "g.mmd": "flowchart LR", "g.txt": "topic plant.raw"}.items():
        graph(None, None, tmp_path / name)
        assert (tmp_path / name).read_text().startswith(start)


def test_the_command_prints_nodes_and_edges_as_json(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HEADRACE_PROJECT", str(project.root))
    graph("c/count_v1", None, None, json=True)
    printed = json.loads(capsys.readouterr().out)
    assert {"kind": "topic", "name": "plant.raw"} in printed["nodes"]
    assert {"from": "table h.kept", "to": "job c/count_v1", "how": "read"} in printed["edges"]


def test_a_file_that_cannot_be_written_is_reported(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADRACE_PROJECT", str(project.root))
    with pytest.raises(UserError, match="cannot be written"):
        graph(None, None, project.root / "nowhere" / "g.svg")
