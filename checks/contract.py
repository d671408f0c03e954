"""The contract folder's models: what an operator writes in YAML, and what must hold across files. Hosts: `checks.host`.

Source: the contract's clauses 一 (systems), 二 (term) and 七2 (duties).
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from copy import deepcopy
from datetime import date, timedelta
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal, NamedTuple, Self
from zoneinfo import ZoneInfo

from pydantic import Field, HttpUrl, ValidationError, field_validator, model_validator

from checks.backup import BackupGroup, PlacedBackup
from checks.calendar import Calendar
from checks.channels import Channel, not_cleared
from checks.documents import DocumentDuty, Rule, default_documents
from checks.escalation import Contact, Deadlines
from checks.exemption import Exemption
from checks.host import Access, HostGroup, Placed, mistakes
from checks.journey import ID, SECRET_NAME, Step, Strict, asserts, secret_names
from checks.probe import Probe
from checks.secrecy import Grade
from checks.security_finding import Severity

WITNESS = r"^[^\s:/]+:\d{1,5}$"
"""What should always answer: host and port."""

PictureGrade = Annotated[int, Field(ge=Grade.MEDIUM, le=Grade.MOST)]
"""Annex 2. A picture of an internal system shows its configuration at least, which is grade 2; so 1 is not offered."""

_GRADES = "截图的密级：2 比较敏感；3 非常敏感，加密保存，不进报告。不能写 1：内部系统的截图至少是 2"


class Party(Strict):
    """One side of the contract."""

    name: str = Field(min_length=1, title="名称")


class Term(Strict):
    """The days on which the duties hold, both included."""

    start: date = Field(title="起")
    end: date = Field(title="止")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.end < self.start:
            raise ValueError("服务期限的止日早于起日")
        return self

    def __contains__(self, day: date) -> bool:
        return self.start <= day <= self.end

    def days(self) -> Iterator[date]:
        """Every natural day of the term."""
        for number in range((self.end - self.start).days + 1):
            yield self.start + timedelta(days=number)


class Limits(Strict):
    """Response times, in seconds. Defaults: inspection-items, 页面巡检."""

    warn: float = Field(3, gt=0, title="告警（秒）")
    crit: float = Field(10, gt=0, title="严重（秒）")
    down: float = Field(15, gt=0, le=120, title="不可用（秒）")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.warn < self.crit <= self.down:
            raise ValueError("时限要满足 warn < crit ≤ down")
        return self


class CertificateLimits(Strict):
    """Days left on the certificate. Defaults: inspection-items, OS25."""

    warn: int = Field(30, ge=0, title="告警（天）")
    crit: int = Field(14, ge=0, title="严重（天）")
    allow_self_signed: bool = Field(False, title="接受自签名证书", description="接受后仍为告警，不为正常")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.crit < self.warn:
            raise ValueError("证书时限要满足 crit < warn")
        return self


class Viewport(Strict):
    """The size of the window, in CSS pixels."""

    width: int = Field(1280, ge=240, le=3840, title="宽")
    height: int = Field(800, ge=240, le=2160, title="高")


class Screen(Strict):
    """What the browser looks like to the site: a Playwright device by name, or a viewport and user agent."""

    device: str | None = Field(None, title="设备", description="Playwright 的设备名，如 iPhone 13")
    viewport: Viewport = Field(Viewport(), title="窗口")
    user_agent: str | None = Field(None, title="User-Agent")


class Login(Strict):
    """How to log in, once per run. `semi_manual`: a captcha stands in the way and a person confirms."""

    steps: list[Step] = Field([], title="步骤")
    semi_manual: bool = Field(False, title="半人工", description="登录有验证码：不绕过，由人确认；这时 steps 可不写")

    @model_validator(mode="after")
    def _steps_or_a_person(self) -> Self:
        if not self.steps and not self.semi_manual:
            raise ValueError("登录要写 steps；有验证码的写 semi_manual: true")
        return self

    @property
    def id(self) -> str:
        """The login is a target like any journey."""
        return "login"

    @property
    def title(self) -> str:
        """As it stands in tables."""
        return "登录"


class Journey(Strict):
    """One page or function to look at: declared steps, or a file recorded with `playwright codegen`."""

    id: str = Field(pattern=ID, title="编号")
    title: str = Field(min_length=1, title="名称")
    recorded: str | None = Field(None, title="录制文件", description="playwright codegen 写出的 .py，相对于本合同目录")
    steps: list[Step] = Field([], title="步骤")
    login: bool = Field(True, title="需要登录")
    logs_out: bool = Field(False, title="退出登录", description="走查的是退出：结束在登录页才对；只能放在最后")
    semi_manual: bool = Field(False, title="半人工", description="不自动走查，由人在界面确认")
    masks: list[str] = Field([], title="遮盖", description="截图前遮盖的 CSS 选择器，加在系统的遮盖之外")
    limits: Limits | None = Field(None, title="时限")
    grade: PictureGrade | None = Field(None, title="密级", description=f"{_GRADES}；不写就用系统的")

    @field_validator("recorded")
    @classmethod
    def _inside(cls, recorded: str | None) -> str | None:
        if recorded is not None:
            path = PurePosixPath(recorded)
            if path.is_absolute() or ".." in path.parts or path.suffix != ".py":
                raise ValueError("录制文件要是本合同目录之内的 .py，例如 journeys/todo.py")
        return recorded

    @model_validator(mode="after")
    def _looks_at_something(self) -> Self:
        if self.recorded is None and not self.steps and not self.semi_manual:
            raise ValueError("走查要有 steps 或 recorded")
        if self.recorded is not None and self.steps:
            raise ValueError("steps 与 recorded 只能写一个")
        if self.steps and not asserts(self.steps):
            raise ValueError("走查没有期望任何内容：至少写一个 expect（只看状态码不算，错误页也会回答 200）")
        return self


class Accepted(Strict):
    """A harmless error that is known and agreed upon, for a time: it is counted apart and no longer a warning."""

    check: Literal["PG06", "PG07"] = Field(title="检查项", description="PG06 脚本错误，PG07 失败请求")
    contains: str = Field(min_length=4, title="含有的文字")
    why: str = Field(min_length=1, title="原因")
    until: date = Field(title="有效期至")


class System(Strict):
    """One information system in scope."""

    id: str = Field(pattern=ID, title="编号")
    name: str = Field(min_length=1, title="名称")
    importance: str = Field("一般", pattern="^(重要|一般)$", title="重要程度")
    url: HttpUrl = Field(title="网址")
    account: str | None = Field(None, pattern=SECRET_NAME, title="巡检账号代号", description="台账里只记这个代号")
    screen: Screen = Field(Screen(), title="屏幕")
    limits: Limits = Field(Limits(), title="时限")
    certificate: CertificateLimits = Field(CertificateLimits(), title="证书")
    probe: Probe = Field(Probe(), title="可用性探测")
    masks: list[str] = Field([], title="遮盖", description="截图前遮盖的 CSS 选择器")
    grade: PictureGrade = Field(Grade.MEDIUM, title="密级", description=_GRADES)
    error_texts: list[str] = Field([], title="错误页特征", description="出现即判为错误页的文字，加在默认特征之外")
    accepted: list[Accepted] = Field([], title="已接受的错误")
    login: Login | None = Field(None, title="登录")
    journeys: list[Journey] = Field(min_length=1, title="走查")

    @model_validator(mode="after")
    def _account_when_login(self) -> Self:
        if self.login and not self.account:
            raise ValueError("写了 login 就要写 account（巡检账号代号，如 oa-inspector）")
        return self

    def apart(self, check: str, errors: list[str], on: date) -> tuple[list[str], int]:
        """Set the accepted errors apart: those that count, and how many do not."""
        texts = [one.contains for one in self.accepted if one.check == check and on <= one.until]
        counting = [error for error in errors if not any(text in error for text in texts)]
        return counting, len(errors) - len(counting)

    def limits_of(self, journey: "Journey | Login") -> Limits:
        """The journey's own limits, or the system's."""
        return (journey.limits if isinstance(journey, Journey) else None) or self.limits

    def grade_of(self, part: "Journey | Login") -> Grade:
        """How secret a part's pictures are: the journey's own grade, or the system's."""
        return Grade((part.grade if isinstance(part, Journey) else None) or self.grade)

    @property
    def sealed(self) -> bool:
        """Some of the pictures are to be encrypted."""
        return any(self.grade_of(part).sealed for part in self.targets())

    def targets(self) -> list["Journey | Login"]:
        """Everything that is looked at, in order: the login first, then the journeys."""
        return [*([self.login] if self.login else []), *self.journeys]

    def target(self, part: "Journey | Login") -> str:
        """The name under which findings stand in the ledger: `oa/todo`."""
        return f"{self.id}/{part.id}"

    def secret_names(self) -> list[str]:
        """The secrets that login and journeys use, by name."""
        steps = [step for part in self.targets() if not isinstance(part, Journey) or part.steps for step in part.steps]
        return list(dict.fromkeys(secret_names(steps)))


