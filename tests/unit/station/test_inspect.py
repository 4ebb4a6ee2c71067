"""The command as people and programs use it: real files, a real tiny model, both ends of the pipe."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import typer

from models.vision.decode import decode
from station.inspect import inspect
from tests.tiny_model import write_release
from tests.unit.models.vision import pictures
from tests.unit.models.vision.openvinos import needs_openvino, processor
from tests.unit.station.test_examine import shirt

ROOT = Path(__file__).parents[3]
app = typer.Typer(add_completion=False)
app.command()(inspect)


@pytest.fixture(autouse=True)
def bench(tmp_path, monkeypatch):
    """A folder with two photos and releases, away from the repository, and no settings."""
    for name in [name for name in os.environ if name.startswith("SECONDLOOK_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    write_release(tmp_path / "releases")
    (tmp_path / "front.png").write_bytes(shirt(grain=1, spot=60))
    (tmp_path / "back.png").write_bytes(shirt(grain=2))
    return tmp_path


def asked(capfd, *arguments: str) -> tuple[int, str, str]:
    """Exit status, standard output, standard error, all as another process would see them."""
    with pytest.raises(SystemExit) as left:
        app([*arguments], prog_name="inspect")
    told = capfd.readouterr()
    return int(left.value.code or 0), told.out, told.err


def verdict(capfd, *arguments: str) -> dict:
    status, out, err = asked(capfd, "--json", "--releases", "releases", *arguments)
    assert (status, err) == (0, "")
    return json.loads(out)


def refused(capfd, *arguments: str) -> str:
    status, out, err = asked(capfd, "--releases", "releases", *arguments)
    assert (status, out) == (2, "")
    assert err.startswith("secondlook-station inspect: ")
    assert err.count("\n") == 1
    assert err.endswith("\n")
    assert len(err) < 1100
    return err


APPAREL = ("--category", "apparel")


def test_json_keeps_its_contract(capfd):
    told = verdict(capfd, *APPAREL, "front.png", "back.png")
    assert [photo["path"] for photo in told["photos"]] == ["front.png", "back.png"]
    assert [photo["shot"] for photo in told["photos"]] == ["front", "back"]
    assert [photo["faults"] for photo in told["photos"]] == [[], []]
    (stain,) = told["photos"][0]["findings"]
    assert stain["defect"] == "stain"
    assert 0.9 < stain["probability"] <= 1
    assert stain["xyxy"] == pytest.approx([120, 100, 180, 160], abs=6)
    assert stain["size_mm"] is None
    assert stain["release"] == "stain@1"
    assert told["photos"][1]["findings"] == []
    assert (told["not_seen"], told["not_assessable"]) == ([], [])
    assert all(0 <= score <= 100 for score in told["scores"].values())
    assert sum(told["grade"].values()) == pytest.approx(1)
    assert told["disposition"] in {"resell", "repair", "donate", "scrap"}
    assert told["routing"]["to"] == "review"
    assert "unanswered" in told["routing"]["reasons"]


@needs_openvino
def test_a_named_backend_looks_and_fewer_bits_are_told(capfd, monkeypatch):
    reference = verdict(capfd, *APPAREL, "front.png", "back.png")
    monkeypatch.setenv("SECONDLOOK_STATION_BACKEND", "openvino")
    assert verdict(capfd, *APPAREL, "front.png", "back.png") == reference
    monkeypatch.setenv("SECONDLOOK_STATION_BACKEND", "openvino-bf16")
    if "BF16" not in processor():
        assert "no bf16" in refused(capfd, *APPAREL, "front.png", "back.png")
    else:
        told = verdict(capfd, *APPAREL, "front.png", "back.png")
        assert told["releases"] == ["stain@1+bf16"]
        assert told["photos"][0]["findings"][0]["release"] == "stain@1+bf16"


def test_answers_are_taken_into_account(capfd):
    answers = ("tag=attached", "worn=unworn", "complete=complete", "function=works")
    options = [part for answer in answers for part in ("--answer", answer)]
    told = verdict(capfd, *APPAREL, *options, "front.png", "back.png")
    assert told["unanswered"] == []
    assert "unanswered" not in told["routing"]["reasons"]
    removed = verdict(capfd, *APPAREL, "--answer", "tag=removed", "front.png", "back.png")
    assert removed["gates"]


@pytest.mark.parametrize(
    ("photos", "shots"),
    [
        (["front.png"], ["front"]),
        (["back=front.png", "back.png"], ["back", "front"]),  # plain ones take what is free
        (["front.png", "detail=back.png"], ["front", "detail"]),
        (["detail=front.png", "detail=back.png"], ["detail", "detail"]),
        (["back.png", "a=b.png"], ["front", "back"]),  # a file with an = in its name
    ],
)
def test_photos_take_their_shots(capfd, bench, photos, shots):
    (bench / "a=b.png").write_bytes(shirt(grain=3))
    told = verdict(capfd, *APPAREL, *photos)
    assert [photo["shot"] for photo in told["photos"]] == shots


def test_further_photos_are_details(capfd, bench):
    names = [f"{number}.png" for number in range(6)]
    for number, name in enumerate(names):
        (bench / name).write_bytes(shirt(grain=number))
    told = verdict(capfd, *APPAREL, *names)
    assert [p["shot"] for p in told["photos"]] == ["front", "back", "label"] + ["detail"] * 3


def test_a_refused_photo_is_told_and_not_seen(capfd, bench):
    pixels = pictures.garment() // 10
    (bench / "dark.jpg").write_bytes(cv2.imencode(".jpg", pixels)[1].tobytes())
    told = verdict(capfd, *APPAREL, "front.png", "dark.jpg")
    assert told["photos"][1]["faults"] == ["too_dark"]
    assert told["not_seen"] == ["back"]


def test_an_empty_folder_of_releases_means_that_nothing_is_assessable(capfd, bench):
    (bench / "none").mkdir()
    status, out, _ = asked(capfd, *APPAREL, "--json", "--releases", "none", "front.png")
    assert status == 0
    assert json.loads(out)["not_assessable"] == ["stain"]
    _, table, _ = asked(capfd, *APPAREL, "--releases", "none", "front.png")
    assert "no model looked" in table
    assert "as far as seen" in table


def test_people_get_tables(capfd):
    status, out, err = asked(capfd, *APPAREL, "--releases", "releases", "front.png", "back.png")
    assert (status, err) == (0, "")
    for words in ("front.png", "Stain", "98%", "stain@1", "Appearance", "Review by a person"):
        assert words in out
    assert "--answer tag=" in out


def test_people_get_tables_in_chinese(capfd, monkeypatch):
    monkeypatch.setenv("SECONDLOOK_STATION_LANGUAGE", "zh")
    _, out, _ = asked(capfd, *APPAREL, "--releases", "releases", "front.png", "back.png")
    for words in ("照片", "污渍", "外观", "人工复核", "吊牌"):
        assert words in out


def test_drawn_photos_show_the_findings(capfd, bench):
    (bench / "other").mkdir()
    (bench / "other" / "front.png").write_bytes(shirt(grain=5))
    photos = ("front.png", "other/front.png")
    verdict(capfd, *APPAREL, "--draw", "drawn/here", *photos)
    drawn = bench / "drawn" / "here"
    assert {path.name for path in drawn.iterdir()} == {
        "front-findings.jpg",
        "front-2-findings.jpg",
    }
    bgr = decode((drawn / "front-findings.jpg").read_bytes()).bgr.astype(int)
    assert bgr[160, 150, 2] - bgr[160, 150, 0] > 60  # the lower side of the box is red


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "it is empty"),
        (b"a letter to the customer", "it is a text file; give a JPEG, PNG or WebP photo"),
        (pictures.jpeg()[:4000], "it is a JPEG that is cut off; take or copy the photo again"),
        (pictures.jpeg()[:4000] + b"\xff\xd9", "its picture data is damaged"),
        (pictures.png_header(40_000, 40_000), "it has 40000 x 40000 pixels; give at most"),
        (pictures.png_header(640, 480), "its picture data is damaged"),
        (shirt(grain=1, spot=60), "it is the same file as the photo for front"),
    ],
)
def test_a_bad_photo_is_named_in_one_line(capfd, bench, content, told):
    (bench / "bad.jpg").write_bytes(content)
    assert f"bad.jpg: {told}" in refused(capfd, *APPAREL, "front.png", "bad.jpg")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((*APPAREL, "none.jpg"), "none.jpg: there is no such file; check the path"),
        ((*APPAREL, "releases"), "releases: it is a folder; give the photo's own path"),
        ((*APPAREL, "no\nsuch.jpg"), "no such.jpg: there is no such file"),
        ((*APPAREL, "\x1b[31m.jpg"), "\\x1b[31m.jpg: there is no such file"),
        ((*APPAREL, "x" * 5000), "it cannot be read"),
        (APPAREL, "no photo was given"),
        (("front.png",), "give --category apparel or electronics or parcel"),
        (("--category", "furniture", "front.png"), "'furniture'; there are: apparel"),
        (("--category", "../apparel", "front.png"), "there are: apparel"),
        ((*APPAREL, "frnt=front.png"), "no shot 'frnt' here; there are: front, back, label"),
        ((*APPAREL, "outside=front.png"), "no shot 'outside' here"),
        ((*APPAREL, "front=front.png", "front=back.png"), "front was given more than once"),
        ((*APPAREL, "--answer", "colour=red", "front.png"), "no question 'colour'; there are: tag"),
        ((*APPAREL, "--answer", "tag=lost", "front.png"), "no choice 'lost'; there are: attached"),
        ((*APPAREL, "--answer", "tag", "front.png"), "no choice ''"),
        ((*APPAREL, "--answer", "tag=" + "x" * 99_000, "front.png"), "tag=xxx"),
        (
            (*APPAREL, "--answer", "tag=unclear", "--answer", "tag=removed", "front.png"),
            "tag was answered before",
        ),
        ((*APPAREL, "--draw", "front.png", "back.png"), "front.png: it cannot be written"),
        ((*APPAREL, "--draw", "front.png/below", "back.png"), "it cannot be written"),
        ((*APPAREL, "--draw", "/proc/nowhere", "back.png"), "it cannot be written"),
        ((*APPAREL, "--releases", "nowhere", "front.png"), "nowhere: there is no such folder"),
    ],
)
def test_bad_input_gets_one_line_that_says_what_to_do(capfd, arguments, told):
    assert told in refused(capfd, *arguments)


def test_a_drawn_photo_that_cannot_be_written_is_named(capfd, bench):
    (bench / "drawn" / "front-findings.jpg").mkdir(parents=True)
    told = refused(capfd, *APPAREL, "--draw", "drawn", "front.png")
    assert "drawn/front-findings.jpg: it cannot be written" in told


def test_drawing_never_overwrites_a_photo_that_was_given(capfd, bench):
    photo = shirt(grain=3)
    (bench / "front-findings.jpg").write_bytes(photo)
    told = refused(capfd, *APPAREL, "--draw", ".", "front.png", "front-findings.jpg")
    assert "front-findings.jpg: it would be overwritten" in told
    assert (bench / "front-findings.jpg").read_bytes() == photo
    verdict(capfd, *APPAREL, "--draw", "drawn", "front.png", "front-findings.jpg")
    verdict(capfd, *APPAREL, "--draw", "drawn", "front.png", "front-findings.jpg")  # again


def test_a_photo_too_long_for_a_drawn_jpeg_is_told(capfd, bench):
    wide = np.full((300, 70_000, 3), 200, np.uint8)
    (bench / "wide.png").write_bytes(cv2.imencode(".png", wide)[1].tobytes())
    told = refused(capfd, *APPAREL, "--draw", "drawn", "wide.png")
    assert "wide-findings.jpg: it cannot be written (70000 x 300 pixels do not fit" in told


def test_a_release_that_lies_is_named(capfd, bench):
    with (bench / "releases" / "stain" / "model.onnx").open("ab") as file:
        file.write(b"\0")
    assert "model.onnx: its SHA-256 should be" in refused(capfd, *APPAREL, "front.png")


def test_a_faulty_setting_is_named(capfd, monkeypatch):
    monkeypatch.setenv("SECONDLOOK_STATION_LANGUAGE", "klingon")
    assert "SECONDLOOK_STATION_LANGUAGE" in refused(capfd, *APPAREL, "front.png")


def test_a_path_that_is_no_text_is_told_too(capfd):
    name = os.fsdecode(b"caf\xe9.png")
    Path(name).write_bytes(shirt(grain=7))
    told = verdict(capfd, *APPAREL, name)
    assert told["photos"][0]["path"] == name
    assert "caf" in asked(capfd, *APPAREL, "--releases", "releases", name)[1]


def test_a_process_of_its_own_leaves_with_one_line_and_2(bench):
    (bench / "cut.jpg").write_bytes(pictures.jpeg()[:4000])
    code = "import typer; from station.inspect import inspect; typer.run(inspect)"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, *APPAREL, "cut.jpg"],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "secondlook-station inspect: cut.jpg: it is a JPEG that is cut off; "
        "take or copy the photo again\n"
    )


def test_knowing_the_options_loads_nothing_heavy():
    code = (
        "import sys, station.inspect;"
        "print([m for m in ('cv2', 'onnxruntime', 'pydantic', 'numpy') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout == "[]\n"


def test_nothing_stays_english_in_chinese(capfd, bench, monkeypatch):
    monkeypatch.setenv("SECONDLOOK_STATION_LANGUAGE", "zh")
    black = pictures.garment() // 10
    (bench / "dark.png").write_bytes(pictures.png(black))
    (bench / "none").mkdir()
    said = ""
    for releases in ("releases", "none"):
        arguments = (*APPAREL, "--releases", releases, "front.png", "dark.png", "back.png")
        said += asked(capfd, *arguments)[1]
    names = {"front", "back", "dark", "png", "stain", "answer"}
    questions = {"tag", "worn", "complete", "function"}
    assert set(re.findall(r"[A-Za-z]{3,}", said)) <= names | questions
