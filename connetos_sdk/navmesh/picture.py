"""The way of a flow as a picture (SVG 1.1): a column for each hop, a box for each switch, a line for each cable."""

from __future__ import annotations

import math
from collections.abc import Iterator
from html import escape

from connetos_sdk.model.ranges import port_order
from connetos_sdk.navmesh.trips import DELIVERED, Branch, FabricResult, Trip

COLUMN, ROW, BOX_WIDTH, BOX_HEIGHT, MARGIN, TITLE = 250, 110, 110, 44, 30, 40
GOOD, BAD, INK, PAPER = "#1a7f37", "#cf222e", "#1f2328", "#ffffff"
ABOVE, BELOW, AWAY = -6, 15, 8
"""Where the name of a port stands: above or below its line, and so far away from the box."""
_CHARACTER = 7.2
"""Width of a letter of 12 pixels, about."""
Point = tuple[float, float]


def svg(result: FabricResult) -> str:
    """The picture; both directions, one below the other."""
    parts: list[str] = []
    top, width = float(MARGIN), 0.0
    for trip in (result.forward, result.back):
        if trip is None:
            continue
        drawing = _Drawing(trip, top)
        parts += drawing.parts
        top, width = drawing.bottom, max(width, drawing.width)
    size = f'width="{width:.0f}" height="{top:.0f}" viewBox="0 0 {width:.0f} {top:.0f}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="12">'
    return "\n".join([head, f'<rect width="100%" height="100%" fill="{PAPER}"/>', *parts, "</svg>", ""])


class _Drawing:
    """One direction."""

    def __init__(self, trip: Trip, top: float) -> None:
        self._top = top + TITLE
        self._rows: dict[int, list[str]] = {}
        self._trip = trip
        self._cables: dict[tuple[Point, Point], tuple[list[str], list[str]]] = {}
        """The ports at both ends of each line between two boxes."""
        color = GOOD if trip.outcome == DELIVERED else BAD
        title = f"{trip.flow}: {trip.outcome}"
        self.parts = [_text(MARGIN, top + 12, title, color, size=15, anchor="start")]
        self._place(0, trip.source)
        for branch in trip.branches:
            for column, hop in enumerate(branch.hops, 1):
                self._place(column, hop.switch)
            if branch.outcome == DELIVERED:
                self._place(len(branch.hops) + 1, trip.destination)
        for branch in trip.branches:
            self._branch(branch)
        lines = [_line(*ends, *map(_names, ports)) for ends, ports in self._cables.items()]
        lines += [
            part for branch in trip.branches if branch.outcome != DELIVERED for part in self._end(branch)
        ]
        boxes = [
            _box(
                *self._at(column, name),
                name,
                host=name in (trip.source, trip.destination) and not _switch(trip, name),
            )
            for column, names in self._rows.items()
            for name in names
        ]
        reasons = list(self._reasons())
        self.parts += [*dict.fromkeys(lines), *boxes, *reasons]
        tallest = max(len(names) for names in self._rows.values())
        self.bottom = self._top + tallest * ROW + len(reasons) * 18 + MARGIN
        longest = max((len(text) for text in (title, *self._messages())), default=0)
        self.width = max(
            2 * MARGIN + (max(self._rows) + 1) * COLUMN, 2 * MARGIN + longest * _CHARACTER * 1.15
        )

    def _place(self, column: int, name: str) -> None:
        names = self._rows.setdefault(column, [])
        if name not in names:
            names.append(name)

    def _at(self, column: int, name: str) -> tuple[float, float]:
        """Middle of a box; a column with fewer boxes than the tallest stands in the middle."""
        tallest = max(len(names) for names in self._rows.values())
        names = self._rows[column]
        row = names.index(name) + (tallest - len(names)) / 2
        return MARGIN + column * COLUMN + BOX_WIDTH / 2, self._top + row * ROW + BOX_HEIGHT / 2

    def _branch(self, branch: Branch) -> None:
        last, port = self._at(0, self._trip.source), ""
        for column, hop in enumerate(branch.hops, 1):
            here = self._at(column, hop.switch)
            self._cable(last, here, port, hop.ingress)
            last, port = here, hop.egress
        if branch.outcome == DELIVERED:
            self._cable(last, self._at(len(branch.hops) + 1, self._trip.destination), port, "")

    def _cable(self, begin: Point, end: Point, out: str, into: str) -> None:
        """Several cables between two boxes, such as those of an aggregate, are one line with the names of all ports."""
        ports = self._cables.setdefault((begin, end), ([], []))
        for names, name in zip(ports, (out, into), strict=True):
            if name and name not in names:
                names.append(name)

    def _end(self, branch: Branch) -> Iterator[str]:
        """A line that goes nowhere, below the last box."""
        last = branch.hops[-1].switch if branch.hops else self._trip.source
        x, y = self._at(len(branch.hops), last)
        y += BOX_HEIGHT / 2
        yield (
            f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{x:.1f}" y2="{y + 20:.1f}" stroke="{BAD}" stroke-width="2.5"/>'
        )
        yield _cross(x, y + 24)

    def _messages(self) -> Iterator[str]:
        for branch in self._trip.branches:
            if branch.outcome != DELIVERED:
                yield f"{branch.outcome} at {branch.where}: {branch.reason}"
                yield from branch.configuration
                yield from (f"lacks: {line}" for line in branch.missing)

    def _reasons(self) -> Iterator[str]:
        tallest = max(len(names) for names in self._rows.values())
        y = self._top + tallest * ROW
        for message in dict.fromkeys(self._messages()):
            yield _text(MARGIN, y, message, BAD, anchor="start")
            y += 18


