"""A leaf-spine fabric from one description: what its switches are configured with, and what is wrong with others."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from connetos_sdk.errors import ConfigError, InvalidValue
from connetos_sdk.leaf_spine import LeafSpine
from connetos_sdk.model.setlines import format_set

FABRIC: dict[str, Any] = {
    "transfer": {"network": "198.18.64.0/24"},
    "spines": [{"name": "spine1", "id": 1}, {"name": "spine2", "id": 2}],
    "leaves": [
        {"name": "leaf1", "id": 1, "ports": [{"port": "te-1/1/1:2", "network": "web"}]},
        {
            "name": "leaf2",
            "id": 2,
            "ports": [
                {"port": "te-1/1/1", "network": "db", "description": "db1"},
                {"port": "te-1/1/2", "network": "db", "tagged": ["backup"]},
            ],
        },
        {"name": "leaf3", "id": 3, "ports": [{"port": "te-1/1/1", "tagged": ["backup"]}]},
    ],
    "networks": [
        {"name": "web", "vlan": 10, "gateway": "198.18.10.254/24"},
        {
            "name": "db",
            "vlan": 20,
            "gateway": "198.18.20.254/24",
            "routes": [{"to": "0.0.0.0/0", "via": "198.18.20.1"}],
        },
        {"name": "backup", "vlan": 30, "gateway": "198.18.30.254/24"},
    ],
    "links": [
        ["leaf1:te-1/1/7", "spine1:te-1/1/1"],
        ["leaf1:te-1/1/8", "spine2:te-1/1/1"],
        ["spine1:te-1/1/2", "leaf2:te-1/1/7"],
        ["leaf2:te-1/1/8", "spine2:te-1/1/2"],
        ["leaf3:te-1/1/7", "spine1:te-1/1/3"],
        ["leaf3:te-1/1/8", "spine2:te-1/1/3"],
    ],
}


def lines(switch: str, description: dict[str, Any] = FABRIC) -> list[str]:
    text = format_set(LeafSpine.of(description).documents()[switch])
    return [line.removeprefix("set ") for line in text.splitlines()]


def test_a_leaf_has_gateways_uplinks_and_ways_over_all_spines() -> None:
    port = "interface gigabit-ethernet"
    found = lines("leaf1")
    for line in (
        f"{port} te-1/1/2 family ethernet-switching native-vlan-id 10",
        f"{port} te-1/1/7 family ethernet-switching native-vlan-id 3001",
        f"{port} te-1/1/8 family ethernet-switching native-vlan-id 3002",
        "vlans vlan-id 3001 vlan-name leaf1-spine1",
        "vlan-interface interface vlan3001 address 198.18.64.1 prefix-length 31",
        "vlan-interface interface vlan3002 address 198.18.64.3 prefix-length 31",
        "vlan-interface interface vlan10 address 198.18.10.254 prefix-length 24",
        "protocols static route 198.18.20.0/24 next-hop 198.18.64.0",
        "protocols static route 198.18.20.0/24 qualified-next-hop 198.18.64.2",
        "protocols static route 0.0.0.0/0 qualified-next-hop 198.18.64.2",
        "protocols static route 198.18.30.0/24 next-hop 198.18.64.0",
    ):
        assert line in found
    assert not any("vlan-id 30 " in line or "route 198.18.30.0/24 qualified" in line for line in found)


def test_a_network_on_several_leaves_goes_across_one_spine() -> None:
    spine1, spine2, leaf2 = lines("spine1"), lines("spine2"), lines("leaf2")
    assert "vlan-interface interface vlan30 address 198.18.30.254 prefix-length 24" in spine1
    for port in ("te-1/1/2", "te-1/1/3"):
        assert f"interface gigabit-ethernet {port} family ethernet-switching vlan members 30" in spine1
    assert not any("te-1/1/1 family ethernet-switching vlan members" in line for line in spine1)
    assert not any("vlan-id 30 " in line or "198.18.30" in line for line in spine2)
    assert "interface gigabit-ethernet te-1/1/7 family ethernet-switching vlan members 30" in leaf2
    assert not any("te-1/1/8 family ethernet-switching vlan members" in line for line in leaf2)


def test_a_route_behind_a_host_begins_at_its_gateway() -> None:
    assert "protocols static route 0.0.0.0/0 next-hop 198.18.20.1" in lines("leaf2")
    assert "protocols static route 0.0.0.0/0 next-hop 198.18.64.17" in lines("spine1")


def test_a_leaf_that_comes_later_changes_no_numbers() -> None:
    more = deepcopy(FABRIC)
    more["leaves"].insert(0, {"name": "leaf9", "id": 9})
    more["links"][:0] = [["leaf9:te-1/1/1", "spine1:te-1/1/6"], ["leaf9:te-1/1/2", "spine2:te-1/1/6"]]
    assert lines("leaf1", more) == lines("leaf1")


def test_tests_cover_every_link_and_every_gateway() -> None:
    pings = list(map(str, LeafSpine.of(FABRIC).pings()))
    assert "leaf3 to 198.18.64.34" in pings and len(pings) == 6 + 2 + 3
    assert {"leaf1 to 198.18.20.254 from 198.18.10.254", "leaf2 to 198.18.10.254 from 198.18.20.254"} < set(
        pings
    )
    assert {
        "leaf1 to 198.18.30.254 from 198.18.10.254",
        "leaf2 to 198.18.30.254 from 198.18.20.254",
        "leaf3 to 198.18.30.254",
    } < set(pings)


def without_link(description: dict[str, Any], leaf: str, spine: str) -> dict[str, Any]:
    links = [
        link for link in description["links"] if {end.partition(":")[0] for end in link} != {leaf, spine}
    ]
    return {**description, "links": links}


def test_a_network_goes_across_a_spine_that_every_leaf_reaches() -> None:
    partly = without_link(FABRIC, "leaf1", "spine1")
    assert "vlan-interface interface vlan30 address 198.18.30.254 prefix-length 24" in lines("spine2", partly)
    assert "protocols static route 198.18.30.0/24 next-hop 198.18.64.2" in lines("leaf1", partly)
    assert not any("vlan-id 30 " in line for line in lines("spine1", partly))


def test_a_network_that_a_leaf_could_not_reach() -> None:
    description = deepcopy(FABRIC)
    description["spines"].append({"name": "spine3", "id": 3})
    for number, (leaf, spine) in enumerate((("leaf1", "spine1"), ("leaf2", "spine2")), 1):
        description = without_link(description, leaf, spine)
        description["links"].append([f"{leaf}:te-1/1/6", f"spine3:te-1/1/{number}"])
    with pytest.raises(
        InvalidValue, match="networks backup: its gateway would be on spine1, and leaf1 isn't cabled"
    ):
        LeafSpine.of(description)
    del description["networks"][2]["gateway"]  # nobody has to reach it from elsewhere
    assert "vlans vlan-id 30 vlan-name backup" in lines("spine1", description)


def broken(path: str, value: Any) -> dict[str, Any]:
    """The description with another value at a place; None takes it away."""
    description = deepcopy(FABRIC)
    place: Any = description
    *way, last = [int(word) if word.isdigit() else word for word in path.split()]
    for word in way:
        place = place[word]
    if value is None:
        del place[last]
    elif isinstance(place, list) and last == len(place):
        place.append(value)
    else:
        place[last] = value
    return description


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("spines", None, "'spines' is missing"),
        ("spins", [], "spins: unknown key (did you mean spines?"),
        ("spines", [], "spines: there is none"),
        ("leaves", {"leaf1": {}}, "leaves: {'leaf1': {}} is not a list"),
        ("leaves 0 id", 2, "leaves leaf2 id: 2 is that of leaf1"),
        ("leaves 0 id", 0, "leaves leaf1 id: 0 is not a number from 1 to 128"),
        ("spines 1 id", 9, "spines spine2 id: 9 is not a number from 1 to 8"),
        ("leaves 0 name", "spine1", "leaves spine1: is a spine, too"),
        ("leaves 1 name", "leaf1", "leaves leaf1: stands twice"),
        ("leaves 0 ports 0 network", "wbe", "there is no network wbe (did you mean web?"),
        ("leaves 0 ports 0 network", ["web", "db"], "leaves leaf1 ports 1: ['web', 'db'] is not a network's name"),
        ("leaves 0 ports 0 network", {"name": "web"}, "leaves leaf1 ports 1: {'name': 'web'} is not a network's name"),
        ("leaves 1 ports 1 tagged", [["backup"]], "leaves leaf2 ports 2: ['backup'] is not a network's name"),
        ("leaves 0 ports 0 port", "te-1/1/9:x", "leaves leaf1 ports 1"),
        ("leaves 0 ports 0 port", "te-1/1/6:7", "leaf1:te-1/1/7 stands in links 1, too"),
        ("leaves 0 ports 0 network", None, "leaves leaf1 ports 1: the port is in no network"),
        ("leaves 1 ports 1 tagged", ["db"], "a network is there twice"),
        ("networks 0 vlan", 20, "networks db vlan: 20 is that of web"),
        ("networks 0 vlan", 3003, "networks web vlan: 3003 is a transfer VLAN (another than 3001 to 3018)"),
        ("networks 0 vlan", 1, "1 is not a number from 2 to 4094"),
        ("networks 0 gateway", "198.18.10.300/24", "networks web gateway: '198.18.10.300/24' can't be used"),
        ("networks 0 gateway", "198.18.10.254", "networks web gateway: '198.18.10.254' has no prefix length (for example"),
        ("networks 0 gateway", "198.18.10.254/32", "networks web gateway: 198.18.10.254/32 has no room for hosts"),
        ("networks 0 gateway", "198.18.20.9/24", "networks db gateway: 198.18.20.0/24 overlaps with 198.18.20.0/24"),
        ("networks 0 gateway", "198.18.64.9/24", "overlaps with the transfer network 198.18.64.0/24"),
        ("networks 1 routes 0 via", "198.18.10.1", "198.18.10.1 isn't a host of db (one of 198.18.20.0/24)"),
        (
            "networks 2 routes",
            [{"to": "0.0.0.0/0", "via": "198.18.30.1"}],
            "networks backup routes 1 to: 0.0.0.0/0 is a route of db, too (give each prefix one way)",
        ),
        (
            "networks 1 routes 1",
            {"to": "0.0.0.0/0", "via": "198.18.20.2"},
            "networks db routes 2 to: 0.0.0.0/0 is a route of db, too",
        ),
        ("networks 1 routes 0 to", "198.18.10.0/24", "198.18.10.0/24 is the subnet of web, too"),
        ("transfer network", "198.18.64.0/28", "the links need 36 (a /26: 16 addresses for each leaf)"),
        ("transfer network", "198.18.64.1/24", "has host bits set"),
        ("transfer vlan", 4090, "the links need VLANs up to 4107 (at most 4077: 8 VLANs for each leaf)"),
        ("links 0", ["leaf1:te-1/1/7"], "links 1: ['leaf1:te-1/1/7'] isn't a cable"),
        ("links 0 0", "leaf1", "links 1: 'leaf1' isn't the port of a switch (written as leaf1:te-1/1/1)"),
        ("links 0 0", "leaf8:te-1/1/7", "links 1: leaf8 is no leaf (did you mean"),
        ("links 0 0", "leaf1:te-1/1/x", "links 1: "),
        ("links 1", ["leaf1:te-1/1/8", "spine1:te-1/1/5"], "there is a cable between leaf1 and spine1 already"),
        ("links 1", ["leaf1:te-1/1/8", "spine2:te-1/1/2"], "spine2:te-1/1/2 stands in links 2, too"),
        ("leaves 3", {"name": "leaf4", "id": 4}, "leaves leaf4: no link reaches it"),
        ("extra", {"leaf7": {}}, "extra: there is no switch leaf7"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(path: str, value: Any, words: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        LeafSpine.of(broken(path, value))
    assert words in str(caught.value)


def test_leaves_without_a_common_spine() -> None:
    description = broken("links 1", None)
    del description["links"][1]  # leaf1 to spine1 only; leaf2 to spine2 only
    with pytest.raises(InvalidValue, match="no spine is cabled to it and to leaf1"):
        LeafSpine.of(description)


def test_an_extra_that_no_switch_can_be_configured_with() -> None:
    extra = {"leaf2": {"interface": {"gigabit-ethernet": {"te-1/1/5": {"mtu": 1}}}}, "spine1": {"vlan": {}}}
    with pytest.raises(ConfigError) as caught:
        LeafSpine.of({**FABRIC, "extra": extra}).documents()
    assert {problem.path[0] for problem in caught.value.problems} == {"leaf2", "spine1"}
    good = {"spine1": {"protocols": {"static": {"route": {"203.0.113.0/24": {"next-hop": "198.18.64.1"}}}}}}
    assert "protocols static route 203.0.113.0/24 next-hop 198.18.64.1" in lines(
        "spine1", {**FABRIC, "extra": good}
    )
