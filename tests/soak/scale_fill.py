"""Fill a database with inspections by the hundred thousand: each a clone of one that really came in.

A few dozen inspections go in over HTTP and are decided like any other. Then every row that the server
made for them, in whichever table, is written again with other ids, codes, stations, hashes and times.
So the records are as long, as many and as various as real ones, whatever else a table gains.
"""

import hashlib
import random
import re
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import psycopg
from sqlalchemy import Table, func, select

from models.grading.standard import load
from models.records import Decision, Inspection, Opinion
from models.vocabulary import Category, Defect, Disposition, Grade, Shot, Verdict
from server import chain, words
from server.database import Database
from server.ledger import State, decide, dossier
from server.standing import arrival_of
from server.tables import metadata
from tests.factories import answer, finding, inspection, photo

EVERY = timedelta(seconds=20)
"""Between two inspections: a million take about eight months."""
STATIONS, OPERATORS = 20, 30
CHUNK = 5000
STATION, OPERATOR = "bench-of-a-clone", "operator-of-a-clone"
LEFT_OUT = {"accounts", "sessions", "stations", "chain"}
COUNTED = [
    (name, table, column.name)
    for name, table in metadata.tables.items()
    for column in table.primary_key
    if column.type.python_type is int
    and column.autoincrement == "auto"
    and "inspection_id" in table.c
]


def uuid(*of: object) -> str:
    name = hashlib.md5(repr(of).encode()).hexdigest()
    return f"{name[:8]}-{name[8:12]}-{name[12:16]}-{name[16:20]}-{name[20:]}"


def sha(*of: object) -> str:
    return hashlib.sha256(repr(of).encode()).hexdigest()


def originals(
    photos: Callable[[int], list[bytes]], count: int, now: datetime
) -> Iterator[tuple[Inspection, list[bytes]]]:
    """Inspections as stations send them, four photos each, with their photos' bytes."""
    dice = random.Random(1)
    for number in range(count):
        category = dice.choice(list(Category))
        rules = load(category)
        contents = photos(number)
        taken = tuple(
            photo(
                sha256=hashlib.sha256(content).hexdigest(),
                shot=shot,
                size_bytes=len(content),
                taken_at=now,
            )
            for content, shot in zip(contents, Shot, strict=False)
        )
        found = tuple(
            finding(
                finding_id=f"f{n}",
                defect=dice.choice(list(Defect)),
                probability=round(dice.uniform(0.2, 0.99), 3),
                photo_sha256=dice.choice(taken).sha256,
                size_share=round(dice.uniform(0.01, 0.3), 3),
            )
            for n in range(dice.choice([0, 0, 1, 1, 2, 3]))
        )
        yield inspection(
            inspection_id=uuid("original", number),
            return_code=f"zz-original-{number}",
            category=category,
            standard=rules.identifier,
            station=STATION,
            operator=OPERATOR,
            started_at=now,
            finished_at=now,
            photos=taken,
            findings=found,
            answers=tuple(answer(q.id, dice.choice(q.choices).id) for q in rules.questions),
            releases=("stain@2", "label@1"),
        ), contents  # fmt: skip


def decided(database: Database, one: Inspection, number: int, now: datetime) -> None:
    """Nine of ten are decided, a third of them by the machine; every twentieth is corrected."""
    dice = random.Random(number)
    with database.reading() as connection:
        found = dossier(connection, one.inspection_id)
    if number % 10 == 9 or found is None or found.decision:
        return
    by_machine = number % 3 == 0
    grade, disposition = dice.choice(list(Grade)), dice.choice(list(Disposition))
    facts: dict[str, Any] = {
        "inspection_id": one.inspection_id,
        "decided_at": now,
        "grade": grade,
        "disposition": disposition,
    }
    with database.writing() as connection:
        if by_machine:
            machine = {"decision_id": uuid("d", number), "decided_by": "default@1"}
            decide(connection, Decision(**machine, **facts), State.AUTOMATIC)
            return
        opinion = Opinion(
            opinion_id=uuid("o", number),
            inspection_id=one.inspection_id,
            reviewer="rita",
            given_at=now,
            grade=grade,
            disposition=disposition,
            verdicts={f.finding_id: dice.choice(list(Verdict)) for f in one.findings},
            note=dice.choice(["", "", "left cuff", "左袖口有污渍", "box dented, item fine"]),
        )
        connection.execute(
            metadata.tables["opinions"].insert().values(
                opinion_id=opinion.opinion_id,
                inspection_id=one.inspection_id,
                reviewer="rita",
                record=opinion.to_json(),
                given_at=now,
            )
        )  # fmt: skip
        first = Decision(
            decision_id=uuid("d", number),
            decided_by="rita",
            opinions=(opinion.opinion_id,),
            **facts,
        )
        decide(connection, first, State.DECIDED)
        if number % 20 == 1:
            corrected = {"decision_id": uuid("c", number), "supersedes": first.decision_id}
            decide(connection, Decision(**corrected, decided_by="lead", **facts), State.DECIDED)


