"""The line to a host's first process: one JSON line there, one back, one at a time."""

import asyncio
import json
import socket
from typing import Any

from rehearsal.errors import RehearsalError


class Wire:
    """One host, seen from the machine."""

    def __init__(self, name: str, line: socket.socket) -> None:
        self.name = name
        self._line = line
        self._lock = asyncio.Lock()

    async def open(self) -> None:
        """Within the event loop."""
        self._reader, self._writer = await asyncio.open_unix_connection(sock=self._line, limit=2**20)

    async def ask(self, op: str, **more: object) -> dict[str, Any]:
        """Send an order and wait for its answer."""
        async with self._lock:
            try:
                self._writer.write(json.dumps({"op": op, **more}).encode() + b"\n")
                raw = await self._reader.readline()
            except ConnectionError:
                raw = b""
        if not raw:
            raise RehearsalError(f"演练主机 {self.name} 没有启动或已停止，原因见日志 hosts.log。")
        answer: dict[str, Any] = json.loads(raw)
        if "error" in answer:
            raise RehearsalError(f"演练主机 {self.name}：{answer['error']}")
        return answer

    async def write(self, path: str, text: str, mode: str = "644", owner: str = "") -> None:
        """Put a file on the host."""
        await self.ask("write", path=path, text=text, mode=mode, owner=owner)

    async def must(self, script: str) -> str:
        """Run a script as the host's root; it must succeed."""
        answer = await self.ask("run", script=f"set -e\n{script}")
        if answer["code"] != 0:
            raise RehearsalError(f"演练主机 {self.name}：{answer['out'].strip()[-500:]}")
        return str(answer["out"])
