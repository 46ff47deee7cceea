"""`xrl-calls`, µs: reading one leaf of the running configuration, 40 calls under way.

* ours: `connetos_config/0.1/get` over one STCP connection to the agent, `XrlClient.call_many`.
* peer: the same leaf over REST, `Switch.config` over one open TLS connection, one request after the other, as
  REST clients do.

Both ask the same agent for the same value, in turn. Medians of the time per call. The note tells calls per second
one after the other and with 40 under way.
"""

from __future__ import annotations

import ctypes
import os
import time
from concurrent.futures import ThreadPoolExecutor

from benchmarks.measure import Progress, medians
from benchmarks.rig import BenchmarkError, Rig
from benchmarks.rows import Row
from connetos_sdk import Switch
from connetos_sdk.lab import Lab, Topology
from connetos_sdk.transports.xrl_client import DEFAULT_FINDER, XrlClient
from connetos_sdk.wire.xrl import Code, Xrl, txt

NAME = "xrl-calls"
AIM = 0.2
PORTS = 48
CLONE_NEWNET = 0x40000000
RUNS = 31
WARM_UP = 3
CALLS = 1000
REST_CALLS = 20
IN_FLIGHT = 40
LEAF = "vlans vlan-id 10 vlan-name"
VALUE = "bench"


def run(rig: Rig, progress: Progress) -> Row:  # noqa: ARG001 - its switch needs XRLs, so it has a rig of its own
    """Measure; see the module's description."""
    document = {
        "name": f"bench-xrl-{os.getpid()}",
        "dataplane": "openvswitch",
        "switches": {"leaf": {"ports": PORTS, "xrl": True}},
    }
    with Lab(Topology.from_document(document, "benchmarks")) as lab:
        leaf = lab.switch("leaf")
        if leaf.namespace is None:
            raise BenchmarkError("the switch has no namespace")
        with Switch(leaf.url, username=leaf.username, password=leaf.password, ca_file=leaf.ca_file) as switch:
            switch.merge(VALUE, LEAF)
            with ThreadPoolExecutor(1, initializer=_enter, initargs=(leaf.namespace,)) as inside:
                return inside.submit(_measure, switch, progress).result()


def _enter(namespace: str) -> None:
    """Move the calling thread into a network namespace: the finder listens on the switch's own loopback."""
    descriptor = os.open(f"/run/netns/{namespace}", os.O_RDONLY)
    try:
        if ctypes.CDLL(None, use_errno=True).setns(descriptor, CLONE_NEWNET):
            raise BenchmarkError(f"namespace {namespace} can't be entered: {os.strerror(ctypes.get_errno())}")
    finally:
        os.close(descriptor)


def _measure(switch: Switch, progress: Progress) -> Row:
    get = Xrl("connetos", "connetos_config/0.1/get", (txt("path", LEAF),))
    switch.config(LEAF)  # its connection, made by the caller's thread, outlives the move to the namespace
    with XrlClient(DEFAULT_FINDER) as client:
        require_equal(switch, client, get)
        ours, peer = medians(
            lambda _: client.call_many([get] * CALLS, in_flight=IN_FLIGHT),
            lambda _: [switch.config(LEAF) for _ in range(REST_CALLS)],
            runs=RUNS,
            warm_up=WARM_UP,
            progress=progress,
        )
        serial = rate(client, get)
    ours_us, peer_us = 1000 * ours / CALLS, 1000 * peer / REST_CALLS
    note = (
        f"{serial:,.0f} calls/s one after the other, {1e6 / ours_us:,.0f} calls/s with {IN_FLIGHT} under way"
    )
    return Row.compared(NAME, ours_us, peer_us, "µs", AIM, note=note)


def require_equal(switch: Switch, client: XrlClient, get: Xrl) -> None:
    """Make sure that both ways tell the same value.

    Raises:
        BenchmarkError: they don't.
    """
    (value,) = client.call(get)
    if value.value != f'"{VALUE}"' or switch.config(LEAF) != VALUE:
        raise BenchmarkError(f"XRL says {value.value!r}, REST says {switch.config(LEAF)!r}")


def rate(client: XrlClient, xrl: Xrl, calls: int = 2000) -> float:
    """Calls per second, one after the other."""
    begin = time.perf_counter()
    for _ in range(calls):
        if client.send(xrl).code is not Code.OKAY:
            raise BenchmarkError("a call failed")
    return calls / (time.perf_counter() - begin)
