"""Where the estate keeps its things: folders, ports, the settings handed from its control to its process."""

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

from rehearsal.canary import Canary
from rehearsal.errors import RehearsalError

HOST = "127.0.0.1"
SYSTEMS: tuple[str, ...] = ("oa", "mobile", "archive")
TITLES = {"oa": "协同办公系统", "mobile": "移动办公系统", "archive": "综合档案管理系统", "mail": "收通知的邮件服务器",
          "hook": "收通知的回调服务"}  # fmt: skip
SCHEMES = {"oa": "https", "mobile": "https", "archive": "http", "hook": "http"}
ACCOUNT = {name: f"{name}-inspector" for name in SYSTEMS}
DEFAULT_BASE_PORT = 18400
SOCKET_PATH_LIMIT = 107  # sun_path holds 108 bytes, the last one is NUL


def xunjian_home() -> Path:
    """The folder of everything that is written at run time: $XUNJIAN_HOME, or ./var."""
    return Path(os.environ.get("XUNJIAN_HOME") or "var").absolute()


DESKS: tuple[str, ...] = ("mail", "hook")
"""Where notifications arrive: a mail server and a web hook."""


def port_of(system: str, base_port: int) -> int:
    return base_port + 1 + (*SYSTEMS, *DESKS).index(system)


def url_of(system: str, base_port: int) -> str:
    return f"{SCHEMES[system]}://{HOST}:{port_of(system, base_port)}"


@dataclass(frozen=True)
class Layout:
    """The files inside the estate's own folder."""

    home: Path

    @property
    def pid(self) -> Path:
        return self.home / "pid"

    @property
    def letters(self) -> Path:
        return self.home / "letters.jsonl"

    @property
    def log(self) -> Path:
        return self.home / "estate.log"

    @property
    def lock(self) -> Path:
        return self.home / "lock"

    @property
    def settings(self) -> Path:
        return self.home / "settings.json"

    @property
    def certs(self) -> Path:
        return self.home / "certs"

    @property
    def ca(self) -> Path:
        return self.certs / "ca.pem"

    @property
    def socket(self) -> Path:
        """The control socket; the name is short because the whole path may have 107 bytes only."""
        path = self.home / "s"
        if len(os.fsencode(path)) > SOCKET_PATH_LIMIT:
            raise RehearsalError(
                f"控制套接字的路径过长（{len(os.fsencode(path))} 字节，上限 {SOCKET_PATH_LIMIT}）：{path}。"
                "请把 XUNJIAN_HOME 设到较短的目录。"
            )
        return path


@dataclass(frozen=True)
class Settings:
    """What the estate's process is told at its start."""

    base_port: int
    secrets: str
    session_ttl: float = 1800.0
    delay: float = 0.0  # seconds that every answer but static files takes
    captcha_required: bool = False
    captcha_whitelist: tuple[str, ...] = ()
    canary: Canary = field(default_factory=Canary)

    def dump(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False, indent=1)

    @classmethod
    def load(cls, text: str) -> "Settings":
        raw = json.loads(text)
        raw["canary"] = Canary(**raw["canary"])
        raw["captcha_whitelist"] = tuple(raw["captcha_whitelist"])
        return cls(**raw)
