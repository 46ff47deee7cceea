"""The nodes of a running lab, as tests and people see them: switches and hosts."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from connetos_sdk.lab.agent import Agent
from connetos_sdk.lab.errors import LabError, NotRunningError
from connetos_sdk.lab.files import SwitchFiles
from connetos_sdk.lab.namespaces import enter_command, exists, identity, processes_in
from connetos_sdk.lab.openvswitch import OpenVSwitch
from connetos_sdk.lab.processes import Marker, end_all, resident_bytes, send_signal, wait_gone
from connetos_sdk.lab.ssh import SshServer
from connetos_sdk.lab.topology import HostSpec, SwitchSpec, netdev_name

COMMAND_SECONDS = 30.0


@dataclass(frozen=True)
class Node:
    """A network namespace in which commands can be run."""

    name: str
    namespace: str
    marker: Marker
    uts: Path | None = None
    variables: dict[str, str] = field(default_factory=dict)

    def command(self, argv: Sequence[str]) -> list[str]:
        """Return the argument vector that runs `argv` inside the node.

        Raises:
            NotRunningError: the node is not up.
        """
        if not exists(self.namespace):
            raise NotRunningError(f"{self.name} is not up", "run `connetos lab up` first")
        return enter_command(self.namespace, self.uts, argv)

    def environment(self) -> dict[str, str]:
        """Return the environment for commands inside the node: the caller's, and what the node adds."""
        return self.marker.user_environment(f"{self.name}/command", self.variables)

    def run(
        self, argv: Sequence[str], *, timeout: float = COMMAND_SECONDS, stdin: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Run a command inside the node to its end; its exit code is in the result.

        Raises:
            NotRunningError: the node is not up.
            subprocess.TimeoutExpired: it took longer than `timeout` seconds and was killed.
        """
        return subprocess.run(
            self.command(argv),
            env=self.environment(),
            input=stdin,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
        )

    def start(self, argv: Sequence[str]) -> subprocess.Popen[str]:
        """Start a command inside the node and leave it running; `Lab.down` ends it at the latest.

        Raises:
            NotRunningError: the node is not up.
        """
        return subprocess.Popen(
            self.command(argv),
            env=self.environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        )


@dataclass(frozen=True)
class LabHost(Node):
    """A virtual host: one interface, `eth0`, plugged into a switch port."""

    spec: HostSpec = field(kw_only=True)

    def ping(self, address: str, count: int = 1, timeout: float = 1.0) -> bool:
        """Send `count` echo requests and tell whether every one was answered within `timeout` seconds.

        Raises:
            NotRunningError: the host is not up.
            LabError: `ping` is not installed, or does not understand the address.
        """
        argv = ["ping", "-n", "-q", "-c", str(count), "-W", f"{timeout:g}", "-i", "0.2", address]
        result = self.run(argv, timeout=COMMAND_SECONDS + count * (0.2 + timeout))
        received = re.search(r"(\d+) received", result.stdout)
        if result.returncode > 1 and not received:
            # "Network is unreachable" answers the question; a wrong address is a mistake of the caller.
            if "unreachable" in result.stderr:
                return False
            raise LabError(f"cannot ping {address} from {self.name}: {result.stderr.strip()}")
        return received is not None and int(received[1]) >= count


@dataclass(frozen=True)
class SwitchStatus:
    """How one switch is doing.

    `ssh` is `running`, `stopped` or `none`, and `ssh_port` its port on 127.0.0.1; `memory_bytes` is what all
    processes of the switch hold in RAM.
    """

    name: str
    dataplane: str
    ovs: str
    agent: str
    ovsdb_pid: int | None
    vswitchd_pid: int | None
    agent_pid: int | None
    url: str
    ssh: str
    ssh_port: int | None
    memory_bytes: int

    @property
    def healthy(self) -> bool:
        """Whether everything that should run does."""
        return self.agent == "running" and {self.ovs, self.ssh} <= {"running", "none"}


@dataclass(frozen=True)
class LabSwitch:
    """A virtual switch of a lab. `username` and `password` are those of its administrator."""

    spec: SwitchSpec
    username: str
    password: str = field(repr=False)
    agent: Agent
    ovs: OpenVSwitch | None
    ssh: SshServer | None
    marker: Marker

    @property
    def name(self) -> str:
        """The switch's name in the topology."""
        return self.spec.name

    @property
    def files(self) -> SwitchFiles:
        """The files of the switch."""
        return self.agent.files

    @property
    def directory(self) -> Path:
        """Where all files of the switch are."""
        return self.files.directory

    @property
    def url(self) -> str:
        """The agent's REST interface, reachable from the machine that runs the lab."""
        return f"https://127.0.0.1:{self.agent.port}"

    @property
    def local_url(self) -> str:
        """The agent's REST interface for root on this machine, who needs no password."""
        return f"unix://{self.files.run}/agent.sock"

    @property
    def ca_file(self) -> Path:
        """The certificate with which to verify `url`; the agent makes it at its first start."""
        return self.files.certificate

    @property
    def namespace(self) -> str | None:
        """The switch's network namespace; None when the data plane is in memory."""
        return self.agent.namespace

    @property
    def agent_pid(self) -> int | None:
        """The living agent process, if any."""
        return self.agent.pid

    @property
    def agent_log(self) -> Path:
        """What the agent said: JSON lines."""
        return self.agent.daemon.files.log

    @property
    def ovsdb_pid(self) -> int | None:
        """The living ovsdb-server, if any."""
        return self.ovs.database_pid if self.ovs else None

    @property
    def ovs_pid(self) -> int | None:
        """The living ovs-vswitchd, if any."""
        return self.ovs.switch_pid if self.ovs else None

    @property
    def database(self) -> str:
        """Where the switch's OVSDB listens, in the way Open vSwitch writes it."""
        return f"unix:{self.files.ovs_socket}"

    @property
    def control(self) -> Path:
        """The unixctl socket of ovs-vswitchd."""
        return self.files.ovs_control

    @property
    def node(self) -> Node:
        """The switch's namespaces, to run commands in.

        Raises:
            LabError: the data plane is in memory, so there is no such place.
        """
        if self.ovs is None or self.namespace is None:
            raise LabError(*no_namespace(self.name))
        variables = {**self.ovs.environment, "OVS_VSWITCHD_CTL": str(self.control)}
        return Node(self.name, self.namespace, self.marker, self.files.uts, variables)

    def run(
        self, argv: Sequence[str], *, timeout: float = COMMAND_SECONDS
    ) -> subprocess.CompletedProcess[str]:
        """Run a command inside the switch's namespaces; see `Node.run`."""
        return self.node.run(argv, timeout=timeout)

    def start_agent(self) -> None:
        """Start the agent and wait until it is ready; a running one is left alone.

        Raises:
            LabError: it does not become ready.
        """
        self.agent.start()

    def stop_agent(self) -> None:
        """End the agent in an orderly way. Packets go on flowing."""
        self.agent.stop()

    def restart_agent(self) -> None:
        """End the agent and start it again. Packets go on flowing.

        Raises:
            LabError: it does not become ready.
        """
        self.agent.stop()
        self.agent.start()

    def kill_agent(self, sig: signal.Signals = signal.SIGKILL) -> None:
        """Send the agent a signal; after SIGKILL wait until it is gone.

        Raises:
            NotRunningError: there is no agent to kill.
        """
        pid = self.agent.pid
        if pid is None:
            raise NotRunningError(f"the agent of {self.name} is not running", "start it with start_agent()")
        send_signal(pid, sig)
        if sig is signal.SIGKILL:
            wait_gone(pid, 5)

    def reboot(self) -> None:
        """Switch the switch off and on: the agent and Open vSwitch start anew, the run directory is empty.

        Raises:
            LabError: something does not start again.
        """
        self._power_off()
        self._power_on()

    def swap(self, *, ports: int | None = None) -> None:
        """Put another device, new out of its box, in the place of this one.

        Args:
            ports: how many ports it has, of those that the topology gives this one; by default it is of the same kind.
                The lab doesn't remember it: started again, it has the topology's ports.

        Raises:
            LabError: it would have more ports than there are, or something does not start.
        """
        if ports is not None and not 1 <= ports <= self.spec.ports:
            raise LabError(f"{self.name} can't get {ports} ports", f"1 to {self.spec.ports}")
        self._power_off()
        self.files.ovs_database.unlink(missing_ok=True)
        shutil.rmtree(self.files.state, ignore_errors=True)
        if ports is None:
            self._power_on()
        else:
            spec = replace(self.spec, ports=ports)
            replace(self, spec=spec, agent=replace(self.agent, spec=spec))._power_on()

    def _power_off(self) -> None:
        """End everything, as a power cut does; neighbours see their links go down."""
        self.agent.stop()
        if self.ovs and self.namespace:
            self.ovs.stop()
            down = "".join(f"link set {netdev_name(port)} down\n" for port in self.spec.port_names)
            self.node.run(["ip", "-force", "-batch", "-"], stdin=down)
            home = identity(self.namespace)
            end_all(
                lambda: processes_in({home} if home else set()), grace=0
            )  # what the agent left running for its next start
        shutil.rmtree(self.files.run, ignore_errors=True)

    def _power_on(self) -> None:
        if self.ovs:
            self.ovs.start()
        self.agent.write_startup_config(self.username, self.password)
        self.agent.start()

    def status(self) -> SwitchStatus:
        """Look at the switch's processes now."""
        ovsdb, vswitchd, agent = self.ovsdb_pid, self.ovs_pid, self.agent_pid
        ovs = "none"
        if self.ovs:
            ovs = "running" if ovsdb and vswitchd else "degraded" if ovsdb or vswitchd else "stopped"
        return SwitchStatus(
            name=self.name,
            dataplane=self.agent.dataplane.value,
            ovs=ovs,
            agent="stopped" if agent is None else "running" if self.agent.ready else "starting",
            ovsdb_pid=ovsdb,
            vswitchd_pid=vswitchd,
            agent_pid=agent,
            url=self.url,
            ssh="none" if self.ssh is None else "running" if self.ssh.daemon.ready else "stopped",
            ssh_port=self.ssh.port if self.ssh else None,
            memory_bytes=resident_bytes((ovsdb, vswitchd, agent, self.ssh.daemon.pid if self.ssh else None)),
        )


def no_namespace(name: str) -> tuple[str, str]:
    """Return reason and hint for asking a lab without namespaces to run something in one."""
    return (
        f"{name} has no network namespace: this lab's data plane is in memory",
        "hosts and commands inside nodes need Open vSwitch: install openvswitch-switch and run as root",
    )
