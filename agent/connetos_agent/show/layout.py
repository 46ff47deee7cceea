"""Pieces of the documented layouts (spec/cli/show-formats.yaml) that several areas use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from connetos_agent.dataplane.states.ports import LinkStatus

PORTS_PER_LINE = 5
PORT_WIDTH = 11


def table(names: Sequence[str], widths: Sequence[int], rows: Iterable[Sequence[str]], gap: int = 2) -> str:
    """A table: headings, a line of dashes, rows; columns padded to their widths with `gap` spaces between."""
    space = " " * gap
    out = [names, ["-" * width for width in widths], *rows]
    return "".join(
        space.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() + "\n"
        for row in out
    )


def fields(values: Mapping[str, str], width: int) -> str:
    """Lines of `label : value`, labels padded to `width`."""
    return "".join(f"{label.ljust(width)} : {value}".rstrip() + "\n" for label, value in values.items())


def ports(names: Sequence[str], indent: int) -> str:
    """Port names with trailing commas, five on a line, further lines indented."""
    cells = [f"{name},".ljust(PORT_WIDTH) for name in names]
    chunks = [cells[n : n + PORTS_PER_LINE] for n in range(0, len(cells), PORTS_PER_LINE)]
    return ("\n" + " " * indent).join("".join(chunk).rstrip() for chunk in chunks)


def oper(status: LinkStatus | None) -> str:
    """`up`, `down`, or `unknown` where there is no device."""
    if status is None:
        return "unknown"
    return "up" if status.up and status.carrier else "down"
