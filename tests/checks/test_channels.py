"""What an operator may write for a channel, and what no channel may be."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from checks.channels import Channel, Dingtalk, Feishu, Smtp, Webhook, Wecom
from checks.secrecy import Grade

CHANNEL: TypeAdapter[Any] = TypeAdapter(Channel)
MAIL = {"host": "mail.example.cn", "port": 587, "sender": "xunjian@example.cn", "to": ["duty@example.cn"]}
LOGIN = {"account": "xunjian", "password": "mail.password"}
NEEDED: dict[str, dict[str, Any]] = {
    "smtp": MAIL,
    "wecom": {"key": "wecom.key"},
    "dingtalk": {"token": "dingtalk.token"},
    "feishu": {"token": "feishu.token"},
    "webhook": {"url": "https://oa-app-01.example.cn/notices"},
}
PASTED = "5f0c1e2a-7b3d-4c1f-9a8e-0d6b2f4a1c3e"  # the shape of a key


def channel(kind: str, /, **more: Any) -> Any:
    return CHANNEL.validate_python({"kind": kind, "id": "duty", "title": "值班群", **NEEDED[kind], **more})


@pytest.mark.parametrize("kind", NEEDED)
def test_little_is_needed_and_the_least_is_carried(kind: str) -> None:
    assert channel(kind).grade is Grade.LEAST


def test_the_kind_says_which() -> None:
    assert [type(channel(kind)) for kind in NEEDED] == [Smtp, Wecom, Dingtalk, Feishu, Webhook]


@pytest.mark.parametrize(
    ("kind", "more", "names"),
    [
        ("smtp", {}, []),
        ("smtp", LOGIN, ["mail.password"]),
        ("wecom", {}, ["wecom.key"]),
        ("dingtalk", {}, ["dingtalk.token"]),
        ("dingtalk", {"sign": "dingtalk.sign"}, ["dingtalk.token", "dingtalk.sign"]),
        ("feishu", {}, ["feishu.token"]),
        ("feishu", {"sign": "feishu.sign"}, ["feishu.token", "feishu.sign"]),
        ("webhook", {}, []),
        ("webhook", {"headers": {"Authorization": "a", "X-Key": "b", "X-Same": "a"}}, ["a", "b"]),
    ],
)
def test_the_secrets_are_named(kind: str, more: dict[str, Any], names: list[str]) -> None:
    assert channel(kind, **more).secret_names() == names


def test_the_vendors_addresses_are_the_default_and_can_be_replaced() -> None:
    assert str(channel("wecom").url) == "https://qyapi.weixin.qq.com/cgi-bin/webhook/send"
    assert str(channel("dingtalk").url) == "https://oapi.dingtalk.com/robot/send"
    assert str(channel("feishu").url) == "https://open.feishu.cn/open-apis/bot/v2/hook"
    forwarder = "https://forwarder.example.cn:8443/wecom"
    assert (str(channel("wecom", url=forwarder).url), channel("wecom", url=forwarder).where) == (
        forwarder,
        "forwarder.example.cn:8443",
    )


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/x", "http://localhost/x", "http://[::1]:9/x", "https://a.cn/x"])
@pytest.mark.parametrize("kind", ["wecom", "dingtalk", "feishu", "webhook"])
def test_a_secret_goes_encrypted_or_stays_on_this_machine(kind: str, url: str) -> None:
    assert channel(kind, url=url, **({"headers": {"Authorization": "a"}} if kind == "webhook" else {}))


def test_without_a_secret_http_will_do() -> None:
    assert channel("webhook", url="http://oa-app-01.example.cn/notices?to=duty").headers == {}


@pytest.mark.parametrize("host", ["mail", "mail.example.cn", "192.0.2.7", "::1"])
def test_mail_servers(host: str) -> None:
    assert channel("smtp", host=host).where == f"{host}:587"


CLEAR = "https://"
FOR_NAME = "只写口令名"


@pytest.mark.parametrize(
    ("kind", "more", "said"),
    [
        *[(kind, {"url": "http://oa-app-01.example.cn/x"}, CLEAR) for kind in ("wecom", "dingtalk", "feishu")],
        *[(kind, {"url": "http://127.0.0.1.example.cn/x"}, CLEAR) for kind in ("wecom", "dingtalk", "feishu")],
        ("webhook", {"url": "http://oa-app-01.example.cn/x", "headers": {"Authorization": "a"}}, CLEAR),
        ("webhook", {"url": "https://user:pass@oa-app-01.example.cn/x"}, "不写账号和口令"),
        ("wecom", {"url": "https://user@oa-app-01.example.cn/x"}, "不写账号和口令"),
        ("wecom", {"url": "ftp://oa-app-01.example.cn/x"}, "URL scheme"),
        ("wecom", {"url": "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=abc"}, "写到密钥之前为止"),
        ("feishu", {"url": f"https://open.feishu.cn/open-apis/bot/v2/hook/{PASTED}"}, "写到密钥之前为止"),
        ("wecom", {"key": PASTED}, FOR_NAME),
        ("feishu", {"token": PASTED}, FOR_NAME),
        ("dingtalk", {"token": "0f" * 32}, FOR_NAME),
        ("dingtalk", {"sign": "SECabc"}, "pattern"),
        ("webhook", {"headers": {"Authorization": "Bearer abc"}}, "pattern"),
        ("webhook", {"headers": {"X-Key: a\r\nX-Other": "a"}}, "只用字母"),
        ("webhook", {"headers": {"Content-Length": "a"}}, "由程序自己写"),
        ("webhook", {"headers": {"鉴权": "a"}}, "只用字母"),
        ("smtp", {"account": "xunjian"}, "一起写"),
        ("smtp", {"password": "mail.password"}, "一起写"),
        ("smtp", {**LOGIN, "security": "none"}, "明文"),
        ("smtp", {"security": "maybe"}, "starttls"),
        ("smtp", {"to": []}, "at least 1"),
        ("smtp", {"to": ["值班 <duty@example.cn>"]}, "不带姓名"),
        ("smtp", {"sender": "xunjian@example.cn\r\nBcc: all@example.cn"}, "不带姓名"),
        ("smtp", {"sender": "xunjian"}, "例如"),
        ("smtp", {"host": "smtp://mail.example.cn"}, "不带 smtp://"),
        ("smtp", {"host": "mail.example.cn:25"}, "不带 smtp://"),
        ("smtp", {"host": "a..b"}, "不带 smtp://"),
        ("smtp", {"host": "x" * 64}, "不带 smtp://"),
        ("smtp", {"port": 0}, "greater than"),
        ("wecom", {"grade": 0}, "greater than"),
        ("wecom", {"grade": 4}, "less than"),
        ("wecom", {"id": "Duty"}, "pattern"),
        ("wecom", {"title": ""}, "at least 1"),
        ("wecom", {"to": "duty"}, "Extra inputs"),
        ("wecom", {"kind": "sms"}, "does not match any of the expected tags"),
    ],
)  # fmt: skip
def test_what_no_channel_may_be(kind: str, more: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        channel(kind, **more)


@pytest.mark.parametrize("model", [Smtp, Wecom, Dingtalk, Feishu, Webhook])
def test_an_editor_has_chinese_titles_for_every_field(model: Any) -> None:
    for field in model.model_json_schema()["properties"].values():
        assert not field["title"].isascii()
