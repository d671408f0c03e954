"""Feishu's group robot (open.feishu.cn/document/client-docs/bot-v3/add-custom-bot)."""

import base64
import hmac
import ssl
import time
from collections.abc import Mapping
from urllib.parse import quote

from checks.channels import Feishu
from tasks.notify.line import Line
from tasks.notify.message import Message, Verdict
from tasks.notify.posting import encoded, post, robots_verdict

_LIMIT = 20_000  # bytes of the whole body: "20 KB", by the stricter reading


def send(channel: Feishu, message: Message, secrets: Mapping[str, str], line: Line, trusted: ssl.SSLContext) -> Verdict:
    """Post one text, signed if the channel says so; errors as `post`."""
    signature = _signature(secrets[channel.sign], round(time.time())) if channel.sign else {}
    # A robot's text may call people with <at …>; what an inspected system wrote must not.
    calm = message._replace(title=message.title.replace("<at", "＜at"), text=message.text.replace("<at", "＜at"))

    def payload(text: str) -> dict[str, object]:
        return {**signature, "msg_type": "text", "content": {"text": text}}

    content = calm.fitted(lambda text: len(encoded(payload(text))) <= _LIMIT)
    url = f"{str(channel.url).rstrip('/')}/{quote(secrets[channel.token], safe='')}"
    # Older answers have StatusCode alone, newer ones both.
    return robots_verdict(post(line, trusted, url, payload(content)), ["code", "StatusCode"], ["msg", "StatusMessage"])


def _signature(secret: str, now: int) -> dict[str, str]:
    """For the body. `now`: seconds; more than an hour off is refused. The text is the key, and nothing is signed."""
    digest = hmac.digest(f"{now}\n{secret}".encode(), b"", "sha256")
    return {"timestamp": f"{now}", "sign": base64.b64encode(digest).decode()}
