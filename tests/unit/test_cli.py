"""The ``baccarat`` command as an auditor uses it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from baccarat.adapters import cli
from baccarat.domain.paytable import PAYTABLES
from baccarat.domain.transcript import FORMAT
from tests.builders import CONFIG, FORGED_JWKS, KEY, Floor, bet
from tests.vectors.make_transcript import EXAMPLE, VECTORS
from tests.vectors.tampering import TAMPERINGS, encoded, rounds, tables, valid

INDEX = json.loads((VECTORS / "index.json").read_text())
KEYS_FILE = str(VECTORS / "keys.json")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "keys.json").write_text(KEY.jwks)
    for name, document in valid().items():
        (tmp_path / f"{name}.json").write_bytes(encoded(document))
    return tmp_path


def test_a_round_that_holds(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["verify", str(folder / "six-bets.json")]) == 0
    out, err = capsys.readouterr()
    coup = rounds()["six-bets"].round.coup
    cards = " ".join(f"{hand.value[0]}:{card}" for hand, card in rounds()["six-bets"].round.cards)
    assert out.splitlines() == [
        str(folder / "six-bets.json"),
        "  round    bac-1.000000003",
        "  table    bac-1, dealer dealer-7, house view",
        f"  result   BANKER (Player {coup.player_total}, Banker {coup.banker_total}; {cards})",
        "  cards    provable: drawn with a seed committed to before the bets",
        "  bets     6",
        "  staked   13003 minor units of EUR",
        "  paid     19895 minor units of EUR",
        f"  key      {KEY.jwk['kid']} (number 1)",
        "  passed   structure",
        "  passed   chain",
        "  passed   signatures",
        "  passed   shoe",
        "  passed   transitions",
        "  passed   book",
        "  passed   commitment",
        "  passed   cards",
        "  passed   outcome",
        "  passed   payouts",
        "  passed   seal",
        "VERIFIED",
    ]
    assert err == ""


def test_the_worked_example_of_the_formats_page(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["verify", str(EXAMPLE / "transcript.json")]) == 0
    out = capsys.readouterr().out
    assert "BANKER (Player 5, Banker 6; P:6D B:AH P:6D B:9C P:3S B:6S)" in out
    assert out.endswith("VERIFIED\n")


def test_what_the_formats_page_says_of_the_command(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = (EXAMPLE.parent / "transcript.md").read_text()
    cli.main(["verify", str(EXAMPLE / "transcript.json")])
    path, *lines = capsys.readouterr().out.splitlines()
    shown = "\n".join(["docs/formats/example/transcript.json", *lines[:7]])
    assert path.endswith("docs/formats/example/transcript.json")
    assert f"```\n{shown}\n```" in page
    names = ("rng-1", "void-after-cards", "shuffler-middle", "shoe-middle", "void-closed")
    for name in names:
        cli.main(["verify", str(folder / f"{name}.json")])
        out = capsys.readouterr().out
        said = next(line for line in out.splitlines() if line.startswith("  cards"))
        assert f"| {said.removeprefix('  cards    ')} |" in page


def test_a_players_view(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["verify", str(folder / "player-with-bets.json")]) == 0
    out = capsys.readouterr().out
    assert "player view" in out
    assert "  own bets 3\n  staked   703 minor units of EUR\n  paid     395 minor" in out


def test_a_void_round(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["verify", str(folder / "void-after-seal.json")]) == 0
    out = capsys.readouterr().out
    assert "  result   VOIDED (TABLE_DOWN)\n" in out
    assert "  paid     0 minor units" in out


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("rng-1", "provable: drawn with a seed committed to before the bets"),
        ("shuffler-middle", "provable: each from an order committed to when the shoe was opened"),
        ("shuffler-void-with-cards", "provable: each from an order"),
        ("shoe-middle", "attested: as they were scanned at the table"),
        ("shoe-void-with-cards", "attested: as they were scanned at the table"),
        ("void-after-cards", "not proven: the seed of a void round is not revealed"),
        ("void-after-seal", "none"),
    ],
)
def test_what_is_shown_of_the_cards(
    folder: Path, capsys: pytest.CaptureFixture[str], name: str, words: str
) -> None:
    assert cli.main(["verify", str(folder / f"{name}.json")]) == 0
    assert f"  cards    {words}" in capsys.readouterr().out


@pytest.mark.parametrize("link", INDEX["links"], ids=lambda link: link["later"])
def test_links(link: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    files = [str(VECTORS / link[name]) for name in ("earlier", "later")]
    code = cli.main(["verify", *files, "--keys", KEYS_FILE])
    lines = capsys.readouterr().out.splitlines()
    assert lines.count("VERIFIED") == 2
    if link["check"] is None:
        assert (code, lines[-1].split()[0]) == (0, "LINKED")
    else:
        assert (code, lines[-1].split(":")[0]) == (1, f"FAILED {link['check']}")


@pytest.mark.parametrize("vector", INDEX["vectors"], ids=lambda v: v["file"])
def test_vectors(vector: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    code = cli.main(["verify", str(VECTORS / vector["file"]), "--keys", KEYS_FILE])
    last = capsys.readouterr().out.splitlines()[-1]
    if vector["check"] is None:
        assert (code, last) == (0, "VERIFIED")
    else:
        assert (code, last.split(":")[0]) == (1, f"FAILED {vector['check']}")


def test_the_message_says_what_is_wrong(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tampering = next(t for t in TAMPERINGS if t.name == "payout-changed-outsider")
    (folder / "bad.json").write_bytes(tampering.content())
    assert cli.main(["verify", str(folder / "bad.json")]) == 1
    out = capsys.readouterr().out
    assert "FAILED payouts: bet bet-000000000001 of anna is due 196 minor units" in out
    assert "VERIFIED" not in out


def test_deep_nesting_and_garbage_are_failures_not_crashes(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number, content in enumerate((b"", b"\x00", b"[" * 200_000, b'{"a":' * 50_000, b"null")):
        path = folder / f"bad{number}.json"
        path.write_bytes(content)
        assert cli.main(["verify", str(path)]) == 1
        assert "\nFAILED structure: " in capsys.readouterr().out


def test_a_strangers_key_is_not_trusted(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    keys = folder / "other.json"
    keys.write_text(FORGED_JWKS)
    assert cli.main(["verify", str(folder / "no-bets.json"), "--keys", str(keys)]) == 1
    assert "FAILED signature: " in capsys.readouterr().out


def test_neighbours_are_linked_whatever_their_order(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [str(folder / f"{name}.json") for name in rounds()]
    assert cli.main(["verify", *reversed(files)]) == 0
    lines = capsys.readouterr().out.splitlines()
    expected = [
        f"LINKED {table}.{number:09d} → {table}.{number + 1:09d}"
        for table, played in tables().items()
        for number in range(1, len(played))
    ]
    assert lines[-len(expected) :] == expected
    assert lines.count("VERIFIED") == len(files)


def test_rounds_that_are_not_neighbours_are_not_linked(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [str(folder / name) for name in ("no-bets.json", "six-bets.json")]
    assert cli.main(["verify", *files]) == 0
    assert "LINKED" not in capsys.readouterr().out


def test_neighbours_of_two_histories_fail(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    floor = Floor()
    floor.play([bet("anna", 1)])
    (folder / "other.json").write_bytes(encoded(floor.play().house))
    code = cli.main(["verify", str(folder / "no-bets.json"), str(folder / "other.json")])
    out = capsys.readouterr().out
    assert code == 1
    assert out.splitlines()[-1].startswith(
        "FAILED chain: round bac-1.000000002 does not follow bac-1.000000001: prev is "
    )


def test_two_histories_of_one_round_fail(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "other.json").write_bytes(encoded(Floor().play([bet("anna", 1)]).house))
    code = cli.main(["verify", str(folder / "no-bets.json"), str(folder / "other.json")])
    assert code == 1
    assert "FAILED chain: two transcripts tell round" in capsys.readouterr().out
    both = [str(folder / "six-bets.json"), str(folder / "player-with-bets.json")]
    assert cli.main(["verify", *both]) == 0


def test_rounds_link_over_takeovers_between_them(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    floor = Floor()
    (folder / "a.json").write_bytes(encoded(floor.play().house))
    floor.take_over_between_rounds()
    (folder / "b.json").write_bytes(encoded(floor.play().house))
    assert cli.main(["verify", str(folder / "a.json"), str(folder / "b.json")]) == 0
    assert "LINKED bac-1.000000001 → bac-1.000000002" in capsys.readouterr().out


def test_one_bad_file_fails_the_whole_run(folder: Path) -> None:
    (folder / "bad.json").write_bytes(b"{}")
    files = [str(folder / name) for name in ("bad.json", "no-bets.json")]
    assert cli.main(["verify", *files]) == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["missing.json"], "cannot read the transcript"),
        (["."], "cannot read the transcript"),
        (["no-bets.json", "--keys", "missing.json"], "give --keys KEYS"),
        (["no-bets.json", "--keys", "no-bets.json"], "is no key file"),
        (["no-bets.json", "--keys", "empty.json"], "is no key file"),
        (["no-bets.json", "--keys", "rsa.json"], "is no key file"),
        (["no-bets.json", "--keys", "latin.json"], "is no key file"),
        (["large.json"], "at most 64 MB"),
    ],
)
def test_wrong_use_is_no_verdict(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    (folder / "empty.json").write_text('{"keys": []}')
    (folder / "rsa.json").write_text('{"keys": [{"kty": "RSA"}]}')
    (folder / "latin.json").write_bytes(b"\xff\xfe")
    with (folder / "large.json").open("wb") as file:
        file.truncate(cli.MAX_FILE_BYTES + 1)
    given = [a if a.startswith("--") else str(folder / a) for a in arguments]
    assert cli.main(["verify", *given]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert words in err
    assert err.startswith("baccarat: ")


def test_the_key_file_is_looked_for_beside_the_transcript(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(VECTORS / "holds/no-bets.json", tmp_path)
    assert cli.main(["verify", str(tmp_path / "no-bets.json")]) == 2
    assert "put the house's keys.json beside the transcript" in capsys.readouterr().err


def test_nothing_in_a_transcript_steers_the_terminal(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    evil = {**valid()["no-bets"], "format": "\x1b[2Jgone\u202e", "x\x1b]0;": 1}
    (folder / "evil.json").write_bytes(encoded(evil))
    (folder / "evil2.json").write_bytes(encoded({**evil, "format": FORMAT}))
    for name in ("evil.json", "evil2.json"):
        assert cli.main(["verify", str(folder / name)]) == 1
        out = capsys.readouterr().out
        assert all(c.isprintable() or c == "\n" for c in out)
        assert "\\x1b" in out


def test_without_a_command_the_use_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in ([], ["verify"], ["judge"], ["verify", "x", "--key"]):
        with pytest.raises(SystemExit) as left:
            cli.main(arguments)
        assert left.value.code == 2
        assert "usage: baccarat" in capsys.readouterr().err


ODDS_OF_THE_MAIN_BETS = """\
commission-8/1, 8 deck(s), 4,998,398,275,503,360 sequences of six cards
  bet           result                    sequences  probability %       RTP %  house edge %
  PLAYER        win 1:1       2,230,518,282,592,256      44.624661   98.764919      1.235081
                push            475,627,426,473,216       9.515597
                lose          2,292,252,566,437,888      45.859742
  BANKER        win 0.95:1    2,292,252,566,437,888      45.859742   98.942094      1.057906
                push            475,627,426,473,216       9.515597
                lose          2,230,518,282,592,256      44.624661
  TIE           win 8:1         475,627,426,473,216       9.515597   85.640371     14.359629
                lose          4,522,770,849,030,144      90.484403