class Asset(Strict):
    """A name and ports by which something of a system is reached, beside its hosts and its own address."""

    names: list[Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.:-]*$")]] = Field(
        min_length=1, title="名称", description="域名或地址，小写"
    )
    ports: list[Annotated[int, Field(ge=1, le=65535)]] = Field(min_length=1, title="端口")
    system: str = Field(pattern=ID, title="系统编号")
    host: str = Field("", title="主机", description="在那里应答的主机，按它的 SSH 密钥认人；不写就按证书")


class Remediation(Strict):
    """Days within which a finding is to be mended, by severity: practice of the field, the contract names none."""

    超危: int = Field(3, gt=0, le=366, title="超危（天）")
    高危: int = Field(7, gt=0, le=366, title="高危（天）")
    中危: int = Field(30, gt=0, le=366, title="中危（天）")
    低危: int = Field(90, gt=0, le=366, title="低危（天）")

    def days(self, severity: Severity) -> int:
        """Those of a severity."""
        return int(getattr(self, severity.value))


class Contract(Strict):
    """A whole contract folder: `contract.yaml`, one file per system in `systems/`, its hosts in `hosts/`, its backups
    in `backups/`."""

    name: str = Field(min_length=1, title="合同名称")
    number: str = Field("", title="合同编号")
    client: Party = Field(title="甲方")
    contractor: Party = Field(title="乙方")
    term: Term = Field(title="服务期限")
    zone: str = Field("Asia/Shanghai", title="时区")
    bastions: dict[str, Access] = Field({}, title="堡垒机", description="ssh_config 里的名称，和在它上面怎样登录")
    systems: list[System] = Field(min_length=1, title="系统")
    hosts: list[HostGroup] = Field([], title="主机")
    backups: list[BackupGroup] = Field([], title="备份")
    assets: list[Asset] = Field([], title="资产", description="主机和系统网址之外，安全复测还可以探测的名称和端口")
    baseline: bool = Field(True, title="等保自查", description="每月对各主机和系统网址自查；不做的写 false")
    exemptions: list[Exemption] = Field([], title="豁免", description="等保自查里经批准暂不整改的项目")
    channels: list[Channel] = Field([], title="通知渠道")
    escalation: list[Contact] = Field(
        [], title="通知次序", description="第一位立即通知，其后的在时限过半、八成、超时时通知"
    )
    witnesses: list[Annotated[str, Field(pattern=WITNESS)]] = Field(
        [], title="佐证", description="主机:端口，例如网关或堡垒机；系统和它们都连不上时，是本机断网，不算系统故障"
    )
    deadlines: Deadlines = Field(Deadlines(), title="时限")
    calendar: Calendar = Field(Calendar(), title="日历", description="放假通知改了的、程序还不知道的")
    remediation: Remediation = Field(Remediation(), title="漏洞整改期限")
    documents: list[DocumentDuty] = Field(
        default_factory=default_documents, title="文档", description="不写就是附件4的各种报告；写了就以写的为准"
    )

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)  # the list of all zones would be read from a thousand files
        except (ValueError, KeyError, OSError):
            raise ValueError(f"没有这个时区：{zone}；中国大陆写 Asia/Shanghai") from None
        return zone

    @property
    def tz(self) -> ZoneInfo:
        """The zone in which the contract's days begin and end."""
        return ZoneInfo(self.zone)

    def system(self, system_id: str) -> System:
        """Find a system.

        Raises:
            KeyError: the contract has none of that id.
        """
        for system in self.systems:
            if system.id == system_id:
                return system
        raise KeyError(system_id)

    def all_hosts(self) -> list[Placed]:
        """Every host with its group, in the order of the systems."""
        order = {system.id: number for number, system in enumerate(self.systems)}
        groups = sorted(self.hosts, key=lambda group: order.get(group.system, len(order)))
        return [Placed(group, host) for group in groups for host in group.hosts]

    def host(self, name: str) -> Placed:
        """Find a host.

        Raises:
            KeyError: the contract has none of that name.
        """
        for placed in self.all_hosts():
            if placed.host.name == name:
                return placed
        raise KeyError(name)

    def all_backups(self) -> list[PlacedBackup]:
        """Every backup with its system, in the order of the systems."""
        order = {system.id: number for number, system in enumerate(self.systems)}
        groups = sorted(self.backups, key=lambda group: order.get(group.system, len(order)))
        return [PlacedBackup(group.system, backup) for group in groups for backup in group.backups]

    def backup(self, target: str) -> PlacedBackup:
        """Find a backup by its name in the ledger.

        Raises:
            KeyError: the contract has none of that name.
        """
        for placed in self.all_backups():
            if placed.target == target:
                return placed
        raise KeyError(target)

    def document(self, duty_id: str) -> DocumentDuty | None:
        """A kind of document; None where the contract has none of that id."""
        return next((one for one in self.documents if one.id == duty_id), None)

    def working_days_for(self, duty: DocumentDuty) -> int | None:
        """Within how many working days a document is due; None: as agreed."""
        return self.deadlines.document if duty.rule is Rule.INCIDENT else duty.due

    def access_secrets(self, name: str) -> list[str]:
        """The secrets that reaching a host may need, by name: its own and the bastions'."""
        group, host = self.host(name)
        own = [one for bastion in self.bastions.values() for one in bastion.secret_names()]
        return list(dict.fromkeys([*group.access_of(host).secret_names(), *own]))


