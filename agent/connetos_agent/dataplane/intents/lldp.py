"""LLDP: on by default, on every port, without any configuration."""

from __future__ import annotations

from connetos_agent.dataplane.base import ObjectKey
from connetos_agent.dataplane.intents.kind import Kind
from connetos_agent.dataplane.intents.ports import native_vlan
from connetos_agent.dataplane.platform import Platform
from connetos_agent.dataplane.states.base import State
from connetos_agent.dataplane.states.lldp import Lldp, LldpPort
from connetos_sdk.model.rules import PORTS
from connetos_sdk.model.tree import Document, effective, get

LLDP = ("protocols", "lldp")
TLVS = (
    "port-description",
    "system-name",
    "system-description",
    "system-capabilities",
    "management-address",
    "port-vlan",
    "mac-phy-cfg",
)
"""All that can be selected, in the order in which `show lldp detail` lists them."""


def _enabled(document: Document) -> bool:
    return bool(effective(document, (*LLDP, "enable")))


def selected(tlv: str, document: Document) -> bool:
    """Whether this TLV shall be sent."""
    return bool(effective(document, (*LLDP, "tlv-select", tlv, "enable")))


def _lldp(_key: str, document: Document, _platform: Platform) -> State | None:
    if not _enabled(document):
        return None
    return Lldp(
        advertisement_interval=effective(document, (*LLDP, "advertisement-interval")),
        hold_time_multiplier=effective(document, (*LLDP, "hold-time-multiplier")),
        reinit_delay=effective(document, (*LLDP, "reinit-delay")),
        transmit_delay=effective(document, (*LLDP, "transmit-delay")),
        tlvs=tuple(tlv for tlv in TLVS if tlv != "port-vlan" and selected(tlv, document)),
        system_name=effective(document, ("system", "hostname")) if selected("system-name", document) else "",
    )


def _lldp_port(port: str, document: Document, platform: Platform) -> State | None:
    if port not in platform.ports or not _enabled(document):
        return None
    aggregate = get(document, (*PORTS, port, "ether-options", "802.3ad"), None)
    native = native_vlan(aggregate or port, document, platform)
    return LldpPort(
        status=get(document, (*LLDP, "interface", port, "status"), "tx-rx"),
        description=get(document, (*PORTS, port, "description"), port),
        pvid=native if selected("port-vlan", document) else 0,
    )


def _ports(document: Document, platform: Platform) -> tuple[str, ...]:
    return tuple(platform.ports) if _enabled(document) else ()


def _all_ports(_key: str, document: Document, platform: Platform) -> list[ObjectKey]:
    return [ObjectKey("lldp-port", port) for port in _ports(document, platform)]


KINDS = (
    Kind(
        "lldp",
        9,
        _lldp,
        lambda document, _platform: ("system",) if _enabled(document) else (),
        others=_all_ports,
    ),
    Kind("lldp-port", 10, _lldp_port, _ports),
)
