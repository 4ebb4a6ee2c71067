"""Strategies and shorthands for what the rules look at."""

from hypothesis import strategies as st

from models.grading.evidence import Evidence
from models.grading.standard import Standard, load
from models.records import Answer, Finding
from models.vocabulary import Category, Defect, Shot
from tests.factories import answer, finding, sha256

GOOD = {
    Category.APPAREL: {
        "tag": "attached",
        "worn": "unworn",
        "complete": "complete",
        "function": "works",
    },
    Category.ELECTRONICS: {
        "powers_on": "yes",
        "lock": "unlocked",
        "serial": "matches",
        "accessories": "complete",
        "repaired": "no_signs",
    },
    Category.PARCEL: {"seal": "sealed", "contents": "complete"},
}


def answered(category: Category, **but: str) -> tuple[Answer, ...]:
    """Every question answered well, but for the ones named."""
    return tuple(answer(q, c) for q, c in (GOOD[category] | but).items())


def seen(defect: Defect, shot: Shot, probability: float, *, n: int = 1, photo: int = 0, **said):
    """n findings alike on one photo of the shot; finding ids are unique per photo and shot."""
    return tuple(
        finding(
            finding_id=f"{defect}-{shot}-{photo}-{probability}-{i}",
            defect=defect,
            shot=shot,
            probability=probability,
            photo_sha256=sha256(f"{shot}{photo}"),
            **said,
        )
        for i in range(n)
    )


probabilities = st.one_of(st.floats(0, 1), st.sampled_from([0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0]))
sizes_mm = st.one_of(st.none(), st.floats(0, 400), st.sampled_from([3.0, 7.0, 76.2, 76.3]))


@st.composite
def findings(draw, at_most: int = 14) -> tuple[Finding, ...]:
    def one(index: int) -> Finding:
        shot = draw(st.sampled_from(Shot))
        return finding(
            finding_id=f"f{index}",
            defect=draw(st.sampled_from(Defect)),
            shot=shot,
            photo_sha256=sha256(f"{shot}{draw(st.integers(0, 2))}"),
            probability=draw(probabilities),
            size_mm=draw(sizes_mm),
            size_share=draw(st.floats(0, 1)),
        )

    return tuple(one(i) for i in range(draw(st.integers(0, at_most))))


@st.composite
def answers(draw, standard: Standard) -> tuple[Answer, ...]:
    """Some questions answered, some not, now and then twice or with a choice nobody knows."""
    given = []
    for question in standard.questions:
        choices = st.sampled_from([choice.id for choice in question.choices] + ["from_elsewhere"])
        given += [answer(question.id, c) for c in draw(st.lists(choices, max_size=2))]
    return tuple(given)


categories = st.sampled_from(Category)


@st.composite
def cases(draw, at_most: int = 14) -> tuple[Category, Evidence]:
    category = draw(categories)
    standard = load(category)
    return category, Evidence(
        findings=draw(findings(at_most)),
        answers=draw(answers(standard)),
        not_seen=draw(st.sets(st.sampled_from(standard.required_shots)).map(tuple)),
        not_assessable=draw(st.sets(st.sampled_from(standard.defects)).map(tuple)),
        insisted=draw(st.booleans()),
    )
