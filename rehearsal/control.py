"""Talking to the estate's process: one JSON line there, one back, over a Unix socket only its owner may open."""

import json
import socket
from pathlib import Path
from typing import Any

from rehearsal.errors import RehearsalError

TIMEOUT = 10.0
SWITCH = 60.0
"""For a fault to be there or gone: a database starts, on a busy machine."""


class NobodyThereError(RehearsalError):
    """No estate listens on the control socket."""


class SilentError(RehearsalError):
    """An estate is there, but does not answer."""


def ask(path: Path, command: str, /, *, timeout: float = TIMEOUT, **arguments: str) -> dict[str, Any]:
    """Send one command; the answer's `error`, a Chinese sentence, is raised."""
    try:
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(timeout)
            line.connect(str(path))
            line.sendall(json.dumps({"command": command, **arguments}).encode() + b"\n")
            with line.makefile("rb") as stream:
                raw = stream.readline()
    except TimeoutError as error:
        raise SilentError(f"演练环境 {timeout:.0f} 秒内没有应答，请查看日志后重试。") from error
    except OSError as error:
        raise NobodyThereError("演练环境没有运行。先执行：xunjian rehearsal up") from error
    if not raw:
        raise NobodyThereError("演练环境已停止。")
    answer: dict[str, Any] = json.loads(raw)
    if "error" in answer:
        raise RehearsalError(answer["error"])
    return answer
