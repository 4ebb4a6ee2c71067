"""What is sealed is opened by one key, whole, or not at all."""

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from models.errors import SealInvalid
from models.sealing import HEAD_BYTES, MAGIC, Original, key_id, open_sealed, seal, sealed_for

PRIVATE = X25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = PRIVATE.public_key().public_bytes_raw()
ORIGINAL = Original(media_type="image/jpeg", content=b"\xff\xd8\xff the customer's name\n")


@given(st.binary(max_size=300), st.sampled_from(["image/jpeg", "image/png", "image/webp"]))
def test_what_is_sealed_comes_back(content: bytes, media_type: str) -> None:
    original = Original(media_type=media_type, content=content)
    assert open_sealed(seal(original, PUBLIC), bytes(range(32))) == original


def test_it_shows_nothing_and_is_never_the_same_twice() -> None:
    one, two = seal(ORIGINAL, PUBLIC), seal(ORIGINAL, PUBLIC)
    assert one != two
    assert b"customer" not in one
    assert sealed_for(one) == sealed_for(one[:HEAD_BYTES]) == key_id(PUBLIC)


@pytest.mark.parametrize("at", [len(MAGIC) + 16, HEAD_BYTES - 1, HEAD_BYTES, -1])
def test_any_other_bit_is_found_out(at: int) -> None:
    sealed = bytearray(seal(ORIGINAL, PUBLIC))
    sealed[at] ^= 1
    with pytest.raises(SealInvalid):
        open_sealed(bytes(sealed), bytes(range(32)))


@pytest.mark.parametrize("cut", [0, 7, HEAD_BYTES - 1, HEAD_BYTES, HEAD_BYTES + 3])
def test_a_piece_is_found_out(cut: int) -> None:
    with pytest.raises(SealInvalid):
        open_sealed(seal(ORIGINAL, PUBLIC)[:cut], bytes(range(32)))


def test_another_key_does_not_open_it() -> None:
    with pytest.raises(SealInvalid, match=key_id(PUBLIC)):
        open_sealed(seal(ORIGINAL, PUBLIC), bytes(32))


@pytest.mark.parametrize("key", [b"", bytes(31), bytes(32)], ids=["none", "short", "all zero"])
def test_a_key_that_is_none(key: bytes) -> None:
    with pytest.raises(SealInvalid):
        seal(ORIGINAL, key)


def test_the_format_does_not_change() -> None:
    """Sealed with version 1 on the day it was written: later versions must open it."""
    assert open_sealed(bytes.fromhex(SEALED), bytes(range(32))) == ORIGINAL


SEALED = (
    "534c5345414c310065656464383833646130613934353135e3b22fce27cdfc55963d462c849ec852"
    "2dd4d1cad64c190d0e97bfbe54ccbd0f070fe298ceb016adefb4d6ce025e310eab35cee3489a8cd5"
    "253c3caf11c8f1f4e863278ec111e213ce9a78b3e1f2737e2de5f2"
)
