"""Debian packages of a switch: `switch.packages`.

    switch.packages.update()
    print(switch.packages.plan("install", packages=["zabbix-agent"]).changes)
    switch.packages.install("zabbix-agent", progress=lambda p: print(p.percent, p.step))

A change is one transaction on the switch: it goes on when the connection breaks or the agent restarts, also because it
is the agent that is upgraded. The call follows it again as soon as the switch answers; `watch` does so later. What fails
or leaves the switch less well than before is brought back to the packages from before.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, Self, runtime_checkable

from connetos_sdk.errors import TransportError, Unsupported
from connetos_sdk.repositories import Repository, RepositoryChange
from connetos_sdk.results import Result
from connetos_sdk.transports.base import Transport

HEALTH_SECONDS = 60
TIMEOUT_SECONDS = 1800
REJOIN_SECONDS = 120.0
"""How long a switch may not answer while one of its transactions is followed; its agent may be what is upgraded."""
REJOIN_PAUSE_SECONDS = 0.5


@runtime_checkable
class Uploader(Protocol):
    """A transport that can send files to the switch."""

    def upload(self, name: str, path: Path) -> Mapping[str, Any]:
        """Send a file; its `name`, `bytes` and `sha256` as the switch has them."""

    def remove_upload(self, name: str) -> None:
        """Remove a file that was sent."""


@dataclass(frozen=True)
class Package(Result):
    """An installed package; `status` is dpkg's word for how far (`installed`, `half-configured`)."""

    name: str
    version: str
    status: str
    hold: bool


@dataclass(frozen=True)
class PackageChange(Result):
    """A package whose version changes; None where it isn't installed.

    Attributes:
        action: `install`, `upgrade`, `downgrade`, `reinstall`, `remove` or `purge`.
    """

    name: str
    before: str | None
    after: str | None
    action: str = ""


@dataclass(frozen=True)
class Plan(Result):
    """What a change would do.

    Attributes:
        changes: packages that change.
        download_bytes: what is fetched from repositories.
        disk_bytes: space used afterwards beside what is used now; negative where space becomes free.
        needed_bytes: free space it takes while it runs.
        free_bytes: free space now.
        protected: packages that the switch needs among those removed; the change is refused unless forced.
    """

    changed: bool
    changes: tuple[PackageChange, ...]
    download_bytes: int
    disk_bytes: int
    needed_bytes: int
    free_bytes: int
    protected: tuple[str, ...]

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Self:
        """See `Result.of`."""
        listed = {"changes": _changes(data), "protected": tuple(data["protected"])}
        return super().of({**data, **listed})


@dataclass(frozen=True)
class Transaction(Result):
    """What a change did, or a check says that it would do.

    Attributes:
        id: its number in the history; None if there was nothing to do.
        state: `done`; in the history also `failed` and `rolled-back` (the packages from before are back),
            `damaged` (not all of them), `running` and `cut-off`; `planned` for a check.
        changes: packages whose version changed.
        user, via, time, action, packages: who asked (seconds since 1970), through which surface, for what.
        error: why it failed, as `ConnetosError.to_dict` makes it.
    """

    id: int | None
    state: str
    changes: tuple[PackageChange, ...] = ()
    action: str = ""
    packages: tuple[str, ...] = ()
    user: str = ""
    via: str = ""
    time: float = 0.0
    ended: float | None = None
    error: Mapping[str, Any] | None = None

    @property
    def changed(self) -> bool:
        """Whether any package changed."""
        return bool(self.changes)

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Self:
        """See `Result.of`."""
        return super().of({**data, "changes": _changes(data), "packages": tuple(data.get("packages") or ())})


@dataclass(frozen=True)
class Progress(Result):
    """How far a change is: `percent` of the whole, the `step` it is at, or a line of its `log`."""

    percent: float = 0.0
    step: str = ""
    log: str = ""
    transaction: int | None = None


@dataclass(frozen=True)
class _Options:
    """What all changes have in common; see `Packages.install`."""

    force: bool
    check: bool
    health_s: int
    timeout_s: int


OnProgress = Callable[[Progress], None]


class _Told:
    """Tells the progress of one transaction, each report once though it is followed again from its beginning."""

    def __init__(self, progress: OnProgress | None) -> None:
        self._progress = progress
        self._position = 0
        self.count = 0
        self.transaction: int | None = None

    def begin_again(self) -> None:
        """It is followed from its beginning."""
        self._position = 0

    def __call__(self, data: Mapping[str, Any]) -> None:
        report = Progress.of(data)
        self.transaction = report.transaction if self.transaction is None else self.transaction
        self._position += 1
        if self._position > self.count:
            self.count = self._position
            if self._progress is not None:
                self._progress(report)


