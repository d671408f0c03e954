"""What the practice systems have worked on: rows for their databases, day by day, so that each night's backup differs.

Invented like all else here. `created` is the time of Beijing, whatever zone the machine is in.
"""

import datetime as dt
import random
from collections.abc import Iterator
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from rehearsal.canary import DOCUMENT_TITLE, PERSON_ID

NIGHTS, LAST_NIGHT, APART = 7, dt.timedelta(hours=6), dt.timedelta(hours=24)
_ZONE = ZoneInfo("Asia/Shanghai")
_FIRST = {"notice": 40, "document": 220, "attachment": 300}  # rows until the first of the nights
_DAILY = {"notice": 1, "document": 3, "attachment": 4}  # and between two
_WORDS = (
    "关于",
    "印发",
    "会议",
    "纪要",
    "年度",
    "工作",
    "安排",
    "通知",
    "请示",
    "批复",
    "演练",
    "值班",
    "档案",
    "移交",
)


def nights(now: dt.datetime) -> list[dt.datetime]:
    """When the backups were made, oldest first; the last one six hours ago."""
    return [now - LAST_NIGHT - APART * n for n in reversed(range(NIGHTS))]


@dataclass
class Books:
    """The rows of one system so far. `stamp` is how its database writes a moment, in strftime's words."""

    system: str
    stamp: str

    def __post_init__(self) -> None:
        self._dice = random.Random(self.system)  # noqa: S311
        self._last = dict.fromkeys(_FIRST, 0)

    def until_each_night(self, now: dt.datetime) -> Iterator[str]:
        """SQL: the rows that came before each night, and then those since the last."""
        begin = nights(now)[0] - dt.timedelta(days=60)
        for number, end in enumerate((*nights(now), now)):
            yield self._rows(begin, end - dt.timedelta(minutes=3), _DAILY if number else _FIRST)
            begin = end

    def _rows(self, begin: dt.datetime, end: dt.datetime, counts: dict[str, int]) -> str:
        statements = []
        for table, count in counts.items():
            rows = []
            for n in range(1, count + 1):
                self._last[table] += 1
                created = (begin + (end - begin) * n / count).astimezone(_ZONE).strftime(self.stamp)
                columns = ", ".join((*self._columns(table, self._last[table]), f"'{created}'"))
                rows.append(f"({columns})")
            values = ",\n".join(rows)
            statements.append(f"insert into {table} values\n{values};\n")
        return "".join(statements)

    def _columns(self, table: str, number: int) -> Iterator[str]:
        """All but the last one, `created`."""
        yield str(number)
        match table:
            case "notice":
                yield f"'{self._text(6)}'"
                yield f"'{self._text(40)}（联系人证件号 {PERSON_ID}）'"
            case "document":
                yield f"'演〔2026〕{number}号'"
                yield f"'{DOCUMENT_TITLE if number == 1 else self._text(8)}'"
            case _:
                yield str(self._dice.randint(1, self._last["document"]))
                yield f"'{self._dice.randbytes(32).hex()}'"
                yield str(self._dice.randint(900, 90_000))

    def _text(self, words: int) -> str:
        return "".join(self._dice.choices(_WORDS, k=words))
