"""What the hosts have saved in the last nights: made by the real programs, each night's after that day's work.

It takes the daemons of the host, which are up before. The folders are those of `rehearsal/contract/backups`. Root makes
the copies, the inspector may read them, nobody else.
"""

import datetime as dt
from collections.abc import Callable

from rehearsal.hosts import business
from rehearsal.hosts.daemons import mariadb, postgresql, redis
from rehearsal.hosts.daemons.service import Files, Service, Supplies, wait_for
from rehearsal.hosts.roster import Host

DB, FILES, REDIS, OFFSITE = "/var/backups/db", "/var/backups/files", "/var/backups/redis", "/data/offsite"
RESTIC, BORG = "/srv/restic", "/srv/borg"
AWAY = "/mnt/offsite"
"""OFFSITE as the host sees it whose copies are carried there."""
DUMP = "mariadb-dump --no-defaults -S /run/mysqld/mysqld.sock -u root --single-transaction"
PG_DUMP = "$AS_POSTGRES $BIN/pg_dump -h /run/postgresql -U postgres"
SUM = 'sha256sum "$copy" | sed "s|  .*/|  |" >"$copy.sha256"; touch -r "$copy" "$copy.sha256"'
_HERE = "/usr/local/lib/practice"
_WORD = f"{_HERE}/repository.password"
ATTACHMENTS, _ORIGINALS = "/opt/app/attachments", "/srv/originals"


def _nightly(folder: str, name: str, save: str, after: str = "") -> str:
    """Script: `save` makes $copy in each night; there $1 is the night as Unix time and $2 its number."""
    stamped = name.replace("*", '$(date -d "@$1" +%Y%m%d%H)')
    return f"""\
umask 027
mkdir -p {folder}
night() {{
copy={folder}/{stamped}
{save}
touch -d "@$1" "$copy"
{after}}}
. {_HERE}/nights
{_theirs(folder)}"""


def _theirs(folder: str) -> str:
    return f'[ "$MODE" = user ] || chgrp -R inspector {folder}\nchmod -R g+rX,o= {folder}\n'


def _scanned(name: str, first: int) -> str:
    """Script: files of that day, many in the first night."""
    pages = f'split -d -b 2300 --additional-suffix .pdf - "{name} $2-"'
    return f'''\
head -c $(($2 > {first} ? 5000 : 90000)) /dev/urandom | {pages}
touch -d "@$(($1 - 600))" "{name} $2-"*'''


def _nights(count: int = business.NIGHTS) -> tuple[str, str, str, str]:
    """The script that goes through the last nights."""
    moments = list(enumerate(business.nights(dt.datetime.now(dt.UTC))))[-count:]
    return (f"{_HERE}/nights", "".join(f"night {moment.timestamp():.0f} {n}\n" for n, moment in moments), "600", "")


def _worked(stamp: str) -> Callable[[Host, Supplies], Files]:
    """Files: the nights, and the rows that came before each of them."""

    def files(host: Host, _supplies: Supplies) -> Files:
        rows = business.Books(host.name, stamp).until_each_night(dt.datetime.now(dt.UTC))
        return [_nights(), *((f"{_HERE}/work-{n}.sql", sql, "644", "") for n, sql in enumerate(rows))]

    return files


def _only(count: int = business.NIGHTS) -> Callable[[Host, Supplies], Files]:
    return lambda _host, _supplies: [_nights(count)]


def _repository(password: Callable[[Supplies], str]) -> Callable[[Host, Supplies], Files]:
    """Files: the last nights, and the password, which is gone once the repository is there."""
    return lambda _host, supplies: [_nights(3), (_WORD, password(supplies), "600", "")]


