from pathlib import Path

import cv2
import numpy as np
import pytest

from training.errors import RecipeInvalid
from training.render import benches, faults, lamps, scenes, shading
from training.render.brushes import Shapes
from training.render.camera import photographed
from training.render.canvas import bare
from training.render.fields import clouds, field
from training.render.labels import State
from training.render.view import looking_at, lying, rectangle

SIDE = 224


def drawn(kind: str, seed: int, *, label: State = State.PRESENT) -> scenes.Drawn:
    return scenes.draw(np.random.default_rng(seed), kind, SIDE, label=label)


@pytest.mark.parametrize("kind", scenes.KINDS)
def test_each_kind_of_scene_is_drawn_the_same_twice_and_never_the_same_again(kind: str) -> None:
    first, again, other = drawn(kind, 1), drawn(kind, 1), drawn(kind, 2)

    assert first.bgr.shape == (SIDE, SIDE, 3)
    assert (first.bgr == again.bgr).all()
    assert (first.bgr != other.bgr).mean() > 0.2
    assert first.item.any()
    assert first.mm_per_px == again.mm_per_px > 0
    assert first.bgr.std() > 3


@pytest.mark.parametrize("kind", ["carton", "mailer"])
def test_packages_say_where_their_parts_are(kind: str) -> None:
    parts = [part for seed in range(12) for part in drawn(kind, seed).parts]

    assert {name for name, _ in parts} == {"package", "label", "barcode", "qr"}
    for _, (x1, y1, x2, y2) in parts:
        assert 0 <= x1 < x2 <= SIDE
        assert 0 <= y1 < y2 <= SIDE


def test_a_package_s_box_encloses_the_item_where_all_of_it_is_in_the_picture() -> None:
    seen = 0
    for seed in range(30):
        scene = drawn("mailer", seed)
        rows, columns = np.nonzero(scene.item)
        whole = min(rows.min(), columns.min()) > 2 and max(rows.max(), columns.max()) < SIDE - 3
        for name, box in scene.parts:
            if whole and name == "package":
                seen += 1
                truth = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
                assert box == pytest.approx(truth, abs=2.5)
    assert seen >= 3


@pytest.mark.parametrize("kind", ["carton", "mailer"])
def test_a_missing_label_is_missing_and_of_a_torn_one_less_is_left(kind: str) -> None:
    def area(state: State) -> float:
        boxes = [
            box
            for seed in range(10)
            for name, box in drawn(kind, seed, label=state).parts
            if name == "label"
        ]
        return sum((x2 - x1) * (y2 - y1) for x1, y1, x2, y2 in boxes)

    assert area(State.MISSING) == 0
    assert 0.2 * area(State.PRESENT) < area(State.HALF_TORN) < 0.97 * area(State.PRESENT)


def test_an_unknown_kind_is_refused_by_name() -> None:
    with pytest.raises(RecipeInvalid, match=r"should be one of garment, .*got 'tablet'"):
        scenes.draw(np.random.default_rng(0), "tablet", SIDE)


@pytest.mark.parametrize("name", benches.BENCHES)
def test_each_bench_covers_the_picture(name: str) -> None:
    canvas = bare(looking_at((0, 0, 0), side_px=SIDE, width_mm=300, pitch_deg=20))
    assert benches.lay_bench(np.random.default_rng(3), canvas, name) == name
    assert (canvas.albedo == 255).all(axis=2).mean() < 0.02


@pytest.mark.parametrize("name", lamps.LIGHTS)
def test_each_light_casts_the_item_s_shadow_away_from_itself(name: str) -> None:
    canvas = bare(looking_at((0, 0, 0), side_px=SIDE, width_mm=300, pitch_deg=0))
    canvas.outlines, canvas.height_mm = [lying(0, 60).at(rectangle(-20, -20, 20, 20))], 60
    lamp = lamps.LIGHTS[name](np.random.default_rng(2))
    lit = shading.radiance(canvas, lamp).mean(axis=2)
    away = np.array([SIDE / 2, SIDE / 2]) - lamp.towards[:2] / np.hypot(*lamp.towards[:2]) * 22
    near = np.array([SIDE / 2, SIDE / 2]) + lamp.towards[:2] / np.hypot(*lamp.towards[:2]) * 40

    assert lit[round(away[1]), round(away[0])] < lit[round(near[1]), round(near[0])]


