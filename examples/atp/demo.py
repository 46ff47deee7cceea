"""A rack brings itself up, and a dead switch is replaced. `make demo-atp` runs it; it takes about a minute."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from connetos_sdk import Switch
from connetos_sdk.atp import Plan, PlannedSwitch, status
from connetos_sdk.lab import Lab, LabError, Progress, Topology

HERE = Path(__file__).parent
PLAN = HERE / "rack.yaml"
LEAVES = ("leaf1", "leaf2", "leaf3")
HOSTS = {"h1": "198.18.10.1", "h2": "198.18.10.2", "h3": "198.18.10.3"}
PATIENCE_SECONDS = 120.0
LOOK_SECONDS = 0.2
NOTE = "set interface gigabit-ethernet te-1/1/8 description moved-in-after-the-plan"

console = Console(highlight=False, soft_wrap=True)


class DemoError(Exception):
    """Something in the demo wasn't as it should be."""


def main() -> int:
    """Run the demo; 0 when everything was as it should be."""
    topology = Topology.load(HERE / "lab.yaml")
    lab = Lab(replace(topology, name=f"rack-{os.getpid()}"))
    started = time.monotonic()
    try:
        title("A spine and three leaves out of their boxes, a host at each leaf")
        try:
            lab.up(progress)
            tour(Rack(lab))
        finally:
            lab.down()
    except (DemoError, LabError) as error:
        console.print(f"[red]The demo failed: {escape(str(error))}[/red]")
        return 1
    console.print(f"\n[green]Done in {time.monotonic() - started:.0f} s; nothing is left behind.[/green]")
    return 0


def tour(rack: Rack) -> None:
    """The steps, in order."""
    title("1. The leaves are on. They have no configuration, and nobody tells them who they are")
    rack.expect_states(dict.fromkeys(LEAVES, "ADDRESS_COLLECTING"))
    title("2. One plan becomes the files of all switches, on the TFTP server")
    rack.connetos("plan", "--out", str(rack.tftp))
    title(
        "3. The spine gets its file. Its port descriptions tell each leaf who it is; from now on, hands off"
    )
    rack.configure_spine()
    rack.wait_for(*LEAVES)
    title("4. Everybody is where the plan has them, and the hosts talk across the fabric")
    rack.connetos("cabling")
    rack.expect_all_reach_all()
    title("5. Life goes on: somebody changes leaf2. The planner takes over what is committed")
    rack.change("leaf2", NOTE)
    rack.connetos("refresh", "--out", str(rack.tftp), "--switch", "leaf2")
    title("6. leaf1 dies. A new one of the same model takes its place")
    rack.replace("leaf1")
    title("7. leaf2 dies. A new one of another model, with 8 ports instead of 12, takes its place")
    rack.replace("leaf2", ports=8)
    console.print(f"   leaf2 has what was committed last: [dim]{NOTE}[/dim]")
    rack.expect_all_reach_all()
    rack.connetos("status")


def title(text: str) -> None:
    """Announce a step."""
    console.print(f"\n[bold cyan]== {text}[/bold cyan]")


def progress(step: Progress) -> None:
    """Tell how far the lab is."""
    where = f"{step.node}: " if step.node else ""
    console.print(f"   [dim]{step.done}/{step.total} {where}{step.step}[/dim]")


