"""Runs one transaction to its end, in a process of its own: `python -m connetos_agent.services.packages.runner`.

It waits for the line on its standard input that names the transaction's directory, and ends if none comes. From then
on it needs neither the client that asked nor the agent. What was cut off (no power, killed) is brought back by running
it again on the same directory.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from connetos_agent.services.packages import apt, dpkg, health, restore
from connetos_agent.services.packages.dpkg import Packages
from connetos_agent.services.packages.plan import action_of
from connetos_agent.services.packages.root import BEFORE, WORK, Root
from connetos_agent.services.packages.transaction import Journal, Transaction
from connetos_sdk.errors import ConnetosError, PackageError

_PARTS = {"dlstatus": (5.0, 35.0), "pmstatus": (40.0, 50.0)}
"""Where in the whole each part of apt's work begins, and how much of it it is (percent)."""
_RESTORING, _CHECKING = 92.0, 95.0


class Runner:
    """One transaction.

    Args:
        transaction: its directory.
    """

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._request: Mapping[str, Any] = transaction.read("request")
        self._root = Root(Path(self._request["root"]))
        self._journal = Journal(transaction, self._request["notify"])
        self._percent, self._step = 0.0, ""
        self._reasons: list[str] = []
        self._began = time.time()

    def run(self, *, first: bool) -> None:
        """Do it, or bring back what an earlier runner left half done; the result is written in any case."""
        try:
            if first:
                result = self._change()
            elif self._transaction.read("before") is None:
                result = self._failed(
                    PackageError("it was cut off before anything changed", hint="do it again")
                )
            else:
                result = self._recover("it was cut off")
        except ConnetosError as error:
            result = self._failed(error)
        except Exception as error:  # the result must be told whatever happens
            result = self._failed(PackageError(f"unexpected error: {type(error).__name__}: {error}"))
        self._transaction.write("result", {**result, "ended": round(time.time(), 3)})
        self._journal.nudge()

    # -- forwards -------------------------------------------------------------------------------------

    def _change(self) -> dict[str, Any]:
        self._tell(1, "Looking at the packages there are")
        with dpkg.locked(self._root, min(apt.LOCK_SECONDS, self._request["seconds"])):
            pass  # whoever is at work now has ended
        before = self._clean(dpkg.installed(self._root))
        asked = self._request["health_seconds"]
        well = health.look(self._root, self._request["agent_socket"]) if asked else health.Health()
        touched = [name for name in self._request["touched"] if name in before and before[name].installed]
        kept = self._keep(touched)
        states = self._root.outside(restore.STATES)
        self._transaction.write(
            "before",
            {
                "packages": dpkg.to_data(before),
                "kept": kept,
                "states": states.read_text("utf-8") if states.exists() else None,
                "health": well.to_dict(),
            },
        )
        try:
            self._apt()
            worse = self._unhealthy(well)
        except PackageError as error:
            return self._recover(error.reason, error.hint)
        if worse:
            return self._recover(
                "the switch isn't as well as before: " + "; ".join(worse.values()), checks=worse
            )
        self._tell(100, "Done")
        return {"state": "done", "changes": self._changes(before, dpkg.installed(self._root))}

    def _changes(self, before: Packages, after: Packages) -> list[dict[str, Any]]:
        """Packages that changed; versions are None where at most configuration files are there."""
        out = []
        for name in sorted(before.keys() | after.keys()):
            was, now = _there(before.get(name)), _there(after.get(name))
            if was != now:
                action = action_of(self._root, was[0], now[0], purge=self._request["purge"])
                out.append({"name": name, "action": action, "before": was[0], "after": now[0]})
        return out

    def _clean(self, found: Packages) -> Packages:
        """Finish what something else left half installed."""
        broken = dpkg.unfinished(found)
        if not broken:
            return found
        self._tell(2, f"Finishing the installation of {', '.join(broken)}, which was cut off before")
        with dpkg.locked(self._root, apt.LOCK_SECONDS):
            apt.run(
                self._root, ["dpkg", "--force-confdef", "--force-confold", "--configure", "--pending"],
                self._told, seconds=self._request["seconds"], extra={"DPKG_FRONTEND_LOCKED": "true"},
            )  # fmt: skip
        found = dpkg.installed(self._root)
        if left := [name for name in dpkg.unfinished(found) if name not in self._request["touched"]]:
            states = ", ".join(f"{name} ({found[name].status})" for name in left)
            raise PackageError(
                f"{states} can't be configured; this was so before anything was asked here",
                hint="remove it first, or repair it by hand",
            )
        return found

    def _keep(self, names: Sequence[str]) -> dict[str, str]:
        if not names:
            return {}
        from connetos_agent.services.packages.repack import repack

        self._tell(3, f"Keeping {len(names)} packages as they are, to come back")
        place = (BEFORE, str(self._transaction.id))
        self._root.directory(*place)
        return repack(self._root, names, "/".join((WORK, *place)))

    def _apt(self) -> None:
        self._tell(4, "Starting apt")
        argv = [*apt.GET, *apt.CHANGE, *self._request.get("options", []), *self._request["arguments"]]
        code, output = apt.run(self._root, argv, self._told, seconds=self._request["seconds"])
        if code:
            raise apt.failure(output, f"{self._request['action']} failed", self._reasons)

    def _unhealthy(self, before: health.Health) -> dict[str, str]:
        seconds = self._request["health_seconds"]
        if not seconds:
            return {}
        self._tell(_CHECKING, "Checking the health of the switch")
        return health.wait_healthy(self._root, self._request["agent_socket"], before, seconds)

    # -- and back -------------------------------------------------------------------------------------

    def _recover(
        self, reason: str, hint: str = "", checks: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        self._tell(max(self._percent, _RESTORING), f"Bringing back the packages from before: {reason}")
        before = self._transaction.read("before")
        states = before["states"]
        to = restore.Before(
            dpkg.from_data(before["packages"]), before["kept"], None if states is None else states.encode()
        )

        def tell(line: str) -> None:
            self._journal.tell(percent=round(self._percent, 1), log=line)

        left = restore.restore(self._root, to, tell, self._request["seconds"])
        state = "damaged" if left else "rolled-back" if checks else "failed"
        told = (
            f"{reason}; not all could be brought back: {'; '.join(left[:10])}"
            if left
            else f"{reason}; the packages from before are back"
        )
        error = PackageError(told, hint=hint).to_dict()
        result: dict[str, Any] = {"state": state, "error": error, "changes": []}
        return {**result, "checks": dict(checks)} if checks else result

    def _failed(self, error: ConnetosError) -> dict[str, Any]:
        state = "failed" if self._transaction.read("before") is None else "damaged"
        return {"state": state, "error": error.to_dict(), "changes": []}

    # -- telling --------------------------------------------------------------------------------------

    def _tell(self, percent: float, step: str) -> None:
        self._percent, self._step = max(self._percent, percent), step
        self._journal.tell(percent=round(self._percent, 1), step=step)

    def _told(self, told: apt.Status | str) -> None:
        if isinstance(told, str):
            self._journal.tell(percent=round(self._percent, 1), log=told)
            return
        if told.kind == "pmerror":
            self._reasons.append(f"{Path(told.about).name}: {told.text}")
        elif told.kind in _PARTS:
            begin, share = _PARTS[told.kind]
            percent = begin + share * told.percent / 100
            if told.text != self._step or percent >= self._percent + 1:
                self._tell(percent, told.text)


def _there(package: dpkg.Package | None) -> tuple[str | None, bool]:
    """The installed version, and whether only configuration files are left."""
    if package is None or package.status == "not-installed":
        return None, False
    return (package.version, False) if package.installed else (None, True)


def main() -> None:
    """Run the transaction whose directory comes on standard input."""
    directory = sys.stdin.readline().strip()
    if not directory:
        return  # the change was refused
    transaction = Transaction(Path(directory))
    os.umask(0o022)
    try:
        with transaction.hold() as first:
            if transaction.read("result") is None:
                Runner(transaction).run(first=first)
    except ConnetosError as error:
        sys.exit(str(error))
    os._exit(0)  # all is written; whoever waits needn't wait for the interpreter to tidy up


if __name__ == "__main__":
    main()
