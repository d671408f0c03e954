"""What is sent, and what came of it."""

import re
from bisect import bisect_left
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from checks.secrecy import printable


class Message(NamedTuple):
    """One notification. `id` is the same when it is sent again; `text` is plain, in lines; `link` may be empty."""

    id: str
    title: str
    text: str
    link: str
    at: datetime  # aware

    def cleaned(self) -> "Message":
        """Without control characters, and with lines in the text alone: nothing can pass for a header or a mark."""
        identity, title, link = (" ".join(printable(one).split()) for one in (self.id, self.title, self.link))
        return self._replace(id=identity, title=title, text=printable(self.text).strip(), link=link)

    def whole(self) -> str:
        """Title, text and link as one text."""
        return "\n".join(part for part in (self.title, self.text, self.link) if part)

    def fitted(self, fits: Callable[[str], bool]) -> str:
        """The longest text that fits: the whole, or its beginning and the link."""
        whole = self.whole()
        if fits(whole):
            return whole
        head, tail = f"{self.title}\n{self.text}", f"……（其余见链接）\n{self.link}" if self.link else "……（其余略去）"
        kept = bisect_left(range(1, len(head)), True, key=lambda length: not fits(head[:length] + tail))
        return head[:kept] + tail


class Verdict(NamedTuple):
    """Whether the far side accepted a message, and what it said, as it said it."""

    ok: bool
    answer: str


class Receipt(NamedTuple):
    """What came of a delivery. `ok`: the far side accepted it; `answer`: one line, without secrets."""

    ok: bool
    answer: str
    seconds: float


class Letter(NamedTuple):
    """A file to be mailed to somebody. `id` is the same when it is sent again; `file`: name and content."""

    id: str
    title: str
    text: str
    to: tuple[str, ...]
    file: tuple[str, bytes]
    at: datetime  # aware


_QUEUE = re.compile(r"queued as <?([\w.-]+)|\b(?:internal|queue)?-?id\s*[=: ]\s*<?([\w.-]+)", re.IGNORECASE)


class MailReceipt(NamedTuple):
    """What came of a letter.

    `ok`: the server has taken it, for all receivers. `lost`: it went over and no answer came: it may have arrived
    or not. `answer`: one line, without secrets: the server's code and text, or what went wrong.
    """

    ok: bool
    lost: bool
    answer: str
    message_id: str
    seconds: float

    @property
    def queue_id(self) -> str:
        """The server's own number for it; empty where it named none."""
        match = _QUEUE.search(self.answer) if self.ok else None
        return next((one for one in match.groups() if one), "") if match else ""
