# Copyright: (c) 2026, The ConnetOS automation authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Configuration text and ranges of VLANs and ports; each filter is documented in the file of its name."""

from __future__ import annotations

from collections.abc import Mapping

from ansible.errors import AnsibleFilterError
from ansible_collections.connetos.connetos.plugins.plugin_utils.plain import plain

try:
    from connetos_sdk.errors import ConnetosError
    from connetos_sdk.leaf_spine import OWNED, LeafSpine
    from connetos_sdk.model import tree
    from connetos_sdk.model.curly import format_curly, format_difference
    from connetos_sdk.model.ranges import (
        compress_numbers,
        compress_ports,
        expand_numbers,
        expand_ports,
        port_order,
    )
    from connetos_sdk.model.setlines import format_difference as format_line_difference
    from connetos_sdk.model.setlines import format_set
    from connetos_sdk.model.text import parse_document
    from connetos_sdk.resources import RESOURCES

    MISSING = ""
except ImportError as error:
    ConnetosError, MISSING, RESOURCES = ValueError, str(error), {}

VLANS = (1, 4094)
TEXTS = ("text", "set")


def from_config(text):
    """See `from_config.yml`."""
    return parse_document(_text(text))


def to_config(document, form="text"):
    """See `to_config.yml`."""
    _one_of("form", form, TEXTS)
    return (format_curly if form == "text" else format_set)(_document(document))


def config_diff(old, new, form="text"):
    """See `config_diff.yml`."""
    _one_of("form", form, TEXTS)
    return (format_difference if form == "text" else format_line_difference)(_document(old), _document(new))


def expand_vlans(ranges):
    """See `expand_vlans.yml`."""
    return sorted({number for text in _listed(ranges) for number in expand_numbers(text, *VLANS)})


def compress_vlans(numbers):
    """See `compress_vlans.yml`."""
    return ",".join(compress_numbers(expand_vlans(numbers)))


def expand_interfaces(ranges):
    """See `expand_interfaces.yml`."""
    found = {
        name for text in _listed(ranges) for word in text.split(",") for name in expand_ports(word.strip())
    }
    return sorted(found, key=port_order)


def compress_interfaces(names):
    """See `compress_interfaces.yml`."""
    return compress_ports(expand_interfaces(names))


def resource_config(config, resource):
    """See `resource_config.yml`."""
    _one_of("resource", resource, RESOURCES)
    return RESOURCES[resource].configuration(_entries(plain(config)))


def leaf_spine(description):
    """See `leaf_spine.yml`."""
    fabric = LeafSpine.of(plain(description))
    return {
        "documents": fabric.documents(),
        "purge": list(OWNED),
        "cabling": [[str(link.a), str(link.b)] for link in fabric.links],
        "pings": [
            {"host": ping.switch, "address": ping.address, "source": ping.source} for ping in fabric.pings()
        ],
    }


FILTERS = (
    from_config,
    to_config,
    config_diff,
    resource_config,
    leaf_spine,
    expand_vlans,
    compress_vlans,
    expand_interfaces,
    compress_interfaces,
)


class FilterModule:
    """The filters by name."""

    def filters(self):
        return {one.__name__: _told(one) for one in FILTERS}


def _told(work):
    """`work`, whose errors are those that Ansible tells with the place in the playbook."""

    def run(value, *args, **kwargs):
        if MISSING:
            raise AnsibleFilterError(f"the Python package connetos-sdk is needed here: {MISSING}")
        try:
            return work(value, *args, **kwargs)
        except (ConnetosError, ValueError) as error:
            raise AnsibleFilterError(f"{work.__name__}: {error}") from error

    return run


def _document(value):
    """A checked document from data or from text."""
    return tree.check(plain(value)) if isinstance(value, Mapping) else parse_document(_text(value))


def _entries(value):
    """Entries, given as one or as a list of them."""
    entries = [value] if isinstance(value, Mapping) else value
    if not isinstance(entries, (list, tuple)) or not all(isinstance(one, Mapping) for one in entries):
        raise AnsibleFilterError(f"options of a resource module are wanted, not {value!r}")
    return entries


def _text(value):
    if not isinstance(value, str):
        raise AnsibleFilterError(f"configuration text is wanted, not {type(value).__name__}")
    return str(value)


def _listed(value):
    """Ranges, given as one text, one number, or a list of both."""
    return [str(one) for one in value] if isinstance(value, (list, tuple, set)) else [str(value)]


def _one_of(name, value, known):
    if value not in known:
        raise AnsibleFilterError(f"{name} {value} isn't known: one of {', '.join(known)}")
