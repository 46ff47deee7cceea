"""`connetos atp status`, `cabling` and `refresh`: what a plan's switches say now."""

from __future__ import annotations

import contextlib
import getpass
import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from connetos_sdk.errors import BadRequest, ConnetosError

if TYPE_CHECKING:
    from connetos_sdk.atp.access import Connect
    from connetos_sdk.atp.plan import Plan, PlannedSwitch
    from connetos_sdk.atp.progress import SwitchProgress
    from connetos_sdk.switch import Switch

EXIT_OTHERWISE = 3
"""Exit code when the answer is that something isn't (yet) as planned."""
WATCH_SECONDS = 2.0
"""How long it is until switches are asked again; those out of the box can't tell by themselves."""
_err = Console(stderr=True, highlight=False)

PlanFile = Annotated[
    Path, typer.Argument(metavar="FILE", help="Plan of the fabric (YAML).", show_default=False)
]
User = Annotated[str, typer.Option("-u", "--user", envvar="CONNETOS_USER", help="User on the switches.")]
CaFile = Annotated[
    Path | None, typer.Option(help="Certificates (PEM) to trust instead of the system's.", show_default=False)
]
Insecure = Annotated[
    bool,
    typer.Option("--insecure", help="Don't check the switches' certificates: who is asked isn't proved."),
]
LabName = Annotated[
    str, typer.Option("--lab", metavar="NAME", help="The switches are those of this lab; no login is needed.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Watch = Annotated[bool, typer.Option("--watch", help="Go on until every switch has its configuration.")]


def status(  # noqa: PLR0917 - typer makes options of them
    file: PlanFile,
    user: User = "admin",
    ca_file: CaFile = None,
    insecure: Insecure = False,
    lab: LabName = "",
    watch: Watch = False,
    as_json: AsJson = False,
) -> None:
    """How far auto provision is on each switch of a plan, asked at its management address.

    The password is asked for, or taken from CONNETOS_PASSWORD. Exit code 0 when every switch answers and has a
    configuration, 3 when not.
    """
    from connetos_sdk.atp import progress

    with told():
        plan, connect = _reach(file, user, ca_file, insecure, lab)
        rows = progress.status(plan, connect)
        _show(rows, as_json=as_json, compact=watch)
        while watch and not all(row.ready for row in rows):
            time.sleep(WATCH_SECONDS)
            before, rows = rows, progress.status(plan, connect)
            if as_json and rows != before:
                _show(rows, as_json=True, compact=True)
            elif not as_json:
                _show([row for row, was in zip(rows, before, strict=True) if row != was], heading=False)
    if not all(row.ready for row in rows):
        raise typer.Exit(EXIT_OTHERWISE)


def cabling(  # noqa: PLR0917 - typer makes options of them
    file: PlanFile,
    user: User = "admin",
    ca_file: CaFile = None,
    insecure: Insecure = False,
    lab: LabName = "",
    as_json: AsJson = False,
) -> None:
    """Compare how the switches are cabled, as LLDP tells it, with the plan, and name every difference.

    The password is asked for, or taken from CONNETOS_PASSWORD. Exit code 0 when all cables are as planned, 3 when not.
    """
    from connetos_sdk.atp import cables

    with told():
        plan, connect = _reach(file, user, ca_file, insecure, lab)
        report = cables.cabling(plan, connect)
    if as_json:
        typer.echo(json.dumps(report.to_dict(), indent=2))
    else:
        for difference in report.differences:
            typer.echo(difference.text)
        for name, reason in report.silent.items():
            warn(f"{name} can't be asked: {reason}")
        unseen = f", {len(report.unseen)} nobody can tell of" if report.unseen else ""
        total = len(plan.links)
        typer.echo(
            f"{report.confirmed} of {total} cables as planned, {len(report.differences)} differences{unseen}"
        )
    if not report.as_planned:
        raise typer.Exit(EXIT_OTHERWISE)


def refresh(  # noqa: PLR0917 - typer makes options of them
    file: PlanFile,
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="Directory that the TFTP server serves.", show_default=False)
    ],
    switch: Annotated[
        list[str] | None, typer.Option("-s", "--switch", help="Only this one; may be given several times.")
    ] = None,
    user: User = "admin",
    ca_file: CaFile = None,
    insecure: Insecure = False,
    lab: LabName = "",
    check: Annotated[bool, typer.Option("--check", help="Only say what would change.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write each switch's last committed configuration into the file that its replacement will fetch.

    The password is asked for, or taken from CONNETOS_PASSWORD. A switch that can't be asked keeps its file; then the
    exit code is 3.
    """
    from connetos_sdk.atp import replacement

    with told():
        plan, connect = _reach(file, user, ca_file, insecure, lab)
        rows = replacement.refresh(plan, connect, out, only=switch or (), check=check)
    if as_json:
        typer.echo(json.dumps([row.to_dict() for row in rows], indent=2))
    for row in () if as_json else rows:
        if row.outcome == "kept":
            warn(f"{row.name}: {row.file} is kept: {row.reason}")
        else:
            done = {"written": "to write" if check else "written", "same": "as it should be"}[row.outcome]
            typer.echo(f"{row.name}: {row.file} {done} (revision {row.revision})")
        if row.warning:
            warn(row.warning)
    if any(row.outcome == "kept" for row in rows):
        raise typer.Exit(EXIT_OTHERWISE)


def _show(
    rows: Sequence[SwitchProgress], *, as_json: bool = False, compact: bool = False, heading: bool = True
) -> None:
    if as_json:
        typer.echo(json.dumps([row.to_dict() for row in rows], indent=None if compact else 2))
        return
    layout = "{:<16} {:<16} {:<19} {}"
    if heading:
        typer.echo(layout.format("Switch", "Address", "State", "Reason"))
    for row in rows:
        typer.echo(layout.format(row.name, row.address, row.state, row.reason).rstrip())


def warn(text: str) -> None:
    """Tell of something that may not be meant."""
    _err.print(f"warning: {text}", style="yellow", markup=False, soft_wrap=True)


@contextlib.contextmanager
def told() -> Iterator[None]:
    """Errors are told, and end the command with 1."""
    from connetos_sdk.lab.errors import LabError

    try:
        yield
    except (ConnetosError, LabError) as error:
        problems = error.problems if isinstance(error, ConnetosError) else [error]
        for problem in problems:
            _err.print(f"error: {problem.reason}", style="red", markup=False, soft_wrap=True)
            if problem.hint:
                _err.print(f"hint: {problem.hint}", markup=False, soft_wrap=True)
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def _reach(file: Path, user: str, ca_file: Path | None, insecure: bool, lab: str) -> tuple[Plan, Connect]:
    """The plan, and how its switches are reached."""
    from connetos_sdk.atp.access import Access
    from connetos_sdk.atp.plan import Plan

    plan = Plan.load(file)
    if lab:
        return plan, partial(_in_lab, lab)
    return plan, Access(user, _password(user), not insecure, ca_file)


def _in_lab(name: str, switch: PlannedSwitch) -> Switch:
    """A connection to the lab's switch of that name, as root on it."""
    from connetos_sdk.lab.lab import Lab
    from connetos_sdk.switch import Switch

    return Switch(Lab.named(name).switch(switch.name).local_url)


def _password(user: str) -> str:
    if (given := os.environ.get("CONNETOS_PASSWORD")) is not None:
        return given
    if not sys.stdin.isatty():
        raise BadRequest("there is no password", hint="set CONNETOS_PASSWORD")
    return getpass.getpass(f"Password of {user}: ")
