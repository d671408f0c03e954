"""`xunjian report note`: what the ledger does not know of a report is entered, and stays. Annex 4."""

from typing import Annotated

import typer

from flows import console
from flows.clearly import CONTRACT, ContractDir, by, check_ledger, clearly

Which = Annotated[
    str, typer.Argument(metavar="种类/期间或编号", help="monthly/2026-10、incident/G-2026-0007，与报告的一致")
]
Section = Annotated[str, typer.Option("--section", metavar="节", help="报告里标“待填写”的那一节，如 四、原因")]
Text = Annotated[str, typer.Option("--text", metavar="内容", help="写进报告的话，不超过 2000 字")]
Entrant = Annotated[str, typer.Option("--who", metavar="操作人", help="谁填写的，写进报告")]
Corrects = Annotated[int, typer.Option("--corrects", metavar="事件号", help="更正登记错的那一条")]


def note(
    report: Which,
    section: Section,
    text: Text,
    who: Entrant,
    corrects: Corrects = 0,
    contract: ContractDir = CONTRACT,
) -> None:
    """填写报告：台账里没有的内容（如故障的原因、处置），登记后写进报告。登记后不能删改，错了就更正。"""
    with clearly(contract):
        from checks.slots import RequestError
        from tasks.settings import Settings

        settings = Settings(contract=contract)
        kind, slash, name = report.strip().partition("/")
        if not slash:
            raise RequestError(f"“{report}”不对：写 种类/期间或编号，例如 incident/G-2026-0007")
        check_ledger(settings)
        from flows.office import Office
        from flows.report_note import enter

        told = enter(Office(settings), kind, name, section, text, by(who, "填写报告"), corrects)
        console.say(f"已登记{told}")


EXAMPLE = "例：xunjian report note incident/G-2026-0007 --section 四、原因 --text 数据库连接数用尽 --who 驻场工程师"