def test_a_lamp_carried_around_the_bench_comes_back() -> None:
    lamp = lamps.softbox(np.random.default_rng(1))
    third = lamps.turned(lamp, 120)
    around = lamps.turned(lamps.turned(third, 120), 120)

    assert around.towards == pytest.approx(lamp.towards)
    assert (third.azimuth_deg - lamp.azimuth_deg) % 360 == pytest.approx(120)
    assert third.elevation_deg == pytest.approx(lamp.elevation_deg)


def test_millimetres_become_pixels_at_the_scale_that_the_view_names() -> None:
    view = looking_at((10, 20, 0), side_px=400, width_mm=200, pitch_deg=0)
    ends = view.project(np.array([[10.0, 20.0, 0.0], [30.0, 20.0, 0.0]]))

    assert ends[0] == pytest.approx([200, 200])
    assert np.hypot(*(ends[1] - ends[0])) * view.mm_per_px == pytest.approx(20)


@pytest.mark.parametrize("cell", [1.2, 3.0, 17.0, 150.0])
@pytest.mark.parametrize("size", [(64, 64), (200, 37), (90, 1400)])
def test_noise_of_any_size_is_even_and_as_wide_as_asked(cell: float, size: tuple[int, int]) -> None:
    many = [field(np.random.default_rng(seed), *size, cell) for seed in range(30)]

    assert {one.shape for one in many} == {size}
    assert np.mean([one.mean() for one in many]) == pytest.approx(0, abs=0.35)
    assert 0.7 < np.mean([(one**2).mean() for one in many]) ** 0.5 < 1.3
    if cell > 10:
        assert np.abs(np.diff(many[0], axis=1)).max() < 12 / cell
    assert clouds(np.random.default_rng(1), *size, 4 * cell).shape == size


def test_the_camera_changes_little_and_each_exposure_has_its_own_noise() -> None:
    scene = drawn("garment", 4)
    takes = [
        photographed(np.random.default_rng(5), scene.bgr, np.random.default_rng(seed)).astype(int)
        for seed in (1, 1, 2)
    ]

    assert (takes[0] == takes[1]).all()
    assert 0 < np.abs(takes[0] - takes[2]).mean() < 8
    assert np.abs(takes[0] - scene.bgr).mean() < 40


@pytest.mark.parametrize("size", [(300, 700), (1300, 640)])
def test_the_camera_takes_pictures_of_any_size(size: tuple[int, int]) -> None:
    grey = np.full((*size, 3), 120, np.uint8)
    assert photographed(np.random.default_rng(0), grey).shape == grey.shape


def kinds_of(sort: str) -> list[str]:
    return sorted(faults.SORTS[sort].on - {"photo"})


@pytest.mark.parametrize("sort", sorted(set(faults.SORTS) - {"overlay", "course"}))
def test_every_sort_of_defect_is_drawn_with_exact_truth(sort: str) -> None:
    found = 0
    for seed in range(40):
        scene = drawn(kinds_of(sort)[seed % len(kinds_of(sort))], seed)
        faulty = faults.add(np.random.default_rng(seed), [scene], [sort])
        changed = (faulty.pictures[0] != scene.bgr).any(axis=2)
        masks = [fault.mask for fault in faulty.faults]
        assert not (changed & ~np.logical_or.reduce([np.zeros_like(changed), *masks])).any()
        for fault in faulty.faults:
            rows, columns = np.nonzero(fault.mask)
            edges = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
            assert fault.xyxy == edges
            assert fault.sort == sort
            assert changed[fault.mask].any()
        found += len(faulty.faults)
        if found >= 2:
            return
    pytest.fail(f"{sort} was drawn {found} times on 40 scenes")


