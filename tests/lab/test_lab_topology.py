"""What a topology file may say, and what its reader answers when it says something else."""

from __future__ import annotations

import copy
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pytest

from connetos_sdk.lab import Dataplane, Topology, TopologyError

EXAMPLES = sorted((Path(__file__).parents[2] / "examples" / "labs").glob("*.yaml"))

GOOD: dict[str, Any] = {
    "name": "two-leaf",
    "switches": {"leaf1": {"ports": 8}, "leaf2": {"ports": 8}},
    "hosts": {"h1": {"link": "leaf1:te-1/1/1", "address": "198.18.10.1/24", "gateway": "198.18.10.254"}},
    "links": [["leaf1:te-1/1/8", "leaf2:te-1/1/8"]],
}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_is_a_topology_that_reads_back_as_itself(path: Path) -> None:
    topology = Topology.load(path)
    assert Topology.from_document(topology.to_document()) == topology


def test_defaults_are_48_ports_and_management_addresses_from_11_on() -> None:
    topology = Topology.from_document({"name": "a", "switches": {"leaf1": None, "leaf2": {}}})
    assert topology.dataplane is Dataplane.AUTO
    assert topology.switches["leaf1"].port_names[47] == "te-1/1/48"
    assert str(topology.switches["leaf2"].management) == "198.18.255.12/24"
    assert str(topology.management_address) == "198.18.255.1/24"


def test_a_given_management_address_is_not_handed_out_again() -> None:
    switches = {"leaf1": {}, "leaf2": {"management": "198.18.255.11/24"}}
    topology = Topology.from_document({"name": "a", "switches": switches})
    assert topology.switches["leaf1"].management.ip == IPv4Address("198.18.255.12")


def _set(path: str, value: Any) -> dict[str, Any]:
    document = copy.deepcopy(GOOD)
    *parents, last = path.split(".")
    target = document
    for key in parents:
        target = target[key]
    target[last] = value
    return document


