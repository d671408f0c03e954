"""What the three systems share: sessions in memory, the login form, pages from templates, file downloads."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from rehearsal.faults import Switchboard
from rehearsal.layout import SCHEMES, TITLES, Settings
from rehearsal.secrets_store import accepts
from rehearsal.web import files
from rehearsal.web.data import Document, Holdings

HERE = Path(__file__).parent
STATIC = HERE / "static"
Handler = Callable[[Request], Response]


def environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@dataclass
class Sessions:
    """Sessions in memory; a session ends `ttl` seconds after the login."""

    ttl: float
    clock: Callable[[], float] = time.monotonic
    _ends: dict[str, float] = field(default_factory=dict)

    def open(self) -> str:
        now = self.clock()
        self._ends = {token: end for token, end in self._ends.items() if end > now}
        token = secrets.token_hex(16)
        self._ends[token] = now + self.ttl
        return token

    def alive(self, token: str) -> bool:
        return self._ends.get(token, float("-inf")) > self.clock()

    def close(self, token: str) -> None:
        self._ends.pop(token, None)


@dataclass
class Desk:
    """One system's workplace: who is logged in, what its pages look like, which faults are on."""

    system: str
    settings: Settings
    switches: Switchboard
    data: Holdings = field(init=False)
    sessions: Sessions = field(init=False)
    templates: Environment = field(init=False)

    def __post_init__(self) -> None:
        self.data = Holdings(self.settings.canary)
        self.sessions = Sessions(self.settings.session_ttl)
        self.templates = environment()

    @property
    def cookie(self) -> str:
        return f"{self.system.upper()}SESSIONID"

    def faulty(self, name: str) -> bool:
        return self.switches.is_on(name)

    def render(self, name: str, status: int = 200, **context: Any) -> Response:
        template = self.templates.get_template(f"{self.system}/{name}.html")
        text = template.render(system=TITLES[self.system], faulty=self.faulty, **context)
        return Response(text, status_code=status, media_type="text/html")

    def logged_in(self, request: Request) -> bool:
        return self.sessions.alive(request.cookies.get(self.cookie, ""))

    def guarded(self, handler: Handler) -> Handler:
        """The handler for those logged in; the others are sent to the login page, as real systems do."""

        def inner(request: Request) -> Response:
            if not self.logged_in(request):
                return RedirectResponse("/login", status_code=302)
            return handler(request)

        return inner

    def accepts(self, username: str, password: str) -> bool:
        return accepts(Path(self.settings.secrets), self.system, username, password)

    def admit(self, response: Response, *, dropped: bool = False) -> Response:
        """Set the session's cookie; a dropped session is one the server forgets at once."""
        token = self.sessions.open()
        if dropped:
            self.sessions.close(token)
        secure = SCHEMES[self.system] == "https"
        response.set_cookie(self.cookie, token, httponly=True, samesite="lax", secure=secure)
        return response

    def dismiss(self, request: Request, response: Response) -> Response:
        self.sessions.close(request.cookies.get(self.cookie, ""))
        response.delete_cookie(self.cookie)
        return response


async def form(request: Request) -> dict[str, str]:
    """The fields of a posted form, the first value of each."""
    body = (await request.body()).decode("utf-8", "replace")
    return {name: values[0] for name, values in parse_qs(body, keep_blank_values=True).items()}


def attachment(documents: dict[str, Document], file_id: str, *, inline: bool = False) -> Response:
    """An attachment as a download (or to be shown), under the name that people see; 404 when there is none."""
    document = documents.get(file_id.rpartition(".")[0])
    suffix = file_id.rpartition(".")[2]
    if document is None or suffix not in ("pdf", "docx"):
        return Response("附件不存在", status_code=404, media_type="text/plain")
    lines = [
        document.title,
        document.number,
        f"{document.unit}　{document.person}",
        "本文件为演练数据，无任何真实内容。",
    ]
    name = dict(document.attachments)[file_id]
    if suffix == "pdf":
        return download(files.pdf(lines), files.PDF_TYPE, name, inline=inline)
    return download(files.docx(lines), files.DOCX_TYPE, name, inline=inline)


def download(body: bytes, media_type: str, name: str, *, inline: bool = False) -> Response:
    kind = "inline" if inline else "attachment"
    disposition = f"{kind}; filename*=UTF-8''{quote(name)}"
    return Response(body, media_type=media_type, headers={"Content-Disposition": disposition})
