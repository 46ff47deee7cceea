"""Feeds every documented command to a live agent and counts what it does with it: `make command-coverage`.

A configuration command is *realised* when its line was committed and read back; an operational or session
command when it was answered. *Refused* is a clear answer that this agent doesn't have it. All else *failed*.
Prints a table by area and writes build/command-coverage.json. With `--limits` the areas of `LIMITED` are measured, and
the table of what they refuse in docs/reference/limits.md is made anew.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import socket
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console
from rich.table import Table

from connetos_sdk import Switch
from connetos_sdk.errors import ConnetosError
from connetos_sdk.lab import Lab, Topology
from connetos_sdk.model.schema import locate
from connetos_sdk.model.setlines import parse_line

ROOT = Path(__file__).parent.parent
COMMANDS = ROOT.parent / "shared/spec/cli/commands.yaml"
RESULT = ROOT / "build/command-coverage.json"
PAGE = ROOT / "docs/reference/limits.md"
HEADING = "## Every documented command that is refused\n"
LIMITED: dict[str, tuple[str, ...]] = {
    "interface": (), "l2": (), "firewall": (), "system": (), "user": (), "time": (), "syslog": (),
    "l3": ("static", "arp", "route-table", "dhcp-relay"),
}  # fmt: skip
"""Areas, and features of them (none: all), of which every refusal stands in the page of limits."""
OUTCOMES = ("realised", "refused", "failed")
UNKNOWN = (
    "is not recognized",
    "is not valid",
    "is not supported",
    "isn't known here",
    "has no Telnet server",
    "has no clock of its own",
    "has no tunnels",
    "there is no forwarder",
)
DRIVERS = (
    "openvswitch", "kernel", "kernel-settings", "arp", "loopback", "nftables", "lldp", "host", "frr", "stack",
    "access", "clock", "chronyd", "rsyslogd", "dnsmasq", "accounts",
)  # fmt: skip
REASON = re.compile(rf"\b({'|'.join(DRIVERS)}): ")
"""A driver that says why it can't; docs/reference/limits.md lists these."""
TFTP_SERVER = "192.0.2.50"
"""That of the samples; it has the file that they ask for."""

LAB = "name: coverage-{pid}\nswitches:\n  s1: {{ports: 24}}\n"

SURROUNDINGS = (
    "",
    "set vlans vlan-id 20:24,31,210",
    "set vlans vlan-id 20:24,31,210\n"
    "set interface gigabit-ethernet te-1/1/3 family ethernet-switching port-mode trunk",
    "set vlans vlan-id 210 l3-interface vlan210",
    "set vlans vlan-id 210 l3-interface vlan210\n"
    "set vlan-interface interface vlan210 address 192.0.2.65 prefix-length 26\n"
    "set protocols static route 203.0.113.0/24 next-hop 192.0.2.70",
    "set interface management-ethernet eth0 address 192.0.2.34/24",
    "set interface aggregate-ethernet ae7",
    "set interface aggregate-ethernet ae7 ether-options lacp enable true\n"
    "set interface gigabit-ethernet te-1/1/3 ether-options 802.3ad ae7",
    "set vlans vlan-id 20:24,31,210\n"
    "set interface aggregate-ethernet ae7 family ethernet-switching port-mode trunk",
    "set analyzer instance span-a output te-1/1/9",
    "set vlans vlan-id 211 l3-interface vlan211",
    "set firewall term term-a",
)
"""Configurations on which a documented line may make sense, tried in this order."""

ROUTE = "set protocols static route 192.0.2.0/26 next-hop 192.0.2.70"
"""Besides, so that there is a way to the hosts of operational samples."""


LACP = (
    "set interface aggregate-ethernet ae7 ether-options lacp enable true\n"
    "set interface gigabit-ethernet te-1/1/3 ether-options 802.3ad ae7"
)
LOOPBACK = "set loopback-interface interface lo7 address 203.0.113.7/32"
MIRROR = "set analyzer instance span-a output te-1/1/9\nset analyzer instance span-a input ingress te-1/1/4"
FILTER = "set firewall term term-a dscp value 26\nset firewall filter flt-a matching term term-a"
"""What operational commands may ask for besides."""


TERMINAL = {"kind": "vt100", "width": 80, "height": 24, "lends": True}
"""What `cli` on the switch says of itself: `ssh` and `telnet` need one."""


