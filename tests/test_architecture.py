"""The house stands as drawn, and each rule is broken on purpose once to see that it bites."""

import shutil
from pathlib import Path

import pytest

from tests import architecture

ROOT = Path(__file__).parent.parent


def test_import_contracts_are_kept() -> None:
    assert architecture.broken_import_contracts(ROOT) == ""


def test_heavy_and_copyleft_packages_stay_in_their_files() -> None:
    assert architecture.guarded_imports(ROOT) == []
    assert architecture.unmarked_agpl(ROOT) == []


def test_datasets_hold_no_python() -> None:
    assert architecture.python_in_datasets(ROOT) == []


def test_nobody_else_provides_our_package_names() -> None:
    assert architecture.foreign_providers() == {}


@pytest.mark.parametrize("extra", ["station", "server"])
def test_a_station_or_a_server_brings_no_pytorch(extra: str) -> None:
    brought = architecture.brought_by(extra)
    assert {"pydantic", "uvicorn", "starlette"} <= brought
    assert brought.isdisjoint({"torch", "torchvision", "ultralytics"})


def test_the_server_brings_nothing_that_sees() -> None:
    assert architecture.brought_by("server").isdisjoint(
        {"opencv-python", "opencv-python-headless", "onnxruntime", "pillow"}
    )


def test_functions_and_files_stay_within_their_budget() -> None:
    assert architecture.oversized(ROOT) == []


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The house without its walls' decoration: enough to break a rule in."""
    for package in architecture.PACKAGES:
        shutil.copytree(
            ROOT / package,
            tmp_path / package,
            ignore=shutil.ignore_patterns("__pycache__", "*.onnx"),
        )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "datasets").mkdir()
    return tmp_path


def append(path: Path, text: str) -> None:
    path.write_text((path.read_text() if path.exists() else "") + text)


@pytest.mark.parametrize(
    ("where", "what", "contract"),
    [
        # siblings meet in records, over HTTP
        ("station/uplink.py", "import server.app\n", "Siblings never import each other"),
        ("server/app.py", "import station.bench\n", "Siblings never import each other"),
        ("training/cli.py", "import server.app\n", "Siblings never import each other"),
        # models import nothing of ours
        ("models/records.py", "import station.settings\n", "Siblings never import each other"),
        # sight and judgement are strangers
        ("models/vision/geometry.py", "import models.grading.judge\n", "Inside models"),
        ("models/grading/judge.py", "import models.vision.geometry\n", "Inside models"),
        # words know nobody
        ("models/vocabulary.py", "import models.records\n", "Inside models"),
        # a room that is on no plan
        ("models/attic.py", "", "Inside models"),
        ("server/attic.py", "", "Inside the server"),
        ("station/attic.py", "", "Inside the station"),
        ("training/attic.py", "", "Inside training"),
        # the server never sees pixels
        ("server/archive.py", "import cv2\n", "The server never sees pixels"),
        ("server/archive.py", "import models.vision.decode\n", "The server never sees pixels"),
        # capabilities are strangers, and stand on what is below them
        ("server/review/queries.py", "import server.intake.queries\n", "Inside the server"),
        ("server/tables/base.py", "import server.archive\n", "Inside the server"),
        # judgement is pure
        ("models/grading/judge.py", "import time\n", "Judgement is pure"),
    ],
)  # fmt: skip
def test_a_broken_contract_is_reported(copy: Path, where: str, what: str, contract: str) -> None:
    append(copy / where, what)

    told = architecture.broken_import_contracts(copy)

    assert contract in told
    assert "BROKEN" in told or "not listed" in told


def test_a_stray_import_of_a_guarded_package_is_reported(copy: Path) -> None:
    append(copy / "models/vision/tiles.py", "import onnxruntime\n")
    append(copy / "training/read.py", "from ultralytics import YOLO\n")

    told = architecture.guarded_imports(copy)

    assert [line.split(" imports ")[0] for line in told] == [
        "models/vision/tiles.py",
        "training/read.py",
    ]


def test_an_unmarked_copyleft_file_is_reported(copy: Path) -> None:
    (copy / "training/train.py").write_text("import ultralytics\n")
    assert architecture.unmarked_agpl(copy) == ["training/train.py"]


def test_python_in_datasets_is_reported(copy: Path) -> None:
    (copy / "datasets/load.py").touch()
    assert architecture.python_in_datasets(copy) == ["datasets/load.py"]


def test_a_stranger_with_our_name_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models/__init__.py").touch()
    info = tmp_path / "stranger-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: stranger\nVersion: 1.0\n")
    (info / "RECORD").write_text("models/__init__.py,,\n")
    monkeypatch.syspath_prepend(tmp_path)

    assert architecture.foreign_providers() == {"models": ["stranger"]}


def test_what_outgrows_its_room_is_reported(copy: Path) -> None:
    append(copy / "models/vision/tiles.py", "\n" * architecture.MAX_FILE_LINES)
    append(copy / "station/bench.py", "def long() -> None:\n" + "    print()\n" * 60)
    append(
        copy / "training/read.py",
        "".join(f"def f{i}():\n" + "    x = 1\n" * 30 for i in range(5000)),
    )

    told = "\n".join(architecture.oversized(copy))

    assert "models/vision/tiles.py" in told
    assert "long: 61 lines" in told
    assert "median 31" in told
    assert "ninth decile 31" in told
