"""Which configuration the agent starts with: the running one after a restart of the agent, startup after a boot."""

from __future__ import annotations

import contextlib
import logging
import time
from dataclasses import replace

from connetos_agent.config.commit import Running
from connetos_agent.config.secrets import settle
from connetos_agent.config.sessions import AGENT
from connetos_agent.config.store import Confirmation, Facts, Store, revision_order
from connetos_agent.config.transaction import Dataplane
from connetos_sdk.errors import ConnetosError, StorageFailed
from connetos_sdk.model import curly, setlines
from connetos_sdk.model.text import parse_document
from connetos_sdk.model.tree import Document
from connetos_sdk.model.validation import validate

log = logging.getLogger(__name__)

STARTUP_TROUBLE = "startup configuration"


class Start:
    """Reads what is kept.

    Args:
        store: keeps it.
        dataplane: knows which ports there are.

    Attributes:
        troubles: what couldn't be read or used, for people.
    """

    def __init__(self, store: Store, dataplane: Dataplane) -> None:
        self._store = store
        self._dataplane = dataplane
        self.troubles: list[str] = []

    def resume(self) -> tuple[Running, Confirmation | None]:
        """Go on with the last committed revision, and what it waits for: the agent was restarted, the switch wasn't."""
        store = self._store
        running = self._newest_readable()
        confirmation = store.read_confirmation()
        if confirmation is None:
            return running, None
        # An extension whose own commit didn't end leaves the commit before it to be confirmed.
        extended = confirmation.revert_to < store.last < confirmation.revision
        if confirmation.revision == store.last or extended:
            return running, replace(confirmation, revision=store.last)
        store.write_confirmation(None)
        return running, None

    def _newest_readable(self) -> Running:
        """The last committed revision; if its file is damaged, the newest before it that isn't."""
        for revision in revision_order(self._store.facts):
            try:
                return Running(revision, self._store.read(revision))
            except StorageFailed as error:
                self.troubles.append(f"{error}; going on with an earlier revision")
        return Running(self._store.last, self._startup_document())

    def boot(self) -> Running:
        """Load the startup configuration: the switch was booted."""
        store = self._store
        store.write_confirmation(None)
        document = self._startup_document()
        if store.last:
            with contextlib.suppress(StorageFailed):
                before = store.read(store.last)
                if before == document:
                    return Running(store.last, before)
        facts = Facts(store.last + 1, 0, time.time(), AGENT.user, AGENT.via, "startup configuration")
        store.prepare(facts, setlines.format_difference({}, document), document)
        store.commit(facts)
        return Running(facts.id, document)

    def _startup_document(self) -> Document:
        try:
            text = self._store.read_startup()
            if text is None:
                return {}
            document = settle({}, parse_document(text))
            changes = validate({}, document)
        except ConnetosError as error:
            self.troubles.append(f"{STARTUP_TROUBLE}: {error}")
            log.error("the startup configuration can't be used, starting with the default one: %s", error)
            return {}
        try:
            self._dataplane.check_ports(changes)
        except ConnetosError as error:  # told, but no reason to leave the rest of the configuration
            self.troubles.append(f"{STARTUP_TROUBLE}: {error}")
        if "plain-text-password" in text:
            self._store.write_startup(curly.format_curly(document))
        return document

    def startup_is_well(self) -> None:
        """The startup configuration was written anew: forget what was wrong with it."""
        self.troubles = [trouble for trouble in self.troubles if not trouble.startswith(STARTUP_TROUBLE)]