def as_it_was(data: dict[str, Any]) -> Contract:
    """A contract of an earlier day, from the ledger: what today's version would refuse takes its default. Nobody owed
    a baseline when this program knew of none.

    Raises:
        ValidationError: what is refused has no default: it cannot be left out.
    """
    data = {"baseline": False, **data}
    while True:
        try:
            return Contract.model_validate(data)
        except ValidationError as error:
            left = _without(data, [fault["loc"] for fault in error.errors()])
            if left == data:
                raise
            data = left


def _without(data: dict[str, Any], places: Iterable[tuple[int | str, ...]]) -> dict[str, Any]:
    """The same without the fields at these places; an element of a list is never left out, somebody counts on it."""
    left = deepcopy(data)
    for place in places:
        parent: Any = left
        for key in place[:-1]:
            # pydantic puts the names of a union's members into the path
            known = (isinstance(parent, dict) and key in parent) or (isinstance(parent, list) and isinstance(key, int))
            parent = parent[key] if known else parent
        if isinstance(parent, dict) and place:
            parent.pop(place[-1], None)
    return left


class Problem(NamedTuple):
    """Something wrong in the contract folder. `where` is a path of keys and indexes, as pydantic gives it."""

    where: tuple[str | int, ...]
    what: str
    remedy: str


