"""The cost tables as people edit them: a flat form there, a whole new version back, every number checked."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from models.errors import RecordInvalid
from models.grading.policy import Policy
from models.grading.reviewers import as_shares
from models.vocabulary import Category
from server import policies
from server.access import By
from server.assurance.certifying import worded
from server.assurance.reviewers import matrix
from server.errors import ContentInvalid
from server.parts import Parts
from server.policies import Version

GENERAL = "general"
"""What is the same for all categories: the look's cost, the reviewers, the shares of blind looks."""
OF_ALL = ("review_cost", "audit_share", "blind_share", "currency", "notice", "reviewers")


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """One part of the costs, ready to be edited."""

    part: str
    """A category, or GENERAL."""
    version: int
    """The version that the numbers are of: whoever saves says what they started from."""
    content: Mapping[str, Any]
    """The part as JSON has it."""
    error: str | None = None
    """Why what was sent cannot be kept."""
    why: str = ""
    """What was written as a reason."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """One version, and what it changed."""

    version: Version
    differences: tuple[tuple[str, str, str], ...]
    """Key, before, after."""


def history(here: Parts) -> list[Change]:
    """All versions, newest first, each with its differences to the one before."""
    with here.database.reading() as connection:
        found = policies.versions(connection)
    older = [*found[1:], None]
    return [
        Change(
            version=one,
            differences=tuple(policies.differences(before.policy, one.policy)) if before else (),
        )
        for one, before in zip(found, older, strict=True)
    ]


def sheet(here: Parts, part: str, *, take_measured: bool = False) -> Sheet:
    """A part of the newest version; with the measured reviewers filled in where that is asked for."""
    with here.database.reading() as connection:
        newest = policies.newest(connection)
        content = _part(newest, part)
        if take_measured and part == GENERAL:
            content["reviewers"] = _plain(as_shares(matrix(connection, newest)))
    return Sheet(part=part, version=newest.version, content=content)


def _plain(shares: Mapping[Any, Mapping[Any, float]]) -> dict[str, dict[str, float]]:
    return {str(g): {str(h): share for h, share in row.items()} for g, row in shares.items()}


def _part(policy: Policy, part: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(policy.to_json())
    if part == GENERAL:
        return {key: content[key] for key in OF_ALL}
    if part not in set(Category):
        raise ContentInvalid(f"costs are kept for {', '.join(Category)} and {GENERAL}")
    costs: dict[str, Any] = content["costs"][part]
    return costs


def save(here: Parts, by: By, part: str, form: Mapping[str, str]) -> Policy | Sheet:
    """Keep a new version; where a number cannot be, the sheet again with what was entered.

    Raises Conflict where somebody saved another version meanwhile, ContentInvalid without a reason.
    """
    with here.database.writing() as connection:
        newest = policies.newest(connection)
        content = _part(newest, part)
        entered = _entered(content, form)
        try:
            made = _made(newest, part, entered)
        except RecordInvalid as error:
            return _again(part, form, entered, str(error))
        # Two leads at once: the version that the form started from must still be the newest.
        made = made.model_copy(update={"version": _started_from(form)})
        return _keep(connection, made, newest, by, form)


def _keep(
    connection: Connection, made: Policy, newest: Policy, by: By, form: Mapping[str, str]
) -> Policy:
    if not policies.differences(newest, made):
        raise ContentInvalid("Nothing was changed, so there is nothing to save.")
    reason = worded(form.get("why", ""))
    return policies.add(connection, made, author=by.actor, why=reason, now=by.now)


def _started_from(form: Mapping[str, str]) -> int:
    text = form.get("version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0


def _again(part: str, form: Mapping[str, str], entered: dict[str, Any], error: str) -> Sheet:
    told = error.removeprefix("Policy: ")
    version, why = _started_from(form), form.get("why", "")
    return Sheet(part=part, version=version, content=entered, error=told, why=why)


def _entered(content: dict[str, Any], form: Mapping[str, str], prefix: str = "") -> dict[str, Any]:
    """The same shape with the form's texts where it has any: what is wrong with them is told later."""
    told: dict[str, Any] = {}
    for key, value in content.items():
        name = f"{prefix}.{key}" if prefix else key
        if isinstance(value, dict):
            entered = _entered(_whole_rows(key, value), form, name)
            told[key] = {k: v for k, v in entered.items() if k in value or v != 0}
        else:
            told[key] = _number(form[name]) if name in form else value
    return told


def _whole_rows(key: str, value: dict[str, Any]) -> dict[str, Any]:
    """Shares that are left out are 0, and the form has a field for each grade."""
    is_row = key in {"unseen", *"ABCDE"}
    return {grade: value.get(grade, 0) for grade in "ABCDE"} if is_row else value


def _number(text: str) -> float | str | None:
    text = text.strip()
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        return text
    # JSON has no infinity: as text it is refused with the field's name.
    return value if math.isfinite(value) else text


def _made(newest: Policy, part: str, entered: dict[str, Any]) -> Policy:
    content = json.loads(newest.to_json())
    if part == GENERAL:
        content |= entered
    else:
        content["costs"][part] = entered
    return Policy.from_json(json.dumps(content, allow_nan=False))
