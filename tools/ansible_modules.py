"""Writes the Ansible collection's resource modules from `connetos_sdk.resources`, and options of operations.

`python tools/configuration_reference.py` does it, too: both follow from the schema.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from connetos_sdk.model.nodes import AnyNode, Container, KeyedList, Leaf, LeafList
from connetos_sdk.model.operations import operations
from connetos_sdk.resources import RESOURCES, Resource, option

PLUGINS = Path(__file__).parent.parent / "ansible_collections/connetos/connetos/plugins"
TYPES = {"string": "str", "integer": "int", "boolean": "bool"}
HEAD = """\
# Copyright: (c) 2026, The ConnetOS automation authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""
MADE = "# Made by tools/ansible_modules.py from the configuration model: change it there.\n"
EXAMPLES: dict[str, list[dict[str, Any]]] = {
    "vlans": [{"vlan_id": 10, "vlan_name": "web"}, {"vlan_id": 20, "vlan_name": "storage"}],
    "interfaces": [{"interface_name": "te-1/1/1", "description": "server-1", "mtu": 9216}],
    "l2_interfaces": [
        {"interface_name": "te-1/1/1", "native_vlan_id": 10},
        {"interface_name": "te-1/1/48", "port_mode": "trunk", "vlan": {"members": ["10", "20:24"]}},
    ],
    "l3_interfaces": [
        {"l3_interface_name": "vlan10", "address": [{"vif_ip_address": "198.18.10.254", "prefix_length": 24}]}
    ],
    "static_routes": [{"route_prefix": "198.18.20.0/24", "next_hop": "198.18.10.1"}],
    "lag_interfaces": [{"ae_number": "ae1", "description": "uplink"}],
    "lldp_global": [{"enable": True, "advertisement_interval": 30}],
    "lldp_interfaces": [{"interface_name": "te-1/1/1", "status": "tx-rx"}],
    "banner": [{"announcement": "Authorised use only"}],
    "ntp_global": [{"ntp_server_ip": "198.18.0.1"}],
    "logging_global": [{"host": {"server_ip": "198.18.0.2"}}],
    "user": [
        {"user_name": "ops", "class": "super-user", "authentication": {"encrypted_password": "{{ hash }}"}}
    ],
    "system": [{"hostname": "leaf1"}],
}
"""What the documentation shows for each; only options that there are get into it."""
OPERATIONS = ("ping", "traceroute")
"""Operations whose arguments are the options of a module of the same name."""


# -- argument specifications ----------------------------------------------------------------------------


def spec(node: AnyNode) -> dict[str, Any]:
    """The argument specification of one node."""
    if isinstance(node, Container):
        return {"type": "dict", "options": options(node.children)}
    if isinstance(node, KeyedList):
        inner = {option(node.key.name): {"type": "str", "required": True}, **options(node.entry.children)}
        return {"type": "list", "elements": "dict", "options": inner}
    if isinstance(node, LeafList):
        return {"type": "list", "elements": "str" if node.ranges else TYPES[node.item.type]}
    found: dict[str, Any] = {"type": TYPES[node.type]}
    if node.enum:
        found["choices"] = list(node.enum)
    if node.secret:
        found["no_log"] = True
    elif any(word in node.name for word in ("password", "secret", "key")):
        found["no_log"] = False
    return found


def options(nodes: Mapping[str, AnyNode]) -> dict[str, Any]:
    """Argument specifications by option."""
    return {option(word): spec(node) for word, node in nodes.items()}


def config(resource: Resource) -> dict[str, Any]:
    """The argument specification of the option `config`."""
    if not resource.listed:
        return {"type": "dict", "options": options(resource.nodes)}
    inner = {resource.key: {"type": "str", "required": True}, **options(resource.nodes)}
    return {"type": "list", "elements": "dict", "options": inner}


# -- documentation --------------------------------------------------------------------------------------


def sentence(text: str) -> str:
    """The text as one sentence for a documentation line."""
    text = text.replace("<", "(").replace(">", ")")
    return text[:1].upper() + text[1:].rstrip(".") + "."


