"""Opens the ledger's database, brings its schema up to date, and says in Chinese what is wrong with it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.exc import ArgumentError, DatabaseError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

LOCK_WAIT = 30.0
"""Seconds to wait for another writer."""

_MIGRATING = Lock()  # Alembic keeps the migration under way in a module's variable
_LOCK = 0x78756E6A  # ours among a PostgreSQL database's advisory locks


class LedgerError(Exception):
    """The ledger cannot be opened, read or written; the message is for the operator."""


class RunClosedError(LedgerError):
    """The run was closed and sealed by somebody else, who has found it without its process."""


def opened(url: str, lock_wait: float = LOCK_WAIT) -> Engine:
    """An engine on a ledger whose schema is up to date.

    Raises:
        LedgerError: the database cannot be opened or brought up to date.
    """
    is_file = url.startswith("sqlite")
    where = "台账"
    with translated("打开", where):
        if is_file:
            Path(url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
        # Few connections for however many threads: writers wait for each other anyway, and a connection that is
        # used again and again still has its pages at hand.
        engine = create_engine(
            url,
            connect_args={"timeout": lock_wait} if is_file else {},
            pool_size=4,
            max_overflow=0 if is_file else 1,  # PostgreSQL's claims keep one
            pool_timeout=2 * lock_wait,
        )
    with translated("打开", name_of(engine)):
        if is_file:
            event.listen(engine, "connect", _sqlite_manners)
        _migrate(engine)
    return engine


def name_of(engine: Engine) -> str:
    """The database as it may be shown."""
    return engine.url.render_as_string(hide_password=True)


def begin_alone(connection: Connection, lock: int = _LOCK) -> None:
    """Make this transaction the only one that reads and then writes: SQLite would begin at the first INSERT."""
    alone = "BEGIN IMMEDIATE" if connection.dialect.name == "sqlite" else f"SELECT pg_advisory_xact_lock({lock})"
    connection.exec_driver_sql(alone)


@contextmanager
def translated(doing: str, where: str) -> Iterator[None]:
    """Turn what a database says into a sentence.

    Raises:
        LedgerError: with what happened and what to do.
    """
    started = time.monotonic()
    try:
        yield
    except (ArgumentError, ModuleNotFoundError) as error:
        # the address may have a password in it
        raise LedgerError(
            f"台账{doing}失败：XUNJIAN_LEDGER_URL 写得不对；写 sqlite:////目录/ledger.db 或"
            " postgresql+psycopg://用户@主机/库名"
        ) from error
    except (DatabaseError, PoolTimeoutError, OSError) as error:
        why = _explained(error, time.monotonic() - started)
        raise LedgerError(f"台账{doing}失败（{where}）：{why}") from error


def _explained(error: Exception, waited: float) -> str:
    what = str(getattr(error, "orig", error))
    if "locked" in what or isinstance(error, PoolTimeoutError):
        return f"台账被别的程序锁住，等了 {waited:.0f} 秒。请关闭占用它的程序后重试"
    if "full" in what or "No space" in what:
        return "磁盘已满。请清理磁盘后重试"
    if "readonly" in what or "unable to open" in what or isinstance(error, OSError):
        return "没有写权限，或目录不存在。请检查该文件和目录的权限"
    if "disk I/O" in what:
        return "磁盘读写出错，可能已满或损坏。请检查磁盘后重试"
    if "malformed" in what or "not a database" in what:
        return "文件已损坏或不是台账。请从备份恢复，不要删除原文件"
    if "no such table" in what or "does not exist" in what:
        return "不是台账，或还是旧版的结构。旧版的台账在下一次巡检或 xunjian up 时自动升级"
    return f"数据库回答：{what.splitlines()[0]}"


def _sqlite_manners(connection: Any, _: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")  # what is committed survives a power cut
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute("PRAGMA recursive_triggers=ON")  # or INSERT OR REPLACE would delete rows unseen
    cursor.close()


def _migrate(engine: Engine) -> None:
    migrations = Path(__file__).parent / "migrations"
    with _MIGRATING, engine.begin() as connection:
        begin_alone(connection)  # all of it or nothing, and one process at a time
        if _version(connection) == max(file.stem[:4] for file in migrations.glob("versions/[0-9]*.py")):
            return
        # Only now: to import it takes a tenth of what a short command may.
        from alembic import command
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", str(migrations))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _version(connection: Connection) -> str | None:
    """The schema's version; None where there is no schema yet."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