def problems(contract: Contract) -> Iterator[Problem]:
    """Find what no single field can see: duplicate ids, references that lead nowhere."""
    for twice in _twice(system.id for system in contract.systems):
        index = max(i for i, system in enumerate(contract.systems) if system.id == twice)
        yield Problem(("systems", index, "id"), f"系统编号 {twice} 重复", "换一个没有用过的编号")
    for i, system in enumerate(contract.systems):
        for j, journey in enumerate(system.journeys[:-1]):
            if journey.logs_out:
                where = ("systems", i, "journeys", j, "logs_out")
                yield Problem(where, "退出之后，后面的走查就没有登录了", "把这个走查移到最后")
        ids = [part.id for part in system.targets()]
        for twice in _twice(ids):
            index = max(j for j, journey in enumerate(system.journeys) if journey.id == twice)
            yield Problem(
                ("systems", i, "journeys", index, "id"),
                f"走查编号 {twice} 重复",
                "换一个没有用过的编号（login 已留给登录）",
            )
    yield from _host_problems(contract)
    yield from _asset_problems(contract)
    yield from _exemption_problems(contract)
    yield from _backup_problems(contract)
    yield from _channel_problems(contract)
    yield from _document_problems(contract)
    yield from _mailing_problems(contract)


def _host_problems(contract: Contract) -> Iterator[Problem]:
    systems = [system.id for system in contract.systems]
    seen: set[str] = set()
    for i, group in enumerate(contract.hosts):
        if group.system not in systems:
            yield Problem(("hosts", i, "system"), f"没有系统 {group.system}", f"写 {'、'.join(systems)} 之一")
        for j, host in enumerate(group.hosts):
            if host.name in seen:
                yield Problem(("hosts", i, "hosts", j, "name"), f"主机 {host.name} 重复", "一台主机只写一处")
            seen.add(host.name)
        for j, what in mistakes(group):
            yield Problem(("hosts", i, "hosts", j), what, "改这台主机或本组的参数")


def _asset_problems(contract: Contract) -> Iterator[Problem]:
    systems = [system.id for system in contract.systems]
    hosts = [placed.host.name for placed in contract.all_hosts()]
    for i, asset in enumerate(contract.assets):
        if asset.system not in systems:
            yield Problem(("assets", i, "system"), f"没有系统 {asset.system}", f"写 {'、'.join(systems)} 之一")
        if asset.host and asset.host not in hosts:
            what = f"没有主机 {asset.host}"
            yield Problem(("assets", i, "host"), what, "先在 hosts/ 里写这台主机，或改正主机名")


