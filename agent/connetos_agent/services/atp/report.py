"""Tells a URL how far ATP is, so that a rack can be followed from afar: one JSON object, POSTed at each step."""

from __future__ import annotations

import json
import logging
import ssl
import threading
import urllib.request
from dataclasses import asdict

from connetos_agent.services.atp.settings import AtpSettings
from connetos_agent.services.atp.states import Progress

log = logging.getLogger(__name__)

SECONDS = 5.0
_lock = threading.Lock()


def send(settings: AtpSettings, progress: Progress) -> None:
    """POST the progress in a thread of its own; that nobody hears it changes nothing."""
    body = json.dumps(asdict(progress)).encode()
    threading.Thread(target=_post, args=(settings, body), name="atp-report", daemon=True).start()


def _post(settings: AtpSettings, body: bytes) -> None:
    request = urllib.request.Request(  # noqa: S310 - the scheme is checked with the settings
        settings.report_url, data=body, headers={"content-type": "application/json"}, method="POST"
    )
    context = ssl.create_default_context(cafile=None if settings.ca_file is None else str(settings.ca_file))
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
    )
    try:
        with _lock, opener.open(request, timeout=SECONDS):  # one after the other, in their order
            pass
    except OSError as error:
        log.info("the report to %s wasn't taken: %s", settings.report_url, error)
