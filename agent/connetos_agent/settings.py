"""The agent's own settings, from `/etc/connetos/agent.toml` (docs/reference/agent.md)."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from connetos_agent.dataplane.platform import Platform
from connetos_agent.northbound.xrl.settings import XrlSettings
from connetos_agent.services.atp.settings import AtpSettings
from connetos_agent.services.packages.settings import PackagesSettings

DATAPLANES = ("openvswitch", "memory")
DRIFT_POLICIES = ("report", "repair")
LOG_LEVELS = ("debug", "info", "warning", "error")


class SettingsError(Exception):
    """The settings file is wrong; the message names file, key and what would be right."""


@dataclass(frozen=True)
class OpenVSwitchSettings:
    """Where Open vSwitch is, and what its bridge is called."""

    database: str = "unix:/var/run/openvswitch/db.sock"
    control: str = ""
    bridge: str = "br0"
    datapath_type: str | None = None


INSTALLED = Path("/etc/connetos/agent.toml")
"""Settings of the agent that a machine was installed with."""


@dataclass(frozen=True)
class HostSettings:
    """What of the machine is the switch's.

    Attributes:
        dedicated: whether the machine is this switch and nothing else, so that its Linux accounts, clock, time zone
            and power are the switch's. A lab's switches share their machine.
        reboot_command: reboots a dedicated machine.
    """

    dedicated: bool = False
    reboot_command: tuple[str, ...] = ("systemctl", "reboot")


@dataclass(frozen=True)
class Settings:
    """How this agent runs.

    Attributes:
        state_directory: kept over a reboot of the switch.
        run_directory: lost at a reboot; on a real switch on tmpfs.
        drift: what to do about changes behind the agent's back: only `report`, or `repair` them.
        listen: (address, port) pairs for REST over TLS, besides sockets that systemd hands over.
    """

    state_directory: Path = Path("/var/lib/connetos")
    run_directory: Path = Path("/run/connetos")
    dataplane: str = "openvswitch"
    log_level: str = "info"
    drift: str = "report"
    platform: Platform = field(default_factory=Platform)
    openvswitch: OpenVSwitchSettings = field(default_factory=OpenVSwitchSettings)
    listen: tuple[tuple[str, int], ...] = ()
    xrl: XrlSettings = field(default_factory=XrlSettings)
    packages: PackagesSettings = field(default_factory=PackagesSettings)
    host: HostSettings = field(default_factory=HostSettings)
    atp: AtpSettings = field(default_factory=AtpSettings)


def load(path: Path) -> Settings:
    """The settings in the file at `path`.

    Raises:
        SettingsError: it can't be read or says something that isn't known.
    """
    try:
        with path.open("rb") as file:
            data = tomllib.load(file)
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: {error}") from error
    reader = _Reader(path, data)
    platform = reader.table("platform")
    vswitch = reader.table("openvswitch")
    rest = reader.table("rest")
    xrl = reader.table("xrl")
    packages = reader.table("packages")
    host = reader.table("host")
    atp = reader.table("atp")
    defaults, vswitch_defaults = Settings(), OpenVSwitchSettings()
    settings = Settings(
        state_directory=Path(reader.text("state-directory", str(defaults.state_directory))),
        run_directory=Path(reader.text("run-directory", str(defaults.run_directory))),
        dataplane=reader.choice("dataplane", DATAPLANES, defaults.dataplane),
        log_level=reader.choice("log-level", LOG_LEVELS, defaults.log_level),
        drift=reader.choice("drift", DRIFT_POLICIES, defaults.drift),
        platform=Platform(
            model=platform.text("model", "generic"),
            ports=platform.names("ports"),
            management=platform.text("management", "") or None,
        ),
        openvswitch=OpenVSwitchSettings(
            database=vswitch.text("database", vswitch_defaults.database),
            control=vswitch.text("control", ""),
            bridge=vswitch.text("bridge", vswitch_defaults.bridge),
            datapath_type=vswitch.text("datapath-type", "") or None,
        ),
        listen=rest.addresses("listen"),
        xrl=XrlSettings(
            enabled=xrl.flag("enabled", default=False),
            finder_listen=xrl.address("finder-listen", defaults.xrl.finder_listen),
            stcp_listen=xrl.address("stcp-listen", defaults.xrl.stcp_listen) or defaults.xrl.stcp_listen,
            classes=xrl.words("classes", defaults.xrl.classes),
            finders=xrl.addresses("finders"),
            finder_classes=xrl.words("finder-classes", defaults.xrl.finder_classes),
            permitted=xrl.words("permitted", ()),
        ),
        packages=PackagesSettings(
            root=packages.directory("root", "/"),
            protected=packages.words("protected", ()),
        ),
        host=HostSettings(
            dedicated=host.flag("dedicated", default=path == INSTALLED),
            reboot_command=host.command("reboot-command", defaults.host.reboot_command),
        ),
        atp=_atp(atp),
    )
    for used in (reader, platform, vswitch, rest, xrl, packages, host, atp):
        used.finish()
    return settings


def _atp(table: _Reader) -> AtpSettings:
    defaults = AtpSettings()
    keyring, ca_file = table.text("keyring", ""), table.text("ca-file", "")
    return AtpSettings(
        enabled=table.flag("enabled", default=defaults.enabled),
        retry_seconds=table.number("retry-seconds", 1, 3600, defaults.retry_seconds),
        prefix_length=table.number("prefix-length", 8, 30, defaults.prefix_length),
        confirm_seconds=table.number("confirm-seconds", 2, 3600, defaults.confirm_seconds),
        checksum=table.choice("checksum", ("required", "if-present", "off"), defaults.checksum),
        keyring=Path(keyring) if keyring else None,
        https=table.flag("https", default=defaults.https),
        ca_file=Path(ca_file) if ca_file else None,
        report_url=table.url("report-url"),
    )


class _Reader:
    """Takes known keys out of a table; what is left over is an error."""

    def __init__(self, path: Path, table: dict[str, Any], prefix: str = "") -> None:
        self._path, self._table, self._prefix = path, dict(table), prefix

    def _wrong(self, key: str, hint: str) -> SettingsError:
        return SettingsError(f"{self._path}: {self._prefix}{key}: {hint}")

    def table(self, key: str) -> _Reader:
        value = self._table.pop(key, {})
        if not isinstance(value, dict):
            raise self._wrong(key, f"must be a table [{key}]")
        return _Reader(self._path, value, f"{key}.")

    def text(self, key: str, default: str) -> str:
        value = self._table.pop(key, default)
        if not isinstance(value, str):
            raise self._wrong(key, "must be text in quotes")
        return value

    def directory(self, key: str, default: str) -> Path | None:
        """An absolute path; empty text for none."""
        value = self.text(key, default)
        if value and not value.startswith("/"):
            raise self._wrong(key, f'must be an absolute path, or "" for none, not "{value}"')
        return Path(value) if value else None

    def choice(self, key: str, choices: tuple[str, ...], default: str) -> str:
        value = self.text(key, default)
        if value not in choices:
            raise self._wrong(key, f'must be one of {", ".join(choices)}, not "{value}"')
        return value

    def names(self, key: str) -> dict[str, str]:
        value = self._table.pop(key, {})
        if not isinstance(value, dict) or not all(isinstance(v, str) for v in value.values()):
            raise self._wrong(key, 'must map port names to network devices, such as "te-1/1/1" = "te-1-1-1"')
        return value

    def flag(self, key: str, *, default: bool) -> bool:
        value = self._table.pop(key, default)
        if not isinstance(value, bool):
            raise self._wrong(key, "must be true or false")
        return value

    def number(self, key: str, low: int, high: int, default: int) -> int:
        value = self._table.pop(key, default)
        if type(value) is not int or not low <= value <= high:
            raise self._wrong(key, f"must be a number from {low} to {high}")
        return value

    def url(self, key: str) -> str:
        value = self.text(key, "")
        if value and not value.startswith(("http://", "https://", "syslog://")):
            raise self._wrong(key, "must begin with https://, http:// or syslog://")
        return value

    def words(self, key: str, default: tuple[str, ...]) -> tuple[str, ...]:
        value = self._table.pop(key, list(default))
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self._wrong(key, "must be a list of texts")
        return tuple(value)

    def command(self, key: str, default: tuple[str, ...]) -> tuple[str, ...]:
        words = self.words(key, default)
        if not words:
            raise self._wrong(key, "must be a program and its arguments")
        return words

    def address(self, key: str, default: tuple[str, int] | None) -> tuple[str, int] | None:
        """One "address:port"; empty text for none."""
        if key not in self._table:
            return default
        value = self._table.pop(key)
        if value == "":
            return None
        self._table[key] = [value]
        return self.addresses(key)[0]

    def addresses(self, key: str) -> tuple[tuple[str, int], ...]:
        found = []
        for item in self._table.pop(key, []):
            host, _, port = str(item).rpartition(":")
            if not host or not port.isdigit() or not 0 <= int(port) <= 65535:
                raise self._wrong(key, f'must list "address:port", not "{item}"')
            found.append((host.strip("[]"), int(port)))
        return tuple(found)

    def finish(self) -> None:
        for key in self._table:
            raise self._wrong(key, "isn't known")
