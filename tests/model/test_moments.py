"""Points in time as they are typed."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connetos_sdk.errors import InvalidValue
from connetos_sdk.model.moments import parse_coming, parse_moment

NOW = datetime(2026, 11, 21, 15, 30, 20)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("09:41:30", datetime(2026, 11, 21, 9, 41, 30)),
        ("9:41", datetime(2026, 11, 21, 9, 41)),
        ("2018.02.09-09:41", datetime(2018, 2, 9, 9, 41)),
        ("02.09-09:41:05", datetime(2026, 2, 9, 9, 41, 5)),
        ("020909412018.30", datetime(2018, 2, 9, 9, 41, 30)),
        ("02090941", datetime(2026, 2, 9, 9, 41)),
    ],
)
def test_the_documented_forms(text: str, moment: datetime) -> None:
    assert parse_moment(text, NOW) == moment


@pytest.mark.parametrize(
    "text", ["", "24:00", "12:60", "2026.02.30-10:00", "soon", "1:2", "13.01-10:00", "٠٩:٤١"]
)
def test_what_is_no_time_is_refused_with_the_forms(text: str) -> None:
    with pytest.raises(InvalidValue, match="no time") as caught:
        parse_moment(text, NOW)
    assert "23:30" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("15:31", datetime(2026, 11, 21, 15, 31)),
        ("15:30", datetime(2026, 11, 22, 15, 30)),
        ("12.24-23:30", datetime(2026, 12, 24, 23, 30)),
        ("01.02-03:04", datetime(2027, 1, 2, 3, 4)),
        ("2026.12.24-23:30", datetime(2026, 12, 24, 23, 30)),
    ],
)
def test_the_next_such_moment(text: str, moment: datetime) -> None:
    assert parse_coming(text, NOW) == moment


@pytest.mark.parametrize("text", ["2026.11.21-15:30", "2018.02.09-09:41", "020909412018.30"])
def test_a_year_that_is_over_is_refused(text: str) -> None:
    with pytest.raises(InvalidValue, match="is over"):
        parse_coming(text, NOW)


@given(st.text(max_size=30))
def test_any_text_is_a_time_to_come_or_refused(text: str) -> None:
    try:
        assert parse_coming(text, NOW) > NOW
    except InvalidValue as error:
        assert error.hint