def test_shapes_from_files_are_drawn_where_they_are_given(tmp_path: Path) -> None:
    rgba = np.zeros((60, 60, 4), np.uint8)
    cv2.ellipse(rgba, (30, 30), (22, 15), 30, 0, 360, (255, 255, 255, 255), -1)
    cv2.imwrite(str(tmp_path / "blot.png"), rgba)
    course = np.zeros((80, 80), np.uint8)
    cv2.line(course, (5, 9), (70, 60), 255, 3)
    cv2.imwrite(str(tmp_path / "course.png"), course)
    shapes = Shapes(overlays=(tmp_path / "blot.png",), courses=(tmp_path / "course.png",))

    for sort, kind in (("overlay", "garment"), ("course", "phone")):
        scenes_ = [drawn(kind, seed) for seed in range(6)]
        rng = np.random.default_rng
        without = [faults.add(rng(n), [s], [sort]) for n, s in enumerate(scenes_)]
        given = [faults.add(rng(n), [s], [sort], shapes=shapes) for n, s in enumerate(scenes_)]
        assert sum(len(one.faults) for one in without) == 0
        assert {f.sort for one in given for f in one.faults} == {sort}


def test_defects_do_not_come_where_they_cannot_be() -> None:
    scene = drawn("phone", 3)
    faulty = faults.add(np.random.default_rng(1), [scene], ["opened", "liquid"])

    assert faulty.faults == ()
    assert (faulty.pictures[0] == scene.bgr).all()


def test_what_an_open_lid_carried_is_no_part_any_more() -> None:
    kept = []
    for seed in range(20):
        scene = drawn("carton", seed)
        faulty = faults.add(np.random.default_rng(seed), [scene], ["opened"])
        if faulty.faults:
            kept.append((len(scene.parts), len(faulty.parts)))
        for name, box in faulty.parts:
            if name == "package" and faulty.faults:
                (opening,) = {fault.xyxy for fault in faulty.faults}
                assert all(p <= o for p, o in zip(box[:2], opening[:2], strict=True))
                assert all(p >= o for p, o in zip(box[2:], opening[2:], strict=True))
    assert any(after < before for before, after in kept)
    assert all(after <= before for before, after in kept)


def test_a_scratch_along_the_light_nearly_disappears() -> None:
    lamp = lamps.turned(lamps.softbox(np.random.default_rng(1)), 0)
    straight = np.zeros((SIDE, SIDE, 3), np.uint8)
    marked = straight.copy()
    marked[100:102, 20:200] = 90
    mask = (marked != straight).any(axis=2)
    to_right = np.degrees(np.arctan2(lamp.towards[1], lamp.towards[0]))

    along = faults.caught(straight, marked, mask, lamps.turned(lamp, -to_right))
    across = faults.caught(straight, marked, mask, lamps.turned(lamp, 90 - to_right))
    assert 0 < along.max() < 20
    assert across.max() > 80


@pytest.mark.parametrize(
    ("sort", "torn_px", "left"),
    [
        ("hole", 30, ["package", "label"]),  # most of the code, a third of the label
        ("hole", 60, ["package"]),  # all of both
        ("hole", 5, ["package", "label", "barcode"]),  # a corner of each
        ("liquid", 60, ["package", "label", "barcode"]),  # a stain takes nothing away
    ],
)
def test_what_a_tear_takes_is_no_part_any_more(sort: str, torn_px: int, left: list[str]) -> None:
    mask = np.zeros((100, 100), np.bool_)
    mask[:, :torn_px] = True
    fault = faults.Fault(
        defect=faults.SORTS[sort].defect, sort=sort, xyxy=(0, 0, torn_px, 100), mask=mask
    )
    parts = (("package", (0, 0, 100, 100)), ("label", (0, 0, 90, 90)), ("barcode", (0, 0, 40, 40)))

    assert [name for name, _ in faults._left(parts, fault)] == left
