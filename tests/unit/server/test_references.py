"""Photos of new items come in from forms, lists and items graded A; hostile files are refused in words."""

import io
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
import pytest

from models.headers import turns_sides
from models.records import Decision, Opinion
from models.supply import ExpectedReturn
from models.vocabulary import Category, Disposition, Grade, Language, Role, Shot
from server.catalogue import listed, photos, service
from server.catalogue.terminal import bring_references
from server.complaints import Complained
from server.errors import ServerError
from server.expected.imports import keep_one
from server.ledger import decide
from server.references import references_for
from server.standing import State
from server.tables import opinions
from tests.factories import NOON, photo, sha256
from tests.unit.server.running import Person, Running, an_inspection, put_inspection, put_photo

LIMIT = 10**6


def picture(kind: str = ".jpg", width: int = 40, height: int = 30, shade: int = 90) -> bytes:
    done, data = cv2.imencode(kind, np.full((height, width, 3), shade, np.uint8))
    assert done
    return data.tobytes()


def with_exif(jpeg: bytes, orientation: int, order: str = "<") -> bytes:
    """The same JPEG with an Exif block that says how it was held."""
    mark = b"II*\0" if order == "<" else b"MM\0*"
    entry = struct.pack(f"{order}HHIHH", 0x0112, 3, 1, orientation, 0)
    tiff = mark + struct.pack(f"{order}IH", 8, 1) + entry + b"\0\0\0\0"
    block = b"Exif\0\0" + tiff
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(block) + 2) + block + jpeg[2:]


@pytest.mark.parametrize("kind", [".jpg", ".png", ".webp"])
def test_sides_come_from_the_header(kind: str) -> None:
    content = picture(kind, 123, 45)
    facts = photos.read_facts(content, LIMIT)
    assert (facts.width, facts.height, facts.size_bytes) == (123, 45, len(content))
    assert facts.sha256 == sha256(content)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("orientation", range(10))
def test_a_photo_that_was_held_upright_is_upright(orientation: int, order: str) -> None:
    content = with_exif(picture(width=40, height=30), orientation, order)
    facts = photos.read_facts(content, LIMIT)
    decoded = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    assert decoded is not None
    assert (facts.height, facts.width) == decoded.shape[:2]


@pytest.mark.parametrize("cut", range(0, 60, 7))
def test_a_broken_exif_says_nothing(cut: int) -> None:
    content = with_exif(picture(), 6)
    assert turns_sides(content[: 12 + cut]) in {True, False}
    assert not turns_sides(content.replace(b"II*\0", b"XX*\0"))
    assert not turns_sides(b"")


def bomb(width: int, height: int) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)

    def chunk(kind: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content))
            + kind
            + content
            + struct.pack(">I", zlib.crc32(kind + content))
        )

    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


HOSTILE = [
    (b"", "empty"),
    (b"<svg onload=alert(1)>", "text file"),
    (b"GIF89a" + b"\0" * 50, "GIF"),
    (picture()[:-10], "cut off"),
    (picture(".png")[:-3], "cut off"),
    (picture(".webp")[:-8], "cut off"),
    (picture(".png").replace(b"IDAT", b"IDAX", 1), "damaged"),
    (bomb(60_000, 60_000), "100 megapixels"),
    (bomb(0, 5), "100 megapixels"),
    (b"\xff\xd8\xff\xe0" + b"\xff" * 100, "cut off"),
    (picture() + b"x" * LIMIT, "MB, not more"),
]


@pytest.mark.parametrize(("content", "words"), HOSTILE, ids=[words for _, words in HOSTILE])
def test_what_is_no_photo(content: bytes, words: str) -> None:
    with pytest.raises(Complained, match=words):
        photos.read_facts(content, LIMIT)


def lead(server: Running, role: Role = Role.QA_LEAD) -> Person:
    return server.person(f"a-{role}", role)


def upload(who: Person, *contents: bytes, sku: str = "TEE", shot: str = "front") -> httpx.Response:
    data = {"form_token": who.form_token(), "sku": sku, "shot": shot}
    files = [("photos", (f"{n}.jpg", content)) for n, content in enumerate(contents)]
    return who.client.post("/references/upload", data=data, files=files)


def known(server: Running, sku: str = "TEE") -> list[tuple[str, str, int]]:
    with server.parts.database.reading() as connection:
        return [(one.shot, one.origin, one.width) for one in references_for(connection, sku)]


