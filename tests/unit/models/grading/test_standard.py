from pathlib import Path

import pytest
import yaml

from models.errors import CategoryUnknown, StandardInvalid
from models.grading import standard as standards
from models.grading.standard import STANDARDS, Standard, load, load_version, read
from models.vocabulary import Category, Defect, Disposition, Language, Part, Shot
from tests.factories import finding

FILES = sorted(STANDARDS.glob("*.yaml"))

CONTRACT = {
    # category: required shots, optional shots, defects by camera, expected parts, questions
    "apparel": (
        ("front", "back"),
        {"label", "detail"},
        {"stain"},
        {},
        {
            "tag": ("attached", "removed", "unclear"),
            "worn": ("unworn", "tried_on", "worn_or_washed"),
            "complete": ("complete", "part_missing"),
            "function": ("works", "faulty"),
        },
    ),
    "electronics": (
        ("front", "back"),
        {"serial", "screen", "detail"},
        {"scratch", "missing_label"},
        {Shot.SERIAL: (Part.LABEL,)},
        {
            "powers_on": ("yes", "no", "not_tested"),
            "lock": ("unlocked", "locked"),
            "serial": ("matches", "differs", "unreadable"),
            "accessories": ("complete", "cable_missing", "main_part_missing"),
            "repaired": ("no_signs", "opened"),
        },
    ),
    "parcel": (
        ("outside", "shipping_label"),
        {"detail"},
        {"torn_packaging", "missing_label"},
        {Shot.SHIPPING_LABEL: (Part.LABEL,)},
        {
            "seal": ("sealed", "opened", "resealed"),
            "contents": ("complete", "part_missing", "wrong_item"),
        },
    ),
}


@pytest.mark.parametrize("category", Category)
def test_the_standard_asks_what_others_rely_on(category):
    required, optional, defects, parts, questions = CONTRACT[category]
    standard = load(category)
    assert standard.identifier == f"{category}@1"
    assert standard.required_shots == required
    assert {shot.id for shot in standard.shots if not shot.required} == optional
    assert set(standard.defects) == defects
    assert standard.expected_parts == parts
    assert {q.id: tuple(c.id for c in q.choices) for q in standard.questions} == questions
    assert all(question.required for question in standard.questions)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_file_is_named_for_what_it_holds(path):
    assert read(path).identifier == path.stem


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_standard_survives_json(path):
    assert Standard.from_json(read(path).to_json()) == read(path)


def _texts(node):
    if isinstance(node, dict) and set(node) == {"en", "zh"}:
        yield node
    for child in (
        node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    ):
        yield from _texts(child)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_text_is_in_its_language(path):
    texts = list(_texts(yaml.safe_load(path.read_text(encoding="utf-8"))))
    assert len(texts) > 15
    for text in texts:
        assert text["en"].isascii()
        assert any("\u4e00" <= letter <= "\u9fff" for letter in text["zh"])


def test_a_text_is_found_by_name_and_by_language():
    title = load(Category.APPAREL).title
    assert (title.en, title.zh) == ("Apparel", "服装")
    assert (title[Language.EN], title[Language.ZH]) == ("Apparel", "服装")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_worst_choice_of_every_question_counts(path):
    for question in read(path).questions:
        assert any(choice.points or choice.gate for choice in question.choices)
        assert (question.choices[0].points, question.choices[0].gate) == (0, None)


def test_an_unknown_category_lists_the_known_ones():
    with pytest.raises(CategoryUnknown, match="'shoes'; there are: apparel, electronics, parcel"):
        load("shoes")


def test_a_category_may_be_text():
    assert load("parcel") is load(Category.PARCEL)


@pytest.mark.parametrize("identifier", ["apparel@2", "apparel", "shoes@1", "../apparel@1", ""])
def test_an_unknown_version_lists_the_known_ones(identifier):
    with pytest.raises(StandardInvalid, match="there are: apparel@1, electronics@1, parcel@1"):
        load_version(identifier)


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    """A folder of standards that a test may fill."""
    monkeypatch.setattr(standards, "STANDARDS", tmp_path)
    load_version.cache_clear()
    yield tmp_path
    load_version.cache_clear()


def _version(number: int) -> str:
    text = (STANDARDS / "apparel@1.yaml").read_text(encoding="utf-8")
    return text.replace("\nversion: 1\n", f"\nversion: {number}\n")


def test_the_newest_version_counts_and_the_older_stays(shelf):
    for number in (2, 9, 10):
        (shelf / f"apparel@{number}.yaml").write_text(_version(number), encoding="utf-8")
    assert load(Category.APPAREL).version == 10
    assert load_version("apparel@2").version == 2


def test_a_copy_that_kept_its_version_is_refused(shelf):
    (shelf / "apparel@2.yaml").write_text(_version(1), encoding="utf-8")
    with pytest.raises(
        StandardInvalid, match=r"apparel@2\.yaml should hold apparel@2, got apparel@1"
    ):
        load(Category.APPAREL)


