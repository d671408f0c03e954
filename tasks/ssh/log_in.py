"""Logging in: only what is configured is tried, each of it once."""

import re
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from threading import Event
from typing import Any

import paramiko  # type: ignore[import-untyped]
from paramiko.auth_handler import AuthHandler  # type: ignore[import-untyped]

from checks.finding import Reason
from tasks.ssh.config import Hop
from tasks.ssh.errors import Deadline, SshError, one_line
from tasks.ssh.keys import Keys, Login
from tasks.ssh.link import Link

_WORDS = {"publickey": "密钥", "password": "口令", "keyboard-interactive": "键盘交互口令"}
# Not a password, though it is asked for without echo.
_ONE_TIME = re.compile(r"otp|token|code|one.?time|factor|pin\b|验证码|动态|令牌|短信", re.IGNORECASE)


def log_in(link: Link, hop: Hop, login: Login, keys: Keys, deadline: Deadline) -> None:
    """Log in: keys first, then the password, by `keyboard-interactive` where `password` is not to be had.

    Raises:
        SshError: it is refused, the other side asks for something else, or there is nothing to log in with.
    """
    agent = paramiko.Agent() if login.agent else None
    if agent is None:
        _Attempts(link, hop, login, deadline).run(*_own_keys(hop, login, keys))
        return
    with closing(agent):
        own, notes = _own_keys(hop, login, keys)
        _Attempts(link, hop, login, deadline).run([*own, *_agent_keys(agent, hop)], notes)


def _own_keys(hop: Hop, login: Login, keys: Keys) -> tuple[list[Any], list[str]]:
    """The keys that are given, and what is wrong with those that cannot be used.

    Raises:
        SshError: the login's own key cannot be used.
    """
    found, notes = [], []
    if login.key:
        found.append(keys.given(login.key, login.passphrase))
    for path in hop.identities:
        if not path.is_file():
            notes.append(f"IdentityFile {path} 不存在")
            continue
        try:
            found.append(keys.file(path, login.passphrase))
        except SshError as error:
            notes.append(error.what)
    return found, notes


def _agent_keys(agent: Any, hop: Hop) -> list[Any]:
    if not hop.identities_only:
        return list(agent.get_keys())
    halves = [Path(f"{path}.pub") for path in hop.identities]
    wanted = [half.read_text(encoding="utf-8", errors="replace") for half in halves if half.is_file()]
    return [key for key in agent.get_keys() if any(key.get_base64() in text for text in wanted)]


class _Handler(AuthHandler):  # type: ignore[misc]
    """One question to the server. paramiko drops the list of what it allows; here it is kept."""

    allowed: Sequence[str] = ()
    partial = False
    asked: str | None = None  # it asked for something that we do not answer

    def __init__(self, link: Link, password: str = "") -> None:
        super().__init__(link)
        self._given = password
        self._answered = ""

    def answer(self, _title: str, _instructions: str, prompts: Sequence[tuple[str, bool]]) -> list[str]:
        """The answers in a `keyboard-interactive` dialogue: the password, once."""
        if not prompts:
            return []
        (prompt, echoed), *others = prompts
        if self._answered or echoed or others or _ONE_TIME.search(prompt):
            again = prompt == self._answered and not others
            self.asked = "" if again else one_line(" / ".join(words for words, _ in prompts)) or "（没有提示）"
            raise paramiko.AuthenticationException
        self._answered = prompt
        return [self._given]

    def _parse_userauth_failure(self, m: Any) -> None:
        self.allowed, self.partial = m.get_list(), m.get_boolean()
        m.rewind()
        super()._parse_userauth_failure(m)


