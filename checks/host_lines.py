"""The 周巡检报告's rows. What could not be read stands apart: it is not fine."""

from dataclasses import replace
from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from checks.downtime import DowntimeLine
from checks.finding import State
from checks.number import Number, total
from checks.report_lines import Matrix, ReportLine, StatesLine, counted


class Blank(StrEnum):
    """Why a cell of host × item holds no state. The value is what operators read."""

    NOT_DONE = "未执行"
    NOT_APPLICABLE = "不适用"
    NOT_DUE = "—"

    @property
    def label(self) -> str:
        """As a state has it."""
        return self.value


Cell = State | Blank


class HostLine(StatesLine):
    """巡检概况: one host."""

    system: str
    host: str
    role: str
    state: State | None  # None: no run, 未执行
    started_at: datetime | None
    ended_at: datetime | None  # None: cut off
    run_ids: tuple[str, ...]

    @property
    def items(self) -> Number:
        """How many there were to look at."""
        return replace(total([self.ok, self.warn, self.crit, self.unknown, self.not_done]), query="hosts.items")

    @property
    def unreached(self) -> bool:
        """It was tried, and nothing at all could be read."""
        return 0 < self.unknown == self.items


class AnomalyLine(ReportLine):
    """异常及反馈: one fault. `before`: last week's verdict, if any. `found_at`: when it was first seen this week."""

    system: str
    host: str
    item: str
    state: State
    before: State | None
    summary: str
    found_at: datetime
    reported_at: datetime | None


class ItemsLine(ReportLine):
    """Several items of one host: their names, of many their numbers and how many there are; no names: all of them."""

    system: str
    host: str
    names: str
    number: Number | None = None

    @property
    def items(self) -> str:
        """As they are told in a cell."""
        if self.number is None:
            return self.names
        return f"{self.names}（{self.number} 项）" if self.names else f"全部 {self.number} 项"


class UnseenLine(ItemsLine):
    """未取得的项目: items of one host that could not be read for one reason, or were not tried."""

    reason: str
    summary: str


class ServiceLine(ReportLine):
    """数据库与中间件: one item."""

    system: str
    host: str
    item: str
    state: Cell
    summary: str


class CapacityLine(ReportLine):
    """容量预测: a file system that is filling up, or is already over its threshold."""

    host: str
    what: str
    percent: Number
    state: State
    full: Number | None  # in how many days; None: no forecast can be made


class LeftoverLine(ItemsLine):
    """遗留问题: items of one host that were at fault, or could not be read, in an earlier week and not well since."""

    state: Cell
    since: str  # a week
    weeks: Number  # with this one


class MendedLine(ReportLine):
    """遗留问题: was at fault when last seen, in an earlier week or earlier this week, and is well now."""

    system: str
    host: str
    item: str
    state: State
    summary: str
    mended_at: datetime


class ExemptLine(ReportLine):
    """不适用的项目: by contract."""

    item: str
    hosts: str
    why: str


class StandardLine(ReportLine):
    """判定标准: an item's or a service's thresholds as they are by default."""

    item: str
    titles: tuple[str, ...]
    values: tuple[Number, ...]

    @property
    def thresholds(self) -> str:
        """Each with its name."""
        return "，".join(f"{title} {value}" for title, value in zip(self.titles, self.values, strict=True))


class ThresholdLine(ReportLine):
    """判定标准: a threshold that the contract sets otherwise."""

    item: str
    field: str
    value: Number
    default: Number | None
    hosts: str


class LogLine(ReportLine):
    """日志分析: one kind of message. Counts are lines; `before`: last week's, None where nothing was read."""

    host: str
    source: str
    level: str
    text: str
    found: Number
    before: Number | None
    new: bool


class LogSummary(ReportLine):
    """日志分析: the rows that are shown, and what they leave out."""

    lines: tuple[LogLine, ...]
    more_kinds: Number
    more_lines: Number
    read: Number  # hosts whose logs were read this week
    unread: tuple[str, ...]  # hosts whose logs should have been
    incomplete: tuple[str, ...]  # hosts of whose logs a part is missing


class HostReport(BaseModel):
    """All that the template needs. Times are in the contract's zone."""

    model_config = ConfigDict(frozen=True)

    hosts: tuple[HostLine, ...]  # one for each slot
    matrices: tuple[Matrix[Cell], ...]
    anomalies: tuple[AnomalyLine, ...]
    unseen: tuple[UnseenLine, ...]
    services: tuple[ServiceLine, ...]
    capacity: tuple[CapacityLine, ...]
    volumes: Number  # file systems that were seen, with those in `capacity`
    logs: LogSummary
    planned: tuple[DowntimeLine, ...] = ()
    leftovers: tuple[LeftoverLine, ...]
    mended: tuple[MendedLine, ...]
    exempt: tuple[ExemptLine, ...]
    standards: tuple[StandardLine, ...]
    thresholds: tuple[ThresholdLine, ...]

    @property
    def due(self) -> Number:
        """Hosts that were to be inspected."""
        return counted("hosts.due", self.hosts)

    @property
    def done(self) -> Number:
        """Hosts that were, to the end."""
        return counted("hosts.done", [one for one in self.hosts if one.state and one.ended_at and not one.unreached])

    @property
    def dark(self) -> Number:
        """Hosts that were tried and could not be reached."""
        return counted("hosts.unreached", [one for one in self.hosts if one.state and one.unreached])

    @property
    def cut(self) -> Number:
        """Hosts whose inspection came to no end."""
        return counted("hosts.cut", [one for one in self.hosts if one.state and not one.ended_at])

    @property
    def missed(self) -> Number:
        """Hosts that nobody inspected."""
        return counted("hosts.missed", [one for one in self.hosts if one.state is None])

    @property
    def left(self) -> Number:
        """Lines of what has not been well since an earlier week."""
        return counted("hosts.leftovers", self.leftovers)

    @property
    def well(self) -> Number:
        """What is well again."""
        return counted("hosts.mended", self.mended)

    @property
    def quiet(self) -> Number:
        """File systems within their thresholds, and without a day on which they are full."""
        return self.volumes - counted("hosts.capacity", self.capacity)
