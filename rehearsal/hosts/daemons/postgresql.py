"""PostgreSQL at port 5432 with archiving. The inspector logs in as who he is; roles inspector, xunjian; by socket."""

from rehearsal.hosts.daemons.service import Files, Service, Supplies, kill, wait_for
from rehearsal.hosts.roster import Host

DATA = "/data/pgsql"
REFUSED = "/data/wal-refused"  # while this file is there, archiving fails
BIN = "$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1)"
BOSS = "$AS_POSTGRES $BIN/psql -XAtq -h /run/postgresql -U postgres -d postgres"
_CONF = f"""\
listen_addresses = '127.0.0.1,ADDRESS'
unix_socket_directories = '/run/postgresql'
shared_buffers = 8MB
max_connections = 30
fsync = off
max_wal_size = 8MB
min_wal_size = 2MB
archive_mode = on
archive_command = 'test ! -e {REFUSED} && cp %p /data/wal/%f'
logging_collector = off
log_connections = on
log_timezone = 'Asia/Shanghai'
"""
_HBA = "local all postgres peer map=boss\nlocal all all peer map=watch\nhost all all 127.0.0.0/8 scram-sha-256\n"
_IDENT = "boss postgres postgres\nwatch inspector inspector\nwatch inspector xunjian\n"
_ROLES = """\
create role inspector login;
create role xunjian login;
grant pg_monitor to inspector, xunjian;
create database app;
\\connect app
create table notice (id int primary key, title text not null, body text not null, created timestamptz not null);
create table document (id int primary key, number text not null, title text not null, created timestamptz not null);
create table attachment (id int primary key, document_id int not null, sha256 text not null, size int not null,
    created timestamptz not null);
grant select on all tables in schema public to inspector, xunjian;
"""


def _files(host: Host, _supplies: Supplies) -> Files:
    here = "/usr/local/lib/practice"
    return [
        (f"{here}/postgresql.conf", _CONF.replace("ADDRESS", host.address), "644", ""),
        (f"{here}/pg_hba.conf", _HBA, "644", ""),
        (f"{here}/pg_ident.conf", _IDENT, "644", ""),
        (f"{here}/roles.sql", _ROLES, "644", ""),
    ]


# An ordinary user has one account only: there the inspector's peer is the superuser's too.
_START = f"""\
BIN={BIN}
mkdir -p /run/postgresql /var/log/postgresql {DATA} /data/wal
[ "$MODE" = user ] || chown postgres:postgres /run/postgresql /var/log/postgresql {DATA} /data/wal
if [ ! -e {DATA}/PG_VERSION ]; then
    chmod 700 {DATA}
    $AS_POSTGRES $BIN/initdb -D {DATA} -U postgres --no-sync --wal-segsize=1 \\
        --locale=C.UTF-8 -E UTF8 --auth=peer >/dev/null
    for f in postgresql.conf pg_hba.conf pg_ident.conf; do cat /usr/local/lib/practice/$f > {DATA}/$f; done
    [ "$MODE" = root ] || echo 'boss inspector postgres' >> {DATA}/pg_ident.conf
    fresh=1
fi
# One that was killed and not yet reaped still counts as alive for whoever reads its pid here.
rm -f {DATA}/postmaster.pid /run/postgresql/.s.PGSQL.5432.lock
$AS_POSTGRES $BIN/postgres -D {DATA} >>/var/log/postgresql/postgresql.log 2>&1 </dev/null &
"""
_ROLES_ONCE = f"""\
[ -z "$fresh" ] || {BOSS} -f /usr/local/lib/practice/roles.sql
"""
# The first of them goes first: it would start others in their place.
_STOP = f"""\
{kill(DATA + "/postmaster.pid")}
while pidof postgres >/dev/null; do kill -9 $(pidof postgres) 2>/dev/null || true; sleep 0.02; done
"""

POSTGRESQL = Service("postgresql", _START + wait_for(f"{BOSS} -c 'select 1'") + _ROLES_ONCE, _STOP, _files)
