"""A store of recordings in a folder, and recorders that use it without AWS."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from baccarat.adapters.strict_json import loads
from baccarat.application.recordings import keep_segment
from baccarat.domain.canonical import canonical
from baccarat.domain.errors import BaccaratError
from baccarat.domain.table import table_of_round
from baccarat.domain.video.recording import Segment, SignedManifest
from media_sfu.frames import Frame, Gap
from media_sfu.packaging import Packager, Part
from media_sfu.recording.building import build
from media_sfu.recording.store import SegmentRefused
from tests.builders import HouseKey


class FolderRecordings:
    """Implements ``ports.Recordings``; a file is there whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put_file(self, table_id: str, sha256: str, file: bytes) -> None:
        self._put(f"files/{table_id}/{sha256}.mp4", file)

    def file(self, table_id: str, sha256: str) -> bytes | None:
        return self._get(f"files/{table_id}/{sha256}.mp4")

    def put_manifest(self, signed: SignedManifest) -> bool:
        name = f"manifests/{signed.segment.table_id}/{signed.number:010}.json"
        return self._put(name, canonical(signed.to_json()))

    def manifest(self, table_id: str, number: int) -> SignedManifest | None:
        body = self._get(f"manifests/{table_id}/{number:010}.json")
        return None if body is None else SignedManifest.from_json(loads(body))

    def newest(self, table_id: str, at_least: int) -> int:
        numbers = [
            int(path.stem) for path in (self._folder / "manifests" / table_id).glob("*.json")
        ]
        return max([at_least, *numbers])

    def note_round(self, round_id: str, number: int) -> None:
        self._put(f"rounds/{table_of_round(round_id)}/{round_id}/{number:010}", b"")

    def numbers_of(self, round_id: str, limit: int) -> list[int]:
        folder = self._folder / "rounds" / table_of_round(round_id) / round_id
        return sorted(int(path.name) for path in folder.glob("*"))[:limit]

    def _put(self, name: str, content: bytes) -> bool:
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            return False
        half = path.with_name(f".{path.name}")
        half.write_bytes(content)
        half.rename(path)
        return True

    def _get(self, name: str) -> bytes | None:
        path = self._folder / name
        return path.read_bytes() if path.exists() else None


class LocalStore:
    """Implements ``SegmentStore`` with the use case itself."""

    def __init__(self, recordings: FolderRecordings, key: HouseKey | None = None) -> None:
        self.recordings = recordings
        self._key = key or HouseKey()

    def put_file(self, segment: Segment, file: bytes) -> None:
        self.recordings.put_file(segment.table_id, segment.file_sha256, file)

    def keep(self, segment: Segment, after: int) -> int:
        try:
            return keep_segment(segment, after, recordings=self.recordings, signer=self._key).number
        except BaccaratError as error:
            raise SegmentRefused(error.message) from error


class Collector:
    """A listener that keeps the parts of each segment."""

    def __init__(self) -> None:
        self.segments: list[list[Part]] = []
        self.ends = 0

    def part(self, part: Part) -> None:
        if part.starts_segment:
            self.segments.append([])
        self.segments[-1].append(part)

    def ended(self) -> None:
        self.ends += 1


def package(frames: Iterable[Frame | Gap], table_id: str = "bac-1") -> list[list[Part]]:
    """Return the segments of all that the taps were given."""
    collector = Collector()
    packager = Packager(table_id, [collector])
    for item in frames:
        if isinstance(item, Gap):
            packager.gap(item)
        else:
            packager.frame(item)
    packager.close()
    return collector.segments


def record(frames: Iterable[Frame | Gap], folder: Path, table_id: str = "bac-1") -> LocalStore:
    """Record everything at once, as a recorder would in time."""
    store, number = LocalStore(FolderRecordings(folder)), 0
    for parts in package(frames, table_id):
        segment, file = build(table_id, parts)
        store.put_file(segment, file)
        number = store.keep(segment, number)
    return store