def test_uploaded_removed_and_put_back(server: Running) -> None:
    who = lead(server)
    assert upload(who, picture(), picture(width=50)).status_code == 303
    assert upload(who, picture()).status_code == 303  # again is nothing
    assert upload(who, picture(".png"), shot="back").status_code == 303
    assert known(server) == [
        ("front", "uploaded", 50),
        ("front", "uploaded", 40),
        ("back", "uploaded", 40),
    ]

    page = who.get("/references/of/TEE").text
    assert page.count("/remove") == 3
    assert who.get(f"/photos/{sha256(picture())}").content == picture()
    assert who.post("/references/1/remove").status_code == 303
    assert len(known(server)) == 2
    assert "/references/1/put-back" in who.get("/references/of/TEE").text
    assert who.post("/references/1/put-back").status_code == 303
    assert who.post("/references/1/remove").status_code == 303
    assert upload(who, picture()).status_code == 303  # uploading it again puts it back, too
    assert len(known(server)) == 3
    for wrong in ("99", "9" * 30):
        assert who.post(f"/references/{wrong}/remove").status_code == 404
    assert "TEE" in who.get("/references?q=te").text
    assert "Nothing fits" in who.get("/references?q=%25").text


def test_one_bad_photo_of_several_is_told_and_the_others_are_kept(server: Running) -> None:
    answer = upload(lead(server), picture(), picture()[:-10], b"GIF89a")
    assert answer.status_code == 422
    assert "1.jpg" in answer.text
    assert "cut off" in answer.text
    assert "a GIF" in answer.text
    assert known(server) == [("front", "uploaded", 40)]


@pytest.mark.parametrize(
    "said", [{"sku": ""}, {"sku": "a/../b"}, {"sku": "a\nb"}, {"sku": "x" * 201}, {"shot": "top"}]
)
def test_what_is_no_article_or_shot(said: dict[str, str], server: Running) -> None:
    assert upload(lead(server), picture(), **said).status_code == 422
    assert upload(lead(server)).status_code == 422


