import base64
from concurrent.futures import ThreadPoolExecutor

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from server.errors import SettingsInvalid
from server.signing import FILE, load_signer


def test_what_is_signed_can_be_checked_with_the_public_key(tmp_path):
    signer = load_signer(tmp_path)
    public = Ed25519PublicKey.from_public_bytes(base64.b64decode(signer.public_key))
    signature = base64.b64decode(signer.sign(b"content"))

    public.verify(signature, b"content")
    with pytest.raises(InvalidSignature):
        public.verify(signature, b"Content")


def test_the_key_is_made_once_and_only_its_owner_reads_it(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        ids = {one.key_id for one in pool.map(lambda _: load_signer(tmp_path / "new"), range(8))}
    assert len(ids) == 1
    assert (tmp_path / "new" / FILE).stat().st_mode & 0o777 == 0o600
    assert [path.name for path in (tmp_path / "new").iterdir()] == [FILE]


def other_kind() -> bytes:
    return generate_private_key(SECP256R1()).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )


@pytest.mark.parametrize(
    "content", [b"", b"no key", other_kind()], ids=["empty", "no key", "another kind"]
)
def test_a_file_that_is_no_key_is_told_and_left(tmp_path, content):
    (tmp_path / FILE).write_bytes(content)
    with pytest.raises(SettingsInvalid, match="restore it from a backup"):
        load_signer(tmp_path)
    assert (tmp_path / FILE).read_bytes() == content


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(SettingsInvalid, match="cannot be read or written"):
        load_signer(tmp_path / "file")
