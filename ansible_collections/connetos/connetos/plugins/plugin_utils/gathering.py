# Copyright: (c) 2026, The ConnetOS automation authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a play with `gather_facts: true` runs for a switch."""

from __future__ import annotations

from ansible.constants import config

NETWORK_OS = "connetos.connetos.connetos"
FACTS_MODULE = "connetos.connetos.connetos_facts"


def make_known():
    """Tell Ansible which module gathers the facts of a switch.

    Its table has the platforms of the time when it was made; ours isn't among them. Every plugin that a connection to a
    switch loads calls this, whichever kind of connection it is.
    """
    known = config.get_configuration_definition("CONNECTION_FACTS_MODULES")
    known["default"].setdefault(NETWORK_OS, FACTS_MODULE)
