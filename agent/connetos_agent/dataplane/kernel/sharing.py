"""How next hops of equal metric share the load (Linux, Documentation/networking/ip-sysctl.rst: fib_multipath_hash_*)."""

from __future__ import annotations

from pathlib import Path

from connetos_agent.dataplane.states.switching import EcmpHash

POLICY, FIELDS, SEED = "fib_multipath_hash_policy", "fib_multipath_hash_fields", "fib_multipath_hash_seed"
FIVE_TUPLE, CHOSEN_FIELDS = "1", "3"
BITS = {"ip-protocol": 0x4, "source-ip": 0x1, "dest-ip": 0x2, "l4-source-port": 0x10, "l4-dest-port": 0x20}
"""Bits of outer headers, in the documented order of keys; those of inner ones are `INNER` places further left."""
INNER = 6
_PLACE = Path("/proc/sys/net/ipv4")


def refuse(want: EcmpHash) -> str:
    """Why the kernel can't choose next hops so; empty if it can."""
    unknown = [key for key in want.keys if key not in BITS]
    if unknown:
        return f"a next hop is chosen after the frame's header is gone: {unknown[0]} can't be a key"
    if not want.keys:
        return "at least one key must be enabled"
    if want.algorithm and not (_PLACE / SEED).exists():
        return "this kernel has one hash only (Linux 6.11 knows more)"
    return ""


def observe() -> EcmpHash | None:
    """How the kernel shares the load; None for its five-tuple hash, the default."""
    policy, fields = _read(POLICY), int(_read(FIELDS) or "0")
    if policy != CHOSEN_FIELDS:
        return None
    tunnel = "outer" if fields & ((1 << INNER) - 1) else "inner"
    bits = fields if tunnel == "outer" else fields >> INNER
    seed = _read(SEED).split()
    return EcmpHash(tuple(key for key in BITS if bits & BITS[key]), int(seed[0]) if seed else 0, tunnel)


def apply(want: EcmpHash | None) -> None:
    """Let the kernel share the load so.

    Raises:
        OSError: it refuses.
    """
    if want is not None:
        bits = sum(BITS[key] for key in want.keys) << (0 if want.tunnel == "outer" else INNER)
        _write(FIELDS, str(bits))
    if (_PLACE / SEED).exists():
        _write(SEED, str(want.algorithm if want else 0))
    _write(POLICY, FIVE_TUPLE if want is None else CHOSEN_FIELDS)


def _read(name: str) -> str:
    try:
        return (_PLACE / name).read_text("ascii").strip()
    except OSError:
        return ""


def _write(name: str, value: str) -> None:
    (_PLACE / name).write_text(value, "ascii")
