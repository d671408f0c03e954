"""A machine of the tests' own: a contract with assets, an empty ledger, a report with broken rows."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml
from command import xunjian
from finding_book import ASSETS, HOSTS

from checks.entries import Who
from checks.security_finding import SecurityFinding
from flows.finding_desk import FindingDesk
from tasks import contract_folder
from tasks.ledger import Ledger
from tasks.settings import Settings

CHINA = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 23, 1, tzinfo=UTC)  # Monday, 09:00 in Shanghai
BY = Who("张三", "按流程登记", "cli:duty")
WHO = ("--who", "张三", "--why", "按流程登记")
SAID = {"who": "张三", "why": "按流程登记"}
CELLS = {"title": "高危端口开放", "severity": "高危", "asset": "oa-app-01:8080"}


class Machine:
    """A contract with assets, and an empty ledger."""

    def __init__(self, home: Path, helpers: Any, **more: Any) -> None:
        self.home = home
        journey = {"id": "home", "title": "首页", "steps": [{"goto": "/"}, {"expect": {"text": "登录"}}]}
        folder = helpers.write_contract(
            home / "contract", {"id": "oa", "url": "https://127.0.0.1:1", "journeys": [journey]}
        )
        file = folder / "contract.yaml"
        head = yaml.safe_load(file.read_text(encoding="utf-8"))
        text = yaml.safe_dump({**head, "assets": ASSETS, **more}, allow_unicode=True)
        file.write_text(text, encoding="utf-8")
        (folder / "hosts").mkdir()
        (folder / "hosts/oa.yaml").write_text(yaml.safe_dump(HOSTS[0]), encoding="utf-8")
        self.settings = Settings(home=home / "var", contract=folder)
        self.ledger = Ledger(self.settings.ledger)
        self.contract = contract_folder.load(folder)

    def at(self, now: datetime = NOW) -> FindingDesk:
        return FindingDesk(self.ledger, self.contract, now)

    def run(self, *words: str) -> tuple[int, str]:
        told = xunjian(self.home, *words, COLUMNS="160")
        return told.returncode, told.stdout + told.stderr

    def one(self, number: str = "F-2026-001") -> SecurityFinding:
        return self.at().finding(number)


BROKEN = {
    7: ("风险等级", "特别高"),
    8: ("IP地址", "10.0.0.1"),
    9: ("漏洞名称", ""),
    10: ("CVE编号", "CVE-1"),
    11: ("期限", "下周"),
}
HEADER = ["编号", "漏洞名称", "风险等级", "IP地址", "端口", "CVE编号", "期限"]


def report(rows: int, broken: int) -> list[list[str]]:
    """A report in which the first hundreds have a broken row each: every column that can be wrong in turn."""
    lines = [HEADER]
    for number in range(rows):
        line = [f"V-{number}", f"漏洞 {number}", "高危", "oa-app-01", str(number % 60000 + 1), "CVE-2021-44228", ""]
        if number % 100 == 0 and number // 100 < broken:
            column, text = BROKEN[7 + number // 100 % len(BROKEN)]
            line[HEADER.index(column)] = text
        lines.append(line)
    return lines
