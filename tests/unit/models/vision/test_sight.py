"""All releases look at all photos of one item."""

from dataclasses import replace

import numpy as np
import pytest

from models.records import Calibration
from models.vision.backends import Backend
from models.vision.bundle import Bundle, open_release
from models.vision.codes import READER, Code
from models.vision.picture import Picture
from models.vision.sight import Seen, Sight, View
from models.vocabulary import Category, Cue, Defect, Fault, Part, Shot
from tests.factories import photo, sha256
from tests.tiny_model import constant_output, dark_finder, write_release


def view(shot: Shot = Shot.FRONT, *, spot: tuple[int, int, int, int] | None = None, **said) -> View:
    bgr = np.full((64, 64, 3), 220, np.uint8)
    if spot:
        bgr[spot[1] : spot[3], spot[0] : spot[2]] = 0
    facts = {"sha256": sha256(f"{shot}{spot}{said}"), "shot": shot, "width": 64, "height": 64}
    return View(photo=photo(**(facts | said)), picture=Picture.of(bgr, (256,)))


def opened(folder, **said) -> Bundle:
    return open_release(write_release(folder, **said), threads=1)


@pytest.fixture(scope="module")
def stain(tmp_path_factory) -> Bundle:
    return opened(tmp_path_factory.mktemp("releases"))


@pytest.fixture(scope="module")
def label(tmp_path_factory) -> Bundle:
    """Takes a dark block for a label, whose absence it may report on parcels."""
    return opened(
        tmp_path_factory.mktemp("releases"),
        name="label",
        classes=("label",),
        sees={"parcel": ["missing_label"]},
        calibration={"label": {"raw": [0.0, 1.0], "calibrated": [0.0, 0.9]}},
    )


def look(
    *bundles: Bundle, views: list[View], category: Category = Category.APPAREL, **said
) -> Seen:
    wanted = {
        "required": (Shot.FRONT, Shot.BACK),
        "defects": (Defect.STAIN,),
        "expected_parts": {Shot.SHIPPING_LABEL: (Part.LABEL,)},
    }
    return Sight(bundles).look(views, category, **(wanted | said))


def test_findings_lie_on_their_photos_in_the_order_taken(stain):
    views = [view(spot=(8, 8, 24, 16)), view(Shot.BACK, spot=(30, 30, 40, 40))]
    seen = look(stain, views=views)
    assert [finding.finding_id for finding in seen.findings] == ["f1", "f2"]
    first, second = seen.findings
    assert (first.shot, first.photo_sha256) == (Shot.FRONT, views[0].photo.sha256)
    assert first.xyxy == (8, 8, 24, 16)
    assert first.size_share == 0.25
    assert first.size_mm is None
    assert first.release == "stain@1"
    assert second.photo_sha256 == views[1].photo.sha256
    assert (seen.not_seen, seen.not_assessable, seen.releases) == ((), (), ("stain@1",))


def test_on_one_photo_the_most_probable_comes_first(tmp_path):
    rows = [[1, 1, 9, 9, 0.6, 0], [30, 30, 40, 40, 0.8, 0], [50, 50, 60, 60, 0.7, 0]]
    seen = look(opened(tmp_path, model=constant_output(rows)), views=[view()])
    assert [finding.probability for finding in seen.findings] == pytest.approx([0.8, 0.7, 0.6])


def test_findings_name_the_precision_that_saw_them(stain):
    short = replace(stain, backend=Backend.OPENVINO_BF16)
    seen = look(short, views=[view(spot=(8, 8, 24, 16))])
    assert ([f.release for f in seen.findings], seen.releases) == (
        ["stain@1+bf16"],
        ("stain@1+bf16",),
    )


def test_releases_say_at_which_sizes_they_look(stain, tmp_path):
    small = opened(tmp_path, tiling={"overlap_px": 16, "max_side_px": 64})
    assert Sight([stain, small, stain]).sides_px == {256, 64}


def test_a_clean_item_has_no_findings(stain):
    assert look(stain, views=[view(), view(Shot.BACK)]).findings == ()


def test_a_required_shot_without_a_photo_is_not_seen(stain):
    assert look(stain, views=[view()]).not_seen == (Shot.BACK,)
    assert look(stain, views=[]).not_seen == (Shot.FRONT, Shot.BACK)


def test_a_refused_photo_is_not_looked_at(stain):
    refused = view(Shot.BACK, spot=(8, 8, 24, 16), faults=(Fault.BLURRED,))
    seen = look(stain, views=[view(), refused])
    assert seen.findings == ()
    assert seen.not_seen == (Shot.BACK,)


