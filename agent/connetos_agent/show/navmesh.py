"""`show navmesh` in the documented layout (spec/cli/show-formats.yaml), and beneath it what becomes of the flow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from connetos_agent.show.layout import fields, table

LABEL_WIDTH = 28
COLUMNS = ("Ingress Port", "Egress Port")
WIDTHS = (12, 12)


def navmesh(answer: Mapping[str, Any]) -> str:
    """The flow, the ports, and why it isn't forwarded where it isn't."""
    flow, paths = answer["flow"], _likely(answer)
    values = {
        "Source ipv4 address": flow["source"],
        "Destination ipv4 address": flow["destination"],
        "L4 source port": str(flow["source_port"]),
        "L4 destination port": str(flow["destination_port"]),
        "IP protocol": str(flow["protocol"]),
    }
    rows = list(dict.fromkeys(row for path in paths for row in _rows(path)))
    shown = table(COLUMNS, WIDTHS, rows, gap=3)
    notes = dict.fromkeys(note for path in paths for note in _notes(path))
    return (
        "The Flow Information :\n"
        + _indented(fields(values, LABEL_WIDTH), 2)
        + "The forwarding path :\n"
        + _indented(shown, 3)
        + "".join(f"{note}\n" for note in notes)
    )


def _likely(answer: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """All paths, or those that packets take now where the tables leave several."""
    paths: list[Mapping[str, Any]] = answer["paths"]
    seen = {(one["ingress"], port) for one in answer["live"] or () for port in one["egress"]}
    taken = [path for path in paths if any(row in seen for row in _rows(path))]
    return taken or paths


def _rows(path: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    ingress = path["ingress"]
    name = "unknown" if ingress is None else ingress["port"] or "local"
    out = [egress["port"] for egress in path["egress"] if egress["up"]]
    if path["fate"] == "local":
        out = ["local"]
    for port in out or ["none" if path["fate"] == "dropped" else "unknown"]:
        yield name, port


def _notes(path: Mapping[str, Any]) -> Iterator[str]:
    if path["fate"] not in ("forwarded", "local"):
        yield f"{path['fate'].capitalize()}: {path['reason']}."
        for line in path["configuration"]:
            yield f"   {line}"
        for line in path["missing"]:
            yield f"   missing: {line}"


def _indented(text: str, blanks: int) -> str:
    return "".join(f"{' ' * blanks}{line}\n" for line in text.splitlines())


def what_if(answer: Mapping[str, Any]) -> str:
    """`commit check flows`: flows that would change, those that aren't known, and how many stay."""
    text = ""
    for title, flows in (("would change", answer["changed"]), ("isn't known", answer["unknown"])):
        for one in flows:
            flow, arrives = one["flow"], one["arrives"]
            at = f" at {arrives['port']}" if arrives else ""
            text += f"\n{_flow(flow)}{at}: {title}\n"
            text += f"  now:  {_fate(one['now'])}\n  then: {_fate(one['then'])}\n"
    counts = f"{len(answer['changed'])} flows would change, {len(answer['unknown'])} aren't known, {answer['same']} stay."
    more = f" {answer['left_out']} weren't looked at." if answer["left_out"] else ""
    return f"{counts}{more}\n{text}"


def _flow(flow: Mapping[str, Any]) -> str:
    names = {1: "icmp", 6: "tcp", 17: "udp", 132: "sctp"}
    name = names.get(flow["protocol"], f"protocol {flow['protocol']}")
    ends = [
        f"{flow[end]}:{flow[f'{end}_port']}" if flow[f"{end}_port"] else str(flow[end])
        for end in ("source", "destination")
    ]
    return f"{name} {' -> '.join(ends)}"


def _fate(fate: Mapping[str, Any]) -> str:
    ports = [
        f"{out['port']} (VLAN {out['vlan']}{', tagged' if out['tagged'] else ''})" for out in fate["egress"]
    ]
    to = f" to {' or '.join(ports) if fate['fate'] == 'forwarded' else ', '.join(ports)}" if ports else ""
    return f"{fate['fate']}{to}" + (f": {fate['reason']}" if fate["reason"] else "")
