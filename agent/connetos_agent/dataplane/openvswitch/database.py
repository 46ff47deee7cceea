"""One connection to OVSDB, kept by a thread of its own.

The thread keeps a replica of the few columns that matter (the `ovs` package's IDL) and a table of plain,
frozen records made from it, which any thread may read without waiting. Transactions run in the thread too
and end when ovs-vswitchd has taken them over (`cur_cfg`).
"""

from __future__ import annotations

import contextlib
import os
import queue
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

import ovs.db.idl
import ovs.jsonrpc
import ovs.poller
import ovs.stream

from connetos_agent.dataplane.base import TIMEOUT, DriverError

COLUMNS = {
    "Open_vSwitch": ["bridges", "next_cfg", "cur_cfg", "ovs_version"],
    "Bridge": ["name", "ports", "datapath_type", "fail_mode", "external_ids", "other_config"],
    "Port": ["name", "interfaces", "tag", "trunks", "vlan_mode"],
    "Interface": ["name", "type", "error", "link_state", "mac", "mac_in_use", "mtu_request"],
}


@dataclass(frozen=True)
class PortRecord:
    """A row of table Port."""

    name: str
    vlan_mode: str
    tag: int | None
    trunks: tuple[int, ...]


@dataclass(frozen=True)
class InterfaceRecord:
    """A row of table Interface. `error` is why ovs-vswitchd can't use the device, else empty; `mac` is in use."""

    name: str
    type: str
    error: str
    link_state: str
    mac: str
    mtu_request: int | None


@dataclass(frozen=True)
class BridgeRecord:
    """A row of table Bridge."""

    name: str
    external_ids: Mapping[str, str]


def _one(values: Any) -> Any:
    return values[0] if values else None


def _record(table: str, row: Any) -> PortRecord | InterfaceRecord | BridgeRecord:
    if table == "Bridge":
        return BridgeRecord(row.name, dict(row.external_ids))
    if table == "Port":
        trunks = tuple(sorted(row.trunks))
        return PortRecord(row.name, _one(row.vlan_mode) or "", _one(row.tag), trunks)
    return InterfaceRecord(
        name=row.name,
        type=row.type,
        error=_one(row.error) or "",
        link_state=_one(row.link_state) or "",
        mac=_one(row.mac_in_use) or "",
        mtu_request=_one(row.mtu_request),
    )


class _Replica(ovs.db.idl.Idl):  # type: ignore[misc]
    """The IDL, which also keeps the records of ports and interfaces."""

    def __init__(self, remote: str, schema: ovs.db.idl.SchemaHelper) -> None:
        self.records: dict[str, dict[str, Any]] = {"Port": {}, "Interface": {}, "Bridge": {}}
        super().__init__(remote, schema)

    def notify(self, event: str, row: Any, updates: Any = None) -> None:  # noqa: ARG002 - as the IDL calls it
        table = row._table.name
        if table not in self.records:
            return
        if event == ovs.db.idl.ROW_DELETE:
            self.records[table].pop(row.name, None)
        else:
            self.records[table][row.name] = _record(table, row)


