"""A Debian 12 machine in namespaces, for tests and benchmarks of the package: systemd is its process 1.

Its root is an overlay over a cached tree that mmdebstrap made; its network has nothing but a loopback. All of it is
gone when the machine is stopped. Needs root.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType

from tools.debian_root import DebianError, tree

PACKAGES = (
    "adduser", "ca-certificates", "chrony", "dbus", "dnsmasq-base", "ethtool", "iproute2", "iputils-ping",
    "isc-dhcp-client", "libnftables1", "lldpd", "openssh-client", "openssh-server", "openvswitch-switch", "procps",
    "python3", "rsyslog", "systemd", "systemd-sysv", "tftpd-hpa",
)  # fmt: skip
ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LANG": "C.UTF-8",
    "DEBIAN_FRONTEND": "noninteractive",
    "TERM": "xterm",
}
BOOT_SECONDS = 60.0
SHARES = 32768
"""Of the processors, where 1024 is anybody else's: what else runs on this host isn't part of the machine."""
REAL_TIME_US = 300_000
"""Of each second, for what measures inside the machine."""

# Runs as process 1 of the new namespaces and becomes systemd: $1 the cached tree, $2 the machine's directory.
_BOOT = """\
set -e
root=$2/root
mkdir -p "$2/upper" "$2/work" "$root"
mount -t overlay overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" "$root"
mount -t proc proc "$root/proc"
mount -t sysfs sysfs "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
mkdir "$root/dev/pts" "$root/dev/shm" "$root/dev/net"
for device in null zero full random urandom tty net/tun; do
    touch "$root/dev/$device"
    mount --bind "/dev/$device" "$root/dev/$device"
done
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
hostname debian
echo debian >"$root/etc/hostname"
echo 127.0.0.1 localhost debian >"$root/etc/hosts"
# Its clock is that of its host.
ln -s /dev/null "$root/etc/systemd/system/chrony.service"
# Nobody keeps this machine: dpkg needn't wait for the disk after each file.
echo force-unsafe-io >"$root/etc/dpkg/dpkg.cfg.d/machine"
cd "$root"
mkdir -p .before
pivot_root . .before
umount -l /.before
rmdir /.before
exec env -i container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin \
    /lib/systemd/systemd --system --log-target=journal --show-status=0
"""


class MachineError(Exception):
    """The machine can't be made, or a command in it failed."""


