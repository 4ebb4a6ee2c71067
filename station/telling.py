"""What one inspection gave, told to programs (JSON) and to people (tables in their language)."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from gettext import NullTranslations
from pathlib import Path
from typing import Any, NamedTuple

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from models.grading.checklist import unanswered
from models.grading.standard import Standard
from models.records import Finding
from models.vision.presence import Presence
from models.vision.sight import Seen
from models.vocabulary import Language, Part, Reason, Shot
from models.wording import translator, word
from station.examine import Capture, Examined

_LOCALES = Path(__file__).parent
# Fainter evidence than this is in the JSON only.
_TOLD = 0.05


def in_json(paths: Sequence[Path], examined: Examined, standard: Standard) -> str:
    """The contract for programs; keys may be added, none is taken away or renamed."""
    seen, judged, routed = examined.seen, examined.judgement, examined.routing
    content = {
        "photos": [
            _photo(path, taken, seen.findings)
            for path, taken in zip(paths, examined.captures, strict=True)
        ],
        "not_seen": seen.not_seen,
        "not_assessable": seen.not_assessable,
        "unanswered": unanswered(standard, examined.evidence.answers),
        "scores": judged.scores,
        "grade": judged.grade,
        "disposition": judged.disposition,
        "gates": judged.gates,
        "clauses": judged.clauses,
        "routing": routed.model_dump(mode="json"),
        "standard": standard.identifier,
        "releases": seen.releases,
        "presence": _presences(paths, seen.presences),
    }
    return json.dumps(content, indent=2) + "\n"


def _photo(path: Path, taken: Capture, findings: Iterable[Finding]) -> dict[str, Any]:
    own = [finding for finding in findings if finding.photo_sha256 == taken.photo.sha256]
    keys = {"defect", "probability", "xyxy", "size_mm", "size_share", "release"}
    return {
        "path": str(path),
        "shot": taken.photo.shot,
        "faults": taken.photo.faults,
        "findings": [finding.model_dump(mode="json", include=keys) for finding in own],
        "width": taken.photo.width,
        "height": taken.photo.height,
        "sha256": taken.photo.sha256,
    }


def _presences(
    paths: Sequence[Path], presences: Iterable[Presence]
) -> dict[Shot, dict[Part, dict[str, Any]]]:
    """Shot → part → what speaks for it, on the photo that does so most."""
    told: dict[Shot, dict[Part, dict[str, Any]]] = {}
    for one in presences:
        told.setdefault(one.shot, {})[one.part] = {
            "probability": one.probability,
            "is_seen": one.is_seen,
            "photo": str(paths[one.place]),
            "evidence": [asdict(trace) for trace in one.traces],
        }
    return told


class _Voice(NamedTuple):
    """One language: its words and its texts."""

    language: Language
    texts: NullTranslations

    def say(self, text: str) -> str:
        return self.texts.gettext(text)

    def words(self, members: Iterable[Any]) -> str:
        return ", ".join(word(member, self.language) for member in members)


def in_tables(
    paths: Sequence[Path], examined: Examined, standard: Standard, language: Language
) -> str:
    """Tables as wide as the terminal, coloured where it can."""
    voice = _Voice(language, translator(_LOCALES, language))
    console = Console(highlight=False)
    with console.capture() as captured:
        console.print(_findings(paths, examined, voice))
        if examined.judgement.scores:
            console.print(_scores(examined, voice))
        console.print(_verdict(examined, standard, voice))
    return captured.get()


def _table(*titles: str, header: bool = True) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_header=header, pad_edge=False, title_justify="left")
    for number, title in enumerate(titles):
        # The first column is a photo's name: it may break, words and numbers may not.
        table.add_column(title, no_wrap=header and number > 0, overflow="fold")
    return table


def _findings(paths: Sequence[Path], examined: Examined, voice: _Voice) -> Table:
    titles = ("Photo", "Shot", "Finding", "Probability", "Box (px)", "Size")
    table = _table(*map(voice.say, titles))
    for path, taken in zip(paths, examined.captures, strict=True):
        name = escape(path.name.encode(errors="backslashreplace").decode())
        shot = word(taken.photo.shot, voice.language)
        for row in _rows(taken, examined, voice):
            table.add_row(name, shot, *row)
            name = shot = ""
    return table


def _rows(taken: Capture, examined: Examined, voice: _Voice) -> Iterator[Sequence[str]]:
    if not taken.view.is_usable:
        yield (f"[red]{voice.say('refused')}: {voice.words(taken.photo.faults)}[/red]",)
        return
    own = [f for f in examined.seen.findings if f.photo_sha256 == taken.photo.sha256]
    for finding in own:
        yield (
            word(finding.defect, voice.language),
            f"{finding.probability:.0%}",
            " ".join(f"{value:.0f}" for value in finding.xyxy),
            _size(finding),
        )
    if not own:
        yield (voice.say("none") if examined.seen.releases else voice.say("no model looked"),)


def _size(finding: Finding) -> str:
    """Millimetres where they are known, else the share of the photo's longer side."""
    return f"{finding.size_share:.1%}" if finding.size_mm is None else f"{finding.size_mm:.1f} mm"


