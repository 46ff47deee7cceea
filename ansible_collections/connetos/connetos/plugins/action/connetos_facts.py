# Copyright: (c) 2026, The ConnetOS automation authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Gathers facts; `plugins/modules/connetos_facts.py` documents it."""

from __future__ import annotations

from ansible_collections.connetos.connetos.plugins.module_utils.argspec import FACTS
from ansible_collections.connetos.connetos.plugins.module_utils.facts import gather
from ansible_collections.connetos.connetos.plugins.plugin_utils.base import SwitchAction


class ActionModule(SwitchAction):
    argument_spec = FACTS

    def work(self, switch, args, _task_vars, result):
        facts, warnings = gather(switch, args["gather_subset"], args["gather_network_resources"])
        result["ansible_facts"] = facts
        if warnings:
            result["warnings"] = warnings
