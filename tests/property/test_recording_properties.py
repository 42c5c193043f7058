"""A recorded round verifies from clip, index and public key alone, and no change of it does."""

from __future__ import annotations

import copy
import hashlib
import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from baccarat.adapters.keys import KeySet
from baccarat.application.recordings import segments_of
from baccarat.domain.transcript import VerificationFailed
from baccarat.domain.video import fmp4
from baccarat.domain.video.clip import make_clips, verify_clips
from baccarat.domain.video.fmp4 import Sample
from baccarat.domain.video.recording import Manifest, SignedManifest, frame_hash, signing_input
from tests.builders import HouseKey
from tests.support.pictures import frames, mark
from tests.support.recordings import record

ROUND = "bac-1.000000002"
CHECK = KeySet.from_jwks(json.dumps({"keys": [HouseKey().jwk]})).check


@cache
def recorded() -> tuple[Any, bytes]:
    """The index and the clip of round 2: eight seconds of video, most of them of the round."""
    shown = [(0, mark(1)), (30, mark(2, 7)), (90, mark(2, 9)), (170, mark(3, 12))]
    with tempfile.TemporaryDirectory() as folder:
        store = record(frames(shown, count=200), Path(folder))
        index, [clip] = make_clips(ROUND, segments_of(ROUND, recordings=store.recordings))
    return index, clip


def test_the_recording_of_a_round_holds() -> None:
    index, clip = recorded()
    found = verify_clips(json.loads(json.dumps(index)), [clip], CHECK)
    assert (found.frames, found.marked, found.holes) == (140, 140, ())
    assert (found.from_before, found.until_after) == (True, True)
    assert [entry["rtpTimestamp"] for entry in index["frames"][:2]] == [
        (2**32 - 100_000 + number * 3_600) % 2**32 for number in (30, 31)
    ]
    assert {(entry["logSeq"]) for entry in index["frames"]} == {7, 9}


def test_what_was_before_is_not_shown_by_frames_without_a_mark(tmp_path: Path) -> None:
    # As after a server that was killed: the camera is there again before its marks are.
    record(frames([(0, mark(1)), (30, mark(2))], count=40), tmp_path)
    after_it = frames([(3, mark(2, 9)), (60, mark(3))], count=120, video_epoch=2_000_000_000_000)
    store = record(after_it, tmp_path)
    segments = segments_of(ROUND, recordings=store.recordings)
    whole, _ = make_clips(ROUND, segments)
    assert len(whole["clips"]) == 2  # type: ignore[arg-type]
    late = [one for one in segments if one.signed.segment.video_epoch == 2_000_000_000_000]
    index, clips = make_clips(ROUND, late)
    found = verify_clips(json.loads(json.dumps(index)), clips, CHECK)
    assert (found.from_before, found.until_after) == (False, True)
    assert found.holes == (f"before frame 0 of segment {late[0].signed.number}: NEW_EPOCH",)


def remade(change: Callable[[list[Sample]], list[Sample]]) -> bytes:
    """The clip with other samples, one fragment for each that does not follow the one before."""
    init, samples = fmp4.read(recorded()[1])
    return init + b"".join(
        fmp4.fragment(number, [sample]) for number, sample in enumerate(change(samples), 1)
    )


@dataclass(frozen=True)
class Tamper:
    """``words`` are what the verifier says of it, beside the frame's number."""

    words: str
    change: Callable[[list[Sample], int, int], list[Sample]]


def swap(samples: list[Sample], one: int, other: int) -> list[Sample]:
    changed = list(samples)
    for at, source in ((one, other), (other, one)):
        changed[at] = replace(samples[at], data=samples[source].data)
    return changed


def drop(samples: list[Sample], one: int, _: int) -> list[Sample]:
    return samples[:one] + samples[one + 1 :]


def insert(samples: list[Sample], one: int, other: int) -> list[Sample]:
    return [*samples[:one], replace(samples[other], decode_time=1), *samples[one:]]


