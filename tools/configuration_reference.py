"""Writes docs/reference/configuration.md, and modules of Ansible and Salt: `python tools/configuration_reference.py`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from connetos_sdk.model.nodes import AnyNode, Container, KeyedList, Leaf, LeafList
from connetos_sdk.model.schema import root

PAGE = Path(__file__).parent.parent / "docs/reference/configuration.md"

HEAD = """\
# Configuration

Every leaf of the configuration tree, made from the schema documents in `connetos_sdk/model/schema/` (by
`python tools/configuration_reference.py`). The words of a path are the words of a CLI line, the keys of the JSON
document and the segments of a REST path. `<...>` is the key of a list entry or a value.

A leaf is realised by the kind of data plane object named last; see
[the drivers](../architecture.md#4-the-data-plane).
"""


def page() -> str:
    """The page."""
    out = [HEAD]
    for name, node in root().children.items():
        out.append(
            f"\n## {name}\n\n{node.help}.\n\n| leaf | accepts | default | meaning | realised by |\n|---|---|---|---|---|\n"
        )
        out += [f"| {' | '.join(row)} |\n" for row in _rows(name, node, node.objects and node.objects.kinds)]
    return "".join(out)


def _rows(path: str, node: AnyNode, kinds: tuple[str, ...] | None) -> Iterator[tuple[str, ...]]:
    kinds = node.objects.kinds if node.objects else kinds
    if isinstance(node, KeyedList):
        path = f"{path} <{node.key.name}>"
        yield f"`{path}`", node.key.accepts, "", f"{node.help}: an entry", ", ".join(kinds or ())
        yield from _rows(path, node.entry, kinds)
    elif isinstance(node, Container):
        for name, child in node.children.items():
            yield from _rows(f"{path} {name}", child, kinds)
    elif isinstance(node, Leaf | LeafList):
        default = getattr(node, "default", None)
        shown = (
            "" if default is None else f"`{str(default).lower() if isinstance(default, bool) else default}`"
        )
        yield f"`{path}`", node.accepts.replace("|", "\\|"), shown, node.help, ", ".join(kinds or ())


if __name__ == "__main__":
    import ansible_modules
    import salt_states

    PAGE.write_text(page(), "utf-8")
    ansible_modules.main()
    salt_states.main()
