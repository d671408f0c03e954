"""The invented business data of the three systems: the same at each start but for the canaries planted in it."""

from dataclasses import dataclass
from functools import cached_property

from rehearsal.canary import Canary

PEOPLE = ("演练员甲", "演练员乙", "演练员丙", "演练员丁", "演练员戊")
UNITS = ("演练综合处", "演练信息处", "演练财务处", "演练督查室", "演练档案室")
_INCOMING = (
    "关于报送演练季度工作总结的通知",
    "关于开展演练办公系统安全自查的函",
    "关于演练会议室预约规则调整的通知",
    "关于征求演练公文处理办法意见的函",
    "关于演练节假日值班安排的通知",
    "关于印发演练信息化培训计划的通知",
    "关于核对演练固定资产台账的函",
)
_OUTGOING = (
    "关于演练系统升级期间办公安排的通知",
    "关于演练季度考核结果的报告",
    "关于补充演练设备经费的请示",
    "关于演练数据归档情况的复函",
    "关于成立演练应急小组的批复",
)
_NOTICES = (
    "演练系统本周六夜间维护公告",
    "关于修改演练账号初始口令的提醒",
    "演练大楼电梯检修公告",
    "演练办公用品领用安排",
    "演练消防疏散通告",
)
_RECORDS = (
    "演练年度工作报告卷",
    "演练会议纪要汇编",
    "演练基建项目竣工图",
    "演练设备采购合同卷",
    "演练信访登记簿",
)


@dataclass(frozen=True)
class Document:
    """An official document, incoming or outgoing."""

    id: str
    kind: str
    title: str
    number: str
    unit: str
    person: str
    person_id: str
    date: str
    urgency: str
    state: str

    @property
    def attachments(self) -> tuple[tuple[str, str], ...]:
        """(file id, name shown) of each attachment."""
        return ((f"{self.id}.pdf", f"{self.title}.pdf"), (f"{self.id}.docx", f"{self.title}（会签稿）.docx"))

    @property
    def steps(self) -> tuple[tuple[str, str, str, str], ...]:
        """(step, person, time, opinion) of the 公文流转."""
        return (
            ("登记", PEOPLE[0], f"{self.date} 09:05", "已登记，请拟办。"),
            ("拟办", PEOPLE[1], f"{self.date} 10:20", f"请{self.unit}阅处。"),
            ("批示", PEOPLE[2], f"{self.date} 14:40", "同意拟办意见。"),
            ("承办", self.person, f"{self.date} 16:10", "办理中。"),
        )


@dataclass(frozen=True)
class Record:
    """A record in the archive."""

    id: str
    number: str
    title: str
    category: str
    year: int
    keeper: str
    pages: int


@dataclass(frozen=True)
class Loan:
    """A loan of an archive record."""

    number: str
    record: Record
    person: str
    person_id: str
    date: str
    state: str


@dataclass(frozen=True)
class Holdings:
    """Everything the three systems hold."""

    canary: Canary

    @cached_property
    def incoming(self) -> list[Document]:
        titles = (self.canary.document_title, *_INCOMING)
        return [self._document("in", "收文", n, title) for n, title in enumerate(titles, start=1)]

    @cached_property
    def outgoing(self) -> list[Document]:
        titles = (self.canary.document_title, *_OUTGOING)
        return [self._document("out", "发文", n, title) for n, title in enumerate(titles, start=1)]

    @cached_property
    def notices(self) -> list[Document]:
        return [self._document("no", "通知", n, title) for n, title in enumerate(_NOTICES, start=1)]

    @property
    def todo(self) -> list[Document]:
        return self.incoming[:4] + self.outgoing[1:3]

    @property
    def documents(self) -> dict[str, Document]:
        return {item.id: item for item in self.incoming + self.outgoing + self.notices}

    def _document(self, prefix: str, kind: str, n: int, title: str) -> Document:
        return Document(
            id=f"oa-{prefix}-{n:02d}",
            kind=kind,
            title=title,
            number=f"演练{kind[0]}〔2026〕{n}号",
            unit=UNITS[n % len(UNITS)],
            person=PEOPLE[n % len(PEOPLE)],
            person_id=self.canary.person_id,
            date=f"2026-01-{5 + n:02d}",
            urgency="加急" if n % 4 == 1 else "平件",
            state="待阅" if n % 3 else "在办",
        )

    @cached_property
    def records(self) -> list[Record]:
        first = Record("da-01", "DA-CS-0001", self.canary.document_title, "文书", 2026, PEOPLE[0], 1)
        kinds = ("文书", "会计", "基建", "合同", "信访")
        titles = [f"{title}（第{volume}册）" for volume in range(1, 4) for title in _RECORDS]
        return [first] + [
            Record(f"da-{n:02d}", f"DA-{2020 + n % 4}-{n:04d}", title, kinds[n * n % 7 % 5], 2020 + n % 4,
                   PEOPLE[n % 5], 10 * n)
            for n, title in enumerate(titles, start=2)
        ]  # fmt: skip

    @cached_property
    def loans(self) -> list[Loan]:
        states = ("待审批", "借出", "已归还", "借出", "已归还")
        return [
            Loan(f"JY2026{n:04d}", self.records[n - 1], PEOPLE[n % 5], self.canary.person_id,
                 f"2026-01-{10 + n:02d}", state)
            for n, state in enumerate(states, start=1)
        ]  # fmt: skip
