"""漏洞台账 in the UI: what is to be mended by when, and what the forms offer."""

import asyncio
from datetime import date, datetime

from prefect.artifacts import acreate_markdown_artifact

from checks.finding_list import by_severity, choices, overview, stands, urgent
from checks.security_finding import SecurityFinding
from flows.deployments import offer_findings
from flows.finding_book import FindingBook
from flows.office import Office, now
from tasks.report import escape

KEY = "findings"
_HEADS = ["编号", "期限", "状态", "漏洞"]  # few, the widest last: the page cuts off what is wide
_SHOWN = 200  # rows: the page is to stay under a few hundred kilobytes


class FindingBoard:
    """Puts the register up, and what the forms offer, where they differ from what hangs there."""

    def __init__(self, office: Office) -> None:
        self._office, self._shown = office, ""
        self._book = FindingBook(office.ledger, office.contract.tz)

    async def show(self) -> None:
        """Put it up."""
        at = now()
        known = await asyncio.to_thread(self._book.findings, at)
        said = page(known, at, self._office)
        if said != self._shown:
            await acreate_markdown_artifact(said, key=KEY, description="漏洞台账")
            await offer_findings(choices(known))
            self._shown = said


def page(known: list[SecurityFinding], at: datetime, office: Office) -> str:
    """The register as a page: how many stand where, then the most urgent; the same as long as nothing has happened."""
    today = at.astimezone(office.contract.tz).date()
    going_on = urgent(known)
    late = [one for one in going_on if one.overdue(today)]
    lines = [
        f"# 漏洞台账 {today}",
        "",
        f"共 {len(known)} 个，未闭环 {len(going_on)} 个；**逾期：{by_severity(late)}**。",
        "",
    ]
    if known:
        lines += _table(["状态", "数量"], [list(row) for row in overview(known)])
    if going_on:
        lines += ["", "## 未闭环的", "", *_table(_HEADS, [_row(one, today) for one in going_on[:_SHOWN]])]
    if len(going_on) > _SHOWN:
        lines += ["", f"只列最急的 {_SHOWN} 个；全部用 `xunjian findings list` 或 `xunjian findings export`。"]
    return "\n".join([*lines, "", "密级 2（比较敏感）。登记用 `finding-plan`、`finding-fixed`、`finding-accept`、"
                      "`finding-false-positive`。"])  # fmt: skip


def _row(one: SecurityFinding, today: date) -> list[str]:
    owner = f"；{one.owner}" if one.owner else ""
    return [f"{one.id} {one.severity}", one.due.isoformat(), stands(one, today) + owner, f"{one.title}（{one.asset}）"]


def _table(heads: list[str], rows: list[list[str]]) -> list[str]:
    escaped = [[str(escape(cell)) for cell in row] for row in rows]
    return ["| " + " | ".join(row) + " |" for row in (heads, ["---"] * len(heads), *escaped)]
