"""A verifier written from docs/formats/video-recording.md alone, without the project's code."""

from __future__ import annotations

import base64
import copy
import hashlib
import json
import struct
from collections.abc import Callable
from functools import cache
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from baccarat.application.recordings import segments_of
from baccarat.domain.video.clip import make_clips
from media_sfu.frames import Gap
from tests.builders import HouseKey
from tests.support.pictures import EPOCH, frames, mark
from tests.support.recordings import record

PAGE = Path(__file__).resolve().parents[3] / "docs/formats/video-recording.md"
ROUND = "bac-1.000000002"
MARK = bytes.fromhex("6c697665624d41528b1d0f2e7a5c4d93")


def unpadded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def sha(*parts: bytes) -> str:
    return hashlib.sha256(b"".join(parts)).hexdigest()


def canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def boxes(data: bytes) -> list[tuple[bytes, bytes, bytes]]:
    """Type, whole box, content."""
    found, at = [], 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        found.append((data[at + 4 : at + 8], data[at : at + size], data[at + 8 : at + size]))
        at += size
    return found


def samples(clip: bytes) -> tuple[bytes, list[tuple[int, int, int, bytes]]]:
    """Header, and decode time, duration, flags and bytes of each sample."""
    (a, ftyp, _), (b, moov, _), *rest = boxes(clip)
    assert (a, b) == (b"ftyp", b"moov")
    found = []
    for (one, _, moof), (other, _, data) in zip(rest[::2], rest[1::2], strict=True):
        assert (one, other) == (b"moof", b"mdat")
        (_, _, traf) = boxes(moof)[1]
        (_, _, _tfhd), (_, _, tfdt), (_, _, trun) = boxes(traf)
        time, at = int.from_bytes(tfdt[4:], "big"), 0
        for duration, size, flags in struct.iter_unpack(">III", trun[12:]):
            found.append((time, duration, flags, data[at : at + size]))
            time, at = time + duration, at + size
        assert at == len(data)
    return ftyp + moov, found


def mark_in(sample: bytes) -> Any:
    at = 0
    while at < len(sample):
        size = int.from_bytes(sample[at : at + 4], "big")
        nal = sample[at + 4 : at + 4 + size].replace(b"\0\0\3", b"\0\0")
        at += 4 + size
        if nal[0] & 31 == 6 and MARK in nal[:30]:
            start = nal.index(MARK)
            return json.loads(nal[start + 16 : nal.rindex(b"}") + 1])
    return None


