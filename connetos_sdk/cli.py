"""The `connetos` command. Each area of work is a sub-command with a module of its own."""

from __future__ import annotations

from importlib import metadata
from typing import Annotated

import typer

from connetos_sdk.atp.cli import app as atp_app
from connetos_sdk.lab.cli import app as lab_app
from connetos_sdk.navmesh_cli import navmesh
from connetos_sdk.xrl_cli import app as xrl_app

app = typer.Typer(
    name="connetos",
    help="Automate ConnetOS switches: virtual labs, XRL calls, the way of a flow, auto provision.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,  # local variables may hold passwords
)
app.add_typer(lab_app)
app.add_typer(xrl_app)
app.add_typer(atp_app)
app.command()(navmesh)


def _print_version(wanted: bool) -> None:
    if wanted:
        try:
            version = metadata.version("connetos-sdk")
        except metadata.PackageNotFoundError:
            version = "(not installed: running from a checkout)"
        typer.echo(f"connetos {version}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit."),
    ] = False,
) -> None:
    """Automate ConnetOS switches: virtual labs, XRL calls, the way of a flow, auto provision."""


if __name__ == "__main__":
    app()
