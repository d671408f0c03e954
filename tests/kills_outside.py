"""What is outside while kills.py kills: a system that is switched off and on, and where notices go to."""

import json
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from random import Random
from threading import Thread
from types import TracebackType
from typing import NamedTuple, Self

from ruamel.yaml import YAML
from sinks import SmtpSink, WebhookSink

from rehearsal.sample import copy_contract

LIMITS = "limits: { warn: 40, crit: 50, down: 60 }"
PROBE = "probe: { every: 1, every_in_support: 1, timeout: 0.45 }"
FLAP = 3.5  # seconds: long enough for two probes
LATER = "451 4.3.0 try again later"


class Received(NamedTuple):
    """A notice that arrived."""

    channel: str
    message: str
    text: str


class Outside:
    """The system `desk`, whose pages wait for a person; a mail server that may refuse; a service that takes notices."""

    def __init__(self) -> None:
        self.mail, self.hook = SmtpSink(), WebhookSink()
        self.mood = "on"
        self._desk = ThreadingHTTPServer(("127.0.0.1", 0), _answering(self))
        self._thread = Thread(target=self._desk.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self.mail.__enter__()
        self.hook.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.hook.__exit__(kind, error, trace)
        self.mail.__exit__(kind, error, trace)
        self._desk.shutdown()
        self._desk.server_close()

    def change(self, chance: Random) -> None:
        """Another day: desk may be down, or go up and down all the time; mail may be refused."""
        self.mood = chance.choice(("on", "off", "flapping", "flapping"))
        self.mail.answer = LATER if chance.random() < 0.3 else "250 2.0.0 Ok"

    def quiet(self) -> None:
        """All is well."""
        self.mood, self.mail.answer = "on", "250 2.0.0 Ok"

    @property
    def on(self) -> bool:
        """Whether desk is up."""
        return self.mood == "on" or (self.mood == "flapping" and time.monotonic() % (2 * FLAP) < FLAP)

    @property
    def received(self) -> list[Received]:
        """What was accepted, however often."""
        mails = [Received("mail", _id_in(one.message["Message-ID"]), one.text) for one in [*self.mail.received]]
        return mails + [Received("hook", one.body["id"], one.body["text"]) for one in [*self.hook.received]]

    def contract(self, folder: Path, base_port: int) -> Path:
        """The sample contract: pages are given their time, every system is probed each second, clocks run out soon."""
        contract = copy_contract(folder, base_port)
        for file in contract.glob("backups/*.yaml"):  # a run of theirs is a run like any other
            file.unlink()
        for file in contract.glob("systems/*.yaml"):
            file.write_text(f"{file.read_text(encoding='utf-8')}\n{LIMITS}\n{PROBE}\n", encoding="utf-8")
        journey = "{ id: queue, title: 叫号, semi_manual: true }"
        address = f"http://127.0.0.1:{self._desk.server_port}"
        desk = f"id: desk\nname: 窗口系统\nurl: {address}\njourneys: [{journey}]\n{PROBE}\n"
        (contract / "systems" / "9-desk.yaml").write_text(desk, encoding="utf-8")
        mail = {"id": "mail", "title": "邮件", "kind": "smtp", "host": "127.0.0.1", "port": self.mail.port,
                "security": "none", "sender": "xunjian@example.cn", "to": ["duty@example.cn"]}  # fmt: skip
        hook = {"id": "hook", "title": "回调", "kind": "webhook", "url": f"{self.hook.url}/hook", "grade": 2}
        more = {
            "channels": [mail, hook],
            "escalation": [
                {"who": "驻场工程师", "channels": ["mail", "hook"]},
                {"who": "项目经理", "channels": ["hook"]},
            ],
            "deadlines": {"report": 1, "response": 1, "dispatch": 1, "repair": 2, "settle": 1},
        }
        head = contract / "contract.yaml"
        written = YAML(typ="safe").load(head.read_text(encoding="utf-8"))
        head.write_text(json.dumps({**written, **more}, ensure_ascii=False, default=str), encoding="utf-8")
        return contract


def _id_in(header: str) -> str:
    """`<G-2026-0001-open-0@example.cn>`, our own id in front."""
    return header.strip("<>").rpartition("@")[0]


def _answering(outside: Outside) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if outside.on else 503)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing on standard error."""

    return Handler