class Packages:
    """The packages of one switch; got as `switch.packages`.

    Every method raises errors of `connetos_sdk.errors`: `PackageError` says why packages can't be changed so, and
    then the packages from before are there; `PackageRefused` that the switch needs what would go; `Locked` that
    another change, or somebody at dpkg, is at work.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    # -- looking --------------------------------------------------------------------------------------

    def installed(self) -> dict[str, Package]:
        """Installed packages by name."""
        found = self._transport.read_state(("packages", "installed"))
        return {name: Package(name=name, **facts) for name, facts in found.items()}

    def search(self, text: str) -> dict[str, str]:
        """Packages of the repositories with `text` in name or description: descriptions by name."""
        found = self._transport.call("packages/search", {"text": text})["packages"]
        return {entry["name"]: entry["description"] for entry in found}

    def show(self, name: str) -> Mapping[str, Any]:
        """What repositories and the switch know about a package: `installed`, `candidate`, `versions`, …"""
        return self._transport.call("packages/show", {"name": name})

    def history(self, limit: int = 50) -> list[Transaction]:
        """Transactions, newest first."""
        found = self._transport.call("packages/history", {"limit": limit})["transactions"]
        return [Transaction.of(entry) for entry in found]

    def plan(self, action: str, **arguments: Any) -> Plan:
        """What a change would do.

        Args:
            action: `install`, `upgrade`, `remove`, `rollback` or `system-upgrade`.
            arguments: those of the method of that name: `packages`, `files`, `transaction`, …
        """
        return Plan.of(self._transport.call("packages/plan", {"action": action, **_given(arguments)}))

    # -- changing -------------------------------------------------------------------------------------

    def update(self, *, progress: OnProgress | None = None) -> None:
        """Read the package lists of all repositories."""
        self._call("packages/update", {}, progress)

    def install(
        self,
        *packages: str,
        files: Sequence[str] = (),
        recommends: bool = False,
        downgrade: bool = False,
        force: bool = False,
        check: bool = False,
        health_s: int = HEALTH_SECONDS,
        timeout_s: int = TIMEOUT_SECONDS,
        progress: OnProgress | None = None,
    ) -> Transaction:
        """Install packages; nothing is done if they are there.

        Args:
            packages: names, or `name=version`.
            files: names of uploaded packages and bundles.
            recommends: install recommended packages, too.
            downgrade: earlier versions than the installed ones are allowed.
            force: even if agent, data plane or kernel are removed.
            check: only say what would change.
            health_s: how long the switch has to be as well as before, in seconds; 0 for no check.
            timeout_s: how long it may take, in seconds.
            progress: told how far it is.
        """
        what = {"packages": packages, "files": files, "recommends": recommends, "downgrade": downgrade}
        options = _Options(force, check, health_s, timeout_s)
        return self._change("install", what, options, progress)

    def upgrade(
        self,
        *packages: str,
        full: bool = False,
        recommends: bool = False,
        force: bool = False,
        check: bool = False,
        health_s: int = HEALTH_SECONDS,
        timeout_s: int = TIMEOUT_SECONDS,
        progress: OnProgress | None = None,
    ) -> Transaction:
        """Upgrade packages, all of them if none is named; with `full` packages may be removed. See `install`."""
        what = {"packages": packages, "full": full, "recommends": recommends}
        options = _Options(force, check, health_s, timeout_s)
        return self._change("upgrade", what, options, progress)

    def remove(
        self,
        *packages: str,
        purge: bool = False,
        force: bool = False,
        check: bool = False,
        health_s: int = HEALTH_SECONDS,
        timeout_s: int = TIMEOUT_SECONDS,
        progress: OnProgress | None = None,
    ) -> Transaction:
        """Remove packages, with `purge` their configuration files, too. See `install`."""
        what = {"packages": packages, "purge": purge}
        options = _Options(force, check, health_s, timeout_s)
        return self._change("remove", what, options, progress)

    def rollback(
        self,
        transaction: int,
        *,
        force: bool = False,
        check: bool = False,
        health_s: int = HEALTH_SECONDS,
        timeout_s: int = TIMEOUT_SECONDS,
        progress: OnProgress | None = None,
    ) -> Transaction:
        """Go back to the versions that were there before a transaction of the history. See `install`."""
        what = {"transaction": transaction}
        options = _Options(force, check, health_s, timeout_s)
        return self._change("rollback", what, options, progress)

    def upgrade_system(
        self,
        file: str = "",
        *,
        force: bool = False,
        check: bool = False,
        health_s: int = HEALTH_SECONDS,
        timeout_s: int = TIMEOUT_SECONDS,
        progress: OnProgress | None = None,
    ) -> Transaction:
        """Install a switch package, `switch_*.deb`; the newest that is in /var/upgrade unless `file` names one.

        The configuration stays. `force` leaves out the checks of model and version, too. See `install`.
        """
        options = _Options(force, check, health_s, timeout_s)
        return self._change("system-upgrade", {"file": file}, options, progress)

    def watch(self, transaction: int | None = None, *, progress: OnProgress | None = None) -> Transaction:
        """Follow a transaction, by default the running one, from its beginning to its end."""
        return Transaction.of(self._call("packages/watch", _given({"transaction": transaction}), progress))

    def hold(self, *packages: str) -> bool:
        """Keep packages at their installed versions; whether that is new."""
        return bool(self._transport.call("packages/hold", {"packages": list(packages)})["changed"])

    def unhold(self, *packages: str) -> bool:
        """Let held packages be changed again; whether they were held."""
        return bool(self._transport.call("packages/unhold", {"packages": list(packages)})["changed"])

    def pin(self, name: str, version: str) -> bool:
        """Make one version of a package the one to install, even if it is an earlier one; whether that is new."""
        return bool(self._transport.call("packages/pin", {"name": name, "version": version})["changed"])

    def unpin(self, name: str) -> bool:
        """Undo `pin`; whether it was pinned."""
        return bool(self._transport.call("packages/unpin", {"name": name})["changed"])

    # -- repositories and files -----------------------------------------------------------------------

    def repositories(self) -> list[Repository]:
        """Repositories of the switch."""
        found = self._transport.call("packages/repositories/list", {})["repositories"]
        return [Repository.of(entry) for entry in found]

    def add_repository(
        self,
        name: str,
        uris: Iterable[str],
        suites: Iterable[str],
        components: Iterable[str] = (),
        *,
        key: str,
        check: bool = False,
        progress: OnProgress | None = None,
    ) -> RepositoryChange:
        """Add a repository, or replace that of the same name, and read its lists.

        Args:
            name: a name for it on the switch.
            uris: where it is: `https://…`, `http://…` or `file:///…`.
            suites: such as `bookworm`; one that ends with `/` is flat and has no components.
            components: such as `main`.
            key: the key that signs it, ASCII-armoured. No other key of the switch is trusted for it.
            check: only tell what would change; whether its lists can be read isn't tried.
            progress: told how far it is.
        """
        body: dict[str, Any] = {
            "name": name,
            "uris": list(uris),
            "suites": list(suites),
            "components": list(components),
            "key": key,
            **({"check": True} if check else {}),
        }
        return RepositoryChange.of(self._call("packages/repositories/add", body, progress))

    def remove_repository(self, name: str, *, check: bool = False) -> RepositoryChange:
        """Remove a repository that `add_repository` added, and its key; with `check` only tell.

        Raises:
            NotFound: there is none of that name.
            PackageRefused: the administrator made it by hand.
        """
        body = {"name": name, **({"check": True} if check else {})}
        return RepositoryChange.of(self._transport.call("packages/repositories/remove", body))

    def upload(self, path: str | Path, name: str = "") -> str:
        """Send a package (`.deb`) or a bundle of packages (uncompressed `.tar`); its name for `install(files=…)`.

        The switch checks the bytes against their SHA-256. A `switch_*.deb` goes to /var/upgrade, for `upgrade_system`.
        """
        sent = Path(path)
        return str(self._uploader().upload(name or sent.name, sent)["name"])

    def uploads(self) -> dict[str, int]:
        """Names of uploaded files, with their sizes in bytes."""
        found = self._transport.read_state(("packages", "uploads"))
        return {entry["name"]: entry["bytes"] for entry in found}

    def remove_upload(self, name: str) -> None:
        """Remove an uploaded file."""
        self._uploader().remove_upload(name)

    def _uploader(self) -> Uploader:
        if not isinstance(self._transport, Uploader):
            raise Unsupported("this transport can't send files", hint="use an https:// or unix:// URL")
        return self._transport

    def _change(
        self, action: str, what: Mapping[str, Any], options: _Options, progress: OnProgress | None
    ) -> Transaction:
        arguments = _given(what)
        if options.check:
            forced = {"force": options.force} if action == "system-upgrade" else {}
            planned = self.plan(action, **arguments, **forced)
            return Transaction(id=None, state="planned", changes=planned.changes, action=action)
        name = "system/upgrade" if action == "system-upgrade" else f"packages/{action}"
        bounds = {"force": options.force, "health": options.health_s, "timeout": options.timeout_s}
        return Transaction.of(self._call(name, {**arguments, **bounds}, progress))

    def _call(self, name: str, body: Mapping[str, Any], progress: OnProgress | None) -> Mapping[str, Any]:
        told = _Told(progress)
        try:
            return self._transport.call(name, body, told)
        except TransportError as error:
            if told.transaction is None:
                raise
            return self._rejoin(told, error)

    def _rejoin(self, told: _Told, error: TransportError) -> Mapping[str, Any]:
        """Follow a transaction again that goes on without us: it may be the agent that it upgrades."""
        deadline = time.monotonic() + REJOIN_SECONDS
        while time.monotonic() < deadline:
            time.sleep(REJOIN_PAUSE_SECONDS)
            before = told.count
            told.begin_again()
            try:
                return self._transport.call("packages/watch", {"transaction": told.transaction}, told)
            except TransportError as again:
                error = again
                if told.count > before:
                    deadline = time.monotonic() + REJOIN_SECONDS
        raise error


def _given(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments as JSON data, without those that say nothing."""
    listed = {name: list(v) if isinstance(v, tuple) else v for name, v in arguments.items()}
    return {name: value for name, value in listed.items() if value not in (None, [], "")}


def _changes(data: Mapping[str, Any]) -> tuple[PackageChange, ...]:
    return tuple(PackageChange.of(change) for change in data.get("changes") or ())
