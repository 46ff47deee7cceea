"""What a benchmark yields, and how results are kept and shown."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.table import Table

RESULTS = Path(__file__).resolve().parent.parent / "build" / "bench.json"
"""Where results are kept: a JSON list of objects, one for each row."""


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        name: of the benchmark.
        ours: what it costs us, in `unit`.
        peer: what it costs the peer, measured in the same run.
        unit: `ms`, `MiB` or `packets`.
        ratio: our cost over the peer's; lower is better. For lost packets, whose aim is none, the packets.
        aim: the largest ratio that is good.
        note: something worth knowing besides, told below the table and not kept.
    """

    name: str
    ours: float
    peer: float
    unit: str
    ratio: float
    aim: float
    note: str = ""

    @classmethod
    def compared(cls, name: str, ours: float, peer: float, unit: str, aim: float, *, note: str = "") -> Row:
        """A row whose ratio is ours over the peer's; numbers are rounded for reading."""
        return cls(name, round(ours, 2), round(peer, 2), unit, float(f"{ours / peer:.3g}"), aim, note)

    def to_dict(self) -> dict[str, Any]:
        """JSON form: `name`, `ours`, `peer`, `unit`, `ratio`, `aim`."""
        return {name: value for name, value in asdict(self).items() if name != "note"}

    @property
    def good(self) -> bool:
        """Whether the ratio is within the aim."""
        return self.ratio <= self.aim


def load(path: Path = RESULTS) -> list[Row]:
    """The rows kept in `path`; none when there is no such file."""
    if not path.exists():
        return []
    entries: list[dict[str, Any]] = json.loads(path.read_text("utf-8"))
    return [Row(**entry) for entry in entries]


def keep(rows: Iterable[Row], order: Sequence[str], path: Path = RESULTS) -> None:
    """Write `rows` to `path` in the given order of names; rows of other benchmarks stay as they were."""
    by_name = {row.name: row for row in (*load(path), *rows)}
    listed = [by_name[name].to_dict() for name in order if name in by_name]
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".new")
    draft.write_text(json.dumps(listed, indent=2) + "\n", "utf-8")
    draft.replace(path)


def table(rows: Iterable[Row]) -> Table:
    """The rows for a terminal."""
    shown = Table(title="ratio = ours / peer, lower is better")
    shown.add_column("benchmark")
    for heading in ("ours", "peer", "ratio", "aim"):
        shown.add_column(heading, justify="right")
    for row in rows:
        style = "green" if row.good else "bold red"
        ratio = f"[{style}]{_number(row.ratio)}[/]"
        shown.add_row(row.name, _cost(row.ours, row.unit), _cost(row.peer, row.unit), ratio, _aim(row))
    return shown


def markdown(rows: Iterable[Row]) -> str:
    """The rows as a Markdown table."""
    lines = ["| benchmark | ours | peer | ratio | aim |", "|---|--:|--:|--:|--:|"]
    for row in rows:
        cells = (_cost(row.ours, row.unit), _cost(row.peer, row.unit), _number(row.ratio), _aim(row))
        lines.append(f"| `{row.name}` | {' | '.join(cells)} |")
    return "\n".join(lines)


def _number(value: float) -> str:
    return f"{value:g}" if value == round(value) else f"{value:.2f}"


def _cost(value: float, unit: str) -> str:
    return f"{_number(value)} {unit}"


def _aim(row: Row) -> str:
    return f"≤ {_number(row.aim)}"
