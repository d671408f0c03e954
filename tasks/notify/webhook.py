"""A service of the operator's own: JSON with the fields of a message, accepted with any 2xx."""

import ssl
from collections.abc import Mapping

from checks.channels import Webhook
from tasks.notify.line import Line
from tasks.notify.message import Message, Verdict
from tasks.notify.posting import post


def send(
    channel: Webhook, message: Message, secrets: Mapping[str, str], line: Line, trusted: ssl.SSLContext
) -> Verdict:
    """Post the message; `at` is ISO 8601 with the offset. Errors as `post`."""
    headers = {name: secrets[secret] for name, secret in channel.headers.items()}
    for name, value in headers.items():
        if not (value.isascii() and value.isprintable()):
            return Verdict(False, f"没有发出：请求头 {name} 的口令里有换行或非 ASCII 字符")
    payload = {**message._asdict(), "at": message.at.isoformat()}
    posted = post(line, trusted, str(channel.url), payload, headers=headers)
    return Verdict(posted.ok, f"HTTP {posted.status}：{posted.text}" if posted.text else f"HTTP {posted.status}")
