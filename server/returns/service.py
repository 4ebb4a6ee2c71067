"""What one return's file shows."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from models.vocabulary import Language
from server import custody, expectations
from server.cases import is_kept_from
from server.custody import Deletion, Hold
from server.database import Database
from server.errors import BlindUntilAnswered, NothingThere
from server.expectations import Expected
from server.explain import Explanation, explain
from server.identity import Principal
from server.ledger import Dossier, State, dossier
from server.parts import Parts
from server.returns import bundle, queries
from server.returns.story import Event, Version, story, versions


@dataclass(frozen=True, kw_only=True)
class File:
    """One return's file."""

    dossier: Dossier
    explanation: Explanation
    expected: Expected | None
    """What was announced for it."""
    events: tuple[Event, ...]
    versions: tuple[Version, ...]
    """Every version of the decision, oldest first."""
    others: tuple[tuple[str, datetime], ...]
    """Other inspections of the same return: id and arrival."""
    hold: Hold | None
    """The legal hold that it is under."""
    deleted: Mapping[str, Deletion]
    """Of its photos those that are gone: hash → why."""
    sealed: Mapping[str, datetime | None]
    """Of its sealed originals those that are there: hash → when they are destroyed."""
    opinion_id: str
    """The name of a correction to come: sent twice, it counts once."""

    @property
    def can_be_corrected(self) -> bool:
        """Something is decided, and no later inspection took its place."""
        return self.dossier.decision is not None and self.dossier.state is not State.SUPERSEDED


def file(database: Database, inspection_id: str, language: Language) -> File:
    """Everything about one inspection, of one moment. Raises NothingThere."""
    with database.reading() as connection:
        found = dossier(connection, inspection_id)
        if found is None:
            raise NothingThere("There is no such inspection.")
        taken = found.inspection.photos
        seals = [photo.sealed_sha256 for photo in taken if photo.sealed_sha256]
        made = versions(connection, found)
        return File(
            dossier=found,
            explanation=explain(found.inspection, found.judgement, language),
            expected=expectations.expected_of(connection, inspection_id),
            events=story(connection, found, made),
            versions=made,
            others=tuple(queries.same_return(connection, found.inspection)),
            hold=custody.hold_of(connection, found.inspection.return_code),
            deleted=custody.deleted(connection, [photo.sha256 for photo in taken]),
            sealed=custody.sealed(connection, seals),
            opinion_id=str(uuid4()),
        )


def exported(here: Parts, inspection_id: str) -> Iterator[bytes]:
    """The file as a zip, in pieces. Raises NothingThere before the first."""
    files = {one: file(here.database, inspection_id, one) for one in Language}
    with here.database.reading() as connection:
        what = bundle.contents(connection, inspection_id)
    now = here.clock()
    parts = [here.pages.text("returns/exported.html", one, file=files[one]) for one in Language]
    page = here.pages.text("returns/index.html", Language.EN, parts=parts, made_at=now, what=what)
    return bundle.pieces(here, what, page, now)


def make_sure_it_may_be_known(database: Database, inspection_id: str, who: Principal) -> None:
    """Raises BlindUntilAnswered while this person is to answer about it without knowing more."""
    with database.reading() as connection:
        if is_kept_from(connection, inspection_id, who.name, who.role):
            raise BlindUntilAnswered


def photo(database: Database, sha256: str) -> str:
    """The photo's media type. Raises NothingThere."""
    with database.reading() as connection:
        found = queries.media_type(connection, sha256)
    if found is None:
        raise NothingThere("There is no such photo.")
    return found
