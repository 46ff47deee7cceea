# Copyright: (c) 2026, The ConnetOS automation authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: connetos
author: The ConnetOS automation authors (!UNKNOWN)
short_description: ConnetOS switches of a lab, of a plan, or found by LLDP
description:
  - The switches of a lab that is up, of a plan for auto provision, or those that are found by LLDP from a few that are
    known. The name of the file ends with C(connetos.yml) or C(connetos.yaml).
  - All are in the group C(switches). The cables between them are the group's variable C(connetos_links), as
    M(connetos.connetos.connetos_navmesh) wants them.
  - Switches of a plan are in a group for each role, too, and have its variables in C(connetos_variables).
version_added: 0.1.0
options:
  plugin:
    description:
      - The name of this plugin.
    type: str
    required: true
    choices: [connetos.connetos.connetos]
  lab:
    description:
      - Name of a lab that is up, or path of its topology file (which has a C(/) or ends with C(.yaml)).
    type: str
  plan:
    description:
      - Plan of a fabric (YAML), as for M(connetos.connetos.connetos_atp).
    type: path
  seeds:
    description:
      - Switches to begin with, as names, addresses or URLs.
    type: list
    elements: str
    default: []
  networks:
    description:
      - Networks in which neighbours of O(seeds) are asked, such as C(198.18.255.0/24). To ask means to send the
        password, and whoever is plugged into a switch can advertise an address. Without networks only the seeds are asked.
    type: list
    elements: str
    default: []
  limit:
    description:
      - How many switches are asked at most.
    type: int
    default: 1000
  connetos_username:
    description:
      - User on the switches, for O(seeds).
    type: str
    env:
      - name: CONNETOS_USERNAME
  connetos_password:
    description:
      - Password of that user. It isn't put into the inventory.
    type: str
    env:
      - name: CONNETOS_PASSWORD
  connetos_ca_file:
    description:
      - Certificates (PEM) to trust, for O(seeds).
    type: path
    env:
      - name: CONNETOS_CA_FILE
  connetos_verify:
    description:
      - Whether to check certificates, for O(seeds).
    type: bool
    default: true
  connetos_timeout:
    description:
      - Seconds to wait for an answer, for O(seeds).
    type: int
    default: 20
requirements:
  - connetos-sdk in the Python environment of the controller
"""

EXAMPLES = r"""
# lab.connetos.yml
plugin: connetos.connetos.connetos
lab: two-leaf

# rack.connetos.yml
plugin: connetos.connetos.connetos
plan: rack.yaml

# fabric.connetos.yml
plugin: connetos.connetos.connetos
seeds: [leaf1.example.org, leaf2.example.org]
networks: [198.18.255.0/24]
connetos_username: ops
connetos_ca_file: switches.pem
"""

import os  # noqa: E402
import sys  # noqa: E402

from ansible.errors import AnsibleParserError  # noqa: E402
from ansible.plugins.inventory import BaseInventoryPlugin  # noqa: E402
from ansible_collections.connetos.connetos.plugins.module_utils.access import connect, default_url  # noqa: E402
from ansible_collections.connetos.connetos.plugins.module_utils.argspec import CONNECTION  # noqa: E402

try:
    from connetos_sdk.atp import Plan
    from connetos_sdk.discovery import discover
    from connetos_sdk.errors import ConnetosError
    from connetos_sdk.lab import Lab, LabError, Topology

    MISSING = ""
except ImportError as error:
    Plan = discover = Lab = Topology = None
    ConnetosError = LabError = ValueError
    MISSING = str(error)

NAME = "connetos.connetos.connetos"
GROUP = "switches"
SOURCES = ("lab", "plan", "seeds")


class InventoryModule(BaseInventoryPlugin):
    NAME = NAME

    def verify_file(self, path):
        return super().verify_file(path) and path.endswith(("connetos.yml", "connetos.yaml"))

    def parse(self, inventory, loader, path, cache=True):
        super().parse(inventory, loader, path, cache)
        if MISSING:
            raise AnsibleParserError(f"the Python package connetos-sdk is needed here: {MISSING}")
        self._read_config_data(path)
        given = [source for source in SOURCES if self.get_option(source)]
        if len(given) != 1:
            raise AnsibleParserError(
                f"{path}: give one of {', '.join(SOURCES)}, not {', '.join(given) or 'none'}"
            )
        self.inventory.add_group(GROUP)
        self.inventory.set_variable(GROUP, "ansible_connection", NAME)
        self.inventory.set_variable(GROUP, "ansible_network_os", NAME)
        self.inventory.set_variable(GROUP, "ansible_python_interpreter", sys.executable)
        try:
            links = getattr(self, f"_from_{given[0]}")(os.path.dirname(path))
        except (ConnetosError, LabError) as error:
            raise AnsibleParserError(f"{path}: {error}") from error
        self.inventory.set_variable(GROUP, "connetos_links", [[str(link.a), str(link.b)] for link in links])

    def _from_lab(self, folder):
        given = self.get_option("lab")
        is_file = "/" in given or given.endswith((".yaml", ".yml"))
        lab = Lab(Topology.load(os.path.join(folder, given))) if is_file else Lab.named(given)
        for switch in lab.switches:
            access = {"url": switch.url, "username": switch.username, "password": switch.password}
            self._add(switch.name, {**access, "ca_file": str(switch.ca_file)})
        return lab.topology.links

    def _from_plan(self, folder):
        plan = Plan.load(os.path.join(folder, self.get_option("plan")))
        for switch in plan.switches.values():
            role = plan.roles[switch.role]
            self._add(switch.name, {"variables": {**plan.variables, **role.variables, **switch.variables}})
            self.inventory.set_variable(switch.name, "ansible_host", str(switch.management.ip))
            self.inventory.add_child(self.inventory.add_group(switch.role), switch.name)
        return plan.links

    def _from_seeds(self, _folder):
        access = {name: self.get_option(name) for name in CONNECTION if name != "connetos_url"}

        def at(where):
            try:
                return connect({"connetos_url": _url(where), **access})
            except ValueError as error:
                raise AnsibleParserError(str(error)) from error

        networks, limit = self.get_option("networks"), self.get_option("limit")
        found = discover(self.get_option("seeds"), at, networks=networks, limit=limit)
        for name, where in found.switches.items():
            self._add(name, {"url": _url(where)})
        for where, reason in found.cabling.silent.items():
            self.display.warning(f"{where} isn't in the inventory: {reason}")
        for doubt in found.cabling.doubts:
            self.display.warning(doubt.reason)
        return found.cabling.links

    def _add(self, name, variables):
        self.inventory.add_host(name, group=GROUP)
        for word, value in variables.items():
            self.inventory.set_variable(name, f"connetos_{word}", value)


def _url(where):
    return where if "://" in where else default_url(where)
