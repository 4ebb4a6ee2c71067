"""Articles and their reference photos: looked up, added, imported, taken from the first item graded A."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from models.records import Photo
from models.vocabulary import Grade, Language, Shot
from server.catalogue import queries
from server.catalogue.listed import Open, Wanted, sku_of
from server.catalogue.photos import keep
from server.catalogue.queries import PAGE, Article
from server.complaints import Complained, Fault
from server.errors import Conflict, ContentInvalid, NothingThere
from server.ledger import dossier
from server.parts import Parts
from server.references import Origin, Reference, references_for

UNFIT_SHOTS = frozenset({Shot.SHIPPING_LABEL, Shot.SERIAL})
"""Shots of one item alone: a serial number is not the article's, and an address nobody's business."""
MAX_TEXT = 200
MAX_NUMBER = 2**63 - 1


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """A photo of an item that a person graded A, for a shot that has none yet."""

    sku: str
    inspection_id: str
    return_code: str
    photo: Photo


@dataclass(frozen=True, kw_only=True)
class Overview:
    """One page of articles."""

    text: str
    articles: Sequence[Article]
    next_after: str | None
    """Where the next page begins."""
    waiting: Sequence[str]
    """SKUs without photos of which an item was graded A."""


@dataclass(frozen=True, kw_only=True)
class Page:
    """One article."""

    sku: str
    references: Sequence[Reference]
    removed: Sequence[Reference]
    proposals: Sequence[Proposal]


@dataclass(kw_only=True)
class Imported:
    """What came of a list."""

    new: int = 0
    same: int = 0
    bad: list[tuple[int, Fault]] = field(default_factory=list)
    """Line and what is wrong."""

    @property
    def done(self) -> int:
        """Rows that were looked at."""
        return self.new + self.same + len(self.bad)

    def told(self, language: Language) -> list[tuple[int, str]]:
        """Bad rows in words."""
        return [(line, fault.told(language)) for line, fault in self.bad]


def overview(here: Parts, query: Mapping[str, str]) -> Overview:
    """Articles with photos, by name, and those that could have some."""
    text, after = (
        "".join(c for c in query.get(name, "") if c.isprintable())[:MAX_TEXT].strip()
        for name in ("q", "after")
    )
    with here.database.reading() as connection:
        found = queries.articles(connection, text, after)
        waiting = [] if text or after else queries.graded_a_without_photos(connection)
    more = len(found) > PAGE
    return Overview(
        text=text,
        articles=found[:PAGE],
        next_after=found[PAGE - 1].sku if more else None,
        waiting=waiting,
    )


def page(here: Parts, sku: str) -> Page:
    """One article, known or not: that is where its first photo is given."""
    checked(sku)
    with here.database.reading() as connection:
        references = references_for(connection, sku)
        removed = queries.removed(connection, sku)
    return Page(
        sku=sku,
        references=references,
        removed=removed,
        proposals=proposals(here, sku, {one.shot for one in references}),
    )


def checked(sku: str) -> str:
    """Raises ContentInvalid for what is no SKU."""
    try:
        return sku_of(sku)
    except Complained as error:
        raise ContentInvalid(str(error)) from error


def proposals(here: Parts, sku: str, pictured: Iterable[Shot]) -> list[Proposal]:
    """For each shot without a photo, the one of the first item that a person graded A."""
    found: dict[Shot, Proposal] = {}
    taken = {*pictured, *UNFIT_SHOTS}
    with here.database.reading() as connection:
        for inspection_id in queries.graded_a(connection, sku):
            one = dossier(connection, inspection_id)
            decision = one.decision if one else None
            if one is None or decision is None or not decision.opinions:
                continue
            if decision.grade is not Grade.A:
                continue
            for photo in one.inspection.photos:
                if photo.shot in taken or photo.faults:
                    continue
                taken.add(photo.shot)
                found[photo.shot] = Proposal(
                    sku=sku,
                    inspection_id=inspection_id,
                    return_code=one.inspection.return_code,
                    photo=photo,
                )
    return [found[shot] for shot in Shot if shot in found]


def take(here: Parts, sku: str, shots: Iterable[str], *, by: str) -> int:
    """Take what is proposed for these shots; gives how many. Raises Conflict where none is any more."""
    wanted = set(shots)
    pictured = {one.shot for one in page(here, sku).references}
    chosen = [one for one in proposals(here, sku, pictured) if one.photo.shot in wanted]
    if not chosen:
        raise Conflict("This shot has a photo by now, or the item is no longer graded A.")
    with here.database.writing() as connection:
        return sum(
            queries.take(
                connection,
                {
                    "sku": sku,
                    "shot": one.photo.shot,
                    "sha256": one.photo.sha256,
                    "width": one.photo.width,
                    "height": one.photo.height,
                    "origin": Origin.TAKEN,
                    "inspection_id": one.inspection_id,
                    "added_by": by,
                    "added_at": here.clock(),
                },
            )
            for one in chosen
        )


def settle(here: Parts, reference: int, *, removed: bool, by: str) -> str:
    """Remove a photo or put it back; gives its SKU. Raises NothingThere."""
    if reference > MAX_NUMBER:
        raise NothingThere("There is no such photo.")
    with here.database.writing() as connection:
        sku = queries.sku_of(connection, reference)
        if sku is None:
            raise NothingThere("There is no such photo.")
        queries.settle(
            connection,
            reference,
            by=by if removed else None,
            at=here.clock() if removed else None,
        )
    return sku


def bring_in(
    here: Parts,
    rows: Iterable[Wanted | tuple[int, Complained]],
    opened: Open,
    *,
    by: str,
) -> Iterator[Imported]:
    """Keep a list's photos one by one; gives the counts after each. Again changes nothing."""
    told = Imported()
    for row in rows:
        if isinstance(row, Wanted):
            _bring(here, row, opened, told, by=by)
        else:
            told.bad.append((row[0], row[1].fault))
        yield told


def _bring(here: Parts, row: Wanted, opened: Open, told: Imported, *, by: str) -> None:
    try:
        content = opened(row.file)
        _, is_new = keep(here, content, sku=row.sku, shot=row.shot, origin=Origin.LISTED, by=by)
    except Complained as error:
        told.bad.append((row.line, error.fault))
        return
    told.new += is_new
    told.same += not is_new
