# Copyright: (c) 2026, The ConnetOS automation authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What `connetos_facts` gathers, whether it runs as an action or as a module."""

from __future__ import annotations

from ansible_collections.connetos.connetos.plugins.module_utils.argspec import SUBSETS

try:
    from connetos_sdk.errors import NotFound, Unsupported
    from connetos_sdk.resources import RESOURCES
    from connetos_sdk.transports.rest import RestTransport
except ImportError:  # told to the user by who asks
    NotFound = Unsupported = ValueError
    RESOURCES, RestTransport = {}, object


def gather(switch, gather_subset, gather_network_resources):
    """The facts, with their names in Ansible, and a warning for each that the switch doesn't tell.

    Raises:
        ConnetosError: the switch can't be asked, or there is no such resource.
    """
    subsets, untold = _wanted(gather_subset), Untold()
    system = switch.system()
    facts = {
        "ansible_net_gather_subset": sorted(subsets),
        "ansible_net_system": "connetos",
        "ansible_net_api": "rest" if isinstance(switch.transport, RestTransport) else "cliconf",
        "ansible_net_hostname": system.hostname,
        "ansible_net_version": system.version,
        "ansible_net_model": system.model,
        "ansible_net_revision": system.revision,
        "ansible_net_troubles": list(system.troubles),
    }
    for subset in sorted(subsets - {"min"}):
        facts.update(GATHERERS[subset](switch, untold))
    if gather_network_resources:
        facts["ansible_network_resources"] = _resources(switch, gather_network_resources)
        facts["ansible_net_gather_network_resources"] = sorted(facts["ansible_network_resources"])
    return facts, untold.warnings


class Untold:
    """Asks a switch, and remembers what it doesn't tell."""

    def __init__(self):
        self.warnings = []

    def ask(self, what, read, otherwise):
        """What `read` returns; `otherwise` from a switch that doesn't tell it."""
        try:
            return read()
        except Unsupported as error:
            self.warnings.append(f"{what} left out: {error}")
            return otherwise


def _interfaces(switch, untold):
    ports = untold.ask("ports", switch.interfaces, {})
    found = {name: port.to_dict() for name, port in ports.items()}
    own = [*switch.vlan_interfaces().items(), *switch.loopbacks().items()]
    routed = {name: state.to_dict() for name, state in own}
    addresses = [address.split("/")[0] for state in routed.values() for address in state["addresses"]]
    management = switch.management()
    if management is not None and management.address:
        addresses.append(management.address.split("/")[0])
    return {
        "ansible_net_interfaces": {**found, **routed},
        "ansible_net_all_ipv4_addresses": [address for address in addresses if ":" not in address],
        "ansible_net_all_ipv6_addresses": [address for address in addresses if ":" in address],
    }


def _config(switch, untold):
    text = untold.ask("config", switch.config_text, None)
    return {} if text is None else {"ansible_net_config": text}


GATHERERS = {
    "config": _config,
    "interfaces": _interfaces,
    "vlans": lambda switch, _: {
        "ansible_net_vlans": {str(number): vlan.to_dict() for number, vlan in switch.vlans().items()}
    },
    "routes": lambda switch, _: {
        "ansible_net_routes": {prefix: route.to_dict() for prefix, route in switch.routes().items()}
    },
    "users": lambda switch, _: {
        "ansible_net_users": sorted(switch.config("system login", defaults=True).get("user", {}))
    },
}


def _wanted(given):
    """The subsets to gather; min always is one."""
    everything = set(SUBSETS) - {"all"}
    named = {name for name in given if not name.startswith("!")}
    refused = {name[1:] for name in given if name.startswith("!")}
    found = everything if "all" in named or not named else named
    return ((found - refused) if "all" not in refused else set()) | {"min"}


def _resources(switch, names):
    wanted = list(RESOURCES) if "all" in names else names
    strange = [name for name in wanted if name not in RESOURCES]
    if strange:
        raise NotFound(f"there is no resource {', '.join(strange)}", hint=f"all, {', '.join(RESOURCES)}")
    return {name: RESOURCES[name].gather(switch) for name in wanted}
