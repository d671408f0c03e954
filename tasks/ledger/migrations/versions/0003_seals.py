"""Events, the chain of seals, the calendar's version; privileges in PostgreSQL. What was there before is sealed now."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from tasks.ledger.seals import plain, seal

revision = "0003"
down_revision = "0002"

_BEFORE = ("slot", "run", "run_end", "visit", "finding", "evidence")
# PostgreSQL needs the right to lock a parent's row for a foreign key, which is the right to update one column of it.
_PARENTS = {"slot": "id", "run": "id", "event": "id"}


def upgrade() -> None:
    """Create the tables and seal what there is."""
    moment = sa.String(40)
    on_file = op.get_bind().dialect.name == "sqlite"
    op.add_column("run", sa.Column("calendar_version", sa.String))
    if not on_file:  # what is sealed is the text
        op.execute("ALTER TABLE run ALTER COLUMN parameters TYPE text USING parameters::text")
        op.execute("ALTER TABLE visit ALTER COLUMN facts TYPE text USING facts::text")
    op.create_table(
        "event",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("kind", sa.String, nullable=False, index=True),
        sa.Column("subject", sa.String, nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("entered_at", moment, nullable=False),
        sa.Column("who", sa.String, nullable=False),
        sa.Column("why", sa.String, nullable=False),
        sa.Column("via", sa.String, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("corrects", sa.Integer, sa.ForeignKey("event.id")),
    )
    op.create_table(
        "seal",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("subject", sa.String, nullable=False),
        sa.Column("rows", sa.Text, nullable=False),
        sa.Column("previous", sa.String, nullable=False, unique=True),  # no chain can fork
        sa.Column("sm3", sa.String),
        sa.Column("hash", sa.String, nullable=False),
    )
    for table in ("event", "seal"):
        _refuse_changes(table, on_file=on_file)
    if not on_file:
        for table in (*_BEFORE, "event", "seal"):
            op.execute(f"REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM PUBLIC, CURRENT_USER")
            if table in _PARENTS:
                op.execute(f"GRANT UPDATE ({_PARENTS[table]}) ON {table} TO CURRENT_USER")
    _seal_what_there_is()


def _refuse_changes(table: str, *, on_file: bool) -> None:
    if on_file:
        for what in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{what.lower()} BEFORE {what} ON {table} "
                "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END"
            )
    else:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


def _seal_what_there_is() -> None:
    connection = op.get_bind()
    rows = {
        table: [plain(dict(row)) for row in connection.execute(sa.text(f"SELECT * FROM {table}")).mappings()]  # noqa: S608
        for table in _BEFORE
    }
    ended = {row["run_id"] for row in rows["run_end"]}
    sealed = {
        table: [
            row for row in some if table == "slot" or row.get("run_id", row["id"] if table == "run" else "") in ended
        ]
        for table, some in rows.items()
    }
    if any(sealed.values()):
        seal(connection, "earlier", "", sealed, datetime.now(UTC))
