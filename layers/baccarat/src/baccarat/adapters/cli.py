"""The ``baccarat`` command: verify transcripts, journals and recordings offline, cut clips, check
the books, rebuild the journal, print exact odds and the protocol.

Exit codes: 0 everything holds, 1 something does not, 2 the command could not be carried out.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from baccarat.adapters.keys import KeySet
from baccarat.adapters.ledger_export import read_export
from baccarat.adapters.strict_json import loads
from baccarat.domain.canonical import Json, JsonObject
from baccarat.domain.errors import IntegrityError, MalformedJson, NotFound, PaytableAbove100
from baccarat.domain.journal import Entry, check_chain
from baccarat.domain.paytable import PAYTABLES, Paytable
from baccarat.domain.round import Round, RoundState
from baccarat.domain.shoe import MAX_DECKS
from baccarat.domain.table_config import DealingMode, TableConfig
from baccarat.domain.transcript import (
    VerificationFailed,
    Verified,
    verify,
    verify_link,
)

MAX_FILE_BYTES: Final = 64 * 1024 * 1024
MAX_CLIP_BYTES: Final = 1024 * 1024 * 1024

_NEEDS: Final = (
    "Needs AWS credentials, and the names of the tables in LEDGER_TABLE, WALLET_TABLES, "
    "JOURNAL_TABLE and AWS_REGION."
)

_HOLDS: Final = 0
_FAILED: Final = 1
_USAGE: Final = 2


class _UsageError(Exception):
    """The command cannot be carried out as it was given."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code; wrong options leave through ``SystemExit(2)``."""
    parser = argparse.ArgumentParser(prog="baccarat", description="Live Baccarat, for auditors.")
    commands = parser.add_subparsers(dest="command", required=True)
    verifier = commands.add_parser(
        "verify",
        help="check transcripts offline",
        description="Check transcripts offline, and the chain between rounds that follow each "
        "other. Exit code 0: all hold; 1: one does not; 2: wrong use.",
    )
    verifier.add_argument("files", metavar="FILE", nargs="+", type=Path, help="a transcript")
    verifier.add_argument(
        "--keys",
        metavar="KEYS",
        type=Path,
        help="the house's public keys as a JWK set (default: keys.json beside each FILE)",
    )
    ledger = commands.add_parser(
        "verify-ledger",
        help="check the export of a wallet's journal offline",
        description="Check that every entry follows the one before it. Files of one wallet are "
        "taken together, in the order given. Exit code 0: all hold; 1: one does not; 2: wrong use.",
    )
    ledger.add_argument("files", metavar="FILE", nargs="+", type=Path, help="JSON lines or CSV")
    clip = commands.add_parser(
        "video",
        help="cut the clip of a round from the recording",
        description="Write what was recorded of a round: ROUND.json, the index of its frames with "
        "their times and hashes, and the clips ROUND-1.mp4, … that it lists. Needs AWS "
        "credentials, and FILMS_BUCKET and AWS_REGION. Exit code 0: written; 2: wrong use.",
    )
    clip.add_argument("--round", metavar="ID", required=True, help="a round, like bac-1.000000042")
    clip.add_argument(
        "--out", metavar="FOLDER", type=Path, default=Path(), help="where to (default: here)"
    )
    verify_clip = commands.add_parser(
        "verify-video",
        help="check the clip of a round offline",
        description="Check an index of the command video, and its clips beside it, frame by frame. "
        "Exit code 0: it holds; 1: it does not; 2: wrong use.",
    )
    verify_clip.add_argument("index", metavar="INDEX", type=Path, help="ROUND.json")
    verify_clip.add_argument(
        "--keys",
        metavar="KEYS",
        type=Path,
        help="the house's keys of films as a JWK set (default: keys.json beside INDEX)",
    )
    books = commands.add_parser(
        "reconcile",
        help="recompute every balance and stop wallets that differ",
        description="Recompute every balance from the ledger's items and compare it with wallets "
        "and journal, and print the journal's trial balance; a wallet that differs is stopped. "
        f"{_NEEDS} Exit code 0: nothing differs; 1: something does; 2: wrong use.",
    )
    books.add_argument("--report-only", action="store_true", help="stop no wallet")
    rebuild = commands.add_parser(
        "rebuild-journal",
        help="throw the journal away and make it anew",
        description="Throw the journal away, of all wallets or of one, and make it anew from the "
        f"ledger's items. {_NEEDS} Exit code 0: done; 1: the items of a wallet do not give every "
        "version, and its journal stays as it is; 2: wrong use.",
    )
    rebuild.add_argument(
        "--wallet", nargs=2, metavar=("PLAYER", "CURRENCY"), help="only of this one"
    )
    commands.add_parser("asyncapi", help="print the AsyncAPI description of the websocket protocol")
    commands.add_parser("openapi", help="print the OpenAPI description of the payments' HTTP API")
    odds = commands.add_parser(
        "odds",
        help="print the exact chances of every bet",
        description="Count every sequence of six cards of a full shoe and print what each bet "
        "gives back, exactly. Exit code 0: no bet is above 100 %; 1: one is; 2: wrong use.",
    )
    which = odds.add_mutually_exclusive_group()
    which.add_argument("--table", metavar="CONFIG", type=Path, help="a table's configuration")
    which.add_argument(
        "--paytable",
        metavar="VERSION",
        choices=PAYTABLES,
        help=f"one of {', '.join(PAYTABLES)} (default: all of them)",
    )
    odds.add_argument(
        "--decks",
        metavar="N",
        type=_decks,
        help=f"1 to {MAX_DECKS}, or 'endless' (default: the paytable's own)",
    )
    options = parser.parse_args(argv)
    run: dict[str, Callable[[], int]] = {
        "verify": lambda: _verify_files(options.files, options.keys),
        "verify-ledger": lambda: _verify_ledger(options.files),
        "video": lambda: _cut(options.round, options.out),
        "verify-video": lambda: _verify_clips(options.index, options.keys),
        "reconcile": lambda: _reconcile(stops=not options.report_only),
        "rebuild-journal": lambda: _rebuild_journal(options.wallet),
        "odds": lambda: _odds(options.table, options.paytable, options.decks),
        "asyncapi": lambda: _document(asyncapi()),
        "openapi": lambda: _document(openapi()),
    }
    try:
        return run[options.command]()
    except _UsageError as error:
        print(_shown(f"baccarat: {error}"), file=sys.stderr)
        return _USAGE


