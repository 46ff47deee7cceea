"""Each rule across leaves: what it lets pass, and what it says where."""

from __future__ import annotations

import pytest

from connetos_sdk.errors import BrokenReference, ConfigError, ConnetosError, RuleViolation
from connetos_sdk.model import setlines
from connetos_sdk.model.paths import format_path
from connetos_sdk.model.tree import Document
from connetos_sdk.model.validation import validate

SWITCHING = "interface gigabit-ethernet te-1/1/1 family ethernet-switching"
ROUTED = """\
set vlans vlan-id 10 l3-interface vlan10
set vlan-interface interface vlan10 address 198.18.10.1 prefix-length 24
"""
ETH0 = "interface management-ethernet eth0"


def typed(lines: str, document: Document | None = None) -> Document:
    return setlines.apply_edits(document or {}, setlines.parse_lines(lines))


def refused(kind: type[ConnetosError], path: str, lines: str, before: str = "") -> None:
    """After `before` was committed, `lines` are refused with one problem at `path`."""
    old = typed(before)
    validate({}, old)
    with pytest.raises(kind) as caught:
        validate(old, typed(lines, old))
    assert [format_path(problem.path) for problem in caught.value.problems] == [path]
    assert caught.value.reason
    assert caught.value.hint


def accepted(lines: str, before: str = "") -> None:
    old = typed(before)
    validate({}, old)
    assert validate(old, typed(lines, old))


def test_a_trunk_port_has_members() -> None:
    accepted(f"set vlans vlan-id 10:12\nset {SWITCHING} port-mode trunk\nset {SWITCHING} vlan members 10:12")


def test_an_access_port_has_no_members() -> None:
    refused(
        RuleViolation, f"{SWITCHING} vlan members", f"set vlans vlan-id 10\nset {SWITCHING} vlan members 10"
    )


def test_a_trunk_with_members_cannot_become_an_access_port() -> None:
    trunk = f"set vlans vlan-id 10\nset {SWITCHING} port-mode trunk\nset {SWITCHING} vlan members 10"
    refused(RuleViolation, f"{SWITCHING} vlan members", f"delete {SWITCHING} port-mode", trunk)


@pytest.mark.parametrize("leaf", ["native-vlan-id 20", "vlan members 20"])
def test_a_port_names_only_vlans_that_there_are(leaf: str) -> None:
    trunk = f"set vlans vlan-id 10\nset {SWITCHING} port-mode trunk\n"
    path = f"{SWITCHING} {leaf.rpartition(' ')[0]}"
    refused(BrokenReference, path, f"set {SWITCHING} {leaf}", trunk)
    accepted(f"set vlans vlan-id 20\nset {SWITCHING} {leaf}", trunk)


def test_vlan_1_needs_no_entry_to_be_named() -> None:
    accepted(f"set {SWITCHING} native-vlan-id 1")
    accepted(f"set vlans vlan-id 1 vlan-name x\nset {SWITCHING} native-vlan-id 1")


@pytest.mark.parametrize("leaf", ["native-vlan-id", "vlan members"])
def test_a_vlan_in_use_cannot_be_deleted(leaf: str) -> None:
    used = f"set vlans vlan-id 10\nset {SWITCHING} port-mode trunk\nset {SWITCHING} {leaf} 10"
    refused(BrokenReference, f"{SWITCHING} {leaf}", "delete vlans vlan-id 10", used)


def test_missing_vlans_are_listed_as_ranges() -> None:
    with pytest.raises(BrokenReference, match="20:24, 31"):
        validate({}, typed(f"set {SWITCHING} port-mode trunk\nset {SWITCHING} vlan members 20:24,31"))


def test_an_interface_address_needs_its_prefix_length() -> None:
    path = "vlan-interface interface vlan10 address 198.18.11.1"
    refused(RuleViolation, path, f"set {path}", ROUTED)
    with pytest.raises(ConfigError, match="prefix-length is missing"):
        validate(
            typed(ROUTED),
            typed("delete vlan-interface interface vlan10 address 198.18.10.1 prefix-length", typed(ROUTED)),
        )


def test_a_vlan_interface_belongs_to_a_vlan() -> None:
    accepted(ROUTED)
    refused(RuleViolation, "vlan-interface interface vlan10", "set vlan-interface interface vlan10 mtu 1500")
    refused(RuleViolation, "vlan-interface interface vlan10", "delete vlans vlan-id 10 l3-interface", ROUTED)


def test_a_vlan_interface_belongs_to_one_vlan_only() -> None:
    refused(
        RuleViolation, "vlans vlan-id 11 l3-interface", "set vlans vlan-id 11 l3-interface vlan10", ROUTED
    )


@pytest.mark.parametrize(
    "address",
    ["198.18.11.0/24", "198.18.11.255/24", "224.0.0.1/24", "127.0.0.1/8", "240.0.0.1/24", "0.0.0.0/32"],
)
def test_an_address_that_no_host_can_have_is_refused(address: str) -> None:
    ip, _, length = address.partition("/")
    path = f"vlan-interface interface vlan10 address {ip}"
    refused(RuleViolation, path, f"set {path} prefix-length {length}", ROUTED)


@pytest.mark.parametrize(
    "address", ["198.18.11.0/31", "198.18.11.1/31", "198.18.11.7/32", "198.18.11.254/24"]
)
def test_a_usable_address_is_accepted(address: str) -> None:
    ip, _, length = address.partition("/")
    accepted(f"set vlan-interface interface vlan10 address {ip} prefix-length {length}", ROUTED)


