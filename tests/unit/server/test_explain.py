"""Boxes lie where the findings are, labels stay on the photo, and every number has its words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.grading.evidence import evidence_of
from models.grading.judge import judge
from models.grading.policy import default_policy
from models.grading.standard import load
from models.records import Inspection
from models.vocabulary import Category, Defect, Dimension, Grade, Language
from server.explain import box, explain, text_width, views
from tests.factories import answer, finding, inspection, judgement, photo, sha256

coordinates = st.floats(0, 5000)


@given(
    width=st.integers(64, 4000),
    height=st.integers(64, 4000),
    corner=st.tuples(coordinates, coordinates),
    size=st.tuples(st.floats(0.5, 3000), st.floats(0.5, 3000)),
    language=st.sampled_from(Language),
)
def test_boxes_and_labels_are_on_the_photo(
    width: int,
    height: int,
    corner: tuple[float, float],
    size: tuple[float, float],
    language: Language,
) -> None:
    x, y = corner
    one = finding(xyxy=(x, y, x + size[0], y + size[1]))
    drawn = box(one, 1, photo(width=width, height=height), language)
    assert 0 <= drawn.x < drawn.x + drawn.width <= max(width, drawn.x + 1)
    assert 0 <= drawn.y < drawn.y + drawn.height <= max(height, drawn.y + 1)
    assert 0 <= drawn.tag.x <= width
    assert 0 <= drawn.tag.y <= height
    assert drawn.tag.width > text_width(drawn.tag.text, drawn.tag.font_px)


def test_a_box_inside_the_photo_is_drawn_as_it_is() -> None:
    drawn = box(finding(xyxy=(10, 200, 60, 240), probability=0.87), 3, photo(), Language.EN)
    assert (drawn.x, drawn.y, drawn.width, drawn.height) == (10, 200, 50, 40)
    assert drawn.tag.text == "3 Stain 87 %"
    assert drawn.tag.y + drawn.tag.height == pytest.approx(200)


def test_each_finding_is_on_its_own_photo_with_its_own_number() -> None:
    two = tuple(photo(sha256=sha256(name)) for name in ("a", "b"))
    found = (
        finding(finding_id="f1", photo_sha256=sha256("b")),
        finding(finding_id="f2", photo_sha256=sha256("a")),
        finding(finding_id="f3", photo_sha256=sha256("b")),
    )
    shown = views(inspection(photos=two, findings=found), Language.EN)
    assert [[b.number for b in view.boxes] for view in shown] == [[2], [1, 3]]


def graded(**said: object) -> tuple[Inspection, object]:
    one = inspection(**said)
    standard = load(one.category)
    return one, judge(evidence_of(one, standard), standard, default_policy())


def test_scores_name_their_clauses_in_words() -> None:
    one, told = graded(
        findings=(finding(),), answers=(answer("tag", "removed"), answer("worn", "unworn"))
    )
    said = explain(one, told, Language.EN)  # type: ignore[arg-type]
    by_dimension = {score.dimension: score for score in said.scores}
    assert by_dimension[Dimension.APPEARANCE].grounds == (("AP-2.1", "Stain"),)
    assert by_dimension[Dimension.IDENTITY].grounds == (("AP-3.1", "Brand tag: Removed or cut"),)
    assert by_dimension[Dimension.HYGIENE].score == 100
    assert by_dimension[Dimension.FUNCTION].score is None  # nobody answered
    assert said.gates == (("AP-4.1", "The brand tag was removed"),)
    assert said.overall is not None


@pytest.mark.parametrize(
    ("language", "told"), [(Language.EN, "Does it power on? No"), (Language.ZH, "能否开机：不能")]
)
def test_an_answer_reads_like_one(language: Language, told: str) -> None:
    one, judged = graded(
        category=Category.ELECTRONICS,
        standard="electronics@1",
        answers=(answer("powers_on", "no"),),
    )
    said = explain(one, judged, language)  # type: ignore[arg-type]
    assert [g for score in said.scores for g in score.grounds] == [("EL-3.1", told)]


@pytest.mark.parametrize("category", Category)
@pytest.mark.parametrize("language", Language)
def test_every_answer_of_every_standard_has_its_words(
    category: Category, language: Language
) -> None:
    standard = load(category)
    for question in standard.questions:
        for choice in question.choices:
            one = inspection(
                category=category,
                standard=standard.identifier,
                answers=(answer(question.id, choice.id),),
            )
            replies = {r.clause: r for r in explain(one, judgement(), language).checklist}
            assert replies[question.clause].answer == choice.title[language]
            assert replies[question.clause].is_flaw == (
                choice.points > 0 or choice.gate is not None
            )
            assert sum(reply.answer is None for reply in replies.values()) == len(replies) - 1


def test_an_unknown_standard_leaves_out_its_words_only() -> None:
    one = inspection(
        standard="apparel@99",
        answers=(answer("q", "c"),),
        findings=(finding(defect=Defect.SCRATCH),),
    )
    said = explain(one, judgement(gates=("AP-9.9",)), Language.ZH)
    assert said.standard is None
    assert said.gates == (("AP-9.9", "AP-9.9"),)
    assert [(r.question, r.answer) for r in said.checklist] == [("q", "c")]
    assert [score.score for score in said.scores] == [70.0]
    assert said.views[0].boxes[0].tag.text.startswith("1 划痕")


def test_all_grades_are_shown_best_first() -> None:
    said = explain(inspection(), judgement(), Language.EN)
    assert said.grades == (
        (Grade.A, 0.1),
        (Grade.B, 0.7),
        (Grade.C, 0.2),
        (Grade.D, 0.0),
        (Grade.E, 0.0),
    )


def test_chinese_letters_are_wide() -> None:
    assert text_width("污渍", 10) > text_width("ab", 10) * 1.5
