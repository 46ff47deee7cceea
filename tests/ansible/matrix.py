"""What a module does in each step of docs/reference/ansible-matrix.md, seen in a play."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from tests.ansible.conftest import COLLECTION, ROOT, Run
from tests.matrix import NOTHING, Page

TEXT = """\
# What each Ansible module does

Made by `tests/ansible/test_matrix.py`: every cell is what a playbook against live switches did.
*no-op* repeats *create*; *check* is *change* in check mode, which tells what *change* then does; *diff* is what `--diff`
shows of it. For modules that only look, *no-op* is a look, and *check* the same in check mode.

— stands where a module has nothing of the kind: what only looks creates, changes and removes nothing, and there is no
diff; `connetos_atp` leaves files of switches that are no longer planned and names them in `unplanned`. *change* of
`connetos_command` is a command that isn't a `show` command: check mode leaves it out, and whether it changes anything isn't
known, so it never counts as a change. `connetos_rollback` goes back (*create*), forth with `confirm` (*change*), and
takes that back (*remove*). *change* of `connetos_lab` starts its agents anew, that of `connetos_backup` restores.

"""
STEPS = ("create", "no-op", "check", "diff", "change", "remove", "bad input")
PAGE = Page(
    ROOT / "docs/reference/ansible-matrix.md",
    TEXT,
    "module",
    STEPS,
    tuple(sorted(path.stem for path in (COLLECTION / "plugins/modules").glob("connetos_*.py"))),
)
FACTS = {"connetos.connetos.connetos_facts": {"gather_subset": ["config"]}}
_RESULT = re.compile(r"^(ok|changed|fatal|failed|skipping): \[([\w.]+)\](?:: \w+!)? => (\{.*\})$", re.M)
_DIFF = re.compile(r"^(?:\[edit |\+\+\+ )", re.M)
_WORDS = {"fatal": "failed", "skipping": "skipped"}


@dataclass(frozen=True)
class Case:
    """Options of a module for each step, and what a message about the bad input must have in it.

    Attributes:
        read: what is done instead of `create` by modules that only look.
        before: lines of configuration to begin with.
        told: what of its result check mode must foretell.
        whole: `remove` leaves everything as it was before `create`.
        what: what stays as it was in check mode and after bad input.
    """

    bad: dict[str, Any]
    reason: str
    create: dict[str, Any] | None = None
    change: dict[str, Any] | None = None
    remove: dict[str, Any] | None = None
    read: dict[str, Any] | None = None
    before: tuple[str, ...] = ()
    told: Callable[[Mapping[str, Any]], Any] = itemgetter("commands")
    whole: bool = True
    what: str = "switch"


def steps(name: str, case: Case, look: Mapping[str, Any] = FACTS) -> list[dict[str, Any]]:
    """The tasks of all steps. `look` is a task whose output tells everything that the module could change."""

    def task(step: str, options: Mapping[str, Any] | None, **keywords: Any) -> dict[str, Any]:
        return {"name": f"{name}: {step}", f"connetos.connetos.connetos_{name}": options, **keywords}

    first = case.create or case.read
    wanted = [
        {"name": f"{name}: look 0", **look},
        task("create", case.create),
        task("no-op", first),
        {"name": f"{name}: look 1", **look},
        task("check", case.change or first, check_mode=True, diff=True),
        task("bad input", case.bad, ignore_errors=True),
        {"name": f"{name}: look 2", **look},
        task("change", case.change),
        task("remove", case.remove),
        {"name": f"{name}: look 3", **look},
    ]
    return [task for task in wanted if None not in task.values()]


class Seen:
    """What a run of `steps` did."""

    def __init__(self, run: Run) -> None:
        assert "Traceback" not in run.output, run.output
        self._output = run.output
        parts = re.split(r"^TASK \[(.*?)\] \**$", run.output, flags=re.M)
        self._of = dict(zip(parts[1::2], parts[2::2], strict=True))

    def hold(self, name: str, case: Case) -> None:
        """The row of the page says what the module did."""
        PAGE.hold(f"connetos_{name}", self._cells(name, case))

    def _cells(self, name: str, case: Case) -> list[str]:
        looks = [self._looked(f"{name}: look {n}") for n in range(4)]
        kept = f", {case.what} as before" if looks[1] == looks[2] else f", {case.what} altered"
        cells = dict.fromkeys(STEPS, NOTHING)
        results = {}
        for step in ("create", "no-op", "check", "change", "remove", "bad input"):
            if f"{name}: {step}" in self._of:
                cells[step], results[step] = self._one(f"{name}: {step}")
        cells["check"] += kept
        cells["bad input"] += kept
        if case.change and case.create:
            cells["diff"] = "shown" if _DIFF.search(self._of[f"{name}: check"]) else "not shown"
        told = json.dumps([cells, results], indent=1)
        assert case.reason in results["bad input"]["msg"], told
        if case.change and case.create:
            assert case.told(results["check"]) == case.told(results["change"]), told
            assert case.told(results["change"]), told
        if case.whole:
            assert _without_revisions(looks[0]) == _without_revisions(looks[3]), told
        return [cells[step] for step in STEPS]

    def _one(self, task: str) -> tuple[str, dict[str, Any]]:
        """A task's word (`ok`, `changed`, …), and its result."""
        found = _RESULT.findall(self._of[task])
        assert len(found) == 1, (task, self._output)
        word, _, text = found[0]
        result = json.loads(text)
        assert result.get("changed", False) == (word == "changed"), (task, result)
        return _WORDS.get(word, word), result

    def _looked(self, task: str) -> dict[str, Any]:
        """What a look saw, by host."""
        found = _RESULT.findall(self._of[task])
        assert found and all(word == "ok" for word, _, _ in found), (task, self._output)
        results = {host: json.loads(text) for _, host, text in found}
        return {host: one.get("ansible_facts", one.get("stdout")) for host, one in results.items()}


def _without_revisions(looked: dict[str, Any]) -> dict[str, Any]:
    """Without the numbers of the revisions: a change and its removal make two."""
    return {
        host: {k: v for k, v in one.items() if k != "ansible_net_revision"} if isinstance(one, dict) else one
        for host, one in looked.items()
    }
