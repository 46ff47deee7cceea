"""Tell other tools how to reach the switches of a lab: a JSON file, and an Ansible inventory."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from connetos_sdk.lab.files import write_json, write_private
from connetos_sdk.lab.nodes import LabSwitch
from connetos_sdk.lab.topology import HostSpec

JSON_NAME = "inventory.json"
ANSIBLE_NAME = "inventory.yml"


def write(directory: Path, switches: Iterable[LabSwitch], hosts: Iterable[tuple[HostSpec, str]]) -> None:
    """Write both inventories (mode 0600, for they hold the password) into the lab's directory."""
    switches = list(switches)
    write_json(
        directory / JSON_NAME,
        {
            "switches": {switch.name: _access(switch) for switch in switches},
            "hosts": {spec.name: _host(spec, namespace) for spec, namespace in hosts},
        },
    )
    entries = {switch.name: _ansible_host(switch) for switch in switches}
    ansible = {"all": {"children": {"switches": {"hosts": entries}}}}
    write_private(directory / ANSIBLE_NAME, yaml.safe_dump(ansible, sort_keys=False))


def _access(switch: LabSwitch) -> dict[str, str]:
    access = {
        "url": switch.url,
        "username": switch.username,
        "password": switch.password,
        "ca_file": str(switch.ca_file),
    }
    return (
        access
        if switch.ssh is None
        else {
            **access,
            "ssh_port": str(switch.ssh.port),
            "known_hosts": str(switch.ssh.known_hosts),
        }
    )


def _host(spec: HostSpec, namespace: str) -> dict[str, Any]:
    return {
        "namespace": namespace,
        "link": str(spec.link),
        "address": str(spec.address) if spec.address else None,
        "gateway": str(spec.gateway) if spec.gateway else None,
    }


def _ansible_host(switch: LabSwitch) -> dict[str, str]:
    return {
        "ansible_connection": "connetos.connetos.connetos",
        "ansible_network_os": "connetos.connetos.connetos",
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        **{f"connetos_{key}": value for key, value in _access(switch).items()},
    }
