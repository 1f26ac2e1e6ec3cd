"""A lineage as an SVG picture, and as Mermaid text."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from headrace.authoring.docs import layout, templates
from headrace.authoring.docs.layout import Box
from headrace.authoring.docs.lineage import Edge, Lineage, Node

HEIGHT = 40.0
PADDING = 12.0
_NAME, _CAPTION = 8.0, 6.2
"""Mean width of a character of a box's two texts, in the fonts of the template, on the generous side."""


@dataclass(frozen=True)
class Label:
    """What a box says: its name in bold, and above it what it is and what it is a part of."""

    caption: str
    name: str

    @property
    def width(self) -> float:
        return max(len(self.name) * _NAME, len(self.caption) * _CAPTION) + 2 * PADDING


@dataclass(frozen=True)
class Shape:
    """A box of the picture; `kinds` are the classes it is drawn by; `href` is None where it leads nowhere."""

    node: Node
    label: Label
    box: Box
    kinds: str
    href: str | None


@dataclass(frozen=True)
class Line:
    """A line of the picture as SVG path data, and the point where its head is."""

    edge: Edge
    path: str
    end: tuple[float, float]


def svg(lineage: Lineage, marked: Node | None = None, href: Callable[[Node], str | None] | None = None) -> str:
    """The picture, from left to right, as wide as it needs to be.

    With `href` it is a part of a page, which brings lineage.css: a box is a link to what `href` says of its node.
    """
    labels = {str(node): label(node) for node in lineage.nodes}
    edges = {(str(edge.start), str(edge.end)): edge for edge in lineage.edges}
    aside = {str(node) for node in lineage.nodes if (into := lineage.into(node)) and all(edge.aside for edge in into)}
    laid = layout.place({name: each.width for name, each in labels.items()}, HEIGHT, edges, aside)

    def shape(node: Node) -> Shape:
        kinds = ("aside" if str(node) in aside else node.kind) + (" marked" if node == marked else "")
        return Shape(node, labels[str(node)], laid.boxes[str(node)], kinds, href(node) if href else None)

    shapes = [shape(node) for node in lineage.nodes]
    lines = [Line(edge, _path(laid.lines[ends]), laid.lines[ends][-1]) for ends, edge in edges.items()]
    return templates.fill("lineage.svg.j2", shapes=shapes, lines=lines, laid=laid, padding=PADDING, alone=href is None)


def mermaid(lineage: Lineage) -> str:
    """The graph as Mermaid's flowchart, which many pages and editors draw."""
    ids = {node: f"n{number}" for number, node in enumerate(lineage.nodes)}
    return templates.fill("lineage.mmd.j2", lineage=lineage, ids=ids)


def label(node: Node) -> Label:
    """`condition/overheat_v1` as `overheat_v1` under `job · condition`; a topic's name is kept whole."""
    if node.kind == "topic":
        return Label("topic", node.name)
    group, name = re.split(r"[/.]", node.name, maxsplit=1)
    return Label(f"{node.kind} · {group}", name)


def _path(points: Sequence[tuple[float, float]]) -> str:
    """SVG path data: level through the columns that the line passes, a curve in the gaps between them."""
    (x, y), *rest = points
    drawn = [f"M{x:.0f} {y:.1f}"]
    for number, (to_x, to_y) in enumerate(rest):
        if number % 2:
            drawn.append(f"H{to_x:.0f}")
        else:
            middle = (x + to_x) / 2
            drawn.append(f"C{middle:.0f} {y:.1f} {middle:.0f} {to_y:.1f} {to_x:.0f} {to_y:.1f}")
        x, y = to_x, to_y
    return " ".join(drawn)