def document(node: AnyNode) -> dict[str, Any]:
    """The documentation of one node."""
    found: dict[str, Any] = {"description": [sentence(node.help or node.name)]}
    for name, value in spec(node).items():
        if name not in ("options", "no_log"):
            found[name] = value
    if isinstance(node, Leaf):
        if not node.enum and node.type != "boolean":
            found["description"].append(sentence(f"Accepts {node.accepts}"))
        if node.default is not None:
            shown = str(node.default).lower() if isinstance(node.default, bool) else node.default
            found["description"].append(f"The switch uses V({shown}) where nothing is configured.")
    elif isinstance(node, LeafList):
        found["description"].append(sentence(f"Each is {node.accepts}"))
    elif isinstance(node, Container):
        found["suboptions"] = documents(node.children)
    else:
        found["suboptions"] = {option(node.key.name): _key(node), **documents(node.entry.children)}
    return found


def documents(nodes: Mapping[str, AnyNode]) -> dict[str, Any]:
    """Documentation by option."""
    return {option(word): document(node) for word, node in nodes.items()}


def _key(node: KeyedList) -> dict[str, Any]:
    accepts = sentence(f"Accepts {node.key.accepts}")
    return {
        "description": [sentence(f"Names the entry: {node.help}"), accepts],
        "type": "str",
        "required": True,
    }


def documentation(resource: Resource) -> dict[str, Any]:
    """The whole DOCUMENTATION of a module."""
    suboptions = documents(resource.nodes)
    documented: dict[str, Any] = {"description": ["What is to be configured."], "type": "dict"}
    if resource.listed:
        documented |= {"type": "list", "elements": "dict"}
        suboptions = {resource.key: _key(resource.listed), **suboptions}
    documented["suboptions"] = suboptions
    where = " ".join((*resource.path, *resource.below))
    return {
        "module": f"connetos_{resource.name}",
        "short_description": f"Configure {resource.title} of a ConnetOS switch",
        "version_added": "0.1.0",
        "author": "The ConnetOS automation authors (!UNKNOWN)",
        "description": [
            f"Brings what is configured below C({where}) into a state, in one transaction of the switch.",
            "Options are the words of the configuration tree with C(_) for C(-).",
        ],
        "options": {
            "config": documented,
        },
        "extends_documentation_fragment": [
            "connetos.connetos.connection",
            "connetos.connetos.resource",
            "ansible.builtin.action_common_attributes",
            "ansible.builtin.action_common_attributes.flow",
        ],
    }  # fmt: skip


def examples(resource: Resource) -> list[dict[str, Any]]:
    """Tasks for EXAMPLES."""
    module = f"connetos.connetos.connetos_{resource.name}"
    known = {resource.key, *map(option, resource.nodes)}
    shown: Any = [{n: v for n, v in entry.items() if n in known} for entry in EXAMPLES[resource.name]]
    shown = shown if resource.listed else shown[0]
    title = resource.title.removeprefix("the ")
    return [
        {"name": f"Add to {title}", module: {"config": shown}},
        {
            "name": f"Exactly this, and nothing else, of {title}",
            module: {"config": shown, "state": "overridden"},
        },
        {"name": f"Read {title}", module: {"state": "gathered"}, "register": "found"},
    ]


class _Dumper(yaml.SafeDumper):
    """Indents lists as Ansible's documentation does, and repeats what stands twice."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> Any:  # noqa: ARG002
        return super().increase_indent(flow, False)


def dump(value: Any) -> str:
    """YAML for a documentation block."""
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, width=110, allow_unicode=True)


# -- operations -----------------------------------------------------------------------------------------


def arguments(name: str) -> dict[str, Any]:
    """The argument specification of an operation."""
    taken = operations()[name].arguments
    found = options(taken.children)
    for word in taken.required:
        found[word]["required"] = True
    return {**found, "host": {**found["host"], "aliases": ["dest"]}}


def fragment(name: str) -> str:
    """The documentation fragment with the options of an operation."""
    documented = documents(operations()[name].arguments.children)
    for word, value in arguments(name).items():
        documented[word] |= {n: v for n, v in value.items() if n in ("required", "aliases")}
    return dump({"options": documented}).replace("where nothing is configured", "unless this is given")


# -- files ----------------------------------------------------------------------------------------------

MODULE = '''\
#!/usr/bin/python
{head}{made}
from __future__ import annotations

DOCUMENTATION = r"""
{documentation}"""

EXAMPLES = r"""
{examples}"""

RETURN = r"""
before:
  description: The entries before.
  returned: when O(state) is V(merged), V(replaced), V(overridden) or V(deleted)
  type: list
  elements: dict
after:
  description: The entries afterwards; in check mode as they would be.
  returned: when something changed
  type: list
  elements: dict
