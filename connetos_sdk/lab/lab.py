"""Bring a lab up, look at it, take it down.

    with Lab(Topology.load("examples/labs/two-leaf.yaml")) as lab:
        assert lab.host("h1").ping("198.18.10.2")

The lab's state is on disk and in the kernel, not in the object: another process may go on with the same lab.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from connetos_sdk.lab import inventory, namespaces
from connetos_sdk.lab.agent import Agent
from connetos_sdk.lab.environment import require_agent
from connetos_sdk.lab.errors import LabError, NotRunningError
from connetos_sdk.lab.files import (
    SwitchFiles,
    check_socket_paths,
    exclusive,
    labs_root,
    private_directory,
)
from connetos_sdk.lab.nodes import LabHost, LabSwitch, Node, SwitchStatus, no_namespace
from connetos_sdk.lab.openvswitch import PROGRAMS, OpenVSwitch
from connetos_sdk.lab.processes import Marker, ancestors, end_all, search_path
from connetos_sdk.lab.provisioning import ProvisioningServer
from connetos_sdk.lab.ssh import SshServer
from connetos_sdk.lab.state import LabState
from connetos_sdk.lab.topology import Dataplane, SwitchSpec, Topology
from connetos_sdk.lab.wiring import MANAGEMENT_NODE, Wiring

GRACE_SECONDS = 2.0


@dataclass(frozen=True)
class Progress:
    """One step of `up` or `down` is done: `done` of `total`; `node` is empty for the lab as a whole."""

    node: str
    step: str
    done: int
    total: int


ProgressCallback = Callable[[Progress], None]


class Lab:
    """One lab, whether it is up or not."""

    def __init__(self, topology: Topology) -> None:
        self.topology = topology
        self.root = labs_root()
        self.directory = self.root / topology.name
        self.marker = Marker(topology.name, self.directory)
        self._wiring = Wiring(topology, self.marker.daemon_environment(""))

    @classmethod
    def named(cls, name: str) -> Lab:
        """Return a lab that is up (or was, before a crash) by its name.

        Raises:
            NotRunningError: this user has no lab of that name.
        """
        state = LabState.load(_state_file(labs_root() / name))
        if state is None:
            raise NotRunningError(f"there is no lab {name!r}", "`connetos lab list` shows those there are")
        return cls(Topology.from_document(dict(state.topology), f"lab {name}"))

    def __enter__(self) -> Lab:
        try:
            self.up()
        except BaseException:
            self.down()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.down()

    @property
    def dataplane(self) -> Dataplane:
        """What moves the packets, or would: never `auto`."""
        state = self._state()
        return state.dataplane if state else choose_dataplane(self.topology)

    @property
    def is_up(self) -> bool:
        """Whether the lab exists; its parts may still be dead (see `status`)."""
        return _state_file(self.directory).exists()

    def up(self, progress: ProgressCallback | None = None) -> None:
        """Bring the lab up: what is right already is left alone, what is missing or dead is (re)started.

        Raises:
            LabBusyError: another process is changing the lab.
            LabError: something cannot be started; what was started until then stays, for inspection.
        """
        self._refuse_inside()
        require_agent()
        with exclusive(self._lock_file, self.topology.name):
            state = self._prepare_state()
            switches_in_all = len(self.topology.switches)
            report = _Reporter(
                progress,
                total=1 + switches_in_all * (1 + self._has_namespaces(state)) + len(state.ssh_ports),
            )
            if self._has_namespaces(state):
                self._build(state)
                if self.provisioning is not None:
                    self.provisioning.start()
                report.done("", "namespaces and cables")
            else:
                report.done("", "data plane in memory: switches without namespaces, no hosts")
            switches = [self._switch(spec, state) for spec in self.topology.switches.values()]
            inventory.write(
                self.directory,
                switches,
                [(host, self._namespace(host.name)) for host in self.topology.hosts.values()],
            )
            _in_parallel(lambda switch: _start(switch, report), switches)

    def down(self, progress: ProgressCallback | None = None) -> None:
        """Take the lab down and leave nothing behind, whatever state it is in.

        Raises:
            LabBusyError: another process is changing the lab.
            LabError: a process does not end, or the command comes from inside the lab.
        """
        self._refuse_inside()
        report = _Reporter(progress, total=3)
        with exclusive(self._lock_file, self.topology.name):
            names = self._namespaces_to_delete()
            identities = {inode for name in names if (inode := namespaces.identity(name)) is not None}
            end_all(
                lambda: self.marker.find() | namespaces.processes_in(identities),
                grace=GRACE_SECONDS,
            )
            report.done("", "processes")
            namespaces.delete(names, self.marker.daemon_environment(""))
            report.done("", "namespaces")
            if self.directory.exists():
                namespaces.unmount_below(self.directory)
                shutil.rmtree(self.directory)
            report.done("", "files")
        with contextlib.suppress(OSError):
            self.root.rmdir()

    def switch(self, name: str) -> LabSwitch:
        """Return a switch of the lab.

        Raises:
            NotRunningError: the lab is not up.
            LabError: there is no such switch.
        """
        spec = self.topology.switches.get(name)
        if spec is None:
            raise LabError(f"there is no switch {name!r}", f"switches: {', '.join(self.topology.switches)}")
        return self._switch(spec, self._required_state())

    @property
    def switches(self) -> list[LabSwitch]:
        """All switches of the lab.

        Raises:
            NotRunningError: the lab is not up.
        """
        state = self._required_state()
        return [self._switch(spec, state) for spec in self.topology.switches.values()]

    def host(self, name: str) -> LabHost:
        """Return a host of the lab.

        Raises:
            NotRunningError: the lab is not up.
            LabError: there is no such host, or the data plane is in memory.
        """
        spec = self.topology.hosts.get(name)
        if spec is None:
            raise LabError(f"there is no host {name!r}", f"hosts: {', '.join(self.topology.hosts) or 'none'}")
        if not self._has_namespaces(self._required_state()):
            raise LabError(*no_namespace(name))
        return LabHost(name, self._namespace(name), self.marker, spec=spec)

    def node(self, name: str) -> Node:
        """Return a place to run commands in: a switch, a host, or `mgmt`, the management network.

        Raises:
            NotRunningError: the lab is not up.
            LabError: there is no such node, or the data plane is in memory.
        """
        if name in self.topology.hosts:
            return self.host(name)
        if name in self.topology.switches:
            return self.switch(name).node
        if name != MANAGEMENT_NODE:
            known = [*self.topology.switches, *self.topology.hosts, MANAGEMENT_NODE]
            raise LabError(f"there is no node {name!r}", f"nodes: {', '.join(known)}")
        if not self._has_namespaces(self._required_state()):
            raise LabError(*no_namespace(name))
        return Node(name, self._namespace(name), self.marker)

    @property
    def provisioning(self) -> ProvisioningServer | None:
        """The provisioning server, if the topology asks for one."""
        if self.topology.provisioning is None:
            return None
        return ProvisioningServer(
            self.topology, self._namespace(MANAGEMENT_NODE), self.directory, self.marker
        )

    def status(self) -> list[SwitchStatus]:
        """Look at every switch of the lab.

        Raises:
            NotRunningError: the lab is not up.
        """
        return [switch.status() for switch in self.switches]

    def changing(self) -> contextlib.AbstractContextManager[None]:
        """Hold the lab's lock while doing something that `up` or `down` must not meet.

        Raises (on entering):
            LabBusyError: another process is changing the lab.
        """
        return exclusive(self._lock_file, self.topology.name)

    @property
    def _lock_file(self) -> Path:
        return self.root / f"{self.topology.name}.lock"

    def _namespace(self, node: str) -> str:
        return namespaces.namespace_name(self.topology.name, node)

    def _state(self) -> LabState | None:
        return LabState.load(_state_file(self.directory))

    def _required_state(self) -> LabState:
        state = self._state()
        if state is None:
            raise NotRunningError(f"lab {self.topology.name} is not up", "run `connetos lab up` first")
        if state.topology != self.topology.to_document():
            reason = f"lab {self.topology.name} is up with another topology than {self.topology.source}"
            raise LabError(reason, "take it down and up again")
        return state

    @staticmethod
    def _has_namespaces(state: LabState) -> bool:
        return state.dataplane is Dataplane.OPENVSWITCH

    def _prepare_state(self) -> LabState:
        """Return the lab's memory; a new one is on disk before anything else, so that `down` finds it."""
        if self.is_up:
            return self._required_state()
        dataplane = choose_dataplane(self.topology)
        for name in self.topology.switches:
            check_socket_paths(self.directory / name)
        if dataplane is Dataplane.OPENVSWITCH:
            self._check_names_are_free()
        private_directory(self.directory)
        state = LabState.create(self.topology, dataplane)
        state.save(_state_file(self.directory))
        return state

    def _check_names_are_free(self) -> None:
        others = _claimed_by_others(self.root, self.topology.name)
        for name in self._wiring.namespaces():
            if name in others:
                reason = f"namespace {name} belongs to lab {others[name]}"
                raise LabError(reason, "rename this lab or the node, or take the other lab down")

    def _build(self, state: LabState) -> None:
        environment = self.marker.daemon_environment("")
        wanted = self._wiring.namespaces()
        missing = [name for name in wanted if not namespaces.exists(name)]
        # Whoever lives on in a namespace that lost its name would keep the new one's files busy.
        if missing and state.wired:
            homes = {namespaces.identity(name) for name in wanted}
            end_all(lambda: {p for p in self.marker.find() if _stray(p, homes)}, grace=GRACE_SECONDS)
        finished = state.wired and not missing
        if not finished:
            state.with_wired(False).save(_state_file(self.directory))
        namespaces.create(missing, environment)
        for name in self.topology.switches:
            private_directory(self.directory / name)
            namespaces.create_uts(SwitchFiles(self.directory / name).uts)
        self._wiring.lay(all_up=not state.wired)
        if not finished:
            state.with_wired(True).save(_state_file(self.directory))

    def _namespaces_to_delete(self) -> list[str]:
        """Names from the topology at hand and the one the lab was built with, except other labs' names."""
        names = self._wiring.namespaces()
        with contextlib.suppress(LabError):
            state = self._state()
            if state is not None:
                built = Topology.from_document(dict(state.topology))
                names += Wiring(built, {}).namespaces()
        if os.geteuid() != 0:
            return []
        others = _claimed_by_others(self.root, self.topology.name)
        return [name for name in dict.fromkeys(names) if name not in others]

    def _switch(self, spec: SwitchSpec, state: LabState) -> LabSwitch:
        files = SwitchFiles(self.directory / spec.name)
        ovs = None
        if self._has_namespaces(state):
            ovs = OpenVSwitch(spec.name, self._namespace(spec.name), files, self.marker)
        agent = Agent(
            spec=spec,
            files=files,
            marker=self.marker,
            port=state.ports[spec.name],
            dataplane=state.dataplane,
            namespace=ovs.namespace if ovs else None,
            environment=ovs.environment if ovs else {},
        )
        ssh = None
        if spec.name in state.ssh_ports:
            port = state.ssh_ports[spec.name]
            ssh = SshServer(spec.name, files, self.marker, port, ovs.namespace if ovs else None)
        return LabSwitch(spec, state.username, state.password, agent, ovs, ssh, self.marker)

    def _refuse_inside(self) -> None:
        """`up` and `down` from inside would act on a private copy of the mounts, or end their own shell."""
        family = ancestors(os.getpid())
        own = namespaces.network_of(os.getpid())
        inside = any(namespaces.identity(name) == own for name in self._wiring.namespaces())
        if inside or any(self.marker.carried_by(pid) for pid in family):
            raise LabError(
                f"this command runs inside lab {self.topology.name}", "leave the lab's shell first"
            )