def re_time(samples: list[Sample], one: int, other: int) -> list[Sample]:
    moved = replace(samples[one], decode_time=samples[one].decode_time + 1 + other)
    return [*samples[:one], moved, *samples[one + 1 :]]


def stretch(samples: list[Sample], one: int, other: int) -> list[Sample]:
    longer = replace(samples[one], duration=samples[one].duration + 1 + other)
    return [*samples[:one], longer, *samples[one + 1 :]]


def change(samples: list[Sample], one: int, other: int) -> list[Sample]:
    data = bytearray(samples[one].data)
    data[other % len(data)] ^= 1
    return [*samples[:one], replace(samples[one], data=bytes(data)), *samples[one + 1 :]]


def unflag(samples: list[Sample], one: int, _: int) -> list[Sample]:
    other = replace(samples[one], keyframe=not samples[one].keyframe)
    return [*samples[:one], other, *samples[one + 1 :]]


TAMPERS = {
    "swapped": Tamper("was swapped", swap),
    "dropped": Tamper("dropped", drop),
    "inserted": Tamper("inserted", insert),
    "re-timed": Tamper("was re-timed", re_time),
    "stretched": Tamper("was re-timed", stretch),
    "changed": Tamper("was changed", change),
    "flagged": Tamper("other flags", unflag),
}


@settings(max_examples=50)
@given(st.data())
def test_a_changed_frame_is_found_and_named(data: st.DataObject) -> None:
    index, clip = recorded()
    name = data.draw(st.sampled_from(sorted(TAMPERS)))
    places = [
        (entry["number"], number)
        for entry in index["clips"][0]["segments"]
        for number in range(len(entry["frames"]))
    ]
    one = data.draw(st.integers(0, len(places) - 1))
    other = data.draw(st.integers(0, len(places) - 1).filter(lambda at: at != one))
    tampered = remade(lambda samples: TAMPERS[name].change(samples, one, other))
    with pytest.raises(VerificationFailed) as failure:
        verify_clips(index, [tampered], CHECK)
    first = min(one, other) if name == "swapped" else one
    segment, number = places[first]
    assert failure.value.check == "frames"
    assert TAMPERS[name].words in failure.value.message
    assert f"frame {number} of segment {segment}" in failure.value.message
    assert clip != tampered


@settings(max_examples=30)
@given(st.data())
def test_a_changed_byte_is_found(data: st.DataObject) -> None:
    _, clip = recorded()
    at = data.draw(st.integers(0, len(clip) - 1))
    changed = clip[:at] + bytes([clip[at] ^ data.draw(st.integers(1, 255))]) + clip[at + 1 :]
    with pytest.raises(VerificationFailed):
        verify_clips(naming(changed), [changed], CHECK)


def naming(clip: bytes) -> Any:
    """The index with the hash of another clip: nobody signs that one."""
    index = copy.deepcopy(recorded()[0])
    index["clips"][0]["sha256"] = hashlib.sha256(clip).hexdigest()
    return index


@pytest.mark.parametrize("box", [b"avcC", b"tkhd", b"mfhd"])
def test_another_header_is_found(box: bytes) -> None:
    """Where no frame's hash looks: the picture's form, its place, a fragment's number."""
    _, clip = recorded()
    at = clip.index(box) + 11
    changed = clip[:at] + bytes([clip[at] ^ 1]) + clip[at + 1 :]
    with pytest.raises(VerificationFailed, match="is not the file that was recorded") as failure:
        verify_clips(naming(changed), [changed], CHECK)
    assert failure.value.check == "files"


def paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths to all numbers, texts and truths of a document."""
    if isinstance(value, dict):
        return [leaf for key in value for leaf in paths(value[key], (*path, key))]
    if isinstance(value, list):
        return [leaf for at, item in enumerate(value) for leaf in paths(item, (*path, at))]
    return [path]


@cache
def leaves() -> list[tuple[Any, ...]]:
    # The signature's own bytes are no content: the file's name is a name, its key number unsigned.
    return [path for path in paths(recorded()[0]) if path[-1] not in ("file", "ver")]


def parent_of(document: Any, path: tuple[Any, ...]) -> Any:
    for key in path[:-1]:
        document = document[key]
    return document


@given(st.data())
def test_a_changed_value_of_the_index_is_found(data: st.DataObject) -> None:
    index, clip = recorded()
    path = data.draw(st.sampled_from(leaves()))
    changed = copy.deepcopy(index)
    parent = parent_of(changed, path)
    match parent[path[-1]]:
        case bool(truth):
            parent[path[-1]] = not truth
        case int(number):
            parent[path[-1]] = number + data.draw(st.sampled_from([-1, 1]))
        case str(text):
            parent[path[-1]] = text[:-1] + ("0" if text[-1:] != "0" else "1")
    with pytest.raises(VerificationFailed):
        verify_clips(changed, [clip], CHECK)


def signed_by_liar(segment_json: Any, **changes: Any) -> Any:
    """A manifest that the house signed over changed content."""
    document = {k: v for k, v in segment_json.items() if k not in ("hash", "sig")}
    signed = SignedManifest.from_json({**segment_json, **changes})
    manifest: Manifest = signed.manifest
    sig = HouseKey().sign(signing_input(manifest.hash))
    return {**document, **changes, "hash": manifest.hash, "sig": sig.to_json()}


def test_a_segment_left_out_breaks_the_chain() -> None:
    index, clip = recorded()
    changed = copy.deepcopy(index)
    assert len(changed["clips"][0]["segments"]) >= 3
    del changed["clips"][0]["segments"][1]
    with pytest.raises(VerificationFailed, match="it is number") as failure:
        verify_clips(changed, [clip], CHECK)
    assert failure.value.check == "chain"


def test_a_hole_that_is_not_told_breaks_the_chain() -> None:
    """Also when the house itself signs the manifests."""
    index, clip = recorded()
    changed = copy.deepcopy(index)
    segments = changed["clips"][0]["segments"]
    frames_ = copy.deepcopy(segments[0]["frames"])
    frames_[-1]["duration"] -= 1
    segments[0] = signed_by_liar(segments[0], frames=frames_)
    segments[1] = signed_by_liar(segments[1], prev=segments[0]["hash"])
    with pytest.raises(VerificationFailed, match="pictures are missing before it"):
        verify_clips(changed, [clip], CHECK)


def test_another_key_signs_nothing_here() -> None:
    index, clip = recorded()
    other = KeySet.from_jwks(json.dumps({"keys": [HouseKey(number=99).jwk]})).check
    with pytest.raises(VerificationFailed, match="not a trusted key"):
        verify_clips(index, [clip], other)


def test_a_frame_that_says_another_round_than_its_manifest_is_found() -> None:
    index, clip = recorded()
    changed = copy.deepcopy(index)
    segment = changed["clips"][0]["segments"][-1]
    shown = [{**run, "dealerId": "somebody"} for run in segment["shown"]]
    changed["clips"][0]["segments"][-1] = signed_by_liar(segment, shown=shown)
    with pytest.raises(VerificationFailed) as failure:
        verify_clips(changed, [clip], CHECK)
    assert failure.value.check == "marks"


def test_the_hash_of_a_frame_is_what_the_page_says() -> None:
    """Computed here by hand, from the bytes that docs/formats/video-recording.md names."""
    sample = Sample(2**32 + 5, 3_600, keyframe=True, data=b"\x00\x00\x00\x01\x65")
    content = hashlib.sha256(b"\x00\x00\x00\x01\x65").digest()
    covered = (
        b"baccarat-frame-v1:"
        + (1_764_000_000_000).to_bytes(8, "big")
        + (2**32 + 5).to_bytes(8, "big")
        + (3_600).to_bytes(4, "big")
        + content
    )
    assert frame_hash(1_764_000_000_000, sample) == hashlib.sha256(covered).hexdigest()
