"""Private keys: how to log in at a host, and keys loaded once per run."""

import base64
import binascii
import io
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

import paramiko  # type: ignore[import-untyped]

from checks import os_words
from checks.finding import Reason
from tasks.ssh.errors import SshError


@dataclass(frozen=True)
class Login:
    """How to log in at one alias: the values themselves, which it does not show.

    Args:
        password: for `password` or `keyboard-interactive`, sent once.
        key: the text of a private key.
        passphrase: of `key`, and of the IdentityFiles in the configuration.
        agent: ask ssh-agent too.
    """

    password: str = field(default="", repr=False)
    key: str = field(default="", repr=False)
    passphrase: str = field(default="", repr=False)
    agent: bool = False


class Keys:
    """Each key is read and decrypted once (a passphrase costs 0.1 s and more), for all threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._loaded: dict[tuple[str | Path, str], Any] = {}

    def given(self, text: str, passphrase: str) -> Any:
        """The key with this text.

        Raises:
            SshError: CONFIGURATION, it cannot be used; says why and the remedy.
        """
        with self._lock:
            if (text, passphrase) not in self._loaded:
                self._loaded[text, passphrase] = _load(text, passphrase, "登录密钥")
            return self._loaded[text, passphrase]

    def file(self, path: Path, passphrase: str) -> Any:
        """The key in this file, with the certificate beside it if there is one.

        Raises:
            SshError: CONFIGURATION, as above.
        """
        with self._lock:
            if (path, passphrase) not in self._loaded:
                try:
                    key = _load(path.read_text(encoding="utf-8", errors="replace"), passphrase, f"密钥 {path}")
                    certificate = path.with_name(f"{path.name}-cert.pub")
                    if certificate.is_file():
                        key.load_certificate(str(certificate))
                except OSError as error:
                    raise SshError(Reason.CONFIGURATION, f"密钥 {path} 读不出：{os_words.say(error)}") from error
                self._loaded[path, passphrase] = key
            return self._loaded[path, passphrase]


def _load(text: str, passphrase: str, called: str) -> Any:
    kind, encrypted = _look(text)
    if not kind:
        what = f"{called}不是能用的私钥；用 ssh-keygen -t ed25519 生成，或用 ssh-keygen -p -f 文件 转成 OpenSSH 格式"
        raise SshError(Reason.CONFIGURATION, what)
    if encrypted and not passphrase:
        raise SshError(Reason.CONFIGURATION, f"{called}有密码保护，没有配置它的密码；请配置 passphrase")
    try:
        return kind.from_private_key(io.StringIO(text), password=passphrase if encrypted else None)
    except Exception as error:  # a damaged file makes paramiko's parsers raise whatever they stumble over
        what = f"{called}的密码不对；请核对 passphrase" if encrypted else f"{called}已损坏；请换一份完整的"
        # Not chained: nobody has promised that parsers of keys keep them out of their messages.
        raise SshError(Reason.CONFIGURATION, what) from (error if isinstance(error, OSError) else None)


def _look(text: str) -> tuple[Any, bool]:
    """The class for a key, None when there is none, and whether it needs a passphrase.

    Asked of the file's clear part: paramiko finds out by trying each class, and decrypts it each time.
    """
    if "-----BEGIN RSA PRIVATE KEY-----" in text:
        return paramiko.RSAKey, "ENCRYPTED" in text
    if "-----BEGIN EC PRIVATE KEY-----" in text:
        return paramiko.ECDSAKey, "ENCRYPTED" in text
    _, found, body = text.partition("-----BEGIN OPENSSH PRIVATE KEY-----")
    try:
        data = base64.b64decode(body.partition("-----END")[0])
    except binascii.Error:
        data = b""
    if not found or not data.startswith(b"openssh-key-v1\0"):
        return None, False
    # magic, cipher, kdf, ..., then the public half: all of it before anything that is encrypted
    encrypted = data[19:23] != b"none"
    classes = {b"ssh-ed25519": paramiko.Ed25519Key, b"ecdsa-sha2-": paramiko.ECDSAKey, b"ssh-rsa": paramiko.RSAKey}
    return next((kind for name, kind in classes.items() if name in data[:200]), None), encrypted
