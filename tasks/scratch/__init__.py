"""Restoring a backup into a place in memory that can never be the source, and that ends with us.

The place: `place`. What a copy is restored into: `postgresql`, `mariadb`, `redis`, `folder`.
"""

from collections.abc import Callable
from datetime import tzinfo

from checks.backup import Backup, Kind, Source
from tasks.scratch import mariadb, postgresql
from tasks.scratch.engine import AskError, Counted, Engine, Sampled, moment
from tasks.scratch.folder import Folder
from tasks.scratch.mariadb import MariaDB
from tasks.scratch.place import BrokenCopyError, Scratch, ScratchError, scratch
from tasks.scratch.postgresql import PostgreSQL
from tasks.scratch.redis import Redis
from tasks.scratch.streams import Copied, copied

__all__ = [
    "AskError",
    "BrokenCopyError",
    "Copied",
    "Counted",
    "Engine",
    "Sampled",
    "Scratch",
    "ScratchError",
    "copied",
    "engine_in",
    "moment",
    "overhead_mb",
    "questions",
    "scratch",
]

_ENGINES: dict[str, type[Engine]] = {"postgresql": PostgreSQL, "mariadb": MariaDB, "redis": Redis, "folder": Folder}


def overhead_mb(backup: Backup) -> int:
    """What its server takes of the place, besides the data."""
    return _ENGINES[backup.kind.engine].overhead_mb


def engine_in(place: Scratch, backup: Backup, zone: tzinfo) -> Engine:
    """What a backup is restored into.

    Raises:
        ScratchError: its programs are not on this machine.
    """
    match backup.kind.engine:
        case "postgresql":
            return PostgreSQL(place, zone, backup.database, custom=backup.kind is Kind.PG_CUSTOM)
        case "mariadb":
            return MariaDB(place, zone, backup.database)
        case "redis":
            return Redis(place)
        case _:
            return Folder(place, backup.restore.sample if backup.restore else 0)


def questions(backup: Backup, source: Source) -> tuple[str, Callable[[bytes, bytes], Counted]]:
    """What to ask of the source, as a script for `sh` on its host, and how its answer is read (AskError)."""
    database = source.database or backup.database
    if backup.kind.engine == "postgresql":
        return postgresql.script(source.user, source.port, database), postgresql.answer
    return mariadb.script(source.defaults_file, source.port, database), mariadb.answer
