"""The driver: NAPALM's methods in terms of the SDK's façade."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple, cast

from napalm.base import models
from napalm.base.exceptions import (
    CommandErrorException,
    CommitConfirmException,
    CommitError,
    ConnectionClosedException,
    ConnectionException,
    MergeConfigException,
    NapalmException,
    ReplaceConfigException,
)

from connetos_sdk import Change, Switch, results
from connetos_sdk.errors import ConnetosError, NotFound, Unsupported
from connetos_sdk.model.ranges import port_order
from connetos_sdk.model.text import parse_document
from napalm_connetos.connection import check, revision, text_of, url_of
from napalm_connetos.errors import told
from napalm_connetos.state import UNKNOWN, StateGetters

LEVELS = {"read-only": 1, "super-user": 15}
FORMATS = ("text", "set", "json")


class _Devices(NamedTuple):
    ports: dict[str, results.InterfaceState | results.AggregateState]
    management: results.ManagementState | None


class ConnetOSDriver(StateGetters):
    """A ConnetOS switch.

    Args:
        hostname: name or address.
        username: user on the switch; changes need class `super-user`.
        password: its password.
        timeout: seconds to wait for an answer.
        optional_args: `url` (instead of `https://hostname`), `port` (443), `ca_file` (certificate to trust), `ssl_verify`
            (true), `config_lock` (false; hold the configuration exclusively while a candidate is open); for a vendor's
            switch `transport` (`rcc`, over SSH at port 22), `known_hosts`, `key_files`.
    """

    def __init__(
        self,
        hostname: str,
        username: str,
        password: str,
        timeout: int = 60,
        optional_args: Mapping[str, Any] | None = None,
    ) -> None:
        options = dict(optional_args or {})
        with told(ConnectionException, opening=True):
            check(options)
        self.hostname, self.username, self.password, self.timeout = hostname, username, password, timeout
        self.platform = "connetos"
        self.profile = [self.platform]
        self._url = options.get("url") or url_of(
            hostname, options.get("port"), options.get("transport", "rest")
        )
        self._access = {
            "ca_file": options.get("ca_file"),
            "known_hosts": options.get("known_hosts"),
            "key_files": options.get("key_files", ()),
            "verify": options.get("ssl_verify", True),
            "timeout_s": float(timeout),
        }
        self._exclusive = bool(options.get("config_lock", False))
        self._opened: Switch | None = None
        self._change: Change | None = None
        self._before: int | None = None

    # -- connection -----------------------------------------------------------------------------------

    def open(self) -> None:
        """Connect, and find out that the user may log in."""
        with told(ConnectionException, opening=True):
            switch = Switch(self._url, username=self.username, password=self.password, **self._access)
            try:
                revision(switch)
            except BaseException:
                switch.close()
                raise
        self._opened = switch

    def close(self) -> None:
        """Give back the connection; a candidate that isn't committed is forgotten."""
        switch, self._opened = self._opened, None
        if switch is not None:
            with suppress(ConnetosError):  # the switch is gone, and its candidate with it
                self._forget_candidate()
            switch.close()

    def is_alive(self) -> models.AliveDict:
        """Whether the switch answers."""
        try:
            with told(CommandErrorException):
                alive = self._opened is not None
                if self._opened is not None:
                    revision(self._opened)
                return {"is_alive": alive}
        except NapalmException:
            return {"is_alive": False}

    def _switch(self) -> Switch:
        if self._opened is None:
            raise ConnectionClosedException("the connection isn't open: call open() first")
        return self._opened

    # -- candidate ------------------------------------------------------------------------------------

    def load_merge_candidate(self, filename: str | None = None, config: str | None = None) -> None:
        """Lay configuration over the candidate: curly braces, `set` and `delete` lines, or JSON."""
        text = text_of(filename, config, MergeConfigException)
        with self._at_candidate(MergeConfigException):
            self._candidate().load(text)

    def load_replace_candidate(self, filename: str | None = None, config: str | None = None) -> None:
        """Make the candidate this configuration, given in any of these forms."""
        text = text_of(filename, config, ReplaceConfigException)
        with self._at_candidate(ReplaceConfigException):
            document = parse_document(text)
            self._candidate().replace(document)

    def compare_config(self) -> str:
        """What the candidate changes; empty without a candidate."""
        with self._at_candidate(CommandErrorException):
            return self._change.diff().strip() if self._change is not None else ""

    def commit_config(self, message: str = "", revert_in: int | None = None) -> None:
        """Commit the candidate; with `revert_in` (seconds) the switch rolls back unless it is confirmed."""
        with self._at_candidate(CommitError):
            if self._switch().system().confirm is not None:
                raise CommitError("a commit waits for its confirmation: call confirm_commit() or rollback()")
            if self._change is None:
                return
            self._before = revision(self._switch())
            self._change.commit(comment=message, confirm=revert_in)
            self._forget_candidate()

    def confirm_commit(self) -> None:
        """Keep what was committed with `revert_in`."""
        with told(CommitConfirmException):
            self._switch().confirm()

    def has_pending_commit(self) -> bool:
        """Whether a commit waits for its confirmation; NotImplementedError at a vendor's switch, which doesn't tell."""
        with told(CommandErrorException):
            system = self._switch().system()
        if system.revision is None:
            raise NotImplementedError("the switch doesn't tell whether a commit waits for its confirmation")
        return system.confirm is not None

    def discard_config(self) -> None:
        """Forget the candidate."""
        with told(CommandErrorException):
            self._forget_candidate()

    def rollback(self) -> None:
        """Go back to before this connection's last commit, or before the last one at all if it made none."""
        with told(CommitError):
            self._forget_candidate()
            if self._switch().system().confirm is not None:
                self._switch().cancel_confirmed()
            elif self._before is not None:
                self._switch().rollback(revision=self._before)
            else:
                self._switch().rollback(1)
            self._before = None

    def _candidate(self) -> Change:
        if self._change is None:
            self._change = self._switch().configure(exclusive=self._exclusive).__enter__()
        return self._change

    @contextmanager
    def _at_candidate(self, otherwise: type[NapalmException]) -> Iterator[None]:
        """For work at the candidate; one that the switch has lost is forgotten, so that it can be loaded again."""
        with told(otherwise, switch=self._opened):
            try:
                yield
            except NotFound as error:
                self._forget_candidate()
                raise NotFound(
                    "the candidate is gone, as after a restart of the agent: load it again"
                ) from error

    def _forget_candidate(self) -> None:
        change, self._change = self._change, None
        if change is not None:
            change.close()

    # -- the switch -----------------------------------------------------------------------------------

    def cli(self, commands: list[str], encoding: str = "text") -> dict[str, str | dict[str, Any]]:
        """Text of operational commands."""
        if encoding != "text":
            raise NotImplementedError(f"encoding {encoding}: the CLI answers text")
        if not isinstance(commands, list):
            raise TypeError("commands must be a list")
        with told(CommandErrorException, switch=self._opened):
            return {command: self._switch().cli(command) for command in commands}

    def get_facts(self) -> models.FactsDict:
        """The switch as a whole. ConnetOS has no domain name of its own.

        A vendor's switch lists no ports: there they are those of its VLANs.
        """
        with told(CommandErrorException):
            system, interfaces = self._switch().system(), self._interface_names()
            serial = self._switch().state("system serial-number")["board"]
        return {
            "uptime": float(system.switch_uptime_s),
            "vendor": "ConnetOS",
            "model": system.model,
            "hostname": system.hostname,
            "fqdn": system.hostname,
            "os_version": system.version,
            "serial_number": serial,
            "interface_list": interfaces,
        }

    def _devices(self) -> _Devices:
        """All ports and aggregates by one request."""
        state = self._switch().state("interface")
        return _Devices(
            {**results.interfaces(state), **results.aggregates(state)},
            results.management(state["management-ethernet"]),
        )

    def _interface_names(self) -> list[str]:
        switch = self._switch()
        try:
            ports, management = self._devices()
            names = list(ports)
        except Unsupported:
            management = switch.management()
            members = {port for vlan in switch.vlans().values() for port in (*vlan.tagged, *vlan.untagged)}
            names = sorted(members, key=port_order)
        names += [*switch.vlan_interfaces(), *switch.loopbacks()]
        return names if management is None else [*names, management.name]

    def get_interfaces(self) -> dict[str, models.InterfaceDict]:
        """Ports, aggregates, VLAN interfaces, loopbacks and the management port.

        `mtu` is that of a frame for ports and of an IP packet for VLAN interfaces; 0 where the switch doesn't tell.
        """
        with told(CommandErrorException):
            devices, routed = self._devices(), self._switch().vlan_interfaces()
            loopbacks = self._switch().loopbacks()
            descriptions = self._switch().config("vlan-interface interface", defaults=True) if routed else {}
        management = devices.management
        found = {
            name: _interface(
                up=port.oper == "up",
                enabled=port.admin == "up",
                description=port.description,
                mtu=port.mtu_bytes,
                mac=port.mac if isinstance(port, results.InterfaceState) else "",
            )
            for name, port in devices.ports.items()
        }
        for name, state in routed.items():
            found[name] = _interface(
                up=state.oper == "up",
                enabled=True,
                description=descriptions.get(name, {}).get("description", ""),
                mtu=state.mtu_bytes or 0,
                mac=state.mac,
            )
        for name, loopback in loopbacks.items():
            found[name] = _interface(
                up=loopback.oper == "up", enabled=True, description=loopback.description, mtu=0, mac=""
            )
        if management is not None:
            found[management.name] = _interface(
                up=management.oper == "up", enabled=True, description="", mtu=0, mac=management.mac
            )
        return found

    def get_interfaces_ip(self) -> dict[str, models.InterfacesIPDict]:
        """Addresses of VLAN interfaces, loopbacks and the management port."""
        with told(CommandErrorException):
            routed, management = self._switch().vlan_interfaces(), self._switch().management()
            loopbacks = self._switch().loopbacks()
        addresses = {name: state.addresses for name, state in routed.items()}
        addresses |= {name: loopback.addresses for name, loopback in loopbacks.items()}
        if management is not None and management.address:
            addresses[management.name] = [management.address]
        return {name: _addresses(listed) for name, listed in addresses.items() if listed}

    def get_vlans(self) -> dict[str, models.VlanDict]:
        """VLANs with the ports that carry them, tagged or not."""
        with told(CommandErrorException):
            vlans = self._switch().vlans()
        return {
            str(number): {"name": vlan.name, "interfaces": [*vlan.untagged, *vlan.tagged]}
            for number, vlan in vlans.items()
        }

    def get_lldp_neighbors(self) -> dict[str, list[models.LLDPNeighborDict]]:
        """Neighbours that LLDP has found, by port; without a name, a neighbour's id stands for it."""
        with told(CommandErrorException):
            neighbors = self._switch().lldp_neighbors()
        found: dict[str, list[models.LLDPNeighborDict]] = {}
        for one in neighbors:
            entry: models.LLDPNeighborDict = {
                "hostname": one.system_name or one.chassis_id,
                "port": one.port_id,
            }
            found.setdefault(one.local_port, []).append(entry)
        return found

    def get_lldp_neighbors_detail(self, interface: str = "") -> models.LLDPNeighborsDetailDict:
        """The same with all that they tell. LLDP's enabled capabilities are what is told of capabilities."""
        with told(CommandErrorException):
            neighbors, aggregates = self._switch().lldp_neighbors(), self._switch().aggregates()
        parents = {port: name for name, aggregate in aggregates.items() for port in aggregate.members}
        found: models.LLDPNeighborsDetailDict = {}
        for one in neighbors:
            if interface in ("", one.local_port):
                capabilities = [name.lower() for name in one.capabilities]
                entry: models.LLDPNeighborDetailDict = {
                    "parent_interface": parents.get(one.local_port, ""),
                    "remote_port": one.port_id,
                    "remote_chassis_id": one.chassis_id,
                    "remote_port_description": one.port_description,
                    "remote_system_name": one.system_name,
                    "remote_system_description": one.system_description,
                    "remote_system_capab": capabilities,
                    "remote_system_enable_capab": capabilities,
                }
                found.setdefault(one.local_port, []).append(entry)
        return found

    def get_users(self) -> dict[str, models.UsersDict]:
        """Configured users; the password is its hash."""
        with told(CommandErrorException):
            login = self._switch().config("system login", secrets=True)
        return {
            name: {
                "level": LEVELS[entry.get("class", "super-user")],
                "password": entry.get("authentication", {}).get("encrypted-password", ""),
                "sshkeys": [],
            }
            for name, entry in login.get("user", {}).items()
        }

    def get_config(
        self,
        retrieve: str = "all",
        full: bool = False,
        sanitized: bool = False,
        format: str = "text",  # noqa: A002 - NAPALM's name
    ) -> models.ConfigDict:
        """Configurations in curly braces (`text`), as `set` lines or as `json`; `full` has default values too."""
        if format not in FORMATS:
            raise ValueError(f"there is no format {format}: one of {', '.join(FORMATS)}")
        if retrieve not in ("all", "running", "candidate", "startup"):
            raise ValueError(f"there is no {retrieve} configuration: all, running, candidate or startup")
        sources = {"running": "running", "startup": "startup"}
        if self._change is not None:
            sources["candidate"] = self._change.source
        options: dict[str, Any] = {"form": format, "defaults": full, "secrets": not sanitized}
        found = {}
        for name, source in sources.items():
            if retrieve in ("all", name):
                try:
                    with told(CommandErrorException):
                        found[name] = self._switch().config_text(source=source, **options)
                except NotImplementedError:  # a vendor's switch shows its running configuration only
                    if retrieve != "all" or name == "running":
                        raise
        return {
            "running": found.get("running", ""),
            "startup": found.get("startup", ""),
            "candidate": found.get("candidate", ""),
        }


def _interface(*, up: bool, enabled: bool, description: str, mtu: int, mac: str) -> models.InterfaceDict:
    return {
        "is_up": up,
        "is_enabled": enabled,
        "description": description,
        "last_flapped": UNKNOWN,
        "speed": UNKNOWN,
        "mtu": mtu,
        "mac_address": mac.upper(),
    }


def _addresses(listed: list[str]) -> models.InterfacesIPDict:
    found: dict[str, Any] = {}
    for text in listed:
        address = ipaddress.ip_interface(text)
        entries = found.setdefault(f"ipv{address.version}", {})
        entries[str(address.ip)] = {"prefix_length": address.network.prefixlen}
    return cast("models.InterfacesIPDict", found)
