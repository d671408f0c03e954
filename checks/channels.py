"""Channels: by which ways a notification leaves, as an operator writes them in YAML. A secret is given by name."""

import ipaddress
import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, HttpUrl, model_validator

from checks.journey import ID, SECRET_NAME, Strict
from checks.secrecy import Grade

_LABELS = r"[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*"
_ADDRESS = re.compile(rf"[A-Za-z0-9.!#$%&'*+/=?^_`{{|}}~-]+@{_LABELS}")
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")  # RFC 9110, 5.6.2
_OURS = {"accept-encoding", "connection", "content-length", "content-type", "host", "transfer-encoding"}
# The robots' keys look like this, and would pass for names.
_KEY = re.compile(r"[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def _a_name(name: str) -> str:
    if _KEY.search(name):
        raise ValueError("这里像是口令本身：只写口令名，口令放进口令目录")
    return name


def _a_host(host: str) -> str:
    if not re.fullmatch(_LABELS, host) and not _is_address(host):
        raise ValueError("写主机名或 IP 地址，不带 smtp:// 和端口")
    return host


def _a_mailbox(address: str) -> str:
    if not _ADDRESS.fullmatch(address):
        raise ValueError("写一个邮件地址的样子，例如 duty@example.cn，不带姓名")
    return address


def _without_login(url: HttpUrl) -> HttpUrl:
    if url.username or url.password:
        raise ValueError("网址里不写账号和口令")
    return url


def _of_robot(url: HttpUrl) -> HttpUrl:
    """A robot's secret goes along always."""
    if url.query or url.fragment or _KEY.search(url.path or ""):
        raise ValueError("网址写到密钥之前为止：密钥不写在合同目录里，放进口令目录")
    return _encrypted(url)


def _encrypted(url: HttpUrl) -> HttpUrl:
    if url.scheme != "https" and not _is_loopback(url.host or ""):
        raise ValueError("口令会随消息发出，网址要以 https:// 开头（只有本机可以用 http://）")
    return url


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _is_loopback(host: str) -> bool:
    bare = host.strip("[]")
    return bare == "localhost" or (_is_address(bare) and ipaddress.ip_address(bare).is_loopback)


SecretName = Annotated[str, Field(pattern=SECRET_NAME), AfterValidator(_a_name)]
Mailbox = Annotated[str, AfterValidator(_a_mailbox)]
Url = Annotated[HttpUrl, AfterValidator(_without_login)]
RobotUrl = Annotated[Url, AfterValidator(_of_robot)]


class _Channel(Strict):
    """What all have in common."""

    id: str = Field(pattern=ID, title="编号")
    title: str = Field(min_length=1, title="名称")
    grade: int = Field(
        Grade.LEAST, ge=Grade.LEAST, le=Grade.MOST, title="密级",
        description="最高可发的密级：1 最小敏感；2 比较敏感；3 非常敏感。高于它的内容不从这里发出",
    )  # fmt: skip


class Smtp(_Channel):
    """Mail, handed to one server. Its certificate is checked whenever there is TLS."""

    kind: Literal["smtp"] = Field(title="种类")
    host: Annotated[str, AfterValidator(_a_host)] = Field(title="邮件服务器")
    port: int = Field(ge=1, le=65535, title="端口", description="starttls 常用 587，ssl 常用 465，none 常用 25")
    security: Literal["none", "starttls", "ssl"] = Field("starttls", title="加密")
    account: str | None = Field(None, min_length=1, title="登录账号", description="不登录的不写")
    password: SecretName | None = Field(None, title="登录口令", description="口令名")
    sender: Mailbox = Field(title="发件人")
    to: list[Mailbox] = Field(min_length=1, title="收件人")

    @model_validator(mode="after")
    def _logs_in_unheard(self) -> Self:
        if (self.account is None) != (self.password is None):
            raise ValueError("account 与 password 要一起写，或都不写")
        if self.account is not None and self.security == "none":
            raise ValueError("不加密就登录会让口令以明文过网：security 写 starttls 或 ssl，或不登录")
        return self

    @property
    def where(self) -> str:
        """Host and port."""
        return f"{self.host}:{self.port}"

    def secret_names(self) -> list[str]:
        """The secrets that are used, by name."""
        return [self.password] if self.password else []


class _OverHttp(_Channel):
    """What is posted to an address."""

    url: Url

    @property
    def where(self) -> str:
        """Host and port."""
        return f"{self.url.host}:{self.url.port}"


class Wecom(_OverHttp):
    """A group robot of WeCom. A closed network has a forwarder of its own for `url`."""

    kind: Literal["wecom"] = Field(title="种类")
    key: SecretName = Field(title="密钥", description="口令名；密钥是 Webhook 地址里 key= 之后的部分")
    url: RobotUrl = Field(HttpUrl("https://qyapi.weixin.qq.com/cgi-bin/webhook/send"), title="网址")

    def secret_names(self) -> list[str]:
        """The secrets that are used, by name."""
        return [self.key]


class Dingtalk(_OverHttp):
    """A group robot of DingTalk, signing where `sign` is given."""

    kind: Literal["dingtalk"] = Field(title="种类")
    token: SecretName = Field(title="令牌", description="口令名；令牌是 Webhook 地址里 access_token= 之后的部分")
    sign: SecretName | None = Field(None, title="加签密钥", description="口令名；机器人没有选加签的不写")
    url: RobotUrl = Field(HttpUrl("https://oapi.dingtalk.com/robot/send"), title="网址")

    def secret_names(self) -> list[str]:
        """The secrets that are used, by name."""
        return [self.token, *([self.sign] if self.sign else [])]


class Feishu(_OverHttp):
    """A group robot of Feishu, signing where `sign` is given."""

    kind: Literal["feishu"] = Field(title="种类")
    token: SecretName = Field(title="令牌", description="口令名；令牌是 Webhook 地址里 /hook/ 之后的部分")
    sign: SecretName | None = Field(None, title="签名密钥", description="口令名；机器人没有选签名校验的不写")
    url: RobotUrl = Field(HttpUrl("https://open.feishu.cn/open-apis/bot/v2/hook"), title="网址")

    def secret_names(self) -> list[str]:
        """The secrets that are used, by name."""
        return [self.token, *([self.sign] if self.sign else [])]


class Webhook(_OverHttp):
    """A service of the operator's own, which takes JSON."""

    kind: Literal["webhook"] = Field(title="种类")
    url: Url = Field(title="网址")
    headers: dict[str, SecretName] = Field({}, title="请求头", description="名称: 口令名，例如 Authorization")

    @model_validator(mode="after")
    def _secrets_unheard(self) -> Self:
        for name in self.headers:
            if not _HEADER.fullmatch(name):  # it may have a secret behind it
                raise ValueError("请求头的名称只用字母、数字和连字符，冒号之后写口令名")
            if name.lower() in _OURS:
                raise ValueError(f"请求头 {name} 由程序自己写，不能写在这里")
        if self.headers:
            _encrypted(self.url)
        return self

    def secret_names(self) -> list[str]:
        """The secrets that are used, by name."""
        return list(dict.fromkeys(self.headers.values()))


Channel = Annotated[Smtp | Wecom | Dingtalk | Feishu | Webhook, Field(discriminator="kind")]


def not_cleared(channel: Channel, grade: Grade) -> str:
    """Why a file of this grade may not leave by this channel, with the remedy; empty where it may."""
    if channel.kind != "smtp":
        return f"渠道 {channel.id} 不是邮件，发不了文件；换一个 kind: smtp 的渠道"
    if grade.sealed:
        return f"密级 {int(grade)}（{grade.label}）不经邮件发出；当面交接后登记提交"
    if grade > channel.grade:
        cleared = f"最高可发密级 {int(channel.grade)}（{Grade(channel.grade).label}）"
        return f"渠道 {channel.id} {cleared}，文档密级 {int(grade)}；换一个渠道，或当面交接后登记提交"
    return ""
