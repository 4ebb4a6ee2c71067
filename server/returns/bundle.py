"""One return's file as a zip, written while it is read: photos, records, chain, manifest, a page to read.

The manifest comes last, when every hash is known; it names all other files, and the server signs it.
"""

import hashlib
import json
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any, cast

from sqlalchemy import Connection, Table, select

from models.records import Inspection
from server import chain
from server.errors import NothingThere, PhotoDamaged, PhotoDeleted
from server.ledger import DECISION
from server.parts import Parts
from server.returns import queries
from server.returns.check_file import CHAIN, FORMAT, MANIFEST, SIGNATURE, way_through
from server.tables import chain as entries
from server.tables import decisions, inspections, opinions, routings

STYLE = Path(__file__).parents[1] / "static/exported.css"
ENDINGS = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp"}


@dataclass(frozen=True, kw_only=True)
class Contents:
    """What goes into the file, all of one moment."""

    inspection: Inspection
    records: tuple[tuple[str, str], ...]
    """Name and record, as kept: `inspection`, `routing 1`, `opinion ID`, `decision ID`."""
    proof: Mapping[str, Any]
    """The chain's entries that the decisions' places follow from."""
    withheld: Mapping[str, str]
    """Photos that may not or cannot be shown: hash → why."""


def contents(connection: Connection, inspection_id: str) -> Contents:
    """Read everything but the photos. Raises NothingThere."""
    its = inspections.c
    record = connection.execute(
        select(its.record).where(its.inspection_id == inspection_id)
    ).scalar()
    if record is None:
        raise NothingThere("There is no such inspection.")
    made = _named(connection, decisions, "decision", inspection_id)
    records = [
        ("inspection", record),
        *_rulings(connection, inspection_id),
        *_named(connection, opinions, "opinion", inspection_id),
        *made,
    ]
    names = [name.partition(" ")[2] for name, _ in made]
    inspection = Inspection.from_json(record)
    return Contents(
        inspection=inspection,
        records=tuple(records),
        proof=_proof(connection, names),
        withheld=dict(_withheld(connection, inspection)),
    )


def _withheld(connection: Connection, inspection: Inspection) -> Iterator[tuple[str, str]]:
    for photo in inspection.photos:
        try:
            shown = queries.media_type(connection, photo.sha256)
        except PhotoDeleted as error:
            yield photo.sha256, str(error)
        else:
            if shown is None:
                yield photo.sha256, "no photo to be shown is kept under this hash"


def _named(
    connection: Connection, table: Table, kind: str, inspection_id: str
) -> list[tuple[str, str]]:
    key, at = table.c[f"{kind}_id"], table.c["given_at" if kind == "opinion" else "decided_at"]
    found = select(key, table.c.record).where(table.c.inspection_id == inspection_id)
    rows = connection.execute(found.order_by(at, key))
    return [(f"{kind} {name}", record) for name, record in rows]


def _rulings(connection: Connection, inspection_id: str) -> Iterator[tuple[str, str]]:
    its = routings.c
    found = select(its.record, its.judgement).where(its.inspection_id == inspection_id)
    for number, row in enumerate(connection.execute(found.order_by(its.routing)), start=1):
        yield f"routing {number}", row.record
        yield f"judgement {number}", row.judgement


def _proof(connection: Connection, names: list[str]) -> dict[str, Any]:
    newest = chain.head(connection)
    found = select(entries).where(entries.c.name.in_(names), entries.c.kind == DECISION)
    kept = {row.position: row for row in connection.execute(found)}
    if newest is None or not kept:
        return {"head": None, "contents": {}, "links": []}
    way = way_through(newest.position, set(kept))
    return {
        "head": {"position": newest.position, "sha256": newest.sha256},
        "contents": {
            row.name: {"position": at, "content": row.content} for at, row in kept.items()
        },
        "links": [vars(link) for link in _links(connection, way)],
    }


