"""NAL units into RTP payloads and back."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media_sfu.h264 import (
    MAX_PAYLOAD_BYTES,
    MalformedPayload,
    begins_keyframe,
    depacketise,
    nal_types,
    packetise,
)

SPS, PPS, IDR, SLICE = b"\x67sps", b"\x68pps", b"\x65" + bytes(5000), b"\x41" + bytes(900)
NALS = st.lists(
    st.builds(
        lambda kind, body: bytes([0x60 | kind]) + body,
        st.integers(1, 12),
        st.one_of(st.binary(min_size=1, max_size=60), st.binary(min_size=1190, max_size=4000)),
    ),
    min_size=1,
    max_size=6,
)


@given(NALS)
def test_units_survive_the_way(nals: list[bytes]) -> None:
    payloads = packetise(nals)
    assert all(0 < len(payload) <= MAX_PAYLOAD_BYTES for payload in payloads)
    assert depacketise(payloads) == nals


def test_parameter_sets_share_a_payload_and_fragments_have_one_size() -> None:
    payloads = packetise([SPS, PPS, IDR])
    assert nal_types(payloads[0]) == [7, 8]
    assert len({len(payload) for payload in payloads[1:-1]}) == 1
    assert len(payloads[-1]) <= len(payloads[1])
    assert begins_keyframe(payloads)
    assert not begins_keyframe(packetise([SLICE]))
    assert not begins_keyframe(payloads[2:])  # later fragments begin nothing


@pytest.mark.parametrize(
    "payloads",
    [
        packetise([IDR])[1:],  # the first fragment is lost
        packetise([IDR])[:-1],  # the last
        [packetise([IDR])[0], SLICE],
        [packetise([IDR])[0], packetise([IDR])[0]],
        [b"\x7c\x85"],  # an empty fragment
        [b"\x18\x00\x09abc"],  # an aggregation that ends early
        [b"\x18\x00\x00"],  # an empty unit
        [b"\x1d\x80abc"],  # FU-B
    ],
)
def test_what_is_cut_off_is_refused(payloads: list[bytes]) -> None:
    with pytest.raises(MalformedPayload):
        depacketise(payloads)


@given(st.lists(st.binary(max_size=40), max_size=5))
def test_any_bytes_end_in_units_or_in_a_refusal(payloads: list[bytes]) -> None:
    begins_keyframe(payloads)
    with contextlib.suppress(MalformedPayload):
        assert all(depacketise(payloads))
