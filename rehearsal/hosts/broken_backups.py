"""Faults of backups. Each keeps the folder as it was and puts it back; `caught_by` names backups of the contract.

Where one item alone is to catch a fault, all else stays in step: the copy's time, its rights, its checksum beside it.
"""

from dataclasses import dataclass

from rehearsal.hosts.daemons import backups, mariadb, postgresql
from rehearsal.hosts.daemons.service import wait_for
from rehearsal.hosts.fault import HostFault

_WORDS = r"""
copies() { find "$F" -maxdepth 1 -name "$1" -exec ls -t {} +; }
instead() {
    touch -r "$new" "$1"
    cat "$1" >"$new"
    touch -r "$1" "$new"
    rm "$1"
    [ ! -e "$new.sha256" ] || { copy=$new; SUM; }
}
flip() {
    at=$(( $(stat -c %s "$1") * 6 / 10 ))
    old=$(od -An -tu1 -j $at -N 1 "$1")
    printf "\\$(printf %03o $((old ^ 64)))" | dd of="$1" bs=1 seek=$at conv=notrunc 2>/dev/null
}
T=/run/practice/told
"""


@dataclass(frozen=True)
class _Place:
    """A backup of the sample contract."""

    target: str
    host: str
    folder: str
    pattern: str = ""

    def fault(self, name: str, title: str, verdict: str, on: str) -> HostFault:
        """`verdict` names items and states, "BK01 CRIT, BK09 WARN", all of this backup."""
        caught = tuple((self.target, *pair.split()) for pair in verdict.split(","))
        newest = f'new=$(copies "{self.pattern}" | head -n 1)\n' if self.pattern else ""
        words = f"F={self.folder}\n" + _WORDS.replace("SUM", backups.SUM) + newest
        whole = f"keep {self.folder}\n{words}{on}\n"
        return HostFault(f"{self.host}:{name}", title, caught, whole, f"back {self.folder}")  # type: ignore[arg-type]


_OA = _Place("oa.db", "oa-db-01", backups.DB, "app-*.sql.gz")
_OA_FILES = _Place("oa.files", "oa-app-01", backups.FILES, "attachments-*.tar.gz")
_OA_CACHE = _Place("oa.cache", "oa-cache-01", backups.REDIS, "dump-*.rdb")
_OA_AWAY = _Place("oa.db", "oa-cache-01", backups.OFFSITE)
_MOBILE = _Place("mobile.db", "mobile-db-01", backups.DB, "app-*.sql.gz")
_GATEWAY = _Place("mobile.gateway", "mobile-gw-01", backups.BORG)
_ARCHIVE = _Place("archive.db", "archive-db-01", backups.DB, "app-*.dump")
_ORIGINALS = _Place("archive.originals", "archive-app-01", backups.RESTIC)

_GONE = 'find "$F" -mindepth 1 -delete'
_LATE = """\
for one in $(copies "PATTERN" | head -n 2); do rm -f "$one" "$one.sha256"; done
new=$(copies "PATTERN" | head -n 1)
find "$F" -path "$new*" -exec touch -d '-60 hours' {} +
"""
_EMPTY = ": >$T; instead $T"
_CUT = 'head -c $(( $(stat -c %s "$new") * 8 / 10 )) "$new" >$T; instead $T'
_CUT_INSIDE = """\
zcat "$new" >$T.all
head -n $(( $(wc -l <$T.all) * 8 / 10 )) $T.all >$T.sql
rm $T.all
gzip -c $T.sql >$T; rm $T.sql; instead $T
"""
_FLIPPED = 'cp "$new" $T; flip $T; instead $T'
_YESTERDAY = 'cp "$(copies "PATTERN" | sed -n 2p)" $T; instead $T'
_FEW = 'for one in $(copies "PATTERN" | tail -n +5); do rm -f "$one" "$one.sha256"; done'
_LARGEST = 'big=$(find "$F/data" -type f -exec ls -S {} + | head -n 1); flip "$big"'

