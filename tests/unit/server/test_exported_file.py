"""What is taken away can be checked anywhere, and whatever was changed in it is told."""

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from models.vocabulary import Role
from server import custody
from server.chain import sha256 as sha256_of
from server.cli import main
from server.custody import Hold, HoldEvent
from server.errors import ContentInvalid
from server.returns.check_file import CHAIN, MANIFEST, SIGNATURE, check_file
from server.signing import load_signer
from tests.factories import finding, photo, sha256
from tests.unit.server.running import JPEG, Person, Running, an_inspection, put_photo, send

OTHER = b"\xff\xd8\xff\xe0 another photo"
ID = an_inspection(1).inspection_id
Parts = dict[str, bytes]


def correction(lead: Person, grade: str = "A", **said: str) -> int:
    page = lead.get(f"/returns/{ID}").text
    form = {
        name: page.split(f'name="{name}" value="')[1].split('"')[0]
        for name in ("form_token", "opinion_id", "decision_id")
    }
    content = {**form, "disposition": "donate", "reason": "seen again", "grade": grade} | said
    return lead.client.post(f"/returns/{ID}/correction", data=content).status_code


@pytest.fixture
def exported(server: Running, tmp_path: Path) -> Path:
    """One return with two photos, decided by a person, corrected twice, among others."""
    station = server.station()
    put_photo(station, OTHER)
    photos = (
        photo(sha256=sha256(JPEG), size_bytes=len(JPEG)),
        photo(sha256=sha256(OTHER), size_bytes=len(OTHER)),
    )
    found = (finding(photo_sha256=sha256(JPEG)),)
    send(station, an_inspection(1, photos=photos, findings=found), *map(an_inspection, (2, 3, 4)))
    ann, lead = server.person("ann"), server.person("lead", Role.QA_LEAD)
    for number in (2, 1, 3):
        decide(ann, number)
        server.clock.pass_by(minutes=1)
    assert correction(lead, "D") == 303
    decide(ann, 4)
    assert correction(lead, "E") == 303
    path = tmp_path / "file.zip"
    answer = server.person("eve", Role.AUDITOR).get(f"/returns/{ID}/file.zip")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/zip"
    path.write_bytes(answer.content)
    return path


def decide(person: Person, number: int) -> None:
    place = f"/review/{an_inspection(number).inspection_id}"
    person.post(f"{place}/take")
    answer = {"opinion_id": f"o{number}", "grade": "B", "disposition": "resell", "note": "ok"}
    assert person.post(place, answer).status_code == 303


def test_it_holds_everything_and_is_as_it_was(exported: Path) -> None:
    checked = check_file(exported)
    assert checked.faults == []
    with zipfile.ZipFile(exported) as archive:
        names = set(archive.namelist())
        assert {MANIFEST, SIGNATURE, CHAIN, "index.html"} <= names
        assert archive.read(f"photos/{sha256(JPEG)}.jpg") == JPEG
        kinds = [name.split("-")[-1] for name in sorted(names) if name.startswith("records/")]
        page = archive.read("index.html").decode()
        records = json.loads(archive.read(MANIFEST))["records"]
    assert kinds.count("decision.json") == 3
    assert kinds.count("opinion.json") == 3
    assert {"inspection.json", "routing.json", "judgement.json"} <= set(kinds)
    assert records[0]["name"] == "inspection"
    assert "<script" not in page
    for told in ("seen again", "Correction of version 1", "更正第 1 版", "Stain", "污渍"):
        assert told in page


