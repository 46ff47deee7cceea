"""Salt: which switch our modules speak with, and how they tell errors and changes.

The modules themselves are in `salt/`; `saltext.connetos` tells Salt's loader so.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, get_args

from connetos_sdk.errors import ConnetosError, InvalidValue
from connetos_sdk.integrations.commits import commit
from connetos_sdk.packages import Transaction
from connetos_sdk.release import explained
from connetos_sdk.repositories import RepositoryChange
from connetos_sdk.resources import RESOURCES, State
from connetos_sdk.results import CommitResult
from connetos_sdk.switch import Switch
from connetos_sdk.transports.choice import SCHEMES

LOCAL_SOCKET = "/run/connetos/agent.sock"
"""Where the agent listens on the switch itself."""
SETTINGS = (
    "url", "host", "username", "password", "verify", "ca_file", "key_files", "known_hosts", "timeout_s", "transport",
)  # fmt: skip
"""What may stand below `proxy` in a proxy's pillar, or below `connetos` in a minion's configuration or pillar."""
_KINDS = {
    "verify": ((bool,), "true or false"),
    "timeout_s": ((int, float), "a number of seconds"),
    "key_files": ((list,), "a list"),
}
_SALTS_OWN = ("proxytype", "ids", "parallel_startup", "multiprocessing")

Changes = dict[str, Any]
"""What a state reports as changed; empty if nothing is."""
Work = Callable[[bool], tuple[Changes, str]]
"""Brings something about, or with True only tells what it would do; what changes, and a sentence on it."""


# -- the switch -------------------------------------------------------------------------------------------

_kept: dict[str, Switch] = {}
# Salt runs a job in a process forked for it, which must not speak over its parent's connections.
os.register_at_fork(after_in_child=_kept.clear)


def is_proxy(opts: Mapping[str, Any]) -> bool:
    """Whether these are options of a proxy minion for one of our switches."""
    proxy = opts.get("proxy")
    return isinstance(proxy, Mapping) and proxy.get("proxytype") == "connetos"


def settings(opts: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """How to reach the switch that a minion stands for: as it is told, or on this machine; nothing if it stands for none."""
    found = given_settings(opts) or given_settings(opts.get("pillar") or {})
    if found is None and Path(LOCAL_SOCKET).parent.is_dir():  # whether the agent runs or not
        return {"url": f"unix://{LOCAL_SOCKET}"}
    return found


def given_settings(opts: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """What a minion's configuration, or its pillar, tells of a switch."""
    found = opts["proxy"] if is_proxy(opts) else opts.get("connetos")
    if found is not None and not isinstance(found, Mapping):
        raise InvalidValue("the settings `connetos` of the minion aren't a mapping", hint=f"with {_listed()}")
    return found


def open_switch(given: Mapping[str, Any]) -> Switch:
    """A connection as settings say.

    Raises:
        InvalidValue: they can't be right.
    """
    access = {str(name): value for name, value in given.items() if name not in _SALTS_OWN}
    strange = sorted(access.keys() - set(SETTINGS))
    if strange:
        raise InvalidValue(f"a switch has no setting {', '.join(strange)}", hint=f"known are {_listed()}")
    for name, (kind, what) in _KINDS.items():
        if not isinstance(access.get(name, kind[0]()), kind):
            raise InvalidValue(f"the setting {name} isn't {what}")
    for name in ("username", "password"):
        if access.get(name) is not None:
            access[name] = str(access[name])  # YAML reads 1234 as a number
    host = access.pop("host", None)
    url = access.pop("url", None) or (f"https://{_bracketed(str(host))}" if host else "")
    if not isinstance(url, str) or url.partition("://")[0] not in SCHEMES:
        expected = "https://leaf1, unix:///run/connetos/agent.sock, rcc://leaf1, or give host"
        raise InvalidValue("the setting url isn't the URL of a switch", hint=expected)
    return Switch(url, **access)


def connect(opts: Mapping[str, Any]) -> Switch:
    """The switch that a minion with these options stands for; kept open for the next call of this process.

    Raises:
        InvalidValue: there is none, or its settings can't be right.
    """
    if opts.get("subproxy") and not opts.get("multiprocessing", True):
        # Seen with Salt 3007: jobs of several switches in threads of one process get each other's options.
        reason = "below a deltaproxy, jobs in threads may reach the wrong switch"
        raise InvalidValue(reason, hint="leave multiprocessing on")
    given = settings(opts)
    if given is None:
        raise InvalidValue(
            "it isn't said which switch this minion stands for",
            hint="set connetos: {url: …, username: …, password: …} in its configuration or pillar, or make it a proxy",
        )
    key = _key(given)
    if key not in _kept:
        _kept[key] = open_switch(given)
    return _kept[key]


def disconnect(opts: Mapping[str, Any]) -> None:
    """Close the connection that `connect` has opened."""
    kept = _kept.pop(_key(settings(opts) or {}), None)
    if kept is not None:
        kept.close()


def _key(given: Mapping[str, Any]) -> str:
    return repr(sorted((str(name), repr(value)) for name, value in given.items()))


def _listed() -> str:
    return ", ".join(SETTINGS)


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


# -- execution modules ------------------------------------------------------------------------------------


