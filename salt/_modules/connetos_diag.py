"""
Diagnostics of a ConnetOS switch: what it can reach, which way a flow goes, what it counts, drops and has logged.
"""

from connetos_sdk.drops import drop_counters, dropped_since
from connetos_sdk.integrations.salt import switch_of
from connetos_sdk.navmesh.flow import FiveTuple

__proxyenabled__ = ["connetos"]


def ping(host, **options):
    """
    Send ICMP echo requests from the switch.

    options
        ``count``, ``interval_ms``, ``timeout_ms``, ``size``, ``ttl``, ``tos``, ``source``, ``interface``, ``family``,
        ``dont_fragment``.

    .. code-block:: bash

        salt leaf1 connetos_diag.ping 198.18.10.2 count=3
    """
    with switch_of(__opts__) as switch:
        return switch.ping(host, **_given(options)).to_dict()


def traceroute(host, **options):
    """
    Find the routers on the way from the switch to a host.

    options
        ``protocol``, ``first_ttl``, ``max_hops``, ``queries``, ``timeout_ms``, ``port``, ``source_port``,
        ``vary_port``, ``size``, ``source``, ``interface``, ``family``.

    .. code-block:: bash

        salt leaf1 connetos_diag.traceroute 198.18.10.2 max_hops=5
    """
    with switch_of(__opts__) as switch:
        return switch.traceroute(host, **_given(options)).to_dict()


def navmesh(source, destination, protocol="icmp", source_port=0, destination_port=0, live=False, **frame):
    """
    Where a flow goes through the switch, or why it stops there.

    live
        Look at the traffic of the last seconds, too.
    frame
        What is known of the frame: ``ingress_port``, ``ingress_vlan``, ``source_mac``, ``destination_mac``, ``ttl``.

    .. code-block:: bash

        salt leaf1 connetos_diag.navmesh 198.18.10.1 198.18.10.2 tcp 40000 443
    """
    with switch_of(__opts__) as switch:
        flow = FiveTuple(source, destination, protocol, source_port, destination_port)
        return switch.navmesh(flow, live=live, **_given(frame)).to_dict()


def what_if(*lines, flows=None, recent=True):
    """
    Which flows would go another way, stop, or get there at last, if ``set`` and ``delete`` lines were committed.

    flows
        Flows to look at: mappings with ``source``, ``destination``, ``protocol`` (``tcp``), ``source_port`` and
        ``destination_port``.
    recent
        Look at the traffic of the last seconds, too.

    .. code-block:: bash

        salt leaf1 connetos_diag.what_if 'delete vlans vlan-id 10'
    """
    with switch_of(__opts__) as switch:
        looked_at = [FiveTuple(**flow) for flow in flows or []]
        with switch.configure() as candidate:
            candidate.lines("\n".join(map(str, lines)))
            found = candidate.what_if(looked_at, recent=recent)
            candidate.close()
        return found.to_dict()


def capture(interface, path, **options):
    """
    Capture frames of a port into a pcap file of this minion.

    options
        ``vlan``, ``filter``, ``direction``, ``count``, ``seconds``, ``max_bytes``, ``frame_bytes``.

    .. code-block:: bash

        salt leaf1 connetos_diag.capture te-1/1/3 /var/tmp/leaf1.pcap count=100 seconds=10
    """
    with switch_of(__opts__) as switch:
        return switch.capture(interface, path, **_given(options)).to_dict()


def counters():
    """
    Counters of ports, aggregates and VLAN interfaces since they were cleared, all of the same moment.

    .. code-block:: bash

        salt leaf1 connetos_diag.counters
    """
    with switch_of(__opts__) as switch:
        return switch.counters()


def clear_counters(interface=None):
    """
    Count from zero again, at one interface or all; returns at how many that was.

    .. code-block:: bash

        salt leaf1 connetos_diag.clear_counters te-1/1/1
    """
    with switch_of(__opts__) as switch:
        return switch.clear_counters(interface)


def drops():
    """
    Packets that interfaces and terms of filters have dropped since their counters were cleared.

    .. code-block:: bash

        salt leaf1 connetos_diag.drops
    """
    with switch_of(__opts__) as switch:
        return [one.to_dict() for one in dropped_since({}, drop_counters(switch))]


def log(rows=100):
    """
    The newest lines of the switch's log, oldest first.

    .. code-block:: bash

        salt leaf1 connetos_diag.log rows=20
    """
    with switch_of(__opts__) as switch:
        return switch.log(rows)


def tech_support():
    """
    A report for support, without secrets.

    .. code-block:: bash

        salt leaf1 connetos_diag.tech_support
    """
    with switch_of(__opts__) as switch:
        return switch.tech_support()


def _given(options):
    """Options without what Salt adds to keyword arguments."""
    return {name: value for name, value in options.items() if not name.startswith("__")}