def _links(connection: Connection, way: list[int]) -> Iterator[chain.Link]:
    needed = {*way, *(at - 1 for at in way), *(chain.earlier(at) for at in way)}
    hashes = chain.hashes(connection, needed)
    found = select(entries.c.position, entries.c.content).where(entries.c.position.in_(way))
    said = {row.position: row.content for row in connection.execute(found)}
    for at in way:
        yield chain.Link(
            position=at,
            previous=hashes[at - 1],
            skip=hashes[chain.earlier(at)],
            content_sha256=chain.sha256(said[at]),
        )


class _Pieces:
    """A file that is only written to; what was written can be taken away."""

    def __init__(self) -> None:
        self._written = bytearray()

    def write(self, content: bytes) -> int:
        self._written += content
        return len(content)

    def flush(self) -> None:
        """Nothing waits."""

    def take(self) -> bytes:
        taken = bytes(self._written)
        self._written.clear()
        return taken


def pieces(here: Parts, what: Contents, page: str, now: datetime) -> Iterator[bytes]:
    """The zip in pieces, at most about one photo in memory."""
    sink = _Pieces()
    listed: dict[str, dict[str, object]] = {}
    missing: dict[str, str] = {}

    # zipfile writes to what cannot be wound back, too.
    with zipfile.ZipFile(cast("IO[bytes]", sink), "w", zipfile.ZIP_DEFLATED) as archive:

        def put(path: str, content: bytes, compression: int = zipfile.ZIP_DEFLATED) -> bytes:
            digest = hashlib.sha256(content).hexdigest()
            listed[path] = {"sha256": digest, "bytes": len(content)}
            archive.writestr(_info(path, now), content, compression)
            return sink.take()

        yield put("index.html", page.encode())
        yield put("style.css", STYLE.read_bytes())
        paths = _paths(what)
        for name, record in what.records:
            yield put(paths[name], record.encode())
        yield put(CHAIN, _json(what.proof))
        for path, sha256 in _photos(what.inspection):
            if sha256 in what.withheld:
                missing[path] = what.withheld[sha256]
                continue
            try:
                content = here.archive.read(sha256)
            except (NothingThere, PhotoDamaged) as error:
                missing[path] = str(error)
                continue
            yield put(path, content, zipfile.ZIP_STORED)
        manifest = _json(_manifest(what, paths, listed, missing, now))
        archive.writestr(_info(MANIFEST, now), manifest)
        archive.writestr(_info(SIGNATURE, now), _signature(here, manifest))
    yield sink.take()


def _info(path: str, now: datetime) -> zipfile.ZipInfo:
    return zipfile.ZipInfo(path, date_time=(max(now.year, 1980), *now.timetuple()[1:6]))


def _photos(inspection: Inspection) -> Iterator[tuple[str, str]]:
    for sha256, media_type in dict.fromkeys((p.sha256, p.media_type) for p in inspection.photos):
        yield f"photos/{sha256}.{ENDINGS[media_type]}", sha256


def _paths(what: Contents) -> dict[str, str]:
    """Names may hold what no file's name should; numbers do."""
    return {
        name: f"records/{number:02d}-{name.partition(' ')[0]}.json"
        for number, (name, _) in enumerate(what.records, start=1)
    }


def _manifest(
    what: Contents,
    paths: Mapping[str, str],
    listed: Mapping[str, object],
    missing: Mapping[str, str],
    now: datetime,
) -> dict[str, object]:
    return {
        "format": FORMAT,
        "inspection_id": what.inspection.inspection_id,
        "return_code": what.inspection.return_code,
        "made_at": now.isoformat(),
        "head": what.proof["head"],
        "records": [{"name": name, "path": path} for name, path in paths.items()],
        "files": listed,
        "missing": missing,
    }


def _signature(here: Parts, manifest: bytes) -> bytes:
    signer = here.signer
    return _json(
        {
            "algorithm": "Ed25519",
            "key_id": signer.key_id,
            "public_key": signer.public_key,
            "signature": signer.sign(manifest),
        }
    )


def _json(content: Mapping[str, object]) -> bytes:
    return json.dumps(content, sort_keys=True, indent=1, ensure_ascii=False).encode()
