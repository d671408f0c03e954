"""The year's security findings: two reports come in; each finding has its life, by real desk and real probes."""

import json
from base64 import b64encode
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import NamedTuple

from year_answers import BAD, GOOD, PARTLY, looked
from year_frame import Act, Frame
from year_ledger import CountingBook

from checks.entries import Who
from checks.finding import State, worst
from checks.finding_rows import Default, Raw
from checks.retest import Taken, compared, looks
from checks.security_finding import FOLLOW_UPS
from checks.slots import RETEST, retest_slot
from flows.finding_book import FindingBook
from flows.finding_desk import FindingDesk

ADMIN, TESTER, MANAGER = "系统管理员", "安全工程师", "甲方信息中心"
REPORTS = ("渗透测试报告（示例，上半年）", "渗透测试报告（示例，下半年）")


class _Kind(NamedTuple):
    """A weakness as reports have it; `probe`: "" where only people can test it."""

    title: str
    severity: str
    asset: str
    probe: str
    plan: str


KINDS = (
    _Kind("前置代理仍接受 TLS 1.0 和 1.1", "中危", "https://{web}/", "tls-min-version", "nginx 只留 TLS 1.2 和 1.3"),
    _Kind("没有安全响应头", "低危", "https://{web}/login", "http-headers", "nginx 统一添加"),
    _Kind("登录页的 Cookie 缺标志", "中危", "https://{web}/login", "cookie-flags", "应用设置会话 Cookie 的属性"),
    _Kind("缓存端口对办公网开放", "高危", "{cache}:6379", "port-closed", "只监听内网地址"),
    _Kind("telnet 端口开着", "高危", "{app}:23", "port-closed", "停用 telnet"),
    _Kind("响应头带版本号", "低危", "https://{web}/", "version-disclosure", "server_tokens off"),
    _Kind("错误页显示版本", "低危", "https://{web}/", "error-page", "自定义错误页"),
    _Kind("允许 PUT、DELETE 方法", "中危", "https://{web}/files/", "http-methods", "limit_except"),
    _Kind("公文详情可越权查看", "高危", "https://{web}/doc/", "", "后端按人校验权限"),
    _Kind("搜索框存在反射型跨站", "高危", "https://{web}/search", "", "输出编码"),
)
PLACES = (
    {"web": "oa-web-01", "cache": "oa-cache-01", "app": "oa-app-02"},
    {"web": "mobile-gw-01", "cache": "mobile-cache-01", "app": "mobile-app-01"},
    {"web": "archive-app-01", "cache": "archive-app-01", "app": "archive-db-01"},
)


