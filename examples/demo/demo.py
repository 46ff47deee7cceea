"""The tour: two switches, four hosts, one playbook. `make demo` runs it; it takes about half a minute."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from connetos_sdk import Switch
from connetos_sdk.lab import Lab, LabError, Progress, Topology
from connetos_sdk.lab.lab import explain_dataplane

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
HOSTS = {"h1": "198.18.10.1", "h2": "198.18.10.2", "h3": "198.18.10.3", "h4": "198.18.10.4"}
ALONE = {(a, b): False for a in HOSTS for b in HOSTS if a != b}
BY_VLAN = {pair: pair in {("h1", "h3"), ("h3", "h1"), ("h2", "h4"), ("h4", "h2")} for pair in ALONE}

console = Console(highlight=False, soft_wrap=True)


class DemoError(Exception):
    """Something in the tour wasn't as it should be."""


def main() -> int:
    """Run the tour; 0 when everything was as it should be."""
    topology = Topology.load(HERE / "topology.yaml")
    lab = Lab(topology)
    started = time.monotonic()
    try:
        lab.down()
        title("Two switches, four hosts")
        console.print(f"   {explain_dataplane(topology) or 'data plane: Open vSwitch'}")
        lab.up(progress)
        try:
            tour(Tour(lab))
        finally:
            lab.down()
    except (DemoError, LabError) as error:
        console.print(f"[red]The demo failed: {escape(str(error))}[/red]")
        return 1
    console.print(f"\n[green]Done in {time.monotonic() - started:.0f} s; nothing is left behind.[/green]")
    return 0


def tour(demo: Tour) -> None:
    """The steps, in order."""
    title("1. This lab starts with its ports shut down: nobody can talk")
    demo.expect(ALONE)
    title("2. A playbook configures both switches")
    demo.play("site.yml", changed=1)
    title("3. Hosts in the same VLAN talk across the trunk, others don't")
    demo.expect(BY_VLAN)
    title("4. The same playbook again changes nothing")
    demo.play("site.yml", changed=0)
    title("5. A bad change is refused and nothing changes")
    revision = demo.leaf1.revision()
    demo.play("bad.yml", failed=True)
    if demo.leaf1.revision() != revision:
        raise DemoError("the refused change made a revision")
    console.print(f"   leaf1 is still at revision {revision}.")
    title("6. A commit that nobody confirms rolls back by itself")
    demo.play("risky.yml", changed=1)
    demo.expect({("h1", "h3"): False})
    console.print("   Nobody confirms it. Waiting ...")
    if not demo.until_rolled_back(to_document_of=revision):
        raise DemoError("the change that nobody confirmed is still there")
    newest = demo.leaf1.revisions()[0]
    console.print(f"   revision {newest.id} by {newest.user}: {newest.comment}")
    demo.expect({("h1", "h3"): True})


def title(text: str) -> None:
    """Announce a step."""
    console.print(f"\n[bold cyan]== {text}[/bold cyan]")


def progress(step: Progress) -> None:
    """Tell how far the lab is."""
    where = f"{step.node}: " if step.node else ""
    console.print(f"   [dim]{step.done}/{step.total} {where}{step.step}[/dim]")


class Tour:
    """The lab, and what the steps do with it."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.forwards = lab.dataplane == "openvswitch"
        leaf = lab.switch("leaf1")
        self.directory = leaf.directory.parent
        self.leaf1 = Switch(leaf.url, username=leaf.username, password=leaf.password, ca_file=leaf.ca_file)

    def expect(self, wanted: dict[tuple[str, str], bool]) -> None:
        """Ping between hosts and show who reaches whom; raises when it isn't as `wanted`."""
        if not self.forwards:
            console.print("   (no hosts: the memory data plane forwards nothing)")
            return
        found = {pair: self._ping(*pair, wanted=want) for pair, want in wanted.items()}
        table = Table(box=None, pad_edge=False, padding=(0, 2))
        table.add_column("   from")
        for host in HOSTS:
            table.add_column(f"to {host}")
        for source in dict.fromkeys(source for source, _ in wanted):
            table.add_row(f"   {source}", *(_cell(found.get((source, target))) for target in HOSTS))
        console.print(table)
        if found != wanted:
            raise DemoError(f"reachability should be {wanted}")

    def _ping(self, source: str, target: str, *, wanted: bool) -> bool:
        host = self.lab.host(source)
        if not wanted:
            return host.ping(HOSTS[target], count=1, timeout=0.3)
        return any(host.ping(HOSTS[target]) for _ in range(3))

    def play(self, name: str, *, changed: int = 0, failed: bool = False) -> None:
        """Run a playbook and show what it says; raises when it doesn't end as it should."""
        command = ["ansible-playbook", "-i", str(self.directory / "inventory.yml"), str(HERE / name)]
        console.print(f"   $ {' '.join(['ansible-playbook', '-i', 'inventory.yml', name])}")
        checkout = {"ANSIBLE_COLLECTIONS_PATH": str(ROOT)} if (ROOT / "ansible_collections").is_dir() else {}
        environment = {
            **os.environ,
            **checkout,
            "ANSIBLE_NOCOWS": "1",
            "ANSIBLE_LOCALHOST_WARNING": "0",
            "ANSIBLE_FORCE_COLOR": "0",
        }
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=120, check=False
        )
        for line in done.stdout.splitlines():
            if line.strip():
                console.print(f"   [dim]{escape(line)}[/dim]")
        recap = re.findall(r"ok=\d+\s+changed=(\d+)\s+unreachable=0\s+failed=(\d+)", done.stdout)
        right = recap and all(int(c) == changed and (int(f) > 0) == failed for c, f in recap)
        if not right or (done.returncode != 0) != failed:
            raise DemoError(f"{name} ended with {done.returncode}: {done.stderr.strip()[-500:]}")

    def until_rolled_back(self, *, to_document_of: int) -> bool:
        """Wait until `leaf1` runs what it ran at a revision."""
        wanted = self.leaf1.config(source=f"revision/{to_document_of}")
        end = time.monotonic() + 15
        while self.leaf1.config() != wanted:
            if time.monotonic() > end:
                return False
            time.sleep(0.2)
        return True


def _cell(reached: bool | None) -> str:
    return {None: "", True: "[green]yes[/green]", False: "[red]no[/red]"}[reached]


if __name__ == "__main__":
    sys.exit(main())
