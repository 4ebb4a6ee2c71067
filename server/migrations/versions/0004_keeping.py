"""Retention, holds, sealed originals and long jobs."""

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

Counter = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Moment = sa.DateTime(timezone=True)
BATCH = 1000


def upgrade() -> None:
    """Retention, holds, sealed originals and long jobs."""
    _jobs()
    _scrubs()
    _photos()
    _logs()
    _uses_of_photos()
    _forbid_changes(op.get_bind().dialect.name)


def _jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("job", Counter, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("started_by", sa.String(length=128), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("arguments", sa.Text(), nullable=False),
        sa.Column("done", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=True),
        sa.Column("unit", sa.String(length=16), nullable=False),
        sa.Column("rate_per_s", sa.Float(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("cancelled_by", sa.String(length=128), nullable=True),
        sa.Column("started_at", Moment, nullable=False),
        sa.Column("beat_at", Moment, nullable=False),
        sa.Column("finished_at", Moment, nullable=True),
        sa.PrimaryKeyConstraint("job", name=op.f("pk_jobs")),
    )
    op.create_index(
        "ix_jobs_running",
        "jobs",
        ["kind"],
        unique=True,
        sqlite_where=sa.text("state = 'running'"),
        postgresql_where=sa.text("state = 'running'"),
    )


def _scrubs() -> None:
    op.create_table(
        "scrubs",
        sa.Column("scrub", Counter, nullable=False),
        sa.Column("reached", sa.String(length=64), nullable=False),
        sa.Column("photos", sa.BigInteger(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("damaged", sa.BigInteger(), nullable=False),
        sa.Column("missing", sa.BigInteger(), nullable=False),
        sa.Column("started_at", Moment, nullable=False),
        sa.Column("finished_at", Moment, nullable=True),
        sa.PrimaryKeyConstraint("scrub", name=op.f("pk_scrubs")),
    )
    op.create_index("ix_scrubs_finished_at", "scrubs", ["finished_at"])
    op.create_table(
        "faults",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("station", sa.String(length=128), nullable=False),
        sa.Column("found_at", Moment, nullable=False),
        sa.Column("asked_at", Moment, nullable=True),
        sa.Column("repaired_at", Moment, nullable=True),
        sa.ForeignKeyConstraint(["sha256"], ["photos.sha256"], name="fk_faults_sha256_photos"),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_faults")),
    )
    op.create_index("ix_faults_station", "faults", ["station"])
    op.create_index("ix_faults_repaired_at", "faults", ["repaired_at"])


def _photos() -> None:
    item: dict[str, Any] = {"nullable": False, "server_default": "item"}
    op.add_column("photos", sa.Column("kind", sa.String(length=16), **item))
    op.add_column("photos", sa.Column("key_id", sa.String(length=32), nullable=True))
    for moment in ("ends_at", "deleted_at", "removed_at"):
        op.add_column("photos", sa.Column(moment, Moment, nullable=True))
    op.create_index("ix_photos_stored_at_size_bytes", "photos", ["stored_at", "size_bytes"])
    leaving = sa.text("deleted_at IS NOT NULL AND removed_at IS NULL")
    op.create_index(
        "ix_photos_leaving", "photos", ["sha256"], sqlite_where=leaving, postgresql_where=leaving
    )
    ending = sa.text("ends_at IS NOT NULL")
    op.create_index(
        "ix_photos_ending", "photos", ["ends_at"], sqlite_where=ending, postgresql_where=ending
    )
    op.add_column("inspection_photos", sa.Column("kind", sa.String(length=16), **item))


def _logs() -> None:
    op.create_table(
        "deletions",
        sa.Column("deletion", Counter, nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("rule", sa.String(length=128), nullable=False),
        sa.Column("deleted_by", sa.String(length=128), nullable=False),
        sa.Column("deleted_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("deletion", name=op.f("pk_deletions")),
    )
    op.create_index("ix_deletions_sha256", "deletions", ["sha256"])
    op.create_index("ix_deletions_deleted_at", "deletions", ["deleted_at"])
    op.create_table(
        "retention_rules",
        sa.Column("version", Counter, nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("edited_by", sa.String(length=128), nullable=False),
        sa.Column("edited_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_retention_rules")),
    )
    op.create_table(
        "holds",
        sa.Column("hold", Counter, nullable=False),
        sa.Column("return_code", sa.String(length=200), nullable=False),
        sa.Column("event", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("told_by", sa.String(length=128), nullable=False),
        sa.Column("told_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("hold", name=op.f("pk_holds")),
    )
    op.create_index("ix_holds_return_code", "holds", ["return_code"])
    op.create_table(
        "openings",
        sa.Column("opening", Counter, nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("opened_by", sa.String(length=128), nullable=False),
        sa.Column("opened_at", Moment, nullable=False),
        sa.ForeignKeyConstraint(["sha256"], ["photos.sha256"], name="fk_openings_sha256_photos"),
        sa.PrimaryKeyConstraint("opening", name=op.f("pk_openings")),
    )
    op.create_index("ix_openings_sha256", "openings", ["sha256"])
    op.create_index("ix_openings_opened_at", "openings", ["opened_at"])


def _uses_of_photos() -> None:
    """Until now nobody wrote down which photo is a thumbnail and which shows a shipping label."""
    bind = op.get_bind()
    after = ""
    read = sa.text(
        "SELECT inspection_id, record FROM inspections WHERE inspection_id > :after "
        "ORDER BY inspection_id LIMIT :batch"
    )
    write = sa.text(
        "UPDATE inspection_photos SET kind = :kind "
        "WHERE inspection_id = :inspection_id AND sha256 = :sha256"
    )
    while rows := bind.execute(read, {"after": after, "batch": BATCH}).all():
        after = rows[-1].inspection_id
        changes = [
            {"inspection_id": row.inspection_id, "sha256": sha256, "kind": kind}
            for row in rows
            for sha256, kind in _kinds(json.loads(row.record)).items()
        ]
        if changes:
            bind.execute(write, changes)


def _kinds(record: dict[str, Any]) -> dict[str, str]:
    """Hash → what it is there for, of those that are no plain photos of the item."""
    photos = record["photos"]
    items = {photo["sha256"] for photo in photos if photo["shot"] != "shipping_label"}
    kinds = {p["thumbnail_sha256"]: "thumbnail" for p in photos if p.get("thumbnail_sha256")}
    kinds |= {photo["sha256"]: "label" for photo in photos}
    return {sha256: kind for sha256, kind in kinds.items() if sha256 not in items}


def _forbid_changes(dialect: str) -> None:
    """What happened to things that are gone is all that is left of them."""
    if dialect == "postgresql":
        op.execute(
            "CREATE FUNCTION keeping_append_only() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION '% are append-only', TG_TABLE_NAME; END $$"
        )
    for table in ("deletions", "retention_rules", "holds", "openings"):
        for change in ("UPDATE", "DELETE"):
            name = f"{table}_no_{change.lower()} BEFORE {change} ON {table}"
            if dialect == "postgresql":
                op.execute(
                    f"CREATE TRIGGER {name} FOR EACH ROW EXECUTE FUNCTION keeping_append_only()"
                )
            else:
                op.execute(
                    f"CREATE TRIGGER {name} "
                    f"BEGIN SELECT RAISE(ABORT, '{table} are append-only'); END"
                )