@dataclass
class Text:
    """A text in pieces: what stays, and the names of what is put between."""

    pieces: list[str]
    names: list[str]

    def __call__(self, new: dict[str, str]) -> str:
        parts = [self.pieces[0]]
        for name, piece in zip(self.names, self.pieces[1:], strict=True):
            parts += (new[name], piece)
        return "".join(parts)


@dataclass
class Template:
    """All rows of one inspection, ready to be written again."""

    received_at: datetime
    names: list[str]
    """Every id and hash in it."""
    makers: list[tuple[str, Callable[..., str]]]
    """What makes another of each."""
    rows: list[tuple[Table, dict[str, Any]]] = field(default_factory=list)
    entries: list[tuple[str, str, Text]] = field(default_factory=list)
    """Its entries in the chain: kind, name, record."""
    said: set[str] = field(default_factory=set)
    """What its text is found by, whatever its names."""


def templates(database: Database, kept: list[Inspection]) -> list[Template]:
    with database.reading() as connection:
        return [_template(connection, one) for one in kept]


def _template(connection: Any, one: Inspection) -> Template:
    rows = defaultdict(list)
    shas = [p.sha256 for p in one.photos]
    # Marks go by the arrival, which the standing says.
    for table in sorted(metadata.sorted_tables, key=lambda t: t.name == "standing_marks"):
        if table.name in LEFT_OUT:
            continue
        if "inspection_id" in table.c:
            found = select(table).where(table.c.inspection_id == one.inspection_id)
        elif table.name == "photos":
            found = select(table).where(table.c.sha256.in_(shas))
        elif table.name == "standing_marks":
            arrival = rows["standings"][0]["arrival"]
            found = select(table).where(table.c.arrival == arrival)
        else:
            continue
        rows[table.name] = [dict(r._mapping) for r in connection.execute(found)]
    names = [one.inspection_id, one.return_code, STATION, OPERATOR, *shas]
    for key in ("decision_id", "opinion_id", "case_id"):
        names += [r[key] for of in rows.values() for r in of if r.get(key)]
    names = list(dict.fromkeys(names))
    template = Template(
        received_at=rows["inspections"][0]["received_at"],
        names=names,
        makers=[(name, sha if len(name) == 64 else uuid) for name in names],
    )
    pattern = re.compile("|".join(map(re.escape, sorted(template.names, key=len, reverse=True))))
    for name, of in rows.items():
        for row in of:
            template.rows.append((metadata.tables[name], _prepared(row, pattern)))
    (standing,) = rows["standings"]
    template.said = words.tokens(pattern.sub(" ", standing["search_text"]))
    for row in sorted(rows["decisions"], key=lambda r: r["supersedes"] or ""):
        template.entries.append(("decision", row["decision_id"], _text(row["record"], pattern)))
    return template


def _prepared(row: dict[str, Any], pattern: re.Pattern[str]) -> dict[str, Any]:
    return {k: _text(v, pattern) if isinstance(v, str) else v for k, v in row.items()}


def _text(value: str, pattern: re.Pattern[str]) -> "Text | str":
    names = pattern.findall(value)
    return Text(pattern.split(value), names) if names else value


class Filler:
    """Writes clones, chunk after chunk, in the order in which tables refer to each other."""

    def __init__(self, database: Database, kept: list[Template], first: datetime) -> None:
        self.database = database
        self.kept = kept
        self.first = first
        self.shift = 0
        with database.reading() as connection:
            head = chain.head(connection)
            # What counts its own rows goes on from the last.
            self.counters = {
                name: (key, connection.execute(select(func.max(table.c[key]))).scalar() or 0)
                for name, table, key in COUNTED
            }
            links = connection.execute(select(metadata.tables["chain"])).all()
        self.position = head.position if head else 0
        # Only what later entries lead back to is needed: see chain.earlier.
        self.hashes = {0: chain.GENESIS} | {row.position: row.sha256 for row in links}

    def fill(self, count: int, tell: Callable[[int], None]) -> None:
        write = SqliteBulk if self.database.dialect == "sqlite" else PostgresqlBulk
        with write(self.database) as put:
            for start in range(0, count, CHUNK):
                rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
                for number in range(start, min(start + CHUNK, count)):
                    self._clone(number, rows)
                put(rows)
                tell(min(start + CHUNK, count))

    def _clone(self, number: int, rows: dict[str, list[dict[str, Any]]]) -> None:
        template = self.kept[number % len(self.kept)]
        dice = random.Random(number)
        received = self.first + EVERY * number
        new = {name: of(number, i) for i, (name, of) in enumerate(template.makers)}
        new[template.names[1]] = f"rt-{number:07d}"
        new[STATION] = f"bench-{dice.randrange(STATIONS)}"
        new[OPERATOR] = f"op.{dice.randrange(OPERATORS)}"
        later = received - template.received_at
        arrival = arrival_of(received)
        contents: dict[str, str] = {}
        for table, prepared in template.rows:
            row = {k: _again(v, new, later) for k, v in prepared.items()}
            self._number(table.name, row, arrival, contents)
            rows[table.name].append(row)
        said = template.said | words.tokens(new[template.names[1]])
        said = said | _tokens(new[STATION]) | _tokens(new[OPERATOR])
        rows["standing_words"].append({"arrival": arrival, "said": sorted(said)})
        for kind, name, record in template.entries:
            self._chain(kind, new[name], record(new), contents, rows)

    def _number(
        self, table: str, row: dict[str, Any], arrival: int, contents: dict[str, str]
    ) -> None:
        if table in self.counters:
            key, last = self.counters[table]
            self.counters[table] = key, last + 1
            row[key] = last + 1
        elif table == "inspections":
            row["content_sha256"] = contents["inspection"] = chain.sha256(row["record"])
        elif table in {"standings", "standing_marks"}:
            row["arrival"] = arrival
        if table == "routings":
            contents["routing"] = chain.sha256(row["record"])
            contents["judgement"] = chain.sha256(row["judgement"])
        elif table == "opinions":
            contents[f"opinion {row['opinion_id']}"] = chain.sha256(row["record"])

    def _chain(
        self,
        kind: str,
        name: str,
        record: str,
        rests_on: dict[str, str],
        rows: dict[str, list[Any]],
    ) -> None:
        self.position += 1
        at = self.position
        content = chain.content_of(kind, name, record, _relied_on(record, rests_on))
        link = chain.Link(
            position=at,
            previous=self.hashes[at - 1],
            skip=self.hashes[chain.earlier(at)],
            content_sha256=chain.sha256(content),
        )
        self.hashes[at] = link.sha256
        rows["chain"].append(
            {"position": at, "kind": kind, "name": name, "content": content, "sha256": link.sha256}
        )


