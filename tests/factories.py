"""Valid records with as little said as possible; a test states only what it is about."""

import hashlib
from datetime import UTC, datetime
from typing import Any

from models.records import Answer, Finding, Inspection, Judgement, Photo, Routing
from models.vocabulary import Category, Defect, Destination, Dimension, Disposition, Grade, Shot

NOON = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)


def sha256(of: str | bytes) -> str:
    return hashlib.sha256(of.encode() if isinstance(of, str) else of).hexdigest()


def photo(**said: Any) -> Photo:
    facts: dict[str, Any] = {
        "sha256": sha256("photo"),
        "shot": Shot.FRONT,
        "width": 640,
        "height": 480,
        "size_bytes": 1000,
        "media_type": "image/jpeg",
        "taken_at": NOON,
    }
    return Photo(**(facts | said))


def finding(**said: Any) -> Finding:
    facts: dict[str, Any] = {
        "finding_id": "f1",
        "defect": Defect.STAIN,
        "probability": 0.9,
        "photo_sha256": sha256("photo"),
        "shot": Shot.FRONT,
        "xyxy": (10.0, 10.0, 60.0, 40.0),
        "size_share": 0.08,
        "release": "stain@1",
    }
    return Finding(**(facts | said))


def answer(question: str, choice: str) -> Answer:
    return Answer(question=question, choice=choice)


def judgement(**said: Any) -> Judgement:
    facts: dict[str, Any] = {
        "scores": {Dimension.APPEARANCE: 70.0},
        "grade": {Grade.A: 0.1, Grade.B: 0.7, Grade.C: 0.2},
        "disposition": Disposition.RESELL,
        "expected_value": {Disposition.RESELL: 12.0, Disposition.DONATE: 1.0},
    }
    return Judgement(**(facts | said))


def routing(**said: Any) -> Routing:
    facts: dict[str, Any] = {"to": Destination.AUTOMATIC, "policy": "default@1"}
    return Routing(**(facts | said))


def inspection(**said: Any) -> Inspection:
    facts: dict[str, Any] = {
        "inspection_id": "11111111-1111-4111-8111-111111111111",
        "return_code": "RT-0001",
        "category": Category.APPAREL,
        "station": "bench-1",
        "started_at": NOON,
        "finished_at": NOON,
        "photos": (photo(),),
        "standard": "apparel@1",
        "judgement": judgement(),
        "routing": routing(),
    }
    return Inspection(**(facts | said))
