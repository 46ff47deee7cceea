# Copyright: (c) 2026, The ConnetOS automation authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The result of a task that has changed many switches as one."""

from __future__ import annotations


def tell(action, report, result):
    """Put a `FabricReport` into the result of an action."""
    result.update(report.to_dict(), report=report.text.splitlines())
    if not report.ok:
        result.update(failed=True, msg=report.reason)
    if action._task.diff:
        result["diff"] = [
            {"prepared": f"# {name}\n{s.diff}"} for name, s in report.switches.items() if s.diff
        ]