def test_the_command_checks_it_without_server_and_database(
    exported: Path,
    server: Running,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SECONDLOOK_HOME", "/proc/nothing")  # nothing is opened there

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["secondlook-server", "verify", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    code, out, err = run(str(exported))
    assert (code, "all as they were, chain up to 6:" in out) == (0, True), out + err
    assert "only --key" in err
    key = server.parts.signer.public_key
    assert run(str(exported), "--key", key)[0] == 0
    other = "A" * 43 + "="
    code, _, err = run(str(exported), "--key", other)
    assert (code, "another key" in err) == (1, True)
    exported.write_bytes(exported.read_bytes()[:300])
    code, _, err = run(str(exported))
    assert code == 2
    assert err.count("\n") == 1


def parts_of(path: Path) -> Parts:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def written(path: Path, parts: Parts) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def named(parts: Parts, kind: str, number: int = 0) -> str:
    return [name for name in sorted(parts) if name.endswith(f"{kind}.json")][number]


def chain(parts: Parts) -> dict:
    return json.loads(parts[CHAIN])


def set_chain(parts: Parts, content: dict) -> None:
    parts[CHAIN] = json.dumps(content).encode()


def renamed(parts: Parts, name: str, content: bytes) -> None:
    """Change a file, and the manifest with it."""
    parts[name] = content
    manifest = json.loads(parts[MANIFEST])
    manifest["files"][name] = {"sha256": sha256(content), "bytes": len(content)}
    parts[MANIFEST] = json.dumps(manifest).encode()


def changed_byte(parts: Parts) -> None:
    name = named(parts, "decision")
    parts[name] = parts[name].replace(b'"decided_by":"', b'"decided_by":"x')


def changed_photo(parts: Parts) -> None:
    parts[f"photos/{sha256(JPEG)}.jpg"] = OTHER


def longer_photo(parts: Parts) -> None:
    parts[f"photos/{sha256(JPEG)}.jpg"] = JPEG + b"\0" * 10_000_000


def removed_decision(parts: Parts) -> None:
    del parts[named(parts, "decision", 1)]


def removed_photo(parts: Parts) -> None:
    del parts[f"photos/{sha256(OTHER)}.jpg"]


def removed_signature(parts: Parts) -> None:
    del parts[SIGNATURE]


def removed_manifest(parts: Parts) -> None:
    del parts[MANIFEST]


def put_in(parts: Parts) -> None:
    parts["records/99-decision.json"] = parts[named(parts, "decision")]


def swapped_manifest(parts: Parts) -> None:
    renamed(parts, "index.html", b"<p>all fine</p>")


def swapped_decision_and_manifest(parts: Parts) -> None:
    name = named(parts, "decision")
    renamed(parts, name, parts[name].replace(b'"decided_by":"', b'"decided_by":"x'))


def changed_opinion_and_manifest(parts: Parts) -> None:
    name = named(parts, "opinion", -1)
    renamed(parts, name, parts[name].replace(b"seen again", b"never seen"))


def reordered(parts: Parts) -> None:
    proof = chain(parts)
    first, second, *_ = proof["contents"].values()
    first["position"], second["position"] = second["position"], first["position"]
    set_chain(parts, proof)
    renamed(parts, CHAIN, parts[CHAIN])


def shortened_chain(parts: Parts) -> None:
    proof = chain(parts)
    proof["links"] = proof["links"][1:]
    set_chain(parts, proof)
    renamed(parts, CHAIN, parts[CHAIN])


def rewritten_link(parts: Parts) -> None:
    proof = chain(parts)
    proof["links"][-1]["previous"] = sha256("x")
    set_chain(parts, proof)
    renamed(parts, CHAIN, parts[CHAIN])


def removed_correction_everywhere(parts: Parts) -> None:
    """With the manifest and the chain's proof: the next correction names what is gone."""
    manifest, proof = json.loads(parts[MANIFEST]), chain(parts)
    ordered = sorted(proof["contents"].items(), key=lambda item: item[1]["position"])
    name = ordered[1][0]
    path = next(r["path"] for r in manifest["records"] if r["name"] == f"decision {name}")
    del parts[path], proof["contents"][name], manifest["files"][path]
    manifest["records"] = [r for r in manifest["records"] if r["path"] != path]
    parts[MANIFEST] = json.dumps(manifest).encode()
    set_chain(parts, proof)
    renamed(parts, CHAIN, parts[CHAIN])


NOT_SIGNED = "manifest.json is not what was signed"
TAMPERINGS: list[tuple[Callable[[Parts], None], list[str]]] = [
    (changed_byte, ["decision.json was changed", "is not the one that the chain names"]),
    (changed_photo, [f"photos/{sha256(JPEG)}.jpg was changed"]),
    (longer_photo, [f"photos/{sha256(JPEG)}.jpg was changed"]),
    (removed_decision, ["decision.json is missing"]),
    (removed_photo, [f"photos/{sha256(OTHER)}.jpg is missing"]),
    (removed_signature, ["manifest.sig.json is missing"]),
    (removed_manifest, ["manifest.json is missing"]),
    (put_in, ["records/99-decision.json stands in no manifest"]),
    (swapped_manifest, [NOT_SIGNED]),
    (swapped_decision_and_manifest, [NOT_SIGNED, "is not the one that the chain names"]),
    (changed_opinion_and_manifest, [NOT_SIGNED, "rests on is missing or was changed"]),
    (reordered, [NOT_SIGNED, "of the chain is about something else"]),
    (shortened_chain, [NOT_SIGNED, "entry 6 of the chain is missing"]),
    (rewritten_link, [NOT_SIGNED, "of the chain was changed"]),
    (removed_correction_everywhere, [NOT_SIGNED, "which is missing"]),
]


@pytest.mark.parametrize(("tamper", "told"), TAMPERINGS, ids=lambda v: getattr(v, "__name__", ""))
def test_tampering_is_told(
    exported: Path, tamper: Callable[[Parts], None], told: list[str]
) -> None:
    parts = parts_of(exported)
    tamper(parts)
    faults = check_file(written(exported, parts)).faults
    for line in told:
        assert any(line in fault for fault in faults), faults
    assert all("\n" not in fault for fault in faults)


def test_a_manifest_signed_with_another_key_is_told_by_the_key(
    exported: Path, server: Running, tmp_path: Path
) -> None:
    parts = parts_of(exported)
    changed_byte(parts)
    renamed(parts, named(parts, "decision"), parts[named(parts, "decision")])
    forger = load_signer(tmp_path)
    parts[SIGNATURE] = json.dumps(
        {"public_key": forger.public_key, "signature": forger.sign(parts[MANIFEST])}
    ).encode()
    faults = check_file(written(exported, parts), server.parts.signer.public_key).faults
    assert any("another key" in fault for fault in faults)
    # And the chain tells it even to whoever does not know the key.
    assert any("not the one that the chain names" in f for f in check_file(exported).faults)


def test_a_name_that_is_there_twice_is_told(exported: Path) -> None:
    parts = parts_of(exported)
    with zipfile.ZipFile(exported, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("index.html", parts["index.html"])
    assert any("index.html is there 2 times" in f for f in check_file(exported).faults)


@pytest.mark.parametrize(
    "manifest",
    [b"", b"[]", b"{}", b"\xff", b'{"format": "secondlook-file/2"}', b'{"format": "secondlook-file/1", "files": {}, "records": [], "missing": {}}'],
)  # fmt: skip
def test_hostile_manifests_are_faults_and_no_crash(exported: Path, manifest: bytes) -> None:
    parts = parts_of(exported) | {MANIFEST: manifest}
    assert check_file(written(exported, parts)).faults


def test_what_is_no_zip_is_said(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    for content in (b"", b"no zip", io.BytesIO(b"PK\x03\x04" * 100).getvalue()):
        path.write_bytes(content)
        with pytest.raises(ContentInvalid, match="should be a file that Secondlook exported"):
            check_file(path)


def test_a_photo_that_is_gone_or_rotten_is_named_and_the_rest_is_there(
    exported: Path, server: Running
) -> None:
    server.parts.archive.storage.path(sha256(JPEG)).write_bytes(b"rot")
    server.parts.archive.storage.path(sha256(OTHER)).unlink()
    answer = server.person().get(f"/returns/{ID}/file.zip")
    exported.write_bytes(answer.content)
    checked = check_file(exported)
    assert checked.faults == []
    assert sum("was not there when the file was made" in note for note in checked.notes) == 2


def test_a_file_without_any_decision_is_whole_too(server: Running, tmp_path: Path) -> None:
    send(server.station(), an_inspection(1))
    path = tmp_path / "x.zip"
    path.write_bytes(server.person().get(f"/returns/{ID}/file.zip").content)
    checked = check_file(path)
    assert (checked.faults, checked.head) == ([], "")
    assert server.person().get("/returns/nothing/file.zip").status_code == 404


def test_a_correction_names_what_it_corrects_and_both_are_shown(
    exported: Path, server: Running
) -> None:
    del exported
    page = server.person("eve", Role.AUDITOR).get(f"/returns/{ID}").text
    for told in (
        "version 3, corrects version 2",
        "version 1",
        "seen again",
        "entry 6 of the chain",
    ):
        assert told in page.replace("\n", "")
    assert "/correction" not in page  # an auditor changes nothing


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({"reason": ""}, 422),
        ({"reason": "ok"}, 422),
        ({"grade": "E", "disposition": "donate"}, 422),  # what counts already
        ({"grade": "F"}, 422),
        ({"decision_id": "another"}, 409),
        ({"opinion_id": ""}, 422),
    ],
)
def test_corrections_that_cannot_be(
    exported: Path, server: Running, said: dict[str, str], status: int
) -> None:
    del exported
    lead = server.person("lead", Role.QA_LEAD)
    assert correction(lead, **{"grade": "A"} | said) == status


def test_a_correction_sent_twice_counts_once_and_of_two_at_once_one(
    exported: Path, server: Running
) -> None:
    del exported
    lead = server.person("lead", Role.QA_LEAD)
    assert correction(lead, "A", opinion_id="same") == 303
    assert correction(lead, "A", opinion_id="same") == 303
    page = lead.get(f"/returns/{ID}").text
    assert "version 4" in page
    assert "version 5" not in page


def test_nothing_to_correct_is_said(server: Running) -> None:
    send(server.station(), an_inspection(1))
    lead = server.person("lead", Role.QA_LEAD)
    form = {"opinion_id": "o", "decision_id": "d", "grade": "A", "disposition": "resell", "reason": "because"}  # fmt: skip
    answer = lead.post(f"/returns/{ID}/correction", form)
    assert answer.status_code == 409
    assert "Nothing is decided yet" in answer.text


def test_places_in_the_chain_are_proved_among_many(server: Running, tmp_path: Path) -> None:
    station = server.station()
    send(station, *(an_inspection(number) for number in range(1, 40)))
    ann = server.person("ann")
    for number in range(1, 40):
        decide(ann, number)
    path = tmp_path / "x.zip"
    for number in (1, 17, 32, 39):
        one = an_inspection(number).inspection_id
        path.write_bytes(ann.get(f"/returns/{one}/file.zip").content)
        assert check_file(path).faults == []
        assert len(chain(parts_of(path))["links"]) <= 6 * 7 / 2
        assert sha256_of(an_inspection(number).to_json()) in path_text(path)


def path_text(path: Path) -> str:
    return "".join(content.decode(errors="replace") for content in parts_of(path).values())


def test_what_others_record_stands_in_the_timeline(server: Running) -> None:
    send(server.station(), an_inspection(1))
    now = server.clock()
    with server.parts.database.writing() as connection:
        for event in HoldEvent:
            hold = Hold(
                return_code="RT-0001",
                event=event,
                reason=f"claim 77 {event}",
                told_by="judge",
                told_at=now,
            )
            custody.add_hold(connection, hold)
    page = server.person("eve", Role.AUDITOR).get(f"/returns/{ID}").text
    for told in ("Put on legal hold", "Legal hold lifted", "claim 77 set", "claim 77 lifted"):
        assert told in page


def test_a_sealed_original_never_goes_into_a_file_by_its_hash(
    server: Running, tmp_path: Path
) -> None:
    send(server.station(), an_inspection(1))
    with server.parts.database.writing() as connection:
        connection.execute(text("UPDATE photos SET kind = 'sealed'"))
    path = tmp_path / "x.zip"
    path.write_bytes(server.person().get(f"/returns/{ID}/file.zip").content)
    assert JPEG not in path.read_bytes()
    assert "no photo to be shown" in check_file(path).notes[-1]
