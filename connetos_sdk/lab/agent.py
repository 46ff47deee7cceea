"""The agent of one switch: its settings, its start with a listening socket, its readiness, its end."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from connetos_sdk.lab.errors import CommandError, LabError
from connetos_sdk.lab.files import SwitchFiles, tail, write_json, write_private
from connetos_sdk.lab.namespaces import enter_command, identity, network_of
from connetos_sdk.lab.processes import Marker, launch, read_pid, send_signal, wait_gone
from connetos_sdk.lab.topology import Dataplane, SwitchSpec, netdev_name

READY_SECONDS = 20.0
STOP_SECONDS = 10.0
BRIDGE = "br0"


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
    def pid(self) -> int | None:
        """The living agent process, if any."""
        pid = read_pid(self.files.agent_pid)
        if pid is None or not self.marker.carried_by(pid, self._role):
            return None
        in_place = self.namespace is None or network_of(pid) == identity(self.namespace)
        return pid if in_place else None

    @property
    def ready(self) -> bool:
        """Whether the living agent has said that it is ready."""
        pid = self.pid
        return pid is not None and read_pid(self._ready_file) == pid

    def start(self) -> bool:
        """Start the agent and wait until it is ready; return False when it is running already.

        Raises:
            CommandError: it exited, or was not ready within 20 s; the message ends with the end of its log.
            LabError: its TCP port is taken by another program.
        """
        if self.ready:
            return False
        self.stop()
        self._ready_file.unlink(missing_ok=True)
        self.write_settings()
        self.files.run.mkdir(mode=0o700, exist_ok=True)
        with self._listening_socket() as listening, self._notify_socket() as notifications:
            pid = launch(
                self._command(),
                self.marker.daemon_environment(self._role, self._variables()),
                pidfile=self.files.agent_pid,
                log=self.files.agent_log,
                directory=self.files.directory,
                listen=listening.fileno(),
            )
            self._wait_ready(pid, notifications)
        write_private(self._ready_file, f"{pid}\n")
        return True

    def stop(self, timeout: float = STOP_SECONDS) -> None:
        """Ask the agent to end (SIGTERM); kill it when it has not after `timeout` seconds."""
        # A process in a namespace that was replaced is not `pid` any more, yet it must not go on.
        pid = read_pid(self.files.agent_pid)
        if pid is None or not self.marker.carried_by(pid, self._role):
            return
        send_signal(pid, signal.SIGTERM)
        send_signal(pid, signal.SIGCONT)
        if not wait_gone(pid, timeout):
            send_signal(pid, signal.SIGKILL)
            wait_gone(pid, 5)

    def write_settings(self) -> None:
        """Write the agent's settings and, before its first start, the configuration of the switch."""
        write_private(self.files.agent_config, self._settings())

    def write_startup_config(self, username: str, password: str) -> None:
        """Write the configuration the switch starts with, unless it has one already."""
        if self.files.startup_config.exists():
            return
        for directory in (self.files.state, self.files.startup_config.parent):
            directory.mkdir(mode=0o700, exist_ok=True)
        write_json(self.files.startup_config, startup_config(self.spec, username, password))

    @property
    def _role(self) -> str:
        return f"{self.spec.name}/agent"

    @property
    def _ready_file(self) -> Path:
        return self.files.directory / "agent.ready"

    def _command(self) -> list[str]:
        argv = [sys.executable, "-m", "connetos_agent", "--config", str(self.files.agent_config)]
        return argv if self.namespace is None else enter_command(self.namespace, self.files.uts, argv)

    def _variables(self) -> dict[str, str]:
        inherited = [entry for entry in os.environ.get("PYTHONPATH", "").split(":") if entry]
        path = ":".join(dict.fromkeys([*_import_path(), *inherited]))
        return {**self.environment, "PYTHONPATH": path, "NOTIFY_SOCKET": str(self.files.notify_socket)}

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
        if self.spec.xrl:
            lines += ["", "[xrl]", "enabled = true"]
        return "\n".join([*lines, "", "[rest]", "listen = []", ""])

    def _listening_socket(self) -> socket.socket:
        # Made here, outside the switch's namespace, so that the host reaches the agent at 127.0.0.1.
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind(("127.0.0.1", self.port))
            listening.listen(128)
        except OSError as error:
            listening.close()
            reason = f"cannot listen on 127.0.0.1:{self.port} for {self.spec.name}: {error.strerror}"
            raise LabError(
                reason, "end the program that uses this port, or take the lab down and up"
            ) from error
        return listening

    @contextlib.contextmanager
    def _notify_socket(self) -> Iterator[socket.socket]:
        path = self.files.notify_socket
        path.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiving:
            receiving.bind(str(path))
            try:
                yield receiving
            finally:
                path.unlink(missing_ok=True)

    def _wait_ready(self, pid: int, notifications: socket.socket) -> None:
        deadline = time.monotonic() + READY_SECONDS
        try:
            process = os.pidfd_open(pid)
        except ProcessLookupError:
            raise self._failure("exited before it was ready") from None
        try:
            poller = select.poll()
            poller.register(process, select.POLLIN)
            poller.register(notifications, select.POLLIN)
            while (left := deadline - time.monotonic()) > 0:
                events = {descriptor for descriptor, _ in poller.poll(left * 1000)}
                if notifications.fileno() in events:
                    if b"READY=1" in notifications.recv(4096).split(b"\n"):
                        return
                elif process in events:
                    raise self._failure("exited before it was ready")
        finally:
            os.close(process)
        raise self._failure(f"was not ready within {READY_SECONDS:g} s")

    def _failure(self, what: str) -> CommandError:
        log = tail(self.files.agent_log)
        ending = f"; its log ends with:\n{log}" if log else "; its log is empty"
        return CommandError(f"the agent of {self.spec.name} {what}{ending}", f"log: {self.files.agent_log}")


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


def require_agent() -> None:
    """Make sure that the agent is installed beside the SDK.

    Raises:
        LabError: it is not.
    """
    _import_path()


def _import_path() -> list[str]:
    """Return the directories from which the agent imports this SDK and itself, also in a bare checkout."""
    sdk = Path(__file__).resolve().parents[2]
    spec = importlib.util.find_spec("connetos_agent")
    if spec is not None and spec.submodule_search_locations:
        return [str(sdk), str(Path(spec.submodule_search_locations[0]).parent)]
    if (sdk / "agent" / "connetos_agent").is_dir():
        return [str(sdk), str(sdk / "agent")]
    raise LabError("the switch agent is not installed", "pip install 'connetos-sdk[lab]'")


def _toml(text: str) -> str:
    # A JSON string without characters beyond ASCII is a TOML string, too.
    return json.dumps(text)