def zipped(*files: tuple[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return packed.getvalue()


def bring_in(who: Person, sheet: str, packed: bytes) -> httpx.Response:
    return who.client.post(
        "/references/list",
        data={"form_token": who.form_token()},
        files={"list": ("list.csv", sheet), "zip": ("photos.zip", packed)},
    )


def test_a_list_and_its_zip(server: Running) -> None:
    sheet = "SKU;视角;File name\nTEE;正面;a.jpg\nTEE;back;b.png\nTEE;top;a.jpg\nTEE;front;none.jpg\nTEE;front;../a.jpg\nTEE;front;c.jpg\n"
    packed = zipped(("a.jpg", picture()), ("b.png", picture(".png")), ("c.jpg", b"no photo"))
    answer = bring_in(lead(server), sheet, packed)
    assert answer.status_code == 200
    for words in ("shot should be one of", "no file none.jpg", "without folders", "a text file"):
        assert words in answer.text
    assert known(server) == [("front", "listed", 40), ("back", "listed", 40)]
    assert "<strong>2</strong>" in bring_in(lead(server), sheet, packed).text.replace("\n", "")


@pytest.mark.parametrize(
    ("packed", "words"),
    [
        (b"no zip", "should be a ZIP"),
        (zipped(("../x.jpg", picture())), "without folders"),
        (zipped(("folder/x.jpg", picture())), "without folders"),
        (zipped(("/etc/x.jpg", picture())), "without folders"),
        (zipped(("a\\b.jpg", picture())), "without folders"),
        (zipped(*((f"{n}", b"") for n in range(12))), "at most 10 files"),
    ],
)
def test_a_hostile_zip(
    packed: bytes, words: str, server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listed, "MAX_ENTRIES", 10)
    answer = bring_in(lead(server), "sku,shot,file\nTEE,front,x.jpg\n", packed)
    assert answer.status_code == 422
    assert words in answer.text
    assert known(server) == []


def test_a_bomb_is_read_as_far_as_a_photo_goes() -> None:
    packed = zipped(("x.jpg", bytes(50 * 10**6)))
    assert len(packed) < 100_000
    content = listed.from_zip(io.BytesIO(packed), LIMIT)("x.jpg")
    assert len(content) == LIMIT + 1
    with pytest.raises(Complained, match="MB, not more"):
        photos.read_facts(content, LIMIT)


def test_a_damaged_entry_is_one_bad_row() -> None:
    packed = bytearray(zipped(("x.jpg", picture(width=400, height=400))))
    packed[60:90] = b"\xff" * 30
    with pytest.raises(Complained):
        listed.from_zip(io.BytesIO(bytes(packed)), LIMIT)("x.jpg")


def test_a_folder_gives_nothing_from_outside(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "secret.jpg").write_bytes(picture())
    (tmp_path / "in" / "link.jpg").symlink_to(tmp_path / "secret.jpg")
    (tmp_path / "in" / "good.jpg").write_bytes(picture())
    opened = listed.from_folder(tmp_path / "in", LIMIT)
    assert opened("good.jpg") == picture()
    for name in ("link.jpg", "../secret.jpg", "none.jpg", "."):
        with pytest.raises(Complained, match="no file"):
            opened(name)


def graded(server: Running, number: int = 1, grade: Grade = Grade.A, **said: Any) -> None:
    """An item that came, was matched to TEE, and got its grade from a person."""
    told = ExpectedReturn(return_code=f"RT-{number:04d}", category=Category.APPAREL, sku="TEE")
    keep_one(server.parts, told, by="ann")
    station = server.station()
    shots = {}
    for at, shot in enumerate((Shot.FRONT, Shot.BACK, Shot.SERIAL)):
        content = picture(width=60 + number, shade=60 + 20 * at)
        assert put_photo(station, content).status_code in {200, 201}
        shots[shot] = photo(
            sha256=sha256(content), shot=shot, size_bytes=len(content), width=60 + number
        )
    one = an_inspection(number, photos=tuple(shots.values()))
    assert put_inspection(station, one).status_code == 201
    server.person("ann")
    _decide(server, one.inspection_id, grade, **said)


def _decide(server: Running, inspection_id: str, grade: Grade, *, by_a_person: bool = True) -> None:
    opinion = Opinion(
        opinion_id=f"o-{inspection_id}",
        inspection_id=inspection_id,
        reviewer="ann",
        given_at=NOON,
        grade=grade,
        disposition=Disposition.RESELL,
    )
    decision = Decision(
        decision_id=f"d-{inspection_id}",
        inspection_id=inspection_id,
        opinions=(opinion.opinion_id,) if by_a_person else (),
        decided_by="ann",
        decided_at=NOON,
        grade=grade,
        disposition=Disposition.RESELL,
    )
    row = {
        "opinion_id": opinion.opinion_id,
        "inspection_id": inspection_id,
        "reviewer": "ann",
        "record": opinion.to_json(),
        "given_at": NOON,
    }
    with server.parts.database.writing() as connection:
        if by_a_person:
            connection.execute(opinions.insert().values(row))
        decide(connection, decision, State.DECIDED)


def test_the_first_item_that_a_person_graded_a_is_proposed(server: Running) -> None:
    graded(server, 1)
    graded(server, 2)
    who = lead(server, Role.REVIEWER)
    assert "TEE" in who.get("/references").text
    page = who.get("/references/of/TEE").text
    assert "RT-0001" in page
    assert "RT-0002" not in page

    assert who.post("/references/take", {"sku": "TEE", "shots": "front"}).status_code == 303
    assert known(server) == [("front", "taken", 61)]
    assert who.post("/references/take", {"sku": "TEE", "shots": "front"}).status_code == 409
    assert who.post("/references/take", {"sku": "TEE", "shots": "serial"}).status_code == 409
    assert who.post("/references/take", {"sku": "TEE", "shots": "back"}).status_code == 303
    assert "Proposed" not in who.get("/references/of/TEE").text
    assert "TEE" not in who.get("/references?q=zzz").text


def test_an_uploaded_photo_is_never_replaced_by_a_proposal(server: Running) -> None:
    upload(lead(server), picture(width=500))
    graded(server, 1)
    proposed = service.proposals(server.parts, "TEE", {Shot.FRONT})
    assert [one.photo.shot for one in proposed] == [Shot.BACK]
    who = lead(server, Role.REVIEWER)
    answer = who.client.post(
        "/references/take",
        data={"form_token": who.form_token(), "sku": "TEE", "shots": ["front", "back"]},
    )
    assert answer.status_code == 303
    assert known(server) == [("front", "uploaded", 500), ("back", "taken", 61)]


@pytest.mark.parametrize(
    "said", [{"grade": Grade.B}, {"by_a_person": False}], ids=["graded B", "by the machine"]
)
def test_what_is_not_proposed(said: dict[str, Any], server: Running) -> None:
    graded(server, 1, **said)
    assert service.proposals(server.parts, "TEE", set()) == []


def test_photos_for_programs(server: Running) -> None:
    who = lead(server, Role.ADMINISTRATOR)
    headers = {"x-form-token": who.form_token()}
    url = "/api/v1/references/A/1"
    first = who.client.post(url, params={"shot": "front"}, content=picture(), headers=headers)
    again = who.client.post(url, params={"shot": "front"}, content=picture(), headers=headers)
    assert (first.status_code, again.status_code) == (201, 200)
    told = who.client.get(url).json()
    assert [(one["shot"], one["width"], one["height"]) for one in told] == [("front", 40, 30)]
    for content, params in (
        (b"x", {"shot": "front"}),
        (picture(), {"shot": "top"}),
        (picture(), {}),
    ):
        answer = who.client.post(url, params=params, content=content, headers=headers)
        assert answer.status_code == 422
        assert answer.json()["detail"]


def test_a_list_on_the_command_line(server: Running, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "a.jpg").write_bytes(picture())
    sheet = tmp_path / "list.csv"
    sheet.write_text("sku,shot,file\nTEE,front,a.jpg\n")

    first, again = (bring_references(server.parts, folder, sheet) for _ in range(2))
    assert (first.new, first.same, again.new, again.same) == (1, 0, 0, 1)
    sheet.write_text("sku,shot,file\nTEE,front,none.jpg\n")
    told = bring_references(server.parts, folder, sheet)
    assert told.told(Language.EN) == [(2, "There is no file none.jpg beside the list.")]
    with pytest.raises(ServerError, match="cannot be read"):
        bring_references(server.parts, folder, tmp_path / "none.csv")
