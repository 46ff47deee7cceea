"""Turn a YAML document into a `Plan`, and explain what is wrong with it when that fails."""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from pathlib import Path, PurePosixPath
from typing import Any, NoReturn

from connetos_sdk.atp.errors import PlanError, mistake
from connetos_sdk.atp.plan import Plan, PlannedSwitch, Role
from connetos_sdk.cabling import End, Link
from connetos_sdk.documents import DocumentReader, YamlProblem, load_yaml, suggest
from connetos_sdk.errors import ConfigError, ConnetosError
from connetos_sdk.model import tree
from connetos_sdk.model.operations import operation
from connetos_sdk.model.rules import PORTS

# A DNS label; dnsmasq takes a word that begins with a digit for a lease time, and two words for settings.
_NAME = re.compile(r"[A-Za-z]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
_DNSMASQ_WORDS = ("ignore", "infinite")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
GIVEN = ("switch", "management", "server")
"""Variables that every template is given by the plan itself."""


def read_plan(path: Path) -> Plan:
    """Read and check a plan.

    Raises:
        PlanError: it can't be read, or something in it is wrong.
    """
    try:
        document = load_yaml(path)
    except YamlProblem as error:
        raise PlanError(problems=[mistake(path, error.place, error.reason, error.hint)]) from error
    try:
        return _Reader(path).plan(document)
    except RecursionError:
        raise PlanError(problems=[mistake(path, "", "something in it contains itself")]) from None


class _Reader(DocumentReader):
    def __init__(self, source: Path) -> None:
        self.source = source
        self.cabled: dict[End, str] = {}

    def fail(self, path: str, reason: str, hint: str = "") -> NoReturn:
        raise PlanError(problems=[mistake(self.source, path, reason, hint)])

    def plan(self, document: object) -> Plan:
        if not isinstance(document, dict):
            self.fail("", "the plan must be a mapping", "start with 'management:' and 'switches:'")
        required = ("management", "server", "roles", "switches")
        self.keys(document, "", required=required, optional=("links", "variables"))
        management = self.network(document["management"])
        server = self.server(document["server"], management)
        roles = self.roles(document["roles"])
        switches = self.switches(document["switches"], management, server, roles)
        return Plan(
            source=self.source,
            management=management,
            server=server,
            roles=roles,
            switches=switches,
            links=self.links(document.get("links"), switches),
            variables=self.variables(document.get("variables"), "variables"),
        )

    def network(self, value: object) -> IPv4Network:
        try:
            network = IPv4Network(value if isinstance(value, str) else "")
        except ValueError as error:
            reason = f"{value!r} is not an IPv4 network: {error}"
            self.fail("management", reason, "for example 198.18.255.0/24")
        if not 8 <= network.prefixlen <= 30:
            self.fail("management", f"{network} can't be a management network", "a prefix length of 8 to 30")
        if network.is_multicast or network.is_loopback or network.is_reserved or network.is_link_local:
            self.fail("management", f"{network} has no addresses of hosts", "for example 198.18.255.0/24")
        return network

    def server(self, value: object, management: IPv4Network) -> IPv4Address:
        return self.address(value, "server", management)

    def address(self, value: object, path: str, management: IPv4Network) -> IPv4Address:
        example = f"for example {management.network_address + 1}"
        try:
            address = IPv4Address(value if isinstance(value, str) else "")
        except ValueError:
            self.fail(path, f"{value!r} is not an IPv4 address", f"{example}, without a prefix length")
        if address not in management:
            self.fail(path, f"{address} is outside the management network {management}", example)
        if address in (management.network_address, management.broadcast_address):
            reason = f"{address} is the network or broadcast address of {management}"
            self.fail(path, reason, "use one in between")
        return address

    def roles(self, value: object) -> dict[str, Role]:
        roles = {}
        for name, entry in self.mapping(value, "roles").items():
            if not isinstance(name, str):
                self.fail("roles", f"{name!r} is not the name of a role", "a word; put a number in quotes")
            path = f"roles.{name}"
            document = self.mapping(entry, path)
            self.keys(document, path, required=("template",), optional=("variables", "packages"))
            roles[name] = Role(
                self.template(document["template"], f"{path}.template"),
                self.variables(document.get("variables"), f"{path}.variables"),
                self.packages(document.get("packages"), f"{path}.packages"),
            )
        return roles

    def template(self, value: object, path: str) -> str:
        hint = "the path of a file, relative to the plan, for example templates/leaf.j2"
        if not isinstance(value, str) or not value.strip():
            self.fail(path, f"{value!r} is not a template", hint)
        template = PurePosixPath(value)
        if template.is_absolute() or ".." in template.parts:
            self.fail(path, f"{value} is outside the plan's directory", hint)
        if not (self.source.parent / template).is_file():
            self.fail(path, f"there is no file {value} beside the plan", hint)
        return str(template)

    def variables(self, value: object, path: str) -> dict[str, Any]:
        document = self.mapping({} if value is None else value, path)
        self.string_keys(document, path)
        for name in document:
            if not _VARIABLE.fullmatch(name):
                self.fail(path, f"{name!r} can't be the name of a variable", "letters, digits and _")
            if name in GIVEN:
                self.fail(f"{path}.{name}", "the plan itself gives this variable", "choose another name")
        return document

    def packages(self, value: object, path: str) -> tuple[str, ...]:
        if value is None:
            return ()
        try:
            checked = operation("packages/install").check({"packages": value})
        except ConnetosError as error:
            self.fail(
                path, error.reason, error.hint or "a list of Debian packages, each name or name=version"
            )
        return tuple(checked["packages"])

    def switches(
        self, value: object, management: IPv4Network, server: IPv4Address, roles: Mapping[str, Role]
    ) -> dict[str, PlannedSwitch]:
        entries = self.mapping(value, "switches")
        if not entries:
            self.fail("switches", "a plan needs a switch", "for example 'leaf1: {role: leaf, management: …}'")
        names: dict[str, str] = {}
        addresses = {server: "server"}
        macs: dict[str, str] = {}
        switches = {}
        for name, entry in entries.items():
            self.name(name, names)
            path = f"switches.{name}"
            document = self.mapping(entry, path)
            self.keys(
                document, path, required=("role", "management"), optional=("mac", "variables", "packages")
            )
            role = document["role"]
            if not isinstance(role, str) or role not in roles:
                self.fail(f"{path}.role", f"there is no role {role!r}", suggest(str(role), roles))
            address = self.address(document["management"], f"{path}.management", management)
            self.once(address, f"{path}.management", addresses)
            mac = ""
            if document.get("mac") is not None:
                mac = self.mac(document["mac"], f"{path}.mac")
                self.once(mac, f"{path}.mac", macs)
            switches[name] = PlannedSwitch(
                name=name,
                role=role,
                management=IPv4Interface((address, management.prefixlen)),
                mac=mac,
                variables=self.variables(document.get("variables"), f"{path}.variables"),
                packages=self.packages(document.get("packages"), f"{path}.packages"),
            )
        return switches

    def once(self, value: Any, path: str, taken: dict[Any, str]) -> None:
        if value in taken:
            self.fail(path, f"{value} already belongs to {taken[value]}", "give each its own")
        taken[value] = path

    def name(self, name: object, taken: dict[str, str]) -> None:
        if not isinstance(name, str) or not _NAME.fullmatch(name) or name in _DNSMASQ_WORDS:
            hint = "1 to 63 letters, digits and '-' that begin with a letter and don't end with '-'"
            self.fail("switches", f"{name!r} is not the name of a switch", hint)
        self.once(name.lower(), f"switches.{name}", taken)

    def mac(self, value: object, path: str) -> str:
        if not isinstance(value, str) or not re.fullmatch(r"[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}", value):
            hint = "for example '52:54:00:aa:00:01', in quotes (YAML takes some for numbers)"
            self.fail(path, f"{value!r} is not a MAC address", hint)
        if int(value[:2], 16) & 1 or value == "00:00:00:00:00:00":
            self.fail(path, f"{value} is not the MAC address of one port", "that of the management port")
        return value.lower()

    def links(self, value: object, switches: Mapping[str, PlannedSwitch]) -> tuple[Link, ...]:
        hint = "for example '- [spine1:te-1/1/1, leaf1:te-1/1/2]'"
        if not isinstance(value, list | None):
            self.fail("links", "the links must be a list of pairs", hint)
        links = []
        for index, entry in enumerate(value or ()):
            path = f"links[{index}]"
            if not isinstance(entry, list) or len(entry) != 2:
                self.fail(path, f"{entry!r} is not a pair of ports", hint)
            a, b = (self.port(end, f"{path}[{i}]", switches) for i, end in enumerate(entry))
            if a.switch == b.switch:
                self.fail(path, f"{a.switch} is linked with itself", "a link joins two switches")
            links.append(Link(a, b))
        return tuple(links)

    def port(self, value: object, path: str, switches: Mapping[str, PlannedSwitch]) -> End:
        switch, separator, port = value.partition(":") if isinstance(value, str) else ("", "", "")
        if not separator:
            self.fail(path, f"{value!r} does not name a port", "SWITCH:PORT, for example leaf1:te-1/1/1")
        if switch not in switches:
            self.fail(path, f"there is no switch {switch!r}", suggest(switch, switches))
        try:
            tree.check({port: {}}, PORTS)
        except ConfigError as error:
            self.fail(path, f"{port!r} is not a port: {error.reason}", error.hint)
        ref = End(switch, port)
        if ref in self.cabled:
            self.fail(path, f"{ref} is already used by {self.cabled[ref]}", "a port takes one cable")
        self.cabled[ref] = path
        return ref