# A database beside the real one, made from the newest copy; its dump, after a change, takes that copy's place.
_SCRATCH = "practice_scratch"
_MARIADB = f"""\
m() {{ {mariadb.BOSS} --init-command='set sql_log_bin = 0' "$@"; }}
m -e 'drop database if exists {_SCRATCH}; create database {_SCRATCH} character set utf8mb4'
zcat "$new" | m {_SCRATCH}
m {_SCRATCH} -e "CHANGE"
{backups.DUMP} {_SCRATCH} >$T.sql
m -e 'drop database {_SCRATCH}'
"""
_PACKED = "gzip -c $T.sql >$T; rm $T.sql; instead $T"
# its comment would tell another name than the real one's
_MARIADB_CHANGED = f"{_MARIADB}sed -i 's/Database: {_SCRATCH}/Database: app/' $T.sql\n{_PACKED}"
_POSTGRESQL = f"""\
BIN={postgresql.BIN}
p() {{ {postgresql.BOSS} -v ON_ERROR_STOP=1 "$@" >/dev/null; }}
p -c 'drop database if exists {_SCRATCH}' -c 'create database {_SCRATCH}'
FILL
p -d {_SCRATCH} -c "CHANGE"
DUMP
p -c 'drop database {_SCRATCH}'
"""
_PLAIN_CHANGED = _POSTGRESQL.replace("FILL", f'zcat "$new" | p -d {_SCRATCH}').replace(
    "DUMP", f"{backups.PG_DUMP} {_SCRATCH} >$T.sql"
) + _PACKED  # fmt: skip
_OTHER_CUSTOM = _POSTGRESQL.replace(
    "FILL", f'$AS_POSTGRES $BIN/pg_restore -h /run/postgresql -U postgres -d {_SCRATCH} <"$new"'
).replace("DUMP", f"{backups.PG_DUMP} -Fc {_SCRATCH} >$T").replace("CHANGE", "select 1") + "instead $T"  # fmt: skip
# of the database as it is now: one more copy, for its rows are younger than the newest copy's time
_WITHOUT = f"""\
BIN={postgresql.BIN}
cp -p "$new" "$F/app-$(date +%Y%m%d%H).dump"
{backups.PG_DUMP} -Fc OPTION app >"$F/app-$(date +%Y%m%d%H).dump"
"""

# sound to its end, but a statement in it names a table that is not there
_UNRESTORABLE = f'zcat "$new" | sed "s/STATEMENT/&s/" >$T.sql; {_PACKED}'
# sound too, but a statement makes more of it than the scratch place has room for
_TOO_LARGE = f'zcat "$new" | sed "/^-- TRAILER/i STATEMENT" >$T.sql; {_PACKED}'
_FILL_POSTGRESQL = (
    "CREATE TABLE public.filler AS SELECT string_agg(md5(i::text || '.' || j::text), '')"
    " FROM generate_series(1, 4000) i, generate_series(1, 3000) j GROUP BY i;"
)
_FILL_MARIADB = (
    "CREATE TABLE filler AS WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 400)"
    " SELECT repeat(md5(i), 32768) AS x FROM n;"
)
_NO_TABLE = "drop table notice"
_NO_COLUMN = "alter table notice drop column body"
_FEWER_ROWS = "delete from attachment where id % 4 = 0"
_VIOLATED = "update attachment set document_id = 99999 where id <= 3"
# all that came in the last two days
_NEWER = "delete from {0} where created > {1}; "
_OLDER = "".join(_NEWER.replace("{0}", table) for table in ("notice", "attachment", "document"))
_OLD_POSTGRESQL = _OLDER.replace("{1}", "(select max(created) - interval '40 hours' from document)")
_THEN = "set @then = (select max(created) - interval 40 hour from document); "
_OLD_MARIADB = _THEN + _OLDER.replace("{1}", "@then")


_FEWER_KEYS = f"""\
mkdir $T.redis; cp "$new" $T.redis/dump.rdb
redis-server --port 0 --unixsocket $T.redis/s --dir $T.redis --save '' --daemonize yes >/dev/null
{wait_for("redis-cli -s $T.redis/s dbsize | grep -E '[0-9]'")}
redis-cli -s $T.redis/s --scan --pattern 'session:*[27]' | xargs redis-cli -s $T.redis/s del >/dev/null
redis-cli -s $T.redis/s save >/dev/null
redis-cli -s $T.redis/s shutdown nosave
mv $T.redis/dump.rdb $T; rm -r $T.redis; instead $T
"""
_FEWER_FILES = f"tar -czf $T --exclude '*[27].pdf' -C {backups.ATTACHMENTS} .; instead $T"


def _of(place: _Place, script: str) -> str:
    return script.replace("PATTERN", place.pattern)


