"""Getters of what a switch does at the moment, and ping and traceroute."""

from __future__ import annotations

import ipaddress
from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

from napalm.base import NetworkDriver, constants, models
from napalm.base.exceptions import CommandErrorException

from connetos_sdk import Switch
from connetos_sdk.diagnostics import HopAnswer
from connetos_sdk.errors import ConnetosError, TransportError
from napalm_connetos.errors import told

UNKNOWN = -1.0
"""What NAPALM's drivers answer for a number that the switch doesn't know; counters have it as an integer."""
DEFAULT_INSTANCE = "default"
NOBODY = "*"
MAX_HOPS = 64
UNKNOWN_DBM = -100.0
"""The same for a power that isn't measured: less than any receiver can see, where -1 dBm would be much."""
Sensor = TypeVar("Sensor")


class StateGetters(NetworkDriver):
    """The part of the driver that only looks. A switch has no VRFs: everything is in the instance `default`."""

    @abstractmethod
    def _switch(self) -> Switch:
        """The open connection."""

    # -- tables ---------------------------------------------------------------------------------------

    def get_interfaces_counters(self) -> dict[str, models.InterfaceCounterDict]:
        """Counters since they were cleared. Unicast and broadcast aren't counted apart: -1."""
        with told(CommandErrorException):
            counters = self._switch().counters()
        return {name: _counters(one) for name, one in counters.items()}

    def get_arp_table(self, vrf: str = "") -> list[models.ARPTableDict]:
        """IPv4 neighbours of VLAN interfaces; `age` in seconds, -1 for a static one."""
        _one_instance(vrf)
        with told(CommandErrorException):
            entries = self._switch().state("arp")["entries"]
        return [
            {
                "interface": one["interface"],
                "mac": one["mac"].upper(),
                "ip": one["address"],
                "age": UNKNOWN if one["age_s"] is None else float(one["age_s"]),
            }
            for one in entries
        ]

    def get_mac_address_table(self) -> list[models.MACAdressTable]:
        """The MAC table; how often an address moved isn't known: -1."""
        with told(CommandErrorException):
            entries = self._switch().mac_table()
        return [
            {
                "mac": one.mac_address.upper(),
                "interface": one.interface,
                "vlan": one.vlan_id,
                "static": one.static,
                "active": True,
                "moves": int(UNKNOWN),
                "last_move": UNKNOWN,
            }
            for one in entries
        ]

    def get_route_to(
        self, destination: str = "", protocol: str = "", longer: bool = False
    ) -> dict[str, models.RouteDict]:
        """Routes to a prefix, with `longer` those inside it, too; of an address the longest that matches; else all."""
        with told(CommandErrorException):
            entries = self._switch().state("fib")["ipv4"]
        wanted = _matching(entries, destination, longer)
        found: dict[str, list[Any]] = {}
        for one in wanted:
            if protocol.lower() in ("", one["protocol"].lower()):
                found.setdefault(one["prefix"], []).extend(_route(one, hop) for hop in one["next-hop"])
        return cast("dict[str, models.RouteDict]", found)

    def get_network_instances(self, name: str = "") -> dict[str, models.NetworkInstanceDict]:
        """The only instance there is, with all interfaces but the management port."""
        if name not in ("", DEFAULT_INSTANCE):
            return {}
        with told(CommandErrorException):
            state, routed = self._switch().state("interface"), self._switch().vlan_interfaces()
            loopbacks = self._switch().loopbacks()
        names = [*state["gigabit-ethernet"], *state["aggregate-ethernet"], *routed, *loopbacks]
        return {
            DEFAULT_INSTANCE: {
                "name": DEFAULT_INSTANCE,
                "type": "DEFAULT_INSTANCE",
                "state": {"route_distinguisher": ""},
                "interfaces": {"interface": {one: {} for one in names}},
            }
        }

    # -- time -----------------------------------------------------------------------------------------

    def get_ntp_servers(self) -> dict[str, models.NTPServerDict]:
        """The configured time server, if there is one."""
        with told(CommandErrorException):
            server = self._switch().config("system").get("ntp-server-ip")
        return {str(server): {}} if server else {}

    def get_ntp_peers(self) -> dict[str, models.NTPPeerDict]:
        """None: a switch follows a server and can't be configured to have peers."""
        return {}

    def get_ntp_stats(self) -> list[models.NTPStats]:
        """How well the time server is followed: `offset` in milliseconds; -1 for what isn't told."""
        with told(CommandErrorException):
            status = self._switch().state("system ntp-status")
        if not status["configured"]:
            return []
        return [
            {
                "remote": status["server"],
                "referenceid": "",
                "synchronized": status["synchronised"],
                "stratum": status["stratum"],
                "type": "-",
                "when": "",
                "hostpoll": int(status["polling_s"]),
                "reachability": int(UNKNOWN),
                "delay": UNKNOWN,
                "offset": status["offset_s"] * 1000.0,
                "jitter": UNKNOWN,
            }
        ]

    # -- machine --------------------------------------------------------------------------------------

    def get_environment(self) -> models.EnvironmentDict:
        """Sensors that the machine has (none of a kind is an empty dictionary); memory in bytes.

        The switch doesn't tell limits of its temperatures: `is_alert` and `is_critical` are always false.
        """
        with told(CommandErrorException):
            details = {
                name: self._switch().state(("system", name))
                for name in ("fan", "temperature", "rpsu", "cpu-usage", "memory-usage")
            }
        memory = details["memory-usage"]
        return {
            "fans": _named(details["fan"], "fan", lambda one: {"status": one["speed_rpm"] > 0}),
            "temperature": _named(details["temperature"], "sensor", _temperature),
            "power": _named(details["rpsu"], "supply", _supply),
            "cpu": {0: {"%usage": float(details["cpu-usage"]["percent"])}},
            "memory": {"used_ram": memory["used"] * 1024, "available_ram": memory["total"] * 1024},
        }

    def get_optics(self) -> dict[str, models.OpticsDict]:
        """What modules measure: power in dBm, current of the laser in mA; without a channel for one that measures neither.

        Of a QSFP+ that is its first lane. Only the moment is known: -100 dBm and -1 mA for averages and limits.
        """
        with told(CommandErrorException):
            modules = self._switch().state("system ddm")
        found = {name: {"physical_channels": {"channel": _channels(one)}} for name, one in modules.items()}
        return cast("dict[str, models.OpticsDict]", found)

    # -- probes ---------------------------------------------------------------------------------------

    def ping(  # noqa: PLR0917 - NAPALM's signature
        self,
        destination: str,
        source: str = constants.PING_SOURCE,
        ttl: int = constants.PING_TTL,
        timeout: int = constants.PING_TIMEOUT,
        size: int = constants.PING_SIZE,
        count: int = constants.PING_COUNT,
        vrf: str = constants.PING_VRF,
        source_interface: str = constants.PING_SOURCE_INTERFACE,
    ) -> models.PingResultDict:
        """Echo requests from the switch; `packet_loss` is how many weren't answered, times are in milliseconds."""
        _one_instance(vrf)
        options: dict[str, Any] = {
            "ttl": ttl, "timeout_ms": timeout * 1000, "size": size, "count": count,
            **{name: value for name, value in (("source", source), ("interface", source_interface)) if value},
        }  # fmt: skip
        with told(CommandErrorException):
            try:
                done = self._switch().ping(destination, **options)
            except TransportError:
                raise
            except ConnetosError as error:
                return {"error": str(error)}
        return {
            "success": {
                "probes_sent": done.sent,
                "packet_loss": done.sent - done.received,
                "rtt_min": _known(done.min_ms),
                "rtt_max": _known(done.max_ms),
                "rtt_avg": _known(done.avg_ms),
                "rtt_stddev": _known(done.stddev_ms),
                "results": [
                    {"ip_address": probe.sender, "rtt": _known(probe.time_ms)}
                    for probe in done.probes
                    if probe.outcome == "reply"
                ],
            }
        }

    def traceroute(
        self,
        destination: str,
        source: str = constants.TRACEROUTE_SOURCE,
        ttl: int = constants.TRACEROUTE_TTL,
        timeout: int = constants.TRACEROUTE_TIMEOUT,
        vrf: str = constants.TRACEROUTE_VRF,
    ) -> models.TracerouteResultDict:
        """The way from the switch, of 64 hops at most; `*` for no answer. Names aren't looked up."""
        _one_instance(vrf)
        options: dict[str, Any] = {"max_hops": min(ttl, MAX_HOPS), "timeout_ms": timeout * 1000}
        if source:
            options["source"] = source
        with told(CommandErrorException):
            try:
                done = self._switch().traceroute(destination, **options)
            except TransportError:
                raise
            except ConnetosError as error:
                return {"error": str(error)}
        hops = {hop.ttl: {"probes": {one.probe: _probe(one) for one in hop.answers}} for hop in done.hops}
        return cast("models.TracerouteResultDict", {"success": hops})


