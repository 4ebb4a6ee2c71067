"""Columns to search by, the index of the free text, and the chain of decisions."""

import hashlib
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

BATCH = 500
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def upgrade() -> None:
    """Make them, and fill them from what is kept."""
    op.execute("CREATE TEMPORARY TABLE standings_before AS SELECT * FROM standings")
    op.drop_table("standings")
    _make_standings()
    _make_words()
    _make_chain()
    _fill_standings()
    _fill_chain()
    op.execute("DROP TABLE standings_before")
    _forbid_changes()


def _make_standings() -> None:
    op.create_table(
        "standings",
        sa.Column("arrival", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("inspection_id", sa.String(length=128), nullable=False),
        sa.Column("return_code", sa.String(length=200), nullable=False),
        sa.Column("order_code", sa.String(length=200)),
        sa.Column("sku", sa.String(length=200)),
        sa.Column("serial", sa.String(length=200)),
        sa.Column("station", sa.String(length=128), nullable=False),
        sa.Column("operator", sa.String(length=128)),
        sa.Column("category", sa.String(length=32), nullable=False),
        sa.Column("grade", sa.String(length=1), nullable=False),
        sa.Column("disposition", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("superseded_by", sa.String(length=128)),
        sa.Column("found", sa.String(length=200), nullable=False),
        sa.Column("looked", sa.Boolean(), nullable=False),
        sa.Column("thumbnail_sha256", sa.String(length=64)),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["inspection_id"],
            ["inspections.inspection_id"],
            name=op.f("fk_standings_inspection_id_inspections"),
        ),
        sa.PrimaryKeyConstraint("arrival", name=op.f("pk_standings")),
        sa.UniqueConstraint("inspection_id", name=op.f("uq_standings_inspection_id")),
    )
    facets = ["category", "grade", "disposition", "state"]
    for column in (*facets, "station", "operator"):
        others = [facet for facet in facets if facet != column]
        op.create_index(f"ix_standings_{column}", "standings", [column, "arrival", *others])
    op.create_index("ix_standings_finished_at", "standings", ["finished_at", "arrival", *facets])
    for column in ("return_code", "order_code", "sku", "serial"):
        op.create_index(f"ix_standings_{column}", "standings", [column, "arrival"])
    op.create_table(
        "standing_marks",
        sa.Column("mark", sa.String(length=64), nullable=False),
        sa.Column("arrival", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("mark", "arrival", name=op.f("pk_standing_marks")),
        sqlite_with_rowid=False,
    )


def _make_words() -> None:
    if op.get_bind().dialect.name == "sqlite":
        # No content, no positions: newest first by rowid, and a few bytes a token. Every sign beyond
        # ASCII is a token's letter, so SQLite's idea of Unicode does not matter.
        op.execute(
            "CREATE VIRTUAL TABLE standing_words USING fts5"
            "(words, content='', detail='none', columnsize=0, tokenize=\"ascii tokenchars '~'\")"
        )
        return
    op.execute(
        "CREATE TABLE standing_words (arrival bigint NOT NULL CONSTRAINT pk_standing_words PRIMARY KEY, "
        "words tsvector NOT NULL)"
    )
    # Without a list of pending entries, which every search would read through.
    op.execute(
        "CREATE INDEX ix_standing_words_words ON standing_words USING gin (words) "
        "WITH (fastupdate = off)"
    )


def _make_chain() -> None:
    op.create_table(
        "chain",
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_chain")),
    )
    op.create_index("ix_chain_name", "chain", ["name", "kind"], unique=True)


def _forbid_changes() -> None:
    """Records are append-only: not even a slip of ours may change or remove one."""
    if op.get_bind().dialect.name == "sqlite":
        for change in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER chain_no_{change.lower()} BEFORE {change} ON chain "
                "BEGIN SELECT RAISE(ABORT, 'chain is append-only'); END"
            )
        return
    op.execute(
        "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
    )
    op.execute(
        "CREATE TRIGGER chain_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON chain "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def _rows(statement: str) -> Iterator[sa.Row[Any]]:
    yield from op.get_bind().execute(sa.text(statement), execution_options={"yield_per": BATCH})


def _moment(kept: datetime | str) -> datetime:
    at = datetime.fromisoformat(kept) if isinstance(kept, str) else kept
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _fill_standings() -> None:
    reasons = _reasons()
    tables = sa.MetaData()
    bind = op.get_bind()
    standings = sa.Table("standings", tables, autoload_with=bind, resolve_fks=False)
    marks = sa.Table("standing_marks", tables, autoload_with=bind)
    newest = -1
    for row in _rows(
        "SELECT b.*, i.record, i.received_at, i.return_code, i.station FROM standings_before b "
        "JOIN inspections i ON i.inspection_id = b.inspection_id ORDER BY i.received_at, b.arrival"
    ):
        at = (_moment(row.received_at) - EPOCH) // timedelta(microseconds=1)
        newest = max(at, newest + 1)
        record = json.loads(row.record)
        # The id was among the words; it is found as a whole now.
        said = row.search_text.replace(f"{row.inspection_id.casefold()}\n", "", 1)
        text = unicodedata.normalize("NFKC", said).casefold()
        bind.execute(sa.insert(standings).values(_standing(row, record, newest, text)))
        _add_words(newest, text)
        found = {f"defect:{finding['defect']}" for finding in record["findings"]}
        for mark in sorted(found | reasons.get(row.inspection_id, set())):
            bind.execute(sa.insert(marks).values(mark=mark, arrival=newest))


def _reasons() -> dict[str, set[str]]:
    newest = {}
    for row in _rows("SELECT inspection_id, record FROM routings ORDER BY routing"):
        newest[row.inspection_id] = {
            f"reason:{reason}" for reason in json.loads(row.record)["reasons"]
        }
    return newest


def _standing(
    row: sa.Row[Any], record: dict[str, Any], arrival: int, text: str
) -> dict[str, object]:
    found = Counter(finding["defect"] for finding in record.get("findings", ()))
    first = record["photos"][0] if record["photos"] else {}
    return {
        "arrival": arrival,
        "inspection_id": row.inspection_id,
        "return_code": row.return_code,
        "station": row.station,
        "operator": record.get("operator"),
        "category": row.category,
        "grade": row.grade,
        "disposition": row.disposition,
        "state": row.state,
        "finished_at": datetime.fromisoformat(record["finished_at"]).astimezone(UTC),
        "superseded_by": row.superseded_by,
        "found": ",".join(f"{defect}:{times}" for defect, times in found.items()),
        "looked": bool(record.get("releases")),
        "thumbnail_sha256": first.get("thumbnail_sha256") or first.get("sha256"),
        "search_text": text,
    }


def _add_words(arrival: int, search_text: str) -> None:
    value: object = sorted(_tokens(search_text))
    statement = "INSERT INTO standing_words VALUES (:a, array_to_tsvector(CAST(:w AS text[])))"
    if op.get_bind().dialect.name == "sqlite":
        statement = "INSERT INTO standing_words (rowid, words) VALUES (:a, :w)"
        value = " ".join(sorted(_tokens(search_text)))
    op.get_bind().execute(sa.text(statement), {"a": arrival, "w": value})


HAN = "\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
RUN = re.compile(f"([{HAN}]+)|([^\\W_{HAN}]+)")


def _tokens(search_text: str) -> set[str]:
    """Beginnings of words, endings of what has digits, pairs of Chinese letters."""
    found: set[str] = set()
    for run in RUN.finditer(search_text):
        if han := run[1]:
            found |= {*han, *(han[i : i + 2] for i in range(len(han) - 1))}
            continue
        word = run[2]
        found |= {word[:n] for n in range(1, min(len(word), 16) + 1)}
        if len(word) > 3 and any(c.isdigit() for c in word):
            found |= {"~" + word[::-1][:n] for n in range(3, min(len(word), 12) + 1)}
    return found


def _sha256(said: str) -> str:
    return hashlib.sha256(said.encode()).hexdigest()


def _canonical(content: dict[str, object]) -> str:
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _fill_chain() -> None:
    """Every decision that is kept, oldest first, corrections after what they correct."""
    kept: dict[int, str] = {0: "0" * 64}
    decided = _rows(
        "SELECT d.decision_id, d.inspection_id, d.supersedes, d.record, d.decided_at FROM decisions d "
        "ORDER BY d.decided_at, CASE WHEN d.supersedes IS NULL THEN 0 ELSE 1 END, d.decision_id"
    )
    for position, row in enumerate(decided, start=1):
        content = _canonical(
            {
                "kind": "decision",
                "name": row.decision_id,
                "record": _sha256(row.record),
                "rests_on": _grounds(row.inspection_id, json.loads(row.record)["opinions"]),
            }
        )
        link = {
            "position": position,
            "previous": kept[position - 1],
            "skip": kept[position & (position - 1)],
            "content_sha256": _sha256(content),
        }
        kept[position] = _sha256(_canonical(link))
        op.get_bind().execute(
            sa.text("INSERT INTO chain VALUES (:position, 'decision', :name, :content, :sha256)"),
            {
                "position": position,
                "name": row.decision_id,
                "content": content,
                "sha256": kept[position],
            },
        )


def _grounds(inspection_id: str, opinion_ids: list[str]) -> dict[str, str]:
    bind = op.get_bind()
    inspection = bind.execute(
        sa.text("SELECT content_sha256 FROM inspections WHERE inspection_id = :i"),
        {"i": inspection_id},
    ).scalar_one()
    routing = bind.execute(
        sa.text(
            "SELECT record, judgement FROM routings WHERE inspection_id = :i "
            "ORDER BY routing DESC LIMIT 1"
        ),
        {"i": inspection_id},
    ).first()
    found = {"inspection": inspection}
    if routing:
        found |= {"routing": _sha256(routing.record), "judgement": _sha256(routing.judgement)}
    for opinion_id in opinion_ids:
        record = bind.execute(
            sa.text("SELECT record FROM opinions WHERE opinion_id = :o"), {"o": opinion_id}
        ).scalar_one()
        found[f"opinion {opinion_id}"] = _sha256(record)
    return found
