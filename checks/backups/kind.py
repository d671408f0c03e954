"""BK06 内容相符: the newest copy is of the kind that the contract says, and of the right database."""

from datetime import datetime

from checks.backup import Backup, Kind
from checks.backup_check import BackupCheck, Past, a_file, has_read
from checks.finding import Reason, State, Verdict
from checks.visit import BackupVisit, Contents

_DUMPS = (Kind.MYSQLDUMP, Kind.PG_PLAIN, Kind.PG_CUSTOM)
_NAMES_IT = {
    Kind.PG_PLAIN: "备份时加 -C（pg_dump -C）", Kind.MYSQLDUMP: "备份时加 --databases，或不要加 --skip-comments",
}  # fmt: skip


def evaluate(visit: BackupVisit, backup: Backup, past: Past, now: datetime) -> Verdict:
    """CRIT: of another kind, of another database, or without a single table. WARN: it does not say of which one."""
    contents = has_read(visit)
    if not isinstance(contents, Contents):
        return contents
    name = visit.copies[0].name
    is_what = f"{contents.form}{f'，{contents.made_by}' if contents.made_by else ''}"
    if contents.of_kind is None:
        return Verdict(State.UNKNOWN, f"{name} 已损坏，认不出是什么，见“可读到末尾”", Reason.BLOCKED)
    if not contents.of_kind:
        return Verdict(State.CRIT, f"{name} {contents.trouble}，期望 {backup.kind}")
    named = "、".join(contents.databases)
    if backup.database and named and backup.database not in contents.databases:
        return Verdict(State.CRIT, f"{name} 里的数据库是 {named}，期望 {backup.database}")
    # A damaged or partly read one has tables that nobody saw: BK05 speaks of that.
    if backup.kind in _DUMPS and contents.whole and not contents.trouble and not contents.tables:
        return Verdict(State.CRIT, f"{name} 里没有任何表（{is_what}）")
    if backup.database and not named:
        remedy = _NAMES_IT.get(backup.kind, "这种备份不写库名，请删去合同里的 database")
        return Verdict(State.WARN, f"{name} 没有写明是哪个数据库，期望 {backup.database}；{remedy}")
    said = [is_what, f"数据库 {named}" if named else "", f"{contents.tables} 张表" if contents.tables else ""]
    said.append(f"{contents.entries} 项" if contents.entries else "")
    return Verdict(State.OK, f"{name}：{'，'.join(one for one in said if one)}")


CHECK = BackupCheck("BK06", "内容相符", evaluate, due=lambda backup: a_file(backup) and backup.kind is not Kind.VENDOR)