_REST = f"{_HERE}/work-{business.NIGHTS}.sql"
_MARIADB = _nightly(
    DB, "app-*.sql.gz",
    f'cp -pu {DB}/* {AWAY}/ 2>/dev/null || [ $2 = 0 ]  # what was saved the night before\n'
    f'{mariadb.BOSS} app <{_HERE}/work-$2.sql\n{DUMP} app >"${{copy%.gz}}"\ngzip "${{copy%.gz}}"',
    f"{SUM}\n",
) + _theirs(AWAY) + f"{mariadb.BOSS} app <{_REST}\n"  # fmt: skip
# a replica has what its primary has by now
_COME = wait_for(f"{mariadb.BOSS} app -e 'select 1 from notice limit 1' | grep 1")  # noqa: S608 (a constant)
_REPLICA = _COME + _nightly(DB, "app-*.sql.gz", f'{DUMP} app >"${{copy%.gz}}"\ngzip "${{copy%.gz}}"')
_PSQL = postgresql.BOSS.replace("-d postgres", "-d app")
_PG = f"BIN={postgresql.BIN}\n{{}}{_PSQL} -f {_REST}\n"
_PG_WORK = f"{_PSQL} -f {_HERE}/work-$2.sql\n"
_PLAIN = _PG.format(
    _nightly(DB, "app-*.sql.gz", f'{_PG_WORK}{PG_DUMP} app >"${{copy%.gz}}"\ngzip "${{copy%.gz}}"')
)  # fmt: skip
_CUSTOM = _PG.format(_nightly(DB, "app-*.dump", f'{_PG_WORK}{PG_DUMP} -Fc app >"$copy"'))
_RDB = _nightly(REDIS, "dump-*.rdb", f"""\
head -c $((9000 + 200 * $2)) /dev/urandom | od -An -tx1 -v -w40 | tr -d ' ' |
    awk '{{ print "set session:" NR, $0 }}' | {redis.CLIENT} >/dev/null
{redis.CLIENT} save >/dev/null
cp /data/redis/dump.rdb "$copy"
""")  # fmt: skip
_TAR = f"mkdir -p {ATTACHMENTS}/2026\n" + _nightly(FILES, "attachments-*.tar.gz", f"""\
{_scanned(f"{ATTACHMENTS}/2026/附件", 0)}
tar -czf "$copy" -C {ATTACHMENTS} .""")  # fmt: skip
_IN_REPOSITORY = f"""\
umask 027
export HOME=/run/practice/repository
trap 'rm -rf "$HOME" {_WORD}' EXIT
mkdir -p "$HOME" {{repository}} {_ORIGINALS}/2026
{{init}}
night() {{{{
{_scanned(f"{_ORIGINALS}/2026/原文", 4)}
{{save}}
}}}}
. {_HERE}/nights
"""
_RESTIC = _IN_REPOSITORY.format(
    repository=RESTIC,
    init=f"restic() {{ command restic -q --no-cache -r {RESTIC} -p {_WORD} \"$@\"; }}\nrestic init",
    save=f'restic backup --time "$(date -d "@$1" "+%Y-%m-%d %H:%M:%S")" {_ORIGINALS}',
) + _theirs(RESTIC)  # fmt: skip
_BORG = _IN_REPOSITORY.format(
    repository=BORG,
    init=f'export BORG_PASSCOMMAND="cat {_WORD}"\nborg init --error -e repokey {BORG}',
    save=f'borg create --timestamp "$(date -u -d "@$1" +%Y-%m-%dT%H:%M:%S)" '
         f'"{BORG}::gateway-$(date -d "@$1" +%Y%m%d%H)" {_ORIGINALS} /etc/nginx',
) + _theirs(BORG)  # fmt: skip

SERVICES = (
    Service("mariadb-backups", _MARIADB, "", _worked("%Y-%m-%d %H:%M:%S")),
    Service("mariadb-replica-backups", _REPLICA, "", _only(2)),
    Service("postgresql-backups", _PLAIN, "", _worked("%Y-%m-%d %H:%M:%S%z")),
    Service("postgresql-custom-backups", _CUSTOM, "", _worked("%Y-%m-%d %H:%M:%S%z")),
    Service("redis-backups", _RDB, "", _only()),
    Service("attachment-backups", _TAR, "", _only()),
    Service("restic-backups", _RESTIC, "", _repository(lambda supplies: supplies.restic)),
    Service("borg-backups", _BORG, "", _repository(lambda supplies: supplies.borg)),
)
