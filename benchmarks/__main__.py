"""The command: `python -m benchmarks [NAME…]` measures, `python -m benchmarks --markdown` shows the last results."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable, Sequence
from functools import partial

from rich.console import Console

from benchmarks import (
    agent_memory,
    ansible_config,
    atp_cable_to_configured,
    boot_to_forwarding,
    cli_completion,
    commit_1000_vlans,
    commit_one_leaf,
    fabric_change,
    hitless_upgrade,
    interface_state,
    napalm_getters,
    navmesh_fabric,
    navmesh_one_switch,
    package_install,
    port_down_event,
    rcc_commands,
    restart_loss,
    rows,
    salt_state,
    vlan_scale,
    xrl_calls,
)
from benchmarks.measure import Progress
from benchmarks.rig import BenchmarkError, Rig, obstacle, rig
from benchmarks.rows import Row
from connetos_sdk.errors import ConnetosError
from connetos_sdk.lab import LabError

BENCHMARKS: dict[str, Callable[[Rig, Progress], Row]] = {
    **{
        module.NAME: module.run
        for module in (
            commit_one_leaf,
            commit_1000_vlans,
            restart_loss,
            hitless_upgrade,
            agent_memory,
            cli_completion,
            package_install,
            xrl_calls,
            port_down_event,
            boot_to_forwarding,
            navmesh_one_switch,
            navmesh_fabric,
            interface_state,
            vlan_scale,
            atp_cable_to_configured,
            napalm_getters,
            fabric_change,
            salt_state,
        )
    },
    rcc_commands.NAME: rcc_commands.run,
    rcc_commands.NAME_PIPELINED: rcc_commands.run_pipelined,
    **{name: partial(ansible_config.run, count) for count, name in ansible_config.NAMES.items()},
}
"""Every benchmark by name, in the order of the table."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code: 0 measured, 1 failed, 2 impossible on this machine."""
    chosen = _parser().parse_args(arguments)
    if chosen.markdown:
        return _print_markdown()
    if reason := obstacle():
        print(f"nothing can be measured here: {reason}", file=sys.stderr)
        return 2
    try:
        measured = _measure([name for name in BENCHMARKS if name in (chosen.names or BENCHMARKS)])
    except (BenchmarkError, ConnetosError, LabError) as error:
        print(f"benchmark failed: {error}", file=sys.stderr)
        return 1
    rows.keep(measured, tuple(BENCHMARKS))
    Console().print(rows.table(measured))
    for row in measured:
        if row.note:
            print(f"{row.name}: {row.note}")
    print(f"written to {rows.RESULTS}", file=sys.stderr)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measure the agent beside its peers on Open vSwitch, both in the same run; writes build/bench.json.",
        epilog="Needs root and Open vSwitch. Takes about ten minutes.",
    )
    names = ", ".join(BENCHMARKS)
    parser.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        type=_known,
        help=f"what to measure: {names}; everything by default. The kept results of others stay.",
    )
    parser.add_argument("--markdown", action="store_true", help="print the kept results as a Markdown table")
    return parser


def _known(name: str) -> str:
    if name not in BENCHMARKS:
        raise argparse.ArgumentTypeError(f"there is no {name!r}; choose from {', '.join(BENCHMARKS)}")
    return name


def _print_markdown() -> int:
    kept = rows.load()
    if not kept:
        print(f"there is no {rows.RESULTS}: run python -m benchmarks first", file=sys.stderr)
        return 1
    print(rows.markdown(kept))
    return 0


def _measure(names: Sequence[str]) -> list[Row]:
    # What ends the program must take the rig down, too.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    measured = []
    with _Reporter() as reporter:
        reporter.tell("setting up two switches of 48 ports")
        with rig() as everything:
            for name in names:
                reporter.begin(name)
                measured.append(BENCHMARKS[name](everything, reporter.tell))
            reporter.begin("taking the switches down")
    return measured


class _Reporter:
    """One line on standard error that says what is going on; without a terminal, a line for each benchmark."""

    def __init__(self) -> None:
        self._title = ""
        self._terminal = sys.stderr.isatty()

    def __enter__(self) -> _Reporter:
        return self

    def __exit__(self, *_: object) -> None:
        if self._terminal:
            self._write("\r\x1b[K")

    def begin(self, title: str) -> None:
        """Begin something."""
        self._title = title
        self._write(f"\r\x1b[K{title}" if self._terminal else f"{title}\n")

    def tell(self, what: str) -> None:
        """Say how far it is."""
        if self._terminal:
            self._write(f"\r\x1b[K{self._title} {what}")

    @staticmethod
    def _write(text: str) -> None:
        sys.stderr.write(text)
        sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