def test_a_category_without_a_file_is_unknown(shelf):
    (shelf / "apparel@1.yaml").write_text(_version(1), encoding="utf-8")
    with pytest.raises(CategoryUnknown, match=r"there are: apparel$"):
        load(Category.PARCEL)


SIZES = [
    # said mm, said share, shot → counted mm
    (12.0, 0.5, Shot.FRONT, 12.0),  # millimetres win
    (None, 0.5, Shot.FRONT, 400.0),  # half of the 800 mm that a front photo covers
    (None, 0.5, Shot.DETAIL, 100.0),  # half of a close-up is less
    (None, 0.5, Shot.SCREEN, 400.0),  # a shot that apparel does not have: its widest
    (0.0, 0.5, Shot.FRONT, 0.0),  # zero millimetres is a measurement
]


@pytest.mark.parametrize(("mm", "share", "shot", "expected"), SIZES)
def test_a_size_is_measured_or_guessed_from_its_share(mm, share, shot, expected):
    suspected = finding(size_mm=mm, size_share=share, shot=shot)
    assert load(Category.APPAREL).size_mm(suspected) == pytest.approx(expected)


POINTS = [
    # ASTM D5430: up to 3, 6, 9 inches, above; an end belongs to its band
    ("apparel", Defect.STAIN, 0.0, 1),
    ("apparel", Defect.STAIN, 76.2, 1),
    ("apparel", Defect.STAIN, 76.3, 2),
    ("apparel", Defect.STAIN, 152.4, 2),
    ("apparel", Defect.STAIN, 228.6, 3),
    ("apparel", Defect.STAIN, 228.7, 4),
    # the published phone rules: 3 mm, 7 mm
    ("electronics", Defect.SCRATCH, 3.0, 0.2),
    ("electronics", Defect.SCRATCH, 3.1, 0.4),
    ("electronics", Defect.SCRATCH, 7.0, 0.4),
    ("electronics", Defect.SCRATCH, 7.1, 1),
    # what is missing has no size
    ("electronics", Defect.MISSING_LABEL, 1.0, 2),
    ("parcel", Defect.MISSING_LABEL, 5000.0, 3),
    ("parcel", Defect.TORN_PACKAGING, 20.0, 1),
    ("parcel", Defect.TORN_PACKAGING, 201.0, 4),
]


@pytest.mark.parametrize(("category", "defect", "size_mm", "points"), POINTS)
def test_points_by_size(category, defect, size_mm, points):
    rule = next(rule for rule in load(category).defect_rules if rule.defect is defect)
    assert rule.points(size_mm) == points


def _changed(path: Path, change) -> Path:
    content = yaml.safe_load((STANDARDS / "electronics@1.yaml").read_text(encoding="utf-8"))
    change(content)
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    return path


def _set(*where, to):
    def change(content):
        for key in where[:-1]:
            content = content[key]
        content[where[-1]] = to

    return change


def _drop(*where):
    def change(content):
        for key in where[:-1]:
            content = content[key]
        del content[where[-1]]

    return change


