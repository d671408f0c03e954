"""`xunjian report …`: every report made from the ledger, previewed, and explained figure by figure. Clause 七2(1)."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from checks import os_words
from flows import console, report_explain_cli, report_note_cli, report_template_cli
from flows.clearly import CONTRACT, ContractDir, check_ledger, clearly
from flows.exit_codes import CONFIGURATION, FAILED, FINE, PROBLEMS

if TYPE_CHECKING:
    from flows.queries.facts import Facts
    from tasks.report.kinds import Kind
    from tasks.settings import Settings

KINDS = (
    "daily 日报、weekly 周报、monthly 月报、quarterly 季报、half-yearly 半年报、yearly 年报、hosts 周巡检报告、"
    "logs 日志分析报告、incident 故障报告、remediation 安全整改报告、baseline 等保自查报告、drill 恢复演练报告、"
    "retest 整改复测报告、hardening 加固方案"
)
PREVIEW = "preview"
"""The folder of previews, in the machine's home."""
NOTICE = "预览：不是正式报告，不登记，不提交"


class FileFormat(StrEnum):
    """`tasks.report.Format`, which loads the browser's library."""

    MD = "md"
    HTML = "html"
    PDF = "pdf"
    DOCX = "docx"


class _Kinds(TyperGroup):
    """`xunjian report weekly` is `xunjian report build weekly`: what is no command of ours is the name of a kind."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args[0] in self.commands or args[0].startswith("-"):
            return super().resolve_command(ctx, args)
        return super().resolve_command(ctx, ["build", *args])


app = typer.Typer(
    cls=_Kinds,
    help=f"报告：由台账生成，写明每个数字的出处。种类：{KINDS}；合同目录里自己的种类见 xunjian report kinds。",
    epilog="例：xunjian report weekly --period 2026-W47 --format docx　　xunjian report monthly　　"
    "xunjian report incident --period G-2026-0007　　xunjian report explain 周报-2026-W47.docx",
    no_args_is_help=True,
)

KindName = Annotated[str, typer.Argument(metavar="种类", help="weekly、月报等；全部见 xunjian report kinds")]
Period = Annotated[
    str,
    typer.Option(
        "--period",
        metavar="期间或编号",
        help="2026-11-22、2026-W47、2026-10、2026-Q3、2026-H1、2026；故障、漏洞写编号。不写就是昨天所在的期间",
    ),
]
Formats = Annotated[
    list[FileFormat] | None,
    typer.Option("--format", metavar="md|html|pdf|docx", help="格式；可写多次，不写就是四种"),
]


@app.command(
    epilog="例：xunjian report build weekly --period 2026-W47，与 xunjian report weekly --period 2026-W47 相同"
)
def build(
    kind: KindName,
    period: Period = "",
    form: Formats = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="目录", help="写到哪里，不写就在报告目录")] = None,
    contract: ContractDir = CONTRACT,
) -> None:
    """生成报告和它的数字清单；台账核对不通过的，首页写明，退出码为 1。"""
    with _made_clear(contract), _facts(contract, kind, period) as (facts, found):
        said = _make(facts, found, form, _writable(out) if out else None)
    raise typer.Exit(said)


@app.command(epilog="例：xunjian report preview weekly　　xunjian report preview monthly --period 2026-10 --format pdf")
def preview(
    kind: KindName,
    period: Period = "",
    form: Formats = None,
    contract: ContractDir = CONTRACT,
) -> None:
    """预览，试自己的模板：首页注明不是正式报告；出错的指明文件和行，什么也不写。"""
    with _made_clear(contract), _facts(contract, kind, period) as (facts, found):
        said = _make(facts, found, form or [FileFormat.HTML], facts.office.settings.root / PREVIEW, NOTICE)
        from flows.report_kinds import is_theirs

        whose = "合同目录里自己的" if is_theirs(facts.office.folder, found) else "程序自带的"
        console.say(f"模板：{found.file}（{whose}）")
    raise typer.Exit(said)


@app.command(epilog="例：xunjian report kinds")
def kinds(contract: ContractDir = CONTRACT) -> None:
    """列出报告的种类，包括合同自己的。"""
    with clearly(contract):
        from flows.report_kinds import is_theirs, readable

        found, wrong = readable(contract.absolute())
        rows = [
            [
                one.name,
                one.kind,
                one.every.example,
                one.grade.label,
                "自己的" if is_theirs(contract.absolute(), one) else "自带",
            ]
            for one in found
        ]
        console.table("报告的种类", ["命令行名称", "种类", "期间写法", "密级", "模板"], rows)
        for mistake in wrong:
            console.complain(mistake)
    raise typer.Exit(CONFIGURATION if wrong else FINE)


app.command(
    epilog="例：xunjian report explain 周报-2026-W47.docx　　xunjian report explain 月报-2026-10.pdf --find 漏检 --rows"
    "　　xunjian report explain 月报-2026-10.docx --check"
)(report_explain_cli.explain)
app.command(epilog=report_note_cli.EXAMPLE)(report_note_cli.note)
app.command(epilog="例：xunjian report queries　　xunjian report queries 巡检")(report_template_cli.queries)
app.command(epilog="例：xunjian report template weekly")(report_template_cli.template)
app.command(epilog="例：xunjian report reference　　xunjian report reference 版式.docx")(report_template_cli.reference)


@contextmanager
def _made_clear(contract: Path) -> Iterator[None]:
    """As `clearly`, and a template's mistake is the writer's: 2."""
    with clearly(contract):
        from tasks.report.errors import TemplateMistakeError

        try:
            yield
        except TemplateMistakeError as error:
            console.complain(str(error))
            raise typer.Exit(CONFIGURATION) from error


@contextmanager
def _facts(contract: Path, name: str, period: str) -> "Iterator[tuple[Facts, Kind]]":
    """What was asked for, checked before the two seconds that Prefect takes."""
    from tasks.settings import Settings

    settings = Settings(contract=contract)
    found = _asked(settings, name, period)
    check_ledger(settings)
    with console.busy("正在打开台账……"):
        from flows.office import Office
        from flows.report_desk import named_of
        from flows.report_files import facts_of

        office = Office(settings)
    yield facts_of(office, found.name, named_of(office, found, period)), found


def _asked(settings: "Settings", name: str, period: str) -> "Kind":
    from datetime import datetime

    from checks.report_period import named
    from flows.report_kinds import kind_called
    from tasks import contract_folder

    found = kind_called(settings.contract.absolute(), name)
    zone = contract_folder.load(settings.contract).tz
    if found.every.periodic:
        named(found.every, period, datetime.now(zone).date())
    return found


def _make(facts: "Facts", kind: "Kind", form: list[FileFormat] | None, out: Path | None, notice: str = "") -> int:
    """Write the files, and say where they are; the exit code."""
    from flows.report_files import make
    from flows.report_warnings import unsound
    from tasks.report import Format

    wanted = [Format(one.value) for one in form or FileFormat]
    with console.busy(f"正在生成{kind.kind} {facts.named.name}……"):
        files = make(facts, wanted, out=out, notice=notice)
    for path in files.values():
        console.say(f"{'预览' if notice else '报告'}：{path}")
    if facts.verdict.problems:
        console.complain(unsound(facts.verdict))
    if missing := [one for one in wanted if one not in files]:
        console.complain(f"没有写成：{'、'.join(missing)}")
        return FAILED
    return PROBLEMS if facts.verdict.problems else FINE


def _writable(folder: Path) -> Path:
    """A folder that somebody named.

    Raises:
        RequestError: nothing can be written there.
    """
    import tempfile

    from checks.slots import RequestError

    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError as error:
        raise RequestError(f"写不进 {folder}：{os_words.say(error)}；换一个目录，或看权限") from error
