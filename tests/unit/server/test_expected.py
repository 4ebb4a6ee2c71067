"""Files and programs announce returns; bad rows come back with reasons; unknown items find their return."""

import csv
import io
import json
import threading
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from models.vocabulary import Role
from server.expected import imports, tally
from server.expected.handback import harmless
from server.progress import JobKind, JobState
from server.tables import expected_returns, expected_versions
from tests.unit.server.running import Person, Running, an_inspection, found, send

HEAD = "return_code,category,order,sku,value,contact"
GOOD = f"{HEAD}\nRT-0001,apparel,O1,TEE,39.90,ann@example.org\nRT-0002,Electronics,O2,,,\n"


def lead(server: Running) -> Person:
    return server.person("lead", Role.QA_LEAD)


def upload(who: Person, content: str | bytes, name: str = "returns.csv") -> httpx.Response:
    data = {"form_token": who.form_token()}
    return who.client.post("/expected/upload", data=data, files={"file": (name, content)})


def looked_at(who: Person, content: str | bytes) -> str:
    answer = upload(who, content)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def counts(page: str) -> tuple[int, ...]:
    names = ("new", "changed", "", "bad")
    return tuple(
        int(found(rf"<li{f' class=.{name}.' if name else ''}><strong>(\d+)</strong>", page))
        for name in names
    )


def api(server: Running, role: Role = Role.ADMINISTRATOR) -> httpx.Client:
    who = server.person("program", role)
    who.client.headers["x-form-token"] = who.form_token()
    return who.client


def put(client: httpx.Client, code: str, **said: Any) -> httpx.Response:
    body = {"return_code": code, "category": "apparel", **said}
    return client.put(f"/api/v1/expected/{code}", json=body)


def kept(server: Running) -> int:
    with server.parts.database.reading() as connection:
        return connection.execute(select(func.count()).select_from(expected_returns)).scalar_one()


def test_a_file_is_looked_at_before_a_row_is_kept(server: Running) -> None:
    who = lead(server)
    place = looked_at(who, GOOD)
    page = who.get(place).text
    assert counts(page) == (2, 0, 0, 0)
    assert kept(server) == 0

    assert who.post(f"{place}/keep").headers["location"] == place
    assert "Kept." in who.get(place).text
    assert kept(server) == 2

    again = who.get(looked_at(who, GOOD.replace("O2", "O3"))).text
    assert counts(again) == (0, 1, 1, 0)
    assert "O2" in again
    assert "O3" in again


def test_keeping_twice_is_keeping_once_and_what_was_given_up_stays_given_up(
    server: Running,
) -> None:
    who = lead(server)
    place = looked_at(who, GOOD)
    for _ in range(2):
        assert who.post(f"{place}/keep").status_code == 303
    assert who.post(f"{place}/drop").status_code == 409
    with server.parts.database.reading() as connection:
        versions = select(func.count()).select_from(expected_versions)
        assert connection.execute(versions).scalar_one() == 2

    other = looked_at(who, GOOD.replace("RT-", "XX-"))
    for _ in range(2):
        assert who.post(f"{other}/drop").status_code == 303
    assert who.post(f"{other}/keep").status_code == 409
    assert kept(server) == 2


def test_bad_rows_come_back_with_reasons_and_can_be_corrected(server: Running) -> None:
    who = lead(server)
    bad = f'{HEAD}\nRT-0001,apparel,,,,+49 30 1\nRT-2,shoes,"=HYPERLINK(""x"")",,,+49 30 2\nRT-0001,parcel,,,,\n'
    place = looked_at(who, bad)
    page = who.get(place).text
    assert counts(page) == (1, 0, 0, 2)
    assert "category should be one of" in page
    assert "stands in line 2 already" in page
    assert "+49" not in page

    answer = who.get(f"{place}/bad.csv")
    assert answer.content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [row["line"] for row in rows] == ["3", "4"]
    assert "shoes" in rows[0]["refused_because"]
    assert rows[0]["order"] == '\'=HYPERLINK("x")'
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row.values())

    corrected = answer.text.replace("shoes", "apparel").replace("RT-0001", "RT-3")
    place = looked_at(who, corrected)
    assert counts(who.get(place).text) == (2, 0, 0, 0)
    who.post(f"{place}/keep")
    page = who.get("/expected/contact/RT-2").text
    assert "+49 30 2" in page
    assert "&#39;+49" not in page
    assert who.get("/expected/of/RT-2").text.count("=HYPERLINK") == 1