MISTAKES: dict[str, tuple[Any, str, str, str]] = {
    "not a mapping": ([1], "", "must be a mapping", "name:"),
    "no name": ({"switches": {"a": {}}}, "", "'name' is missing", "name, switches"),
    "bad lab name": (_set("name", "Two Leaf"), "name", "'Two Leaf' is not a lab name", "a-z"),
    "name too long": (_set("name", "a" * 21), "name", "is not a lab name", "1 to 20"),
    "name is a number": (_set("name", 7), "name", "7 is not a lab name", "quote"),
    "unknown key": (_set("swiches", {}), "swiches", "unknown key", "did you mean switches?"),
    "no switches": (_set("switches", {}), "switches", "at least one switch", "leaf1"),
    "data plane": (
        _set("dataplane", "linux"),
        "dataplane",
        "'linux' is not a data plane",
        "auto, openvswitch",
    ),
    "management": (_set("management", "198.18.255.1/24"), "management", "host bits set", "198.18.255.0/24"),
    "small management": (_set("management", "198.18.255.0/30"), "management", "too small", "/28"),
    "switch key": (_set("switches.leaf1", {"port": 8}), "switches.leaf1.port", "unknown key", "mean ports?"),
    "ports": (
        _set("switches.leaf1.ports", 0),
        "switches.leaf1.ports",
        "0 is not a number of ports",
        "1 to 256",
    ),
    "ports is true": (_set("switches.leaf1.ports", True), "switches.leaf1.ports", "True is not", "1 to 256"),
    "long switch name": (_set("switches.leaf-switch-number1", {}), "switches", "not a node name", "1 to 15"),
    "reserved name": (_set("switches.mgmt", {}), "switches.mgmt", "management namespace", "another name"),
    "management outside": (
        _set("switches.leaf1.management", "198.18.1.1/24"),
        "switches.leaf1.management",
        "outside the management network 198.18.255.0/24",
        "198.18.255.11/24",
    ),
    "management of the lab": (
        _set("switches.leaf1.management", "198.18.255.1/24"),
        "switches.leaf1.management",
        "already belongs to the lab itself",
        "its own",
    ),
    "config": (
        _set("switches.leaf1.config", []),
        "switches.leaf1.config",
        "[] is not a mapping",
        "key: value",
    ),
    "config key": (
        _set("switches.leaf1.config", {"vlans": {10: {}}}),
        "switches.leaf1.config.vlans",
        "the key 10 is not text",
        "quotes",
    ),
    "no link": (_set("hosts.h1", {"address": "198.18.10.1/24"}), "hosts.h1", "'link' is missing", "link"),
    "vlan": (_set("hosts.h1.vlan", 30), "hosts.h1.vlan", "unknown key", "link, address, gateway, routes"),
    "host like a switch": (
        _set("hosts.leaf1", {"link": "leaf1:te-1/1/2"}),
        "hosts.leaf1",
        "already the name of a switch",
        "own",
    ),
    "unknown switch": (
        _set("hosts.h1.link", "leaf3:te-1/1/1"),
        "hosts.h1.link",
        "no switch 'leaf3'",
        "leaf1",
    ),
    "unknown port": (
        _set("hosts.h1.link", "leaf1:te-1/1/9"),
        "hosts.h1.link",
        "leaf1 has no port 'te-1/1/9'",
        "te-1/1/1 to te-1/1/8",
    ),
    "not a port": (_set("hosts.h1.link", "leaf1"), "hosts.h1.link", "does not name a port", "leaf1:te-1/1/1"),
    "no prefix": (
        _set("hosts.h1.address", "198.18.10.1"),
        "hosts.h1.address",
        "prefix length is missing",
        "/24",
    ),
    "bad address": (
        _set("hosts.h1.address", "198.18.10.300/24"),
        "hosts.h1.address",
        "198.18.10.300",
        "IPv4",
    ),
    "IPv6 address": (_set("hosts.h1.address", "2001:db8::1/64"), "hosts.h1.address", "2001:db8::1", "IPv4"),
    "network address": (
        _set("hosts.h1.address", "198.18.10.0/24"),
        "hosts.h1.address",
        "network or broadcast address",
        "in between",
    ),
    "far gateway": (
        _set("hosts.h1.gateway", "198.18.11.254"),
        "hosts.h1.gateway",
        "198.18.11.254 is not a neighbour of 198.18.10.1/24",
        "198.18.10.0/24",
    ),
    "gateway with prefix": (
        _set("hosts.h1.gateway", "198.18.10.254/24"),
        "hosts.h1.gateway",
        "not an IPv4",
        "without",
    ),
    "route": (_set("hosts.h1.routes", ["x"]), "hosts.h1.routes[0]", "'x' is not a mapping", "key: value"),
    "route network": (
        _set("hosts.h1.routes", [{"to": "198.18.20.1/24", "via": "198.18.10.254"}]),
        "hosts.h1.routes[0].to",
        "host bits set",
        "198.18.20.0/24",
    ),
    "links": (_set("links", {}), "links", "must be a list of pairs", "leaf1:te-1/1/8"),
    "three ends": (_set("links", [["leaf1:te-1/1/8"]]), "links[0]", "not a pair of ports", "leaf1:te-1/1/8"),
    "port used twice": (
        _set("links", [["leaf1:te-1/1/1", "leaf2:te-1/1/8"]]),
        "links[0][0]",
        "leaf1:te-1/1/1 is already used by hosts.h1.link",
        "one cable",
    ),
    "cable into its own port": (
        _set("links", [["leaf1:te-1/1/8", "leaf1:te-1/1/8"]]),
        "links[0][1]",
        "already used by links[0][0]",
        "one cable",
    ),
    "address used twice": (
        _set("hosts.h2", {"link": "leaf2:te-1/1/1", "address": "198.18.10.1/24"}),
        "hosts.h2.address",
        "already belongs to hosts.h1",
        "its own",
    ),
}


@pytest.mark.parametrize(("document", "path", "reason", "hint"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_named_with_its_place_and_what_would_be_right(
    document: Any, path: str, reason: str, hint: str
) -> None:
    with pytest.raises(TopologyError) as caught:
        Topology.from_document(document, "lab.yaml")
    assert caught.value.path == path
    assert reason in caught.value.reason
    assert hint in caught.value.hint
    assert str(caught.value).startswith(f"lab.yaml: {path}" if path else "lab.yaml: ")


def test_a_switch_that_is_given_twice_does_not_silently_win(tmp_path: Path) -> None:
    path = tmp_path / "lab.yaml"
    path.write_text("name: a\nswitches:\n  leaf1: {}\n  leaf1: {ports: 4}\n")
    with pytest.raises(TopologyError, match=r"lab\.yaml: line 4, column 3: .*'leaf1' is given twice"):
        Topology.load(path)


@pytest.mark.parametrize("text", ["name: [", "\t- a", "? [a]\n: b"])
def test_a_file_that_is_not_yaml_is_named_with_the_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "lab.yaml"
    path.write_text(text)
    with pytest.raises(TopologyError, match=r"lab\.yaml: (line \d+, column \d+: )?.*YAML"):
        Topology.load(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(TopologyError, match="No such file"):
        Topology.load(tmp_path / "none.yaml")


def test_an_empty_file_is_no_topology(tmp_path: Path) -> None:
    path = tmp_path / "lab.yaml"
    path.write_text("")
    with pytest.raises(TopologyError, match="must be a mapping"):
        Topology.load(path)
