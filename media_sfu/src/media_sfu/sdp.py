"""Session descriptions: what is taken of an offer, and what an answer says to the outside."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Final

from aiortc.sdp import MediaDescription

from media_sfu.compat import parse_sdp
from media_sfu.errors import OfferRefused

MAX_SDP_BYTES: Final = 65_536
MAX_MEDIA_LINES: Final = 6
MAX_CANDIDATES: Final = 32
MAX_QUALITIES: Final = 3
_CANDIDATE: Final = re.compile(
    r"^(a=candidate:\S+ \d+ udp \d+ )(\d+\.\d+\.\d+\.\d+)( \d+ typ host)",
    re.MULTILINE | re.IGNORECASE,
)
_CONNECTION: Final = re.compile(r"^(c=IN IP4 )(?!0\.0\.0\.0)(\S+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Offer:
    """An offer that this SFU can answer."""

    text: str
    video_lines: int
    audio_lines: int
    has_data: bool


def read_offer(text: str) -> Offer:
    """Check an offer and leave out what would only cost time: host names of ``.local``, which are
    looked up for a second, and the end of candidates, after which no peer is waited for.

    Raises:
        OfferRefused: saying what is wrong and what would be right.
    """
    lines = [
        line
        for line in text.splitlines()
        if line and not line.startswith("a=end-of-candidates") and not _is_local_candidate(line)
    ]
    if sum(line.startswith("a=candidate:") for line in lines) > MAX_CANDIDATES:
        raise OfferRefused(f"an offer has at most {MAX_CANDIDATES} candidates")
    if sum(line.startswith("m=") for line in lines) > MAX_MEDIA_LINES:
        raise OfferRefused(f"an offer has at most {MAX_MEDIA_LINES} media lines")
    cleaned = "\r\n".join(lines) + "\r\n"
    try:
        description = parse_sdp(cleaned)
    except ValueError as error:
        raise OfferRefused("the body is no session description (SDP) of WebRTC") from error
    kinds = [media.kind for media in description.media]
    if (
        not kinds
        or set(kinds) - {"video", "audio", "application"}
        or kinds.count("application") > 1
    ):
        raise OfferRefused("an offer has lines of video, perhaps of audio and one of data")
    mids = {media.rtp.muxId for media in description.media}
    bundles = [set(map(str, one.items)) for one in description.group if one.semantic == "BUNDLE"]
    if len(mids) != len(kinds) or "" in mids or mids not in bundles:
        raise OfferRefused("every media line has an a=mid of its own, and one BUNDLE has them all")
    for media in description.media:
        _check_transport(media)
    return Offer(
        text=cleaned,
        video_lines=kinds.count("video"),
        audio_lines=kinds.count("audio"),
        has_data="application" in kinds,
    )


def _check_transport(media: MediaDescription) -> None:
    if media.dtls is None or not media.dtls.fingerprints:
        raise OfferRefused("every media line needs a=setup and a=fingerprint")
    if media.ice is None or not media.ice.usernameFragment or not media.ice.password:
        raise OfferRefused("every media line needs a=ice-ufrag and a=ice-pwd")
    if media.kind != "application" and not media.rtcp_mux:
        raise OfferRefused("every line of video and audio needs a=rtcp-mux")


def _is_local_candidate(line: str) -> bool:
    fields = line.split()
    return line.startswith("a=candidate:") and len(fields) > 4 and fields[4].endswith(".local")


def with_public_address(answer: str, public_address: str | None) -> str:
    """Return the answer with the address under which others reach this machine's, if they differ:
    behind a network that maps one address to the other, port by port.
    """
    if public_address is None:
        return answer
    shown = str(ipaddress.IPv4Address(public_address))
    answer = _CANDIDATE.sub(rf"\g<1>{shown}\g<3>", answer)
    return _CONNECTION.sub(rf"\g<1>{shown}", answer)