@pytest.mark.parametrize(
    "cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "plain", "", "'=quoted"]
)
def test_no_cell_that_is_handed_back_is_a_formula(cell: str) -> None:
    assert not harmless(cell).startswith(("=", "+", "-", "@", "\t", "\r"))
    assert harmless(cell).endswith(cell)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "The file is empty"),
        (b"a,b\n1,2", "should name the columns"),
        (b"\xff\xfe\x00", "should be CSV text"),
        (b'code,category\n"R', "quotation mark that opens in line 2"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_where_it_was_chosen(
    content: bytes, words: str, server: Running
) -> None:
    answer = upload(lead(server), content)
    assert answer.status_code == 422
    assert words in answer.text
    assert 'type="file"' in answer.text


def test_no_file_a_foreign_form_and_too_much(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = lead(server)
    assert upload(who, b"", name="").status_code == 422
    data = {"form_token": "0" * 64}
    files = {"file": ("x.csv", GOOD)}
    assert who.client.post("/expected/upload", data=data, files=files).status_code == 403
    assert who.client.post("/expected/upload", files=files).status_code == 403
    late = {"file": ("x.csv", "x" * 10_000)} | {"form_token": (None, who.form_token())}
    assert who.client.post("/expected/upload", files=late).status_code == 403
    monkeypatch.setattr("server.expected.routes.MAX_MEGABYTES", 0)
    assert upload(who, b"x" * 20_000).status_code == 413
    assert kept(server) == 0


def test_a_form_with_files_that_is_none(server: Running) -> None:
    who = lead(server)
    headers = {"content-type": "multipart/form-data; boundary=x", "x-form-token": who.form_token()}
    for body in (b"", b"garbage", b"--x\r\n\r\n", b"--x\r\nContent-Disposition: form-data; name="):
        answer = who.client.post("/expected/upload", content=body, headers=headers)
        assert answer.status_code == 422


def test_the_sample_file_is_good_in_both_languages(server: Running) -> None:
    who = lead(server)
    for language in ("en", "zh"):
        who.client.cookies.set("secondlook_language", language)
        sample = who.get("/expected/sample.csv")
        assert counts(who.get(looked_at(who, sample.content)).text) == (3, 0, 0, 0)


def test_a_long_file_is_a_job_and_goes_on_after_a_kill(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = lead(server)
    place = looked_at(who, "code,category\n" + "".join(f"R{n},apparel\n" for n in range(3000)))
    import_id = place.rpartition("/")[2]
    stopped = threading.Event()

    def killed(*_: object, **__: object) -> None:
        # The second batch is never reached: as if the process were gone.
        if kept(server) >= 1000:
            stopped.set()
            raise RuntimeError("killed")

    with monkeypatch.context() as broken:
        broken.setattr(imports.expectations, "alone", killed)
        who.post(f"{place}/keep")
        assert stopped.wait(20)
        wait_for_end(server)
    assert kept(server) == 1000
    page = who.get(place).text
    assert "Keeping ended before the last row" in page

    who.post(f"{place}/keep")
    wait_for_end(server)

    assert kept(server) == 3000
    assert counts(who.get(place).text) == (2000, 0, 1000, 0)
    assert server.parts.jobs.listed(JobKind.IMPORT)[0].result["new"] == 2000
    assert imports.find(server.parts, import_id).state == "kept"
    assert who.get("/jobs").status_code == 200


def wait_for_end(server: Running) -> None:
    for _ in range(200):
        job = server.parts.jobs.listed(JobKind.IMPORT)[0]
        if job.state is not JobState.RUNNING:
            return
        threading.Event().wait(0.05)
    raise AssertionError("the job does not end")


def test_files_are_forgotten_after_a_week(server: Running) -> None:
    who = lead(server)
    place = looked_at(who, GOOD)
    server.clock.pass_by(days=6)
    assert who.get(f"{place}/bad.csv").status_code in {200, 303}
    server.clock.pass_by(days=2)
    who = lead(server)
    looked_at(who, GOOD.replace("O1", "O9"))
    assert who.get(f"{place}/bad.csv").status_code == 404
    assert who.post(f"{place}/keep").status_code in {303, 404}
    assert kept(server) == 0


def test_one_by_one_over_the_api(server: Running) -> None:
    client = api(server)
    assert put(client, "A/1 é", order="O1", value=5).json() == {
        "return_code": "A/1 é",
        "version": 1,
    }
    answer = put(client, "A/1 é", order="O1", value=5)
    assert (answer.status_code, answer.json()["version"]) == (200, 1)
    answer = put(client, "A/1 é", order="O2", contact="secret")
    assert (answer.status_code, answer.json()["version"]) == (200, 2)

    told = client.get("/api/v1/expected/A/1 é").json()
    assert (told["order"], told["state"], told["version"], told["inspections"]) == (
        "O2",
        "waiting",
        2,
        [],
    )
    assert "contact" not in told
    assert client.get("/api/v1/expected/B").status_code == 404


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"return_code": "B"}, "the one in the address"),
        ({"category": "shoes"}, "category should be one of"),
        ({"value": 5, "currency": "USD"}, "currency should be EUR"),
        ({"value": "NaN"}, "value cannot be used"),
        ({"reason": "a\0b"}, "printable"),
    ],
)
def test_what_the_api_refuses(said: dict[str, Any], words: str, server: Running) -> None:
    client = api(server)
    answer = client.put(
        "/api/v1/expected/A", json={"return_code": "A", "category": "apparel"} | said
    )
    assert answer.status_code == 422
    assert words in answer.json()["detail"]
    assert kept(server) == 0