class Machine:
    """A running machine; leaving the `with` block stops it."""

    def __init__(self, directory: Path | None = None) -> None:
        self.directory = directory or Path(tempfile.mkdtemp(prefix="connetos-machine-", dir="/var/tmp"))
        self._group: Path | None = None
        self._processors: Path | None = None
        self._outside: subprocess.Popen[bytes] | None = None
        self._first = 0

    def __enter__(self) -> Machine:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Boot, and wait until systemd has started everything.

        Raises:
            MachineError: it doesn't.
        """
        try:
            lower = tree(PACKAGES)
        except DebianError as error:
            raise MachineError(str(error)) from error
        self._group = _control_groups() / f"connetos-machine-{self.directory.name[-8:]}"
        self._group.mkdir(exist_ok=True)
        self._processors = _processors(self._group)
        enter = f'{self._join()}echo $$ >{self._group}/cgroup.procs && exec "$@"'
        namespaces = ["--mount", "--pid", "--uts", "--ipc", "--net", "--cgroup", "--propagation", "private"]
        self._outside = subprocess.Popen(
            ["sh", "-c", enter, "sh", "unshare", *namespaces, "--fork", "--kill-child", "--",
             "sh", "-c", _BOOT, "sh", str(lower), str(self.directory)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        )  # fmt: skip
        deadline = time.monotonic() + BOOT_SECONDS
        while not self._booted():
            if time.monotonic() > deadline or self._outside.poll() is not None:
                raise MachineError(f"the machine doesn't boot: {self._said()}")
            time.sleep(0.1)

    def _join(self) -> str:
        """Shell words with which a process takes part in the machine's share of the processors."""
        return f"echo $$ >{self._processors}/tasks && " if self._processors is not None else ""

    def _booted(self) -> bool:
        assert self._outside is not None
        pid = self._outside.pid
        with contextlib.suppress(OSError):
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
            self._first = int(children[0]) if children else 0
        if not self._first:
            return False
        asked = self.run(["systemctl", "is-system-running", "--wait"], check=False)
        return asked.stdout.strip() in ("running", "degraded")

    def _said(self) -> str:
        assert self._outside is not None
        self._outside.kill()
        _, said = self._outside.communicate()
        return said.decode(errors="replace")[-1000:]

    def stop(self) -> None:
        """Switch it off."""
        if self._first:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._first, signal.SIGKILL)  # the end of process 1 is the end of all
        if self._outside is not None:
            self._outside.kill()
            self._outside.wait()
        for group in (self._group, self._processors):
            if group is not None:
                _remove_group(group)
        shutil.rmtree(self.directory, ignore_errors=True)

    def command(self, argv: Sequence[str]) -> list[str]:
        """The command line that runs `argv` inside, from anywhere."""
        environment = [f"{name}={value}" for name, value in ENVIRONMENT.items()]
        enter = ["nsenter", "--target", str(self._first), "--all", "env", "-i", *environment]
        return ["sh", "-c", f'{self._join()}exec "$@"', "sh", *enter, *argv]

    def run(
        self, argv: Sequence[str], *, stdin: str = "", check: bool = True, timeout: float = 120
    ) -> subprocess.CompletedProcess[str]:
        """Run a command inside to its end.

        Raises:
            MachineError: it failed, and `check` is set.
        """
        done = subprocess.run(
            self.command(argv),
            input=stdin, capture_output=True, text=True, errors="replace", timeout=timeout, check=False,
        )  # fmt: skip
        if check and done.returncode != 0:
            raise MachineError(
                f"{' '.join(argv)} failed with {done.returncode}:\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
            )
        return done

    def begin(self, argv: Sequence[str]) -> subprocess.Popen[str]:
        """Run a command inside and leave it running."""
        pipe = subprocess.PIPE
        return subprocess.Popen(self.command(argv), stdin=pipe, stdout=pipe, stderr=pipe, text=True)

    def path(self, inside: str) -> Path:
        """Where a file of the machine is for its host."""
        return Path(f"/proc/{self._first}/root") / inside.lstrip("/")

    def write(self, path: str, text: str, mode: int = 0o644) -> None:
        """Make a file inside."""
        self.run(
            ["sh", "-c", 'mkdir -p "${1%/*}" && cat >"$1" && chmod "$2" "$1"', "sh", path, f"{mode:o}"],
            stdin=text,
        )

    def take(self, source: Path, path: str) -> None:
        """Copy a file of this machine's host inside."""
        with source.open("rb") as file:
            subprocess.run(
                self.command(["sh", "-c", 'cat >"$1"', "sh", path]), stdin=file, check=True, timeout=120
            )


def _control_groups() -> Path:
    """Where the unified hierarchy is mounted."""
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, where, kind, *_ = line.split()
        if kind == "cgroup2":
            return Path(where)
    raise MachineError("there is no cgroup2 file system")


def _processors(group: Path) -> Path | None:
    """Give the machine its share: in a group of the older hierarchy, which is returned, or in `group` itself."""
    with contextlib.suppress(OSError):
        (group / "cpu.weight").write_text("10000")
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, where, kind, options, *_ = line.split()
        if kind == "cgroup" and "cpu" in options.split(","):
            made = Path(where) / group.name
            made.mkdir(exist_ok=True)
            (made / "cpu.shares").write_text(str(SHARES))
            with contextlib.suppress(OSError):  # not every kernel shares it out
                (made / "cpu.rt_runtime_us").write_text(str(REAL_TIME_US))
            return made
    return None


def _remove_group(group: Path) -> None:
    for below in sorted(_groups(group), key=lambda path: -len(path.parts)):
        for _ in range(100):
            with contextlib.suppress(OSError):
                below.rmdir()
            if not below.exists():
                break
            time.sleep(0.02)


def _groups(group: Path) -> Iterator[Path]:
    yield group
    for directory, names, _ in os.walk(group):
        yield from (Path(directory) / name for name in names)
