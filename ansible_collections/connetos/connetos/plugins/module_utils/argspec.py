# Copyright: (c) 2026, The ConnetOS automation authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Argument specifications: each is written once, for the module that documents it and the action that works."""

from __future__ import annotations

CONNECTION = {
    "connetos_url": {"type": "str"},
    "connetos_username": {"type": "str"},
    "connetos_password": {"type": "str", "no_log": True},
    "connetos_ca_file": {"type": "path"},
    "connetos_verify": {"type": "bool", "default": True},
    "connetos_timeout": {"type": "int", "default": 60},
}

CONFIG = {
    "lines": {"type": "list", "elements": "str"},
    "document": {"type": "dict"},
    "src": {"type": "path"},
    "path": {"type": "str"},
    "state": {"type": "str", "choices": ["merged", "replaced"], "default": "merged"},
    "comment": {"type": "str", "default": ""},
    "confirm": {"type": "int"},
    "confirm_commit": {"type": "bool", "default": False},
    "save": {"type": "bool", "default": False},
}
CONFIG_EXCLUSIVE = [["lines", "document", "src"], ["lines", "path"], ["src", "path"]]

COMMAND = {
    "commands": {"type": "list", "elements": "str", "required": True},
    "wait_for": {
        "type": "list",
        "elements": "dict",
        "options": {
            "result": {"type": "int", "default": 0},
            "contains": {"type": "str"},
            "lacks": {"type": "str"},
        },
    },
    "retries": {"type": "int", "default": 10},
    "interval": {"type": "float", "default": 1.0},
}

SUBSETS = ["all", "min", "config", "interfaces", "vlans", "routes", "users"]
FACTS = {
    "gather_subset": {
        "type": "list",
        "elements": "str",
        "default": ["min", "interfaces"],
        "choices": [*SUBSETS, *["!" + name for name in SUBSETS]],
    },
    "gather_network_resources": {"type": "list", "elements": "str"},
}

ROLLBACK = {
    "rollback": {"type": "int"},
    "revision": {"type": "int"},
    "cancel_confirmed": {"type": "bool", "default": False},
    "comment": {"type": "str", "default": ""},
    "confirm": {"type": "int"},
}
ROLLBACK_EXCLUSIVE = [["rollback", "revision", "cancel_confirmed"]]

FABRIC = {
    "lines": {"type": "raw"},
    "documents": {"type": "dict"},
    "hosts": {"type": "list", "elements": "str"},
    "comment": {"type": "str", "default": ""},
    "confirm": {"type": "int", "default": 120},
    "checks": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "host": {"type": "str", "required": True},
            "command": {"type": "str"},
            "contains": {"type": "str"},
            "state": {"type": "str"},
            "equals": {"type": "raw"},
        },
        "required_together": [["command", "contains"], ["state", "equals"]],
        "required_one_of": [["command", "state"]],
        "mutually_exclusive": [["command", "state"]],
    },
}
FABRIC_EXCLUSIVE = [["lines", "documents"]]
FABRIC_ONE_OF = [["lines", "documents"]]

RESOURCE = {
    "state": {
        "type": "str",
        "choices": ["merged", "replaced", "overridden", "deleted", "gathered", "rendered", "parsed"],
        "default": "merged",
    },
    "running_config": {"type": "str"},
    "comment": {"type": "str", "default": ""},
    "confirm": {"type": "int"},
}
RESOURCE_REQUIRED_IF = [
    ["state", "merged", ["config"]],
    ["state", "replaced", ["config"]],
    ["state", "overridden", ["config"]],
    ["state", "rendered", ["config"]],
    ["state", "parsed", ["running_config"]],
]
