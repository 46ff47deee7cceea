# Copyright: (c) 2026, The ConnetOS automation authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# Made by tools/ansible_modules.py from the configuration model: change it there.
"""Argument specifications of operations of the switch."""

from __future__ import annotations

OPERATIONS = {
    "ping": {
        "host": {"type": "str", "required": True, "aliases": ["dest"]},
        "count": {"type": "int"},
        "interval_ms": {"type": "int"},
        "timeout_ms": {"type": "int"},
        "size": {"type": "int"},
        "ttl": {"type": "int"},
        "tos": {"type": "int"},
        "source": {"type": "str"},
        "interface": {"type": "str"},
        "family": {"type": "str", "choices": ["any", "ipv4", "ipv6"]},
        "dont_fragment": {"type": "bool"},
    },
    "traceroute": {
        "host": {"type": "str", "required": True, "aliases": ["dest"]},
        "protocol": {"type": "str", "choices": ["udp", "icmp"]},
        "first_ttl": {"type": "int"},
        "max_hops": {"type": "int"},
        "queries": {"type": "int"},
        "timeout_ms": {"type": "int"},
        "port": {"type": "int"},
        "source_port": {"type": "int"},
        "vary_port": {"type": "bool"},
        "size": {"type": "int"},
        "source": {"type": "str"},
        "interface": {"type": "str"},
        "family": {"type": "str", "choices": ["any", "ipv4", "ipv6"]},
    },
}