def choose_dataplane(topology: Topology) -> Dataplane:
    """Return the data plane that a topology gets on this machine.

    Raises:
        LabError: it asks for Open vSwitch, and that is not possible here.
    """
    obstacle = _openvswitch_obstacle()
    if topology.dataplane is Dataplane.OPENVSWITCH and obstacle:
        raise LabError(
            f"Open vSwitch cannot be used: {obstacle}", "or say 'dataplane: memory' in the topology"
        )
    if topology.dataplane is not Dataplane.AUTO:
        return topology.dataplane
    return Dataplane.MEMORY if obstacle else Dataplane.OPENVSWITCH


def explain_dataplane(topology: Topology) -> str:
    """Return a line that says why `auto` chose memory, or "" when there is nothing to explain."""
    obstacle = _openvswitch_obstacle()
    if topology.dataplane is not Dataplane.AUTO or obstacle is None:
        return ""
    return f"data plane in memory, which forwards no packets and has no hosts: {obstacle}"


def existing_labs() -> list[str]:
    """Return the names of this user's labs, those half built included."""
    root = labs_root()
    return sorted(path.name for path in root.iterdir() if path.is_dir()) if root.is_dir() else []


def _openvswitch_obstacle() -> str | None:
    if os.geteuid() != 0:
        return "network namespaces need root"
    missing = [name for name in (*PROGRAMS, "ip", "nsenter") if not shutil.which(name, path=search_path())]
    return f"{', '.join(missing)} not installed" if missing else None


