"""Calls XRLs: resolves them at a finder and sends them over STCP (spec/wire/xrl.md, 5.3 and 5.4).

    with XrlClient() as client:
        (status, reason) = client.call("finder://rib/common/0.1/get_status")
        replies = client.call_many([xrl] * 1000)

It speaks to XORP's own processes as well as to the agent. It doesn't register at the finder, so no target hears
of it. A target that answers several calls at once may do so in any order; calls that build on each other are
to be sent one after the other, unless the target promises an order.
"""

from connetos_sdk.transports.xrl_client.client import DEFAULT_FINDER, TIMEOUT_SECONDS, XrlClient
from connetos_sdk.transports.xrl_client.finder import Address, TargetEvent

__all__ = ["DEFAULT_FINDER", "TIMEOUT_SECONDS", "Address", "TargetEvent", "XrlClient"]
