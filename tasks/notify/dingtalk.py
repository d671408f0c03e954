"""DingTalk's group robot (open.dingtalk.com/document/robots/custom-robot-access)."""

import base64
import hmac
import ssl
import time
from collections.abc import Mapping

from checks.channels import Dingtalk
from tasks.notify.line import Line
from tasks.notify.message import Message, Verdict
from tasks.notify.posting import encoded, post, robots_verdict

_LIMIT = 20_000  # bytes of the whole body


def send(
    channel: Dingtalk, message: Message, secrets: Mapping[str, str], line: Line, trusted: ssl.SSLContext
) -> Verdict:
    """Post one text, signed if the channel says so; errors as `post`."""
    content = message.fitted(lambda text: len(encoded(_payload(text))) <= _LIMIT)
    params = {"access_token": secrets[channel.token]}
    if channel.sign:
        params |= _signature(secrets[channel.sign], round(time.time() * 1000))
    posted = post(line, trusted, str(channel.url), _payload(content), params=params)
    return robots_verdict(posted, ["errcode"], ["errmsg"])


def _payload(content: str) -> dict[str, object]:
    return {"msgtype": "text", "text": {"content": content}}


def _signature(secret: str, now: int) -> dict[str, str]:
    """For the query. `now`: milliseconds; more than an hour off is refused."""
    digest = hmac.digest(secret.encode(), f"{now}\n{secret}".encode(), "sha256")
    return {"timestamp": f"{now}", "sign": base64.b64encode(digest).decode()}
