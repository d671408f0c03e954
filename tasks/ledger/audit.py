"""The ledger as `verify` reads it: one snapshot of all rows and seals, and the evidence folder. Nothing is written."""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, NullPool, create_engine, event, text

from tasks.ledger.engine import LedgerError, name_of, translated
from tasks.ledger.seals import plain
from tasks.ledger.tables import SEALED
from tasks.ledger.verify import NUMBERED

_BATCH = 2000
_ORDER = {table: "id" if table in NUMBERED else "1" for table in SEALED}


class Stored:
    """A ledger's content at one moment, whoever writes meanwhile. The counterpart of `verify.Package`."""

    def __init__(self, connection: Connection, evidence_dir: Path) -> None:
        self._connection, self.evidence_dir = connection, evidence_dir
        self.broken: list[str] = list(_without_guard(connection))

    has_files = True

    def covers(self, seal: Mapping[str, Any], table: str) -> bool:
        """All of it."""
        return True

    def seals(self) -> Iterator[dict[str, Any]]:
        """The seals, in the order of their numbers."""
        return self.read("SELECT * FROM seal ORDER BY seq")

    def rows(self, table: str) -> Iterator[dict[str, Any]]:
        """The rows of a table."""
        return self.read(f"SELECT * FROM {table} ORDER BY {_ORDER[table]}")  # noqa: S608 - both are ours

    def file_sha256(self, path: str) -> str | None:
        """The SHA-256 of an evidence file; None where there is none, or none that can be read."""
        try:
            with (self.evidence_dir / path).open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
        except OSError:
            return None

    def read(self, question: str, about: Mapping[str, Any] | None = None) -> Iterator[dict[str, Any]]:
        """The rows that answer a question, `about` its named values."""
        result = self._connection.execution_options(yield_per=_BATCH).execute(text(question), about or {})
        names = list(result.keys())
        for row in result:
            yield plain(dict(zip(names, row, strict=True)))


@contextmanager
def stored(url: str, evidence_dir: Path) -> Iterator[Stored]:
    """Open a ledger for reading alone, as it is: the schema is not brought up to date.

    Raises:
        LedgerError: there is none, or it cannot be read.
    """
    engine = create_engine(url, poolclass=NullPool)
    on_file = engine.dialect.name == "sqlite"
    if on_file:
        if not Path(engine.url.database or "").is_file():
            raise LedgerError(f"没有台账：{name_of(engine)}")
        event.listen(engine, "connect", _as_it_is)
    with translated("读取", name_of(engine)):
        with engine.connect() as connection:
            if on_file:
                connection.exec_driver_sql("BEGIN")
            else:
                connection.execution_options(isolation_level="REPEATABLE READ")
            yield Stored(connection, evidence_dir)
        engine.dispose()


def _as_it_is(connection: Any, _: Any) -> None:
    """Bytes that are no text any more must be told, not stumbled over."""
    connection.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
    connection.execute("PRAGMA query_only=ON")


def _without_guard(connection: Connection) -> Iterator[str]:
    """Tables whose rows the database would let anybody change."""
    if connection.dialect.name == "sqlite":
        question = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
        guards = {name for name, sql in connection.execute(text(question)) if "RAISE(ABORT" in sql}
        wanted = {f"{table}_no_{what}": table for table in (*SEALED, "seal") for what in ("update", "delete")}
    else:
        question = (
            "SELECT t.tgname FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid"
            " WHERE t.tgenabled IN ('O', 'A') AND p.prosrc LIKE '%RAISE EXCEPTION%'"
        )
        guards = set(connection.execute(text(question)).scalars())
        wanted = {f"{table}_append_only": table for table in (*SEALED, "seal")}
    for table in sorted({table for name, table in wanted.items() if name not in guards}):
        yield f"表 {table} 的防改触发器不见了或被换过"