def _state_file(directory: Path) -> Path:
    return directory / "state.json"


def _claimed_by_others(root: Path, name: str) -> dict[str, str]:
    """Return other labs' namespace names: node b-c of lab a is called like node c of lab a-b."""
    claimed = {}
    for other in existing_labs():
        if other == name:
            continue
        with contextlib.suppress(LabError):  # what can't be read, such as another version's, claims nothing
            state = LabState.load(_state_file(root / other))
            if state is not None:
                topology = Topology.from_document(dict(state.topology))
                claimed.update(dict.fromkeys(Wiring(topology, {}).namespaces(), other))
    return claimed


def _stray(pid: int, homes: Iterable[int | None]) -> bool:
    network = namespaces.network_of(pid)
    return network is not None and network not in homes and network != namespaces.network_of(os.getpid())


class _Reporter:
    """Counts steps; called from several threads, and `list.append` is what makes the count safe."""

    def __init__(self, callback: ProgressCallback | None, total: int) -> None:
        self._callback = callback
        self._total = total
        self._steps: list[str] = []

    def done(self, node: str, step: str) -> None:
        self._steps.append(step)
        if self._callback:
            self._callback(Progress(node, step, len(self._steps), self._total))


def _start(switch: LabSwitch, report: _Reporter) -> None:
    private_directory(switch.directory)
    if switch.ovs:
        started = switch.ovs.start()
        report.done(switch.name, "Open vSwitch started" if started else "Open vSwitch is running")
    switch.agent.write_startup_config(switch.username, switch.password)
    started = switch.agent.start()
    report.done(switch.name, "agent ready" if started else "agent is running")
    if switch.ssh:
        started = switch.ssh.start()
        report.done(switch.name, "SSH server ready" if started else "SSH server is running")


def _in_parallel(work: Callable[[LabSwitch], None], switches: list[LabSwitch]) -> None:
    """Do `work` for every switch; when one fails the others are finished, and the first failure is raised."""
    workers = min(len(switches), max(4, 2 * (os.cpu_count() or 1)))
    with ThreadPoolExecutor(max_workers=workers, thread_name_prefix="lab") as pool:
        futures = [pool.submit(work, switch) for switch in switches]
        errors = [error for future in as_completed(futures) if (error := future.exception())]
    if errors:
        raise errors[0]