@contextmanager
def told(opts: Mapping[str, Any]) -> Iterator[None]:
    """Errors of the SDK become errors that Salt shows as a sentence."""
    from salt.exceptions import CommandExecutionError

    try:
        yield
    except ConnetosError as error:
        raise CommandExecutionError(_explained(error, opts)) from None
    except OSError as error:
        raise CommandExecutionError(str(error)) from None


def _explained(error: ConnetosError, opts: Mapping[str, Any]) -> str:
    """An error as a sentence; the minion's switch, if it stands for one, may be of another release."""
    try:
        switch = connect(opts)
    except ConnetosError:
        return str(error)
    return explained(error, switch)


@contextmanager
def switch_of(opts: Mapping[str, Any]) -> Iterator[Switch]:
    """The minion's switch, for `with`; see `connect` and `told`."""
    with told(opts):
        yield connect(opts)


def plain(done: CommitResult) -> dict[str, Any]:
    """What a function that changes something returns: what changed, and which revision is running then."""
    found: dict[str, Any] = {"changed": done.changed, **changes(done)}
    if not (done.dry_run and done.changed):
        found["revision"] = done.revision
    return found if done.confirm_deadline is None else {**found, "confirm_deadline": done.confirm_deadline}


def changes(done: CommitResult) -> Changes:
    """The switch's own difference, and the `set` and `delete` lines that lead there."""
    return {"diff": done.diff, "commands": done.set_lines.splitlines()} if done.changed else {}


def package_changes(done: Transaction) -> Changes:
    """Versions before and after, by package; empty where it isn't installed."""
    return {change.name: {"old": change.before or "", "new": change.after or ""} for change in done.changes}


def repository_changes(done: RepositoryChange) -> Changes:
    """Fields of a repository that changed, as they were and are; None where it isn't there."""
    if not done.changed:
        return {}
    sides = {
        "old": done.before.to_dict() if done.before else {},
        "new": done.after.to_dict() if done.after else {},
    }
    found = {
        field: {side: _listed_value(facts.get(field)) for side, facts in sides.items()}
        for field in ("uris", "suites", "components", "enabled", "key_sha256")
        if sides["old"].get(field) != sides["new"].get(field)
    }
    return found or {"file": {"old": "edited by hand", "new": "as given"}}


def as_list(value: object) -> list[Any]:
    """What YAML and the command line give as one word or as several."""
    return list(value) if isinstance(value, list | tuple) else [value]


def _listed_value(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value  # Salt shows tuples as text


# -- runners ----------------------------------------------------------------------------------------------


def runner_answer(
    context: MutableMapping[str, Any], work: Callable[[], tuple[bool, dict[str, Any]]]
) -> dict[str, Any]:
    """What a runner function returns: what `work` does, `ok`, `retcode`, and for an error of the SDK its `reason`.

    Args:
        context: Salt's `__context__`; its `retcode` tells Salt's job whether all is well, the returned one `salt-run`.
        work: whether all is well, and what to return.
    """
    try:
        ok, found = work()
    except ConnetosError as error:
        ok, found = False, {"reason": str(error)}
    context["retcode"] = 0 if ok else 1
    return {**found, "ok": ok, "retcode": context["retcode"]}


# -- states -----------------------------------------------------------------------------------------------


def state(opts: Mapping[str, Any], name: str, work: Work) -> dict[str, Any]:
    """What a state function returns after `work` was done, or with `test=True` was planned."""
    test = bool(opts.get("test"))
    try:
        changed, comment = work(test)
    except ConnetosError as error:
        return {"name": name, "result": False, "changes": {}, "comment": _explained(error, opts)}
    return {
        "name": name,
        "result": None if test and changed else True,
        "changes": changed,
        "comment": comment,
    }


def commit_state(
    opts: Mapping[str, Any], name: str, do: Callable[..., CommitResult], **options: Any
) -> dict[str, Any]:
    """What a state function returns whose work is one commit; see `commit`. `do` gets the switch first."""

    def work(test: bool) -> tuple[Changes, str]:
        switch = connect(opts)
        done = commit(lambda **given: do(switch, **given), test=test, **options)
        return changes(done), _sentence(done)

    return state(opts, name, work)


def resource_state(
    opts: Mapping[str, Any], name: str, resource: str, ensure: State, entries: Any, **options: Any
) -> dict[str, Any]:
    """What the state functions of a resource return; `ensure` and `entries` are arguments of `Resource.change`."""

    def do(switch: Switch, **given: Any) -> CommitResult:
        if ensure not in get_args(State):
            raise InvalidValue(f"ensure is {ensure}", hint="one of " + ", ".join(get_args(State)))
        if not isinstance(entries, list) or not all(isinstance(entry, Mapping) for entry in entries):
            raise InvalidValue("entries isn't a list of mappings", hint="such as - vlan_id: 10")
        return RESOURCES[resource].change(switch, ensure, entries, **given).commit

    return commit_state(opts, name, do, **options)


def _sentence(done: CommitResult) -> str:
    if not done.changed:
        return "Everything is as it should be"
    if done.dry_run and done.plan is None:
        return "The switch has taken these lines; what its commit checks besides isn't known before"
    if done.dry_run:
        return "The switch would take this change over"
    if done.confirm_deadline is not None:
        return "Changed; the switch goes back by itself unless the change is confirmed"
    return "Changed" if done.revision is None else f"Changed; revision {done.revision} is running"
