"""Probes of the run that is under way. Not sealed: they are packed into a visit when it ends."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "probe",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("run_id", sa.String, sa.ForeignKey("run.id"), nullable=False, index=True),
        sa.Column("target", sa.String, nullable=False),
        sa.Column("every", sa.Integer, nullable=False),
        sa.Column("at", sa.String(40), nullable=False),
        sa.Column("sight", sa.String, nullable=False),
        sa.Column("ms", sa.Integer, nullable=False),
        sa.Column("fault", sa.String, nullable=False),
    )
