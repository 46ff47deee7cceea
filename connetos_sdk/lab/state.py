"""What a lab must remember between two commands: its password, its ports, what it was built from."""

from __future__ import annotations

import json
import random
import secrets
import socket
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from connetos_sdk.lab.errors import LabError
from connetos_sdk.lab.files import write_json
from connetos_sdk.lab.topology import Dataplane, Topology

USERNAME = "admin"
# Below the range from which the kernel takes local ports, so that a port is still free after a restart.
_PORTS = range(20000, 32000)


@dataclass(frozen=True)
class LabState:
    """The memory of one lab. `wired` is false while cables are being laid."""

    topology: Mapping[str, Any]
    dataplane: Dataplane
    username: str
    password: str
    ports: Mapping[str, int]
    ssh_ports: Mapping[str, int]
    wired: bool = False

    @classmethod
    def create(cls, topology: Topology, dataplane: Dataplane) -> LabState:
        """Invent the password and choose TCP ports on 127.0.0.1 for each switch."""
        ports: dict[str, int] = {}
        ssh_ports: dict[str, int] = {}
        for name, switch in topology.switches.items():
            ports[name] = _free_port({*ports.values(), *ssh_ports.values()})
            if switch.ssh:
                ssh_ports[name] = _free_port({*ports.values(), *ssh_ports.values()})
        return cls(
            topology=topology.to_document(),
            dataplane=dataplane,
            username=USERNAME,
            password=secrets.token_urlsafe(18),
            ports=ports,
            ssh_ports=ssh_ports,
        )

    @classmethod
    def load(cls, path: Path) -> LabState | None:
        """Read the state file; None when there is none.

        Raises:
            LabError: the file is damaged.
        """
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
            return cls(**{**document, "dataplane": Dataplane(document["dataplane"])})
        except FileNotFoundError:
            return None
        except (ValueError, TypeError, KeyError) as error:
            raise LabError(
                f"{path} is damaged: {error}", "run `connetos lab down` and start again"
            ) from error

    def save(self, path: Path) -> None:
        """Write the state file (mode 0600)."""
        write_json(path, asdict(self))

    def with_wired(self, wired: bool) -> LabState:
        """Return the same state with another answer to "are all cables laid?"."""
        return replace(self, wired=wired)


def _free_port(taken: Collection[int]) -> int:
    for port in random.sample(_PORTS, 200):
        if port in taken:
            continue
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise LabError("no free TCP port on 127.0.0.1 between 20000 and 32000")
