"""Notifications: one message, by one channel, and what the far side answered; and files by mail. Nothing is tried twice
here."""

import smtplib
import ssl
import time
from collections.abc import Mapping
from threading import Event
from typing import assert_never

from checks.channels import Channel, Dingtalk, Feishu, Smtp, Webhook, Wecom, not_cleared
from checks.secrecy import Grade
from tasks.notify import dingtalk, feishu, smtp, webhook, wecom
from tasks.notify.faults import FAULTS, scrubbed, told
from tasks.notify.line import Line, within
from tasks.notify.message import Letter, MailReceipt, Message, Receipt, Verdict

__all__ = ["Letter", "MailReceipt", "Message", "Receipt", "deliver", "mail"]


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


def mail(
    channel: Smtp,
    letter: Letter,
    secrets: Mapping[str, str],
    *,
    grade: Grade,
    trusted: ssl.SSLContext,
    timeout: float = 120,
) -> MailReceipt:
    """Mail a file by a channel that is cleared for its grade. What goes wrong in the world is told, not raised.

    Args:
        secrets: by name; at least those of `channel.secret_names()`. None of their values is in the receipt.
        trusted: from `tasks.crypto.tls.trusting`.
        timeout: seconds for everything.

    Raises:
        KeyError: a secret is missing.
    """
    started, identity, lost = time.monotonic(), smtp.message_id(channel, letter.id), False
    if refusal := not_cleared(channel, grade):
        return MailReceipt(False, False, refusal, identity, 0.0)
    own = {name: secrets[name] for name in channel.secret_names()}
    handing = Event()
    try:
        verdict = within(timeout, lambda line: smtp.send_file(channel, letter, own, line, trusted, handing))
    except FAULTS as fault:
        refused = isinstance(fault, smtplib.SMTPResponseException) and fault.smtp_code > 0
        lost = handing.is_set() and not refused
        verdict = Verdict(False, f"{channel.where}：{told(fault, timeout)}")
    return MailReceipt(
        verdict.ok, lost, scrubbed(verdict.answer, secrets.values()), identity, time.monotonic() - started
    )


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
