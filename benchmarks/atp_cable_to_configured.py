"""`atp-cable-to-configured`, ms: from the moment the cables are plugged in until a switch out of its box is configured.

Two switches of 8 ports are on and without configuration, in one management network with one dnsmasq (DHCP with option
150, TFTP). Some seconds later their cables go in, after the same time on both sides. Medians of seven of:

* ours: the agent with ATP, by whichever method is first: a spine's LLDP frames have a hint for it, too. The configuration
  is checked, committed, proved not to cut the switch off, and made the startup configuration: the state is `SUCCESS`.
* peer: Open vSwitch alone with ISC's dhclient as Debian has it; its hook sets the address, fetches the file with curl and
  applies it with one ovs-vsctl: the database has it. Nobody tells dhclient of the cable; it asks when it is due.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from benchmarks.measure import Progress
from benchmarks.rig import BenchmarkError, Rig
from benchmarks.rows import Row
from connetos_sdk import Switch
from connetos_sdk.lab import Lab, LabSwitch, Topology
from connetos_sdk.lab.provisioning import ProvisioningServer
from connetos_sdk.results import Event

NAME = "atp-cable-to-configured"
AIM = 0.5
UNPLUGGED_SECONDS = (2.0, 10.0, 4.0, 12.0, 6.0, 14.0, 8.0)
"""How long the switches are on before their cables are plugged in."""
WAIT_SECONDS = 90.0
OURS, PEER = "198.18.255.21", "198.18.255.22"
VLANS = range(10, 30)
ACCESS = "te-1/1/8"

HOOK = """#!/bin/sh
case $reason in
PREINIT) ip link set dev $interface up ;;
BOUND|RENEW|REBIND|REBOOT)
  ip -4 address replace $new_ip_address/24 dev $interface
  curl -s -o {file} tftp://$new_option_150/$new_ip_address.vsctl && ovs-vsctl --db={database} $(cat {file}) ;;
esac
"""
CLIENT = """
option option-150 code 150 = ip-address;
request subnet-mask, option-150;
"""


@dataclass(frozen=True)
class _Site:
    """The two switches, and what serves both."""

    lab: Lab
    server: ProvisioningServer
    leaf: LabSwitch
    plain: LabSwitch

    def plug(self, switch: LabSwitch, state: str) -> None:
        """Plug the cables of a switch in (`up`), or pull them (`down`)."""
        self.lab.node("mgmt").run(["ip", "link", "set", switch.name, state])
        if switch is self.leaf:
            self.lab.switch("spine").run(["ip", "link", "set", "te-1-1-1", state])


def run(_rig: Rig, progress: Progress) -> Row:
    """Measure; see the module's description."""
    ours, peer = [], []
    with _site() as site:
        for number, seconds in enumerate(UNPLUGGED_SECONDS, 1):
            progress(f"run {number} of {len(UNPLUGGED_SECONDS)}")
            ours.append(_by_atp(site, seconds))
            peer.append(_by_dhclient(site, seconds))
    return Row.compared(NAME, statistics.median(ours), statistics.median(peer), "ms", AIM)


@contextmanager
def _site() -> Iterator[_Site]:
    blank = {"ports": 8, "blank": True}
    hint = {"te-1/1/1": {"description": f"leaf@{OURS}@1"}}
    document = {
        "name": f"bench-atp-{os.getpid()}",
        "dataplane": "openvswitch",
        "provisioning": {"dhcp": True},
        "switches": {
            "spine": {"ports": 8, "config": {"interface": {"gigabit-ethernet": hint}}},
            "leaf": blank,
            "plain": blank,
        },
        "links": [["spine:te-1/1/1", "leaf:te-1/1/1"]],
    }
    with Lab(Topology.from_document(document, "benchmarks")) as lab:
        if lab.provisioning is None:
            raise BenchmarkError("the lab has no provisioning server")
        site = _Site(lab, lab.provisioning, lab.switch("leaf"), lab.switch("plain"))
        vlans = "".join(f"set vlans vlan-id {number}\n" for number in VLANS)
        access = (
            f"set interface gigabit-ethernet {ACCESS} family ethernet-switching native-vlan-id {VLANS[0]}\n"
        )
        address = f"set interface management-ethernet eth0 address {OURS}/24\n"
        _serve(site, f"{OURS}_yunqi.cfg", f"set system hostname leaf\n{address}{vlans}{access}")
        _serve(
            site, f"{PEER}.vsctl", f"set port {ACCESS.replace('/', '-')} vlan_mode=access tag={VLANS[0]}\n"
        )
        pairs = ((site.leaf, OURS), (site.plain, PEER))
        macs = [
            (switch.run(["cat", "/sys/class/net/eth0/address"]).stdout.strip(), ip) for switch, ip in pairs
        ]
        site.server.reservations.write_text("".join(f"{mac},{ip}\n" for mac, ip in macs))
        site.server.reload()
        yield site


def _serve(site: _Site, name: str, text: str) -> None:
    path = site.server.files / name
    path.write_text(text)
    path.chmod(0o644)


def _by_atp(site: _Site, seconds: float) -> float:
    """Milliseconds from the cables until the switch is as configured."""
    site.plug(site.leaf, "down")
    site.leaf.swap()
    done: list[float] = []
    with Switch(site.leaf.local_url) as switch:
        events = switch.events()
        watching = threading.Thread(target=lambda: done.append(_success(events)), daemon=True)
        watching.start()
        time.sleep(seconds)
        begin = time.perf_counter()
        site.plug(site.leaf, "up")
        watching.join(WAIT_SECONDS)
        if not done:
            raise BenchmarkError(f"the switch isn't provisioned: {switch.state('atp')}")
    return (done[0] - begin) * 1000


def _success(events: Iterator[Event]) -> float:
    for event in events:
        if event.kind == "atp" and event.data["state"] == "SUCCESS":
            break
    return time.perf_counter()


def _by_dhclient(site: _Site, seconds: float) -> float:
    """The same for the switch whose programs are Debian's."""
    plain = site.plain
    site.plug(plain, "down")
    plain.stop_agent()
    port = ACCESS.replace("/", "-")
    plain.run(["ip", "address", "flush", "dev", "eth0"])
    plain.run(["ovs-vsctl", f"--db={plain.database}", "set", "port", port, "tag=1"])
    directory = plain.directory / "peer"
    directory.mkdir(exist_ok=True)
    hook, settings, leases = (directory / name for name in ("hook", "dhclient.conf", "leases"))
    leases.unlink(missing_ok=True)
    hook.write_text(HOOK.format(file=directory / "fetched", database=plain.database))
    hook.chmod(0o755)
    settings.write_text(CLIENT)
    client = plain.node.start([
        "dhclient", "-4", "-d", "-cf", str(settings), "-sf", str(hook), "-lf", str(leases),
        "-pf", str(directory / "pid"), "eth0",
    ])  # fmt: skip
    waiting = plain.node.start(
        ["ovs-vsctl", f"--db={plain.database}", "wait-until", "port", port, f"tag={VLANS[0]}"]
    )
    try:
        time.sleep(seconds)
        begin = time.perf_counter()
        site.plug(plain, "up")
        waiting.wait(WAIT_SECONDS)
        return (time.perf_counter() - begin) * 1000
    except subprocess.TimeoutExpired:
        raise BenchmarkError("the peer isn't configured") from None
    finally:
        for process in (client, waiting):
            process.kill()
            process.wait()
