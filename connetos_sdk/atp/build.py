"""From a plan to the files that its switches need."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from connetos_sdk.atp.errors import PlanError, mistake
from connetos_sdk.atp.plan import Plan, PlannedSwitch
from connetos_sdk.atp.provisioning import RESERVATIONS, Provisioning, configuration_files, package_files
from connetos_sdk.atp.templates import TemplateProblem, Templates
from connetos_sdk.errors import ConfigError, Problem, RuleViolation
from connetos_sdk.model import tree
from connetos_sdk.model.paths import Path, format_path
from connetos_sdk.model.rules import ETH0, PORTS
from connetos_sdk.model.setlines import format_set
from connetos_sdk.model.text import parse_document
from connetos_sdk.model.tree import Document
from connetos_sdk.model.validation import validate

_HINT_PREFIX = 24
"""What a switch takes for the management network's prefix length unless its settings say otherwise."""


def build(plan: Plan) -> Provisioning:
    """Everything that the switches of a plan need.

    Raises:
        PlanError: with every switch whose template doesn't give a right configuration.
    """
    try:
        templates = Templates(plan.source.parent)
    except TemplateProblem as error:
        raise PlanError(problems=[mistake(plan.source, "", str(error))]) from None
    mistakes: list[Problem] = []
    files: dict[str, bytes] = {}
    for switch in plan.switches.values():
        template = plan.roles[switch.role].template
        place = f"switches.{switch.name}"
        try:
            document = _document(plan, switch, templates.render(template, _variables(plan, switch)))
        except TemplateProblem as error:
            mistakes.append(mistake(plan.source, f"{place}, template {template}", str(error)))
        except ConfigError as error:
            for problem in error.problems:
                where = f"{place}, rendered template {template}"
                if problem.path:
                    where += f", {format_path(problem.path)}"
                mistakes.append(mistake(plan.source, where, problem.reason, problem.hint))
        else:
            files.update(configuration_files(switch.management.ip, format_set(document).encode()))
            packages = (*plan.roles[switch.role].packages, *switch.packages)
            files.update(package_files(switch.management.ip, packages))
    if mistakes:
        raise PlanError(problems=mistakes)
    reservations = tuple(f"{s.mac},{s.management.ip},{s.name}" for s in plan.switches.values() if s.mac)
    files[RESERVATIONS] = "".join(f"{line}\n" for line in reservations).encode()
    return Provisioning(files, reservations, tuple(_warnings(plan)))


def _variables(plan: Plan, switch: PlannedSwitch) -> dict[str, Any]:
    links = [
        {"port": port, "neighbor": end.switch, "neighbor_port": end.port}
        for port, end in plan.cables(switch.name)
    ]
    given = {
        "name": switch.name,
        "role": switch.role,
        "address": str(switch.management.ip),
        "mac": switch.mac,
        "links": links,
    }
    return {
        **plan.variables,
        **plan.roles[switch.role].variables,
        **switch.variables,
        "switch": given,
        "management": str(plan.management),
        "server": str(plan.server),
    }


def _document(plan: Plan, switch: PlannedSwitch, text: str) -> Document:
    """The configuration in a rendered template, with what the plan itself says."""
    document = parse_document(text)
    document = _with(document, ("system", "hostname"), switch.name)
    document = _with(document, (*ETH0, "address"), str(switch.management))
    for port, end in plan.cables(switch.name):
        document = _with(document, (*PORTS, port, "description"), plan.hint(end.switch))
    validate({}, document)
    return document


def _with(document: Document, path: Path, value: str) -> Document:
    """`document` with a value of the plan, which the template may say, too, but not otherwise."""
    said = tree.get(document, path, None)
    if said not in (None, value):
        reason = f"the template says {said}, the plan says {value}"
        raise RuleViolation(reason, path=path, hint="leave it to the plan")
    fragment: Any = value
    for word in reversed(path):
        fragment = {word: fragment}
    return tree.merge(document, tree.check(fragment))


def _warnings(plan: Plan) -> Iterator[str]:
    for switch in plan.switches.values():
        if not any(plan.cables(switch.name)):
            also = "" if switch.mac else ", and without a mac it has no DHCP reservation either"
            yield f"{switch.name}: no link reaches it, so no neighbour tells it who it is{also}"
    if plan.links and plan.management.prefixlen != _HINT_PREFIX:
        length = plan.management.prefixlen
        yield (
            f"management: a port description doesn't tell the prefix length, and switches assume /{_HINT_PREFIX}; "
            f"set prefix-length = {length} in [atp] of their agent.toml"
        )
