"""The agent of one switch: its settings, its start with a listening socket, its readiness, its end."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from connetos_sdk.lab.daemon import Daemon, DaemonFiles
from connetos_sdk.lab.environment import import_path_variable
from connetos_sdk.lab.files import SwitchFiles, write_json, write_private
from connetos_sdk.lab.namespaces import enter_command
from connetos_sdk.lab.processes import Marker
from connetos_sdk.lab.topology import Dataplane, SwitchSpec, netdev_name

BRIDGE = "br0"
REST_PORT = 443


@dataclass(frozen=True)
class Agent:
    """The agent of one switch. `namespace` is None when the data plane is in memory."""

    spec: SwitchSpec
    files: SwitchFiles
    marker: Marker
    port: int
    dataplane: Dataplane
    namespace: str | None
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def daemon(self) -> Daemon:
        """The process."""
        argv = self._command
        return Daemon(
            title=f"the agent of {self.spec.name}",
            role=f"{self.spec.name}/agent",
            files=DaemonFiles(self.files.directory, "agent"),
            marker=self.marker,
            command=argv if self.namespace is None else enter_command(self.namespace, self.files.uts, argv),
            port=self.port,
            environment={**self.environment, "PYTHONPATH": import_path_variable()},
            namespace=self.namespace,
        )

    @property
    def _command(self) -> list[str]:
        return [sys.executable, "-m", "connetos_agent", "--config", str(self.files.agent_config)]

    @property
    def pid(self) -> int | None:
        """The living agent process, if any."""
        return self.daemon.pid

    @property
    def ready(self) -> bool:
        """Whether the living agent has said that it is ready."""
        return self.daemon.ready

    def start(self) -> bool:
        """Start the agent and wait until it is ready; return False when it is running already.

        Raises:
            CommandError, LabError: see `Daemon.start`.
        """
        if self.ready:
            return False
        self.daemon.stop()
        self.write_settings()
        self.files.run.mkdir(mode=0o700, exist_ok=True)
        self.daemon.start()
        return True

    def stop(self) -> None:
        """Ask the agent to end, and wait until it has."""
        self.daemon.stop()

    def write_settings(self) -> None:
        """Write the agent's settings and, before its first start, the configuration of the switch."""
        write_private(self.files.agent_config, self._settings())

    def write_startup_config(self, username: str, password: str) -> None:
        """Write the configuration the switch starts with, unless it has one already or starts without any."""
        if self.spec.blank or self.files.startup_config.exists():
            return
        for directory in (self.files.state, self.files.startup_config.parent):
            directory.mkdir(mode=0o700, exist_ok=True)
        write_json(self.files.startup_config, startup_config(self.spec, username, password))

    def _settings(self) -> str:
        lines = [
            f"state-directory = {_toml(str(self.files.state))}",
            f"run-directory = {_toml(str(self.files.run))}",
            f"dataplane = {_toml(self.dataplane.value)}",
            "",
            "[platform]",
            'model = "lab"',
            'management = "eth0"',
            "",
            "[platform.ports]",
            *(f"{_toml(port)} = {_toml(netdev_name(port))}" for port in self.spec.port_names),
        ]
        if self.dataplane is Dataplane.OPENVSWITCH:
            lines += [
                "",
                "[openvswitch]",
                f"database = {_toml(f'unix:{self.files.ovs_socket}')}",
                f"control = {_toml(str(self.files.ovs_control))}",
                f'bridge = "{BRIDGE}"',
                'datapath-type = "netdev"',
            ]
        lines += ["", "[packages]", f"root = {_toml(self.spec.packages)}"]
        if self.spec.xrl:
            lines += ["", "[xrl]", "enabled = true"]
        for table, entries in self.spec.settings.items():
            lines += ["", f"[{table}]", *(f"{key} = {json.dumps(value)}" for key, value in entries.items())]
        # As on an installed switch: at the management address, once there is one.
        listen = [] if self.namespace is None else [f"0.0.0.0:{REST_PORT}"]
        return "\n".join([*lines, "", "[rest]", f"listen = {json.dumps(listen)}", ""])


def startup_config(spec: SwitchSpec, username: str, password: str) -> dict[str, Any]:
    """Return the configuration a switch of a lab starts with: hostname, login, management address."""
    login = {"authentication": {"plain-text-password": password}, "class": "super-user"}
    management = {"address": str(spec.management), "dhcp": {"enable": False}}
    generated = {
        "system": {"hostname": spec.name, "login": {"user": {username: login}}},
        "interface": {"management-ethernet": {"eth0": management}},
    }
    return merged(generated, spec.config)


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return `base` with `over` laid on top: mappings are merged, everything else is replaced."""
    result = dict(base)
    for key, value in over.items():
        below = result.get(key)
        both_mappings = isinstance(below, Mapping) and isinstance(value, Mapping)
        result[key] = merged(below, value) if both_mappings else value  # type: ignore[arg-type]
    return result


def _toml(text: str) -> str:
    # A JSON string without characters beyond ASCII is a TOML string, too.
    return json.dumps(text)
