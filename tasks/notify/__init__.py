"""Notifications: one message, by one channel, and what the far side answered. Nothing is tried twice here."""

import ssl
import time
from collections.abc import Mapping
from typing import assert_never

from checks.channels import Channel, Dingtalk, Feishu, Smtp, Webhook, Wecom
from tasks.notify import dingtalk, feishu, smtp, webhook, wecom
from tasks.notify.faults import FAULTS, scrubbed, told
from tasks.notify.line import Line, within
from tasks.notify.message import Message, Receipt, Verdict

__all__ = ["Message", "Receipt", "deliver"]


def deliver(
    channel: Channel,
    message: Message,
    secrets: Mapping[str, str],
    *,
    trusted: ssl.SSLContext,
    timeout: float = 10,
) -> Receipt:
    """Send a message by a channel. What goes wrong in the world is told, not raised.

    Args:
        secrets: by name; at least those of `channel.secret_names()`. None of their values is in the receipt.
        trusted: from `tasks.crypto.tls.trusting`.
        timeout: seconds for everything.

    Raises:
        KeyError: a secret is missing.
    """
    started = time.monotonic()
    own = {name: secrets[name] for name in channel.secret_names()}
    clean = message.cleaned()
    try:
        verdict = within(timeout, lambda line: _send(channel, clean, own, line, trusted))
    except FAULTS as fault:
        verdict = Verdict(False, f"{channel.where}：{told(fault, timeout)}")
    return Receipt(verdict.ok, scrubbed(verdict.answer, secrets.values()), time.monotonic() - started)


def _send(
    channel: Channel, message: Message, secrets: Mapping[str, str], line: Line, trusted: ssl.SSLContext
) -> Verdict:
    match channel:
        case Smtp():
            return smtp.send(channel, message, secrets, line, trusted)
        case Wecom():
            return wecom.send(channel, message, secrets, line, trusted)
        case Dingtalk():
            return dingtalk.send(channel, message, secrets, line, trusted)
        case Feishu():
            return feishu.send(channel, message, secrets, line, trusted)
        case Webhook():
            return webhook.send(channel, message, secrets, line, trusted)
        case _:
            assert_never(channel)
