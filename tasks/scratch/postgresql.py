"""PostgreSQL: a scratch server on a socket, and what is asked of it and of the source. For plain and custom dumps."""

import json
import re
import subprocess
import threading
from datetime import tzinfo
from pathlib import Path
from typing import Any, BinaryIO

from checks.finding import Reason
from checks.host_script import quoted
from tasks.scratch.engine import (
    AskError,
    Counted,
    Sampled,
    await_answer,
    digests,
    feed,
    nearly_full,
    one_value,
)
from tasks.scratch.place import BrokenCopyError, Scratch, ScratchError, Tail, program

PATIENCE = 60
"""Seconds for one question to the source."""

_PACKAGE = "postgresql"
_INTO = "xunjian_scratch"
_OURS = ("postgres", "template0", "template1", _INTO)
_SETTINGS = (
    "listen_addresses=", "unix_socket_directories=/run", "fsync=off", "full_page_writes=off", "autovacuum=off",
    "synchronous_commit=off", "wal_level=minimal", "max_wal_senders=0", "max_wal_size=64MB", "min_wal_size=32MB",
    "shared_buffers=64MB", "dynamic_shared_memory_type=mmap", "max_connections=20", "shared_preload_libraries=",
    "logging_collector=off", "lc_messages=C",
)  # fmt: skip
_FULL = ("53100", "53200")
# The server here is of another kind than the one that was dumped: no fault of the copy.
_FOREIGN = {
    "42704": "转储里用到的类型、排序规则或参数，本机的 PostgreSQL 没有",
    "0A000": "转储里用到的功能或扩展，本机的 PostgreSQL 没有",
    "58P01": "转储里用到的扩展，本机的 PostgreSQL 没有安装",
}
_ROLE = re.compile(rb'(?:psql:[^:]*:\d+: )?ERROR:  42704: role ".*" does not exist')
_ERROR = re.compile(rb"(?:psql:[^:]*:(\d+): )?(ERROR|FATAL|PANIC):  (\w{5}): ")
_CLIENT = re.compile(rb"(?:psql:[^:]*:(\d+): )?error: ")
_LOST = re.compile(rb"server closed the connection|connection to server was lost|terminating connection")
_VERSION = re.compile(rb"-- Dumped from database version (\d+)(?:\.(\d+))?")
_END = b"-- PostgreSQL database dump complete"

# Each statement by itself, so that one that is not permitted leaves the others. JSON, as names may have any character.
QUESTIONS = """\
select json_build_array('server', 'system ' || system_identifier) from pg_control_system();
select json_build_array('server', 'started ' || extract(epoch from pg_postmaster_start_time()) || ' ' ||
    current_setting('port'));
select json_build_array('column',
    case nspname when 'public' then relname else nspname || '.' || relname end,
    attname, format_type(atttypid, atttypmod), attnotnull)
from pg_class join pg_namespace on pg_namespace.oid = relnamespace join pg_attribute on attrelid = pg_class.oid
where relkind in ('r', 'p') and not relispartition and relpersistence <> 't' and attnum > 0 and not attisdropped
    and nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
order by nspname, relname, attnum;
select case when has_table_privilege(pg_class.oid, 'select') then
    format('select json_build_array(''rows'', %L, count(*)) from %I.%I',
        case nspname when 'public' then relname else nspname || '.' || relname end, nspname, relname)
    else 'select json_build_array(''unreadable'')' end
from pg_class join pg_namespace on pg_namespace.oid = relnamespace
where relkind in ('r', 'p') and not relispartition and relpersistence <> 't'
    and nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
order by nspname, relname \\gexec
select json_build_array('end');
"""


