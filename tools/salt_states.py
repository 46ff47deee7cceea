"""Writes Salt's state modules of resources, `salt/_states/`, from `connetos_sdk.resources`.

`python tools/configuration_reference.py` does it, too: both follow from the schema.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from ansible_modules import EXAMPLES, formatted, write

from connetos_sdk.model.nodes import AnyNode, Container, KeyedList, Leaf, LeafList
from connetos_sdk.resources import RESOURCES, Resource, option

STATES = Path(__file__).parent.parent / "salt/_states"

HEAD = '''\
# Made by tools/salt_states.py from the configuration model: change it there.
"""
{title} of a ConnetOS switch.

.. code-block:: yaml

{example}
A state is one transaction; many entries are changed in one by ``managed``.
"""

from connetos_sdk.integrations.salt import resource_state

__proxyenabled__ = ["connetos"]

'''

LISTED = '''
def present(name, replace=False, comment="", confirm=None, **options):
    """
    The entry is there, with these options{among}.

    name
        {key}
    replace
        What isn't given is deleted from the entry.
    comment, confirm
        As in ``connetos_config.managed``.
{options}    """
    wanted = "replaced" if replace else "merged"
    entries = [{{**options, "{key_name}": name}}]
    return resource_state(__opts__, name, "{name}", wanted, entries, comment=comment, confirm=confirm)


def absent(name, comment="", confirm=None):
    """
    {absent}
    """
    entries = [{{"{key_name}": name}}]
    return resource_state(__opts__, name, "{name}", "deleted", entries, comment=comment, confirm=confirm)


def managed(name, entries, ensure="merged", comment="", confirm=None):
    """
    Entries, each with ``{key_name}`` and the options of ``present``, in one transaction.

    ensure
        ``merged`` adds; ``replaced`` makes the given entries exactly so; ``overridden`` besides removes all others;
        ``deleted`` removes the given entries, or all if none is given.
    """
    return resource_state(__opts__, name, "{name}", ensure, entries, comment=comment, confirm=confirm)
'''

SINGLE = '''
def present(name, replace=False, comment="", confirm=None, **options):
    """
    These options are configured.

    replace
        Others are deleted.
    comment, confirm
        As in ``connetos_config.managed``.
{options}    """
    wanted = "replaced" if replace else "merged"
    return resource_state(__opts__, name, "{name}", wanted, [options], comment=comment, confirm=confirm)


def absent(name, comment="", confirm=None):
    """
    Nothing of it is configured.
    """
    return resource_state(__opts__, name, "{name}", "deleted", [], comment=comment, confirm=confirm)
'''


def module(name: str) -> str:
    """The state module of a resource: `connetos_vlan` for `vlans`."""
    return "connetos_" + name.removesuffix("_global").removesuffix("s")


def described(nodes: Mapping[str, AnyNode], indent: int = 4) -> Iterator[str]:
    """Lines of documentation for options."""
    space = " " * indent
    for word, node in nodes.items():
        yield f"{space}{option(word)}"
        yield f"{space}    {_sentences(node)}"
        if isinstance(node, Container):
            yield from described(node.children, indent + 4)
        elif isinstance(node, KeyedList):
            yield f"{space}    {option(node.key.name)}"
            yield f"{space}        {_sentence(f'Names the entry; accepts {node.key.accepts}')}"
            yield from described(node.entry.children, indent + 4)


def _sentences(node: AnyNode) -> str:
    out = [_sentence(node.help or node.name)]
    if isinstance(node, Leaf):
        out.append(_sentence(f"Accepts {node.accepts}"))
        if node.default is not None:
            shown = str(node.default).lower() if isinstance(node.default, bool) else node.default
            out.append(f"``{shown}`` where nothing is configured.")
    elif isinstance(node, LeafList):
        out.append(_sentence(f"A list; each is {node.accepts}"))
    elif isinstance(node, KeyedList):
        out.append("A list of mappings.")
    return " ".join(out)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:].rstrip(".").replace("\\", "\\\\") + "."


def example(resource: Resource) -> str:
    """A state as in an SLS file, indented for the documentation."""
    known = {resource.key, *map(option, resource.nodes)}
    shown = {name: value for name, value in EXAMPLES[resource.name][0].items() if name in known}
    arguments: list[Any] = [{"name": str(shown.pop(resource.key))}] if resource.listed else []
    arguments += [{name: value} for name, value in shown.items()]
    text = yaml.safe_dump({resource.title: {f"{module(resource.name)}.present": arguments}}, sort_keys=False)
    return "".join(f"    {line}\n" for line in text.splitlines())


def text_of(resource: Resource) -> str:
    """The whole file."""
    title = resource.title[:1].upper() + resource.title[1:]
    facts = {"name": resource.name, "options": "".join(f"{line}\n" for line in described(resource.nodes))}
    head = HEAD.format(title=title, example=example(resource))
    if not resource.listed:
        return head + SINGLE.format(**facts)
    partial = resource.below or resource.only or resource.without
    return head + LISTED.format(
        **facts,
        key=_sentence(f"{resource.listed.help}; accepts {resource.listed.key.accepts}"),
        key_name=resource.key,
        among="; others of it stay as they are",
        absent="Nothing of this is configured for the entry." if partial else "The entry isn't there.",
    )


def files() -> dict[Path, str]:
    """Every file that is made, formatted."""
    return {
        path: formatted(path, text_of(resource))
        for path, resource in ((STATES / f"{module(name)}.py", r) for name, r in RESOURCES.items())
    }


if __name__ == "__main__":
    write(files())
