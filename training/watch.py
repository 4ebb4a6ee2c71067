"""Stands beside a training run: counts, tells in plain words how far it is, keeps what a crash must not take.

Ultralytics calls these methods with its trainer. Nothing here needs Ultralytics itself.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from training.learning_curves import PICTURE, draw, rows_of
from training.runs import LAST, now, read_record, replace_file, update_record

# Ultralytics writes last.pt in place: who is killed meanwhile has half a file, and this one.
SAFE = Path("weights/last-whole.pt")
_LINE_EVERY_S = 60.0
_TRAINER = Any
MAP50, MAP50_95 = "metrics/mAP50(B)", "metrics/mAP50-95(B)"


@dataclass(kw_only=True, slots=True)
class Watch:
    """One sitting of a run, from its start or from where it was stopped."""

    run: Path
    """The run's folder."""
    told: Callable[[str], None]
    """Takes a line in plain words."""
    threads: Callable[[], int]
    """How many the network runs on."""
    clock: Callable[[], float] = time.monotonic
    """Seconds."""
    _progress: dict[str, Any] = field(init=False, default_factory=dict)
    """What run.json says of progress."""
    _batches: int = field(init=False, default=0)
    """Of the epoch that runs."""
    _marks: dict[str, float] = field(init=False, default_factory=dict)
    """When things were begun or told."""

    def callbacks(self) -> dict[str, Callable[[_TRAINER], None]]:
        """What Ultralytics shall call, by its names of the moments."""
        return {
            "on_train_start": self.start,
            "on_train_epoch_start": self.epoch_start,
            "on_train_batch_end": self.batch_end,
            "on_train_epoch_end": self.epoch_end,
            "on_model_save": self.saved,
            "on_fit_epoch_end": self.epoch_checked,
            "on_train_end": self.end,
        }

    def start(self, trainer: _TRAINER) -> None:
        """Enter a new sitting into the record."""
        record = read_record(self.run)
        self._progress = dict(record.get("progress", {}))
        self._marks = {"kept": self.clock(), "drawn": self.clock()}
        sitting = {
            "started_at": now(),
            "after_epoch": int(trainer.start_epoch),
            "device": str(trainer.device),
            "threads": self.threads(),
        }
        update_record(self.run, {"sessions": [*record.get("sessions", []), sitting]})
        learn, check = len(trainer.train_loader.dataset), len(trainer.test_loader.dataset)
        self.told(
            f"{self.run.name}: {learn:,} pictures to learn from, {check:,} to check by, "
            f"{sitting['threads']} threads on {sitting['device']}"
        )

    def epoch_start(self, trainer: _TRAINER) -> None:
        """Begin to count an epoch."""
        del trainer
        self._batches = 0
        self._marks |= {"epoch": self.clock(), "told": self.clock()}

    def batch_end(self, trainer: _TRAINER) -> None:
        """Tell now and then how far the epoch is."""
        self._batches += 1
        if self.clock() - self._marks["told"] >= _LINE_EVERY_S:
            self._marks["told"] = self.clock()
            share = self._batches / len(trainer.train_loader)
            self.told(f"epoch {trainer.epoch + 1} of {trainer.epochs}: {share:.0%}")

    def epoch_end(self, trainer: _TRAINER) -> None:
        """Count the pictures that went through the network."""
        seen = min(self._batches * trainer.batch_size, len(trainer.train_loader.dataset))
        self._add("images_seen", seen)
        self._add("training_seconds", self.clock() - self._marks["epoch"])

    def _add(self, name: str, amount: float) -> None:
        self._progress[name] = round(self._progress.get(name, 0) + amount, 3)

    def saved(self, trainer: _TRAINER) -> None:
        """Keep a copy of the weights that no crash can cut off."""
        del trainer
        replace_file(self.run / SAFE, (self.run / LAST).read_bytes())

    def epoch_checked(self, trainer: _TRAINER) -> None:
        """Write down the epoch and tell of it. After the last one Ultralytics calls once more."""
        if not self._batches:
            return
        self._batches = 0
        self._add("seconds", self.clock() - self._marks["kept"])
        self._marks["kept"] = self.clock()
        found = {"map50": trainer.metrics.get(MAP50), "map50_95": trainer.metrics.get(MAP50_95)}
        if best := bool(trainer.fitness and trainer.fitness == trainer.best_fitness):
            self._progress["best"] = {"epoch": trainer.epoch + 1, **found}
        self._progress |= {
            "epochs": trainer.epoch + 1,
            "of_epochs": trainer.epochs,
            "images_per_second": self._pace(),
        }
        update_record(self.run, {"progress": self._progress})
        self.told(self._line(trainer, found["map50"], best=best))
        if self.clock() - self._marks["drawn"] >= _LINE_EVERY_S:
            self._draw()

    def _pace(self) -> float:
        seconds = self._progress["training_seconds"]
        return round(self._progress["images_seen"] / seconds, 2) if seconds else 0.0

    def _line(self, trainer: _TRAINER, map50: float | None, *, best: bool) -> str:
        done, ahead = trainer.epoch + 1, max(0, trainer.epochs - trainer.epoch - 1)
        loss = sum(float(part) for part in (trainer.tloss or {}).values())
        checked = "" if map50 is None else f", mAP50 {map50:.3f} on the validation pictures"
        left = ahead * self._progress["seconds"] / max(1, done)
        return (
            f"epoch {done} of {trainer.epochs}: loss {loss:.2f}{checked}{', the best so far' if best else ''}; "
            f"{spoken(self._progress['seconds'])} gone, about {spoken(left)} left"
        )

    def end(self, trainer: _TRAINER) -> None:
        """Close the record."""
        del trainer
        update_record(self.run, {"finished_at": now()})
        (self.run / SAFE).unlink(missing_ok=True)
        self._draw()
        self.told(f"{self.run.name}: finished; its curves are in {self.run / PICTURE}")

    def _draw(self) -> None:
        self._marks["drawn"] = self.clock()
        if rows := rows_of(self.run / "results.csv"):
            draw(rows, self.run / PICTURE)


def spoken(seconds: float) -> str:
    """A length of time as one says it."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds // 3600:.0f} h {seconds % 3600 / 60:.0f} min"
