# Copyright: (c) 2026, The ConnetOS automation authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Argument specifications: each is written once, for the module that documents it and the action that works."""

from __future__ import annotations

from ansible_collections.connetos.connetos.plugins.module_utils.operation_specs import OPERATIONS

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
    "purge": {"type": "list", "elements": "str", "default": []},
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
    "purge": {"type": "list", "elements": "str", "default": []},
    "hosts": {"type": "list", "elements": "str"},
    "comment": {"type": "str", "default": ""},
    "confirm": {"type": "int", "default": 120},
    "cabling": {"type": "list", "elements": "list"},
    "pings": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "host": {"type": "str", "required": True},
            "address": {"type": "str", "required": True},
            "source": {"type": "str", "default": ""},
        },
    },
    "flows": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "source": {"type": "str", "required": True},
            "destination": {"type": "str", "required": True},
            "protocol": {"type": "str", "default": "tcp"},
            "source_port": {"type": "int", "default": 40000},
            "destination_port": {"type": "int", "default": 443},
        },
    },
    "settle": {"type": "int", "default": 30},
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
FABRIC_EXCLUSIVE = [["lines", "documents"], ["lines", "purge"]]
FABRIC_ONE_OF = [["lines", "documents"]]

BACKUP = {
    "folder": {"type": "path", "required": True},
    "state": {"type": "str", "choices": ["saved", "restored"], "default": "saved"},
    "form": {"type": "str", "choices": ["text", "set", "json"], "default": "text"},
    "secrets": {"type": "bool", "default": False, "no_log": False},
    "comment": {"type": "str", "default": ""},
    "author": {"type": "str", "default": "ConnetOS backup <backup@localhost>"},
    "push": {"type": "bool", "default": False},
    "version": {"type": "str", "default": "HEAD"},
    "confirm": {"type": "int", "default": 120},
    "hosts": {"type": "list", "elements": "str"},
}

PING = {
    **OPERATIONS["ping"],
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "max_loss": {"type": "float", "default": 0.0},
}

TRACEROUTE = {
    **OPERATIONS["traceroute"],
    "must_reach": {"type": "bool", "default": True},
    "through": {"type": "list", "elements": "str", "default": []},
}

NAVMESH = {
    "source": {"type": "str", "required": True},
    "destination": {"type": "str", "required": True},
    "protocol": {"type": "str", "default": "tcp"},
    "source_port": {"type": "int", "default": 40000},
    "destination_port": {"type": "int", "default": 443},
    "one_way": {"type": "bool", "default": False},
    "expected": {"type": "str", "choices": ["delivered", "not-delivered", "any"], "default": "delivered"},
    "hosts": {"type": "list", "elements": "str"},
    "links": {"type": "list", "elements": "list"},
    "attached": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "name": {"type": "str", "required": True},
            "port": {"type": "str", "required": True},
            "address": {"type": "str", "default": ""},
            "gateway": {"type": "str", "default": ""},
            "mac": {"type": "str", "default": ""},
        },
    },
}

PACKAGE = {
    "name": {"type": "list", "elements": "str", "default": [], "aliases": ["package", "pkg"]},
    "file": {"type": "list", "elements": "path", "default": []},
    "state": {"type": "str", "choices": ["present", "latest", "absent", "purged"], "default": "present"},
    "rollback": {"type": "int"},
    "hold": {"type": "bool"},
    "update": {"type": "bool", "default": False},
    "recommends": {"type": "bool", "default": False},
    "downgrade": {"type": "bool", "default": False},
    "full": {"type": "bool", "default": False},
    "force": {"type": "bool", "default": False},
    "health": {"type": "int", "default": 60},
    "timeout": {"type": "int", "default": 1800},
}

PACKAGE_REPOSITORY = {
    "name": {"type": "str", "required": True},
    "uris": {"type": "list", "elements": "str"},
    "suites": {"type": "list", "elements": "str"},
    "components": {"type": "list", "elements": "str", "default": []},
    "key": {"type": "str", "no_log": False},
    "key_file": {"type": "path", "no_log": False},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
}
PACKAGE_REPOSITORY_EXCLUSIVE = [["key", "key_file"]]
PACKAGE_REPOSITORY_REQUIRED_IF = [
    ["state", "present", ["uris", "suites"]],
    ["state", "present", ["key", "key_file"], True],
]

ATP = {
    "plan": {"type": "path", "required": True},
    "dest": {"type": "path", "required": True},
}

LAB = {
    "topology": {"type": "path"},
    "name": {"type": "str"},
    "state": {"type": "str", "choices": ["up", "down", "restarted"], "default": "up"},
    "switches": {"type": "list", "elements": "str", "default": []},
    "reboot": {"type": "bool", "default": False},
}
LAB_EXCLUSIVE = [["topology", "name"]]
LAB_ONE_OF = [["topology", "name"]]

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
