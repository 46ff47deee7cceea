"""Role `atp`: a server that brings up a switch out of its box."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from connetos_sdk import Switch
from connetos_sdk.lab import Lab
from tests.ansible.conftest import Run, ansible
from tests.conftest import topology
from tests.waiting import until

pytestmark = pytest.mark.ovs

OWN = "198.18.255.60"
TOPOLOGY = """
name: role-atp-{pid}
dataplane: openvswitch
provisioning: {{}}
switches:
  leaf: {{ports: 2, management: 198.18.255.12/24, blank: true, settings: {{atp: {{retry-seconds: 1}}}}}}
"""
TEMPLATE = """\
set system ntp-server-ip 198.18.255.1
set system login user ops authentication plain-text-password {{ password }}
"""
PASSWORD = "rack-in-a-lab"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with Lab(topology(TOPOLOGY.format(pid=os.getpid()), tmp_path_factory.mktemp("lab"))) as lab:
        assert lab.provisioning is not None
        lab.provisioning.stop()  # the role makes one
        yield lab


class Server:
    """The provisioning server: this machine, with dnsmasq in the lab's management network."""

    def __init__(self, lab: Lab, directory: Path) -> None:
        self.lab, self.directory = lab, directory
        self.root, self.config = directory / "tftp", directory / "dnsmasq.conf"
        mac = lab.switch("leaf").run(["cat", "/sys/class/net/eth0/address"]).stdout.strip()
        self.plan: dict[str, Any] = {
            "management": "198.18.255.0/24",
            "server": "198.18.255.1",
            "roles": {"leaf": {"template": "switch.j2", "variables": {"password": PASSWORD}}},
            "switches": {"leaf": {"role": "leaf", "management": OWN, "mac": mac}},
        }
        (directory / "switch.j2").write_text(TEMPLATE)

    def __call__(
        self, *arguments: str, host: str = "localhost ansible_connection=local", **given: Any
    ) -> Run:
        (self.directory / "rack.yaml").write_text(yaml.safe_dump(self.plan))
        variables = {
            "atp_plan": str(self.directory / "rack.yaml"), "atp_root": str(self.root), "atp_become": False,
            "atp_config": str(self.config), "atp_packages": [], "atp_service": "", **given,
        }  # fmt: skip
        (self.directory / "vars.yml").write_text(yaml.safe_dump(variables))
        (self.directory / "hosts").write_text(
            f"[provisioning]\n{host} ansible_python_interpreter={sys.executable}\n"
        )
        return ansible(
            "ansible-playbook", "-v", "-i", "hosts", "-e", "@vars.yml", "connetos.connetos.atp", *arguments,
            cwd=self.directory,
        )  # fmt: skip


@pytest.fixture
def server(lab: Lab, tmp_path: Path) -> Server:
    return Server(lab, tmp_path)


def test_a_switch_out_of_its_box_comes_up(server: Server, lab: Lab) -> None:
    planned = server("--check", "--diff")
    assert planned.returncode == 0 and planned.recap["changed"] >= 1, planned.output
    assert not server.root.exists() and not server.config.exists()
    done = server("--diff")
    assert done.returncode == 0 and done.recap["changed"] == 2, done.output
    assert PASSWORD not in planned.output + done.output
    again = server()
    assert again.returncode == 0 and again.recap["changed"] == 0, again.output
    program = shutil.which("dnsmasq") or "/usr/sbin/dnsmasq"
    process = lab.node("mgmt").start([
        program, "--keep-in-foreground", f"--conf-file={server.config}", "--user=root", "--no-ping", "--pid-file=",
        f"--dhcp-leasefile={server.directory}/leases",
    ])  # fmt: skip
    try:
        with Switch(lab.switch("leaf").local_url) as leaf:
            until(lambda: leaf.state("atp")["state"] == "SUCCESS", lambda: leaf.state("atp"), 60)
            assert leaf.config("system hostname") == "leaf"
            assert OWN in leaf.config("interface management-ethernet eth0 address")
    finally:
        process.terminate()
        process.wait(10)


def test_files_for_a_server_elsewhere_are_copied(server: Server) -> None:
    """The other machine is this one, reached as if it were another."""
    elsewhere = "server ansible_connection=local"
    build = server.directory / "build"
    planned = server("--check", host=elsewhere, atp_build=str(build), atp_dhcp=False)
    assert planned.returncode == 0 and not server.root.exists() and not build.exists(), planned.output
    done = server(host=elsewhere, atp_build=str(build), atp_dhcp=False)
    assert done.returncode == 0, done.output
    files = sorted(path.name for path in server.root.iterdir())
    assert files == ["198.18.255.60_yunqi.cfg", "198.18.255.60_yunqi.cfg.sha256", "dhcp-hosts"]
    assert files == sorted(path.name for path in build.iterdir())
    assert "dhcp-" not in server.config.read_text()
    again = server(host=elsewhere, atp_build=str(build), atp_dhcp=False)
    assert again.recap["changed"] == 0, again.output


def test_what_is_wrong_is_named_and_nothing_is_written(server: Server) -> None:
    missing = server(host="server ansible_connection=ssh")
    assert missing.returncode != 0 and "server isn't the controller: set atp_build" in missing.output
    typed = server(atp_dhcp="perhaps")
    assert typed.returncode != 0 and "argument 'atp_dhcp' is of type str" in typed.output, typed.output
    server.plan["switches"]["leaf"]["management"] = "198.18.254.60"
    wrong = server()
    assert wrong.returncode != 0, wrong.output
    assert "switches.leaf.management: 198.18.254.60 is outside the management network" in wrong.output
    assert not server.root.exists() and not server.config.exists() and "Traceback" not in wrong.output
