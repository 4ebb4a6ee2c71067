"""Rules that people edit: YAML in, frozen records out, and every mistake told where it stands."""

import json
from collections.abc import Hashable
from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import ConfigDict

from models.errors import RecordInvalid, SecondlookError
from models.record import Record


class Rule(Record):
    """A piece of a file that people edit: unlike on the wire, a key nobody knows is a mistake."""

    model_config = ConfigDict(extra="forbid")


RuleT = TypeVar("RuleT", bound=Rule)


class _Loader(yaml.BaseLoader):
    """Every value stays the text that was written, and no key may stand twice.

    YAML 1.1 would read the choice id `no` as false and silently keep the last of two equal keys.
    """

    def construct_mapping(
        self,
        node: yaml.MappingNode,
        deep: bool = False,  # noqa: FBT001, FBT002 - the signature is PyYAML's
    ) -> dict[Hashable, object]:
        """Build one mapping, refusing a key that stands twice."""
        keys = [str(key.value) for key, _ in node.value]
        twice = sorted({key for key in keys if keys.count(key) > 1})
        if twice:
            line = node.start_mark.line + 1
            raise yaml.YAMLError(f"line {line}: the key {twice[0]!r} stands twice")
        return super().construct_mapping(node, deep=deep)


def read_rules(path: Path, kind: type[RuleT], refusal: type[SecondlookError]) -> RuleT:
    """Read one file of rules. Raises `refusal`, naming the file, what it expects and what stands."""
    try:
        content = yaml.load(path.read_bytes(), Loader=_Loader)  # noqa: S506 - builds only str, list, dict
        return kind.from_json(json.dumps(content))
    except OSError as error:
        raise refusal(f"{path}: cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeError, RecursionError) as error:
        raise refusal(f"{path}: not YAML: {' '.join(str(error).split())}") from error
    except RecordInvalid as error:
        raise refusal(f"{path}: {error}") from error
