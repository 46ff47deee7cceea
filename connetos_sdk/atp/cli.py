"""`connetos atp`: plan the provisioning of a rack from the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from connetos_sdk.errors import ConnetosError

app = typer.Typer(
    name="atp",
    help="Auto provision: what switches out of their box need, made from one plan of the fabric.",
    no_args_is_help=True,
)
_err = Console(stderr=True, highlight=False)


@app.callback()
def atp() -> None:
    """Auto provision: what switches out of their box need, made from one plan of the fabric."""


@app.command()
def plan(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="Plan of the fabric (YAML).", show_default=False)
    ],
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="Directory that the TFTP server serves.", show_default=False)
    ],
    check: Annotated[
        bool, typer.Option("--check", help="Only say what would change; write nothing.")
    ] = False,
) -> None:
    """Check a plan and make configuration files, checksums and DHCP reservations from it.

    Nothing is written unless the whole plan is right; then only what differs is. Exit code 1 when it isn't right.
    """
    from connetos_sdk.atp.plan import Plan

    try:
        provisioning = Plan.load(file).build()
        changes = provisioning.changes(out) if check else provisioning.write(out)
        unplanned = provisioning.unplanned(out)
    except ConnetosError as error:
        for problem in error.problems:
            _err.print(f"error: {problem.reason}", style="red", markup=False, soft_wrap=True)
            if problem.hint:
                _err.print(f"hint: {problem.hint}", markup=False, soft_wrap=True)
        raise typer.Exit(1) from None
    for warning in provisioning.warnings:
        _err.print(f"warning: {warning}", style="yellow", markup=False, soft_wrap=True)
    for name in unplanned:
        text = f"warning: {out / name} belongs to no switch of the plan; it is left alone"
        _err.print(text, style="yellow", markup=False, soft_wrap=True)
    for change in changes:
        typer.echo(str(change))
    same = len(provisioning.files) - len(changes)
    done = "to write" if check else "written"
    typer.echo(f"{len(changes)} files {done}, {same} as they should be")
