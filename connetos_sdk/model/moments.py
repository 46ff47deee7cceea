"""Points in time as they are typed: the forms of `set date` (spec/cli/commands.yaml), in local time.

hh:mm[:ss]   [YYYY.]MM.DD-hh:mm[:ss]   MMDDhhmm[YYYY][.ss]
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from connetos_sdk.errors import InvalidValue

ACCEPTS = "a time such as 23:30, 23:30:00, 12.24-23:30, 2026.12.24-23:30 or 122423302026.00"
_FORMS = (
    re.compile(r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(:(?P<second>\d{2}))?", re.ASCII),
    re.compile(
        r"((?P<year>\d{4})\.)?(?P<month>\d{1,2})\.(?P<day>\d{1,2})-"
        r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(:(?P<second>\d{2}))?",
        re.ASCII,
    ),
    re.compile(
        r"(?P<month>\d{2})(?P<day>\d{2})(?P<hour>\d{2})(?P<minute>\d{2})(?P<year>\d{4})?(\.(?P<second>\d{2}))?",
        re.ASCII,
    ),
)


def parse_moment(text: str, now: datetime) -> datetime:
    """The moment that `text` names; what it leaves out is taken from `now`, seconds are 0.

    Raises:
        InvalidValue: it is of none of the forms, or there is no such day or time.
    """
    for form in _FORMS:
        match = form.fullmatch(text)
        if match is None:
            continue
        given = {name: int(number) for name, number in match.groupdict().items() if number is not None}
        try:
            return now.replace(**{"second": 0, "microsecond": 0, **given})  # type: ignore[arg-type]
        except ValueError as error:
            raise InvalidValue(f"{text} is no time: {error}", hint=ACCEPTS) from None
    raise InvalidValue(f"{text[:40]} is no time", hint=ACCEPTS)


def parse_coming(text: str, now: datetime) -> datetime:
    """The next moment after `now` that `text` names: a time of day may be tomorrow's, a day next year's.

    Raises:
        InvalidValue: see `parse_moment`; or it names its year and is over.
    """
    moment = parse_moment(text, now)
    if moment > now:
        return moment
    if _FORMS[0].fullmatch(text):
        return moment + timedelta(days=1)
    later = _next_year(moment) if not re.search(r"\d{4}\.|^\d{12}", text) else None
    if later is None or later <= now:
        raise InvalidValue(f"{text} is over", hint=f"it is {now:%Y.%m.%d-%H:%M:%S} now")
    return later


def _next_year(moment: datetime) -> datetime | None:
    try:
        return moment.replace(year=moment.year + 1)
    except ValueError:  # the 29th of February
        return None