"""


def test_the_exact_odds_of_a_paytable(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["odds", "--paytable", "commission-8/1"]) == 0
    assert capsys.readouterr().out == ODDS_OF_THE_MAIN_BETS
    assert cli.main(["odds", "--paytable", "commission-8/1", "--decks", "6"]) == 0
    assert "392,220,492,728,832      44.627857   98.762585      1.237415" in capsys.readouterr().out


def test_the_exact_odds_of_all_paytables(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["odds"]) == 0
    out = capsys.readouterr().out
    assert [line.split(",")[0] for line in out.splitlines() if "sequences of" in line] == list(
        PAYTABLES
    )
    assert "win 30:1" in out
    assert "win 0.54:1" in out


def test_the_exact_odds_of_a_tables_configuration(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "table.json"
    path.write_text(json.dumps(CONFIG.to_json()))
    assert cli.main(["odds", "--table", str(path)]) == 0
    assert capsys.readouterr().out == ODDS_OF_THE_MAIN_BETS


def test_odds_above_a_hundred_per_cent_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["odds", "--paytable", "commission-8/2", "--decks", "endless"]) == 1
    assert capsys.readouterr().out.splitlines()[-1] == (
        "REFUSED PERFECT_PAIR of paytable commission-8/2 has an RTP of 105.510355 % with endless "
        "decks; at most 100 % is offered"
    )


@pytest.mark.parametrize("content", [b"{}", b"[", b"\xff", b'{"a": 1, "a": 2}'])
def test_what_is_no_configuration_has_no_odds(
    content: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "table.json"
    path.write_bytes(content)
    assert cli.main(["odds", "--table", str(path)]) == 2
    assert "is no table configuration" in capsys.readouterr().err
    assert cli.main(["odds", "--table", str(tmp_path / "none.json")]) == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ["--decks", "10"],
        ["--decks", "0"],
        ["--decks", "many"],
        ["--paytable", "x"],
        ["--paytable", "ez-8/1", "--table", "x"],
    ],
)
def test_odds_of_nothing_that_exists(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as left:
        cli.main(["odds", *arguments])
    assert left.value.code == 2


def test_the_installed_command_starts_without_the_cloud_and_in_any_language() -> None:
    program = (
        "import sys; from baccarat.adapters.cli import main; code = main(sys.argv[1:]);"
        "assert not {'boto3', 'botocore', 'pydantic'} & set(sys.modules); sys.exit(code)"
    )
    files = [str(VECTORS / INDEX["links"][0][name]) for name in ("earlier", "later")]
    run = subprocess.run(
        [sys.executable, "-c", program, "verify", *files, "--keys", KEYS_FILE],
        capture_output=True,
        check=False,
        env={"PYTHONIOENCODING": "ascii", "PYTHONPATH": "layers/baccarat/src"},
        cwd=VECTORS.parents[2],
    )
    assert (run.returncode, run.stderr) == (0, b"")
    assert run.stdout.count(b"VERIFIED") == 2
    assert b"\\u2192" in run.stdout


LEDGER = EXAMPLE.parent / "ledger-export.md"


@pytest.mark.parametrize("name", ["ledger.jsonl", "ledger.csv"])
def test_the_example_of_an_export_is_that_of_its_page(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path, page = EXAMPLE / name, LEDGER.read_text()
    assert cli.main(["verify-ledger", str(path)]) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[:3] == [
        "  wallet   anna EUR",
        "  versions 1 to 5",
        "  balance  8950 available, 0 held, in minor units",
    ]
    assert f"`{out[3].split()[1]}`" in page
    assert out[4:] == ["VERIFIED"]
    assert path.read_text().splitlines()[0] in page.splitlines()


def test_an_export_in_parts_is_one_chain(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = (EXAMPLE / "ledger.jsonl").read_text().splitlines(keepends=True)
    parts = {"a": lines[:2], "b": lines[2:], "changed": [lines[1].replace("9000", "9001")]}
    for name, part in parts.items():
        (tmp_path / name).write_text("".join(part))
    a, b, changed = (str(tmp_path / name) for name in parts)
    assert cli.main(["verify-ledger", a, b]) == 0
    assert cli.main(["verify-ledger", b]) == 0
    assert "VERIFIED from there on" in capsys.readouterr().out
    for wrong in ([b, a], [a, a], [a, changed], [changed]):
        assert cli.main(["verify-ledger", *wrong]) == 1
        assert capsys.readouterr().out.startswith("FAILED")
    (tmp_path / "empty").write_text("")
    assert cli.main(["verify-ledger", str(tmp_path / "empty")]) == 2
    assert "there is no entry" in capsys.readouterr().err


def test_the_books_are_not_checked_without_the_names_of_their_tables(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("LEDGER_TABLE", "WALLET_TABLES", "JOURNAL_TABLE", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    assert cli.main(["reconcile"]) == 2
    assert "LEDGER_TABLE" in capsys.readouterr().err
