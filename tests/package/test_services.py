"""What the agent starts on an installed switch works below the bounds of its unit: each program does its job."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tools.debian_machine import Machine
from tools.debian_switch import PackagedSwitch

pytestmark = [pytest.mark.ovs, pytest.mark.slow, pytest.mark.timeout(600)]

SERVER = "198.18.10.1"
"""Host `h1`."""
SECONDS = 90
SETTINGS = "/etc/connetos/agent.toml"
LLDP_OF = """\
import socket, sys
sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x88CC))
sock.bind(("eth0", 0))
sock.settimeout(60)
print(sock.recv(2000).hex(), flush=True)
"""


@contextmanager
def on_host(machine: Machine, host: str, *argv: str) -> Iterator[subprocess.Popen[str]]:
    """A program that runs on a host."""
    remember = 'echo $$ >/run/on-host && exec "$@"'
    process = machine.begin(["ip", "netns", "exec", host, "sh", "-c", remember, "sh", *argv])
    try:
        machine.run(["sh", "-c", "until [ -s /run/on-host ]; do sleep 0.05; done"])
        yield process
    finally:
        machine.run(["sh", "-c", "kill -KILL $(cat /run/on-host); rm /run/on-host"], check=False)
        process.communicate()


def until(machine: Machine, condition: str, *, host: str = "") -> None:
    """Wait until a shell command succeeds."""
    where = ["ip", "netns", "exec", host] if host else []
    wait = f"n=0; until {condition}; do n=$((n + 1)); [ $n -lt {SECONDS * 5} ] || exit 1; sleep 0.2; done"
    machine.run([*where, "sh", "-c", wait], timeout=2 * SECONDS)


@pytest.fixture(scope="module")
def machine(forwarding: PackagedSwitch) -> Machine:
    """Its clock is its host's: chronyd measures, and leaves it alone."""
    machine = forwarding.machine
    settings = machine.run(["cat", SETTINGS]).stdout
    machine.write(SETTINGS, f"{settings}\n[host]\ndedicated = false\n")
    machine.run(["systemctl", "restart", "connetos-agent"])
    return machine


def configured(switch: PackagedSwitch, *lines: str) -> None:
    switch.cli("configure", *(f"set {line}" for line in lines), "commit", "exit")


def bounds(machine: Machine, program: str) -> str:
    """What the kernel says of the newest process of a program that the agent has started."""
    return machine.run(["sh", "-c", f"cat /proc/$(pgrep --newest --exact {program})/status"]).stdout


def test_the_programs_run_below_the_bounds(forwarding: PackagedSwitch, machine: Machine) -> None:
    configured(forwarding, f"system ntp-server-ip {SERVER}", f"system syslog host server-ip {SERVER}")
    for program in ("lldpd", "chronyd", "rsyslogd"):
        until(machine, f"pgrep --exact {program} >/dev/null")
        status = bounds(machine, program)
        assert "NoNewPrivs:\t1" in status, program
        assert "Seccomp:\t2" in status, program
    failed = machine.run(["systemctl", "--failed", "--quiet"]).stdout
    assert failed == ""


def test_lldp_tells_and_hears(forwarding: PackagedSwitch, machine: Machine) -> None:
    with on_host(machine, "h1", "python3", "-c", LLDP_OF) as listener:
        assert listener.stdout is not None
        frame = bytes.fromhex(listener.stdout.readline())
    assert b"te-1/1/1" in frame
    neighbour = ["lldpd", "-d", "-u", "/run/h2.lldp", "-I", "eth0", "-S", "neighbour h2"]
    with on_host(machine, "h2", *neighbour):
        until(machine, "cli -c 'show lldp neighbor' | grep -q te-1/1/2")


def test_the_clock_is_asked_for(forwarding: PackagedSwitch, machine: Machine) -> None:
    config = "local stratum 3\nallow 198.18.0.0/16\ncmdport 0\nbindcmdaddress /\npidfile /run/server.pid\n"
    machine.write("/root/server.conf", config)
    configured(forwarding, f"system ntp-server-ip {SERVER}")
    with on_host(machine, "h1", "chronyd", "-n", "-4", "-x", "-u", "root", "-f", "/root/server.conf"):
        until(machine, f"cli -c 'show system ntp-status' | grep -q 'synchronised to NTP server ({SERVER})'")


def test_the_log_is_sent(forwarding: PackagedSwitch, machine: Machine) -> None:
    config = (
        'module(load="imudp")\ninput(type="imudp" port="514")\naction(type="omfile" file="/root/collected")\n'
    )
    machine.write("/root/collector.conf", config)
    configured(forwarding, f"system syslog host server-ip {SERVER}")
    with on_host(machine, "h1", "rsyslogd", "-n", "-f", "/root/collector.conf", "-i", "/run/collector.pid"):
        until(machine, "ss -uln | grep -q :514", host="h1")
        until(
            machine,
            "cli -c 'show vlans vlan-id 10' >/dev/null && grep -q 'show vlans vlan-id 10' /root/collected",
        )


