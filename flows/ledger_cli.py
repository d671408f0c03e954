"""`xunjian coverage`, `excuse`, `audit …`, `ledger …`: what stands on record, and the proof that it does."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows import console
from flows.clearly import CONTRACT, ContractDir, Format, FormatOption, clearly, save
from flows.exit_codes import FINE, PROBLEMS

if TYPE_CHECKING:
    from collections.abc import Callable

    from checks.coverage import Coverage
    from tasks.ledger.verify import Verdict
    from tasks.settings import Settings

audit_app = typer.Typer(help="审计：核对台账，导出给第三方。", no_args_is_help=True)
ledger_app = typer.Typer(help="台账本身：备份、恢复、合同变更记录。", no_args_is_help=True)

Head = Annotated[str, typer.Option("--head", metavar="号:哈希", help="报告封面上的“台账链头”：发现末尾被截去的记录")]


def coverage(
    period: Annotated[
        str, typer.Argument(metavar="期间", help="2026-11、2026-W47、2026-11-22 或 2026；不写就是本月")
    ] = "",
    picture: Annotated[Path | None, typer.Option("--picture", metavar="文件", help="另存日历图（PNG）")] = None,
    form: FormatOption = Format.TEXT,
    contract: ContractDir = CONTRACT,
) -> None:
    """履约情况：合同要求的每一次巡检，做了、迟了、漏了、免了还是不明。"""
    with clearly(contract):
        from datetime import UTC, datetime

        from checks.periods import period_of
        from flows.standing import standing
        from tasks import contract_folder
        from tasks.ledger import Ledger
        from tasks.settings import Settings

        settings, now = Settings(contract=contract), datetime.now(UTC)
        days = period_of(period or f"{now.astimezone(contract_folder.load(settings.contract).tz):%Y-%m}")
        found = standing(Ledger(settings.ledger), days, now)
        if form is Format.JSON:
            _coverage_as_json(found)
        else:
            _coverage_as_table(found)
        if picture:
            from tasks.plots import calendar_picture

            save(picture, calendar_picture(found))
            console.say(f"日历图：{picture}")
        total = found.total()
        raise typer.Exit(PROBLEMS if total.missed or total.unknown or total.late else FINE)


def excuse(
    who: Annotated[str, typer.Option("--who", metavar="姓名", help="谁决定的")],
    why: Annotated[str, typer.Option("--why", metavar="原因", help="为什么可以不做")],
    slot: Annotated[
        list[str] | None, typer.Argument(metavar="编号…", help="应做事项，如 page-inspection/oa/2026-11-20")
    ] = None,
    document: Annotated[str, typer.Option("--document", metavar="文件", help="依据的文件名称和文号")] = "",
    withdraw: Annotated[int, typer.Option("--withdraw", metavar="事件号", help="撤回登记错的一次免除")] = 0,
    contract: ContractDir = CONTRACT,
) -> None:
    """免除：登记某次巡检不必做。要有决定人、原因和依据文件；登记后不能删改，错了就撤回。"""
    with clearly(contract):
        from datetime import UTC, datetime

        from flows import standing
        from tasks.ledger import Ledger
        from tasks.settings import Settings

        settings = Settings(contract=contract)
        ledger = Ledger(settings.ledger, sm3=settings.sm3)
        if withdraw:
            number = standing.withdraw(ledger, withdraw, who, why, datetime.now(UTC))
            console.say(f"已登记第 {number} 号事件：撤回第 {withdraw} 号")
        else:
            numbers = standing.excuse(ledger, slot or [], who, why, document, datetime.now(UTC))
            for one, number in zip(slot or [], numbers, strict=True):
                console.say(f"已登记第 {number} 号事件：{one} 免除")


@audit_app.command("verify", epilog="例：xunjian audit verify　　xunjian audit verify --head 123:9f86d081884c7d65…")
def audit_verify(head: Head = "", form: FormatOption = Format.TEXT) -> None:
    """核对台账：封存的记录有没有改动、删除、插入、调换，证据文件是不是原件。"""
    with clearly():
        from tasks.ledger.audit import stored
        from tasks.ledger.verify import verify
        from tasks.settings import Settings

        _check_head(head)
        settings = Settings()
        with stored(settings.ledger, settings.evidence_dir) as book:
            verdict = verify(book, head)
        _tell(verdict, form)


@audit_app.command(
    "export", epilog="例：xunjian audit export　　xunjian audit export --period 2026-11 --out 十一月.zip"
)
def audit_export(
    period: Annotated[str, typer.Option("--period", metavar="期间", help="只要这段时间封存的记录，如 2026-11")] = "",
    out: Annotated[Path | None, typer.Option("--out", metavar="文件", help="写到哪里，不写就在报告目录")] = None,
    contract: ContractDir = CONTRACT,
) -> None:
    """导出审计包：一个 ZIP，含记录、证据、封存链和 verify.py；第三方只要有 Python 就能自行核对。"""
    with clearly(contract):
        from datetime import UTC, datetime

        from checks.periods import period_of
        from tasks import contract_folder
        from tasks.ledger.audit import stored
        from tasks.ledger.package import Period, export
        from tasks.ledger.verify import Package, verify
        from tasks.settings import Settings

        settings = Settings(contract=contract)
        days = Period(*period_of(period), contract_folder.load(settings.contract).tz) if period else None
        name = f"审计导出{'-' + period if period else ''}.zip"
        with stored(settings.ledger, settings.evidence_dir) as book:
            made = export(
                book, out or settings.reports_dir / name, datetime.now(UTC), period=days, sign=_signer(settings)
            )
        console.say(f"已写 {made.path}：记录 {made.rows} 行，证据 {made.files} 件。下面是按包内 verify.py 核对的结果")
        _tell(verify(Package(made.path)), Format.TEXT)


@ledger_app.command("backup", epilog="例：xunjian ledger backup　　xunjian ledger backup --to /mnt/backup/xunjian")
def ledger_backup(
    to: Annotated[Path | None, typer.Option("--to", metavar="目录", help="备份到哪里，不写就在 XUNJIAN_BACKUP")] = None,
) -> None:
    """备份台账和证据（不用停机），随即恢复到别处核对。"""
    with clearly():
        from datetime import UTC, datetime

        from tasks.ledger.backup import back_up
        from tasks.settings import Settings

        settings = Settings()
        made = back_up(settings.ledger, settings.evidence_dir, to or settings.backup_dir, datetime.now(UTC))
        console.say(f"已写 {made.path}，新证据 {made.copied} 件。下面是从备份恢复后的核对结果")
        _tell(made.verdict, Format.TEXT)


@ledger_app.command("restore", epilog="例：xunjian ledger restore backup/ledger-20261122T020000Z.zip --to 新台账.db")
def ledger_restore(
    package: Annotated[Path, typer.Argument(metavar="备份", help="xunjian ledger backup 写的 ZIP")],
    to: Annotated[
        str, typer.Option("--to", metavar="文件或URL", help="空的新台账：SQLite 文件，或 postgresql+psycopg://…")
    ],
    verify_it: Annotated[bool, typer.Option("--verify/--no-verify", help="恢复后核对")] = True,
) -> None:
    """从备份恢复成一个新台账，并核对；不碰原来的台账。证据用备份旁边的 evidence 目录。"""
    with clearly():
        from tasks.ledger.audit import stored
        from tasks.ledger.package import restore
        from tasks.ledger.verify import verify

        url = to if "://" in to else f"sqlite:///{Path(to).absolute()}"
        head = restore(package, url)
        console.say(f"已恢复到 {to}。启用它：XUNJIAN_LEDGER_URL={url} XUNJIAN_EVIDENCE={package.parent / 'evidence'}")
        if verify_it:
            with stored(url, package.parent / "evidence") as book:
                _tell(verify(book, head), Format.TEXT)


@ledger_app.command("contract", epilog="例：xunjian ledger contract　　xunjian ledger contract --diff 2")
def ledger_contract(
    diff: Annotated[int, typer.Option("--diff", metavar="序号", help="与前一版逐行比较")] = 0,
    contract: ContractDir = CONTRACT,
) -> None:
    """列出在案的合同版本：何时、由谁、内容有何变化。"""
    with clearly(contract):
        from checks.records import CONTRACT as KIND
        from checks.slots import RequestError
        from flows.standing import changes
        from tasks import contract_folder
        from tasks.ledger import Ledger
        from tasks.settings import Settings

        settings = Settings(contract=contract)
        known = Ledger(settings.ledger).events(KIND)
        zone = contract_folder.load(settings.contract).tz
        if diff and not 1 <= diff <= len(known):
            raise RequestError(f"没有第 {diff} 版；在案的有 {len(known)} 版")
        if diff:
            before = known[diff - 2].body["files"] if diff > 1 else {}
            typer.echo(changes(before, known[diff - 1].body["files"]), nl=False)
            return
        rows = [
            [str(number), f"{one.at.astimezone(zone):%Y-%m-%d %H:%M}", one.who, one.subject[:12], str(one.id)]
            for number, one in enumerate(known, 1)
        ]
        console.table("在案的合同版本", ["序号", "自", "登记人", "合同摘要", "事件号"], rows)


def _check_head(head: str) -> None:
    from checks.slots import RequestError

    number, _, begins = head.partition(":")
    if head and (not number.isdigit() or len(begins) < 12):
        raise RequestError(f"链头 {head} 写法不对；照报告封面写，例如 123:9f86d081884c7d65（哈希至少 12 位）")


def _signer(settings: "Settings") -> "Callable[[bytes], bytes] | None":
    """Whoever has a key signs what leaves the house."""
    if not settings.signing_key:
        return None
    from tasks import secrets
    from tasks.crypto.signature import MAKE_KEY, SigningKeyError, signature

    key = secrets.read(settings.signing_key, settings.secrets_dir, make=MAKE_KEY)

    def sign(content: bytes) -> bytes:
        try:
            return signature(content, key)
        except SigningKeyError:
            what = f"口令 {settings.signing_key} 不是 Ed25519 私钥"
            raise secrets.SecretError(what, f"用 {MAKE_KEY} 生成") from None

    return sign


def _tell(verdict: "Verdict", form: Format) -> None:
    """Say what came out; exit with 1 where there are problems."""
    if form is Format.JSON:
        import json

        typer.echo(
            json.dumps(
                {**verdict._asdict(), "problems": [one._asdict() for one in verdict.problems]}, ensure_ascii=False
            )
        )
    else:
        from tasks.ledger.verify import sentences

        for line in sentences(verdict):
            console.say(line, style="red" if line.startswith("问题") else "")
    raise typer.Exit(PROBLEMS if verdict.problems else FINE)


def _coverage_as_table(found: "Coverage") -> None:
    from checks.coverage import DUTIES, Mark

    titles = {duty.id: duty.title for duty in DUTIES}
    heads = ["职责", "对象", "应做", *(mark.label for mark in Mark), "按日"]
    rows = [
        [titles.get(line.duty, line.duty), line.label, str(line.counts.expected), *map(str, line.counts),
         "".join(one.mark.symbol for one in line.marks)]
        for line in found.lines
    ]  # fmt: skip
    console.table(f"履约情况 {found.first} 至 {found.last}", heads, rows)
    for line in found.lines:
        for one in line.marks:
            if one.mark not in (Mark.DONE, Mark.PENDING):
                console.say(f"{one.mark.label}  {one.slot.id}  {one.why}")
    total = found.total()
    parts = " + ".join(f"{mark.label} {getattr(total, mark.value)}" for mark in Mark if mark is not Mark.PENDING)
    console.say(f"应做 {total.expected} = {parts}；未到期 {total.pending} 不计")


def _coverage_as_json(found: "Coverage") -> None:
    import json

    total = found.total()
    slots = [
        {"slot": one.slot.id, "mark": one.mark.value, "why": one.why, "runs": list(one.run_ids)}
        for line in found.lines
        for one in line.marks
    ]
    report = {
        "first": f"{found.first}",
        "last": f"{found.last}",
        "expected": total.expected,
        **total._asdict(),
        "slots": slots,
    }
    typer.echo(json.dumps(report, ensure_ascii=False, indent=1))
