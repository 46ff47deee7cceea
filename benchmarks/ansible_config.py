"""`ansible-config-N`, ms for a run of `ansible-playbook` over N switches, 10 hosts at a time.

* ours: one task, `connetos_config` with a VLAN that every switch has got already, so each is asked by a dry run over
  HTTPS, with a login and the comparison of what it has.
* peer: one task `debug` over the same hosts: what Ansible itself costs.

The switches are agents on the memory data plane, up to 10 processes: hosts share them in turn, as a machine of two cores
can't run 100. Each host is a connection, a login and a transaction of its own either way. The note tells what a
module that does nothing costs: one Python process for each host, as most collections start; for 10 hosts and fewer it
tells, too, what `cli_config` with the same line over `ansible.netcommon.network_cli` costs, where Ansible has a process
for each host's connection and one more for each task.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml

from benchmarks.measure import Progress, medians, milliseconds
from benchmarks.rig import BenchmarkError, Rig
from benchmarks.rows import Row
from connetos_sdk.lab import Lab, Topology
from tests.ansible.conftest import end_connections

NAMES = {count: f"ansible-config-{count}" for count in (1, 10, 50, 100)}
AIM = 2.0
RUNS = 3
FORKS = 10
AGENTS = 10
ROOT = Path(__file__).resolve().parent.parent
TASKS: dict[str, dict[str, Any]] = {
    "ours": {"connetos.connetos.connetos_config": {"lines": ["set vlans vlan-id 10 vlan-name web"]}},
    "peer": {"ansible.builtin.debug": {"msg": "nothing"}},
    "module": {"ansible.builtin.ping": {}},
    "network_cli": {"ansible.netcommon.cli_config": {"config": "set vlans vlan-id 10 vlan-name web"}},
}
NETCOMMON = ROOT / "build/netcommon"


def run(count: int, _rig: Rig, progress: Progress) -> Row:
    """Measure over `count` switches; see the module's description."""
    with tempfile.TemporaryDirectory() as folder, Lab(_topology(min(count, AGENTS))) as lab:
        place = Path(folder)
        _write(place, lab, count)
        _play(place, "ours")  # the switches have the VLAN from now on
        took = medians(
            lambda _: _play(place, "ours"),
            lambda _: _play(place, "peer"),
            runs=RUNS,
            warm_up=1,
            progress=progress,
        )
        module = milliseconds(lambda: _play(place, "module"))
        note = f"a module that does nothing takes {module / 1000:.1f} s"
        if count <= AGENTS:
            note += f", cli_config over network_cli {_network_cli(place, lab, count) / 1000:.1f} s"
    return Row.compared(NAMES[count], *took, "ms", AIM, note=note)


def _network_cli(place: Path, lab: Lab, count: int) -> float:
    """Milliseconds for the same line over SSH, with the real collection and connections that nobody has made yet."""
    subprocess.run(
        ["make", "-s", "build/netcommon/.installed"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL
    )
    hosts = {
        f"host{number}": {
            "ansible_host": "127.0.0.1",
            "ansible_port": switch.ssh.port,
            "ansible_user": switch.username,
            "ansible_password": switch.password,
        }
        for number, switch in zip(range(count), lab.switches, strict=False)
        if switch.ssh is not None
    }
    shared = {
        "ansible_connection": "ansible.netcommon.network_cli",
        "ansible_network_os": "connetos.connetos.connetos",
        "ansible_host_key_checking": False,
    }
    _write_inventory(place, hosts, shared)
    try:
        return milliseconds(lambda: _play(place, "network_cli"))
    finally:
        end_connections(place / "pc")


def _topology(agents: int) -> Topology:
    switches = {f"s{number}": {"ports": 4, "ssh": True} for number in range(agents)}
    name = f"bench-ansible-{os.getpid()}"
    return Topology.from_document({"name": name, "dataplane": "memory", "switches": switches}, "benchmarks")


def _write(place: Path, lab: Lab, count: int) -> None:
    switches = lab.switches
    hosts = {
        f"host{number}": {
            "connetos_url": switch.url,
            "connetos_username": switch.username,
            "connetos_password": switch.password,
            "connetos_ca_file": str(switch.ca_file),
        }
        for number in range(count)
        for switch in [switches[number % len(switches)]]
    }
    _write_inventory(
        place, hosts, {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    )
    for name, task in TASKS.items():
        play = [{"hosts": "all", "gather_facts": False, "tasks": [task]}]
        (place / f"{name}.yml").write_text(yaml.safe_dump(play))


def _write_inventory(place: Path, hosts: dict[str, Any], shared: dict[str, Any]) -> None:
    (place / "hosts.yml").touch(mode=0o600)
    (place / "hosts.yml").write_text(yaml.safe_dump({"all": {"hosts": hosts, "vars": shared}}))


def _play(place: Path, name: str) -> None:
    command = [Path(sys.executable).with_name("ansible-playbook"), "-i", "hosts.yml", f"{name}.yml"]
    environment = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": f"{ROOT}:{NETCOMMON}",
        "ANSIBLE_FORKS": str(FORKS),
        "ANSIBLE_HOME": str(place),
        "ANSIBLE_PERSISTENT_CONTROL_PATH_DIR": str(place / "pc"),
    }
    done = subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchmarkError(f"ansible-playbook failed: {done.stdout[-2000:]}{done.stderr[-2000:]}")
