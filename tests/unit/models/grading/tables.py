"""The tables of docs/standards.md as the standards' files would have them.

`python -m tests.unit.models.grading.tables` prints them after a standard has changed.
"""

from collections.abc import Iterator

from models.grading.rules import Band, Choice
from models.grading.standard import Standard, load
from models.vocabulary import Category

HEAD = "| clause | is about | says |\n|---|---|---|"


def rows(standard: Standard) -> Iterator[str]:
    for clause, about, says in _cells(standard):
        yield f"| `{clause}` | {about} | {says} |"


def _cells(standard: Standard) -> Iterator[tuple[str, str, str]]:
    for shot in standard.shots:
        yield shot.clause, f"shot `{shot.id}`", f"{shot.title.en}: {_shot(shot)}"
    for rule in standard.defect_rules:
        zones = ", ".join(f"{shot} {weight:g}" for shot, weight in rule.zones.items())
        points = ", ".join(_band(band) for band in rule.bands)
        if len(rule.bands) == 1:
            points = f"{rule.bands[0].points:g} whatever its size"
        about = f"defect `{rule.defect}`, {rule.dimension}"
        yield rule.clause, about, f"points: {points}; weights: {zones}"
    for question in standard.questions:
        choices = ", ".join(_choice(choice) for choice in question.choices)
        about = f"question `{question.id}`, {question.dimension}"
        yield question.clause, about, f"{question.title.en}: {choices}"
    for gate in standard.gates:
        forbids = f", never {' or '.join(gate.forbids)}" if gate.forbids else ""
        person = ", a person looks" if gate.person else ""
        yield gate.clause, "gate", f"{gate.title.en}: {gate.cap} at best{forbids}{person}"
    for dimension in standard.dimensions:
        says = f"weight {dimension.weight:g}, τ {dimension.tau:g}"
        yield dimension.clause, f"score of {dimension.dimension}", says
    for limit in standard.grades:
        most = ", ".join(f"{d} {p:g}" for d, p in limit.points.items())
        single = ", ".join(f"{d} {p:g}" for d, p in limit.worst.items())
        says = f"at most {most}" + (f"; a single defect at most {single}" if single else "")
        yield limit.clause, f"grade {limit.grade}", says


def _shot(shot) -> str:
    said = ["required" if shot.required else "optional", f"covers about {shot.field_mm:g} mm"]
    said += ["a close-up"] if shot.closeup else []
    said += ["each photo shows another side"] if shot.each_photo == "another_side" else []
    said += [f"expects a {part}" for part in shot.expects]
    return ", ".join(said)


def _band(band: Band) -> str:
    return f"{band.points:g} " + (f"up to {band.up_to_mm:g} mm" if band.up_to_mm else "above")


def _choice(choice: Choice) -> str:
    gate = f" and gate {choice.gate}" if choice.gate else ""
    return f"`{choice.id}` {choice.points:g}{gate}"


def shares() -> Iterator[str]:
    """Where the bands end on a photo without millimetres; rules with one band have no ends."""
    for category in Category:
        standard = load(category)
        for rule in (rule for rule in standard.defect_rules if len(rule.bands) > 1):
            for shot in (shot for shot in standard.shots if rule.zones[shot.id]):
                ends = [band.up_to_mm / shot.field_mm for band in rule.bands if band.up_to_mm]
                told = ", ".join(f"{end:.1%}" for end in ends)
                yield f"| `{rule.clause}` | `{shot.id}` | {told} |"


def text() -> str:
    parts = []
    for category in Category:
        standard = load(category)
        parts.append(f"## {standard.title.en}: `{standard.identifier}`\n\n{HEAD}")
        parts[-1] += "\n" + "\n".join(rows(standard))
    return "\n\n".join(parts)


if __name__ == "__main__":
    print("\n".join(shares()), text(), sep="\n\n")  # noqa: T201 - this is what it is run for