def _decks(text: str) -> int:
    from baccarat.domain.odds import ENDLESS

    if text == "endless":
        return ENDLESS
    if text.isascii() and text.isdigit() and 1 <= int(text) <= MAX_DECKS:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r}: give 1 to {MAX_DECKS}, or 'endless'")


def _odds(config: Path | None, version: str | None, decks: int | None) -> int:
    # The verifier starts without counting shoes.
    from baccarat.adapters.odds_text import odds_text
    from baccarat.domain.odds import refuse_if_generous

    code = _HOLDS
    for offered in _paytables(config, version):
        paytable = offered if decks is None else replace(offered, decks=decks)
        print(odds_text(paytable))
        try:
            refuse_if_generous(paytable)
        except PaytableAbove100 as refusal:
            code = _FAILED
            print(_shown(f"REFUSED {refusal.message}"))
    return code


def _paytables(config: Path | None, version: str | None) -> Sequence[Paytable]:
    if config is None:
        return [PAYTABLES[version]] if version else list(PAYTABLES.values())
    try:
        content = _read(config, "table configuration")
        return [TableConfig.from_json(loads(content.decode("utf-8"))).paytable]
    except (ValueError, MalformedJson) as error:
        raise _UsageError(f"{config} is no table configuration: {error}") from error


