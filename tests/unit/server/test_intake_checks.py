"""What pages could never show is refused at the door: a record that is kept cannot be changed."""

import json
from typing import Any

import pytest

from server.pages import moment
from tests.unit.server.running import Running, an_inspection, put_photo

LATE, EARLY = "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00"
FUTURE = {"standard": "apparel@99"}


def answer_to(server: Running, change: dict[str, Any], photo: dict[str, Any] | None = None) -> Any:
    station = server.station()
    put_photo(station)
    record = json.loads(an_inspection().to_json()) | change
    record["photos"][0] |= photo or {}
    return station.put(f"/api/v1/inspections/{record['inspection_id']}", content=json.dumps(record))


@pytest.mark.parametrize("at", [LATE, EARLY])
def test_a_time_that_utc_does_not_know_is_refused(server: Running, at: str) -> None:
    for change, photo, name in (
        ({"started_at": at}, {}, "started_at"),
        ({"finished_at": at}, {}, "finished_at"),
        ({}, {"taken_at": at}, "photos.0.taken_at"),
    ):
        answer = answer_to(server, change, photo)
        assert answer.status_code == 422
        assert answer.json()["detail"].startswith(f"{name} should lie in the years 1 to 9999")


@pytest.mark.parametrize("at", ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z"])
def test_the_last_and_the_first_time_that_utc_knows_are_shown(server: Running, at: str) -> None:
    change = {"started_at": at, "finished_at": at}
    assert answer_to(server, change, {"taken_at": at}).status_code == 201
    page = server.person().get(f"/returns/{an_inspection().inspection_id}")
    assert page.status_code == 200
    assert at[:4] in page.text


@pytest.mark.parametrize("at", [LATE, EARLY])
def test_a_time_that_came_in_before_it_was_refused_is_shown_as_it_is(at: str) -> None:
    one = an_inspection().model_validate({**an_inspection().model_dump(), "finished_at": at})
    assert moment(one.finished_at) == at


@pytest.mark.parametrize("side", ["width", "height"])
def test_a_photo_larger_than_any_camera_makes_is_refused(server: Running, side: str) -> None:
    assert answer_to(server, {}, {side: 10**400}).status_code == 422
    assert answer_to(server, {}, {side: 10**6}).status_code == 201
    assert server.person().get(f"/returns/{an_inspection().inspection_id}").status_code == 200


JUDGED = an_inspection().judgement.model_dump(mode="json")


@pytest.mark.parametrize("standard", [{}, FUTURE], ids=["known", "unknown"])
@pytest.mark.parametrize(
    "judgement",
    [
        {"grade": {}},
        {"grade": {"A": float("nan")}},
        {"scores": {"appearance": float("nan")}},
        {"expected_value": {"resell": float("inf")}},
    ],
    ids=str,
)
def test_a_judgement_that_says_nothing_is_refused(
    server: Running, standard: dict[str, str], judgement: dict[str, Any]
) -> None:
    answer = answer_to(server, {"judgement": JUDGED | judgement, **standard})
    assert answer.status_code == 422
    assert "judgement" in answer.json()["detail"]


@pytest.mark.parametrize(
    "judgement",
    [
        {"scores": {}, "expected_value": {}},
        {"scores": {"appearance": 0}, "grade": {"A": 0}},
        {"expected_value": {"scrap": -1e308}},
    ],
    ids=str,
)
def test_a_judgement_that_says_little_is_shown(server: Running, judgement: dict[str, Any]) -> None:
    change = {"judgement": JUDGED | judgement, **FUTURE}
    assert answer_to(server, change).status_code == 201
    reader = server.person()
    reader.post("/queue/next")
    one = an_inspection().inspection_id
    for path in ("/returns", f"/returns/{one}", "/review", f"/review/{one}"):
        assert reader.get(path).status_code == 200
