"""Real cameras on a real bench: photos byte for byte, references, the page, the metrics, the command."""

import re

import numpy as np
import pytest
from prometheus_client.parser import text_string_to_metric_families

from models.errors import PhotoUnreadable
from models.grading.policy import default_policy
from models.vision.decode import decode
from models.vision.reference import look_for_drift
from models.vision.sight import Sight
from models.vocabulary import Fault, Language, Shot
from station import checkup
from station.bench import Bench
from station.board import Board, Choice, Controls, Phase, Refusal, Scene
from station.camera import FolderCamera
from station.cameras.references import References
from station.cameras.rig import Rig, WithFiles
from station.cameras.spec import CameraSpec
from station.cameras.watch import State
from station.errors import ReferenceInvalid, StationError
from station.outbox import Outbox
from station.replay import Turn, read_returns
from station.screen.app import Sources, create_app
from station.screen.camera_view import cameras_of
from station.screen.pages import said
from station.settings import Settings
from station.uplink import Link
from tests.fakes import Visitor, sample_returns
from tests.webcam import Webcam, living, serving, wait_until

SIZE = (640, 480)


@pytest.fixture
def cam():
    with serving(Webcam(size=SIZE)) as made:
        yield made


def spec(cam, **said):
    facts = {"name": "top", "kind": "mjpeg", "address": cam.url, "stall_s": 1, "delay_s": 0}
    return CameraSpec(**(facts | {"shots": ("front",)} | said))


@pytest.fixture
def rig(cam):
    made = Rig((spec(cam, exposure_ms=8),))
    made.start()
    wait_until(lambda: made.statuses()[0].state is State.LIVE, 5)
    yield made
    assert made.stop(3)


def test_a_photo_is_the_camera_s_own_file_with_what_it_was_taken_with(rig):
    taken = rig.take(Shot.FRONT)
    assert taken.data in living(*SIZE)
    assert (taken.setup.name, taken.setup.exposure_ms, taken.setup.is_reported) == ("top", 8, False)
    assert taken.setup.frame > 1
    assert taken.moved_share < 0.006
    with pytest.raises(PhotoUnreadable, match="no camera is declared for back"):
        rig.take(Shot.BACK)


def test_an_item_goes_from_a_real_camera_and_a_file_to_the_outbox(rig, tmp_path):
    folder = sample_returns(tmp_path / "sample", count=1)
    (sample,) = read_returns(folder)
    with Outbox(tmp_path / "station", min_free_bytes=0) as outbox:
        bench = Bench(
            station="bench-1",
            sight=Sight(()),
            policy=default_policy(),
            outbox=outbox,
            board=Board(),
        )
        files = FolderCamera([(p.shot, folder / p.file) for p in sample.photos])
        kept = bench.handle(Turn(round=1, place=1, sample=sample), WithFiles(rig, files), 1)
        front, back = kept.photos
        assert outbox.photo(front.sha256) in living(*SIZE)
        assert front.camera.name == "top"
        assert back.camera is None
        assert outbox.inspection(kept.inspection_id) == kept


def test_a_reference_is_kept_and_found_again(rig, tmp_path):
    references = References(tmp_path / "references")
    assert references.load(["top"]) == {}
    kept = references.keep("top", rig.photo("top"))
    found = References(tmp_path / "references").load(["top", "side"])
    assert np.array_equal(found["top"].view, kept.view)
    rig.refer("top", kept)
    assert rig.take(Shot.FRONT).reference is kept
    (tmp_path / "references/top.png").write_bytes(b"no picture")
    with pytest.raises(ReferenceInvalid, match=r"top\.png"):
        references.load(["top"])


def test_a_reference_that_cannot_be_written_is_told(rig, tmp_path):
    (tmp_path / "references").write_text("a file where the folder should be")
    with pytest.raises(ReferenceInvalid, match="cannot be written"):
        References(tmp_path / "references").keep("top", rig.photo("top"))


class Page:
    def __init__(self, rig, tmp_path):
        self.outbox = Outbox(tmp_path / "station", min_free_bytes=0)
        self.board, self.controls = Board(), Controls(rounds=1)
        sources = Sources(
            settings=Settings(),
            board=self.board,
            controls=self.controls,
            outbox=self.outbox,
            link=lambda: Link(is_known=True),
            rig=rig,
            references=References(tmp_path / "references"),
        )
        self.client = Visitor(create_app(sources), "http://127.0.0.1:8001")

    def texts(self, path):
        html = self.client.get(path).text
        return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", html))

    def press(self, action):
        here = {"Origin": "http://127.0.0.1:8001", "Host": "127.0.0.1:8001"}
        return self.client.post(f"/actions/{action}", headers=here)


@pytest.fixture
def page(rig, tmp_path):
    made = Page(rig, tmp_path)
    yield made
    made.outbox.close()


def test_the_screen_names_the_trouble_in_both_languages_and_what_to_do(page, cam, rig):
    assert "1 of 1 live" in page.texts("/live")
    cam.mood = "black"
    wait_until(lambda: rig.statuses()[0].state is State.BLACK, 5)
    told = page.texts("/live")
    assert "▲ Camera top: picture is black – Take the cap off the lens" in told
    assert "0 of 1 live" in told
    assert "相机 top: 画面全黑 – 请取下镜头盖并打开灯光。" in page.texts("/live?language=zh")
    assert page.client.get("/state").json()["cameras"] == {"top": "black"}
    assert "picture is black" in page.texts("/cameras")


