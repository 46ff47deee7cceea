"""The package service: its operations, and its area of the state."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from connetos_agent.config.sessions import Caller
from connetos_agent.events import Events
from connetos_agent.services.operations import Operations, Report
from connetos_agent.services.packages import apt, dpkg, names, plan, repositories, system_image
from connetos_agent.services.packages.dpkg import Package
from connetos_agent.services.packages.plan import Plan
from connetos_agent.services.packages.root import Root
from connetos_agent.services.packages.settings import PackagesSettings
from connetos_agent.services.packages.supervisor import Supervisor
from connetos_agent.services.packages.transaction import Transaction
from connetos_agent.services.packages.uploads import Uploads
from connetos_sdk.errors import BadRequest, NotFound, PackageError, PermissionDenied

MAX_FOUND = 200
PREFERENCES = "/etc/apt/preferences.d"

T = TypeVar("T")
Arguments = Mapping[str, Any]


class PackageService:
    """Changes the Debian packages of one switch; see `connetos_agent.services.service.Service`.

    Args:
        settings: whose packages.
        state_directory: transactions are recorded below it.
        run_directory: has the agent's sockets.
        model: what kind of switch it is.
        events: told of transactions.
    """

    def __init__(
        self,
        settings: PackagesSettings,
        state_directory: Path,
        run_directory: Path,
        model: str,
        events: Events,
    ) -> None:
        if settings.root is None:
            raise ValueError("no root")
        self.root = Root(settings.root)
        self.uploads = Uploads(self.root)
        self.areas: Mapping[str, Callable[[], Any]] = {"packages": self._state}
        self._settings = settings
        self._model = model
        self._agent_socket = run_directory / "agent.sock"
        self._supervisor = Supervisor(
            state_directory / "packages", run_directory / "packages.sock", self.root, events
        )
        self._seen: tuple[tuple[int, int, int], dict[str, Package]] | None = None
        self._lists = asyncio.Lock()

    def add_operations(self, operations: Operations) -> None:
        """See `Service.add_operations`."""
        for action in ("install", "upgrade", "remove", "rollback"):
            operations.add(f"packages/{action}", self._changing(action))
        operations.add("system/upgrade", self._changing("system-upgrade"))
        operations.add("packages/plan", self._plan_operation)
        operations.add("packages/update", self._update)
        operations.add("packages/watch", self._watch)
        quick: dict[str, Callable[[Arguments], Any]] = {
            "packages/search": self._search,
            "packages/show": self._show,
            "packages/history": self._history,
            "packages/hold": lambda a: self._mark("hold", a),
            "packages/unhold": lambda a: self._mark("unhold", a),
            "packages/pin": self._pin,
            "packages/unpin": self._unpin,
            "packages/repositories/list": lambda _: {"repositories": repositories.listed(self.root)},
            "packages/repositories/remove": lambda a: repositories.remove(
                self.root, a["name"], check=a.get("check", False)
            ),
        }
        for name, work in quick.items():
            operations.add(name, _in_thread(work))
        operations.add("packages/repositories/add", self._add_repository)
        operations.when_stopping(self._supervisor.leave)

    async def start(self) -> None:
        """See `Service.start`."""
        await self._supervisor.start()
        current = self._supervisor.current
        place = "" if current is None else (current.read("request") or {}).get("unpacked", "")
        await asyncio.to_thread(self.uploads.forget_others, place)

    async def stop(self) -> None:
        """See `Service.stop`."""
        await self._supervisor.stop()

    # -- state ----------------------------------------------------------------------------------------

    def _state(self) -> dict[str, Any]:
        """Packages by name, and the transaction that runs."""
        packages = self._packages()
        current = self._supervisor.current
        return {
            "root": str(self.root.path),
            "transaction": None if current is None else _progress(current),
            "unfinished": dpkg.unfinished(packages),
            "installed": {
                name: {"version": package.version, "status": package.status, "hold": package.want == "hold"}
                for name, package in sorted(packages.items())
                if package.installed
            },
            "repositories": repositories.listed(self.root),
            "uploads": self.uploads.listed(),
        }

    def _packages(self) -> dict[str, Package]:
        path = self.root.outside(f"{dpkg.ADMIN}/status")
        try:
            found = path.stat()
            key = (found.st_ino, found.st_mtime_ns, found.st_size)
            if self._seen is None or self._seen[0] != key:
                self._seen = (key, dpkg.read_status(path.read_text("utf-8", "replace")))
        except OSError:
            return {}
        return self._seen[1]

    # -- changing -------------------------------------------------------------------------------------

    def _changing(self, action: str) -> Callable[[Caller, Arguments, Report], Awaitable[Any]]:
        async def run(caller: Caller, arguments: Arguments, report: Report) -> Any:
            self._supervisor.check_free()
            place = self.uploads.new_place()
            runner = transaction = None
            try:
                runner = await asyncio.to_thread(self._supervisor.standby)
                words = await asyncio.to_thread(self._words, action, arguments, place)
                planned = await asyncio.to_thread(self._plan, words)
                plan.check(planned, force=arguments.get("force", False))
                if not planned.changes:
                    return {"id": None, "state": "done", "changed": False, "changes": []}
                request = {**self._request(action, caller, arguments, words, planned), "unpacked": place}
                transaction = self._supervisor.begin(request, runner)
            finally:
                if transaction is None:
                    self._supervisor.dismiss(runner)
                    await asyncio.to_thread(self.uploads.forget, place)
            return _outcome(await self._supervisor.follow(transaction, report))

        return run

    def _request(
        self, action: str, caller: Caller, arguments: Arguments, words: list[str], planned: Plan
    ) -> dict[str, Any]:
        asked = arguments.get("packages", []) + arguments.get("files", [])
        if "transaction" in arguments:
            asked = [f"transaction {arguments['transaction']}"]
        elif action == "system-upgrade":
            asked = [words[-1].rpartition("/")[2]]
        return {
            "action": action,
            "packages": asked,
            "user": caller.user,
            "via": caller.via,
            "time": round(time.time(), 3),
            "root": str(self.root.path),
            "options": apt.architectures(self.root),
            "arguments": words if planned.removes else [words[0], "--no-remove", *words[1:]],
            "purge": any(change.action == "purge" for change in planned.changes),
            "touched": [change.name for change in planned.changes if change.before is not None],
            "agent_socket": str(self._agent_socket),
            "health_seconds": arguments["health"],
            "seconds": arguments["timeout"],
        }

    async def _plan_operation(self, caller: Caller, arguments: Arguments, _report: Report) -> Any:
        if arguments.get("files") and not caller.may_configure:
            raise PermissionDenied(
                f"{caller.user} is of class {caller.user_class}",
                hint="uploaded files are for class super-user",
            )
        return (await asyncio.to_thread(self._planned, arguments)).to_dict()

    def _planned(self, arguments: Arguments) -> Plan:
        place = self.uploads.new_place()
        try:
            return self._plan(self._words(arguments["action"], arguments, place))
        finally:
            self.uploads.forget(place)

    def _plan(self, words: list[str]) -> Plan:
        if len(words) == words.index("--") + 1 if "--" in words else False:
            return Plan(free_bytes=self.root.free_bytes())
        return plan.make_plan(
            self.root, words, self._packages() or dpkg.installed(self.root), self._settings.protected
        )

    def _words(self, action: str, arguments: Arguments, place: str) -> list[str]:
        """Command and packages for apt-get; bundles are unpacked at `place`.

        Raises:
            ConnetosError: what was asked for can't be.
        """
        wanted = arguments.get("packages", [])
        for text in wanted:
            names.wanted(text)
        if action == "rollback":
            return self._back(arguments)
        if action == "system-upgrade":
            return system_image.words(self.root, self._model, arguments)
        if action == "remove":
            there = dpkg.installed(self.root)
            gone = ("not-installed",) if arguments.get("purge") else dpkg.ABSENT
            known = [name for name in _some(wanted) if name in there and there[name].status not in gone]
            return ["purge" if arguments.get("purge") else "remove", "--", *known]
        options = ["--install-recommends" if arguments.get("recommends") else "--no-install-recommends"]
        if arguments.get("downgrade"):
            options.append("--allow-downgrades")
        if action == "install":
            files = self.uploads.packages(arguments.get("files", []), place)
            if not arguments.get("files"):
                _some(wanted)
            return ["install", *options, "--", *wanted, *files]
        if wanted:
            return ["install", "--only-upgrade", *options, "--", *wanted]
        return ["dist-upgrade" if arguments.get("full") else "upgrade", "--with-new-pkgs", *options]

    def _back(self, arguments: Arguments) -> list[str]:
        if "transaction" not in arguments:
            raise BadRequest("which transaction isn't said", hint="packages/history lists them")
        transaction = self._transaction(arguments["transaction"])
        before, result = transaction.read("before"), transaction.read("result")
        if not before or not result or not result["changes"]:
            raise NotFound(
                f"transaction {transaction.id} changed nothing, so there is nothing to go back from",
                hint="packages/history lists what each one changed",
            )
        files, gone = [], []
        for change in result["changes"]:
            if change["before"] is None:
                gone += [f"{change['name']}-"] if change["after"] else []
                continue
            path = before["kept"].get(change["name"], "")
            if not path or not self.root.outside(path).exists():
                raise NotFound(
                    f"{change['name']} {change['before']} from before transaction {transaction.id} isn't kept any more",
                    hint=f"install {change['name']}={change['before']} if a repository has it",
                )
            files.append(path)
        return ["install", "--no-install-recommends", "--allow-downgrades", "--purge", "--", *files, *gone]

    def _transaction(self, number: int) -> Transaction:
        found = self._supervisor.transactions.get(number)
        if found is None:
            raise NotFound(f"there is no package transaction {number}", hint="packages/history lists them")
        return found

    async def _watch(self, _caller: Caller, arguments: Arguments, report: Report) -> Any:
        transaction = self._supervisor.current
        if "transaction" in arguments:
            transaction = self._transaction(arguments["transaction"])
        if transaction is None:
            raise NotFound("no package transaction is running", hint="packages/history lists those that ran")
        return _outcome(await self._supervisor.follow(transaction, report))

    # -- the rest -------------------------------------------------------------------------------------

    async def _update(self, _caller: Caller, _arguments: Arguments, report: Report) -> Any:
        return await self._telling(report, lambda told: repositories.update(self.root, told))

    async def _add_repository(self, _caller: Caller, arguments: Arguments, report: Report) -> Any:
        return await self._telling(report, lambda told: repositories.add(self.root, arguments, told))

    async def _telling(self, report: Report, work: Callable[[apt.Told], T]) -> T | dict[str, Any]:
        """Run `work` in a thread, report what it tells. It goes on to its end when nobody waits any more."""
        self._supervisor.check_free()
        loop = asyncio.get_running_loop()
        queue: asyncio.Queue[Mapping[str, Any] | None] = asyncio.Queue()

        def told(what: apt.Status | str) -> None:
            progress: dict[str, Any] = (
                {"log": what}
                if isinstance(what, str)
                else {"percent": round(what.percent, 1), "step": what.text}
            )
            loop.call_soon_threadsafe(queue.put_nowait, progress)

        async def working() -> T:
            async with self._lists:
                try:
                    return await asyncio.to_thread(work, told)
                finally:
                    queue.put_nowait(None)

        task = asyncio.ensure_future(asyncio.shield(working()))
        while (progress := await queue.get()) is not None:
            await report(progress)
        return (await task) or {"changed": True}

    def _search(self, arguments: Arguments) -> Any:
        return {"packages": apt.search(self.root, arguments["text"], MAX_FOUND)}

    def _show(self, arguments: Arguments) -> Any:
        name, _ = names.wanted(arguments["name"])
        found = dpkg.installed(self.root).get(name)
        return {**apt.show(self.root, name), "hold": found is not None and found.want == "hold"}

    def _history(self, arguments: Arguments) -> Any:
        return {
            "transactions": [t.summary() for t in self._supervisor.transactions.all()[: arguments["limit"]]]
        }

    def _mark(self, how: str, arguments: Arguments) -> Any:
        self._supervisor.check_free()
        wanted = [names.wanted(text)[0] for text in _some(arguments.get("packages", []))]
        there = dpkg.installed(self.root)
        missing = [name for name in wanted if name not in there or not there[name].installed]
        if missing:
            raise NotFound(
                f"{', '.join(missing)} isn't installed", hint="only installed packages can be held"
            )
        if who := dpkg.holder(self.root.outside(dpkg.FRONTEND_LOCK)):
            raise PackageError(f"dpkg is in use by {who}", hint="try again when that has ended")
        done = self.root.query(["apt-mark", how, "--", *wanted])
        if done.returncode:
            raise apt.failure(done.stdout + done.stderr, f"{how} failed")
        after = dpkg.installed(self.root)
        return {"changed": any(there[n].want != after[n].want for n in wanted), "packages": wanted}

    def _pin(self, arguments: Arguments) -> Any:
        name, version = names.wanted(f"{arguments['name']}={arguments['version']}")
        text = f"Package: {name}\nPin: version {version}\nPin-Priority: 1001\n"
        path = self._preference(name)
        changed = not path.exists() or path.read_text("utf-8") != text
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        return {"changed": changed, "name": name, "version": version}

    def _unpin(self, arguments: Arguments) -> Any:
        path = self._preference(names.wanted(arguments["name"])[0])
        changed = path.exists()
        path.unlink(missing_ok=True)
        return {"changed": changed}

    def _preference(self, name: str) -> Path:
        # apt_preferences(5): letters, digits, hyphen, underscore and full stop; + and : aren't read
        safe = name.replace("+", "_plus_").replace(":", "_arch_")
        return self.root.outside(f"{PREFERENCES}/connetos-{safe}.pref")


def _some(wanted: Sequence[str]) -> Sequence[str]:
    if not wanted:
        raise BadRequest("no package is named", hint='give "packages"')
    return wanted


def _in_thread(work: Callable[[Arguments], Any]) -> Callable[[Caller, Arguments, Report], Awaitable[Any]]:
    async def run(_caller: Caller, arguments: Arguments, _report: Report) -> Any:
        return await asyncio.to_thread(work, arguments)

    return run


def _progress(transaction: Transaction) -> dict[str, Any]:
    lines, _ = transaction.journal(0)
    steps = [line for line in lines if "step" in line]
    last = steps[-1] if steps else {}
    return {**transaction.summary(), "percent": last.get("percent", 0), "step": last.get("step", "")}


def _outcome(result: Mapping[str, Any]) -> dict[str, Any]:
    """The result of a transaction.

    Raises:
        ConnetosError: it failed.
    """
    from connetos_sdk.errors import from_dict

    if result["state"] != "done":
        raise from_dict(result["error"])
    return {**result, "changed": bool(result["changes"])}