commands:
  description: The C(set) and C(delete) lines that lead from the old configuration to the new one, with secrets masked.
  returned: when O(state) is V(merged), V(replaced), V(overridden) or V(deleted)
  type: list
  elements: str
revision:
  description: Revision of the running configuration afterwards.
  returned: when O(state) is V(merged), V(replaced), V(overridden) or V(deleted)
  type: int
gathered:
  description: The entries that are configured.
  returned: when O(state=gathered)
  type: list
  elements: dict
rendered:
  description: The C(set) lines for O(config).
  returned: when O(state=rendered)
  type: list
  elements: str
parsed:
  description: The entries in O(running_config).
  returned: when O(state=parsed)
  type: list
  elements: dict
"""

from ansible.module_utils.basic import AnsibleModule  # noqa: E402

from ansible_collections.connetos.connetos.plugins.module_utils.argspec import (  # noqa: E402
    CONNECTION,
    RESOURCE,
    RESOURCE_REQUIRED_IF,
)
from ansible_collections.connetos.connetos.plugins.module_utils.resource_specs import CONFIGS  # noqa: E402


def main():
    module = AnsibleModule(
        argument_spec={{"config": CONFIGS["{name}"], **RESOURCE, **CONNECTION}},
        required_if=RESOURCE_REQUIRED_IF,
        supports_check_mode=True,
    )
    module.fail_json(
        msg="connetos_{name} runs as an action on the controller; don't call the module file itself"
    )


if __name__ == "__main__":
    main()
'''

ACTION = '''\
{head}{made}"""See `plugins/modules/connetos_{name}.py`."""

from __future__ import annotations

from ansible_collections.connetos.connetos.plugins.plugin_utils.resource import ResourceAction


class ActionModule(ResourceAction):
    resource = "{name}"
'''

SPECS = '''\
{head}{made}"""Argument specifications of `config` of the resource modules."""

from __future__ import annotations

CONFIGS = {specs!r}
'''


OPERATION_SPECS = '''\
{head}{made}"""Argument specifications of operations of the switch."""

from __future__ import annotations

OPERATIONS = {specs!r}
'''

FRAGMENTS = """\
{head}{made}
from __future__ import annotations


class ModuleDocFragment:
{fragments}"""

RUNTIME = """\
---
requires_ansible: ">=2.19.0"
action_groups:
  connetos:
"""


def files() -> dict[Path, str]:
    """Every file that is made, formatted."""
    out: dict[Path, str] = {}
    for name, resource in RESOURCES.items():
        facts = {"head": HEAD, "made": MADE, "name": name}
        blocks = {
            "documentation": dump(documentation(resource)),
            "examples": "\n".join(dump([e]) for e in examples(resource)),
        }
        out[PLUGINS / f"modules/connetos_{name}.py"] = MODULE.format(**facts, **blocks)
        out[PLUGINS / f"action/connetos_{name}.py"] = ACTION.format(**facts)
    specs = {name: config(resource) for name, resource in RESOURCES.items()}
    out[PLUGINS / "module_utils/resource_specs.py"] = SPECS.format(head=HEAD, made=MADE, specs=specs)
    specs = {name: arguments(name) for name in OPERATIONS}
    out[PLUGINS / "module_utils/operation_specs.py"] = OPERATION_SPECS.format(
        head=HEAD, made=MADE, specs=specs
    )
    texts = "\n".join(f'    {name.upper()} = r"""\n{fragment(name)}"""\n' for name in OPERATIONS)
    out[PLUGINS / "doc_fragments/operation.py"] = FRAGMENTS.format(head=HEAD, made=MADE, fragments=texts)
    made = {path: formatted(path, text) for path, text in out.items()}
    names = {path.stem for path in (PLUGINS / "modules").glob("connetos_*.py")} | {
        f"connetos_{name}" for name in RESOURCES
    }
    made[PLUGINS.parent / "meta/runtime.yml"] = RUNTIME + "".join(f"    - {name}\n" for name in sorted(names))
    return made


def formatted(path: Path, text: str) -> str:
    """The text of a Python file as ruff lays it out."""
    ruff = Path(sys.executable).with_name("ruff")
    command = [ruff, "format", "--stdin-filename", str(path), "-"]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout


def write(made: Mapping[Path, str]) -> None:
    """Write what has changed."""
    for path, text in made.items():
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")


if __name__ == "__main__":
    write(files())
