# Copyright: (c) 2026, The ConnetOS automation authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# Made by tools/ansible_modules.py from the configuration model: change it there.
"""Argument specifications of the resource modules."""

from __future__ import annotations

REQUIRED_IF = [
    ["state", "merged", ["config"]],
    ["state", "replaced", ["config"]],
    ["state", "overridden", ["config"]],
    ["state", "rendered", ["config"]],
    ["state", "parsed", ["running_config"]],
]

SPECS = {
    "vlans": {
        "config": {
            "type": "list",
            "elements": "dict",
            "options": {
                "vlan_id": {"type": "str", "required": True},
                "description": {"type": "str"},
                "vlan_name": {"type": "str"},
                "l3_interface": {"type": "str"},
            },
        },
        "state": {
            "type": "str",
            "choices": ["merged", "replaced", "overridden", "deleted", "gathered", "rendered", "parsed"],
            "default": "merged",
        },
        "running_config": {"type": "str"},
        "comment": {"type": "str", "default": ""},
        "confirm": {"type": "int"},
    },
    "interfaces": {
        "config": {
            "type": "list",
            "elements": "dict",
            "options": {
                "interface_name": {"type": "str", "required": True},
                "description": {"type": "str"},
                "enable": {"type": "bool"},
                "mtu": {"type": "int"},
            },
        },
        "state": {
            "type": "str",
            "choices": ["merged", "replaced", "overridden", "deleted", "gathered", "rendered", "parsed"],
            "default": "merged",
        },
        "running_config": {"type": "str"},
        "comment": {"type": "str", "default": ""},
        "confirm": {"type": "int"},
    },
    "l2_interfaces": {
        "config": {
            "type": "list",
            "elements": "dict",
            "options": {
                "interface_name": {"type": "str", "required": True},
                "native_vlan_id": {"type": "int"},
                "port_mode": {"type": "str", "choices": ["access", "trunk"]},
                "vlan": {"type": "dict", "options": {"members": {"type": "list", "elements": "str"}}},
            },
        },
        "state": {
            "type": "str",
            "choices": ["merged", "replaced", "overridden", "deleted", "gathered", "rendered", "parsed"],
            "default": "merged",
        },
        "running_config": {"type": "str"},
        "comment": {"type": "str", "default": ""},
        "confirm": {"type": "int"},
    },
    "l3_interfaces": {
        "config": {
            "type": "list",
            "elements": "dict",
            "options": {
                "l3_interface_name": {"type": "str", "required": True},
                "address": {
                    "type": "list",
                    "elements": "dict",
                    "options": {
                        "vif_ip_address": {"type": "str", "required": True},
                        "prefix_length": {"type": "int"},
                    },
                },
                "description": {"type": "str"},
                "mtu": {"type": "int"},
            },
        },
        "state": {
            "type": "str",
            "choices": ["merged", "replaced", "overridden", "deleted", "gathered", "rendered", "parsed"],
            "default": "merged",
        },
        "running_config": {"type": "str"},
        "comment": {"type": "str", "default": ""},
        "confirm": {"type": "int"},
    },
    "static_routes": {
        "config": {
            "type": "list",
            "elements": "dict",
            "options": {
                "route_prefix": {"type": "str", "required": True},
                "metric": {"type": "int"},
                "next_hop": {"type": "str"},
                "qualified_next_hop": {
                    "type": "list",
                    "elements": "dict",
                    "options": {
                        "qualified_next_hop": {"type": "str", "required": True},
                        "metric": {"type": "int"},
                    },
                },
            },
        },
        "state": {
            "type": "str",
            "choices": ["merged", "replaced", "overridden", "deleted", "gathered", "rendered", "parsed"],
            "default": "merged",
        },
        "running_config": {"type": "str"},
        "comment": {"type": "str", "default": ""},
        "confirm": {"type": "int"},
    },
    "user": {
        "config": {
            "type": "list",
            "elements": "dict",
            "options": {
                "user_name": {"type": "str", "required": True},
                "authentication": {
                    "type": "dict",
                    "options": {
                        "plain_text_password": {"type": "str", "no_log": True},
                        "encrypted_password": {"type": "str", "no_log": True},
                    },
                },
                "class": {"type": "str", "choices": ["read-only", "super-user"]},
            },
        },
        "state": {
            "type": "str",
            "choices": ["merged", "replaced", "overridden", "deleted", "gathered", "rendered", "parsed"],
            "default": "merged",
        },
        "running_config": {"type": "str"},
        "comment": {"type": "str", "default": ""},
        "confirm": {"type": "int"},
    },
    "system": {
        "config": {"type": "dict", "options": {"hostname": {"type": "str"}}},
        "state": {
            "type": "str",
            "choices": ["merged", "replaced", "overridden", "deleted", "gathered", "rendered", "parsed"],
            "default": "merged",
        },
        "running_config": {"type": "str"},
        "comment": {"type": "str", "default": ""},
        "confirm": {"type": "int"},
    },
}