def test_a_file_comes_by_tftp(forwarding: PackagedSwitch, machine: Machine) -> None:
    machine.run(["mkdir", "-p", "-m", "755", "/srv/tftp"])
    machine.write("/srv/tftp/switch.cfg", "some configuration\n")
    with on_host(
        machine, "h1", "in.tftpd", "-L", "-u", "root", "--address", f"{SERVER}:69", "--secure", "/srv/tftp"
    ):
        until(machine, "ss -uln | grep -q :69", host="h1")
        said = forwarding.cli(f"file tftp get remote-file switch.cfg local-file got.cfg ip-address {SERVER}")
    assert "ERROR" not in said
    found = machine.run(["sh", "-c", "cat $(find /var /home /root /tmp -name got.cfg)"]).stdout
    assert found == "some configuration\n"


def test_the_management_port_asks_for_an_address(forwarding: PackagedSwitch, machine: Machine) -> None:
    machine.run(["ip", "netns", "add", "office"])
    machine.run(["ip", "link", "add", "mgmt0", "type", "veth", "peer", "name", "eth0", "netns", "office"])
    machine.run(["ip", "-n", "office", "address", "add", "198.18.255.1/24", "dev", "eth0"])
    machine.run(["ip", "-n", "office", "link", "set", "eth0", "up"])
    settings = machine.run(["cat", SETTINGS]).stdout
    named = re.sub(r'^model = "test"$', 'model = "test"\nmanagement = "mgmt0"', settings, flags=re.MULTILINE)
    machine.write(SETTINGS, named)
    serve = (
        "dnsmasq", "--keep-in-foreground", "--port=0", "--bind-interfaces", "--no-hosts", "--no-resolv",
        "--dhcp-range=198.18.255.100,198.18.255.120,255.255.255.0,1h", "--dhcp-leasefile=/run/office.leases",
        "--pid-file=/run/office.pid", "--conf-file=/dev/null", "--user=root",
    )  # fmt: skip
    with on_host(machine, "office", *serve):
        machine.run(["systemctl", "restart", "connetos-agent"])
        until(machine, "ip -4 -br address show dev mgmt0 | grep -q 198.18.255.1")
    assert "NoNewPrivs:\t1" in bounds(machine, "dhclient")


RELAYED = """\
vlans vlan-id 20 l3-interface vlan20
vlan-interface interface vlan20 address 198.18.20.254 prefix-length 24
interface gigabit-ethernet te-1/1/3 family ethernet-switching native-vlan-id 20
vlan-interface interface vlan10 dhcp-relay server-ip 198.18.20.3
"""
NOTE = '#!/bin/sh\n[ "$reason" = BOUND ] && echo "$new_ip_address" >/run/lease\nexit 0\n'


def test_a_host_gets_an_address_from_another_vlan(forwarding: PackagedSwitch, machine: Machine) -> None:
    machine.run(["ip", "-n", "h3", "address", "flush", "dev", "eth0"])
    machine.run(["ip", "-n", "h3", "address", "add", "198.18.20.3/24", "dev", "eth0"])
    machine.run(["ip", "-n", "h3", "route", "add", "default", "via", "198.18.20.254"])
    configured(forwarding, *RELAYED.splitlines())
    machine.write("/root/note", NOTE, 0o755)
    serve = (
        "dnsmasq", "--keep-in-foreground", "--port=0", "--no-hosts", "--no-resolv", "--conf-file=/dev/null",
        "--dhcp-range=198.18.10.100,198.18.10.120,255.255.255.0,1h", "--dhcp-authoritative",
        "--dhcp-leasefile=/run/h3.leases", "--pid-file=/run/h3.pid", "--user=root",
    )  # fmt: skip
    ask = "dhclient -4 -1 -d -sf /root/note -lf /run/h1.leases -pf /run/h1.pid eth0"
    with on_host(machine, "h3", *serve):
        machine.run(["ip", "netns", "exec", "h1", "timeout", "60", *ask.split()], check=False)
        assert machine.run(["cat", "/run/lease"]).stdout.startswith("198.18.10.1")
        assert (
            "Seccomp:\t2"
            in machine.run(["sh", "-c", "cat /proc/$(pgrep -o -f connetos/dnsmasq)/status"]).stdout
        )


def test_management_through_vlan_interfaces_can_be_closed(
    forwarding: PackagedSwitch, machine: Machine
) -> None:
    knock = "ip netns exec h1 timeout 3 bash -c 'exec 3<>/dev/tcp/198.18.10.254/443'"
    machine.run(["sh", "-c", knock])
    configured(forwarding, "system inband enable false")
    assert machine.run(["sh", "-c", knock], check=False).returncode != 0
    configured(forwarding, "system inband enable true")
    machine.run(["sh", "-c", knock])


def test_what_the_kernel_refused_is_nothing(machine: Machine) -> None:
    """A program that may not do what it wants says so in the journal or in its own log."""
    said = machine.run(
        ["sh", "-c", "cat /run/connetos/daemons/*.log; journalctl --unit connetos-agent --no-pager"]
    )
    refused = [
        line for line in said.stdout.splitlines() if re.search(r"permitted|denied|read-only file", line, re.I)
    ]
    assert refused == []