def test_many_over_the_api_as_lines_and_as_a_table(server: Running) -> None:
    client = api(server)
    lines = "\n".join(json.dumps({"return_code": f"R{n}", "category": "apparel"}) for n in range(5))
    headers = {"content-type": "application/x-ndjson"}
    post = {"url": "/api/v1/expected", "headers": headers, "content": lines + '\n{"category": 1}'}

    dry = client.post(**post, params={"dry_run": "true"}).json()
    assert (dry["new"], kept(server)) == (5, 0)
    told = client.post(**post).json()
    assert {n: told[n] for n in ("rows", "new", "same", "changed", "bad")} == {
        "rows": 6,
        "new": 5,
        "same": 0,
        "changed": 0,
        "bad": 1,
    }
    assert told["bad_rows"][0]["line"] == 6
    assert {r["field"] for r in told["bad_rows"][0]["reasons"]} == {"return_code", "category"}
    assert client.post(**post).json()["same"] == 5

    table = client.post(
        "/api/v1/expected",
        content="退货单号;类别\nR1;服装\n".encode("gb18030"),
        headers={"content-type": "text/csv"},
    )
    assert table.json()["same"] == 1
    assert client.post("/api/v1/expected", content=b"", headers=headers).json()["rows"] == 0
    answer = client.post("/api/v1/expected", content=b"", headers={"content-type": "text/csv"})
    assert answer.status_code == 422


