"""`connetos atp`: plan the provisioning of a rack from the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from connetos_sdk.atp import live_cli

app = typer.Typer(
    name="atp",
    help="Auto provision: what switches out of their box need, made from one plan of the fabric.",
    no_args_is_help=True,
)


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

    with live_cli.told():
        provisioning = Plan.load(file).build()
        changes = provisioning.changes(out) if check else provisioning.write(out)
        unplanned = provisioning.unplanned(out)
    for warning in provisioning.warnings:
        live_cli.warn(warning)
    for name in unplanned:
        live_cli.warn(f"{out / name} isn't in the plan; it is left alone")
    for change in changes:
        typer.echo(str(change))
    same = len(provisioning.files) - len(changes)
    done = "to write" if check else "written"
    typer.echo(f"{len(changes)} files {done}, {same} as they should be")


app.command()(live_cli.status)
app.command()(live_cli.cabling)
app.command()(live_cli.refresh)