def test_a_refused_photo_that_the_operator_insisted_on_is_looked_at(stain):
    kept = view(Shot.BACK, spot=(8, 8, 24, 16), faults=(Fault.BLURRED,), insisted=True)
    seen = look(stain, views=[view(), kept])
    assert [finding.shot for finding in seen.findings] == [Shot.BACK]
    assert seen.not_seen == ()


def test_one_usable_photo_of_a_shot_is_enough(stain):
    views = [view(), view(Shot.BACK, faults=(Fault.TOO_DARK,)), view(Shot.BACK)]
    assert look(stain, views=views).not_seen == ()


def test_no_photo_that_could_be_looked_at_means_that_no_release_looked(stain):
    seen = look(stain, views=[view(faults=(Fault.EMPTY,))])
    assert (seen.releases, seen.not_assessable) == ((), ())


def test_what_no_release_sees_is_not_assessable(stain):
    both = (Defect.STAIN, Defect.SCRATCH)
    assert look(stain, views=[view()], defects=both).not_assessable == (Defect.SCRATCH,)
    assert look(views=[view()], defects=both).not_assessable == both


def test_a_release_is_trusted_only_where_its_card_says_so(stain):
    seen = look(stain, views=[view(spot=(8, 8, 24, 16))], category=Category.ELECTRONICS)
    assert (seen.findings, seen.not_assessable) == ((), (Defect.STAIN,))
    assert seen.releases == ()


def test_a_defect_that_the_standard_does_not_ask_for_is_not_reported(tmp_path):
    classes = ("stain", "scratch")
    model = dark_finder(classes=classes, shown=1)
    both = opened(tmp_path, classes=classes, model=model)
    spotted = [view(spot=(8, 8, 24, 16))]
    assert look(both, views=spotted).findings == ()
    (found,) = look(both, views=spotted, defects=(Defect.SCRATCH,)).findings
    assert found.defect is Defect.SCRATCH


def parcel(*bundles: Bundle, views: list[View], **said) -> Seen:
    required = (Shot.OUTSIDE, Shot.SHIPPING_LABEL)
    facts = {"category": Category.PARCEL, "required": required, "defects": (Defect.MISSING_LABEL,)}
    return look(*bundles, views=views, **(facts | said))


def test_a_label_that_is_there_is_no_finding(label):
    views = [view(Shot.OUTSIDE), view(Shot.SHIPPING_LABEL, spot=(8, 8, 40, 40))]
    assert parcel(label, views=views).findings == ()


def test_a_label_that_is_not_there_is_missing_from_the_whole_photo(label):
    views = [view(Shot.OUTSIDE, spot=(8, 8, 40, 40)), view(Shot.SHIPPING_LABEL)]
    (gone,) = parcel(label, views=views).findings
    assert gone.defect is Defect.MISSING_LABEL
    assert gone.xyxy == (0, 0, 64, 64)
    assert gone.photo_sha256 == views[1].photo.sha256
    assert gone.probability == 1.0
    assert gone.size_share == 1.0
    assert gone.release == "label@1"


def test_a_weak_trace_of_the_label_makes_its_absence_less_sure(label):
    faint = view(Shot.SHIPPING_LABEL)
    faint.picture.sizes[256][8:40, 8:40] = 80
    doubted = Calibration(raw=(0.0, 1.0), calibrated=(0.0, 0.6))
    card = label.card.model_copy(update={"calibration": {"label": doubted}})
    unsure = Bundle(card=card, session=label.session)
    (gone,) = parcel(unsure, views=[faint]).findings
    assert gone.probability == pytest.approx(1 - 0.6 * (1 - 80 / 255), abs=1e-6)
    (again,) = parcel(unsure, views=[view(Shot.SHIPPING_LABEL), faint]).findings
    assert again.photo_sha256 == faint.photo.sha256


def test_a_box_that_would_not_be_reported_does_not_show_the_label(label):
    faint = view(Shot.SHIPPING_LABEL)
    faint.picture.sizes[256][8:40, 8:40] = 80
    card = label.card.model_copy(update={"thresholds": {"label": 0.8}})
    (gone,) = parcel(Bundle(card=card, session=label.session), views=[faint]).findings
    assert gone.probability == pytest.approx(1 - 0.9 * (1 - 80 / 255), abs=1e-6)


def with_code(seen: View, *, is_read: bool = True) -> View:
    code = Code(format="QR Code", is_matrix=True, is_read=is_read, xyxy=(8, 8, 24, 24))
    return replace(seen, codes=(code,))


