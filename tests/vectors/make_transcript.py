"""Write the committed transcripts: ``python -m tests.vectors.make_transcript``.

Seeds, keys and times are fixed and the signatures deterministic, so the files do not change unless
the format does. ``docs/formats/example/`` is the worked example of the format's page;
``transcripts/`` holds what every verifier must accept and refuse, told by ``index.json``.
"""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from baccarat.domain.canonical import canonical
from tests.builders import KEY, Document, Floor, HouseKey, bet, reread, seal
from tests.vectors.tampering import BROKEN_LINKS, TAMPERINGS, tables, valid

ROOT: Final = Path(__file__).resolve().parents[2]
EXAMPLE: Final = ROOT / "docs/formats/example"
VECTORS: Final = ROOT / "tests/vectors/transcripts"
EXAMPLE_KEY: Final = HouseKey(number=8_888)


def example() -> Document:
    """The worked example: two bets, the first round of a table and its shoe."""
    floor = Floor("salon-1", EXAMPLE_KEY)
    played = floor.play(
        [bet("anna", 1, "BANKER", 1_010), bet("bruno", 2, "PLAYER", 2_000)],
        seed=bytes(range(10, 42)),
    )
    return reread(seal(played.house, EXAMPLE_KEY))


def files() -> dict[Path, bytes]:
    """Every committed file and its content."""
    index: list[dict[str, Any]] = []
    made: dict[Path, bytes] = {
        EXAMPLE / "transcript.json": pretty(example()),
        EXAMPLE / "keys.json": pretty({"keys": [EXAMPLE_KEY.jwk]}),
        VECTORS / "keys.json": pretty({"keys": [KEY.jwk]}),
    }
    for name, document in valid().items():
        made[VECTORS / f"holds/{name}.json"] = canonical(document)
        index.append({"file": f"holds/{name}.json", "check": None})
    for tampering in TAMPERINGS:
        content = tampering.content()
        if len(content) > 100_000:
            continue  # made when the tests run: too large to keep
        made[VECTORS / f"fails/{tampering.name}.json"] = content
        index.append({"file": f"fails/{tampering.name}.json", "check": tampering.check})
    links = [
        {"earlier": f"holds/{earlier}.json", "later": f"holds/{later}.json", "check": None}
        for table in tables().values()
        for earlier, later in pairwise(table)
    ]
    for broken in BROKEN_LINKS:
        later = f"links/{broken.name}.json"
        made[VECTORS / later] = canonical(broken.later)
        earlier = f"holds/{broken.earlier}.json"
        links.append({"earlier": earlier, "later": later, "check": broken.check})
    made[VECTORS / "index.json"] = pretty({"vectors": index, "links": links})
    return made


def pretty(value: object) -> bytes:
    return (json.dumps(value, indent=1, ensure_ascii=False) + "\n").encode()


def main() -> None:
    made = files()
    for old in VECTORS.rglob("*.json"):
        if old not in made:
            old.unlink()
    for path, content in made.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


if __name__ == "__main__":
    main()