class Security:
    """What becomes of forty findings."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._book = FindingBook(frame.ledger, frame.contract.tz, CountingBook(frame.ledger))
        up = frame.up[1:-1]
        for report, share in enumerate((4, 46)):
            day = up[len(up) * share // 100]
            frame.at(frame.there(day, 10.6), lambda at, report=report: self._import(report, at))

    def _import(self, report: int, at: datetime) -> None:
        """A report of twenty rows, and the lives of what is in it."""
        rows = [_row(report, place) for place in range(20)]
        raws = [Raw(line, cells) for line, cells in enumerate(rows, 2)]
        by = Who(TESTER, f"导入{REPORTS[report]}", "cli:duty")
        before = len(self._book.findings(at))
        told = self._desk(at).take(raws, Default(REPORTS[report]), {}, by)
        assert not told.broken, told.broken
        for place, one in enumerate(self._book.findings(at)[before:]):
            self._lead(one.id, place, self._frame.day_of(at), tested=bool(one.probe))

    def _lead(self, number: str, place: int, since: date, *, tested: bool) -> None:
        """A life for each place in a report: most are mended and found so; some go otherwise."""

        def on(days: int, hours: float, act: Act) -> None:
            """So many days later; where nobody runs anything, on the next day."""
            if ready := [day for day in self._frame.up if day >= since + timedelta(days=days)]:
                self._frame.at(self._frame.there(ready[0], hours), act)

        if tested:
            on(1, 11, lambda at: self._look(number, BAD, at, retest=False))
        elif place == 8:
            on(3, 15, lambda at: self._accept(number, 8, at))  # and then it is open again
        elif place == 18:
            on(3, 15, lambda at: self._accept(number, 180, at))
        elif place == 9:
            on(
                2,
                15,
                lambda at: self._desk(at).false_positive(number, "核查记录 7 号", Who(MANAGER, "是测试数据", "ui")),
            )
        if not tested or place == 17:
            return  # nobody has done anything about it
        on(2, 14, lambda at: self._plan(number, KINDS[place % 10].plan, at))
        if place == 7:
            return  # planned, and nothing has come of it
        mended = 3 + place % 4
        first = {5: BAD, 2: PARTLY}.get(place % 10, GOOD)
        on(mended, 14.5, lambda at: self._fixed(number, at))
        on(mended + 1, 15, lambda at: self._look(number, first, at))
        if first is not GOOD and place < 10:
            on(mended + 3, 15.6, lambda at: self._fixed(number, at))
            on(mended + 4, 16, lambda at: self._look(number, GOOD, at))
        elif first is GOOD:
            for days in FOLLOW_UPS:
                again = BAD if place in (3, 14) and days == FOLLOW_UPS[0] else GOOD
                on(mended + 1 + days, 15.5, lambda at, again=again: self._look(number, again, at))

    def _desk(self, at: datetime) -> FindingDesk:
        return FindingDesk(self._frame.ledger, self._frame.contract, at, self._book)

    def _plan(self, number: str, plan: str, at: datetime) -> None:
        self._desk(at).plan(number, {"plan": plan, "owner": ADMIN}, Who(ADMIN, "整改例会", "ui"))

    def _fixed(self, number: str, at: datetime) -> None:
        self._desk(at).fixed(number, ADMIN, at, Who(ADMIN, "已按计划整改", "ui"))

    def _accept(self, number: str, days: int, at: datetime) -> None:
        until = self._frame.day_of(at) + timedelta(days=days)
        self._desk(at).accept(number, until, "风险接受审批单 3 号", Who(MANAGER, "业务系统将下线", "ui"))

    def _look(self, number: str, how: State, at: datetime, *, retest: bool = True) -> None:
        """One look as `flows.retest` and `flows.single_probe` put it on record: what it saw, then what it means."""
        frame, finding = self._frame, self._book.finding(number, at)
        slot = retest_slot(frame.contract, number, frame.day_of(at))
        frame.ledger.expect([slot], at)
        earlier = looks(frame.ledger.runs(RETEST, date.min, date.max, number))
        run = frame.begin(slot, at, ("cli", TESTER, "整改复测" if retest else "整改前取证"))
        visit, found = looked(
            frame.contract, finding.probe, finding.asset, how, at, name=number, identity=_identity(finding.asset)
        )
        content = json.dumps(visit.model_dump(mode="json"), ensure_ascii=False, indent=1).encode()
        seen = Taken(run, visit, found, frame.keep(number, 1, "probe", at, content))
        result = compared(seen, earlier, finding.identity) if retest else None
        end = at + timedelta(seconds=2)
        findings = [found, *([result.finding] if result else [])]
        frame.ledger.add(run, number, 1, findings, visit=visit, evidence=[seen.evidence], now=end)
        self._desk(end).tested(
            number, result.result.state if result else found.state, Who(TESTER, "整改复测", "cli:duty"), run=run,
            tester=TESTER, at=end, before=result.before.run if result and result.before else "", probe=visit.probe,
            version=visit.version, identity=visit.identity,
        )  # fmt: skip
        frame.ledger.end(run, worst(one.state for one in findings), end)


def _row(report: int, place: int) -> dict[str, str]:
    kind, where = KINDS[place % len(KINDS)], PLACES[(place + report) % len(PLACES)]
    cells = {
        "title": kind.title, "severity": kind.severity, "asset": kind.asset.format(**where), "probe": kind.probe,
        "own": f"{report + 1}-{place + 1:02}", "page": str(5 + place),
    }  # fmt: skip
    return cells | ({"vantage": "bastion", "way": "bastion"} if kind.probe else {})


def _identity(asset: str) -> str:
    """The key of the host that answers there."""
    host = asset.removeprefix("https://").partition("/")[0].partition(":")[0]
    return f"ssh-ed25519 SHA256:{b64encode(sha256(host.encode()).digest()).decode().rstrip('=')}"
