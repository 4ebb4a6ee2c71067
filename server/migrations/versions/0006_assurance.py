"""Cost tables, certificates, audits and alarms."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

Counter = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
TABLES = (
    "policies", "certificates", "revocations", "rulings", "drift_checks", "alarms", "clearances"
)  # fmt: skip


def upgrade() -> None:
    """Cost tables, certificates, audits and alarms; all of them append-only."""
    _policies()
    _certificates()
    _rulings()
    _drift()
    _forbid_changes()


def _policies() -> None:
    op.create_table(
        "policies",
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("author", sa.String(length=128), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_policies")),
    )


def _certificates() -> None:
    op.create_table(
        "certificates",
        sa.Column("certificate_id", sa.String(length=128), nullable=False),
        sa.Column("category", sa.String(length=32), nullable=False),
        sa.Column("station", sa.String(length=128), nullable=True),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("made_by", sa.String(length=128), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("certificate_id", name=op.f("pk_certificates")),
    )
    op.create_index(op.f("ix_certificates_expires_at"), "certificates", ["expires_at"])
    op.create_table(
        "revocations",
        sa.Column("certificate_id", sa.String(length=128), nullable=False),
        sa.Column("revoked_by", sa.String(length=128), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("revoked_at", MOMENT, nullable=False),
        _names_a_certificate("revocations"),
        sa.PrimaryKeyConstraint("certificate_id", name=op.f("pk_revocations")),
    )


def _names_a_certificate(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["certificate_id"],
        ["certificates.certificate_id"],
        name=op.f(f"fk_{table}_certificate_id_certificates"),
    )


def _rulings() -> None:
    op.create_table(
        "rulings",
        sa.Column("ruling", Counter, nullable=False),
        sa.Column("inspection_id", sa.String(length=128), nullable=False),
        sa.Column("category", sa.String(length=32), nullable=False),
        sa.Column("station", sa.String(length=128), nullable=False),
        sa.Column("standard", sa.String(length=128), nullable=False),
        sa.Column("releases", sa.Text(), nullable=False),
        sa.Column("costs_sha256", sa.String(length=64), nullable=False),
        sa.Column("certificate", sa.String(length=128), nullable=True),
        sa.Column("automatic", sa.Boolean(), nullable=False),
        sa.Column("candidate", sa.Boolean(), nullable=False),
        sa.Column("grade", sa.String(length=1), nullable=False),
        sa.Column("disposition", sa.String(length=16), nullable=False),
        sa.Column("risk", sa.Float(), nullable=True),
        sa.Column("share", sa.Float(), nullable=False),
        sa.Column("number", sa.Float(), nullable=False),
        sa.Column("drawn", sa.Boolean(), nullable=False),
        sa.Column("least_share", sa.Float(), nullable=False),
        sa.Column("floor_share", sa.Float(), nullable=False),
        sa.Column("greatest_loss", sa.Float(), nullable=False),
        sa.Column("item_value", sa.Float(), nullable=True),
        sa.Column("photo_refused", sa.Boolean(), nullable=False),
        sa.Column("ruled_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["inspection_id"],
            ["inspections.inspection_id"],
            name=op.f("fk_rulings_inspection_id_inspections"),
        ),
        sa.PrimaryKeyConstraint("ruling", name=op.f("pk_rulings")),
        sa.UniqueConstraint("inspection_id", name=op.f("uq_rulings_inspection_id")),
    )
    op.create_index("ix_rulings_scope", "rulings", ["category", "station", "ruling"])
    op.create_index("ix_rulings_category", "rulings", ["category", "ruling"])
    for name, columns, where in (
        ("ix_rulings_certificate", ["certificate", "ruling"], "certificate IS NOT NULL"),
        ("ix_rulings_drawn", ["category", "ruling"], "drawn"),
    ):
        op.create_index(
            name,
            "rulings",
            columns,
            sqlite_where=sa.text(where),
            postgresql_where=sa.text(where),
        )


def _drift() -> None:
    op.create_table(
        "drift_checks",
        sa.Column("drift_check", Counter, nullable=False),
        sa.Column("certificate_id", sa.String(length=128), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("through_ruling", sa.BigInteger(), nullable=False),
        sa.Column("batch", sa.Text(), nullable=False),
        sa.Column("signs", sa.Text(), nullable=False),
        sa.Column("checked_at", MOMENT, nullable=False),
        _names_a_certificate("drift_checks"),
        sa.PrimaryKeyConstraint("drift_check", name=op.f("pk_drift_checks")),
        sa.UniqueConstraint(
            "certificate_id", "number", name=op.f("uq_drift_checks_certificate_id_number")
        ),
    )
    op.create_table(
        "alarms",
        sa.Column("alarm", Counter, nullable=False),
        sa.Column("certificate_id", sa.String(length=128), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("sign", sa.Text(), nullable=False),
        sa.Column("raised_at", MOMENT, nullable=False),
        _names_a_certificate("alarms"),
        sa.PrimaryKeyConstraint("alarm", name=op.f("pk_alarms")),
    )
    op.create_index(op.f("ix_alarms_certificate_id"), "alarms", ["certificate_id"])
    op.create_table(
        "clearances",
        sa.Column("alarm", Counter, nullable=False),
        sa.Column("cleared_by", sa.String(length=128), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("forgiven", sa.Integer(), nullable=False),
        sa.Column("cleared_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["alarm"], ["alarms.alarm"], name=op.f("fk_clearances_alarm_alarms")
        ),
        sa.PrimaryKeyConstraint("alarm", name=op.f("pk_clearances")),
    )


def _forbid_changes() -> None:
    for table in TABLES:
        if op.get_bind().dialect.name == "postgresql":
            # The function is step 0005's.
            op.execute(
                f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
            )
            continue
        for change in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{change.lower()} BEFORE {change} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