ALL = [str(disposition) for disposition in Disposition]
BROKEN = [
    # a word that the vocabulary does not have
    (_set("category", to="shoes"), r"category: Input should be 'apparel', 'electronics' or"),
    (_set("defect_rules", 0, "defect", to="dent"), r"defect_rules\.0\.defect: .*got 'dent'"),
    (_set("shots", 0, "id", to="inside"), r"shots\.0\.id: .*got 'inside'"),
    # a key that nobody knows, or one that is missing
    (_set("shots", 0, "wieght", to=1), r"shots\.0\.wieght: Extra inputs are not permitted"),
    (_drop("gates", 0, "person"), r"gates\.0\.person: Field required"),
    (_drop("questions", 0, "choices", 0, "title", "zh"), r"title\.zh: Field required"),
    (_set("title", "zh", to=" "), r"title\.zh: String should have at least 1 character"),
    # numbers out of range
    (_set("version", to=0), r"version: .*greater than or equal to 1, got '0'"),
    (_set("version", to="one"), r"version: .*valid integer.*got 'one'"),
    (_set("defect_rules", 0, "bands", 2, "points", to=5), r"bands\.2\.points: .*equal to 4, got '5"),
    (_set("defect_rules", 0, "zones", "front", to=-1), r"zones\.front: .*got '-1'"),
    (_set("dimensions", 0, "tau", to=0), r"dimensions\.0\.tau: .*greater than 0"),
    (_set("dimensions", 0, "tau", to=".nan"), r"dimensions\.0\.tau: .*number, got '.nan'"),
    (_set("shots", 0, "field_mm", to=0), r"shots\.0\.field_mm: .*greater than 0"),
    (_set("shots", 0, "each_photo", to="same"), r"shots\.0\.each_photo: .*got 'same'"),
    # bands out of order
    (_set("defect_rules", 0, "bands", 0, "up_to_mm", to=9), r"up_to_mm should rise.*got \[9"),
    (_set("defect_rules", 0, "bands", 2, "up_to_mm", to=9), r"left out of the last band"),
    (_drop("defect_rules", 0, "bands", 0, "up_to_mm"), r"up_to_mm should rise"),
    (_set("defect_rules", 0, "bands", 2, "points", to=0.1), r"points should not fall as size rises"),
    (_set("defect_rules", 0, "bands", to=[]), r"bands: Tuple should have at least 1 item"),
    # something twice
    (_set("gates", 1, "clause", to="EL-1.1"), r"clause ids should each stand once, got EL-1\.1"),
    (_set("gates", 1, "clause", to="EL1"), r"gates\.1\.clause: .*pattern.*got 'EL1'"),
    (_set("shots", 1, "id", to="front"), r"shots should each stand once, got front"),
    (_set("defect_rules", 1, "defect", to="scratch"), r"defects should each stand once, got scratch"),
    (_set("questions", 1, "id", to="powers_on"), r"questions should each stand once, got powers_on"),
    (_set("dimensions", 1, "dimension", to="appearance"), r"dimensions should each stand once"),
    (_set("questions", 1, "choices", 0, "id", to="locked"), r"choices should have different ids"),
    # parts that do not fit each other
    (lambda c: [s.update(required=False) for s in c["shots"]], r"shots should have a required one"),
    (_drop("defect_rules", 0, "zones", "screen"), r"EL-2\.1: zones should weigh each of .*screen"),
    (_set("defect_rules", 1, "zones", "serial", to=0), r"EL-2\.2: zones should have a weight above 0"),
    (_set("questions", 0, "dimension", to="hygiene"), r"dimensions should be .*hygiene.*got "),
    (_drop("dimensions", 0), r"dimensions should be .*appearance.*got completeness"),
    (_set("dimensions", 0, "weight", to=0.4), r"weights .* should sum to 1, got 1\.1"),
    (_drop("questions", 1, "choices", 1, "gate"), r"choices should close the gates EL-4\.1"),
    (_set("questions", 1, "choices", 1, "gate", to="EL-9.9"), r"should close .*got .*EL-9\.9"),
    (_set("gates", 0, "forbids", to=ALL), r"should together leave a disposition"),
    # grades that contradict each other
    (_drop("grades", 3), r"grades should be A, B, C, D in this order, got A, B, C"),
    (_set("grades", 0, "grade", to="E"), r"grades should be A, B, C, D in this order, got E, B"),
    (_set("grades", 1, "points", "appearance", to=0.5), r"EL-6\.2: points of appearance .*1, got 0\.5"),
    (_drop("grades", 0, "worst"), r"EL-6\.2: worst of appearance .*without limit, got 0\.2"),
    (_set("grades", 2, "points", "hygiene", to=1), r"EL-6\.3: limits should be of .*got hygiene"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "told"), BROKEN)
def test_a_broken_standard_says_what_is_expected_and_what_stands(tmp_path, change, told):
    path = _changed(tmp_path / "broken.yaml", change)
    with pytest.raises(StandardInvalid, match=rf"(?s)broken\.yaml: .*{told}") as refused:
        read(path)
    assert refused.value.__cause__ is not None
    assert "\n" not in str(refused.value)


def test_a_changed_standard_that_fits_is_read(tmp_path):
    path = _changed(tmp_path / "mine.yaml", _set("version", to=7))
    assert read(path).identifier == "electronics@7"


FILES_THAT_ARE_NOT = [
    (b"", r"should be an object"),
    (b"- a\n- b\n", r"should be an object"),
    (b"category: [apparel", r"not YAML"),
    (
        b"category: apparel\ncategory: parcel\n",
        r"not YAML: line 1: the key 'category' stands twice",
    ),
    (b"\xff\xfe\x00broken", r"not YAML"),
    (b"\x89PNG\r\n\x1a\n\x00\x00", r"not YAML"),
    (b"a: &a [*a]\n", r"should be|not YAML|Field required"),
    (b"[" * 5000, r"not YAML"),
    (b"category: !!python/object:os.system {}\n", r"not YAML|Input should be|Field required"),
]


@pytest.mark.parametrize(("content", "told"), FILES_THAT_ARE_NOT)
def test_a_file_that_is_no_standard_is_refused(tmp_path, content, told):
    path = tmp_path / "odd.yaml"
    path.write_bytes(content)
    with pytest.raises(StandardInvalid, match=rf"odd\.yaml: .*({told})") as refused:
        read(path)
    assert "\n" not in str(refused.value)


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    with pytest.raises(StandardInvalid, match=r"none\.yaml: cannot be read: No such file"):
        read(tmp_path / "none.yaml")
    with pytest.raises(StandardInvalid, match="cannot be read: Is a directory"):
        read(tmp_path)


def test_yes_and_no_are_words_with_or_without_quotes(tmp_path):
    text = (STANDARDS / "electronics@1.yaml").read_text(encoding="utf-8")
    bare = tmp_path / "bare.yaml"
    bare.write_text(text.replace('id: "yes"', "id: yes").replace('id: "no"', "id: no"), "utf-8")
    assert read(bare) == load(Category.ELECTRONICS)
