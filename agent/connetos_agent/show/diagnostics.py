"""Ping and traceroute for people, laid out as the programs of these names do on Debian."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

IPV4_OVERHEAD_BYTES = 28
"""IPv4 header and that of ICMP or UDP."""
IPV6_OVERHEAD_BYTES = 48

_CODES = {
    "network-unreachable": "Destination Net Unreachable", "host-unreachable": "Destination Host Unreachable",
    "protocol-unreachable": "Destination Protocol Unreachable", "port-unreachable": "Destination Port Unreachable",
    "fragmentation-needed": "Frag needed and DF set", "source-route-failed": "Source Route Failed",
    "network-prohibited": "Destination Net Prohibited", "host-prohibited": "Destination Host Prohibited",
    "prohibited": "Packet filtered",
}  # fmt: skip
_KINDS = {
    "ttl-exceeded": "Time to live exceeded",
    "packet-too-big": "Packet too big",
    "parameter-problem": "Parameter problem",
}


def _overhead(address: str) -> int:
    return IPV6_OVERHEAD_BYTES if ":" in address else IPV4_OVERHEAD_BYTES


def ping_head(head: Mapping[str, Any]) -> str:
    """The first line of `ping`."""
    address, size = head["address"], head["size"]
    through = f" {head['interface']}" if head["interface"] else ""
    return (
        f"PING {head['host']} ({address}) from {head['source']}{through}: "
        f"{size}({size + _overhead(address)}) bytes of data.\n"
    )


def ping_line(probe: Mapping[str, Any]) -> str:
    """The line of one request: its answer, or that there is none."""
    sequence, outcome = probe["seq"], probe["outcome"]
    if outcome in ("reply", "duplicate"):
        again = " (DUP!)" if outcome == "duplicate" else ""
        return (
            f"{probe['bytes']} bytes from {probe['from']}: icmp_seq={sequence} ttl={probe['ttl']} "
            f"time={_time(probe['time_ms'])} ms{again}\n"
        )
    if outcome == "timeout":
        return f"no answer yet for icmp_seq={sequence}\n"
    if outcome == "not-sent":
        return f"ping: icmp_seq={sequence} can't be sent: {probe['reason']}\n"
    reason = _CODES.get(probe.get("code", ""), _KINDS.get(outcome, probe.get("code") or outcome))
    mtu = f" (mtu = {probe['mtu_bytes']})" if "mtu_bytes" in probe else ""
    return f"From {probe['from']} icmp_seq={sequence} {reason}{mtu}\n"


def ping_summary(result: Mapping[str, Any]) -> str:
    """The numbers at the end of `ping`."""
    duplicates = f" +{result['duplicates']} duplicates," if result["duplicates"] else ""
    text = (
        f"\n--- {result['host']} ping statistics ---\n"
        f"{result['sent']} packets transmitted, {result['received']} received,{duplicates} "
        f"{result['loss_percent']:g}% packet loss\n"
    )
    if result["avg_ms"] is None:
        return text
    values = "/".join(f"{result[name]:.3f}" for name in ("min_ms", "avg_ms", "max_ms", "stddev_ms"))
    return f"{text}rtt min/avg/max/stddev = {values} ms\n"


def _time(milliseconds: float) -> str:
    """As many digits as `ping` shows: three that count."""
    digits = 3 if milliseconds < 1 else 2 if milliseconds < 10 else 1 if milliseconds < 100 else 0
    return f"{milliseconds:.{digits}f}"


def trace_head(head: Mapping[str, Any]) -> str:
    """The first line of `traceroute`."""
    address = head["address"]
    return (
        f"traceroute to {head['host']} ({address}), {head['max_hops']} hops max, "
        f"{head['size'] + _overhead(address)} byte packets\n"
    )


def trace_line(hop: Mapping[str, Any]) -> str:
    """The line of one hop: each router with the times of its answers, `*` for none."""
    parts: list[str] = []
    last = ""
    for answer in hop["answers"]:
        if answer["kind"] == "timeout":
            parts.append("*")
            continue
        if answer["kind"] == "not-sent":
            parts.append(f"can't be sent: {answer['reason']}")
            continue
        if answer["address"] != last:
            last = answer["address"]
            parts.append(last)
        mark = f" {answer['flag']}" if answer.get("flag") else ""
        parts.append(f"{answer['time_ms']:.3f} ms{mark}")
    return f"{hop['ttl']:2}  {'  '.join(parts)}\n"