def _exemption_problems(contract: Contract) -> Iterator[Problem]:
    known = [*(placed.host.name for placed in contract.all_hosts()), *(f"{one.id}.web" for one in contract.systems)]
    for i, one in enumerate(contract.exemptions):
        for j, host in enumerate(one.hosts):
            if host not in known:
                remedy = "写 hosts/ 里的主机名，或 系统编号.web（该系统的网址）"
                yield Problem(("exemptions", i, "hosts", j), f"没有主机 {host}", remedy)


def _backup_problems(contract: Contract) -> Iterator[Problem]:
    systems = [system.id for system in contract.systems]
    hosts = [placed.host.name for placed in contract.all_hosts()]
    seen: set[str] = set()
    for i, group in enumerate(contract.backups):
        if group.system not in systems:
            yield Problem(("backups", i, "system"), f"没有系统 {group.system}", f"写 {'、'.join(systems)} 之一")
        for j, backup in enumerate(group.backups):
            if (target := PlacedBackup(group.system, backup).target) in seen:
                yield Problem(("backups", i, "backups", j, "id"), f"备份编号 {backup.id} 重复", "换一个没有用过的编号")
            seen.add(target)
            for host in backup.hosts():
                if host not in hosts:
                    where = ("backups", i, "backups", j)
                    yield Problem(where, f"没有主机 {host}", "先在 hosts/ 里写这台主机，或改正主机名")


def _document_problems(contract: Contract) -> Iterator[Problem]:
    for what, field in (("编号", "id"), ("名称", "title")):
        names = [getattr(one, field) for one in contract.documents]
        for twice in _twice(names):
            index = max(i for i, name in enumerate(names) if name == twice)
            yield Problem(("documents", index, field), f"文档{what} {twice} 重复", f"换一个没有用过的{what}")
    systems = {system.id for system in contract.systems}
    for i, one in enumerate(contract.documents):
        if one.id in systems:  # both are targets in the ledger, where their findings would be mixed up
            yield Problem(("documents", i, "id"), f"文档编号 {one.id} 也是系统的编号", "换一个没有用过的编号")
        if one.rule is Rule.INCIDENT and one.due not in (None, contract.deadlines.document):
            days = contract.deadlines.document
            what = f"故障报告的期限写了两处：这里 {one.due}，deadlines.document {days}"
            yield Problem(("documents", i, "due"), what, "这里不写 due，只写 deadlines.document")


def _mailing_problems(contract: Contract) -> Iterator[Problem]:
    channels = {channel.id: channel for channel in contract.channels}
    mails = "、".join(name for name, channel in channels.items() if channel.kind == "smtp")
    for i, one in enumerate(contract.documents):
        where = ("documents", i, "channel")
        if one.channel and one.channel not in channels:
            remedy = f"写 {mails} 之一" if mails else "先在 channels 里写一个 kind: smtp 的渠道"
            yield Problem(where, f"没有渠道 {one.channel}", remedy)
        elif one.channel and (why := not_cleared(channels[one.channel], Grade(one.grade))):
            what, _, remedy = why.partition("；")
            yield Problem(where, what, remedy)


def _channel_problems(contract: Contract) -> Iterator[Problem]:
    known = [channel.id for channel in contract.channels]
    for twice in _twice(known):
        index = max(i for i, channel in enumerate(contract.channels) if channel.id == twice)
        yield Problem(("channels", index, "id"), f"渠道编号 {twice} 重复", "换一个没有用过的编号")
    for i, contact in enumerate(contract.escalation):
        for j, name in enumerate(contact.channels):
            if name not in known:
                remedy = f"写 {'、'.join(known)} 之一" if known else "先在 channels 里写渠道"
                yield Problem(("escalation", i, "channels", j), f"没有通知渠道 {name}", remedy)
    for twice in _twice([contact.who for contact in contract.escalation]):
        index = max(i for i, contact in enumerate(contract.escalation) if contact.who == twice)
        yield Problem(("escalation", index, "who"), f"岗位 {twice} 重复", "一个岗位只写一处，渠道写在一起")
    if known and not contract.escalation:
        yield Problem(("channels",), "写了通知渠道，但没有写通知谁", "补上 escalation：角色和他的渠道")


def _twice(ids: Iterator[str] | list[str]) -> list[str]:
    return [one for one, times in Counter(ids).items() if times > 1]
