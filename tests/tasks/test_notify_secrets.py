"""No secret stands in an answer, a log, a repr or an exception, whatever the far side says."""

import base64
import html
import json
import logging
import ssl
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from socket import create_server
from typing import Any
from urllib.parse import quote, quote_plus

import httpx
import pytest
from notify_desk import MESSAGE, SECRETS, channel, mail, robot, send
from sinks import Answer, SmtpSink, WebhookSink, said

from tasks.notify import Receipt, deliver


@pytest.fixture
def sink() -> Iterator[WebhookSink]:
    with WebhookSink() as made:
        made.wecom = {SECRETS["wecom.key"]}
        made.authorization = SECRETS["service"]
        yield made


def service(url: str) -> Any:
    return channel("webhook", url=url + "/notices", headers={"Authorization": "service"})


class Heard(logging.Handler):
    """Everything that any logger says, with its arguments."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)

    def said(self) -> str:
        # the sinks' own words are none of ours
        return "\n".join(f"{one.getMessage()} {one.args!r}" for one in self.records if one.name != "mail.log")


@pytest.fixture
def heard() -> Iterator[Heard]:
    handler = Heard()
    names = ["", "httpx", "httpcore", "httpcore.connection", "httpcore.http11", "asyncio"]
    before = {name: logging.getLogger(name).level for name in names}
    for name in names:
        logging.getLogger(name).setLevel(logging.DEBUG)
    logging.getLogger().addHandler(handler)
    yield handler
    logging.getLogger().removeHandler(handler)
    for name, level in before.items():
        logging.getLogger(name).setLevel(level)


def coded(secret: str) -> list[str]:
    """In Base64, behind 0, 1 and 2 other bytes."""
    return [base64.b64encode(before + secret.encode()).decode() for before in (b"", b"a", b"ab")]


def forms(secret: str) -> list[str]:
    """A secret, as it may stand in an answer."""
    escaped = json.dumps(secret)[1:-1]
    urls = quote(secret), quote(secret, safe=""), quote(secret, safe="").lower(), quote_plus(secret)
    return [secret, *urls, escaped, escaped.replace("/", "\\/"), html.escape(secret), *coded(secret)]


def show(text: str) -> list[str]:
    """The names of the secrets that stand in a text."""
    found = {name: [*forms(value)[:-3], *(one[4:-4] for one in coded(value))] for name, value in SECRETS.items()}
    return [name for name, words in found.items() for word in words if word in text]


def test_no_log_and_no_output_has_a_secret(
    sink: WebhookSink, certificates: Path, trusted: ssl.SSLContext, heard: Heard, capfd: pytest.CaptureFixture[str]
) -> None:
    # Given: all goes well, is refused, is redirected to an address with the secret, is not to be had
    sink.dingtalk = {SECRETS["dingtalk.token"]: SECRETS["dingtalk.sign"]}
    sink.feishu = {SECRETS["feishu.token"]: SECRETS["feishu.sign"]}
    with create_server(("127.0.0.1", 0)) as used:
        closed = f"http://127.0.0.1:{used.getsockname()[1]}"
    kinds = ("wecom", "dingtalk", "feishu")
    receipts: list[Receipt] = []
    # When
    for kind in kinds:
        to = robot(kind, sink.url, signed=kind != "wecom")
        token = SECRETS["wecom.key" if kind == "wecom" else f"{kind}.token"]
        receipts.append(send(to, trusted))
        for location in (f"https://example.cn/?key={token}", f"https://example.cn/{quote(token, safe='')}"):
            # No header can hold what is not Latin-1
            with suppress(UnicodeEncodeError):
                location.encode("latin-1")
                sink.next = [Answer(302, b"", headers=(("Location", location), ("X-Echo", token)))]
                receipts.append(send(to, trusted))
        receipts.append(send(robot(kind, closed), trusted))
    receipts.append(send(service(sink.url), trusted))
    login = {"account": "xunjian", "password": "mail.password", "security": "ssl"}
    for accounts in ({"xunjian": SECRETS["mail.password"]}, {}):
        with SmtpSink("ssl", certificates / "valid.pem", accounts) as server:
            receipts.append(send(mail(server.port, **login), trusted))
    # Then
    assert sum(receipt.ok for receipt in receipts) == 5
    assert show(heard.said()) == []
    assert show(" ".join(capfd.readouterr())) == []
    assert show(repr(receipts)) == []


def test_others_still_hear_what_httpx_says(sink: WebhookSink, heard: Heard) -> None:
    """Given the same loggers, when somebody else posts, then it is in the log: what is held back is ours alone."""
    httpx.post(f"{sink.url}/notices?key=open", json={}, trust_env=False)
    assert "key=open" in heard.said()
    assert "send_request_headers" in heard.said()


@pytest.mark.parametrize("number", range(11))
def test_an_answer_that_repeats_a_secret(sink: WebhookSink, trusted: ssl.SSLContext, number: int) -> None:
    # Given
    form = forms(SECRETS["feishu.token"])[number]
    sink.next = [Answer(500, f"no robot {form} here".encode())]
    # When
    receipt = send(robot("feishu", sink.url), trusted)
    # Then
    assert not receipt.ok
    assert form not in receipt.answer
    assert show(receipt.answer) == []


def test_a_secret_at_the_cut_of_a_long_answer(sink: WebhookSink, trusted: ssl.SSLContext) -> None:
    for before in range(200, 300, 7):
        # Given
        sink.next = [said(errcode=1, errmsg="x" * before + SECRETS["wecom.key"] + "y" * 100)]
        # Then
        assert SECRETS["wecom.key"][:6] not in send(robot("wecom", sink.url), trusted).answer


def test_a_mail_server_that_repeats_the_login(certificates: Path, trusted: ssl.SSLContext) -> None:
    # Given: as AUTH PLAIN sent it
    blob = base64.b64encode(f"\0xunjian\0{SECRETS['mail.password']}".encode()).decode()
    with SmtpSink() as server:
        server.answer = f"550 5.7.1 what is {blob}?"
        # When
        receipt = send(mail(server.port), trusted)
    # Then
    assert (receipt.ok, receipt.answer) == (False, "对方的回答里有口令，不予记录")


def test_a_missing_secret_is_a_mistake_of_ours(trusted: ssl.SSLContext, sink: WebhookSink) -> None:
    # Given
    held = {name: value for name, value in SECRETS.items() if name != "wecom.key"}
    # When
    with pytest.raises(KeyError) as caught:
        deliver(robot("wecom", sink.url), MESSAGE, held, trusted=trusted)
    # Then
    assert caught.value.args == ("wecom.key",)
    assert not sink.asked
