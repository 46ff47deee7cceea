"""Brings the packages back that were there before a transaction, with dpkg itself and what was kept.

dpkg's checks of dependencies are overridden on the way: the state it goes to was consistent, the states between
needn't be. A package's own script that fails (it is the broken package that goes) is put aside, and the removal is
done again without it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from connetos_agent.services.packages import apt, dpkg
from connetos_agent.services.packages.dpkg import Package, Packages
from connetos_agent.services.packages.root import Root

SECONDS = 900.0
STATES = "/var/lib/apt/extended_states"
_FORCE = ("--force-depends", "--force-remove-reinstreq", "--force-confdef", "--force-confold", "--force-overwrite",
          "--force-breaks", "--force-conflicts", "--force-remove-protected")  # fmt: skip
_LEAVING = ("prerm", "postrm")

Tell = Callable[[str], None]


def differences(before: Packages, now: Packages) -> list[str]:
    """Packages that aren't as they were, each with what is wrong; empty when all is as before."""
    out = []
    for name in sorted(before.keys() | now.keys()):
        was, found = before.get(name), now.get(name)
        if _state(was) != _state(found):
            out.append(f"{name} is {_words(found)}, was {_words(was)}")
    return out


def _state(package: Package | None) -> tuple[str, str]:
    if package is None or package.status == "not-installed":
        return ("", "")
    status = "installed" if package.status.startswith("triggers-") else package.status
    return ("" if status == "config-files" else package.version, status)


def _words(package: Package | None) -> str:
    version, status = _state(package)
    return " ".join(part for part in (version, status) if part) or "absent"


@dataclass(frozen=True)
class Before:
    """What was there before a transaction.

    Attributes:
        packages: as dpkg knew them.
        kept: package files of those that it changes, by name; paths inside the root.
        states: apt's record of what was installed automatically; None if there was none.
    """

    packages: Packages
    kept: Mapping[str, str]
    states: bytes | None


def restore(root: Root, to: Before, tell: Tell, lock_seconds: int) -> list[str]:
    """Bring back what was there before; what couldn't be brought back (see `differences`).

    Args:
        root: where.
        to: what was there.
        tell: told each step.
        lock_seconds: how long to wait for dpkg's lock.

    Raises:
        Locked: somebody else uses dpkg.
    """
    before, kept, states = to.packages, to.kept, to.states
    with dpkg.locked(root, lock_seconds):
        now = dpkg.installed(root)
        if differences(before, now):
            _purge(root, before, now, tell)
            _reinstall(root, before, kept, tell)
            _finish(root, before, tell)
        path = root.outside(STATES)
        if states is None:
            path.unlink(missing_ok=True)
        elif not path.exists() or path.read_bytes() != states:
            path.write_bytes(states)
    return differences(before, dpkg.installed(root))


def _purge(root: Root, before: Packages, now: Packages, tell: Tell) -> None:
    extra = {
        name: name in before and before[name].status == "config-files"
        for name, package in now.items()
        if _state(package)[1] and not (name in before and before[name].installed)
        and _state(package) != _state(before.get(name))
    }  # fmt: skip
    for how, names in (
        ("--purge", [n for n, conffiles in extra.items() if not conffiles]),
        ("--remove", [n for n, conffiles in extra.items() if conffiles]),
    ):
        if names and _dpkg(root, [*_FORCE, how, *names], tell):
            _put_scripts_aside(root, names, tell)
            _dpkg(root, [*_FORCE, how, *names], tell)


def _reinstall(root: Root, before: Packages, kept: Mapping[str, str], tell: Tell) -> None:
    now = dpkg.installed(root)
    back = [
        name for name in kept
        if name in before and before[name].installed and _state(before[name]) != _state(now.get(name))
    ]  # fmt: skip
    files = [kept[name] for name in back]
    if files and _dpkg(root, [*_FORCE, "--install", *files], tell):
        _put_scripts_aside(root, back, tell)
        _dpkg(root, [*_FORCE, "--install", *files], tell)


def _finish(root: Root, before: Packages, tell: Tell) -> None:
    now = dpkg.installed(root)
    if dpkg.unfinished(now) or any(p.status.startswith("triggers-") for p in now.values()):
        _dpkg(root, [*_FORCE, "--configure", "--pending"], tell)
        now = dpkg.installed(root)
    held = [n for n, p in before.items() if p.want == "hold" and n in now and now[n].want != "hold"]
    if held:
        root.query(["apt-mark", "hold", *held], extra={"DPKG_FRONTEND_LOCKED": "true"})


def _put_scripts_aside(root: Root, names: Sequence[str], tell: Tell) -> None:
    now = dpkg.installed(root)
    for name in names:
        if name in now and now[name].status != "installed":
            for script in root.query(["dpkg-query", "--control-path", name]).stdout.split():
                if script.rpartition(".")[2] in _LEAVING:
                    tell(f"{Path(script).name} fails and is left out")
                    root.outside(script).unlink(missing_ok=True)


def _dpkg(root: Root, arguments: Sequence[str], tell: Tell) -> int:
    def told(line: apt.Status | str) -> None:
        if isinstance(line, str):
            tell(line)

    code, _ = apt.run(
        root, ["dpkg", *arguments], told, seconds=SECONDS, extra={"DPKG_FRONTEND_LOCKED": "true"}
    )
    return code