def _one_instance(vrf: str) -> None:
    if vrf not in ("", DEFAULT_INSTANCE):
        raise NotImplementedError(f"there is no VRF {vrf}: a switch has none")


def _known(value: float | None) -> float:
    return UNKNOWN if value is None else value


def _counters(one: Mapping[str, int]) -> models.InterfaceCounterDict:
    return {
        "tx_errors": one.get("out-errors", -1),
        "rx_errors": one.get("in-errors", -1),
        "tx_discards": one.get("out-discards", -1),
        "rx_discards": one.get("in-discards", -1),
        "tx_octets": one.get("out-octets", -1),
        "rx_octets": one.get("in-octets", -1),
        "tx_unicast_packets": -1,
        "rx_unicast_packets": -1,
        "tx_multicast_packets": -1,
        "rx_multicast_packets": one.get("in-multicast-packets", -1),
        "tx_broadcast_packets": -1,
        "rx_broadcast_packets": -1,
    }


def _matching(entries: list[dict[str, Any]], destination: str, longer: bool) -> list[dict[str, Any]]:
    """Entries of the forwarding table that `get_route_to` is asked for."""
    if not destination:
        return entries
    try:
        wanted = ipaddress.IPv4Network(destination, strict=False)
    except ValueError as error:
        raise CommandErrorException(f"{destination} is no IPv4 address or prefix: {error}") from error
    networks = [(ipaddress.IPv4Network(one["prefix"]), one) for one in entries]
    if "/" in destination:
        return [
            one for network, one in networks if network == wanted or (longer and network.subnet_of(wanted))
        ]
    around = [(network, one) for network, one in networks if wanted.subnet_of(network)]
    best = max((network.prefixlen for network, _ in around), default=0)
    return [one for network, one in around if network.prefixlen == best]


