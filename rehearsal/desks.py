"""The far ends of notifications in the practice estate: a mail server and a web hook, and what they were sent."""

import asyncio
import json
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any, NamedTuple

from aiosmtpd.smtp import SMTP
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from rehearsal.errors import RehearsalError
from rehearsal.layout import HOST


class Letter(NamedTuple):
    """One notification that was accepted. `channel`: mail or hook; `at`: UTC, by this machine's clock."""

    channel: str
    at: datetime
    title: str
    text: str


class Letters:
    """What was accepted, one line of JSON each, in a file."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def add(self, channel: str, title: str, text: str) -> None:
        """Keep one."""
        row = {"channel": channel, "at": datetime.now(UTC).isoformat(), "title": title, "text": text}
        with self._file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")

    def read(self) -> list[Letter]:
        """All, oldest first."""
        if not self._file.exists():
            return []
        rows = [json.loads(line) for line in self._file.read_text(encoding="utf-8").splitlines()]
        return [Letter(row["channel"], datetime.fromisoformat(row["at"]), row["title"], row["text"]) for row in rows]


def hook(letters: Letters) -> Starlette:
    """A service that takes what xunjian posts."""

    async def take(request: Request) -> Response:
        body = await request.json()
        letters.add("hook", body["title"], body["text"])
        return Response(status_code=204)

    return Starlette(routes=[Route("/notices", take, methods=["POST"])])


class MailDesk:
    """A mail server without accounts or TLS."""

    name = "mail"

    def __init__(self, port: int, letters: Letters) -> None:
        self._port, self._letters = port, letters
        self._server: asyncio.Server | None = None

    async def show(self, certificate: str | None) -> None:
        """Listen; None closes the port."""
        if certificate is None:
            await self.close()
        elif self._server is None:
            try:
                self._server = await asyncio.get_running_loop().create_server(self._session, HOST, self._port)
            except OSError as error:
                raise RehearsalError(f"端口 {self._port}（演练邮件服务器）已被占用。") from error

    async def close(self) -> None:
        """Hear nobody any more."""
        if self._server is not None:
            self._server.close()
            self._server = None

    def _session(self) -> SMTP:
        return SMTP(self, hostname="mail.rehearsal.invalid", loop=asyncio.get_running_loop())

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd calls it so
        """Keep a mail."""
        mail = message_from_bytes(envelope.content, policy=default)
        assert isinstance(mail, EmailMessage)  # noqa: S101 - the policy's class
        self._letters.add("mail", str(mail["Subject"]), str(mail.get_content()))
        return "250 OK"