def test_the_management_address_is_checked_like_any_other() -> None:
    refused(RuleViolation, f"{ETH0} address", f"set {ETH0} address 192.0.2.0/24")
    accepted(f"set {ETH0} address 192.0.2.1/24")


@pytest.mark.parametrize("network", ["198.18.10.9/24", "198.18.0.1/16", "198.18.10.129/25"])
def test_subnets_of_two_interfaces_stay_apart(network: str) -> None:
    ip, _, length = network.partition("/")
    lines = f"""\
set vlans vlan-id 20 l3-interface vlan20
set vlan-interface interface vlan20 address {ip} prefix-length {length}
"""
    with pytest.raises(RuleViolation, match="overlaps"):
        validate(typed(ROUTED), typed(lines, typed(ROUTED)))
    with pytest.raises(RuleViolation, match="overlaps"):
        validate(typed(ROUTED), typed(f"set {ETH0} address {network}", typed(ROUTED)))


def test_a_wide_subnet_hides_no_overlap_behind_a_narrow_one() -> None:
    lines = """\
set vlan-interface interface vlan10 address 10.0.0.1 prefix-length 8
set vlan-interface interface vlan10 address 10.1.0.1 prefix-length 16
set vlans vlan-id 20 l3-interface vlan20
set vlan-interface interface vlan20 address 10.2.0.1 prefix-length 16
"""
    refused(RuleViolation, "vlan-interface interface vlan20 address 10.2.0.1", lines, ROUTED)


def test_one_interface_has_several_addresses_in_one_subnet() -> None:
    accepted("set vlan-interface interface vlan10 address 198.18.10.2 prefix-length 24", ROUTED)


def test_the_management_gateway_is_in_the_subnet() -> None:
    accepted(f"set {ETH0} address 192.0.2.1/24\nset {ETH0} gateway 192.0.2.254")
    refused(RuleViolation, f"{ETH0} gateway", f"set {ETH0} gateway 192.0.2.254")
    refused(
        RuleViolation,
        f"{ETH0} gateway",
        f"set {ETH0} gateway 192.0.3.254",
        f"set {ETH0} address 192.0.2.1/24",
    )


@pytest.mark.parametrize(
    ("lines", "below"),
    [
        ("", ""),
        (" next-hop 198.18.99.1", " next-hop"),
        (" next-hop 198.18.10.1", " next-hop"),
        (" qualified-next-hop 198.18.99.1", " qualified-next-hop 198.18.99.1"),
        (" qualified-next-hop 198.18.10.1 metric 5", " qualified-next-hop 198.18.10.1"),
    ],
    ids=["no next hop", "not connected", "own address", "qualified not connected", "qualified own address"],
)
def test_a_route_without_a_neighbour_as_next_hop_is_refused(lines: str, below: str) -> None:
    path = "protocols static route 203.0.113.0/24"
    refused(RuleViolation, f"{path}{below}", f"set {path}{lines}", ROUTED)


def test_a_next_hop_is_named_once() -> None:
    path = "protocols static route 203.0.113.0/24"
    accepted(f"set {path} next-hop 198.18.10.2\nset {path} qualified-next-hop 198.18.10.3 metric 5", ROUTED)
    twice = f"set {path} next-hop 198.18.10.2\nset {path} qualified-next-hop 198.18.10.2"
    refused(RuleViolation, f"{path} qualified-next-hop 198.18.10.2", twice, ROUTED)


def test_a_connected_network_needs_no_route() -> None:
    path = "protocols static route 198.18.10.0/24"
    refused(RuleViolation, path, f"set {path} next-hop 198.18.10.2", ROUTED)


def test_an_address_with_routes_through_it_cannot_be_deleted() -> None:
    route = ROUTED + "set protocols static route 203.0.113.0/24 next-hop 198.18.10.2"
    gone = "delete vlan-interface interface vlan10 address 198.18.10.1"
    refused(RuleViolation, "protocols static route 203.0.113.0/24 next-hop", gone, route)


def test_every_problem_is_told_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        validate(
            {}, typed(f"set {SWITCHING} native-vlan-id 20\nset vlan-interface interface vlan30 mtu 1500")
        )
    assert {problem.code for problem in caught.value.problems} == {"broken-reference", "rule-violation"}


LOOPBACK = "set loopback-interface interface lo7 address"


def test_a_loopback_has_several_addresses_but_none_of_another_interfaces_subnet() -> None:
    accepted(f"{LOOPBACK} 203.0.113.7/32\n{LOOPBACK} 203.0.113.8/32\n{LOOPBACK} 198.51.100.1/24")
    path = "loopback-interface interface lo7 address 198.18.10.9/32"
    refused(RuleViolation, path, f"{LOOPBACK} 198.18.10.9/32", ROUTED)
    refused(
        RuleViolation, "loopback-interface interface lo7 address 224.0.0.5/32", f"{LOOPBACK} 224.0.0.5/32"
    )


def test_a_loopback_and_a_vlan_interface_have_different_names() -> None:
    refused(
        RuleViolation,
        "loopback-interface interface lo7",
        f"{LOOPBACK} 203.0.113.7/32",
        "set vlans vlan-id 10 l3-interface lo7",
    )