class Database:
    """A connection to the OVSDB server at `remote` (`unix:/path/db.sock`).

    Args:
        remote: where the server listens.
    """

    def __init__(self, remote: str) -> None:
        self.remote = remote
        self._jobs: queue.SimpleQueue[tuple[Callable[[], Any], Future[Any]] | None] = queue.SimpleQueue()
        self._wake_read, self._wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._idl: _Replica | None = None
        self._thread = threading.Thread(target=self._run, name="ovsdb", daemon=True)
        self._started: Future[None] = Future()
        self._stopping = False

    # -- used from any thread -------------------------------------------------------------------------

    def open(self) -> None:
        """Connect and wait for the first replica.

        Raises:
            DriverError: the server doesn't answer.
        """
        self._thread.start()
        try:
            self._started.result(TIMEOUT + 1)
        except TimeoutError:
            raise DriverError(f"Open vSwitch's database at {self.remote} doesn't answer") from None

    def close(self) -> None:
        """Disconnect and end the thread."""
        if self._thread.is_alive():
            self._jobs.put(None)
            os.write(self._wake_write, b"x")
            self._thread.join(TIMEOUT)
        os.close(self._wake_read)
        os.close(self._wake_write)

    @property
    def ports(self) -> dict[str, PortRecord]:
        """Rows of table Port by name, as last heard from the server."""
        return self._idl.records["Port"] if self._idl else {}

    @property
    def interfaces(self) -> dict[str, InterfaceRecord]:
        """Rows of table Interface by name, as last heard from the server."""
        return self._idl.records["Interface"] if self._idl else {}

    @property
    def bridges(self) -> dict[str, BridgeRecord]:
        """Rows of table Bridge by name, as last heard from the server."""
        return self._idl.records["Bridge"] if self._idl else {}

    def call(self, job: Callable[[], Any]) -> Any:
        """Run `job` in the connection's thread, after everything heard so far is taken in; its result."""
        future: Future[Any] = Future()
        self._jobs.put((job, future))
        os.write(self._wake_write, b"x")
        try:
            return future.result(TIMEOUT + 5)
        except TimeoutError:
            raise DriverError(f"Open vSwitch's database at {self.remote} doesn't answer") from None

    # -- used in the connection's thread, from jobs ---------------------------------------------------

    @property
    def idl(self) -> _Replica:
        """The replica."""
        if self._idl is None:
            raise DriverError(f"not connected to Open vSwitch's database at {self.remote}")
        return self._idl

    def root(self) -> Any:
        """The only row of table Open_vSwitch."""
        return next(iter(self.idl.tables["Open_vSwitch"].rows.values()))

    def bridge(self, name: str) -> Any | None:
        """The row of the bridge, or None."""
        rows = self.idl.tables["Bridge"].rows.values()
        return next((row for row in rows if row.name == name), None)

    def transact(self, build: Callable[[Any], None], comment: str) -> None:
        """Run one transaction and wait until ovs-vswitchd has taken it over.

        Args:
            build: makes the changes in the transaction it gets; called again when another client was faster.
            comment: stands in the server's log.

        Raises:
            DriverError: refused, or not taken over in time.
        """
        deadline = time.monotonic() + TIMEOUT
        while True:
            transaction = ovs.db.idl.Transaction(self.idl)
            transaction.add_comment(comment)
            build(transaction)
            root = self.root()
            root.increment("next_cfg")
            status = self._finish(transaction, deadline)
            if status == transaction.TRY_AGAIN and time.monotonic() < deadline:
                self._pump(lambda: True, deadline)
                continue
            if status == transaction.UNCHANGED:
                return
            if status != transaction.SUCCESS:
                error = transaction.get_error() if status == transaction.ERROR else status
                raise DriverError(f"Open vSwitch's database refused the change: {error}")
            expected = transaction.get_increment_new_value()
            break
        if not self._pump(lambda: self.root().cur_cfg >= expected, deadline):
            raise DriverError(f"ovs-vswitchd didn't take over the change within {TIMEOUT:.0f} s")

    def _finish(self, transaction: Any, deadline: float) -> Any:
        while True:
            status = transaction.commit()
            if status != transaction.INCOMPLETE:
                return status
            if time.monotonic() > deadline:
                transaction.abort()
                raise DriverError(f"Open vSwitch's database didn't answer within {TIMEOUT:.0f} s")
            self.idl.run()
            poller = ovs.poller.Poller()
            self.idl.wait(poller)
            transaction.wait(poller)
            poller.timer_wait(100)
            poller.block()

    def _pump(self, done: Callable[[], bool], deadline: float) -> bool:
        while True:
            self.idl.run()
            if done():
                return True
            if time.monotonic() > deadline:
                return False
            poller = ovs.poller.Poller()
            self.idl.wait(poller)
            poller.timer_wait(200)
            poller.block()

    # -- the thread -----------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            self._connect()
        except Exception as error:
            self._started.set_exception(error)
            return
        self._started.set_result(None)
        while True:
            self.idl.run()
            job = self._next_job()
            if job is not None:
                function, future = job
                try:
                    future.set_result(function())
                except Exception as error:
                    future.set_exception(error)
                continue
            if self._stopping:
                self.idl.close()
                return
            poller = ovs.poller.Poller()
            self.idl.wait(poller)
            poller.fd_wait(self._wake_read, ovs.poller.POLLIN)
            poller.block()

    def _next_job(self) -> tuple[Callable[[], Any], Future[Any]] | None:
        with contextlib.suppress(BlockingIOError):
            os.read(self._wake_read, 4096)
        try:
            job = self._jobs.get_nowait()
        except queue.Empty:
            return None
        if job is None:
            self._stopping = True
        return job

    def _connect(self) -> None:
        helper = ovs.db.idl.SchemaHelper(schema_json=self._fetch_schema())
        for table, columns in COLUMNS.items():
            helper.register_columns(table, columns)
        self._idl = _Replica(self.remote, helper)
        if not self._pump(lambda: self.idl.change_seqno > 0, time.monotonic() + TIMEOUT):
            raise DriverError(f"Open vSwitch's database at {self.remote} doesn't answer")
        if not self.idl.tables["Open_vSwitch"].rows:
            raise DriverError(f"the database at {self.remote} isn't initialised; run ovs-vsctl init")

    def _fetch_schema(self) -> Any:
        error, stream = ovs.stream.Stream.open_block(ovs.stream.Stream.open(self.remote), TIMEOUT * 1000)
        if error:
            raise DriverError(
                f"Open vSwitch's database at {self.remote} can't be reached ({os.strerror(error)}); is ovsdb-server running?"
            )
        connection = ovs.jsonrpc.Connection(stream)
        try:
            request = ovs.jsonrpc.Message.create_request("get_schema", ["Open_vSwitch"])
            error, reply = connection.transact_block(request)
        finally:
            connection.close()
        if error or reply.error:
            raise DriverError(f"the server at {self.remote} has no Open vSwitch database")
        return reply.result
