"""Keep what a station sends, exactly once, and say so only when it is safe."""

import hashlib
import json
from datetime import datetime

from sqlalchemy import Connection

from models.errors import RecordInvalid
from models.grading.grades import announced
from models.records import Acknowledgement, Inspection
from server import expectations, standing
from server.cases import close_cases
from server.errors import (
    ContentDiffers,
    ContentInvalid,
    NotAllowed,
    PhotosMissing,
)
from server.intake import queries
from server.intake.checks import check_showable
from server.intake.ruling import Ruling, carry_out, judged, still_valid, terms_for
from server.inventory import alone
from server.parts import Parts

MAX_INSPECTION_BYTES = 4 * 10**6
MAX_PHOTOS = 500


def keep_inspection(
    here: Parts, station: str, inspection_id: str, body: bytes
) -> tuple[Acknowledgement, bool]:
    """Keep one inspection and route it; gives the acknowledgement and whether it is new.

    Raises ContentInvalid, NotAllowed, ContentDiffers, PhotosMissing, DiskFull.
    """
    inspection, record = _read(body)
    _check(inspection, inspection_id, station)
    check_showable(inspection)
    content_sha256 = hashlib.sha256(record.encode()).hexdigest()
    with here.database.reading() as connection:
        kept = queries.content_sha256(connection, inspection_id)
        now = here.clock()
        terms = None if kept else terms_for(connection, inspection, now)
    if terms is not None:
        here.archive.make_sure_of_room(len(record))
        ruling = judged(inspection, terms)
        with here.database.writing() as connection:
            expectations.beside(connection)
            _make_sure_of_photos(here, connection, inspection)
            if queries.add_inspection(
                connection, inspection, record=record, content_sha256=content_sha256, now=now
            ):
                ruling = still_valid(connection, inspection, ruling, now)
                _follow_up(here, connection, inspection, ruling, now)
                return _acknowledged(inspection_id, content_sha256, ruling), True
            kept = queries.content_sha256(connection, inspection_id)
    return _repeated(here, inspection_id, content_sha256, kept), False


def _read(body: bytes) -> tuple[Inspection, str]:
    """The record, and its canonical JSON with keys of a newer station left in.

    The hash is taken of what was sent: a station of another version, whose records have other keys,
    would otherwise never see its own hash in the acknowledgement.
    """
    try:
        inspection = Inspection.from_json(body)
        content = json.loads(body)
        record = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        record.encode()
    except (RecordInvalid, ValueError) as error:
        raise ContentInvalid(str(error)) from error
    return inspection, record


def _check(inspection: Inspection, inspection_id: str, station: str) -> None:
    if inspection.inspection_id != inspection_id:
        raise ContentInvalid(
            f"inspection_id should be the one in the address, got {inspection.inspection_id!r}"
        )
    if "/" in inspection_id or not inspection_id.strip("."):
        raise ContentInvalid(f"inspection_id should be a UUID, got {inspection_id!r}")
    if inspection.station != station:
        raise NotAllowed(f"This token belongs to {station}, not to {inspection.station}.")
    if inspection.supersedes == inspection_id:
        raise ContentInvalid("supersedes should name another inspection, got this one")
    if inspection.standard.partition("@")[0] != inspection.category:
        raise ContentInvalid(
            f"standard should be one of {inspection.category}, got {inspection.standard!r}"
        )
    if len(inspection.photos) > MAX_PHOTOS:
        raise ContentInvalid(f"photos should be at most {MAX_PHOTOS}, got {len(inspection.photos)}")


def _make_sure_of_photos(here: Parts, connection: Connection, inspection: Inspection) -> None:
    needed = queries.uses(inspection.photos)
    # Until this is committed nobody removes what it is about to name.
    alone(connection, needed)
    sizes = queries.photo_sizes(connection, needed)
    missing = sorted(
        sha for sha in needed if sha not in sizes or not here.archive.holds(sha, sizes[sha])
    )
    if missing:
        raise PhotosMissing(missing)


def _follow_up(
    here: Parts, connection: Connection, inspection: Inspection, ruling: Ruling, now: datetime
) -> None:
    queries.link_photos(connection, inspection)
    queries.add_routing(
        connection,
        inspection.inspection_id,
        routing=ruling.routing,
        judgement=ruling.judgement,
        now=now,
    )
    standing.add(
        connection,
        inspection,
        grade=announced(ruling.judgement.grade),
        disposition=ruling.judgement.disposition,
        reasons=ruling.routing.reasons,
        received_at=now,
    )
    code = queries.plain(inspection.return_code)
    expectations.arrive(connection, inspection.inspection_id, code, now)
    carry_out(connection, inspection, ruling, key=here.audit_key, now=now)
    _correct(connection, inspection, now)


def _correct(connection: Connection, inspection: Inspection, now: datetime) -> None:
    """Corrections count in whichever order the two inspections arrive."""
    this, old = inspection.inspection_id, inspection.supersedes
    code = queries.return_code_of(connection, old) if old else None
    if old and code is not None:
        if code != queries.plain(inspection.return_code):
            raise ContentInvalid(
                f"supersedes should name an inspection of the same return, got one of {code!r}"
            )
        standing.supersede(connection, old, by=this)
        close_cases(connection, old, now)
    for sent_back in queries.sent_back(connection, inspection):
        standing.supersede(connection, sent_back, by=this)
        close_cases(connection, sent_back, now)
    if newer := queries.correction_of(connection, inspection):
        standing.supersede(connection, this, by=newer)
        close_cases(connection, this, now)


def _acknowledged(inspection_id: str, content_sha256: str, ruling: Ruling) -> Acknowledgement:
    return Acknowledgement(
        inspection_id=inspection_id,
        sha256=content_sha256,
        routing=ruling.routing,
        disposition=ruling.judgement.disposition if ruling.is_automatic else None,
    )


def _repeated(
    here: Parts, inspection_id: str, content_sha256: str, kept: str | None
) -> Acknowledgement:
    if kept != content_sha256:
        raise ContentDiffers(
            f"Inspection {inspection_id} is kept with another content; "
            "a correction needs an id of its own and names this one in supersedes."
        )
    with here.database.reading() as connection:
        judgement, routing = queries.ruling_of(connection, inspection_id)
    return _acknowledged(
        inspection_id, content_sha256, Ruling(judgement=judgement, routing=routing)
    )