class CommandLine:
    """The agent's command line socket."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(60)
        self._socket.connect(str(path))
        self._file = self._socket.makefile("rwb")
        self._ask({"hello": {"user": "root", "authenticated": True, "via": "coverage"}})

    def _ask(self, message: dict[str, Any]) -> dict[str, Any]:
        self._file.write(json.dumps(message).encode() + b"\n")
        self._file.flush()
        answer: dict[str, Any] = json.loads(self._file.readline())
        return answer

    def run(self, line: str) -> dict[str, Any]:
        """The answer to one line."""
        return self._ask({"id": 1, "line": line, "terminal": TERMINAL})

    def close(self) -> None:
        """Disconnect."""
        self._file.close()
        self._socket.close()


class Coverage:
    """One live agent, brought back to where it began before each line."""

    def __init__(self, lab: Lab) -> None:
        node = lab.switch("s1")
        self._cli_path = node.directory / "run" / "cli.sock"
        self._switch = Switch(f"unix://{node.directory}/run/agent.sock")
        self._start = self._switch.revision()
        self._before = self._switch.config(secrets=True)
        self.reasons: dict[str, str] = {}
        self.dataplane = str(lab.dataplane)

    def outcome(self, command: dict[str, Any]) -> str:
        """The worst outcome of the command's samples."""
        measure = {"config": self._configure, "operational": self._operate, "session": self._session}[
            command["kind"]
        ]
        found = []
        for sample in command["samples"]:
            found.append(measure(sample, command))
            self._switch.replace(self._before)
        return max(found, key=OUTCOMES.index)

    def _configure(self, sample: str, _command: dict[str, Any]) -> str:
        reason = ""
        for surroundings in SURROUNDINGS:
            self._switch.replace(self._before)
            if surroundings:
                self._switch.apply_lines(surroundings)
            cli = CommandLine(self._cli_path)
            try:
                cli.run("configure")
                answer = cli.run(sample)
                if not answer["ok"]:
                    self.reasons[sample] = answer["text"]
                    return _refused_or_failed(answer["text"])
                answer = cli.run("commit")
            finally:
                cli.close()
            if answer["ok"]:
                return "realised" if self._stands(sample) else "failed"
            reason = reason if REASON.search(reason) else answer["text"]
        self.reasons[sample] = reason
        return _refused_or_failed(reason)

    def _stands(self, sample: str) -> bool:
        for edit in parse_line(sample):
            path = edit.path
            node: Any = locate(path).node
            hashed = getattr(node, "hashed_into", "")
            try:
                found = self._switch.config((*path[:-1], hashed) if hashed else path)
            except ConnetosError:
                return False
            values = edit.value if isinstance(edit.value, list) else []
            if not set(values) <= set(found if isinstance(found, list) else []):
                return False
        return not self._switch.system().troubles

    def _operate(self, sample: str, _command: dict[str, Any]) -> str:
        self._switch.apply_lines("\n".join((SURROUNDINGS[4], ROUTE, LACP, LOOPBACK, MIRROR, FILTER)))
        return self._answered(sample, [])

    def _session(self, sample: str, command: dict[str, Any]) -> str:
        for number in range(5):  # so that there is an archive to go back to
            self._switch.apply_lines(f"set vlans vlan-id {100 + number}")
        before = [] if command["mode"] == "operational" or sample.startswith("configure") else ["configure"]
        changed = sample.startswith(("commit", "discard", "exit discard"))
        if changed:
            before.append("set vlans vlan-id 200")
        if sample.startswith("delete"):
            before.append("set system hostname leaf-17")
        return self._answered(sample, before)

    def _answered(self, sample: str, before: list[str]) -> str:
        cli = CommandLine(self._cli_path)
        try:
            for line in before:
                cli.run(line)
            answer = cli.run(sample)
        finally:
            cli.close()
        if answer["ok"]:
            return "realised"
        self.reasons[sample] = answer["text"]
        return _refused_or_failed(answer["text"])


