"""`connetos lab`: the lab from the command line."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from dataclasses import asdict
from functools import wraps
from pathlib import Path
from typing import Annotated, ParamSpec, TypeVar

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as ProgressBar
from rich.table import Table

from connetos_sdk.lab import Lab, LabError, NotRunningError, Progress, Topology
from connetos_sdk.lab.lab import ProgressCallback, existing_labs, explain_dataplane
from connetos_sdk.lab.nodes import Node, SwitchStatus
from connetos_sdk.lab.topology import Dataplane

app = typer.Typer(
    name="lab",
    help="Virtual switches and hosts on this machine, described by a YAML file.",
    no_args_is_help=True,
)
_out = Console(highlight=False)
_err = Console(stderr=True, highlight=False)

_Parameters = ParamSpec("_Parameters")
_Result = TypeVar("_Result")

LabArgument = Annotated[
    str,
    typer.Argument(
        metavar="FILE", help="Topology file, or the name of a lab that is up.", show_default=False
    ),
]
NodeArgument = Annotated[
    str, typer.Argument(metavar="NODE", help="A switch, a host, or 'mgmt'.", show_default=False)
]


def _explained(command: Callable[_Parameters, _Result]) -> Callable[_Parameters, _Result]:
    """Turn a `LabError` into two lines and exit code 1."""

    @wraps(command)
    def wrapper(*args: _Parameters.args, **kwargs: _Parameters.kwargs) -> _Result:
        try:
            return command(*args, **kwargs)
        except LabError as error:
            # A topology error's text begins with the file and the place in it, which `reason` alone lacks.
            text = str(error).removesuffix(f" ({error.hint})")
            _err.print(f"error: {text}", style="red", markup=False, soft_wrap=True)
            if error.hint:
                _err.print(f"hint: {error.hint}", markup=False, soft_wrap=True)
            raise typer.Exit(1) from None

    return wrapper


@app.command()
@_explained
def up(lab: LabArgument) -> None:
    """Bring a lab up. What runs already is left alone; what is missing or dead is (re)started."""
    the_lab = _lab(lab)
    if reason := explain_dataplane(the_lab.topology):
        _err.print(f"note: {reason}", markup=False, soft_wrap=True)
    _with_progress(f"lab {the_lab.topology.name} up", the_lab.up)
    _out.print(_table(the_lab, the_lab.status()))
    _out.print(f"inventory: {the_lab.directory}/inventory.yml (Ansible), inventory.json", soft_wrap=True)


@app.command()
@_explained
def down(lab: LabArgument) -> None:
    """Take a lab down: no process, namespace, mount or file of it is left, also after a crash."""
    the_lab = _lab(lab)
    _with_progress(f"lab {the_lab.topology.name} down", the_lab.down)


@app.command()
@_explained
def status(
    lab: LabArgument, as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False
) -> None:
    """Show the switches of a lab. The exit code is 3 when one of them is not healthy."""
    the_lab = _lab(lab)
    switches = the_lab.status()
    if as_json:
        document = {
            "name": the_lab.topology.name,
            "dataplane": the_lab.dataplane.value,
            "directory": str(the_lab.directory),
            "switches": [{**asdict(switch), "healthy": switch.healthy} for switch in switches],
            "hosts": list(the_lab.topology.hosts) if the_lab.dataplane is Dataplane.OPENVSWITCH else [],
        }
        typer.echo(json.dumps(document, indent=2))
    else:
        _out.print(_table(the_lab, switches))
    if not all(switch.healthy for switch in switches):
        raise typer.Exit(3)


@app.command(name="exec", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@_explained
def execute(
    lab: LabArgument,
    node: NodeArgument,
    command: Annotated[list[str], typer.Argument(help="Program and arguments.", show_default=False)],
) -> None:
    """Run a command inside a host or switch: connetos lab exec FILE h1 ping -c1 198.18.10.2."""
    _become(_lab(lab).node(node), command[1:] if command[0] == "--" else command)


@app.command()
@_explained
def shell(lab: LabArgument, node: NodeArgument) -> None:
    """Open a shell inside a host or switch; Open vSwitch's tools find the switch's own daemons there."""
    _become(_lab(lab).node(node), [os.environ.get("SHELL") or "/bin/sh"])


@app.command()
@_explained
def restart(
    lab: LabArgument,
    switches: Annotated[list[str] | None, typer.Argument(help="Switches; all when none is named.")] = None,
    reboot: Annotated[
        bool, typer.Option("--reboot", help="Restart Open vSwitch, too, as a power cycle would.")
    ] = False,
) -> None:
    """Restart the agents of switches. Packets go on flowing, unless --reboot is given."""
    the_lab = _lab(lab)
    with the_lab.changing():
        for name in switches or list(the_lab.topology.switches):
            switch = the_lab.switch(name)
            if reboot:
                switch.reboot()
            else:
                switch.restart_agent()
            typer.echo(f"{name}: {'rebooted' if reboot else 'agent restarted'}, process {switch.agent_pid}")


@app.command()
@_explained
def swap(
    lab: LabArgument,
    switch: Annotated[
        str, typer.Argument(metavar="SWITCH", help="Whose place it takes.", show_default=False)
    ],
) -> None:
    """Put a new switch, out of its box, in the place of one: everything that was on that one is gone."""
    the_lab = _lab(lab)
    with the_lab.changing():
        the_switch = the_lab.switch(switch)
        the_switch.swap()
        typer.echo(f"{switch}: a new switch is in its place, process {the_switch.agent_pid}")


@app.command(name="list")
@_explained
def list_labs() -> None:
    """List the labs that are up on this machine."""
    names = existing_labs()
    if not names:
        typer.echo("no labs")
        return
    table = Table("lab", "data plane", "switches", "hosts", "healthy", "directory", box=None)
    for name in names:
        try:
            lab = Lab.named(name)
            switches = lab.status()
        except LabError as error:
            table.add_row(name, "?", "?", "?", error.reason, "")
            continue
        healthy = sum(switch.healthy for switch in switches)
        hosts = str(len(lab.topology.hosts))
        counts = (str(len(switches)), hosts, f"{healthy} of {len(switches)}")
        table.add_row(name, lab.dataplane.value, *counts, str(lab.directory))
    _out.print(table)


def _lab(reference: str) -> Lab:
    """Return the lab of a topology file, or the one that is up under this name."""
    path = Path(reference)
    if not path.exists() and re.fullmatch(r"[a-z0-9-]+", reference):
        if reference in existing_labs():
            return Lab.named(reference)
        raise NotRunningError(
            f"{reference!r} is neither a topology file nor a lab that is up",
            "`connetos lab list` shows the labs",
        )
    return Lab(Topology.load(path))


def _become(node: Node, command: list[str]) -> None:
    """Replace this process, so that signals, terminal and exit code are the command's own."""
    argv = node.command(command)
    environment = node.environment()
    try:
        os.execvpe(argv[0], argv, environment)  # noqa: S606 - an argument vector, no shell
    except OSError as error:
        raise LabError(f"cannot run {argv[0]}: {error.strerror}") from error


