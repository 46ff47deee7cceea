"""One switch: the façade that users and every integration work with."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path as FilePath
from typing import Any, Self

from connetos_sdk import results
from connetos_sdk.change import Change
from connetos_sdk.diagnostics import CaptureResult, Hop, PingProbe, PingResult, TracerouteResult
from connetos_sdk.errors import Unsupported
from connetos_sdk.model.curly import format_curly
from connetos_sdk.model.setlines import format_set
from connetos_sdk.model.text import PathLike, as_path
from connetos_sdk.navmesh.flow import FiveTuple
from connetos_sdk.navmesh.results import NavmeshResult
from connetos_sdk.packages import Packages
from connetos_sdk.results import CommitResult, Event, Revision, SystemState
from connetos_sdk.transports.base import CommitOptions, Operation, Transport
from connetos_sdk.transports.choice import Kind, make_transport


class Switch:
    """A switch.

    Args:
        url: where the switch is, and what to speak with it:
            `https://host[:port]` (REST), `unix:///run/connetos/agent.sock` (REST, as root on the switch itself),
            `rcc://host[:port]` (command line over SSH, for a vendor's switches, too),
            `xrl://host[:port-of-the-finder][/target]` (from the switch itself, or where XRL is permitted).
        username: user on the switch (REST, RCC).
        password: its password.
        verify: whether to check the switch's certificate, or its SSH key.
        ca_file: certificate file (PEM) to trust instead of those of the system (REST).
        key_files: private keys to log in with (RCC).
        known_hosts: file with the SSH keys of known switches (RCC); `~/.ssh/known_hosts` by default.
        timeout_s: seconds to wait for an answer.
        transport: `rest`, `rcc` or `xrl` when `url` is a plain `host[:port]`; or a transport to use.

    Every method raises errors of `connetos_sdk.errors`; a failed change has changed nothing. What the transport
    can't do raises `Unsupported` (docs/sdk.md).
    """

    def __init__(
        self,
        url: str = "",
        *,
        username: str | None = None,
        password: str | None = None,
        verify: bool = True,
        ca_file: str | FilePath | None = None,
        key_files: Iterable[str | FilePath] = (),
        known_hosts: str | FilePath | None = None,
        timeout_s: float = 60.0,
        transport: Transport | Kind | None = None,
    ) -> None:
        self.url = url
        self.transport: Transport = (
            make_transport(
                url,
                transport,
                username=username,
                password=password,
                verify=verify,
                ca_file=ca_file,
                key_files=tuple(key_files),
                known_hosts=known_hosts,
                timeout_s=timeout_s,
            )
            if transport is None or isinstance(transport, str)
            else transport
        )

        self.packages = Packages(self.transport)
        """The Debian packages of the switch."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Switch({self.url!r})"

    def close(self) -> None:
        """Give back the connection."""
        self.transport.close()

    # -- looking at configurations --------------------------------------------------------------------

    def config(
        self, path: PathLike = (), *, source: str = "running", defaults: bool = False, secrets: bool = False
    ) -> Any:
        """What is configured at `path`.

        Args:
            path: where; the whole configuration by default.
            source: `running`, `startup`, `revision/<id>` or `session/<id>`.
            defaults: fill in the default values of what isn't set.
            secrets: show password hashes instead of a mask (super-users only).
        """
        return self.transport.read_config(as_path(path), source=source, defaults=defaults, secrets=secrets)[0]

    def config_text(
        self,
        path: PathLike = (),
        *,
        source: str = "running",
        form: str = "text",
        defaults: bool = False,
        secrets: bool = False,
    ) -> str:
        """The same in curly braces (`form="text"`), as `set` lines (`form="set"`) or as JSON (`form="json"`)."""
        if form == "json":
            value = self.config(path, source=source, defaults=defaults, secrets=secrets)
            return json.dumps(value, indent=2) + "\n"
        if not secrets:
            return self.transport.read_text(as_path(path), source=source, form=form, defaults=defaults)
        document = self.config(source=source, secrets=True)
        if form == "set":
            return format_set(document, as_path(path))
        return format_curly(document, as_path(path), defaults=defaults)

    def revision(self) -> int:
        """Id of the running revision; 0 before the first."""
        found = self.transport.read_config(("system",), source="running", defaults=True, secrets=False)[1]
        if found is None:
            raise Unsupported("the switch doesn't number its revisions")
        return found

    # -- changing: one call, one transaction ----------------------------------------------------------

    def merge(self, document: Any, path: PathLike = (), **options: Any) -> CommitResult:
        """Lay `document` over what is configured at `path`, and commit.

        Args:
            document: nested dictionaries in the shape of the configuration tree.
            path: where; the root by default.
            options: fields of `connetos_sdk.transports.base.CommitOptions`: `comment`, `confirm`, `dry_run`,
                `if_revision`.
        """
        return self._change("merge", path, document, options)

    def replace(self, document: Any, path: PathLike = (), **options: Any) -> CommitResult:
        """Put `document` in place of what is configured at `path`, and commit. Options as for `merge`."""
        return self._change("replace", path, document, options)

    def delete(self, path: PathLike, **options: Any) -> CommitResult:
        """Delete what is configured at `path`, and commit. Options as for `merge`."""
        return self._change("delete", path, None, options)

    def apply_lines(self, lines: str | list[str], **options: Any) -> CommitResult:
        """Run `set` and `delete` lines and commit them as one change. Options as for `merge`."""
        text = lines if isinstance(lines, str) else "\n".join(lines)
        return self._change("lines", (), text, options)

    def _change(
        self, operation: Operation, path: PathLike, value: Any, options: Mapping[str, Any]
    ) -> CommitResult:
        answer = self.transport.change(operation, as_path(path), value, CommitOptions(**options))
        return CommitResult.of(answer)

    # -- changing: a candidate ------------------------------------------------------------------------

    def configure(self, *, comment: str = "", confirm: int | None = None, exclusive: bool = False) -> Change:
        """A candidate configuration, for `with`: committed at the end of the block, forgotten if it raises.

        Args:
            comment: kept with the revision.
            confirm: seconds until the commit rolls back unless `confirm()` is called.
            exclusive: nobody else may configure meanwhile.
        """
        return Change(self, comment=comment, confirm=confirm, exclusive=exclusive)

    def confirm(self) -> int:
        """Confirm the commit that waits for it; its revision."""
        return int(self.transport.call("confirm", {})["revision"])

    def cancel_confirmed(self) -> CommitResult:
        """Roll back now the commit that waits for confirmation."""
        return CommitResult.of(self.transport.call("cancel-confirmed", {}))

    def cancel_scheduled(self) -> None:
        """Drop the commit that waits for its time."""
        self.transport.call("cancel-scheduled", {})

    # -- the machine ----------------------------------------------------------------------------------

    def reboot(self, *, delay: int | None = None, at: str | None = None) -> float:
        """Reboot the switch, now, after `delay` seconds or at a time; when, in seconds since 1970."""
        when = {"delay": delay, "at": at}
        planned = self.transport.call(
            "reboot", {name: value for name, value in when.items() if value is not None}
        )
        return float(planned["at"])

    def cancel_reboot(self) -> None:
        """Cancel the reboot that is planned."""
        self.transport.call("clear/reboot", {})

    def log(self, rows: int = 100) -> list[str]:
        """The newest lines of the switch's log (at most 10,000), oldest first."""
        return list(self.transport.call("log", {"rows": rows})["lines"])

    def tech_support(self) -> str:
        """Make a report for support, without secrets, which is stored at the switch, too."""
        return str(self.transport.call("tech-support", {"text": True})["text"])

    def download(self, server: str, remote_file: str, local_file: str) -> int:
        """Have the switch fetch a file over TFTP; its size in bytes. `connetos.boot` is the startup configuration."""
        asked = {"server": server, "remote-file": remote_file, "local-file": local_file}
        return int(self.transport.call("tftp/get", asked)["bytes"])

    # -- history --------------------------------------------------------------------------------------

    def revisions(self) -> list[Revision]:
        """The kept revisions, newest first; index 0 is the running one."""
        return [Revision.of(facts) for facts in self.transport.revisions()]

    def revision_diff(self, revision: int, against: int | None = None) -> str:
        """What a revision changed, as `set` and `delete` lines; with `against`, how the two differ."""
        return self.transport.revision_diff(revision, against)

    def rollback(self, index: int = 1, *, revision: int | None = None, **options: Any) -> CommitResult:
        """Make an earlier configuration the running one again.

        Args:
            index: how many commits back, 1 to 49.
            revision: instead of `index`, the id of a revision.
            options: `comment`, `confirm`, `dry_run` as for `merge`.
        """
        wanted = {"rollback": index} if revision is None else {"revision": revision}
        return CommitResult.of(self.transport.call("rollback", {**wanted, **options}))

    def save(self, source: str = "running") -> None:
        """Make the running (or `default`) configuration the one that the switch boots with."""
        self.transport.call("save", {"source": source})

    # -- state ----------------------------------------------------------------------------------------

    def state(self, path: PathLike = ()) -> Any:
        """Operational state at `path`, as JSON data."""
        return self.transport.read_state(as_path(path))

    def system(self) -> SystemState:
        """The switch as a whole."""
        return SystemState.of(self.state("system"))

    def interfaces(self) -> dict[str, results.InterfaceState]:
        """Ports by name."""
        return results.interfaces(self.state("interface"))

    def vlans(self) -> dict[int, results.VlanState]:
        """VLANs by id."""
        return results.vlans(self.state("vlans"))

    def vlan_interfaces(self) -> dict[str, results.VlanInterfaceState]:
        """VLAN interfaces by name."""
        return results.vlan_interfaces(self.state("vlan-interface"))

    def loopbacks(self) -> dict[str, results.LoopbackState]:
        """Loopback interfaces by name."""
        return results.loopbacks(self.state("loopback-interface"))

    def routes(self) -> dict[str, results.RouteState]:
        """Static routes by prefix."""
        return results.routes(self.state("route"))

    def management(self) -> results.ManagementState | None:
        """The management port; None if the switch has none."""
        return results.management(self.state("interface management-ethernet"))

    def cli(self, command: str) -> str:
        """The text of one operational command of the CLI, such as `show vlans`; it may have pipes.

        Raises:
            BadRequest: the CLI doesn't know it, or it failed; the reason is what the CLI says.
        """
        return str(self.transport.call("cli", {"command": command})["text"])

    def aggregates(self) -> dict[str, results.AggregateState]:
        """Link aggregation groups by name."""
        return results.aggregates(self.state("interface"))

    def counters(self) -> dict[str, dict[str, int]]:
        """Counters of ports, aggregates and VLAN interfaces since they were cleared, all of the same moment."""
        found: dict[str, dict[str, int]] = self.state("statistics")
        return found

    def clear_counters(self, interface: str | None = None) -> int:
        """Count from zero again, at one interface or all; at how many that was."""
        arguments = {} if interface is None else {"interface": interface}
        return int(self.transport.call("clear/interface-statistics", arguments)["cleared"])

    def mac_table(self) -> list[results.MacEntry]:
        """The MAC table, by VLAN and address."""
        return results.mac_table(self.state("ethernet-switching"))

    def clear_mac_table(self, interface: str | None = None) -> int:
        """Forget learned addresses, of one port or all; how many those were. Static ones stay."""
        arguments = {} if interface is None else {"interface": interface}
        return int(self.transport.call("clear/mac-table", arguments)["cleared"])

    def lldp_neighbors(self) -> list[results.LldpNeighbor]:
        """Neighbours that LLDP has found, in the order of the ports at which they are."""
        return results.lldp_neighbors(self.state(("lldp", "neighbor")))

    # -- diagnostics ----------------------------------------------------------------------------------

    def ping(
        self, host: str, *, progress: Callable[[PingProbe], object] | None = None, **options: Any
    ) -> PingResult:
        """Send ICMP echo requests from the switch.

        Args:
            host: address or name.
            progress: called with each answer as it comes; what it raises ends the ping.
            options: arguments of the operation `ping`: `count`, `interval_ms`, `timeout_ms`, `size`, `ttl`, `tos`,
                `source`, `interface`, `family`, `dont_fragment`.

        Raises:
            NotFound: the name isn't known, or there is no route.
        """

        def told(report: Mapping[str, Any]) -> None:
            if progress and "seq" in report:
                progress(PingProbe.of(report))

        return PingResult.of(
            self.transport.call("ping", {"host": host, **options}, told if progress else None)
        )

    def traceroute(
        self, host: str, *, progress: Callable[[Hop], object] | None = None, **options: Any
    ) -> TracerouteResult:
        """Find the routers on the way from the switch to a host.

        Args:
            host: address or name.
            progress: called with each hop as it is known; what it raises ends the trace.
            options: arguments of the operation `traceroute`: `protocol`, `first_ttl`, `max_hops`, `queries`,
                `timeout_ms`, `port`, `source_port`, `vary_port`, `size`, `source`, `interface`, `family`.

        Raises:
            NotFound: the name isn't known, or there is no route.
        """

        def told(report: Mapping[str, Any]) -> None:
            if progress and "ttl" in report:
                progress(Hop.of(report))

        answer = self.transport.call("traceroute", {"host": host, **options}, told if progress else None)
        return TracerouteResult.of(answer)

    def capture(
        self, interface: str, into: str | FilePath | Callable[[bytes], object], **options: Any
    ) -> CaptureResult:
        """Capture frames of a port, a VLAN interface or the management port as pcap; needs class super-user.

        Args:
            interface: `te-1/1/3`, `vlan10` (frames to and from the switch itself) or `eth0`.
            into: file to write, or what gets the pieces of it as they come; what that raises ends the capture.
            options: arguments of the operation `capture`: `vlan`, `filter` (pcap-filter(7)), `direction`, `count`,
                `seconds`, `max_bytes`, `frame_bytes`.

        Raises:
            BadRequest: the filter isn't one; the reason is libpcap's.
            NotFound: there is no such interface.
        """
        with ExitStack() as stack:
            write = into if callable(into) else stack.enter_context(FilePath(into).open("wb")).write

            def told(report: Mapping[str, Any]) -> None:
                write(b64decode(report["pcap"]))

            answer = self.transport.call("capture", {"interface": interface, **options}, told)
        return CaptureResult.of(answer)

    def navmesh(self, flow: FiveTuple, *, live: bool = False, **frame: Any) -> NavmeshResult:
        """Where a flow goes through the switch, or why it stops there, from the tables as they are.

        Args:
            flow: which.
            live: look at the traffic of the last seconds, too, which may tell more than the tables.
            frame: what is known of the frame: `ingress_port`, `ingress_vlan`, `source_mac`, `destination_mac`, `ttl`.
                By default the tables say where the source is.
        """
        arguments = {**flow.arguments(), "live": live, **frame}
        return NavmeshResult.of(self.transport.call("navmesh", arguments))

    def events(self) -> Iterator[Event]:
        """What happens on the switch, as it happens; ends when the iterator is closed."""
        for data in self.transport.events():
            rest = {name: value for name, value in data.items() if name not in ("kind", "time")}
            yield Event(kind=data["kind"], time=data["time"], data=rest)
