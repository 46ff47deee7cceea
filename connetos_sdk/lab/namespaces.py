"""Network and UTS namespaces: make them, find them again, work inside them, remove them.

Network namespaces are the ones `ip netns` knows. A switch also has a UTS namespace, whose hostname its agent
sets; a bind mount keeps it, as `unshare --uts=FILE` does, so that `nsenter --uts=FILE` enters it later.
"""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import TypeVar

from connetos_sdk.lab.errors import LabError
from connetos_sdk.lab.processes import all_pids, run

NAMESPACES = Path("/run/netns")

_CLONE_NEWUTS = 0x04000000
_CLONE_NEWNET = 0x40000000
_MS_BIND = 0x1000
_MNT_DETACH = 2

_libc = ctypes.CDLL(None, use_errno=True)
_Result = TypeVar("_Result")


def namespace_name(lab: str, node: str) -> str:
    """Return the name of a node's network namespace."""
    return f"cn-{lab}-{node}"


def exists(name: str) -> bool:
    """Tell whether a network namespace of this name can be entered.

    A plain file is left of it after a reboot, or when its creator was killed half way; that is not one.
    """
    return _is_namespace(NAMESPACES / name)


def identity(name: str) -> int | None:
    """Return the inode number that identifies a network namespace, or None when there is none."""
    return (NAMESPACES / name).stat().st_ino if exists(name) else None


def create(names: Collection[str], environment: Mapping[str, str]) -> None:
    """Create network namespaces, all with one `ip` process.

    Raises:
        CommandError: `ip` refused.
    """
    for name in names:
        (NAMESPACES / name).unlink(missing_ok=True)
    batch(None, [f"netns add {name}" for name in names], environment)


def delete(names: Iterable[str], environment: Mapping[str, str]) -> int:
    """Delete those of the network namespaces that are there, and return how many that were.

    Raises:
        CommandError: `ip` refused.
    """
    present = [name for name in names if (NAMESPACES / name).exists()]
    batch(None, [f"netns delete {name}" for name in present], environment)
    return len(present)


def batch(namespace: str | None, lines: Collection[str], environment: Mapping[str, str]) -> None:
    """Give `lines` to one `ip -batch` process, inside `namespace` when one is named.

    Raises:
        CommandError: `ip` refused one of the lines.
    """
    if lines:
        where = ["-n", namespace] if namespace else []
        run(["ip", *where, "-batch", "-"], environment, stdin="\n".join(lines) + "\n")


def inside(name: str, work: Callable[[], _Result]) -> _Result:
    """Run `work` in a thread that has entered a network namespace, and return its result.

    Only that thread enters, and it ends afterwards, so the rest of the program stays where it is. Sockets
    that `work` opens, and /proc/sys/net as it sees it, are the namespace's.

    Raises:
        LabError: the namespace cannot be entered.
        Exception: whatever `work` raises.
    """

    def entered() -> _Result:
        descriptor = os.open(NAMESPACES / name, os.O_RDONLY | os.O_CLOEXEC)
        try:
            _check(_libc.setns(descriptor, _CLONE_NEWNET), f"enter network namespace {name}")
        finally:
            os.close(descriptor)
        return work()

    return _in_own_thread(entered)


def create_uts(mount_point: Path) -> None:
    """Make a UTS namespace and keep it alive by a mount at `mount_point`; one that is there already stays.

    Raises:
        LabError: the kernel refused.
    """
    if _is_namespace(mount_point):
        return
    mount_point.touch(mode=0o600)

    def make() -> None:
        _check(_libc.unshare(_CLONE_NEWUTS), "make a UTS namespace")
        own = f"/proc/self/task/{threading.get_native_id()}/ns/uts"
        result = _libc.mount(own.encode(), os.fsencode(mount_point), None, _MS_BIND, None)
        _check(result, f"mount a UTS namespace at {mount_point}")

    _in_own_thread(make)


def unmount_below(directory: Path) -> int:
    """Unmount everything below `directory`, and return how many mounts there were.

    Raises:
        LabError: the kernel refused.
    """
    mounts = mounts_below(directory)
    for mount_point in reversed(mounts):
        _check(_libc.umount2(os.fsencode(mount_point), _MNT_DETACH), f"unmount {mount_point}")
    return len(mounts)


def mounts_below(directory: Path) -> list[Path]:
    """Return the mount points below `directory` in the order in which they were mounted."""
    # Field 5 is the mount point, with blanks and the like as octal escapes.
    lines = Path("/proc/self/mountinfo").read_bytes().splitlines()
    fields = (line.split()[4].decode("unicode_escape") for line in lines)
    return [Path(field) for field in fields if Path(field).is_relative_to(directory)]


def processes_in(identities: Collection[int]) -> set[int]:
    """Return the pids of the processes whose network namespace is one of those with these inode numbers."""
    return {pid for pid in all_pids() if network_of(pid) in identities} if identities else set()


def network_of(pid: int) -> int | None:
    """Return the inode number of a process's network namespace; None when it is gone or not ours to see."""
    try:
        return Path(f"/proc/{pid}/ns/net").stat().st_ino
    except OSError:
        return None


def enter_command(namespace: str, uts: Path | None, argv: Iterable[str]) -> list[str]:
    """Return the argument vector that runs `argv` in a namespace; each stage replaces the one before.

    `ip netns exec` is the last stage, because it also gives the program the /sys of the namespace.
    """
    enter_uts = ["nsenter", f"--uts={uts}"] if uts else []
    return [*enter_uts, "ip", "netns", "exec", namespace, *argv]


def _is_namespace(path: Path) -> bool:
    try:
        # All namespaces live on one pseudo file system of the kernel, which has a device number of its own.
        return path.stat().st_dev == Path("/proc/self/ns/net").stat().st_dev
    except OSError:
        return False


def _check(result: int, what: str) -> None:
    if result != 0:
        raise LabError(f"cannot {what}: {os.strerror(ctypes.get_errno())}")


def _in_own_thread(work: Callable[[], _Result]) -> _Result:
    results: list[_Result] = []
    errors: list[BaseException] = []

    def target() -> None:
        try:
            results.append(work())
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=target, name="namespace")
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return results[0]