def read_document(content: bytes) -> Json:
    """Return the JSON value of a transcript file.

    Raises:
        VerificationFailed: not UTF-8, or not JSON as ``docs/formats/transcript.md`` restricts it.
    """
    try:
        return loads(content.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise VerificationFailed("structure", f"the file is not UTF-8: {error}") from error
    except MalformedJson as error:
        raise VerificationFailed("structure", error.message) from error


def _verify_files(files: Sequence[Path], key_file: Path | None) -> int:
    # Everything is read before anything is judged: wrong use never looks like a broken transcript.
    contents = [(path, _read(path, "transcript")) for path in files]
    key_files = {path: key_file or path.parent / "keys.json" for path in files}
    key_sets = {path: _read_keys(path) for path in set(key_files.values())}
    code = _HOLDS
    held: list[Verified] = []
    for path, content in contents:
        print(_shown(str(path)))
        try:
            document = read_document(content)
            found = verify(document, key_sets[key_files[path]].check)
        except VerificationFailed as failure:
            code = _FAILED
            print(_shown(f"FAILED {failure.check}: {failure.message}"))
            continue
        assert isinstance(document, dict)
        _report(document, found)
        held.append(found)
    return max(code, _verify_links(held))


def _verify_ledger(files: Sequence[Path]) -> int:
    contents = [(path, _read(path, "export")) for path in files]
    entries: list[Entry] = []
    try:
        for path, content in contents:
            try:
                entries += read_export(content.decode("utf-8"))
            except ValueError as error:
                raise IntegrityError(f"{path}: {error}") from error
        check_chain(entries)
    except IntegrityError as failure:
        print(_shown(f"FAILED {failure.message}"))
        return _FAILED
    if not entries:
        raise _UsageError("there is no entry in it; an export has one a line")
    first, last = entries[0], entries[-1]
    whole = first.movement.version == 1
    for line in (
        f"  wallet   {last.player_id} {last.currency}",
        f"  versions {first.movement.version} to {last.movement.version}"
        + ("" if whole else f", after {first.prev}"),
        f"  balance  {last.available_minor} available, {last.held_minor} held, in minor units",
        f"  head     {last.hash}",
        "VERIFIED" if whole else "VERIFIED from there on; what was before is not in the file",
    ):
        print(_shown(line))
    return _HOLDS


def _cut(round_id: str, folder: Path) -> int:
    # The verifier starts without AWS.
    from botocore.exceptions import BotoCoreError, ClientError

    from baccarat.adapters import clients
    from baccarat.adapters.recordings import S3Recordings
    from baccarat.adapters.settings import ConfigurationError, RecordingsSettings
    from baccarat.application.recordings import segments_of
    from baccarat.domain.canonical import canonical
    from baccarat.domain.video.clip import files_of, make_clips

    try:
        settings = RecordingsSettings.load()
    except ConfigurationError as error:
        raise _UsageError(f"{error.message}; baccarat video --help says which") from error
    recordings = S3Recordings(clients.s3(), settings.films_bucket)
    try:
        index, clips = make_clips(round_id, segments_of(round_id, recordings=recordings))
    except NotFound as error:
        raise _UsageError(error.message) from error
    except ValueError as error:
        raise _UsageError(str(error)) from error
    except (BotoCoreError, ClientError) as error:
        raise _UsageError(f"the recordings cannot be read: {error}") from error
    named = dict(zip(files_of(index), clips, strict=True))
    named[f"{round_id}.json"] = canonical(index)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in named.items():
            (folder / name).write_bytes(content)
            print(_shown(str(folder / name)))
    except OSError as error:
        raise _UsageError(f"cannot write to {folder}: {error.strerror}") from error
    return _HOLDS


def _verify_clips(index_file: Path, key_file: Path | None) -> int:
    from baccarat.domain.video.clip import files_of, verify_clips

    content = _read(index_file, "index")
    keys = _read_keys(key_file or index_file.parent / "keys.json")
    try:
        index = read_document(content)
        files = [
            _read(index_file.parent / name, "clip", MAX_CLIP_BYTES) for name in files_of(index)
        ]
        found = verify_clips(index, files, keys.check)
    except VerificationFailed as failure:
        print(_shown(f"FAILED {failure.check}: {failure.message}"))
        return _FAILED
    first, last = found.manifests[0], found.manifests[-1]
    signers = sorted({(signed.sig.kid, signed.sig.ver) for signed in found.manifests})
    for line in (
        f"  round    {found.round_id}",
        f"  frames   {found.frames}, of which {found.marked} name the round in their own bytes",
        f"  segments {first.number} ({first.hash}) to {last.number} ({last.hash})",
        f"  begins   {_edge('before', shown=found.from_before)}",
        f"  ends     {_edge('after', shown=found.until_after)}",
        *(f"  hole     {hole}" for hole in found.holes),
        *(f"  key      {kid} (number {version})" for kid, version in signers),
        *(f"  passed   {check}" for check in found.checks),
        "VERIFIED",
    ):
        print(_shown(line))
    return _HOLDS


def _edge(side: str, *, shown: bool) -> str:
    if shown:
        return f"whole: it shows what was {side} the round"
    return f"with the recording: it shows nothing {side} the round"


def _reconcile(*, stops: bool) -> int:
    # Nothing else here talks to AWS.
    from baccarat.adapters import clients
    from baccarat.adapters.clock import SystemClock
    from baccarat.adapters.dynamodb.journal import DynamoJournal
    from baccarat.adapters.dynamodb.ledger import DynamoLedger, DynamoLedgerScan
    from baccarat.application.journal import sum_accounts
    from baccarat.application.reconcile import double_check

    _bind_books("reconcile")
    scan, journal = DynamoLedgerScan(), DynamoJournal()
    found = double_check(
        scan=scan,
        journal=journal,
        ledger=DynamoLedger(clients.dynamodb()),
        clock=SystemClock(),
        stops=stops,
    )
    for currency, sums in sorted(found.sums.items()):
        print(
            f"{currency}  available {sums.available_minor} + open stakes {sums.open_stakes_minor} "
            f"+ held {sums.held_minor} + house {sums.house_minor} = deposits "
            f"{sums.deposits_minor} − withdrawals {sums.withdrawals_minor}"
        )
    try:
        for currency, accounts in sorted(sum_accounts(journal=journal, scan=scan).items()):
            for account, amount_minor in sorted(accounts.items()):
                print(f"{currency}  {account:<24}{amount_minor:>20}")
            print(f"{currency}  {'trial balance':<24}{sum(accounts.values()):>20}")
    except IntegrityError as error:
        print(_shown(f"NO TRIAL BALANCE {error.message}"))
    for finding in found.findings:
        print(_shown(f"DIFFERS {finding}"))
    for player_id, currency in found.stopped:
        print(_shown(f"STOPPED {player_id} {currency}"))
    if found.findings:
        return _FAILED
    print("nothing differs")
    return _HOLDS


def _rebuild_journal(wallet: Sequence[str] | None) -> int:
    from baccarat.adapters.dynamodb.journal import DynamoJournal
    from baccarat.adapters.dynamodb.ledger import DynamoLedgerScan
    from baccarat.application.journal import rebuild, rebuild_all
    from baccarat.domain.tiers import TIERS, tier_of

    _bind_books("rebuild-journal")
    scan, journal = DynamoLedgerScan(), DynamoJournal()
    if wallet is None:
        rebuilt = rebuild_all(journal=journal, scan=scan)
        print(f"{rebuilt.wallets} wallets, {rebuilt.entries} entries")
        for (player_id, currency), why in rebuilt.failed.items():
            print(_shown(f"NOT REBUILT {player_id} {currency}: {why}"))
        return _FAILED if rebuilt.failed else _HOLDS
    player_id, currency = wallet
    if tier_of(player_id) not in TIERS:
        raise _UsageError(f"{player_id} is no player's id: no tier {tier_of(player_id)}")
    try:
        entries = rebuild(player_id, currency, journal=journal, scan=scan)
    except NotFound as error:
        raise _UsageError(error.message) from error
    except IntegrityError as error:
        print(_shown(f"NOT REBUILT {player_id} {currency}: {error.message}"))
        return _FAILED
    print(f"1 wallet, {len(entries)} entries")
    return _HOLDS


def _bind_books(command: str) -> None:
    """Point the models at the tables that the environment names."""
    from baccarat.adapters.dynamodb import models
    from baccarat.adapters.settings import BooksSettings, ConfigurationError

    try:
        settings = BooksSettings.load()
    except ConfigurationError as error:
        raise _UsageError(f"{error.message}; baccarat {command} --help says which") from error
    models.bind(models.LEDGER_MODELS, settings.ledger_table, settings.aws_region)
    models.bind(models.JOURNAL_MODELS, settings.journal_table, settings.aws_region)
    models.bind_wallets(settings.wallet_tables, settings.aws_region)


def _read(path: Path, what: str, max_bytes: int = MAX_FILE_BYTES) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(max_bytes + 1)
    except OSError as error:
        raise _UsageError(
            f"cannot read the {what} {path}: {error.strerror}; name a file that you may read"
        ) from error
    if len(content) > max_bytes:
        raise _UsageError(
            f"{path} is too large: a {what} has at most {max_bytes // 1024 // 1024} MB"
        )
    return content


def _read_keys(path: Path) -> KeySet:
    try:
        content = _read(path, "key file")
    except _UsageError as error:
        raise _UsageError(
            f"{error}; put the house's keys.json beside the transcript or give --keys KEYS"
        ) from error
    try:
        return KeySet.from_jwks(content.decode("utf-8"))
    except (ValueError, MalformedJson) as error:
        raise _UsageError(
            f'{path} is no key file: {error}; it holds {{"keys": [JWK, …]}} as GET /keys gives it'
        ) from error


def _report(document: JsonObject, found: Verified) -> None:
    round_ = found.round
    stakes = _stakes(document)
    paid = sum(payout.payout_minor for payout in found.payouts)
    owner = "bets" if document["view"] == "house" else "own bets"
    lines = [
        f"  round    {round_.round_id}",
        f"  table    {round_.table_id}, dealer {round_.dealer_id}, {document['view']} view",
        f"  result   {_result(round_)}",
        f"  cards    {_evidence(round_)}",
        f"  {owner:<8} {len(stakes)}",
        f"  staked   {sum(stakes)} minor units of {round_.currency}",
        f"  paid     {paid} minor units of {round_.currency}",
    ]
    keys = sorted({(signed.sig.kid, signed.sig.ver) for signed in (found.shoe, *found.events)})
    lines += [f"  key      {kid} (number {version})" for kid, version in keys]
    lines += [f"  passed   {check}" for check in found.checks]
    for line in [*lines, "VERIFIED"]:
        print(_shown(line))


def _result(round_: Round) -> str:
    if round_.state is RoundState.VOIDED:
        return f"VOIDED ({round_.void_reason})"
    cards = " ".join(f"{hand.value[0]}:{card}" for hand, card in round_.cards)
    coup = round_.coup
    return f"{round_.outcome} (Player {coup.player_total}, Banker {coup.banker_total}; {cards})"


def _evidence(round_: Round) -> str:
    """Return what the transcript shows of its cards."""
    if not round_.cards:
        return "none"
    match round_.mode:
        case DealingMode.RNG if round_.state is RoundState.VOIDED:
            return "not proven: the seed of a void round is not revealed"
        case DealingMode.RNG:
            return "provable: drawn with a seed committed to before the bets"
        case DealingMode.SHUFFLER:
            return "provable: each from an order committed to when the shoe was opened"
        case DealingMode.SHOE:
            return "attested: as they were scanned at the table"


def _stakes(document: JsonObject) -> list[int]:
    """Return the stakes listed in a document that holds."""
    stakes: list[int] = []
    book = document["book"]
    for item in book if isinstance(book, list) else []:
        match item:
            case {"entry": {"stake_minor": int(stake_minor)}} | {"stake_minor": int(stake_minor)}:
                stakes.append(stake_minor)
    return stakes


def _verify_links(held: Sequence[Verified]) -> int:
    """Check each round against the next one of its table, as far as both are there."""
    code = _HOLDS
    ordered = sorted(held, key=lambda found: (found.round.table_id, found.round.round_no))
    for earlier, later in pairwise(ordered):
        if earlier.round.table_id != later.round.table_id:
            continue
        names = f"{earlier.round.round_id} → {later.round.round_id}"
        try:
            if earlier.round.round_no == later.round.round_no:
                _same_log(earlier, later)
            elif earlier.round.round_no + 1 == later.round.round_no:
                verify_link(earlier, later)
                print(_shown(f"LINKED {names}"))
        except VerificationFailed as failure:
            code = _FAILED
            print(_shown(f"FAILED {failure.check}: {failure.message}"))
    return code


def _same_log(one: Verified, other: Verified) -> None:
    """Raises: VerificationFailed when the house signed two histories of one round."""
    if [signed.hash for signed in one.events] != [signed.hash for signed in other.events]:
        raise VerificationFailed(
            "chain", f"two transcripts tell round {one.round.round_id} differently, both signed"
        )


def _shown(text: str) -> str:
    """Return ``text`` without anything that could steer a terminal or that it cannot show."""
    plain = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
    encoding = sys.stdout.encoding or "utf-8"
    return plain.encode(encoding, "backslashreplace").decode(encoding)


def _document(document: dict[str, Any]) -> int:
    print(json.dumps(document, indent=2, ensure_ascii=False))
    return _HOLDS


def openapi() -> dict[str, Any]:
    """Return the OpenAPI description of the HTTP API, made from its models."""
    from baccarat.adapters.payments_api import document

    return document()


def asyncapi() -> dict[str, Any]:
    """Return the AsyncAPI 3.0 description of the websocket protocol, made from its models."""
    # The verifier must start without pydantic's models.
    from pydantic.json_schema import models_json_schema

    from baccarat.adapters.desk_messages import STAFF_ANSWERS, STAFF_MESSAGES
    from baccarat.adapters.messages import CLIENT_MESSAGES, MAX_MESSAGE_BYTES, SERVER_MESSAGES

    asked, answered = (*CLIENT_MESSAGES, *STAFF_MESSAGES), (*SERVER_MESSAGES, *STAFF_ANSWERS)
    _, definitions = models_json_schema(
        [
            *((model, "validation") for model in asked),
            *((model, "serialization") for model in answered),
        ],
        ref_template="#/components/schemas/{model}",
    )
    for model in answered:
        # Members with a fixed value are always sent; pydantic calls them optional.
        schema = definitions["$defs"][model.__name__]
        schema["required"] = list(schema["properties"])
    names = {model: _message_name(model) for model in (*asked, *answered)}
    operations: dict[str, Any] = {}
    for model in asked:
        name = names[model]
        operations[f"receive_{name}"] = {
            "action": "receive",
            "channel": {"$ref": "#/channels/table"},
            "summary": _summary(model),
            "messages": [_on_channel(name)],
            "reply": {
                "channel": {"$ref": "#/channels/table"},
                "messages": [_on_channel(_ANSWERS[name]), _on_channel("error")],
            },
        }
    for name in _UNASKED:
        operations[f"send_{name}"] = {
            "action": "send",
            "channel": {"$ref": "#/channels/table"},
            "messages": [_on_channel(name)],
        }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Live Baccarat websocket",
            "version": "1.0.0",
            "description": "How to connect, what comes in which order and what each error means: "
            f"websocket.md. A client's message has at most {MAX_MESSAGE_BYTES} bytes of UTF-8.",
        },
        "defaultContentType": "application/json",
        "servers": {
            "house": {
                "host": "{host}",
                "pathname": "/{stage}",
                "protocol": "wss",
                "description": "The address is the `url` of the answer to POST /tickets.",
                "variables": {
                    "host": {"description": "Host of the deployment."},
                    "stage": {"description": "Stage of the deployment."},
                },
                "security": [{"$ref": "#/components/securitySchemes/ticket"}],
            }
        },
        "channels": {
            "table": {
                "address": "/",
                "description": "The one connection of a client, for all tables it watches.",
                "servers": [{"$ref": "#/servers/house"}],
                "messages": {
                    name: {"$ref": f"#/components/messages/{name}"} for name in names.values()
                },
                "bindings": {
                    "ws": {
                        "query": {
                            "type": "object",
                            "required": ["ticket"],
                            "properties": {"ticket": {"type": "string"}},
                        },
                        "bindingVersion": "0.1.0",
                    }
                },
            }
        },
        "operations": operations,
        "components": {
            "messages": {
                name: {
                    "name": name,
                    "summary": _summary(model),
                    "payload": {"$ref": f"#/components/schemas/{model.__name__}"},
                }
                for model, name in names.items()
            },
            "schemas": definitions["$defs"],
            "securitySchemes": {
                "ticket": {
                    "type": "httpApiKey",
                    "in": "query",
                    "name": "ticket",
                    "description": "A one-time ticket of POST /tickets; it serves for 30 s.",
                }
            },
        },
    }


