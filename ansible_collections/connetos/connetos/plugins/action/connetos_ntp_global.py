# Copyright: (c) 2026, The ConnetOS automation authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# Made by tools/ansible_modules.py from the configuration model: change it there.
"""See `plugins/modules/connetos_ntp_global.py`."""

from __future__ import annotations

from ansible_collections.connetos.connetos.plugins.plugin_utils.resource import ResourceAction


class ActionModule(ResourceAction):
    resource = "ntp_global"