def _scores(examined: Examined, voice: _Voice) -> Table:
    table = _table(voice.say("Score"), "0–100")
    for dimension, score in examined.judgement.scores.items():
        table.add_row(word(dimension, voice.language), f"{score:.0f}")
    return table


def _verdict(examined: Examined, standard: Standard, voice: _Voice) -> Table:
    judged, seen = examined.judgement, examined.seen
    table = _table("", "", header=False)
    facts = (
        (_grade_title(seen), _grades(judged.grade, voice)),
        ("What to do", word(judged.disposition, voice.language)),
        ("Not seen", voice.words(seen.not_seen)),
        ("Not assessable", voice.words(seen.not_assessable)),
        ("Looked at by", ", ".join(seen.releases)),
        ("Who decides", word(examined.routing.to, voice.language)),
    )
    for title, told in facts:
        if told:
            table.add_row(f"[bold]{voice.say(title)}[/bold]", told)
    for one in seen.presences:
        table.add_row(f"[bold]{word(one.part, voice.language)}[/bold]", _part(one, voice))
    for number, reason in enumerate(examined.routing.reasons):
        title = voice.say("because") if not number else ""
        table.add_row(title, _reason(reason, examined, standard, voice))
    return table


def _part(one: Presence, voice: _Voice) -> str:
    """Whether it was seen on its photo, and by what."""
    words = ((word(t.cue, voice.language), t.probability) for t in one.traces)
    faint = ", ".join(f"{cue} {sure:.0%}" for cue, sure in words if sure >= _TOLD)
    where = {"shot": word(one.shot, voice.language), "cues": faint}
    if one.is_seen:
        return voice.say("seen on the photo “%(shot)s”: %(cues)s") % where
    if faint:
        return voice.say("hardly seen on the photo “%(shot)s”: %(cues)s") % where
    if one.part is Part.LABEL:
        return voice.say("no label, barcode or code was seen on the photo “%(shot)s”") % where
    return voice.say("not seen on the photo “%(shot)s”") % where


def _grade_title(seen: Seen) -> str:
    is_partial = seen.not_seen or seen.not_assessable
    return "Grade, as far as seen" if is_partial else "Grade"


def _grades(grades: Mapping[Any, float], voice: _Voice) -> str:
    likely = sorted(grades.items(), key=lambda item: -item[1])
    told = [f"{word(grade, voice.language)} {p:.0%}" for grade, p in likely if p >= 0.005]
    return "; ".join(told)


def _reason(reason: Reason, examined: Examined, standard: Standard, voice: _Voice) -> str:
    told = word(reason, voice.language)
    if reason is not Reason.UNANSWERED:
        return told
    missing = unanswered(standard, examined.evidence.answers)
    titles = {question.id: question.title[voice.language] for question in standard.questions}
    return f"{told}: " + ", ".join(f"{titles[name]} (--answer {name}=…)" for name in missing)