def check(index: Any, clips: list[bytes], jwk: Any) -> None:
    numbers = ec.EllipticCurvePublicNumbers(
        *(int.from_bytes(unpadded(jwk[name]), "big") for name in "xy"), ec.SECP256R1()
    )
    due = []
    chain = [one for clip in index["clips"] for one in clip["segments"]]
    for one in chain:
        hash_ = sha(canonical({k: v for k, v in one.items() if k not in ("hash", "sig")}))
        assert hash_ == one["hash"]
        raw = unpadded(one["sig"]["val"])
        der = encode_dss_signature(*(int.from_bytes(raw[a : a + 32], "big") for a in (0, 32)))
        signed = f"baccarat-recording-v1:{hash_}".encode()
        numbers.public_key().verify(der, signed, ec.ECDSA(hashes.SHA256()))
        told = {hole["before"] for hole in one["holes"]}
        for at, (a, b) in enumerate(zip(one["frames"], one["frames"][1:], strict=False), 1):
            missing = b["decode_time"] - a["decode_time"] - a["duration"]
            assert missing == 0 or (missing > 0 and at in told)
    for a, b in pairwise(chain):
        assert (b["number"], b["prev"]) == (a["number"] + 1, a["hash"])
        last, first = a["frames"][-1], b["frames"][0]
        follows = last["decode_time"] + last["duration"] == first["decode_time"]
        same = a["videoEpoch"] == b["videoEpoch"]
        assert (same and follows) or any(hole["before"] == 0 for hole in b["holes"])
    for number, (listed, clip) in enumerate(zip(index["clips"], clips, strict=True)):
        header, found = samples(clip)
        at, rest = len(header), iter(found)
        start = listed["segments"][0]["frames"][0]["decode_time"]
        for one in listed["segments"]:
            size = one["file_bytes"] - len(header)
            assert sha(header, clip[at : at + size]) == one["file_sha256"]
            at += size
            for place, frame in enumerate(one["frames"]):
                time, duration, flags, data = next(rest)
                covered = struct.pack(">QQI", one["videoEpoch"], time, duration)
                content = hashlib.sha256(data).digest()
                assert sha(b"baccarat-frame-v1:", covered, content) == frame["hash"]
                assert {0x02000000: True, 0x01010000: False}[flags] is frame["keyframe"]
                assert len(data) == frame["size_bytes"]
                shown = [run for run in one["shown"] if run["from"] <= place][-1:]
                said = mark_in(data)
                if said is not None:
                    assert said["atMs"] == frame["at_ms"]
                    names = ("roundId", "logEpoch", "logSeq", "dealerId")
                    assert all(said[name] == shown[0][name] for name in names)
                if shown and shown[0]["roundId"] == index["roundId"]:
                    due.append(
                        {
                            "clip": number,
                            "clip_time": time - start,
                            "segment": one["number"],
                            "frame": place,
                            "videoEpoch": one["videoEpoch"],
                            "rtpTimestamp": time % 2**32,
                            "at_ms": frame["at_ms"],
                            **{k: shown[0][k] for k in ("logEpoch", "logSeq", "dealerId")},
                            "keyframe": frame["keyframe"],
                            "hash": frame["hash"],
                        }
                    )
        assert at == len(clip)
        assert next(rest, None) is None
        assert sha(clip) == listed["sha256"]
    assert index["frames"] == due
    assert due


@cache
def made() -> tuple[Any, list[bytes]]:
    """A round with lost frames and a publisher that begins anew in its midst."""
    one = frames([(0, mark(1)), (30, mark(2, 4))], count=120)
    lost = Gap(EPOCH, one[69].rtp_timestamp, "a packet did not come")
    two = frames([(0, mark(2, 5)), (40, mark(3))], count=80, video_epoch=EPOCH + 7_000)
    with TemporaryDirectory() as folder:
        store = record([*one[:70], lost, *one[75:], *two], Path(folder))
        index, clips = make_clips(ROUND, segments_of(ROUND, recordings=store.recordings))
    return json.loads(json.dumps(index)), clips


def test_the_page_is_enough_to_write_a_verifier() -> None:
    index, clips = made()
    assert len(clips) == 2
    reasons = [h["reason"] for c in index["clips"] for s in c["segments"] for h in s["holes"]]
    assert reasons == ["LOST", "NEW_EPOCH"]
    check(index, clips, HouseKey().jwk)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda made: made[1].__setitem__(0, made[1][0][:-1] + b"x"),
        lambda made: made[0]["frames"].pop(),
        lambda made: made[0]["clips"][0]["segments"][0].update(hash="0" * 64),
        lambda made: made[0]["clips"][0]["segments"][0]["frames"][3].update(at_ms=1),
        lambda made: made[0]["clips"].reverse(),
    ],
)
def test_it_finds_what_is_spoilt(spoil: Callable[[Any], None]) -> None:
    spoilt = copy.deepcopy(made())
    spoil(spoilt)
    with pytest.raises((AssertionError, InvalidSignature, KeyError)):
        check(*spoilt, HouseKey().jwk)


def test_the_page_names_every_member() -> None:
    page = PAGE.read_text()

    def names(value: Any) -> set[str]:
        if isinstance(value, dict):
            return set(value).union(*(names(item) for item in value.values()))
        return set().union(*(names(item) for item in value)) if isinstance(value, list) else set()

    missing = {
        name for name in names(made()[0]) if f'"{name}"' not in page and f"`{name}`" not in page
    }
    assert missing == set()
