"""Why it could not be looked at over SSH, in words for the operator."""

import re
import time
from pathlib import Path

from checks.finding import Reason

_LONGEST = 200  # characters of a peer's words that are shown


class SshError(Exception):
    """Nothing could be run on a host. `what` is one line of Chinese, ready to be shown; no secret is ever in it."""

    def __init__(self, reason: Reason, what: str) -> None:
        super().__init__(what)
        self.reason, self.what = reason, what


class SshConfigError(Exception):
    """A mistake in an ssh configuration file. The message is Chinese, names file and line, and says the remedy."""

    def __init__(self, file: Path, line: int, what: str, remedy: str) -> None:
        super().__init__(f"{file} 第 {line} 行：{what}；{remedy}")
        self.file, self.line, self.what, self.remedy = file, line, what, remedy


class Deadline:
    """The one limit on time over everything that an exchange does."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._until = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds that are left, 0 when it is over."""
        return max(0.0, self._until - time.monotonic())

    def missed(self, stage: str) -> SshError:
        """The error for a stage that was not finished in time."""
        return SshError(Reason.TIMEOUT, f"{self.seconds:g} 秒内没有完成：{stage}")


def one_line(words: str | bytes) -> str:
    """What a peer said, fit for one line: no control characters, not too long."""
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    return re.sub(r"[\s\x00-\x1f\x7f-\x9f]+", " ", text).strip()[:_LONGEST]
