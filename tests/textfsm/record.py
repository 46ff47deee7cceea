"""Writes down what a switch on Open vSwitch prints for every template, and what the template makes of it.

`python -m tests.textfsm.record` (as root); look at what changed before you commit it.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import yaml

from connetos_sdk import Switch
from connetos_sdk.errors import ConnetosError
from connetos_sdk.lab import Lab
from connetos_sdk.textfsm import parse
from tests.conftest import TWO_LEAVES, connect, topology
from tests.textfsm.talkative import COMMANDS, prepare

DATA = Path(__file__).parent / "connetos"


def write(folder: str, name: str, command: str, text: str) -> None:
    """A sample in ntc-templates' form: what was printed, and its rows."""
    path = DATA / folder / f"{name}.raw"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    rows = yaml.safe_dump({"parsed_sample": parse(command, text)}, explicit_start=True, sort_keys=False)
    path.with_suffix(".yml").write_text(rows)


def record(switch: Switch) -> None:
    """Samples of one switch; what it refuses is told, and has none."""
    for folder, command in COMMANDS.items():
        try:
            text = switch.cli(command)
        except ConnetosError as error:
            print(f"{command}: {error}")
            continue
        if text.strip():
            write(folder, f"connetos_{folder}_openvswitch", command, text)


def main() -> None:
    """Record from a lab."""
    with tempfile.TemporaryDirectory() as folder:
        lab = Lab(topology(TWO_LEAVES.format(name=f"record-{os.getpid()}"), Path(folder)))
        with lab, connect(lab.switch("leaf1")) as leaf1, connect(lab.switch("leaf2")) as leaf2:
            prepare(lab, (leaf1, leaf2))
            record(leaf1)


if __name__ == "__main__":
    main()
