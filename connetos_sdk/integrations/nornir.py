"""Nornir's connection `connetos`, and tasks on it.

Nornir finds the connection by itself where this package is installed; what a task gets from it is a
`connetos_sdk.Switch`:

    from connetos_sdk.integrations.nornir import connetos_configure

    nornir.run(connetos_configure, config="set vlans vlan-id 10 vlan-name web", confirm=60)

Each task ends with a result; what a switch or the way to it refuses is a failed one, whose `result` is a sentence and
whose `exception` is the SDK's error.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from nornir.core.configuration import Config
from nornir.core.task import Result, Task

from connetos_sdk.errors import BadRequest, ConnetosError
from connetos_sdk.integrations.commits import commit
from connetos_sdk.model.text import PathLike, is_lines, parse_document
from connetos_sdk.release import explained
from connetos_sdk.results import CommitResult
from connetos_sdk.switch import Switch

CONNECTION = "connetos"
"""Name of the connection, and of its settings below `connection_options` in an inventory."""
SETTINGS = ("url", "transport", "ca_file", "verify", "known_hosts", "key_files", "timeout_s")
"""What may stand in the `extras` of the connection: arguments of `connetos_sdk.Switch`."""
Arguments = ParamSpec("Arguments")


class ConnetOS:
    """See `nornir.core.plugins.connections.ConnectionPlugin`.

    Its `extras` are `SETTINGS`; `url` stands instead of host and port, `transport` is `rest` unless it says `rcc`, as for
    a vendor's switch.
    """

    connection: Switch

    def open(  # noqa: PLR0917 - Nornir's signature
        self,
        hostname: str | None,
        username: str | None,
        password: str | None,
        port: int | None,
        platform: str | None,  # noqa: ARG002
        extras: dict[str, Any] | None = None,
        configuration: Config | None = None,  # noqa: ARG002
    ) -> None:
        """Prepare the connection; the switch is asked when a task asks it.

        Raises:
            ConnetosError: the settings can't be right.
        """
        options = dict(extras or {})
        if strange := [str(name) for name in options if name not in SETTINGS]:
            reason = f"the extras of connection {CONNECTION} have no setting {', '.join(strange)}"
            raise BadRequest(reason, hint=f"known are {', '.join(SETTINGS)}")
        url = options.pop("url", None)
        if url is None:
            options.setdefault("transport", "rest")
            url = _where(hostname, port)
        self.connection = Switch(url, username=username, password=password, **options)

    def close(self) -> None:
        """Give back the connection."""
        self.connection.close()


def told(
    task: Callable[Concatenate[Task, Arguments], Result],
) -> Callable[Concatenate[Task, Arguments], Result]:
    """A task whose errors of the SDK are failed results that say what is wrong, instead of tracebacks."""

    @wraps(task)
    def run(running: Task, /, *args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        try:
            return task(running, *args, **kwargs)
        except ConnetosError as error:
            sentence = _explained(error, running)
            return Result(host=running.host, failed=True, exception=error, result=sentence)

    return run


def _explained(error: ConnetosError, task: Task) -> str:
    """An error as a sentence; the switch, if there is a way to it, may be of another release."""
    try:
        switch = switch_of(task)
    except ConnetosError:
        return str(error)
    return explained(error, switch)


def switch_of(task: Task) -> Switch:
    """The switch that a task runs for; for tasks of your own."""
    switch: Switch = task.host.get_connection(CONNECTION, task.nornir.config)
    return switch


@told
def connetos_configure(
    task: Task,
    config: str | Sequence[str] | Mapping[str, Any],
    *,
    path: PathLike = (),
    replace: bool = False,
    comment: str = "",
    confirm: int | None = None,
    dry_run: bool | None = None,
) -> Result:
    """Bring a configuration about, as one transaction.

    Args:
        task: Nornir's.
        config: `set` and `delete` lines as text or list, curly braces, JSON, or nested dictionaries.
        path: where dictionaries belong; the root by default.
        replace: put `config` in place of what is there, instead of laying it over.
        comment: kept with the revision.
        confirm: seconds until the switch goes back by itself unless `connetos_confirm` follows.
        dry_run: only validate and plan; Nornir's own setting by default.

    Returns:
        `changed`, `diff`, and as `result` the running revision; of a dry run the steps in the data plane.
    """
    switch = switch_of(task)
    test = task.is_dry_run(dry_run)
    done = commit(_operation(switch, config, path, replace), test=test, comment=comment, confirm=confirm)
    return _changed(task, done)


@told
def connetos_confirm(task: Task, *, dry_run: bool | None = None) -> Result:
    """Keep what was committed with `confirm`. It fails where no commit waits: the switch has gone back by itself.

    A dry run only tells whether one waits.
    """
    switch = switch_of(task)
    if task.is_dry_run(dry_run):
        waits = switch.system().confirm is not None
        return Result(host=task.host, changed=waits, result="a commit waits" if waits else "no commit waits")
    switch.confirm()
    return Result(host=task.host, changed=True, result="confirmed")


@told
def connetos_rollback(
    task: Task,
    index: int = 1,
    *,
    revision: int | None = None,
    comment: str = "",
    dry_run: bool | None = None,
) -> Result:
    """Make an earlier configuration the running one again: `index` commits back (1 to 49), or that of a `revision`."""
    switch = switch_of(task)

    def do(**options: Any) -> CommitResult:
        return switch.rollback(index, revision=revision, **options)

    return _changed(task, commit(do, test=task.is_dry_run(dry_run), comment=comment))


@told
def connetos_command(task: Task, command: str) -> Result:
    """Text of one operational command, such as `show vlans`; it may have pipes."""
    return Result(host=task.host, result=switch_of(task).cli(command))


@told
def connetos_state(task: Task, path: PathLike = ()) -> Result:
    """Operational state at `path`, such as `vlans` or `system uptime`, as data."""
    return Result(host=task.host, result=switch_of(task).state(path))


@told
def connetos_config(
    task: Task, path: PathLike = (), *, source: str = "running", defaults: bool = False
) -> Result:
    """What is configured at `path`, as data without secrets; `source` is `running`, `startup` or `revision/<id>`."""
    return Result(host=task.host, result=switch_of(task).config(path, source=source, defaults=defaults))


def _where(hostname: str | None, port: int | None) -> str:
    if not hostname:
        raise BadRequest("the host has no hostname", hint="set hostname in the inventory")
    host = f"[{hostname}]" if ":" in hostname and not hostname.startswith("[") else hostname
    return f"{host}:{port}" if port else host


def _operation(
    switch: Switch, config: str | Sequence[str] | Mapping[str, Any], path: PathLike, replace: bool
) -> Callable[..., CommitResult]:
    """What makes the change when it is called with options of a commit."""
    if isinstance(config, Mapping):
        document: Any = json.loads(json.dumps(config))  # keys are text, as in JSON: YAML reads 10 as a number
    else:
        if path:
            raise BadRequest(
                "path is for configuration given as data", hint="lines and text begin at the root"
            )
        if not (isinstance(config, Sequence) and all(isinstance(line, str) for line in config)):
            raise BadRequest("config is neither text, nor lines, nor data", hint="set vlans vlan-id 10")
        text = config if isinstance(config, str) else "\n".join(config)
        if is_lines(text) and not replace:
            return lambda **options: switch.apply_lines(text, **options)
        document = parse_document(text)
    change = switch.replace if replace else switch.merge
    return lambda **options: change(document, path, **options)


def _changed(task: Task, done: CommitResult) -> Result:
    planned = done.dry_run and done.changed
    return Result(
        host=task.host, changed=done.changed, diff=done.diff, result=done.plan if planned else done.revision
    )
