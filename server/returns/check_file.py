"""An exported file on any machine: every hash, the signature, the chain, the corrections. No server, no database.

Nothing is unpacked, and nothing is believed before it is compared: sizes come from what is read.
"""

import base64
import hashlib
import json
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from models.errors import RecordInvalid
from models.records import Decision, Inspection
from server.chain import Link, earlier, sha256, way_back
from server.errors import ContentInvalid

MANIFEST, SIGNATURE, CHAIN = "manifest.json", "manifest.sig.json", "chain.json"
FORMAT = "secondlook-file/1"
MOST_TEXT_BYTES = 50_000_000
"""No manifest or record is longer; a photo is read in blocks."""
BLOCK_BYTES = 1 << 20


@dataclass
class Checked:
    """What was read, and what is wrong with it."""

    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """What is no fault, and good to know."""
    texts: dict[str, str] = field(default_factory=dict)
    """Records and the chain, by their path."""
    manifest: Mapping[str, Any] = field(default_factory=dict)
    files: int = 0
    key_id: str = ""
    head: str = ""


def check_file(path: Path, key: str | None = None) -> Checked:
    """Check everything; `key` is the server's public key, known from elsewhere. Raises ContentInvalid."""
    checked = Checked()
    try:
        with zipfile.ZipFile(path) as archive:
            _read(archive, checked, key)
    except (OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise ContentInvalid(
            f"{path} should be a file that Secondlook exported: {error}"
        ) from error
    return checked


def _read(archive: zipfile.ZipFile, checked: Checked, key: str | None) -> None:
    names = Counter(info.filename for info in archive.infolist())
    checked.faults += [f"{name} is there {n} times" for name, n in names.items() if n > 1]
    manifest = _text(archive, MANIFEST, checked)
    if manifest is None:
        return
    checked.manifest = _object(manifest, MANIFEST, checked)
    if checked.manifest.get("format") != FORMAT:
        said = checked.manifest.get("format")
        checked.faults.append(f"{MANIFEST} should be of format {FORMAT}, got {said!r}")
        return
    _check_signature(archive, manifest.encode(), checked, key)
    _check_files(archive, set(names), checked)
    try:
        _check_records(checked)
    except (KeyError, TypeError, ValueError, AttributeError, RecordInvalid) as error:
        checked.faults.append(f"the records cannot be read: {type(error).__name__}: {error}")


def _text(archive: zipfile.ZipFile, name: str, checked: Checked) -> str | None:
    try:
        with archive.open(name) as file:
            content = file.read(MOST_TEXT_BYTES + 1)
        if len(content) > MOST_TEXT_BYTES:
            checked.faults.append(f"{name} is longer than any that Secondlook writes")
            return None
        return content.decode()
    except KeyError:
        checked.faults.append(f"{name} is missing")
    except (zipfile.BadZipFile, UnicodeDecodeError, OSError, EOFError) as error:
        checked.faults.append(f"{name} cannot be read: {error}")
    return None


def _object(text: str, name: str, checked: Checked) -> dict[str, Any]:
    try:
        said = json.loads(text)
    except ValueError:
        said = None
    if isinstance(said, dict):
        return said
    checked.faults.append(f"{name} should be a JSON object")
    return {}


def _check_signature(
    archive: zipfile.ZipFile, manifest: bytes, checked: Checked, key: str | None
) -> None:
    text = _text(archive, SIGNATURE, checked)
    if text is None:
        return
    said = _object(text, SIGNATURE, checked)
    public = str(said.get("public_key", ""))
    try:
        raw = base64.b64decode(public, validate=True)
        signature = base64.b64decode(str(said.get("signature", "")), validate=True)
        Ed25519PublicKey.from_public_bytes(raw).verify(signature, manifest)
    except (InvalidSignature, ValueError):
        checked.faults.append(f"{MANIFEST} is not what was signed")
        return
    checked.key_id = hashlib.sha256(raw).hexdigest()[:16]
    if key is not None and key.strip() != public:
        checked.faults.append(f"signed with another key than the one given: {public}")
    if key is None:
        checked.notes.append(
            f"signed with key {checked.key_id}; only --key, with the server's key from elsewhere, tells "
            "whose it is"
        )


def _check_files(archive: zipfile.ZipFile, there: set[str], checked: Checked) -> None:
    listed = checked.manifest["files"]
    checked.faults += [
        f"{name} stands in no manifest"
        for name in sorted(there - set(listed) - {MANIFEST, SIGNATURE})
    ]
    for name, facts in listed.items():
        checked.files += 1
        if name not in there:
            checked.faults.append(f"{name} is missing")
        elif fault := _file_fault(archive, name, facts, checked):
            checked.faults.append(fault)
    for name, why in checked.manifest.get("missing", {}).items():
        checked.notes.append(f"{name} was not there when the file was made: {why}")


def _file_fault(
    archive: zipfile.ZipFile, name: str, facts: Mapping[str, Any], checked: Checked
) -> str | None:
    seen, size, kept = hashlib.sha256(), 0, bytearray()
    try:
        with archive.open(name) as file:
            while (block := file.read(BLOCK_BYTES)) and size <= facts["bytes"]:
                size += len(block)
                seen.update(block)
                if name.endswith(".json") and size <= MOST_TEXT_BYTES:
                    kept += block
    except (zipfile.BadZipFile, OSError, EOFError, ValueError) as error:
        return f"{name} cannot be read: {error}"
    checked.texts[name] = kept.decode(errors="replace")
    if size != facts["bytes"] or seen.hexdigest() != facts["sha256"]:
        return f"{name} was changed: it is not what the manifest names"
    return None


def _check_records(checked: Checked) -> None:
    records = {e["name"]: checked.texts.get(e["path"], "") for e in checked.manifest["records"]}
    inspection = Inspection.from_json(records["inspection"])
    _check_photos(inspection, checked)
    proof = json.loads(checked.texts[CHAIN])
    decisions = [
        (name.partition(" ")[2], records[name]) for name in records if name.startswith("decision ")
    ]
    for name, record in decisions:
        checked.faults += _content_faults(name, record, proof["contents"].get(name), records)
    checked.faults += _chain_faults(proof, checked)
    checked.faults += _correction_faults(decisions, proof["contents"])
    strangers = sorted(set(proof["contents"]) - {name for name, _ in decisions})
    checked.faults += [f"decision {name} of the chain is missing" for name in strangers]


def _check_photos(inspection: Inspection, checked: Checked) -> None:
    listed = {f["sha256"] for n, f in checked.manifest["files"].items() if n.startswith("photos/")}
    told = {name.partition("/")[2].partition(".")[0] for name in checked.manifest["missing"]}
    for photo in inspection.photos:
        if photo.sha256 not in listed | told:
            checked.faults.append(f"photo {photo.sha256} of the inspection is missing")


def _content_faults(
    name: str, record: str, entry: Mapping[str, Any] | None, records: Mapping[str, str]
) -> Iterator[str]:
    if entry is None:
        yield f"decision {name} stands in no entry of the chain"
        return
    said = json.loads(entry["content"])
    if (said["kind"], said["name"]) != ("decision", name) or said["record"] != sha256(record):
        yield f"decision {name} is not the one that the chain names"
    for what, noted in said["rests_on"].items():
        if noted not in {sha256(text) for key, text in records.items() if _same(key, what)}:
            yield f"{what} that decision {name} rests on is missing or was changed"


def _same(key: str, what: str) -> bool:
    """`routing 2` is one of the routings; an opinion goes by its whole name."""
    return key == what if " " in what else key.partition(" ")[0] == what


def _chain_faults(proof: Mapping[str, Any], checked: Checked) -> Iterator[str]:
    """From the head back to the oldest decision, each link's hash is computed and must be the one named."""
    if not proof["contents"]:
        return
    links = {link["position"]: Link(**link) for link in proof["links"]}
    entries = {entry["position"]: entry for entry in proof["contents"].values()}
    newest = proof["head"]["position"]
    checked.head = f"{newest}:{proof['head']['sha256']}"
    named = {newest: proof["head"]["sha256"]}
    for at in way_through(newest, entries):
        link = links.get(at)
        if link is None:
            yield f"entry {at} of the chain is missing"
            return
        if link.sha256 != named[at]:
            yield f"entry {at} of the chain was changed"
        if at in entries and sha256(entries[at]["content"]) != link.content_sha256:
            yield f"entry {at} of the chain is about something else"
        named[at - 1] = link.previous
        named[earlier(at)] = link.skip


def way_through(newest: int, positions: Mapping[int, object] | set[int]) -> list[int]:
    """The places from the newest entry back through all of these."""
    way, at = [newest], newest
    for goal in sorted(positions, reverse=True):
        way += [step for step in way_back(at, goal) if step != at]
        at = goal
    return way


def _correction_faults(
    decisions: list[tuple[str, str]], contents: Mapping[str, Mapping[str, Any]]
) -> Iterator[str]:
    places = {name: entry["position"] for name, entry in contents.items()}
    corrected: set[str | None] = set()
    known = {name for name, _ in decisions}
    for name, record in sorted(decisions, key=lambda one: places.get(one[0], 0)):
        before = Decision.from_json(record).supersedes
        if before in corrected:
            told = before or "nothing"
            yield f"decision {name} corrects {told}, which another one corrects already"
        elif before is not None and before not in known:
            yield f"decision {name} corrects {before}, which is missing"
        elif before is not None and places.get(before, 0) >= places.get(name, 0):
            yield f"decision {name} corrects {before}, which came later"
        corrected.add(before)
