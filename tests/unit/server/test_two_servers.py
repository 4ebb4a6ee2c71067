"""Two servers on one home are one memory."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.factories import sha256
from tests.unit.server.running import JPEG, an_inspection, put_inspection, put_photo, serving


def test_two_servers_on_one_home_keep_everything_once(tmp_path: Path) -> None:
    with serving(tmp_path) as one, serving(tmp_path) as two:
        token = one.station().headers["authorization"]
        stations = [s.client(headers={"authorization": token}) for s in (one, two)]
        with ThreadPoolExecutor(8) as pool:
            photos = [*pool.map(put_photo, stations * 4)]
            sent = [(s, an_inspection(number)) for number in range(1, 6) for s in stations * 2]
            answers = [*pool.map(lambda pair: put_inspection(*pair).status_code, sent)]
        assert {answer.status_code for answer in photos} == {200, 201}
        assert Counter(answers) == {201: 5, 200: 15}

        reviewers = [s.person(f"r{n}") for n, s in enumerate([one, two] * 2)]
        with ThreadPoolExecutor(4) as pool:
            taken = [*pool.map(lambda r: r.post("/queue/next").headers["location"], reviewers)]
        assert len(set(taken)) == len(reviewers)
        assert reviewers[0].get(f"/photos/{sha256(JPEG)}").content == JPEG