@pytest.mark.parametrize("is_read", [True, False])
def test_a_code_on_the_photo_speaks_for_the_label(label, is_read):
    views = [view(Shot.OUTSIDE), with_code(view(Shot.SHIPPING_LABEL), is_read=is_read)]
    seen = parcel(label, views=views)
    assert seen.findings == ()
    (there,) = seen.presences
    assert (there.shot, there.part, there.place) == (Shot.SHIPPING_LABEL, Part.LABEL, 1)
    assert there.probability > 0.9
    (trace,) = there.traces
    assert trace.cue is (Cue.MATRIX_CODE if is_read else Cue.CODE_PATTERN)
    assert trace.source == READER


def test_a_code_on_another_shot_does_not(label):
    views = [with_code(view(Shot.OUTSIDE)), view(Shot.SHIPPING_LABEL)]
    assert [f.defect for f in parcel(label, views=views).findings] == ["missing_label"]


def test_what_was_seen_of_an_absent_label_is_told_too(label):
    (gone,) = parcel(label, views=[view(Shot.SHIPPING_LABEL)]).presences
    assert (gone.probability, gone.traces, gone.is_seen) == (0.0, (), False)


def test_what_nobody_looks_for_is_neither_there_nor_missing(stain):
    seen = parcel(stain, views=[view(Shot.SHIPPING_LABEL)])
    assert (seen.findings, seen.presences) == ((), ())


def test_a_code_is_told_where_no_model_knows_labels(stain):
    seen = parcel(stain, views=[with_code(view(Shot.SHIPPING_LABEL))])
    assert [there.is_seen for there in seen.presences] == [True]
    assert seen.not_assessable == (Defect.MISSING_LABEL,)


def test_a_barcode_speaks_for_the_label_that_a_release_knows(tmp_path):
    classes = ("label", "barcode")
    said = {"name": "label", "classes": classes, "sees": {"parcel": ["missing_label"]}}
    both = opened(tmp_path, model=dark_finder(classes=classes, shown=1), **said)
    seen = parcel(both, views=[view(Shot.SHIPPING_LABEL, spot=(8, 8, 40, 40))])
    assert seen.findings == ()
    assert [trace.cue for trace in seen.presences[0].traces] == [Cue.BARCODE]


def test_one_photo_that_shows_the_label_is_enough(label):
    shown = view(Shot.SHIPPING_LABEL, spot=(8, 8, 40, 40))
    assert parcel(label, views=[view(Shot.SHIPPING_LABEL), shown]).findings == ()


def test_a_shot_that_was_not_taken_misses_nothing(label):
    seen = parcel(label, views=[view(Shot.OUTSIDE)])
    assert (seen.findings, seen.not_seen) == ((), (Shot.SHIPPING_LABEL,))


def test_a_refused_photo_misses_nothing(label):
    refused = view(Shot.SHIPPING_LABEL, faults=(Fault.BLURRED,))
    assert parcel(label, views=[refused]).findings == ()


def test_nobody_who_may_say_so_means_not_assessable(label, stain):
    views = [view(Shot.SHIPPING_LABEL)]
    assert parcel(stain, views=views).not_assessable == (Defect.MISSING_LABEL,)
    assert parcel(label, views=views, category=Category.APPAREL).findings == ()


def test_who_knows_another_part_cannot_say_that_the_label_is_missing(label, tmp_path):
    said = {"classes": ("barcode",), "sees": {"parcel": ["missing_label"]}}
    barcode = opened(tmp_path, name="barcode", **said)
    views = [view(Shot.OUTSIDE), view(Shot.SHIPPING_LABEL)]
    assert parcel(barcode, views=views).not_assessable == (Defect.MISSING_LABEL,)
    assert parcel(barcode, label, views=views).not_assessable == ()


def test_a_standard_without_that_defect_asks_no_label(label):
    assert parcel(label, views=[view(Shot.SHIPPING_LABEL)], defects=()).findings == ()


def test_parts_are_no_findings(label):
    shown = view(Shot.SHIPPING_LABEL, spot=(8, 8, 40, 40))
    assert parcel(label, views=[shown, replace(shown)]).findings == ()


def test_several_releases_look_at_everything(stain, label):
    said = {"sees": {"parcel": ("stain",)}}
    stains = Bundle(card=stain.card.model_copy(update=said), session=stain.session)
    views = [view(Shot.OUTSIDE, spot=(8, 8, 24, 16)), view(Shot.SHIPPING_LABEL)]
    seen = parcel(stains, label, views=views, defects=(Defect.STAIN, Defect.MISSING_LABEL))
    found = [(f.finding_id, f.defect, f.release) for f in seen.findings]
    assert found == [("f1", "stain", "stain@1"), ("f2", "missing_label", "label@1")]
    assert seen.releases == ("stain@1", "label@1")


def test_the_same_photos_give_the_same_answer(stain):
    views = [view(spot=(8, 8, 24, 16)), view(Shot.BACK, spot=(30, 30, 40, 40))]
    assert look(stain, views=views) == look(stain, views=views)