BACKUP_FAULTS: tuple[HostFault, ...] = (
    # --- missing, late, too small ---------------------------------------------------------------------------
    _OA.fault("backup-missing", "备份一份也没有了", "BK01 CRIT", _GONE),
    _ORIGINALS.fault("backup-missing", "仓库里的快照都没有了", "BK01 CRIT", 'find "$F/snapshots" -type f -delete'),
    _OA.fault("backup-late", "最新的备份是 60 小时以前的", "BK02 CRIT", _of(_OA, _LATE)),
    _ARCHIVE.fault("backup-late", "最新的备份是 60 小时以前的", "BK02 CRIT", _of(_ARCHIVE, _LATE)),
    _OA.fault("backup-empty", "最新的备份是 0 字节", "BK03 CRIT, BK05 CRIT", _EMPTY),
    _OA.fault("backup-halved", "最新的备份完好，行数只有一半", "BK03 CRIT",
              f"{backups.DUMP} --where='id % 9 < 4' app >$T.sql; {_PACKED}"),
    _MOBILE.fault("backup-few", "只留下四份备份", "BK09 WARN", _of(_MOBILE, _FEW)),
    # --- broken in themselves -------------------------------------------------------------------------------
    _OA.fault("backup-cut", "最新的备份只有前面一段（gzip 不完整）", "BK05 CRIT", _CUT),
    _MOBILE.fault("backup-cut", "最新的备份里 SQL 没有结尾，gzip 完好", "BK05 CRIT", _CUT_INSIDE),
    _ARCHIVE.fault("backup-cut", "最新的备份只有前面一段（pg_dump -Fc）", "BK05 CRIT", _CUT),
    _OA_CACHE.fault("backup-cut", "最新的备份只有前面一段（RDB）", "BK05 CRIT", _CUT),
    _OA_FILES.fault("backup-cut", "最新的备份只有前面一段（tar.gz）", "BK05 CRIT", _CUT),
    _OA.fault("backup-flipped", "最新的备份翻了一位（gzip 校验不符）", "BK05 CRIT", _FLIPPED),
    _ARCHIVE.fault("backup-flipped", "最新的备份翻了一位（pg_dump -Fc 的压缩块）", "BK05 CRIT", _FLIPPED),
    _OA_CACHE.fault("backup-flipped", "最新的备份翻了一位（RDB 校验不符）", "BK05 CRIT", _FLIPPED),
    _OA_FILES.fault("backup-flipped", "最新的备份翻了一位（tar.gz）", "BK05 CRIT", _FLIPPED),
    _ORIGINALS.fault("backup-flipped", "restic 仓库的数据翻了一位", "BK05 CRIT", _LARGEST),
    _GATEWAY.fault("backup-flipped", "borg 仓库的数据翻了一位", "BK05 CRIT", _LARGEST),
    # --- not what it should be ------------------------------------------------------------------------------
    _OA.fault("backup-same", "最新的备份与前一天的一字不差", "BK04 WARN", _of(_OA, _YESTERDAY)),
    _OA_FILES.fault("backup-same", "最新的备份与前一天的一字不差", "BK04 WARN", _of(_OA_FILES, _YESTERDAY)),
    _OA.fault("backup-of-another", "文件名对，里面是另一个数据库", "BK06 CRIT",
              f"{_MARIADB.replace('CHANGE', 'select 1')}{_PACKED}"),
    _ARCHIVE.fault("backup-of-another", "文件名对，里面是另一个数据库（pg_dump -Fc）", "BK06 CRIT", _OTHER_CUSTOM),
    _OA_CACHE.fault("backup-of-another", "文件名是 RDB，里面是压缩包", "BK06 CRIT",
                    'head -c 30000 /dev/urandom | gzip >$T; instead $T'),
    _OA.fault("backup-misfit", "校验文件与备份不符", "BK07 CRIT",
              'printf "%064d  %s\\n" 0 "${new##*/}" >"$new.sha256"'),
    # --- rights ---------------------------------------------------------------------------------------------
    _OA.fault("backup-unreadable", "最新的备份谁也不能读（权限 000）", "BK05 UNKNOWN", 'chmod 000 "$new"'),
    _OA_FILES.fault("backup-folder-closed", "备份目录进不去（权限 000）", "BK01 UNKNOWN", 'chmod 000 "$F"'),
    _OA_FILES.fault("backup-wide", "最新的备份同组的人都能改（权限 660）", "BK08 WARN", 'chmod 660 "$new"'),
    _OA.fault("backup-open", "最新的备份谁都能读（权限 644）", "BK08 CRIT", 'chmod 644 "$new"'),
    # --- elsewhere ------------------------------------------------------------------------------------------
    _OA_AWAY.fault("offsite-missing", "没有异地副本", "BK10 CRIT", _GONE),
    _OA_AWAY.fault("offsite-stale", "异地副本是 60 小时以前的", "BK10 CRIT",
                   "find \"$F\" -type f -exec touch -d '-60 hours' {} +"),
    # --- what only a restore shows ----------------------------------------------------------------------------
    _OA.fault("data-table-gone", "备份完好，少了一张表", "RS02 CRIT", _MARIADB_CHANGED.replace("CHANGE", _NO_TABLE)),
    _MOBILE.fault("data-table-gone", "备份完好，少了一张表", "RS02 CRIT", _PLAIN_CHANGED.replace("CHANGE", _NO_TABLE)),
    _ARCHIVE.fault("data-table-gone", "备份完好，少了一张表（备份时排除了）", "RS02 CRIT",
                   _WITHOUT.replace("OPTION", "-T notice")),
    _OA.fault("data-rows-gone", "备份完好，附件表少了四分之一", "RS03 CRIT",
              _MARIADB_CHANGED.replace("CHANGE", _FEWER_ROWS)),
    _MOBILE.fault("data-rows-gone", "备份完好，附件表少了四分之一", "RS03 CRIT",
                  _PLAIN_CHANGED.replace("CHANGE", _FEWER_ROWS)),
    _ARCHIVE.fault("data-rows-gone", "备份完好，通知表是空的（备份时排除了数据）", "RS03 CRIT",
                   _WITHOUT.replace("OPTION", "--exclude-table-data=notice")),
    _OA_CACHE.fault("data-rows-gone", "备份完好，键少了五分之一", "RS03 CRIT", _FEWER_KEYS),
    _OA_FILES.fault("data-rows-gone", "备份完好，文件少了五分之一", "RS03 CRIT", _FEWER_FILES),
    _OA.fault("data-unrestorable", "备份读得到末尾，却恢复不了", "RS01 CRIT",
              _UNRESTORABLE.replace("STATEMENT", "^INSERT INTO .document")),
    _MOBILE.fault("data-unrestorable", "备份读得到末尾，却恢复不了", "RS01 CRIT",
                  _UNRESTORABLE.replace("STATEMENT", "^COPY public.document")),
    _OA.fault("data-too-large", "备份完好，恢复出来比暂存空间大", "RS01 UNKNOWN",
              _TOO_LARGE.replace("TRAILER", "Dump completed").replace("STATEMENT", _FILL_MARIADB)),
    _MOBILE.fault("data-too-large", "备份完好，恢复出来比暂存空间大", "RS01 UNKNOWN",
                  _TOO_LARGE.replace("TRAILER", "PostgreSQL database dump complete")
                  .replace("STATEMENT", _FILL_POSTGRESQL)),
    _OA.fault("data-column-gone", "备份完好，一张表少了一列", "RS04 WARN",
              _MARIADB_CHANGED.replace("CHANGE", _NO_COLUMN)),
    _MOBILE.fault("data-column-gone", "备份完好，一张表少了一列", "RS04 WARN",
                  _PLAIN_CHANGED.replace("CHANGE", _NO_COLUMN)),
    _OA.fault("data-old", "备份是新的，里面的业务到前天为止", "RS05 CRIT",
              _MARIADB_CHANGED.replace("CHANGE", _OLD_MARIADB)),
    _MOBILE.fault("data-old", "备份是新的，里面的业务到前天为止", "RS05 CRIT",
                  _PLAIN_CHANGED.replace("CHANGE", _OLD_POSTGRESQL)),
    _OA.fault("data-violated", "备份完好，有的附件没有公文", "RS06 CRIT",
              _MARIADB_CHANGED.replace("CHANGE", _VIOLATED)),
    _MOBILE.fault("data-violated", "备份完好，有的附件没有公文", "RS06 CRIT",
                  _PLAIN_CHANGED.replace("CHANGE", _VIOLATED)),
)  # fmt: skip
