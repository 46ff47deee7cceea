"""Every documented command of the finished areas is done, or stands in the page of limits with the reason."""

from __future__ import annotations

import pytest
import yaml

from tests.docs.tools import load

pytestmark = [pytest.mark.ovs, pytest.mark.slow]


def test_every_refusal_has_its_reason_in_the_page_of_limits() -> None:
    tool = load("command_coverage")
    if not tool.COMMANDS.exists():
        pytest.skip("the documented commands aren't beside this checkout")
    commands = tool.limited(yaml.safe_load(tool.COMMANDS.read_text("utf-8")))
    with tool.live_agent() as coverage:
        outcomes = {command["path"]: coverage.outcome(command) for command in commands}
    assert [path for path, outcome in outcomes.items() if outcome == "failed"] == []
    unknown = [line for line, answer in coverage.reasons.items() if "syntax error" in answer]
    assert unknown == [], "documented words are known"
    expected = tool.limits_page(tool.limits_table(coverage.reasons))
    assert tool.PAGE.read_text("utf-8") == expected, "run python tools/command_coverage.py --limits"