_ANSWERS: Final = {
    "lobby": "lobby_tables",
    "match": "matches",
    "join": "joined",
    "leave": "left",
    "sit": "seats",
    "stand": "seats",
    "bet": "bets_accepted",
    "cancel": "bet_cancelled",
    "ping": "pong",
    "desk": "desk_answered",
    "pit": "pit_answered",
}
"""The answer to each message of a client, other than ``error``."""

_NAMES_OF_SERVER: Final = {
    "bet": "bet_changed",
    "lobby": "lobby_tables",
    "desk": "desk_answered",
    "pit": "pit_answered",
}
"""Names of messages of the server whose tag is also one of a client's."""

_UNASKED: Final = ("events", "seats", "wallet", "bet_changed")
"""What the server sends without being asked."""


def _message_name(model: Any) -> str:
    """Return a message's name here: its tag, or one of its own where both sides use the same."""
    fields = model.model_fields
    if "action" in fields:
        return str(fields["action"].annotation.__args__[0])
    tag = str(fields["type"].default)
    return _NAMES_OF_SERVER.get(tag, tag)


def _summary(model: Any) -> str:
    return " ".join((model.__doc__ or "").split())


def _on_channel(name: str) -> dict[str, str]:
    return {"$ref": f"#/channels/table/messages/{name}"}


if __name__ == "__main__":
    sys.exit(main())