def limited(commands: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those whose refusals the page of limits lists."""
    return [
        command
        for command in commands
        if command["area"] in LIMITED
        and (not LIMITED[command["area"]] or command["feature"] in LIMITED[command["area"]])
    ]


def limits_table(reasons: Mapping[str, str]) -> str:
    """The table of refused lines: by whom, and why, as the switch says it."""
    rows = []
    for line, answer in sorted(reasons.items()):
        text = " ".join(answer.partition("ERROR: ")[2].split() or answer.split())
        found = REASON.search(text)
        by, why = (f"`{found[1]}`", text[found.end() :]) if found else ("", text)
        rows.append(f"| `{line}` | {by} | {why.replace('|', chr(92) + '|')} |\n")
    return "| line | driver | why |\n|---|---|---|\n" + "".join(rows)


def limits_page(table: str) -> str:
    """The page of limits with this table under its heading."""
    head, heading, rest = PAGE.read_text("utf-8").partition(HEADING)
    _, following, tail = rest.partition("\n## ")
    return (
        f"{head}{heading}\nSamples of the documented lines, and what a lab's switch on Open vSwitch answers; made by\n"
        f"`python tools/command_coverage.py --limits`. The other sections say more.\n\n{table}{following}{tail}"
    )


def _refused_or_failed(text: str) -> str:
    return "refused" if any(known in text for known in UNKNOWN) or REASON.search(text) else "failed"


@contextlib.contextmanager
def live_agent() -> Iterator[Coverage]:
    """A lab with one switch, and what is measured with it."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "lab.yaml"
        path.write_text(LAB.format(pid=os.getpid()))
        with Lab(Topology.load(path)) as lab, tftp_server(lab, Path(directory) / "served"):
            yield Coverage(lab)


@contextlib.contextmanager
def tftp_server(lab: Lab, directory: Path) -> Iterator[None]:
    """A TFTP server in the switch's own network, if there is one to be run."""
    node = lab.switch("s1")
    program = shutil.which("in.tftpd", path="/usr/sbin:/usr/bin")
    if program is None or node.namespace is None:
        yield
        return
    directory.mkdir()
    directory.parent.chmod(0o755)
    (directory / "lab.cfg").write_text("set system hostname leaf-17\n")
    node.run(["ip", "address", "add", f"{TFTP_SERVER}/32", "dev", "lo"])
    node.run(["ip", "link", "set", "lo", "up"])
    server = node.node.start(
        [program, "-L", "-u", "root", "--address", f"{TFTP_SERVER}:69", "--secure", str(directory)]
    )
    try:
        yield
    finally:
        server.terminate()
        server.wait(10)


def main() -> int:
    """Measure the areas that are named, or all; print, write; 0 even when commands are refused, 1 when one failed."""
    if not COMMANDS.exists():
        print(f"{COMMANDS} isn't there: nothing to measure against", file=sys.stderr)
        return 2
    areas = sys.argv[1:]
    commands = yaml.safe_load(COMMANDS.read_text("utf-8"))
    if areas == ["--limits"]:
        commands = limited(commands)
    else:
        commands = [command for command in commands if not areas or command["area"] in areas]
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    with live_agent() as coverage:
        failed = []
        for command in commands:
            outcome = coverage.outcome(command)
            counts[command["area"]][outcome] += 1
            if outcome == "failed":
                failed.append(command)
    _report(counts, coverage.dataplane)
    for command in failed:
        for sample in command["samples"]:
            if sample in coverage.reasons:
                print(f"failed: {sample}\n    {coverage.reasons[sample].strip()}")
    if areas == ["--limits"]:
        PAGE.write_text(limits_page(limits_table(coverage.reasons)), "utf-8")
        return 1 if failed else 0
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(
        json.dumps(
            {area: {name: counts[area][name] for name in OUTCOMES} for area in sorted(counts)}, indent=2
        )
        + "\n"
    )
    return 1 if failed else 0


def _report(counts: dict[str, Counter[str]], dataplane: str) -> None:
    table = Table(title=f"Documented commands on a live agent, data plane {dataplane}")
    table.add_column("area")
    for name in OUTCOMES:
        table.add_column(name, justify="right")
    for area in sorted(counts):
        table.add_row(area, *(str(counts[area][name]) for name in OUTCOMES))
    total = sum(counts.values(), Counter())
    table.add_section()
    table.add_row("all", *(str(total[name]) for name in OUTCOMES))
    Console().print(table)


if __name__ == "__main__":
    sys.exit(main())
