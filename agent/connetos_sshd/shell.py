"""The interactive shell: the agent's CLI on a terminal."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque

from connetos_sshd import completion, pager
from connetos_sshd.agent_link import AgentLink, AgentLost, Answer, Refused
from connetos_sshd.completion import Completion
from connetos_sshd.conversation import AGENT_LOST, Channel, OpenSession
from connetos_sshd.editor import LineEditor
from connetos_sshd.keyboard import ENTER, Keyboard
from connetos_sshd.lending import Lent

log = logging.getLogger(__name__)

MAX_TYPED_AHEAD = 64 * 1024
"""So many keys may wait; then the terminal isn't read until the shell has caught up."""

MAX_HELD = 200
"""Lines of the log kept while a command runs or its text is paged; the oldest are lost."""

DEFAULT_WIDTH = 80

CTRL_C, CTRL_D = "\x03", "\x04"

ENDED = "The switch has ended the session.\n"
"""Said when the agent closes between two commands: nobody typed for long, or it restarts."""


class Shell:
    """A conversation with a terminal.

    Keys are taken one after another: what is typed while a command runs, or while the agent is asked for
    completions, waits. So a script that sends whole lines at once gets what a person who types slowly gets.
    """

    def __init__(
        self, channel: Channel, open_session: OpenSession, kind: str, width: int, height: int
    ) -> None:
        self._channel = channel
        self._open_session = open_session
        self._kind = kind
        self._height = height
        self._keyboard = Keyboard()
        self._keys: deque[str] = deque()
        self._arrived = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()
        self._no_more_keys = False
        self._paused = False
        self._agent_is_lost = False
        self._asking = False
        self._lent: Lent | None = None
        self._link: AgentLink | None = None
        self._editor = LineEditor(width or DEFAULT_WIDTH)
        self._prompt = ""
        self._reading = False
        self._held: deque[str] = deque(maxlen=MAX_HELD)
        self._task: asyncio.Task[None] | None = None

    # -- callbacks of the channel ----------------------------------------------------------------------------

    def start(self) -> None:
        """See `Conversation`."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    def received(self, data: bytes) -> None:
        """See `Conversation`."""
        if self._lent is not None:
            self._lent.typed(data)
            return
        for key in self._keyboard.feed(data):
            if key == CTRL_C:
                self._keys.clear()
                if self._link is not None and self._asking:
                    self._link.cancel()
                    self._part("^C\n")
                    continue
            self._keys.append(key)
        if len(self._keys) > MAX_TYPED_AHEAD and not self._paused:
            self._paused = True
            self._channel.pause_reading()
        self._arrived.set()

    def finished(self) -> None:
        """See `Conversation`."""
        self._no_more_keys = True
        self._arrived.set()

    def lost(self) -> None:
        """See `Conversation`."""
        if self._task is not None:
            self._task.cancel()

    def hold(self) -> None:
        """See `Conversation`."""
        self._writable.clear()
        if self._lent is not None:
            self._lent.hold()

    def go_on(self) -> None:
        """See `Conversation`."""
        self._writable.set()
        if self._lent is not None:
            self._lent.go_on()

    def resized(self, width: int, height: int) -> None:
        """See `Conversation`."""
        self._editor.width, self._height = width or DEFAULT_WIDTH, height
        if self._lent is not None:
            self._lent.resize(self._editor.width, height)

    def interrupted(self) -> None:
        """See `Conversation`."""
        self.received(CTRL_C.encode())

    # -- the work --------------------------------------------------------------------------------------------

    async def _run(self) -> None:
        status = 1
        try:
            link, welcome = await self._open_session("ssh")
        except (Refused, AgentLost) as error:
            self._say(f"ERROR: {error}.\n")
        else:
            link.on_lost = self._agent_lost
            self._link = link
            try:
                if welcome.banner:
                    self._say(welcome.banner.rstrip("\n") + "\n")
                self._prompt = welcome.prompt
                link.on_live = self._live
                link.request({"live": True}, lambda _answer: None)
                await self._converse(link)
                status = 0
            except AgentLost:
                told = f"{link.notice}\n" if link.notice else ENDED
                self._say(f"\n{AGENT_LOST if self._asking else told}")
            finally:
                link.close()
        self._flush()
        with contextlib.suppress(OSError):
            self._channel.exit(status)

    async def _converse(self, link: AgentLink) -> None:
        while (line := await self._read_line(link)) is not None:
            self._flush()
            self._asking = True
            size = {"width": self._editor.width, "height": self._height, "kind": self._kind, "lends": True}
            answer = await link.ask({"line": line, "stream": True, "terminal": size}, self._part)
            self._asking = False
            self._prompt = str(answer.get("prompt", self._prompt))
            await self._show(line, answer)
            if login := answer.get("login"):
                await self._log_in(login)
            if answer.get("ended"):
                return

    async def _log_in(self, command: list[str]) -> None:
        """Lend the terminal to ssh or telnet until it ends; keys that were typed ahead are for it."""
        self._flush()
        self._lent = Lent(self._channel.write, self._throttle)
        self._lent.typed("".join(self._keys).encode())
        self._keys.clear()
        if self._paused:
            self._paused = False
            self._channel.resume_reading()
        try:
            why_not = await self._lent.run(command, self._kind, (self._editor.width, self._height))
        finally:
            self._lent = None
        if why_not:
            self._say(f"{why_not}\n")

    def _throttle(self, full: bool) -> None:
        (self._channel.pause_reading if full else self._channel.resume_reading)()

    async def _read_line(self, link: AgentLink) -> str | None:
        editor = self._editor
        while self._held:
            self._say(f"{self._held.popleft()}\n")
        editor.begin(_cooked(self._prompt))
        self._reading = True
        try:
            return await self._edit(link)
        finally:
            self._reading = False

    def _live(self, line: str) -> None:
        """A line of the log came: it is shown above the line that is typed, or before the next one."""
        if not self._reading:
            self._held.append(line)
            return
        self._editor.leave()
        self._say(f"{line}\n")
        self._editor.resume(_cooked(self._prompt))
        self._flush()

    async def _edit(self, link: AgentLink) -> str | None:
        editor = self._editor
        while (key := await self._next_key()) is not None:
            if key == ENTER:
                return editor.submit()
            if key == CTRL_C:
                editor.write("^C")
                editor.leave()
                editor.begin(_cooked(self._prompt))
            elif key == CTRL_D and not editor.line:
                editor.insert("exit")
                return editor.submit()
            elif key in ("?", "\t", " ") and not completion.within_quotes(editor.left):
                await self._complete(link, key)
            elif not editor.key(key):
                editor.bell()
        return None

    async def _complete(self, link: AgentLink, key: str) -> None:
        editor = self._editor
        word = completion.open_word(editor.left)
        if key == " " and not word:
            editor.insert(" ")
            return
        self._flush()
        answer = await link.ask({"complete": editor.left})
        found = completion.from_answer(answer.get("completions"))
        if key == " ":
            editor.insert(f"{completion.by_space(word, found)} ")
        elif key == "\t" and (added := completion.by_tab(word, found)):
            editor.insert(added)
        elif found:
            self._list(found)
        else:
            editor.bell()

    def _list(self, found: list[Completion]) -> None:
        self._editor.leave()
        self._say(completion.listing(found))
        self._editor.resume(_cooked(self._prompt))

    async def _show(self, line: str, answer: Answer) -> None:
        text = str(answer.get("text", ""))
        if text and not text.endswith("\n"):
            text += "\n"
        if not pager.wanted(line, text, self._height):
            self._say(text)
        else:
            await self._page(pager.Pager.of_command(line, text, self._editor.width, self._height))
        await self._writable.wait()

    async def _page(self, shown: pager.Pager) -> None:
        self._editor.write(shown.start())
        while not shown.done and (key := await self._next_key()) is not None:
            self._editor.write(shown.key(key))

    async def _next_key(self) -> str | None:
        while self._agent_is_lost or not self._keys:
            if self._agent_is_lost:
                raise AgentLost
            self._flush()
            if self._no_more_keys:
                return None
            self._arrived.clear()
            if self._paused:
                self._paused = False
                self._channel.resume_reading()
            await self._arrived.wait()
        return self._keys.popleft()

    def _agent_lost(self) -> None:
        """Between two commands nobody waits for the agent, so `_next_key` is told."""
        log.warning("the agent went away")
        self._agent_is_lost = True
        self._arrived.set()

    def _part(self, text: str) -> None:
        """Show text of a line that still runs."""
        self._say(text)
        self._flush()

    def _say(self, text: str) -> None:
        self._editor.write(_cooked(text))

    def _flush(self) -> None:
        if out := self._editor.take_output():
            with contextlib.suppress(OSError):
                self._channel.write(out.encode("utf-8", "replace"))


def _cooked(text: str) -> str:
    return text.replace("\n", "\r\n")