def test_parallel_announcements_of_the_same_are_one(server: Running) -> None:
    clients = [server.person(f"p{n}", Role.ADMINISTRATOR) for n in range(6)]
    content = "\n".join(
        json.dumps({"return_code": f"R{n}", "category": "apparel"}) for n in range(50)
    )
    told: list[dict[str, Any]] = []

    def announce(who: Person) -> None:
        headers = {"content-type": "application/json", "x-form-token": who.form_token()}
        told.append(who.client.post("/api/v1/expected", content=content, headers=headers).json())

    threads = [threading.Thread(target=announce, args=(who,)) for who in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(one["new"] for one in told) == [0, 0, 0, 0, 0, 50]
    assert kept(server) == 50


def test_the_list_and_its_filters(server: Running) -> None:
    client = api(server)
    for n in range(45):
        put(client, f"R{n:02d}", order=f"O{n}", sku="TEE", reason="zu groß", contact="hidden@x")
    put(client, "RT-0001", order="100%")
    send(server.station(), an_inspection(1), an_inspection(2))
    who = server.person("op", Role.OPERATOR)

    first = who.get("/expected").text
    assert "RT-0001" in first
    assert "R44" in first
    assert "R05" not in first
    older = found(r'href="(/expected\?[^"]*before=\d+)"', first).replace("&amp;", "&")
    assert "R05" in who.get(older).text
    newer = found(r'href="(/expected\?[^"]*after=\d+)"', who.get(older).text).replace("&amp;", "&")
    assert "R44" in who.get(newer).text
    assert "R44" not in who.get("/expected?state=arrived").text
    assert "RT-0001" in who.get("/expected?state=arrived").text
    assert "RT-0002" in who.get("/expected?state=unknown").text
    assert "RT-0001" not in who.get("/expected?state=unknown").text
    assert "R07" in who.get("/expected?q=o7+GROSS").text
    assert "RT-0001" in who.get("/expected?q=100%25").text
    assert "R07" not in who.get("/expected?q=100%25").text
    for nothing in ("?q=hidden", "?q=zzz", "?state=unknown&q=zzz"):
        assert "Nothing fits" in who.get(f"/expected{nothing}").text
    for wrong in ("?state=x", "?before=x", "?after=-1", "?before=99999999999999999999"):
        assert who.get(f"/expected{wrong}").status_code == 422
    assert "hidden@x" not in first + who.get("/expected/of/R07").text
    assert "closed to your role" in who.get("/expected/of/R07").text


def test_empty_lists_say_what_to_do(server: Running) -> None:
    who = lead(server)
    assert "Upload a CSV file" in who.get("/expected").text
    assert "No unknown parcels" in who.get("/expected?state=unknown").text
    assert "None in this state" in who.get("/expected?state=arrived").text


def test_a_person_matches_what_nobody_announced_and_takes_it_back(server: Running) -> None:
    client = api(server)
    put(client, "RT-OOO1", tracking="1Z1", sku="TEE")
    send(server.station(), an_inspection())
    this = f"/expected/unknown/{an_inspection().inspection_id}"
    who = server.person("op", Role.OPERATOR)
    assert "RT-OOO1" in who.get(this).text  # like the scanned code
    assert "RT-OOO1" in who.get(f"{this}?q=1z1").text

    for _ in range(2):
        assert who.post(f"{this}/match", {"return_code": "RT-OOO1"}).status_code == 303
    page = who.get(this).text
    assert "Matched to RT-OOO1 by op" in page
    assert "What came" in who.get("/expected/of/RT-OOO1").text
    assert an_inspection().inspection_id in who.get("/expected/of/RT-OOO1").text
    put(client, "RT-2")
    assert who.post(f"{this}/match", {"return_code": "RT-2"}).status_code == 409

    for _ in range(2):
        assert who.post(f"{this}/take-back").status_code == 303
    assert "taken back by op" in who.get(this).text
    assert "Waiting" in who.get("/expected/of/RT-OOO1").text
    assert who.post(f"{this}/match", {"return_code": "nobody"}).status_code == 404
    assert who.get("/expected/unknown/nobody").status_code == 404
    assert who.post("/expected/unknown/nobody/match", {"return_code": "RT-2"}).status_code == 404
    assert who.post("/expected/unknown/nobody/take-back").status_code == 404


def test_the_history_names_what_changed_and_hides_what_is_personal(server: Running) -> None:
    client = api(server)
    put(client, "A", order="O1", contact="old@x")
    put(client, "A", order="O2", contact="new@x")
    page = lead(server).get("/expected/of/A").text
    assert "<del>O1</del>" in page
    assert "Changed by program" in page
    assert "@x" not in page
    assert "new@x" in lead(server).get("/expected/contact/A").text
    put(client, "A", order="O2")
    assert lead(server).get("/expected/contact/A").status_code == 404


def test_hostile_texts_are_shown_and_run_nothing(server: Running) -> None:
    client = api(server)
    put(client, "<script>x</script>", reason="\u202e<img src=x onerror=y>", sku='"><b>')
    page = lead(server).get("/expected").text
    assert "<script>x" not in page
    assert "<img src=x" not in page
    assert lead(server).get("/expected/of/<script>x</script>").status_code == 200


def test_examples_are_few_and_counts_are_all(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tally.Tally, "most_bad", 3)
    who = lead(server)
    place = looked_at(who, "code,category\n" + "R,\n" * 300)
    page = who.get(place).text
    assert counts(page) == (0, 0, 0, 300)
    assert "There is nothing to keep" in page