def test_the_cameras_have_a_page_with_what_each_sees(page):
    told = page.texts("/cameras")
    for words in ("top", "mjpeg", "640 × 480", "exposure", "8 ms", "Front", "● live"):
        assert words in told, words
    picture = page.client.get("/cameras/top.jpg?frame=1")
    assert picture.headers["Content-Type"] == "image/jpeg"
    assert decode(picture.content).bgr.shape == (240, 320, 3)
    assert page.client.get("/cameras/side.jpg").status_code == 404
    chinese = page.texts("/cameras?language=zh")
    assert set(re.findall("[A-Za-z]{3,}", chinese)) <= {"bench", "top", "mjpeg", "http", "video", "Secondlook", "English"}  # fmt: skip


def test_a_key_takes_the_references_and_drift_is_then_told(page, rig):
    assert page.press("reference").headers["Location"].startswith("/cameras")
    assert rig.has_reference("top")
    bgr = decode(rig.take(Shot.FRONT).data).bgr
    darker = (bgr * 0.75).astype(np.uint8)
    rig.note(Shot.FRONT, look_for_drift(rig.take(Shot.FRONT).reference, darker))
    assert "△ Camera top: The light is not what it was" in page.texts("/live")
    rig.note(Shot.FRONT, look_for_drift(rig.take(Shot.FRONT).reference, bgr))
    assert "△" not in page.texts("/live")


def test_a_refused_photo_is_explained_and_its_keys_answer(page):
    refusal = Refusal(shot=Shot.FRONT, faults=(Fault.BLURRED,), choices=tuple(Choice))
    page.board.show(Scene(phase=Phase.ASKING, refusal=refusal))
    told = page.texts("/live")
    for words in (
        "Front: Blurred",
        "seams should have hard edges",
        "Take it again Enter",
        "a person will look K",
    ):
        assert words in told, words
    assert "正面: 模糊" in page.texts("/live?language=zh")
    assert page.press("insist").status_code == 303


def test_every_word_of_the_cameras_has_a_text():
    for language in Language:
        for state in State:
            assert said("camera_state", state, language)
            assert bool(said("camera_help", state, language)) is (state is not State.LIVE)
        for column in checkup._COLUMNS:
            assert said("camera_column", column, language)


def test_metrics_are_prometheus_own_format(page, rig, cam):
    cam.mood = "truncated"
    wait_until(lambda: rig.statuses()[0].watch.faults, 5)
    families = {f.name: f for f in text_string_to_metric_families(page.client.get("/metrics").text)}
    (frames,) = families["secondlook_station_camera_frames"].samples
    assert frames.labels == {"camera": "top"}
    assert frames.value >= 2
    states = families["secondlook_station_camera_state"].samples
    assert sum(sample.value for sample in states) == 1
    assert {s.labels["fault"] for s in families["secondlook_station_camera_faults"].samples} == {
        "garbage"
    }
    assert families["secondlook_station_inspections"].samples


def test_a_folder_of_photos_of_all_sizes_is_a_camera_too(tmp_path):
    for number, size in enumerate(((64, 48), (48, 64), (160, 120))):
        (tmp_path / f"{number}.jpg").write_bytes(living(*size)[0])
    one = CameraSpec(name="f", kind="folder", address=str(tmp_path), stall_s=1, shots=("front",))
    made = Rig((one,))
    made.start()
    wait_until(lambda: made.statuses()[0].watch.good >= 4, 8, made.statuses)
    assert made.statuses()[0].watch.good == made.statuses()[0].watch.frames
    assert made.take(Shot.FRONT).data
    assert made.stop(3)


def settings_of(tmp_path, specs, **said):
    return Settings().model_copy(update={"home": tmp_path, "cameras": specs, **said})


def check(tmp_path, *specs, **said):
    settings = settings_of(tmp_path, specs, **said)
    return checkup.run(settings, keep_reference=True, pictures=None, patience_s=3)


def test_the_command_lists_the_cameras_and_takes_a_picture_with_each(cam, tmp_path):
    told, all_live = check(tmp_path, spec(cam, rotation=90))
    assert all_live
    assert "live" in told
    picture = (tmp_path / "station/test-pictures/top.jpg").read_bytes()
    assert decode(picture).bgr.shape == (640, 480, 3)
    assert (tmp_path / "station/references/top.png").exists()
    told, _ = check(tmp_path, spec(cam), language=Language.ZH)
    assert "正常" in told


def test_the_command_says_which_camera_is_not_live_and_what_to_do(cam, tmp_path):
    dead = spec(cam, name="side", kind="folder", address=str(tmp_path / "none"), shots=())
    settings = settings_of(tmp_path, (spec(cam), dead))
    told, all_live = checkup.run(settings, keep_reference=False, pictures=None, patience_s=1)
    assert not all_live
    assert "side: Check its cable, power and address" in " ".join(told.split())
    with pytest.raises(StationError, match=r"docs/cameras\.md"):
        check(tmp_path)


def test_passwords_stay_out_of_all_that_is_told(cam, tmp_path):
    cam.mood = "404"
    address = cam.url.replace("http://", "http://admin:secret@")
    made = Rig((spec(cam, address=address),))
    made.start()
    wait_until(lambda: made.statuses()[0].state is State.UNREACHABLE, 5)
    page = Page(made, tmp_path)
    for path in ("/live", "/cameras", "/metrics", "/state"):
        assert "secret" not in page.client.get(path).text
    assert "secret" not in repr(cameras_of(made))
    page.outbox.close()
    assert made.stop(3)
