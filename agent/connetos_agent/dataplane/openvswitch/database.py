"""One connection to OVSDB (RFC 7047), kept by a thread of its own.

The thread hears of every change of the few columns that matter and keeps them as plain, frozen records, which any
thread may read without waiting. Transactions end when ovs-vswitchd has taken them over (`cur_cfg`).

The records are made of the JSON as it comes. The IDL of Open vSwitch's Python library makes an object of every
single VLAN of a trunk: a commit of 1,000 VLANs on 48 ports took it ten times as long as ovs-vswitchd needs.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import os
import socket
import struct
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import Any

import orjson

from connetos_agent.dataplane.base import TIMEOUT, DriverError
from connetos_agent.dataplane.openvswitch.framing import Splitter
from connetos_agent.dataplane.openvswitch.records import (
    COLUMNS,
    BridgeRecord,
    InterfaceRecord,
    MirrorRecord,
    PortRecord,
    Records,
    configures,
)

log = logging.getLogger(__name__)

SCHEMA = "Open_vSwitch"
RECONNECT_SECONDS = 1.0
CHUNK_BYTES = 1 << 20

Operation = dict[str, Any]


class Database:
    """A connection to the OVSDB server at `remote`, such as `unix:/var/run/openvswitch/db.sock`."""

    def __init__(self, remote: str) -> None:
        self.remote = remote
        self._records = Records()
        self._socket: socket.socket | None = None
        self._ids = itertools.count(1)
        self._replies: dict[int, Future[Any]] = {}
        self._lock = threading.Lock()
        self._sending = threading.Lock()
        self._changed = threading.Condition()
        self.listeners: list[Callable[[], None]] = []
        """Called, by the connection's own thread, whenever rows changed; they must return at once."""
        self._closed = False
        self._complete = False
        self._unclaimed: list[int | None] = []
        self._transacting = False
        self.foreign: Callable[[bool], None] = lambda _reconnected: None
        """Called, in any thread, when somebody else may have changed the configuration of Open vSwitch, with whether
        that is so because the connection was made anew."""
        self._thread = threading.Thread(target=self._run, name="ovsdb", daemon=True)

    # -- connection -----------------------------------------------------------------------------------

    def open(self) -> None:
        """Connect and take in what there is.

        Raises:
            DriverError: the server doesn't answer, or isn't Open vSwitch's.
        """
        self._connect()
        self._thread.start()
        self._monitor()
        if not self._records.root:
            raise DriverError(f"the database at {self.remote} isn't initialised: run ovs-vsctl init")

    def close(self) -> None:
        """Disconnect."""
        self._closed = True
        self._hang_up()
        if self._thread.is_alive():
            self._thread.join(TIMEOUT)

    def _connect(self) -> None:
        kind, _, path = self.remote.partition(":")
        if kind != "unix":
            raise DriverError(f"{self.remote} isn't a database that can be used: give unix:/path/to/db.sock")
        sock = socket.socket(socket.AF_UNIX)
        try:
            sock.connect(path)
        except OSError as error:
            sock.close()
            reason = os.strerror(error.errno or 0)
            raise DriverError(
                f"Open vSwitch's database at {self.remote} can't be reached ({reason}); is ovsdb-server running?"
            ) from error
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", int(TIMEOUT), 0))
        self._socket = sock

    def _monitor(self) -> None:
        """Ask for what there is and for every change; the answer is taken in by the thread like any update."""
        wanted = {table: {"columns": columns} for table, columns in COLUMNS.items()}
        self._request("monitor", [SCHEMA, None, wanted])
        self._complete = True

    def _run(self) -> None:
        while not self._closed:
            try:
                self._receive()
            except Exception as error:  # a message that isn't as it should be: begin again
                if not self._closed:
                    log.error("connection to Open vSwitch's database broke: %s", error)
            self._fail_waiting()
            while not self._closed:
                time.sleep(RECONNECT_SECONDS)
                try:
                    self._connect()
                except DriverError:
                    continue
                self._records = Records()
                threading.Thread(target=self._monitor_again, daemon=True).start()
                break

    def _monitor_again(self) -> None:
        try:
            self._monitor()
            log.info("connected to Open vSwitch's database again")
            self.foreign(True)
        except DriverError as error:
            log.error("%s", error)
            self._hang_up()

    def _hang_up(self) -> None:
        """End the connection, so that the thread makes a new one."""
        sock = self._socket
        if sock is not None:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def _fail_waiting(self) -> None:
        with self._lock:
            sock, self._socket = self._socket, None
            self._complete = False
            waiting, self._replies = self._replies, {}
        if sock is not None:
            sock.close()
        for future in waiting.values():
            future.set_exception(
                DriverError(f"the connection to Open vSwitch's database at {self.remote} broke")
            )

    def _receive(self) -> None:
        sock, splitter = self._socket, Splitter()
        while sock is not None:
            chunk = sock.recv(CHUNK_BYTES)
            if not chunk:
                raise OSError("the server closed it")
            for message in splitter.feed(chunk):
                self._take(orjson.loads(message))

    def _take(self, message: Mapping[str, Any]) -> None:
        method = message.get("method")
        if method == "update":
            self._take_update(message["params"][1])
        elif method == "echo":
            self._send({"id": message["id"], "result": message["params"], "error": None})
        elif method is None:
            with self._lock:
                future = self._replies.pop(message["id"], None)
            if future is None:
                return
            result = message.get("result")
            if message.get("error") is not None:
                future.set_exception(DriverError(f"Open vSwitch's database refused: {message['error']}"))
                return
            if isinstance(result, dict):  # the answer to `monitor`: the rows that there are
                self._take_in(result)
            future.set_result(result)

    def _take_update(self, tables: Mapping[str, Any]) -> None:
        """Take in a transaction, which is ours if it made `next_cfg` what our answer will say."""
        self._take_in(tables)
        if configures(tables):
            root: dict[str, Any] = next(iter(tables.get("Open_vSwitch", {}).values()), {})
            with self._lock:
                self._unclaimed.append(root["new"]["next_cfg"] if "next_cfg" in root.get("old", {}) else None)
                waiting = self._transacting
            if not waiting:
                self._tell_foreign(None)

    def _tell_foreign(self, own: int | None) -> None:
        with self._lock:
            foreign = [number for number in self._unclaimed if number is None or number != own]
            self._unclaimed.clear()
        if foreign:
            self.foreign(False)

    def _take_in(self, tables: Mapping[str, Any]) -> None:
        with self._changed:
            self._records.update(tables)
            self._changed.notify_all()
        for listener in self.listeners:
            listener()

    def _send(self, message: Mapping[str, Any]) -> None:
        sock = self._socket
        if sock is None:
            raise DriverError(f"not connected to Open vSwitch's database at {self.remote}; trying again")
        data = orjson.dumps(message)
        try:
            with self._sending:
                sock.sendall(data)
        except OSError as error:
            self._hang_up()  # half a message may be on its way
            raise DriverError(f"the connection to Open vSwitch's database broke: {error.strerror}") from error

    def _request(self, method: str, params: Sequence[Any]) -> Any:
        number, future = next(self._ids), Future[Any]()
        with self._lock:
            self._replies[number] = future
        try:
            self._send({"id": number, "method": method, "params": params})
            return future.result(TIMEOUT)
        except TimeoutError:
            raise DriverError(
                f"Open vSwitch's database at {self.remote} didn't answer in {TIMEOUT:.0f} s"
            ) from None
        finally:
            with self._lock:  # an answer that never comes must not be waited for by the table for ever
                self._replies.pop(number, None)

    # -- reading --------------------------------------------------------------------------------------

    @property
    def ports(self) -> Mapping[str, PortRecord]:
        """Rows of table Port by name, as last heard from the server."""
        return self._records.ports

    @property
    def interfaces(self) -> Mapping[str, InterfaceRecord]:
        """Rows of table Interface by name, as last heard from the server."""
        return self._records.interfaces

    @property
    def bridges(self) -> Mapping[str, BridgeRecord]:
        """Rows of table Bridge by name, as last heard from the server."""
        return self._records.bridges

    @property
    def mirrors(self) -> Mapping[str, MirrorRecord]:
        """Rows of table Mirror by name, as last heard from the server."""
        return self._records.mirrors

    def qos_type(self, uuid: str) -> str:
        """The type of a row of table QoS; empty if there is none."""
        record = self._records.qos.get(uuid)
        return "" if record is None else record.type

    def name_of(self, uuid: str) -> str:
        """The name of the row with this UUID; empty for none."""
        return self._records.name_of(uuid)

    @property
    def root_uuid(self) -> str:
        """The only row of table Open_vSwitch."""
        return self._records.root_uuid

    def sync(self) -> None:
        """Return when everything that was committed before is in the records.

        Raises:
            DriverError: the connection is broken, or so new that the records aren't complete.
        """
        if not self._complete:
            raise DriverError(f"not connected to Open vSwitch's database at {self.remote}; trying again")
        self._request("echo", [])

    # -- changing -------------------------------------------------------------------------------------

    def transact(self, operations: Sequence[Operation], comment: str) -> None:
        """Run one transaction and wait until ovs-vswitchd has taken it over.

        Raises:
            DriverError: refused, or not taken over in time; after a refusal nothing of it was done.
        """
        counting: list[Operation] = [
            {"op": "mutate", "table": "Open_vSwitch", "where": [], "mutations": [["next_cfg", "+=", 1]]},
            {"op": "select", "table": "Open_vSwitch", "where": [], "columns": ["next_cfg"]},
            {"op": "comment", "comment": comment},
        ]
        self._transacting = True
        own = None
        try:
            results = self._request("transact", [SCHEMA, *operations, *counting])
            if not any(isinstance(result, dict) and "error" in result for result in results):
                own = results[len(operations) + 1]["rows"][0]["next_cfg"]
        finally:
            self._transacting = False
            self._tell_foreign(own)
        for result in results:
            if isinstance(result, dict) and "error" in result:
                details = result.get("details", "")
                raise DriverError(
                    f"Open vSwitch's database refused the change: {result['error']} {details}".strip()
                )
        expected = results[len(operations) + 1]["rows"][0]["next_cfg"]
        with self._changed:
            taken = self._changed.wait_for(lambda: self._records.root.get("cur_cfg", 0) >= expected, TIMEOUT)
        if not taken:
            raise DriverError(f"ovs-vswitchd didn't take over the change in {TIMEOUT:.0f} s; is it running?")
