"""`xrl-calls`, µs: reading one leaf of the running configuration, 40 calls under way.

* ours: `connetos_config/0.1/get` over one STCP connection to the agent, `XrlClient.call_many`.
* peer: the same leaf over REST, `Switch.config` over one open TLS connection, one request after the other, as
  REST clients do.

Both ask the same agent for the same value, in turn. Medians of the time per call. The note tells calls per second
one after the other and with 40 under way.
"""

from __future__ import annotations

import time

from benchmarks.measure import Progress, medians
from benchmarks.rig import BenchmarkError, Rig
from benchmarks.rows import Row
from connetos_sdk.transports.xrl_client import DEFAULT_FINDER, Address, XrlClient
from connetos_sdk.wire.xrl import Code, Xrl, txt

NAME = "xrl-calls"
AIM = 0.2
RUNS = 31
WARM_UP = 3
CALLS = 1000
REST_CALLS = 20
IN_FLIGHT = 40
LEAF = "vlans vlan-id 10 vlan-name"
VALUE = "bench"


def run(rig: Rig, progress: Progress, finder: Address = DEFAULT_FINDER) -> Row:
    """Measure; see the module's description. `finder` is the address of the agent's finder."""
    rig.reset()
    rig.sdk.merge(VALUE, LEAF)
    get = Xrl("connetos", "connetos_config/0.1/get", (txt("path", LEAF),))
    with XrlClient(finder) as client:
        require_equal(rig, client, get)
        ours, peer = medians(
            lambda _: client.call_many([get] * CALLS, in_flight=IN_FLIGHT),
            lambda _: [rig.sdk.config(LEAF) for _ in range(REST_CALLS)],
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


def require_equal(rig: Rig, client: XrlClient, get: Xrl) -> None:
    """Make sure that both ways tell the same value.

    Raises:
        BenchmarkError: they don't.
    """
    (value,) = client.call(get)
    if value.value != f'"{VALUE}"' or rig.sdk.config(LEAF) != VALUE:
        raise BenchmarkError(f"XRL says {value.value!r}, REST says {rig.sdk.config(LEAF)!r}")


def rate(client: XrlClient, xrl: Xrl, calls: int = 2000) -> float:
    """Calls per second, one after the other."""
    begin = time.perf_counter()
    for _ in range(calls):
        if client.send(xrl).code is not Code.OKAY:
            raise BenchmarkError("a call failed")
    return calls / (time.perf_counter() - begin)
