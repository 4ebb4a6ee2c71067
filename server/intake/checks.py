"""What a valid record may still hold that no page could show. Pure."""

from datetime import UTC, datetime

from models.records import Inspection, Photo
from server.errors import ContentInvalid

MAX_SIDE_PX = 1_000_000
"""Far beyond any camera; larger whole numbers do not fit into a drawing's coordinates."""


def check_showable(inspection: Inspection) -> None:
    """Refuse what would be kept for ever and shown never. Raises ContentInvalid."""
    _check_moment("started_at", inspection.started_at)
    _check_moment("finished_at", inspection.finished_at)
    for number, photo in enumerate(inspection.photos):
        _check_moment(f"photos.{number}.taken_at", photo.taken_at)
        _check_size(f"photos.{number}", photo)
    if not inspection.judgement.grade:
        raise ContentInvalid("judgement.grade should hold a grade and its probability, got {}")


def _check_moment(name: str, at: datetime) -> None:
    try:
        at.astimezone(UTC)
    except OverflowError:
        raise ContentInvalid(
            f"{name} should lie in the years 1 to 9999 in UTC, got {at.isoformat()}"
        ) from None


def _check_size(name: str, photo: Photo) -> None:
    if max(photo.width, photo.height) > MAX_SIDE_PX:
        raise ContentInvalid(f"{name} should have sides of at most {MAX_SIDE_PX} pixels")
