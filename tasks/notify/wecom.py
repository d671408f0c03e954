"""WeCom's group robot (developer.work.weixin.qq.com/document/path/91770)."""

import ssl
from collections.abc import Mapping

from checks.channels import Wecom
from tasks.notify.line import Line
from tasks.notify.message import Message, Verdict
from tasks.notify.posting import post, robots_verdict

_LIMIT = 2048  # bytes of the content, in UTF-8


def send(channel: Wecom, message: Message, secrets: Mapping[str, str], line: Line, trusted: ssl.SSLContext) -> Verdict:
    """Post one text; errors as `post`."""
    content = message.fitted(lambda text: len(text.encode()) <= _LIMIT)
    payload = {"msgtype": "text", "text": {"content": content}}
    posted = post(line, trusted, str(channel.url), payload, params={"key": secrets[channel.key]})
    return robots_verdict(posted, ["errcode"], ["errmsg"])