class _Attempts:
    """What has been tried at one host, and what the server allows."""

    def __init__(self, link: Link, hop: Hop, login: Login, deadline: Deadline) -> None:
        self._link, self._hop, self._login, self._deadline = link, hop, login, deadline
        self._allowed: Sequence[str] | None = None  # unknown until it refuses something
        self._tried: list[str] = []
        self._old = False  # an RSA key was refused, perhaps for the only signature that an old server knows

    def run(self, keys: Sequence[Any], notes: Sequence[str]) -> None:
        """Try until it is enough.

        Args:
            notes: what cannot be tried, and why.
        """
        keys, password = list(keys), self._login.password
        if not keys and not password:
            what = "；".join(notes) or ("ssh-agent 里没有能用的密钥，请执行 ssh-add" if self._login.agent else "")
            remedy = f"没有可用的登录方式，请为 {self._hop.alias} 配置口令或密钥"
            raise SshError(Reason.CONFIGURATION, "；".join(filter(None, (what, remedy))))
        while not self._link.is_authenticated():
            if keys and (self._allowed is None or "publickey" in self._allowed):
                handler = self._ask("publickey", lambda one, user, done: one.auth_publickey(user, keys[0], done))
                if handler.partial or "publickey" in handler.allowed:  # otherwise nobody has looked at it yet
                    self._old |= keys.pop(0).get_name() == "ssh-rsa"
            elif password and self._allowed is None:
                # Costs one round trip, and spares a password that is logged as wrong because nobody asked for it.
                self._ask("none", lambda one, user, done: one.auth_none(user, done))
            elif password and "password" in (self._allowed or ()):
                self._ask("password", lambda one, user, done: one.auth_password(user, self._login.password, done))
                password = ""
            elif password and "keyboard-interactive" in (self._allowed or ()):
                self._ask("keyboard-interactive", lambda one, user, done: one.auth_interactive(user, one.answer, done))
                password = ""
            else:
                raise self._refused(notes)

    def _ask(self, method: str, send: Callable[[_Handler, str, Event], None]) -> _Handler:
        done = Event()
        handler = self._link.auth_handler = _Handler(self._link, self._login.password)
        if method != "none":
            self._tried.append(method)
        send(handler, self._hop.user, done)
        # Its thread, when it ends, wakes the handler that it finds; it may have ended before there was one.
        if self._link.is_active() and not done.wait(self._deadline.left()):
            raise self._deadline.missed("登录")
        error = self._link.get_exception()
        if handler.asked:
            what = f"{self._who} 登录时除了口令还要求：{handler.asked}；请为巡检账号免除，或改用密钥"
            raise SshError(Reason.AUTHENTICATION, what)
        if handler.asked == "":
            raise self._refused([])
        if not self._link.is_active():
            raise self._hung_up(error)
        self._allowed = handler.allowed
        return handler

    @property
    def _who(self) -> str:
        return f"账号 {self._hop.user}"

    def _refused(self, notes: Sequence[str]) -> SshError:
        counts = {word: self._tried.count(one) for one, word in _WORDS.items()}
        tried = [f"{word} {count} 次" if count > 1 else word for word, count in counts.items() if count]
        allowed = one_line("、".join(_WORDS.get(one, one) for one in self._allowed or ())) or "未说明"
        what = f"{self._who} 登录被拒：试过{'、'.join(tried) or '（没有可试的）'}；对方允许{allowed}"
        old = self._old and "server-sig-algs" not in self._link.server_extensions
        hint = ["对方较旧，可能只认 ssh-rsa（SHA-1）签名，请换 ed25519 密钥"] if old else []
        return SshError(Reason.AUTHENTICATION, "；".join((what, *hint, *notes)))

    def _hung_up(self, error: Exception | None) -> SshError:
        said = one_line(self._link.farewell)
        words = str(error or "")
        if "Illegal info request" in words:  # SSH_MSG_USERAUTH_PASSWD_CHANGEREQ has the same number
            return SshError(Reason.AUTHENTICATION, f"{self._who} 的口令已过期，对方要求修改；请先手工登录修改")
        if "pubkey algorithm" in words:
            return SshError(Reason.UNSUPPORTED, "对方只认 ssh-rsa（SHA-1）签名，本程序不支持；请换 ed25519 密钥")
        if said:
            tried = "、".join(dict.fromkeys(_WORDS[one] for one in self._tried))
            return SshError(Reason.AUTHENTICATION, f"{self._who} 登录被拒：试过{tried}；对方说：{said}")
        return SshError(Reason.UNREACHABLE, "登录时连接中断")
