"""The three robots' formats, signatures and refusals, against a sink that judges as their documents say."""

import json
import ssl
from collections.abc import Iterator

import pytest
from notify_desk import LINK, MESSAGE, SECRETS, robot, send
from sinks import Answer, WebhookSink, said

ROBOTS = ("wecom", "dingtalk", "feishu")
CODE = {"wecom": "errcode", "dingtalk": "errcode", "feishu": "code"}
TEXT = {"wecom": ("text", "content"), "dingtalk": ("text", "content"), "feishu": ("content", "text")}
LIMIT = {"wecom": 2048, "dingtalk": 20_000, "feishu": 20_000}


@pytest.fixture
def sink() -> Iterator[WebhookSink]:
    with WebhookSink() as made:
        made.wecom = {SECRETS["wecom.key"]}
        made.dingtalk = {SECRETS["dingtalk.token"]: None}
        made.feishu = {SECRETS["feishu.token"]: None}
        yield made


def text(sink: WebhookSink, kind: str) -> str:
    outer, inner = TEXT[kind]
    return str(sink.received[-1].body[outer][inner])


@pytest.mark.parametrize("kind", ROBOTS)
def test_what_is_accepted_is_delivered(sink: WebhookSink, trusted: ssl.SSLContext, kind: str) -> None:
    # When
    receipt = send(robot(kind, sink.url), trusted)
    # Then
    assert receipt.ok, receipt
    assert f"{CODE[kind]} 0" in receipt.answer
    assert text(sink, kind) == f"{MESSAGE.title}\n{MESSAGE.text}\n{LINK}"


@pytest.mark.parametrize("kind", ["dingtalk", "feishu"])
def test_signatures_are_as_the_vendors_compute_them(sink: WebhookSink, trusted: ssl.SSLContext, kind: str) -> None:
    # Given: a robot that asks for one
    getattr(sink, kind)[SECRETS[f"{kind}.token"]] = SECRETS[f"{kind}.sign"]
    # When: signed with the right secret, with a wrong one, not at all
    right = send(robot(kind, sink.url, signed=True), trusted)
    wrong = send(robot(kind, sink.url, signed=True), trusted, **{f"{kind}.sign": "another"})
    none = send(robot(kind, sink.url), trusted)
    # Then
    assert (right.ok, wrong.ok, none.ok) == (True, False, False)
    assert "sign" in wrong.answer
    assert len(sink.received) == 1


@pytest.mark.parametrize(
    ("kind", "code"), [("wecom", "errcode 93000"), ("dingtalk", "errcode 300005"), ("feishu", "code 19001")]
)
def test_a_wrong_key_is_told_though_http_says_200(
    sink: WebhookSink, trusted: ssl.SSLContext, kind: str, code: str
) -> None:
    # Given
    secret = "wecom.key" if kind == "wecom" else f"{kind}.token"
    # When
    receipt = send(robot(kind, sink.url), trusted, **{secret: "no such robot"})
    # Then
    assert not receipt.ok
    assert receipt.answer.startswith(f"HTTP 200，{code}：")
    assert not sink.received


def test_the_limit_on_frequency_is_told(sink: WebhookSink, trusted: ssl.SSLContext) -> None:
    # Given
    sink.per_minute = 1
    # When
    receipts = [send(robot("wecom", sink.url), trusted) for _ in range(2)]
    # Then
    assert [receipt.ok for receipt in receipts] == [True, False]
    assert "errcode 45009：api freq out of limit" in receipts[1].answer


@pytest.mark.parametrize("kind", ROBOTS)
@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (Answer(500, b"upstream is down"), "HTTP 500，没有回答"),
        (Answer(502, b'{"errcode": 0, "code": 0}'), "HTTP 502"),
        (Answer(200, b"<html><body>Please log in</body></html>"), "<html><body>Please log in"),
        (Answer(200, b""), "没有回答"),
        (Answer(200, b"{}"), "没有回答"),
        (Answer(200, b"[0]"), "没有回答"),
        (Answer(200, b"\xff\xfe"), "没有回答"),
        (Answer(200, b"[" * 60_000), "没有回答"),
        (Answer(200, b'{"errcode":' + b"9" * 9000 + b"}"), "没有回答"),
        (Answer(200, b" " * 70_000), "超过 64 KiB"),
        (said(errcode="0", code="0"), "code 0"),
        (said(errcode=False, code=False), "code False"),
        (said(errcode=None, code=None), "code None"),
        (said(errcode=0.0, code=0.0), "code 0.0"),
        (said(errcode=-1, code=-1, errmsg="系统\n繁忙", msg="系统\n繁忙"), "code -1：系统 繁忙"),
        (Answer(302, b"", headers=(("Location", "https://example.cn/login"),)), "HTTP 302，没有回答"),
    ],
    ids=range(16),
)  # fmt: skip
def test_only_a_plain_zero_is_acceptance(
    sink: WebhookSink, trusted: ssl.SSLContext, kind: str, answer: Answer, told: str
) -> None:
    # Given
    sink.next = [answer]
    # When
    receipt = send(robot(kind, sink.url), trusted)
    # Then
    assert not receipt.ok
    assert told in receipt.answer
    assert len(sink.asked) == 1  # nobody followed, nobody tried again


