"""MariaDB at port 3306: a primary and its replica. The monitoring account's login stands in /etc/xunjian/my.cnf,
that of the account which may count rows in count.cnf beside it.
"""

from rehearsal.hosts.daemons.service import Files, Service, Supplies, kill, wait_for
from rehearsal.hosts.roster import BY_NAME, INSPECTOR, Host

MONITOR, COUNTING = "/etc/xunjian/my.cnf", "/etc/xunjian/count.cnf"
BOSS = "mariadb --no-defaults -S /run/mysqld/mysqld.sock -u root -NB"
FOLLOWING = f"{BOSS} --column-names -e 'show slave status\\G' | grep -q 'Slave_IO_Running: Yes'"
PORT = 3306
PRIMARY_HOST, REPLICA_HOST = "oa-db-01", "oa-db-02"
_CONF = """\
[mariadbd]
datadir = /data/mysql
socket = /run/mysqld/mysqld.sock
pid-file = /run/mysqld/mysqld.pid
bind-address = ADDRESS
server-id = NUMBER
log-bin = binlog
max_binlog_size = 1M
log-error = /var/log/mysql/error.log
slow_query_log = ON
slow_query_log_file = /var/log/mysql/slow.log
skip-name-resolve = ON
performance_schema = OFF
max_connections = 50
table_open_cache = 64
innodb_buffer_pool_size = 16M
innodb_log_file_size = 8M
innodb_flush_log_at_trx_commit = 0
key_buffer_size = 1M
aria_pagecache_buffer_size = 1M
"""
_LOGIN = "[client]\nuser = {}\npassword = {}\nsocket = /run/mysqld/mysqld.sock\n"
# The monitoring account looks at the state of the server and has no right to data; the other may read, to count.
_ACCOUNTS = """\
set sql_log_bin = 0;
create user inspector@localhost identified by '{monitor}';
grant process, slave monitor, binlog monitor on *.* to inspector@localhost;
grant select on mysql.user to inspector@localhost;
create user replication@localhost identified by '{replication}';
grant replication slave on *.* to replication@localhost;
create user counting@localhost identified by '{counting}';
grant select on app.* to counting@localhost;
set sql_log_bin = 1;
"""
_FOLLOW = """\
change master to master_host='{address}', master_port=3306, master_user='replication',
    master_password='{replication}', master_use_gtid=slave_pos, master_connect_retry=1;
start slave;
"""
_FIRST = """\
create database app character set utf8mb4;
use app;
create table notice (id int primary key, title varchar(80) not null, body text not null, created datetime not null);
create table document (id int primary key, number varchar(20) not null, title varchar(80) not null,
    created datetime not null);
create table attachment (id int primary key, document_id int not null, sha256 char(64) not null, size int not null,
    created datetime not null);
"""


def _files(host: Host, supplies: Supplies) -> Files:
    here = "/usr/local/lib/practice"
    conf = _CONF.replace("ADDRESS", host.address).replace("NUMBER", host.address.rpartition(".")[2])
    words = {"monitor": supplies.monitor, "replication": supplies.replication,
             "counting": supplies.counting, "address": BY_NAME[PRIMARY_HOST].address}  # fmt: skip
    sql = _ACCOUNTS + (_FIRST if host.name == PRIMARY_HOST else _FOLLOW)
    return [
        ("/etc/mysql/my.cnf", conf, "644", ""),
        (MONITOR, _LOGIN.format("inspector", supplies.monitor), "400", INSPECTOR),
        (COUNTING, _LOGIN.format("counting", supplies.counting), "400", INSPECTOR),
        (f"{here}/accounts.sql", sql.format(**words), "600", ""),
    ]


_START = """\
mkdir -p /run/mysqld /var/log/mysql /data/mysql
user=root
[ "$MODE" = user ] || { user=mysql; chown mysql:mysql /run/mysqld /var/log/mysql /data/mysql; }
if [ ! -e /data/mysql/mysql ]; then
    mariadb-install-db --no-defaults --datadir=/data/mysql --user=$user --skip-test-db --innodb-log-file-size=8M \\
        --auth-root-authentication-method=socket --auth-root-socket-user=root >/var/log/mysql/install.log 2>&1
    fresh=1
fi
rm -f /run/mysqld/mysqld.pid
mariadbd --defaults-file=/etc/mysql/my.cnf --user=$user >>/var/log/mysql/error.log 2>&1 </dev/null &
"""
_ACCOUNTS_ONCE = f"""\
[ -z "$fresh" ] || {BOSS} < /usr/local/lib/practice/accounts.sql
"""
_UP = _START + wait_for(f"{BOSS} -e 'select 1'") + _ACCOUNTS_ONCE
_FOLLOWS = wait_for(FOLLOWING)

PRIMARY = Service("mariadb", _UP, kill("/run/mysqld/mysqld.pid"), _files)
REPLICA = Service("mariadb-replica", _UP + _FOLLOWS, kill("/run/mysqld/mysqld.pid"), _files)
