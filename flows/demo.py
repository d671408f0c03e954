"""`make demo`: the rehearsal estate, a local Prefect server, and the duties run once against both."""

import argparse
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from checks.contract import Contract
from checks.entries import Who
from checks.finding_rows import Default
from checks.report_period import Every, period_with
from flows import console, documents_cli, service, shell
from flows.exit_codes import FAILED, FINE, PROBLEMS
from rehearsal.errors import RehearsalError
from rehearsal.estate import Estate
from tasks import contract_folder
from tasks.prefect_server import Prefect, ServerError
from tasks.settings import Settings

CONTRACT = Path(__file__).parent.parent / "rehearsal" / "contract"
FINDINGS = CONTRACT.parent / "findings.csv"
WEAKNESSES = ("oa-web-01:tls-old", "archive-app-01:druid", "oa-app-01:log4j")


def main() -> int:
    """Run the demo; returns the exit code of its duties."""
    parser = argparse.ArgumentParser(prog="make demo", description="在演练环境里执行一遍各项职责")
    parser.add_argument("--keep", action="store_true", help="结束后保留界面和演练环境，直到 Ctrl-C")
    os.umask(0o077)
    settings = Settings(contract=CONTRACT)
    try:
        return _demo(settings, keep=parser.parse_args().keep)
    except (RehearsalError, ServerError) as error:
        console.complain(str(error))
        return FAILED


def _demo(settings: Settings, *, keep: bool) -> int:
    contract = contract_folder.load(settings.contract)
    estate = Estate(settings.root / "rehearsal", hosts=True)
    console.say("一、演练环境：三个办公系统，十二台主机")
    try:
        status = estate.up()
        for system, url in status.urls.items():
            console.say(f"    {system}  {url}")
        console.say(f"    堡垒机  127.0.0.1:{status.bastion}")
        console.say("二、Prefect 服务")
        with service.stoppable(), Prefect(settings, console.say) as prefect:
            if keep:
                service.serve(prefect, settings, contract)
            console.say("三、每日页面巡检")
            code = shell.page_inspection(contract, [], "", dry_run=False, why="演示", settings=settings)
            console.say("四、每周主机巡检")
            hosts = shell.host_inspection(contract, [], "", why="演示", settings=settings)
            code = max(code, hosts)
            console.say("五、备份检查：七种备份，读到末尾")
            code = max(code, shell.backup_check(contract, [], "", why="演示", settings=settings))
            console.say("六、恢复演练：恢复到内存里的暂存空间，与源库核对")
            code = max(code, shell.restore_drill(contract, [], "", why="演示", settings=settings))
            console.say("七、文档：要交的和到期的")
            code = max(code, shell.document_timeliness(why="演示", settings=settings))
            documents_cli.show(settings.contract)
            from flows import availability_drill  # it imports prefect, which must first be told of its server

            console.say("八、可用性与故障：停掉一个系统又恢复，看发现、通知和故障报告")
            code = max(code, availability_drill.practise(estate, settings, ["switched-off"]))
            console.say("九、整改复测：导入示例漏洞，制造三个，看没有整改、断网、换了主机、整改后和再次出现时的结论")
            console.say(f"    {_imported(settings, contract)}")
            from flows import retest_drill

            code = max(code, retest_drill.practise(settings, estate.hosts, WEAKNESSES))
            console.say("十、报告：由台账生成本周的周报；这一周还没有过完，首页写明")
            code = max(code, _weekly(settings))
            console.say(f"台账：{settings.ledger}")
            console.say(f"证据：{settings.evidence_dir}")
            if keep:
                console.say(f"界面：http://127.0.0.1:{settings.port}　　停止：Ctrl-C", style="bold")
                prefect.wait()
            else:
                console.say("要看界面：make demo KEEP=1")
            return code
    finally:
        estate.down()


def _weekly(settings: Settings) -> int:
    """The report of this week, from what the steps before have put on record; its exit code."""
    from flows.caller import Caller
    from flows.office import Office
    from flows.report_desk import write
    from tasks.report import Format

    office = Office(settings)
    made = write(office, "weekly", period_with(Every.WEEK, office.today()), Caller("", "cli", "演示", "演示"))
    for path in made.files.values():
        console.say(f"    {path}")
    console.say(f"    每个数字的出处：xunjian report explain {made.files[Format.DOCX].name}")
    return PROBLEMS if made.facts.verdict.problems else FINE


def _imported(settings: Settings, contract: Contract) -> str:
    """The sample register, in the ledger; importing it again changes nothing."""
    from flows.finding_desk import FindingDesk
    from tasks import finding_files
    from tasks.ledger import Ledger

    table = finding_files.read(FINDINGS, {})
    desk = FindingDesk(Ledger(settings.ledger, sm3=settings.sm3), contract, datetime.now(UTC))
    done = desk.take(table.rows, Default(FINDINGS.stem, ""), table.heads, Who("演示", "演示", "demo"))
    return f"漏洞台账：新登记 {len(done.new)} 个，已有 {done.known} 个"


if __name__ == "__main__":
    sys.exit(main())
