"""What goes wrong between here and the far side, in Chinese, with the far side's own words."""

import base64
import html
import re
import smtplib
import socket
import ssl
from collections.abc import Collection, Iterator
from urllib.parse import unquote_plus

import httpx

from checks import os_words
from checks.secrecy import Redactor

FAULTS = (OSError, httpx.HTTPError, httpx.InvalidURL, UnicodeError)
"""The world's faults. SMTP's are OSErrors; a UnicodeError is a host name that is none."""

_LONGEST = 300  # characters of an answer
_SHORTEST = 6  # characters in Base64 that are not there by chance
_ESCAPE = re.compile(r'\\(?:u([0-9a-fA-F]{4})|([/"\\]))')
_REFUSED = {
    smtplib.SMTPConnectError: "服务器不接受连接",
    smtplib.SMTPAuthenticationError: "登录被拒绝",
    smtplib.SMTPSenderRefused: "发件人被拒绝",
    smtplib.SMTPDataError: "邮件被拒绝",
}


def told(fault: Exception, seconds: float) -> str:
    """Why nothing was delivered. An error's own text is shown only where the far side wrote it."""
    if isinstance(fault, smtplib.SMTPResponseException):
        said = fault.smtp_error.decode("utf-8", "replace") if isinstance(fault.smtp_error, bytes) else fault.smtp_error
        if fault.smtp_code < 0:  # smtplib's own: there was none
            return f"对方没有按 SMTP 回答：{said}"
        return f"{_REFUSED.get(type(fault), '被拒绝')}：{fault.smtp_code} {said}"
    if isinstance(fault, smtplib.SMTPNotSupportedError):
        return f"服务器不支持：{fault}"
    cause = next((one for one in _causes(fault) if isinstance(one, OSError)), None)
    if isinstance(cause, TimeoutError):
        return f"{seconds:g} 秒内没有完成"
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"证书不可信：{cause.verify_message}"
    if isinstance(cause, ssl.SSLError):
        return f"不是 TLS，或握手没有成功（{cause.reason or '连接中断'}）"
    if isinstance(cause, socket.gaierror) or isinstance(fault, UnicodeError):
        return "主机名解析不出地址"
    if cause and not isinstance(cause, smtplib.SMTPException):
        return os_words.say(cause)
    if isinstance(fault, smtplib.SMTPServerDisconnected | httpx.RemoteProtocolError):
        return "对方中断了连接，或没有按协议回答"
    return f"没有发出（{type(fault).__name__}）"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error's causes, deepest first, and itself."""
    if deeper := error.__cause__ or error.__context__:
        yield from _causes(deeper)
    yield error


def scrubbed(answer: str, secrets: Collection[str]) -> str:
    """One line of an answer, of at most 300 characters, in which no secret stands, however it is written."""
    redactor = Redactor(secrets)
    line = redactor.clean_own(answer, limit=len(answer))
    readings = unquote_plus(line), html.unescape(line), _unescaped(line)
    if any(map(redactor.knows, readings)) or any(form in line for secret in secrets for form in _base64(secret)):
        return "对方的回答里有口令，不予记录"
    return redactor.clean_own(line, limit=_LONGEST)


def _unescaped(line: str) -> str:
    """As JSON's strings are read."""
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)) if found[1] else found[2], line)


def _base64(secret: str) -> Iterator[str]:
    """What shows a secret that a server repeats as SMTP's logins send it, behind anything else."""
    for shift in range(3):
        middle = base64.b64encode(b"\0" * shift + secret.encode())[4 if shift else 0 : -4].decode()
        if len(middle) >= _SHORTEST:
            yield middle