@pytest.mark.parametrize(
    ("answer", "ok"),
    [
        (said(StatusCode=0, StatusMessage="success"), True),  # as it answered before
        (said(StatusCode=19001, StatusMessage="param invalid"), False),
        (said(code=0, StatusCode=1), False),
        (said(code=19024, msg="Key Words Not Found"), False),
    ],
)
def test_feishu_old_and_new(sink: WebhookSink, trusted: ssl.SSLContext, answer: Answer, ok: bool) -> None:
    sink.next = [answer]
    assert send(robot("feishu", sink.url), trusted).ok is ok


@pytest.mark.parametrize("kind", ROBOTS)
@pytest.mark.parametrize("unit", ["a", "字", "𠮷", '"', "\\", "e\u0301\n"], ids=range(6))
def test_a_long_text_is_cut_between_characters_and_keeps_its_link(
    sink: WebhookSink, trusted: ssl.SSLContext, kind: str, unit: str
) -> None:
    # Given: the sink refuses what is too long
    long = MESSAGE._replace(text=f"首行\n{unit * 21_000}")
    # When
    receipt = send(robot(kind, sink.url, signed=kind != "wecom"), trusted, long)
    # Then
    assert receipt.ok, receipt
    head, link = text(sink, kind).split("……（其余见链接）\n")
    assert link == LINK
    assert long.whole().startswith(head)
    # as much as fits, not less
    size = len(text(sink, kind).encode()) if kind == "wecom" else len(sink.received[-1].raw)
    assert LIMIT[kind] - 8 < size <= LIMIT[kind]


@pytest.mark.parametrize("more", range(-3, 4))
def test_the_border_of_the_limit(sink: WebhookSink, trusted: ssl.SSLContext, more: int) -> None:
    # Given: just what WeCom takes, and some bytes more or less
    room = 2048 - len(f"{MESSAGE.title}\n\n{LINK}".encode())
    # When
    receipt = send(robot("wecom", sink.url), trusted, MESSAGE._replace(text="a" * (room + more)))
    # Then
    assert receipt.ok
    assert ("其余见链接" in text(sink, "wecom")) is (more > 0)


def test_without_a_link_there_is_none_to_look_at(sink: WebhookSink, trusted: ssl.SSLContext) -> None:
    assert send(robot("wecom", sink.url), trusted, MESSAGE._replace(text="a" * 3000, link="")).ok
    assert text(sink, "wecom").endswith("a……（其余略去）")


def test_nobody_is_called_by_what_a_system_wrote(sink: WebhookSink, trusted: ssl.SSLContext) -> None:
    # Given: what Feishu takes for a call to everybody
    loud = MESSAGE._replace(text='<at user_id="all">所有人</at>', title='<at user_id="all">')
    # When
    send(robot("feishu", sink.url), trusted, loud)
    # Then
    assert "<at" not in text(sink, "feishu")
    assert "所有人" in text(sink, "feishu")


@pytest.mark.parametrize("kind", ROBOTS)
def test_what_cannot_be_written_is_not_sent(sink: WebhookSink, trusted: ssl.SSLContext, kind: str) -> None:
    # Given: half a character, control and bidi characters
    odd = MESSAGE._replace(title="标\ud800题\n二", text="a\x00b\u202ec\r\nd")
    # When
    receipt = send(robot(kind, sink.url), trusted, odd)
    # Then
    assert receipt.ok
    assert text(sink, kind) == f"标 题 二\na b c \nd\n{LINK}"
    assert json.loads(sink.received[-1].raw)