class PostgreSQL:
    """A scratch server. `custom`: the copy is pg_dump's own format, and goes through pg_restore first."""

    overhead_mb = 160
    version = ""

    def __init__(self, place: Scratch, zone: tzinfo, database: str, *, custom: bool = False) -> None:
        self._place, self._database, self._custom = place, database, custom
        self._folder = _programs()
        self._into = _INTO
        self._setting = f"-c timezone={zone} -c client_min_messages=error -c datestyle=ISO"

    def start(self) -> None:
        """Begin, empty."""
        made = self._place.run(
            [f"{self._folder}/initdb", "-D", "/data/pg", "-U", "xunjian_scratch", "-A", "trust", "-E", "UTF8",
             "--locale=C", "--no-sync"]
        )  # fmt: skip
        if made.status:
            raise (
                self._place.full()
                if nearly_full(self._place)
                else ScratchError(
                    Reason.UNSUPPORTED, "暂存的 PostgreSQL 建不起来（initdb 出错）；请核对本机的 PostgreSQL 是否装全"
                )
            )
        settings = [word for one in _SETTINGS for word in ("-c", one)]
        server = self._place.start([f"{self._folder}/postgres", "-D", "/data/pg", *settings])
        await_answer(self._place, server, lambda: self._psql("postgres", b"select 1;").status == 0, "PostgreSQL")
        self._psql("postgres", f"create database {_INTO};".encode())
        self.version = f"PostgreSQL {self._psql('postgres', b'show server_version;').out.decode().split()[0]}"

    def server(self) -> frozenset[str]:
        """By what it may be told from others."""
        return _read(self._psql("postgres", QUESTIONS.encode()).out).server

    def restore(self, stream: BinaryIO) -> None:
        """Feed the copy to psql, as SQL; pg_restore makes that of the other format."""
        head = stream.read(65536)
        words = self._client(_INTO, "-q", "-v", "VERBOSITY=verbose", "-f", "-")
        if self._custom:
            self._understood(_dumped_by(head))
            maker = self._place.start(
                [f"{self._folder}/pg_restore", "--no-owner", "--no-privileges", "-f", "-"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            )  # fmt: skip
            psql = self._place.start(words, stdin=maker.stdout, stderr=subprocess.PIPE)
            maker.stdout.close()  # psql has it
            trouble, said = _Trouble(psql), Tail(maker.stderr, 4096)
            feed(maker, stream, head, trouble.seen)
            psql.wait()
            self._judge(trouble)
            self._place.in_time()
            if maker.wait():
                raise self._not_made(said.text())
        else:
            if found := _VERSION.search(head):
                self._understood(int(found[1]))
            psql = self._place.start(words, stdin=subprocess.PIPE, stderr=subprocess.PIPE)
            trouble = _Trouble(psql)
            tail = feed(psql, stream, head, trouble.seen)
            psql.wait()
            self._judge(trouble)
            self._place.in_time()
            if b"-- PostgreSQL database dump" in head and _END not in tail:
                raise BrokenCopyError("转储在中途断了：没有 pg_dump 写在最后的结束行")
        self._into = self._found()

    def counted(self) -> Counted:
        """What is in it now."""
        answer = self._psql(self._into, QUESTIONS.encode())
        counted = _read(answer.out)
        if b'["end"]' not in answer.out.replace(b" ", b""):
            raise ScratchError(Reason.INCOMPLETE, "暂存的 PostgreSQL 没有答完；请重做演练")
        return counted

    def value(self, question: str) -> str:
        """The one value that a question of the contract brings."""
        answer = self._psql(self._into, question.encode())
        if code := _ERROR.search(answer.err):
            raise AskError(f"语句执行不了（SQLSTATE {code[3].decode()}）")
        return one_value(answer.out.decode(errors="replace").splitlines())

    def sampled(self) -> Sampled:
        """No files."""
        return Sampled()

    def _client(self, database: str, *words: str) -> list[str]:
        login = ["-h", "/run", "-U", "xunjian_scratch", "-d", database]
        return ["env", f"PGOPTIONS={self._setting}", f"{self._folder}/psql", "-X", "-w", *login, *words]

    def _psql(self, database: str, sql: bytes) -> Any:
        return self._place.run(self._client(database, "-A", "-t", "-q", "-v", "VERBOSITY=verbose"), sql)

    def _found(self) -> str:
        """The database that the copy has filled: its own, if it makes one, or the one that we gave it."""
        sql = "select json_build_array(datname) from pg_database where datallowconn"
        names = [json.loads(line)[0] for line in self._psql("postgres", sql.encode()).out.decode().splitlines()]
        own = [name for name in names if name not in _OURS]
        return self._database if self._database in own else own[0] if len(own) == 1 else _INTO

    def _understood(self, dumped: int) -> None:
        """Raise when a newer server than ours was dumped."""
        ours = int(re.findall(r"\d+", self.version)[0])
        if dumped > ours:
            raise _foreign(f"转储来自 PostgreSQL {dumped}，本机的是 {ours}")

    def _judge(self, trouble: "_Trouble") -> None:
        """Raise for what psql complained of first."""
        what = trouble.first()
        self._place.in_time()
        if what is None:
            return
        code, line, lost = what
        where = f"第 {line} 行，" if line else ""
        if code in _FULL or (lost and nearly_full(self._place)):
            raise self._place.full()
        if code in _FOREIGN:
            raise _foreign(f"{_FOREIGN[code]}（{where}SQLSTATE {code}）")
        said = f"SQLSTATE {code}" if code else "与数据库的连接断了" if lost else "psql 看不懂"
        raise BrokenCopyError(f"转储执行到中途出错（{where}{said}）")

    def _not_made(self, said: bytes) -> Exception:
        if b"unsupported version" in said:
            return _foreign("转储的格式比本机的 pg_restore 新")
        if b"No space left" in said:
            return self._place.full()
        end = b"end of file" in said
        return BrokenCopyError("转储在中途断了" if end else "pg_restore 读不了这份转储：格式不对或内容已损坏")


class _Trouble:
    """What psql complains of, read as it comes: from the first true error on, the rest is not worth it.

    A role that is not there is no error: it only owns, and may, what nobody here asks for.
    """

    def __init__(self, psql: Any) -> None:
        self._psql = psql
        self._what: tuple[str, str, bool] | None = None
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def seen(self) -> bool:
        """There has been one."""
        return self._what is not None

    def first(self) -> tuple[str, str, bool] | None:
        """Its SQLSTATE, its line, and whether the server was lost; None if all went well."""
        self._thread.join()
        return self._what

    def _read(self) -> None:
        with self._psql.stderr as lines:
            for line in lines:
                error, client = _ERROR.match(line), _CLIENT.match(line)
                lost = _LOST.search(line)
                if self._what or _ROLE.match(line) or not (error or client or lost):
                    continue
                code = error[3].decode() if error else ""
                number = ((error or client) or [b"", None])[1]
                self._what = (code, number.decode() if number else "", bool(lost) or code.startswith("57P"))


def script(user: str, port: int, database: str) -> str:
    """The source's questions, for `sh` on its host."""
    words = f"{f'-U {quoted(user)}' if user else ''} {f'-p {port}' if port else ''} -d {quoted(database)}"
    return f"""\
command -v psql >/dev/null || {{ echo 'no client' >&2; exit 127; }}
PGCONNECT_TIMEOUT=10 PGOPTIONS='-c default_transaction_read_only=on -c statement_timeout={PATIENCE}s'
export PGCONNECT_TIMEOUT PGOPTIONS
psql -XAtqw -v VERBOSITY=sqlstate {words} <<'QUESTIONS'
{QUESTIONS}QUESTIONS
"""


def answer(out: bytes, err: bytes) -> Counted:
    """What the source has said.

    Raises:
        AskError: it has not.
    """
    if b'["end"]' in out.replace(b" ", b""):
        return _read(out)
    if b"no client" in err:
        raise AskError("源库主机上没有 psql")
    code = re.search(rb"(?:ERROR|FATAL):\s+(\w{5})\b", err)
    raise AskError(f"源库没有答出（SQLSTATE {code[1].decode()}）" if code else "连不上源库；请查库名、账号和端口")


def _read(out: bytes) -> Counted:
    rows = [json.loads(line) for line in out.decode().splitlines() if line.startswith("[")]
    columns = [(row[1], (row[2], row[3], str(row[4]))) for row in rows if row[0] == "column"]
    return Counted(
        tables={row[1]: int(row[2]) for row in rows if row[0] == "rows"},
        definitions=digests(columns),
        server=frozenset(row[1] for row in rows if row[0] == "server" and row[1]),
        unreadable=sum(row[0] == "unreadable" for row in rows),
    )


def _programs() -> Path:
    """The folder of the newest server that is installed."""
    found = sorted(Path("/usr").glob("lib/postgresql/*/bin/initdb"), key=lambda one: float(one.parts[4]))
    found += sorted(Path("/usr").glob("pgsql-*/bin/initdb"))
    return Path(program(*(str(one) for one in reversed(found)), "initdb", package=_PACKAGE)).resolve().parent


def _dumped_by(head: bytes) -> int:
    """The major version of the server that a custom dump was made of, as its header has it.

    Raises:
        BrokenCopyError: it is no such dump.
    """
    if not head.startswith(b"PGDMP"):
        raise BrokenCopyError("不是 pg_dump 的自定义格式（-Fc）")
    found = re.search(rb"\0(\d+)(?:\.\d+)+(?: \([^\0)]*\))?\0", head[:4096])
    return int(found[1]) if found else 0


def _foreign(what: str) -> ScratchError:
    remedy = "请在本机装与源库同版本的 PostgreSQL（和它的扩展）后再演练"
    return ScratchError(Reason.UNSUPPORTED, f"{what}；{remedy}")
