"""Writes docs/reference/<area>.md, and modules of Ansible and Salt: `python tools/configuration_reference.py`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from connetos_agent.northbound.cli.commands import COMMANDS
from connetos_sdk.model.nodes import AnyNode, Container, KeyedList, Leaf, LeafList
from connetos_sdk.model.schema import root

FOLDER = Path(__file__).parent.parent / "docs/reference"
INDEX = FOLDER / "configuration.md"

HEAD = """\
# Configuration

Every leaf of the configuration tree, made from the schema documents in `connetos_sdk/model/schema/` (by
`python tools/configuration_reference.py`). The words of a path are the words of a CLI line, the keys of the JSON
document and the segments of a REST path. `<...>` is the key of a list entry or a value.

A leaf is realised by the kind of data plane object named last; see
[the drivers](../architecture.md#4-the-data-plane). What a data plane can't do is in [Limits](limits.md).

| area | what it is about | leaves |
|---|---|--:|
"""


@dataclass(frozen=True)
class Area:
    """One page: the paths below these words of the tree, and the operational commands that begin with these words."""

    title: str
    paths: tuple[str, ...]
    commands: tuple[str, ...] = ()


AREAS = {
    "interface": Area(
        "Ports, aggregates, loopbacks and the management port",
        ("interface", "loopback-interface"),
        ("show interface", "clear interface", "show lacp", "clear lacp", "show loopback-interface"),
    ),
    "l2": Area(
        "VLANs, the MAC table, LLDP, load sharing, mirrors",
        ("vlans", "protocols lldp", "forwarding-options", "analyzer"),
        ("show vlans", "show ethernet-switching", "clear ethernet-switching", "show lldp", "clear lldp", "show analyzer"),
    ),
    "l3": Area(
        "VLAN interfaces, DHCP relay, ARP, routes",
        ("vlan-interface", "protocols"),
        ("show vlan-interface", "clear vlan-interface", "show arp", "clear arp", "show route"),
    ),
    "firewall": Area(
        "Access control: terms, filters, forwarders", ("firewall",), ("show firewall", "clear firewall")
    ),
    "system": Area(
        "The switch as a whole", ("system",), ("show system", "request system", "clear system", "show atp", "show version")
    ),
    "user": Area(
        "Users, and how they log in",
        ("system login", "system login-acl", "system services", "system inband"),
        ("show system users", "ssh", "telnet"),
    ),
    "time": Area(
        "Clock, time zone, NTP",
        ("system ntp-server-ip", "system timezone"),
        ("set date", "show host date", "show system ntp-status"),
    ),
    "syslog": Area(
        "The log", ("system syslog",), ("show log", "show syslog", "clear log", "syslog monitor")
    ),
}  # fmt: skip
"""By the name of the page. The longest words win; what stands nowhere has a page by its first word."""


def pages() -> dict[Path, str]:
    """Every page by its file."""
    rows: dict[str, list[tuple[str, ...]]] = {name: [] for name in AREAS}
    titles = {name: area.title for name, area in AREAS.items()}
    for name, node in root().children.items():
        for row in _rows(name, node, node.objects and node.objects.kinds):
            area = _area(row[0].strip("`"), {name: area.paths for name, area in AREAS.items()}) or name
            rows.setdefault(area, []).append(row)
            titles.setdefault(area, node.help)
    index = "".join(f"| [{name}]({name}.md) | {titles[name]} | {len(rows[name])} |\n" for name in rows)
    return {
        INDEX: HEAD + index,
        **{FOLDER / f"{name}.md": _page(name, titles[name], found) for name, found in rows.items()},
    }


def _area(words: str, beginnings: dict[str, tuple[str, ...]]) -> str:
    fits = [
        (len(beginning), name)
        for name, several in beginnings.items()
        for beginning in several
        if f"{words} ".startswith(f"{beginning} ")
    ]
    return max(fits)[1] if fits else ""


def _page(name: str, title: str, rows: list[tuple[str, ...]]) -> str:
    out = [
        f"# {title}\n\nMade from the schema by `python tools/configuration_reference.py`; the other areas are in\n"
        "[Configuration](configuration.md), what a data plane can't do is in [Limits](limits.md).\n\n"
        "| leaf | accepts | default | meaning | realised by |\n|---|---|---|---|---|\n"
    ]
    out += [f"| {' | '.join(row)} |\n" for row in rows]
    beginnings = {area: AREAS[area].commands for area in AREAS}
    commands = [c for c in COMMANDS if _area(" ".join(c.words), beginnings) == name]
    if commands:
        out.append("\n## Operational commands\n\n| command | what it does |\n|---|---|\n")
        out += [f"| `{' '.join(command.words)}` | {command.help} |\n" for command in commands]
    return "".join(out)


def _rows(path: str, node: AnyNode, kinds: tuple[str, ...] | None) -> Iterator[tuple[str, ...]]:
    kinds = node.objects.kinds if node.objects else kinds
    if isinstance(node, KeyedList):
        path = f"{path} <{node.key.name}>"
        yield f"`{path}`", node.key.accepts, "", f"{node.help}: an entry", ", ".join(kinds or ())
        yield from _rows(path, node.entry, kinds)
    elif isinstance(node, Container):
        for name, child in node.children.items():
            yield from _rows(f"{path} {name}", child, kinds)
    elif isinstance(node, Leaf | LeafList):
        default = getattr(node, "default", None)
        shown = (
            "" if default is None else f"`{str(default).lower() if isinstance(default, bool) else default}`"
        )
        yield f"`{path}`", node.accepts.replace("|", "\\|"), shown, node.help, ", ".join(kinds or ())


if __name__ == "__main__":
    import ansible_modules
    import salt_states

    for file, text in pages().items():
        file.write_text(text, "utf-8")
    ansible_modules.write(ansible_modules.files())
    ansible_modules.write(salt_states.files())
