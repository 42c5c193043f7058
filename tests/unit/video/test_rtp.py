"""Packets as bytes, read by aiortc's own parser."""

from aiortc.rtcrtpparameters import RTCRtpHeaderExtensionParameters, RTCRtpParameters
from aiortc.rtp import HeaderExtensionsMap, RtcpPacket, RtpPacket
from hypothesis import given
from hypothesis import strategies as st

from media_sfu.compat import ABS_SEND_TIME_URI
from media_sfu.rtp import WireFormat, nack, ntp, sender_report, serialise, serialise_again

WIRE = WireFormat(ssrc=1, payload_type=102, abs_send_time_id=3, rtx_ssrc=2, rtx_payload_type=103)
PLAIN = WireFormat(ssrc=1, payload_type=102, abs_send_time_id=0, rtx_ssrc=2, rtx_payload_type=0)
EXTENSIONS = HeaderExtensionsMap()
EXTENSIONS.configure(
    RTCRtpParameters(headerExtensions=[RTCRtpHeaderExtensionParameters(3, ABS_SEND_TIME_URI)])
)


def test_a_packet_has_its_fields_and_the_time_it_left() -> None:
    now = 1_700_000_000.25
    data = serialise(WIRE, sequence=7, timestamp=9, marker=True, payload=b"\x41abc", now=now)
    packet = RtpPacket.parse(data, EXTENSIONS)
    assert (packet.payload_type, packet.sequence_number, packet.timestamp) == (102, 7, 9)
    assert (packet.ssrc, packet.marker, packet.payload) == (1, 1, b"\x41abc")
    assert packet.extensions.abs_send_time == (ntp(now) >> 14) & 0xFFFFFF
    plain = serialise(PLAIN, sequence=7, timestamp=9, marker=False, payload=b"x", now=now)
    assert len(plain) == 13


def test_a_packet_is_sent_again_as_rtx_or_as_it_was() -> None:
    again = {"original_sequence": 7, "rtx_sequence": 50, "timestamp": 9, "marker": True}
    data = serialise_again(WIRE, **again, payload=b"abc", now=0)
    packet = RtpPacket.parse(data, EXTENSIONS)
    assert (packet.ssrc, packet.payload_type, packet.sequence_number) == (2, 103, 50)
    assert packet.payload == b"\x00\x07abc"
    assert serialise_again(PLAIN, **again, payload=b"abc", now=0) == serialise(
        PLAIN, sequence=7, timestamp=9, marker=True, payload=b"abc", now=0
    )


@given(st.lists(st.integers(0, 65535), min_size=1, max_size=100))
def test_whatever_is_asked_for_is_asked_for(sequences: list[int]) -> None:
    (packet,) = RtcpPacket.parse(nack(5, 6, sequences))
    assert {one & 0xFFFF for one in packet.lost} == set(sequences)
    assert (packet.ssrc, packet.media_ssrc) == (5, 6)


@given(st.text(alphabet="abcdef", min_size=1, max_size=30))
def test_a_report_names_its_source(cname: str) -> None:
    data = sender_report(5, now=10.5, rtp_timestamp=7, packets=2**33, octets=3, cname=cname)
    report, names = RtcpPacket.parse(data)
    assert report.sender_info.ntp_timestamp == ntp(10.5)
    assert report.sender_info.packet_count == 0
    assert names.chunks[0].items == [(1, cname.encode())]
