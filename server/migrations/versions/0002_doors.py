"""Accounts, tokens and stations that enrol by a code."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

COUNTER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Accounts, tokens and stations that enrol by a code."""
    # Only added, never rebuilt: other tables point at accounts.
    op.add_column("accounts", sa.Column("signed_in_at", INSTANT))
    op.add_column("stations", sa.Column("seen_at", INSTANT))
    op.add_column("stations", sa.Column("revoked_at", INSTANT))
    _sessions()
    _tokens_and_links()
    _codes_and_identities()
    _access_log()


def _sessions() -> None:
    op.add_column("sessions", sa.Column("seen_at", INSTANT))
    op.add_column("sessions", sa.Column("address", sa.String(64)))
    op.add_column("sessions", sa.Column("device", sa.String(256)))
    op.execute("UPDATE sessions SET seen_at = created_at, address = '', device = ''")
    with op.batch_alter_table("sessions") as batch:
        batch.alter_column("seen_at", existing_type=INSTANT, nullable=False)
        batch.alter_column("address", existing_type=sa.String(64), nullable=False)
        batch.alter_column("device", existing_type=sa.String(256), nullable=False)


def _tokens_and_links() -> None:
    op.create_table(
        "api_tokens",
        sa.Column("token", COUNTER, nullable=False),
        sa.Column("token_sha256", sa.String(64), nullable=False),
        sa.Column("account", sa.String(128), nullable=False),
        sa.Column("name", sa.String(128), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("seen_at", INSTANT),
        sa.Column("revoked_at", INSTANT),
        sa.ForeignKeyConstraint(
            ["account"], ["accounts.name"], name="fk_api_tokens_account_accounts"
        ),
        sa.PrimaryKeyConstraint("token", name="pk_api_tokens"),
        sa.UniqueConstraint("token_sha256", name="uq_api_tokens_token_sha256"),
    )
    op.create_index("ix_api_tokens_account", "api_tokens", ["account"])
    op.create_table(
        "one_time_links",
        sa.Column("token_sha256", sa.String(64), nullable=False),
        sa.Column("account", sa.String(128)),
        sa.Column("made_by", sa.String(128), nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("used_at", INSTANT),
        sa.ForeignKeyConstraint(
            ["account"], ["accounts.name"], name="fk_one_time_links_account_accounts"
        ),
        sa.PrimaryKeyConstraint("token_sha256", name="pk_one_time_links"),
    )
    op.create_index("ix_one_time_links_account", "one_time_links", ["account"])


def _codes_and_identities() -> None:
    op.create_table(
        "enrolment_codes",
        sa.Column("code_hmac", sa.String(64), nullable=False),
        sa.Column("station", sa.String(128)),
        sa.Column("made_by", sa.String(128), nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("used_at", INSTANT),
        sa.PrimaryKeyConstraint("code_hmac", name="pk_enrolment_codes"),
    )
    op.create_table(
        "identities",
        sa.Column("issuer", sa.String(255), nullable=False),
        sa.Column("subject", sa.String(255), nullable=False),
        sa.Column("account", sa.String(128), nullable=False),
        sa.Column("linked_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["account"], ["accounts.name"], name="fk_identities_account_accounts"
        ),
        sa.PrimaryKeyConstraint("issuer", "subject", name="pk_identities"),
        sa.UniqueConstraint("account", name="uq_identities_account"),
    )


def _access_log() -> None:
    op.create_table(
        "access_log",
        sa.Column("entry", COUNTER, nullable=False),
        sa.Column("happened_at", INSTANT, nullable=False),
        sa.Column("actor", sa.String(128), nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("change", sa.String(32), nullable=False),
        sa.Column("subject", sa.String(128), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("entry", name="pk_access_log"),
    )
    op.create_index("ix_access_log_subject", "access_log", ["subject"])
    if op.get_bind().dialect.name == "sqlite":
        _forbid_changes_sqlite()
    else:
        _forbid_changes_postgresql()


def _forbid_changes_sqlite() -> None:
    for change in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER access_log_no_{change.lower()} BEFORE {change} ON access_log "
            "BEGIN SELECT RAISE(ABORT, 'access_log is append-only'); END"
        )


def _forbid_changes_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION access_log_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'access_log is append-only'; END $$"
    )
    op.execute(
        "CREATE TRIGGER access_log_no_change BEFORE UPDATE OR DELETE ON access_log "
        "FOR EACH ROW EXECUTE FUNCTION access_log_append_only()"
    )