class Rack:
    """The lab and its plan, and what the steps do with them."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.plan = Plan.load(PLAN)
        if lab.provisioning is None:
            raise DemoError("the lab has no TFTP server")
        self.tftp = lab.provisioning.files

    def connetos(self, command: str, *options: str) -> None:
        """Run `connetos atp …` and show what it says; raises when it isn't content."""
        where = () if command == "plan" else ("--lab", self.lab.topology.name)
        words = ["connetos", "atp", command, str(PLAN), *options, *where]
        shown = ["connetos", "atp", command, PLAN.name, *options, *where]
        console.print(f"   $ {escape(' '.join(shown))}")
        program = str(Path(sys.executable).with_name("connetos"))
        done = subprocess.run([program, *words[1:]], capture_output=True, text=True, timeout=120, check=False)
        for line in (done.stdout + done.stderr).splitlines():
            console.print(f"   [dim]{escape(line)}[/dim]")
        if done.returncode != 0:
            raise DemoError(f"connetos atp {command} ended with {done.returncode}")

    def configure_spine(self) -> None:
        """What somebody at the spine types, or pastes."""
        spine = self.plan.switches["spine1"]
        with self._at(spine) as switch:
            switch.apply_lines((self.tftp / f"{spine.management.ip}_yunqi.cfg").read_text())
            for line in switch.config_text(form="set").splitlines():
                if "@" in line:
                    console.print(f"   [dim]{escape(line)}[/dim]")

    def change(self, name: str, line: str) -> None:
        """Somebody commits a line on a switch."""
        with self._at(self.plan.switches[name]) as switch:
            revision = switch.apply_lines(line).revision
        console.print(f"   {name}# {line}\n   {name}# commit  [dim](revision {revision})[/dim]")

    def replace(self, name: str, *, ports: int | None = None) -> None:
        """Put a new switch in the place of one, and wait until it is what that was."""
        planned = self.plan.switches[name]
        with self._at(planned) as switch:
            before = switch.config_text(form="set", secrets=True)
        self.lab.switch(name).swap(ports=ports)
        console.print("   it is plugged in and switched on; nobody types")
        self.wait_for(name)
        with self._at(planned) as switch:
            if switch.config_text(form="set", secrets=True) != before:
                raise DemoError(f"{name} has another configuration than the one that it replaces")

    def wait_for(self, *names: str) -> None:
        """Wait until ATP has ended in success, and tell of every step on the way."""
        begin = time.monotonic()
        seen: dict[str, tuple[str, str]] = {}
        while True:
            rows = {row.name: row for row in status(self.plan, self._at)}
            for name in names:
                row = rows[name]
                if seen.get(name) != (row.state, row.reason):
                    seen[name] = row.state, row.reason
                    told = f"{row.state}  [dim]{escape(row.reason)}[/dim]"
                    console.print(f"   [dim]{time.monotonic() - begin:5.1f} s[/dim]  {name}  {told}")
            if all(rows[name].state == "SUCCESS" for name in names):
                return
            if time.monotonic() > begin + PATIENCE_SECONDS:
                raise DemoError(f"they aren't ready after {PATIENCE_SECONDS:g} s")
            time.sleep(LOOK_SECONDS)

    def expect_states(self, wanted: dict[str, str]) -> None:
        """Show the states of ATP; raises when they aren't as `wanted`."""
        rows = {row.name: row for row in status(self.plan, self._at)}
        for name in wanted:
            console.print(f"   {name}  {rows[name].state}  [dim]{escape(rows[name].reason)}[/dim]")
        if any(rows[name].state != state for name, state in wanted.items()):
            raise DemoError(f"the states should be {wanted}")

    def expect_all_reach_all(self) -> None:
        """Ping from every host to every other; raises when one isn't reached."""
        for source in HOSTS:
            reached = [
                target
                for target, address in HOSTS.items()
                if target != source and until(lambda a=address, s=source: self.lab.host(s).ping(a))  # type: ignore[misc]
            ]
            console.print(f"   {source} reaches [green]{', '.join(reached)}[/green]")
            if len(reached) != len(HOSTS) - 1:
                raise DemoError(f"{source} doesn't reach everybody")

    def _at(self, switch: PlannedSwitch) -> Switch:
        """A connection as root on the switch itself."""
        return Switch(self.lab.switch(switch.name).local_url, timeout_s=20)


def until(condition: Callable[[], bool], tries: int = 10) -> bool:
    """Whether it comes about; ports may still be learning each other's addresses."""
    return any(condition() for _ in range(tries))


if __name__ == "__main__":
    sys.exit(main())