def _route(one: Mapping[str, Any], hop: Mapping[str, str]) -> models.RouteDict:
    """One way of a route. How long it is there isn't known: -1."""
    return {
        "protocol": one["protocol"],
        "current_active": one["final"],
        "last_active": one["final"],
        "age": int(UNKNOWN),
        "next_hop": hop["address"],
        "outgoing_interface": hop["interface"],
        "selected_next_hop": one["final"],
        "preference": one["distance"],
        "inactive_reason": "" if one["final"] else "another route to this prefix is preferred",
        "routing_table": DEFAULT_INSTANCE,
        "protocol_attributes": {"metric": one["metric"]},
    }


def _probe(answer: HopAnswer) -> models.TracerouteDict:
    address = answer.address or NOBODY
    return {"rtt": _known(answer.time_ms), "ip_address": address, "host_name": address}


def _named(
    sensors: list[dict[str, Any]], kind: str, told: Callable[[Mapping[str, Any]], Sensor]
) -> dict[str, Sensor]:
    """Sensors by their labels, which may be missing or the same for several."""
    found: dict[str, Sensor] = {}
    for number, one in enumerate(sensors, 1):
        label = one.get("label") or f"{kind}{number}"
        found[f"{label} {number}" if label in found else label] = told(one)
    return found


def _channels(module: Mapping[str, Any]) -> list[dict[str, Any]]:
    measured = {
        "input_power": _moment(module["receive_dbm"], UNKNOWN_DBM),
        "output_power": _moment(module["transmit_dbm"], UNKNOWN_DBM),
        "laser_bias_current": _moment(module["bias_ma"], UNKNOWN),
    }
    dark = all(module[name] is None for name in ("receive_dbm", "transmit_dbm", "bias_ma"))
    return [] if dark else [{"index": 0, "state": measured}]


def _moment(value: float | None, unknown: float) -> models.OpticsStateDict:
    return {"instant": unknown if value is None else value, "avg": unknown, "min": unknown, "max": unknown}


def _temperature(one: Mapping[str, Any]) -> models.TemperatureDict:
    return {"is_alert": False, "is_critical": False, "temperature": float(one["celsius"])}


def _supply(one: Mapping[str, Any]) -> models.PowerDict:
    return {"status": one["status"] == "OK", "output": _known(one.get("pout")), "capacity": UNKNOWN}
