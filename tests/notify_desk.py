"""Channels to the sinks, and a message to send by them."""

import ssl
from datetime import UTC, datetime
from typing import Any

from pydantic import TypeAdapter

from checks.channels import Channel
from tasks.notify import Message, Receipt, deliver

_CHANNEL: TypeAdapter[Any] = TypeAdapter(Channel)
AT = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
LINK = "https://xunjian.example.cn/reports/2026-03-02"
MESSAGE = Message(
    "oa-2026-03-02/1", "协同办公系统：待办打不开", "oa/todo：严重\n回答用了 12 秒，期望不超过 10 秒", LINK, AT
)
SECRETS = {
    "wecom.key": "7d21f0aa-0b5e-4c6f-8e1c-1f6f0c9d2b3a",
    "dingtalk.token": "b7e1" * 16,
    "dingtalk.sign": "SEC4d0f/+=&81",
    "feishu.token": "tok/7 ü+<&1e21f0aa",
    "feishu.sign": "sign of feishu",
    "mail.password": "quiet river 41",
    "service": "Bearer green-hill-77",
}
ENOUGH = 10.0  # seconds


def channel(kind: str, /, **more: Any) -> Any:
    """A channel called duty."""
    return _CHANNEL.validate_python({"kind": kind, "id": "duty", "title": "值班", **more})


def robot(kind: str, url: str, *, signed: bool = False) -> Any:
    """One of the three, at a sink's address."""
    path = {"wecom": "/cgi-bin/webhook/send", "dingtalk": "/robot/send", "feishu": "/open-apis/bot/v2/hook"}[kind]
    secret = {"key": "wecom.key"} if kind == "wecom" else {"token": f"{kind}.token"}
    return channel(kind, url=url + path, **secret, **({"sign": f"{kind}.sign"} if signed else {}))


def mail(port: int, **more: Any) -> Any:
    """A mail channel to a port of this machine, without TLS if nothing else is said."""
    who = {"sender": "xunjian@example.cn", "to": ["duty@example.cn"]}
    return channel("smtp", **{"host": "127.0.0.1", "port": port, "security": "none", **who, **more})


def send(
    to: Any, trusted: ssl.SSLContext, message: Message = MESSAGE, timeout: float = ENOUGH, **secrets: str
) -> Receipt:
    """Deliver, and hold the receipt to what every receipt must be."""
    held = {**SECRETS, **secrets}
    receipt = deliver(to, message, held, trusted=trusted, timeout=timeout)
    assert receipt.answer
    assert len(receipt.answer) <= 300
    assert receipt.answer.isprintable()
    assert not [name for name, value in held.items() if value in receipt.answer]
    assert receipt.seconds < timeout + 1
    return receipt