def _switch(trip: Trip, name: str) -> bool:
    return any(hop.switch == name for branch in trip.branches for hop in branch.hops)


def _text(x: float, y: float, text: str, color: str = INK, *, size: int = 12, anchor: str = "middle") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" fill="{color}" font-size="{size}" text-anchor="{anchor}">{escape(text)}</text>'


def _box(x: float, y: float, name: str, *, host: bool) -> str:
    fill, corner = ("#ddf4ff", 22) if host else ("#f6f8fa", 6)
    left, top = x - BOX_WIDTH / 2, y - BOX_HEIGHT / 2
    return (
        f'<rect x="{left:.1f}" y="{top:.1f}" width="{BOX_WIDTH}" height="{BOX_HEIGHT}" rx="{corner}" '
        f'fill="{fill}" stroke="{INK}"/>' + _text(x, y + 4, name, size=14)
    )


def _names(ports: list[str]) -> str:
    return ", ".join(sorted(ports, key=port_order))


def _line(begin: Point, end: Point, out: str, into: str) -> str:
    """A cable from the right of one box to the left of the next, with the ports at its ends.

    A name stands along its line, on the outer side of lines that meet at a box.
    """
    x1, y1, x2, y2 = begin[0] + BOX_WIDTH / 2, begin[1], end[0] - BOX_WIDTH / 2, end[1]
    slope = (y2 - y1) / (x2 - x1) if x2 > x1 else 0.0
    line = (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{GOOD}" stroke-width="2.5"/>'
    )
    names = _text(AWAY, BELOW if slope > 0 else ABOVE, out, anchor="start") if out else ""
    turn = math.degrees(math.atan(slope))
    labels = f'<g transform="translate({x1:.1f} {y1:.1f}) rotate({turn:.1f})">{names}</g>'
    names = _text(-AWAY, ABOVE if slope > 0 else BELOW, into, anchor="end") if into else ""
    return line + labels + f'<g transform="translate({x2:.1f} {y2:.1f}) rotate({turn:.1f})">{names}</g>'


def _cross(x: float, y: float) -> str:
    return f'<path d="M{x - 9:.1f} {y - 9:.1f} l18 18 m0 -18 l-18 18" stroke="{BAD}" stroke-width="4" fill="none"/>'
