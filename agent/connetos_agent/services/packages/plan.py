"""What a transaction would do: apt's own simulation, and what it would need."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from connetos_agent.services.packages import apt
from connetos_agent.services.packages.dpkg import Packages, newer
from connetos_agent.services.packages.root import Root
from connetos_sdk.errors import PackageError, PackageRefused

PROTECTED = re.compile(
    r"connetos-.*|openvswitch-(switch|common|switch-dpdk)|frr|linux-image-.*|grub-.*|systemd|systemd-sysv|ifupdown|iproute2"
)
"""The agent, the data plane and what the switch boots with."""
RESERVE_BYTES = 32 * 1024 * 1024
"""Free space that is left, so that the agent itself can go on."""
_INST = re.compile(r"Inst (\S+)(?: \[([^]]+)])? \((\S+)(?: [^\[]*)?\[(\S+)]\)")
_REMV = re.compile(r"(Remv|Purg) (\S+)")


@dataclass(frozen=True)
class Change:
    """One package: `before` and `after` are versions, None where it isn't installed."""

    name: str
    action: str
    before: str | None
    after: str | None


@dataclass(frozen=True)
class Plan:
    """What would be done.

    Attributes:
        changes: packages that change.
        download_bytes: what is fetched from repositories.
        disk_bytes: space used afterwards beside what is used now; negative where space becomes free.
        needed_bytes: free space it takes while it runs: downloads, unpacked files, packages kept to come back.
        free_bytes: free space now.
        protected: packages among those removed that the switch needs.
    """

    changes: tuple[Change, ...] = ()
    download_bytes: int = 0
    disk_bytes: int = 0
    needed_bytes: int = 0
    free_bytes: int = 0
    protected: tuple[str, ...] = field(default=())

    def to_dict(self) -> dict[str, Any]:
        """JSON form, with `changed`."""
        return {**asdict(self), "changed": bool(self.changes)}

    @property
    def removes(self) -> bool:
        """Whether packages go away."""
        return any(change.after is None for change in self.changes)


def make_plan(root: Root, arguments: Sequence[str], before: Packages, protected: Sequence[str]) -> Plan:
    """What `apt-get` with `arguments` would do.

    Args:
        root: where.
        arguments: command and packages for apt-get.
        before: packages that are there.
        protected: names besides `PROTECTED` that mustn't go.

    Raises:
        PackageError: apt can't do it; the error has its reasons.
    """
    done = root.query([*apt.GET, *apt.architectures(root), *apt.SIMULATE, *arguments])
    if done.returncode:
        raise apt.failure(done.stdout + done.stderr, "apt can't do it")
    changes = _named(root, _changes(done.stdout, before))
    if not changes:
        return Plan(free_bytes=root.free_bytes())
    download, disk, kept = _sizes(root, changes, arguments)
    gone = tuple(c.name for c in changes if c.after is None and _needed(c.name, protected))
    return Plan(
        changes=tuple(changes),
        download_bytes=download,
        disk_bytes=disk,
        needed_bytes=download + max(0, disk) + kept,
        free_bytes=min(root.free_bytes("/usr"), root.free_bytes("/var")),
        protected=gone,
    )


def check(plan: Plan, *, force: bool) -> None:
    """Refuse what would harm the switch.

    Raises:
        PackageRefused: it would remove what the switch needs, and isn't forced.
        PackageError: there is too little space.
    """
    if plan.protected and not force:
        raise PackageRefused(
            f"this would remove {', '.join(plan.protected)}, which the switch needs",
            hint="look at the plan; force it only if you know how the switch goes on without",
        )
    if plan.needed_bytes + RESERVE_BYTES > plan.free_bytes and plan.changes and plan.needed_bytes > 0:
        raise PackageError(
            f"not enough disk space: {_mib(plan.needed_bytes)} are needed besides a reserve of "
            f"{_mib(RESERVE_BYTES)}, {_mib(plan.free_bytes)} are free",
            hint="remove packages, or old uploads",
        )


def _mib(count: int) -> str:
    return f"{count / 1024 / 1024:.1f} MiB"


def _needed(name: str, protected: Sequence[str]) -> bool:
    bare = name.partition(":")[0]
    return bare in protected or PROTECTED.fullmatch(bare) is not None


def _changes(text: str, before: Packages) -> list[Change]:
    found: list[Change] = []
    for line in text.splitlines():
        if removed := _REMV.match(line):
            action = "remove" if removed[1] == "Remv" else "purge"
            found.append(Change(removed[2], action, _installed(before, removed[2]), None))
        elif new := _INST.match(line):
            old = _installed(before, new[1])
            found.append(Change(new[1], "install" if old is None else "change", old, new[3]))
    return sorted(found, key=lambda change: change.name)


def _installed(packages: Packages, name: str) -> str | None:
    return packages[name].version if name in packages and packages[name].installed else None


def _named(root: Root, changes: Sequence[Change]) -> list[Change]:
    """`changes` with `change` told as `upgrade`, `downgrade` or `reinstall`."""
    out = []
    for change in changes:
        action = change.action
        if action == "change":
            action = action_of(root, change.before, change.after)
        out.append(Change(change.name, action, change.before, change.after))
    return out


def action_of(root: Root, before: str | None, after: str | None, *, purge: bool = False) -> str:
    """What a package goes through from one version to another; None where it isn't installed.

    Args:
        root: whose dpkg orders the versions.
        before: version before.
        after: version afterwards.
        purge: whether configuration files go with what is removed.
    """
    if after is None:
        return "purge" if purge else "remove"
    if before is None:
        return "install"
    if before == after:
        return "reinstall"
    return "upgrade" if newer(root, after, before) else "downgrade"


def _sizes(root: Root, changes: Sequence[Change], arguments: Sequence[str]) -> tuple[int, int, int]:
    """Bytes to fetch, space used afterwards beside what is used now, and space for packages kept to come back."""
    files = [word for word in arguments if word.startswith("/")]
    new = [*files, *(f"{c.name}={c.after}" for c in changes if c.after)]
    fetched = after = 0
    if new:
        show = ["apt-cache", *apt.architectures(root), "show", "--no-all-versions", "--", *new]
        records = apt.deb822(root.query(show).stdout)
        by_version = {(record.get("Package"), record.get("Version")): record for record in records}
        after = sum(_number(record, "Installed-Size") for record in by_version.values())
        fetched = sum(
            _number(r, "Size") for r in by_version.values() if "/" in r.get("Filename", "").lstrip("/")
        )
    old = [c.name for c in changes if c.before]
    told = root.query(["dpkg-query", "-W", "-f", "${Installed-Size}\n", *old]).stdout if old else ""
    used = sum(int(line) for line in told.split() if line.isdigit())
    return fetched, (after - used) * 1024, used * 1024


def _number(record: Mapping[str, str], label: str) -> int:
    value = record.get(label, "")
    return int(value) if value.isdigit() else 0
