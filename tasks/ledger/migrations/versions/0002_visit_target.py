"""An index by target: a host is judged in the light of its earlier inspections."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create the index."""
    op.create_index("ix_visit_target_at", "visit", ["target", "at"])