_tokens = cache(words.tokens)


def _relied_on(record: str, rests_on: dict[str, str]) -> dict[str, str]:
    given = Decision.from_json(record).opinions
    return {k: v for k, v in rests_on.items() if " " not in k or k.partition(" ")[2] in given}


def _again(value: Any, new: dict[str, str], later: timedelta) -> Any:
    if isinstance(value, Text):
        return value(new)
    return value + later if isinstance(value, datetime) else value


ORDER = [*(t.name for t in metadata.sorted_tables)]


class SqliteBulk:
    """Plain executemany, without waiting for the disk: nothing here must survive a power cut."""

    def __init__(self, database: Database) -> None:
        self.connection = sqlite3.connect(str(database.engine.url.database))

    def __enter__(self) -> Callable[[dict[str, list[dict[str, Any]]]], None]:
        for pragma in ("synchronous=OFF", "cache_size=-1000000", "wal_autocheckpoint=20000"):
            self.connection.execute(f"PRAGMA {pragma}").close()
        # Made anew at the end, in one sweep each.
        found = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
        self.indexes = self.connection.execute(found).fetchall()
        for name, _ in self.indexes:
            self.connection.execute(f'DROP INDEX "{name}"')
        return self.put

    def put(self, rows: dict[str, list[dict[str, Any]]]) -> None:
        for name in ORDER:
            if rows[name]:
                columns = list(rows[name][0])
                marks = ",".join("?" * len(columns))
                self.connection.executemany(
                    f"INSERT INTO {name} ({','.join(columns)}) VALUES ({marks})",
                    ([_plain(row[c]) for c in columns] for row in rows[name]),
                )
        self.connection.executemany(
            "INSERT INTO standing_words (rowid, words) VALUES (?, ?)",
            ((r["arrival"], " ".join(r["said"])) for r in rows["standing_words"]),
        )  # fmt: skip
        self.connection.commit()

    def __exit__(self, *_: object) -> None:
        for _, statement in self.indexes:
            self.connection.execute(statement)
        self.connection.commit()
        self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").close()
        self.connection.close()


def _plain(value: Any) -> Any:
    return value.isoformat(" ", "microseconds")[:26] if isinstance(value, datetime) else value


class PostgresqlBulk:
    """COPY, and what autovacuum would do afterwards."""

    def __init__(self, database: Database) -> None:
        url = database.engine.url.set(drivername="postgresql")
        self.connection = psycopg.connect(url.render_as_string(hide_password=False))
        self.connection.execute("SET synchronous_commit = off")

    def __enter__(self) -> Callable[[dict[str, list[dict[str, Any]]]], None]:
        return self.put

    def put(self, rows: dict[str, list[dict[str, Any]]]) -> None:
        with self.connection.cursor() as cursor:
            for name in ORDER:
                if rows[name]:
                    columns = list(rows[name][0])
                    with cursor.copy(f"COPY {name} ({','.join(columns)}) FROM STDIN") as copy:
                        for row in rows[name]:
                            copy.write_row([row[c] for c in columns])
            with cursor.copy("COPY standing_words FROM STDIN") as copy:
                for r in rows["standing_words"]:
                    said = " ".join(f"'{token}'" for token in r["said"])
                    copy.write_row([r["arrival"], said])
        self.connection.commit()

    def __exit__(self, *_: object) -> None:
        for name, _, key in COUNTED:
            self.connection.execute(
                f"SELECT setval(pg_get_serial_sequence('{name}', '{key}'), (SELECT max({key}) FROM {name}))"
            )
        self.connection.commit()
        self.connection.autocommit = True
        self.connection.execute("VACUUM ANALYZE")
        self.connection.close()
