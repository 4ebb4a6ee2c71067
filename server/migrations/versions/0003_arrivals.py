"""Expected returns and reference photos."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None
BATCH = 1000


def upgrade() -> None:
    """Expected returns and reference photos."""
    op.create_table(
        "expected_returns",
        sa.Column("return_code", sa.String(length=200), nullable=False),
        sa.Column("entry", sa.BigInteger(), nullable=False),
        sa.Column("change", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("category", sa.String(length=32), nullable=False),
        sa.Column("order_code", sa.String(length=200), nullable=True),
        sa.Column("sku", sa.String(length=200), nullable=True),
        sa.Column("serial_key", sa.String(length=200), nullable=True),
        sa.Column("tracking_key", sa.String(length=200), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("return_code", name=op.f("pk_expected_returns")),
        sa.UniqueConstraint("change", name=op.f("uq_expected_returns_change")),
        sa.UniqueConstraint("entry", name=op.f("uq_expected_returns_entry")),
    )
    with op.batch_alter_table("expected_returns", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_expected_returns_serial_key"), ["serial_key"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_expected_returns_sku"), ["sku"], unique=False)
        batch_op.create_index("ix_expected_returns_state_entry", ["state", "entry"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_expected_returns_tracking_key"), ["tracking_key"], unique=False
        )

    op.create_table(
        "imports",
        sa.Column("import_id", sa.String(length=64), nullable=False),
        sa.Column("file_name", sa.String(length=200), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("told_by", sa.String(length=128), nullable=False),
        sa.Column("uploaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("import_id", name=op.f("pk_imports")),
    )
    with op.batch_alter_table("imports", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_imports_uploaded_at"), ["uploaded_at"], unique=False)

    op.create_table(
        "arrivals",
        sa.Column("arrival", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("inspection_id", sa.String(length=128), nullable=False),
        sa.Column("scanned_key", sa.String(length=200), nullable=False),
        sa.Column("return_code", sa.String(length=200), nullable=True),
        sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["inspection_id"],
            ["inspections.inspection_id"],
            name=op.f("fk_arrivals_inspection_id_inspections"),
        ),
        sa.ForeignKeyConstraint(
            ["return_code"],
            ["expected_returns.return_code"],
            name=op.f("fk_arrivals_return_code_expected_returns"),
        ),
        sa.PrimaryKeyConstraint("arrival", name=op.f("pk_arrivals")),
        sa.UniqueConstraint("inspection_id", name=op.f("uq_arrivals_inspection_id")),
    )
    with op.batch_alter_table("arrivals", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_arrivals_return_code"), ["return_code"], unique=False)
        batch_op.create_index(batch_op.f("ix_arrivals_scanned_key"), ["scanned_key"], unique=False)
        batch_op.create_index(
            "ix_arrivals_unknown",
            ["arrival"],
            unique=False,
            sqlite_where=sa.text("return_code IS NULL"),
            postgresql_where=sa.text("return_code IS NULL"),
        )

    op.create_table(
        "expected_contacts",
        sa.Column("return_code", sa.String(length=200), nullable=False),
        sa.Column("contact", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["return_code"],
            ["expected_returns.return_code"],
            name=op.f("fk_expected_contacts_return_code_expected_returns"),
        ),
        sa.PrimaryKeyConstraint("return_code", name=op.f("pk_expected_contacts")),
    )
    op.create_table(
        "expected_versions",
        sa.Column("return_code", sa.String(length=200), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("contact_changed", sa.Boolean(), nullable=False),
        sa.Column("told_by", sa.String(length=128), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["return_code"],
            ["expected_returns.return_code"],
            name=op.f("fk_expected_versions_return_code_expected_returns"),
        ),
        sa.PrimaryKeyConstraint("return_code", "version", name=op.f("pk_expected_versions")),
    )
    op.create_table(
        "match_events",
        sa.Column("event", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("inspection_id", sa.String(length=128), nullable=False),
        sa.Column("return_code", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("ground", sa.String(length=16), nullable=False),
        sa.Column("told_by", sa.String(length=128), nullable=True),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["inspection_id"],
            ["inspections.inspection_id"],
            name=op.f("fk_match_events_inspection_id_inspections"),
        ),
        sa.ForeignKeyConstraint(
            ["return_code"],
            ["expected_returns.return_code"],
            name=op.f("fk_match_events_return_code_expected_returns"),
        ),
        sa.PrimaryKeyConstraint("event", name=op.f("pk_match_events")),
    )
    with op.batch_alter_table("match_events", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_match_events_inspection_id"), ["inspection_id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_match_events_return_code"), ["return_code"], unique=False
        )

    op.create_table(
        "reference_photos",
        sa.Column(
            "reference", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("sku", sa.String(length=200), nullable=False),
        sa.Column("shot", sa.String(length=32), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("origin", sa.String(length=16), nullable=False),
        sa.Column("inspection_id", sa.String(length=128), nullable=True),
        sa.Column("added_by", sa.String(length=128), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_by", sa.String(length=128), nullable=True),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["inspection_id"],
            ["inspections.inspection_id"],
            name=op.f("fk_reference_photos_inspection_id_inspections"),
        ),
        sa.ForeignKeyConstraint(
            ["sha256"], ["photos.sha256"], name=op.f("fk_reference_photos_sha256_photos")
        ),
        sa.PrimaryKeyConstraint("reference", name=op.f("pk_reference_photos")),
        sa.UniqueConstraint(
            "sku", "shot", "sha256", name=op.f("uq_reference_photos_sku_shot_sha256")
        ),
    )
    with op.batch_alter_table("reference_photos", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_reference_photos_sha256"), ["sha256"], unique=False)

    _keep_what_came_before()


def _keep_what_came_before() -> None:
    """Whatever was inspected so far came unannounced."""
    connection = op.get_bind()
    inspections = sa.table(
        "inspections",
        sa.column("inspection_id"),
        sa.column("return_code"),
        sa.column("received_at"),
    )
    names = ("inspection_id", "scanned_key", "return_code", "arrived_at")
    arrivals = sa.table("arrivals", *map(sa.column, names))
    found = sa.select(inspections).order_by(inspections.c.received_at, inspections.c.inspection_id)
    for rows in connection.execute(found).partitions(BATCH):
        connection.execute(sa.insert(arrivals), [_arrival(row) for row in rows])


def _arrival(row: sa.Row[tuple[object, ...]]) -> dict[str, object]:
    return {
        "inspection_id": row.inspection_id,
        "scanned_key": _key(row.return_code),
        "return_code": None,
        "arrived_at": row.received_at,
    }


def _key(code: str) -> str:
    """As server/expectations.py wrote it in this version: without spaces, a to z as capitals."""
    return "".join(c.upper() if c.isascii() else c for c in "".join(code.split()))[:200]
