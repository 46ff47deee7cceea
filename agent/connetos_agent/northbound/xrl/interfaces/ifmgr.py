"""The reading half of ifmgr/0.1 (spec/wire/xrl-interfaces.txt), as XORP's `fea` offers it.

Each port, `eth0` and each VLAN interface is an interface with one vif of the same name. Changes go through
connetos_config/0.1 only, because here they would know neither VLANs nor validation.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface
from typing import Any

from connetos_agent.config.sessions import Caller
from connetos_agent.northbound.xrl.reads import StateReads
from connetos_agent.northbound.xrl.target import Handler, Interface, Results
from connetos_sdk.wire.xrl.codes import CommandFailed
from connetos_sdk.wire.xrl.values import parse_mac


@dataclass(frozen=True)
class _Interface:
    """One interface as ifmgr sees it; None is what isn't known."""

    enabled: bool | None
    oper: str
    mac: str
    mtu: int | None
    management: bool
    addresses: tuple[IPv4Interface, ...]
    loopback: bool = False


async def _interfaces(reads: StateReads) -> dict[str, _Interface]:
    ports = await reads.at("interface")
    vlans = (await reads.at("vlan-interface"))["interface"]
    found: dict[str, _Interface] = {}
    for kind, entries in ports.items():
        for name, entry in entries.items():
            admin = entry.get("admin")
            enabled = None if admin is None else admin == "up"
            found[name] = _Interface(
                enabled,
                entry["oper"],
                entry.get("mac", ""),
                entry.get("mtu"),
                kind == "management-ethernet",
                (),
            )
    for name, entry in vlans.items():
        addresses = tuple(map(IPv4Interface, entry["address"]))
        found[name] = _Interface(True, entry["oper"], entry["mac"], entry["mtu"], False, addresses)
    for name, entry in (await reads.at("loopback-interface"))["interface"].items():
        addresses = tuple(map(IPv4Interface, entry["address"]))
        found[name] = _Interface(True, entry["oper"], "", None, False, addresses, loopback=True)
    return found


def ifmgr(reads: StateReads) -> Interface:
    """The methods, reading through `reads`."""

    async def find(ifname: str, vif: str | None = None) -> _Interface:
        found = (await _interfaces(reads)).get(ifname)
        if found is None:
            raise CommandFailed(f"Interface {ifname[:60]} not found")
        if vif is not None and vif != ifname:
            raise CommandFailed(f"Interface {ifname} vif {vif[:60]} not found")
        return found

    async def find_address(ifname: str, vif: str, address: IPv4Address) -> IPv4Interface:
        for own in (await find(ifname, vif)).addresses:
            if own.ip == address:
                return own
        raise CommandFailed(f"Interface {ifname} vif {vif} address {address} not found")

    def about(read: Callable[[_Interface], Results]) -> Handler:
        async def answer(_: Caller, ifname: str) -> Results:
            return read(await find(ifname))

        return answer

    def about_vif(read: Callable[[_Interface], Results]) -> Handler:
        async def answer(_: Caller, ifname: str, vif: str) -> Results:
            return read(await find(ifname, vif))

        return answer

    def about_address(read: Callable[[IPv4Interface], Results]) -> Handler:
        async def answer(_: Caller, ifname: str, vif: str, address: IPv4Address) -> Results:
            return read(await find_address(ifname, vif, address))

        return answer

    async def address_flags(_: Caller, ifname: str, vif: str, address: IPv4Address) -> Results:
        loopback = (await find(ifname, vif)).loopback
        await find_address(ifname, vif, address)
        return (True, not loopback, loopback, False, not loopback)

    async def names(_: Caller) -> Results:
        return (list(await _interfaces(reads)),)

    async def vif_names(_: Caller, ifname: str) -> Results:
        await find(ifname)
        return ([ifname],)

    address = "ifname:txt & vif:txt & address:ipv4"
    return Interface.of(
        "ifmgr/0.1",
        {
            "get_configured_interface_names -> ifnames:list<txt>": names,
            "get_configured_vif_names ? ifname:txt -> vifs:list<txt>": vif_names,
            "get_configured_vif_flags ? ifname:txt & vif:txt -> enabled:bool & broadcast:bool & loopback:bool"
            " & point_to_point:bool & multicast:bool": about_vif(
                lambda i: (_known(i.enabled, "enabled"), not i.loopback, i.loopback, False, not i.loopback)
            ),
            "get_configured_vif_addresses4 ? ifname:txt & vif:txt -> addresses:list<ipv4>": about_vif(
                lambda i: ([own.ip for own in i.addresses],)
            ),
            f"get_configured_address_flags4 ? {address} -> enabled:bool & broadcast:bool & loopback:bool"
            " & point_to_point:bool & multicast:bool": address_flags,
            "get_configured_interface_enabled ? ifname:txt -> enabled:bool": about(
                lambda i: (_known(i.enabled, "enabled"),)
            ),
            "get_configured_interface_discard ? ifname:txt -> discard:bool": about(lambda _: (False,)),
            "get_configured_interface_unreachable ? ifname:txt -> unreachable:bool": about(
                lambda _: (False,)
            ),
            "get_configured_interface_management ? ifname:txt -> management:bool": about(
                lambda i: (i.management,)
            ),
            "get_configured_mac ? ifname:txt -> mac:mac": about(
                lambda i: (parse_mac(_known(i.mac or None, "mac")),)
            ),
            "get_configured_mtu ? ifname:txt -> mtu:u32": about(lambda i: (_known(i.mtu, "mtu"),)),
            "get_configured_no_carrier ? ifname:txt -> no_carrier:bool": about(
                lambda i: (_known(None if i.oper == "unknown" else i.oper, "no_carrier") == "down",)
            ),
            "get_configured_vif_enabled ? ifname:txt & vif:txt -> enabled:bool": about_vif(
                lambda i: (_known(i.enabled, "enabled"),)
            ),
            f"get_configured_prefix4 ? {address} -> prefix_len:u32": about_address(
                lambda own: (own.network.prefixlen,)
            ),
            f"get_configured_broadcast4 ? {address} -> broadcast:ipv4": about_address(
                lambda own: (own.network.broadcast_address,)
            ),
            f"get_configured_address_enabled4 ? {address} -> enabled:bool": about_address(lambda _: (True,)),
        },
    )


def _known(value: Any, what: str) -> Any:
    if value is None:
        raise CommandFailed(f"The data plane doesn't tell {what} of this interface")
    return value