def _with_progress(title: str, work: Callable[[ProgressCallback], None]) -> None:
    if not _err.is_terminal:
        work(_print_step)
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with ProgressBar(*columns, TimeElapsedColumn(), console=_err, transient=True) as bar:
        task = bar.add_task(title, total=None)

        def show(event: Progress) -> None:
            where = f"{event.node}: " if event.node else ""
            bar.update(
                task, completed=event.done, total=event.total, description=f"{title}  {where}{event.step}"
            )

        work(show)


def _print_step(event: Progress) -> None:
    where = f"{event.node}: " if event.node else ""
    typer.echo(f"[{event.done}/{event.total}] {where}{event.step}", err=True)


def _table(lab: Lab, switches: list[SwitchStatus]) -> Table:
    title = f"lab {lab.topology.name}, data plane {lab.dataplane.value}"
    table = Table(title=title, title_justify="left", box=None, padding=(0, 2, 0, 0))
    ssh = any(switch.ssh_port for switch in switches)
    for header in ("switch", "ovs", "pids", "agent", "pid", "memory", "URL", *(["SSH port"] if ssh else [])):
        # What is broken over two lines cannot be copied.
        table.add_column(header, no_wrap=True, overflow="ignore")
    for switch in switches:
        table.add_row(
            switch.name,
            _coloured(switch.ovs),
            f"{switch.ovsdb_pid or '-'} {switch.vswitchd_pid or '-'}",
            _coloured(switch.agent),
            str(switch.agent_pid or "-"),
            f"{switch.memory_bytes / 2**20:.0f} MiB",
            switch.url,
            *([f"{switch.ssh_port or '-'} {_coloured(switch.ssh)}"] if ssh else []),
        )
    return table


def _coloured(state: str) -> str:
    colour = {"running": "green", "none": "dim", "starting": "yellow"}.get(state, "red")
    return f"[{colour}]{state}[/{colour}]"
