"""Handing out transcripts: the player's own view of a round that has ended."""

from __future__ import annotations

from baccarat.application.ports import Archive, Signer
from baccarat.domain.book import BetBook, BookEntry
from baccarat.domain.canonical import JsonObject
from baccarat.domain.errors import InvalidRequest, TranscriptNotFound
from baccarat.domain.log import signing_input
from baccarat.domain.table import table_of_round
from baccarat.domain.transcript import player_transcript, seal_hash


def own_transcript(
    round_id: str, player_id: str, *, archive: Archive, signer: Signer
) -> JsonObject:
    """Return the sealed transcript of a round with the bets of one player and nobody else's.

    Raises:
        InvalidRequest: not a round id.
        TranscriptNotFound: the round has not ended, or never was.
    """
    try:
        table_id = table_of_round(round_id)
    except ValueError as error:
        raise InvalidRequest(str(error)) from error
    house = archive.transcript(table_id, round_id)
    if not isinstance(house, dict):
        raise TranscriptNotFound(
            f"there is no transcript of {round_id}: it exists once the round has ended",
            roundId=round_id,
        )
    written = house["book"]
    book = (
        BetBook(tuple(BookEntry.from_json(entry) for entry in written))
        if isinstance(written, list)
        else None
    )
    transcript = player_transcript(house, book, player_id)
    sealed = seal_hash(transcript)
    transcript["seal"] = {"hash": sealed, "sig": signer.sign(signing_input(sealed)).to_json()}
    return transcript
