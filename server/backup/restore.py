"""The steps of a restore, in the order in which each needs the one before."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeVar

from server import migrations
from server.archive import Archive
from server.backup import bring
from server.database import Database
from server.errors import BackupUnusable
from server.progress import Progress
from server.settings import Settings

T = TypeVar("T")
TOLD = 5
"""So many faults are named; the rest are counted."""


class Show(Protocol):
    """Does one step, showing how far it is."""

    def __call__(self, what: str, step: Callable[[Progress], T]) -> T:
        """Give what the step gives."""


def restore(
    settings: Settings, source: Path, archive: Callable[[], Archive], show: Show, *, verify: bool
) -> bring.Snapshot:
    """Bring the newest snapshot of `source` into an empty home. Raises BackupUnusable, DatabaseUnusable."""
    snapshot = bring.find(source)
    bring.make_sure_of_an_empty_home(settings)
    show("look through the backup", lambda progress: bring.check(snapshot, progress))
    settings.half_restored.parent.mkdir(parents=True, exist_ok=True)
    settings.half_restored.touch()
    bring.bring_keys(snapshot, settings)
    database = Database(settings.url)
    try:
        show("rows", lambda progress: bring.bring_rows(snapshot, database, progress))
        migrations.upgrade(database, settings.folder)
        photos = archive()
        lacking = show("photos", lambda p: bring.bring_photos(snapshot, database, photos, p))
        _refuse([f"photo {name} is missing in the backup, or damaged" for name in lacking])
        if verify:
            _refuse(show("verify", lambda p: bring.verify(snapshot, database, photos, p)))
    finally:
        database.close()
    settings.half_restored.unlink()
    return snapshot


def _refuse(faults: list[str]) -> None:
    if faults:
        more = f"; and {len(faults) - TOLD} more" if len(faults) > TOLD else ""
        raise BackupUnusable(f"What was restored is not whole: {'; '.join(faults[:TOLD])}{more}")
