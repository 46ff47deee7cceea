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
