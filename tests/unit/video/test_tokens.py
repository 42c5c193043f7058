"""Tokens: verified offline, used once, by keys that may be rotated."""

import pytest

from baccarat.adapters.settings import ConfigurationError
from baccarat.domain.video.access import VideoRole
from media_sfu import tokens as tokens_module
from media_sfu.errors import NotYourTable, TokenRefused
from media_sfu.tokens import TokenVerifier, UsedHere
from tests.support.video import Tokens

VIEW, EDGE = VideoRole.VIEW, VideoRole.EDGE


def test_a_token_opens_once_what_it_says() -> None:
    tokens = Tokens()
    verifier = TokenVerifier(lambda: tokens.jwk_set, UsedHere())
    token = tokens.mint("bac-1", VIEW)
    with pytest.raises(NotYourTable):
        verifier.check(token, table="bac-2", role=VIEW)
    assert verifier.check(token, table="bac-1", role=VIEW) is VIEW  # the mistake used nothing up
    with pytest.raises(TokenRefused, match="used before"):
        verifier.check(token, table="bac-1", role=VIEW)
    assert verifier.check(tokens.mint("bac-1", EDGE), table="bac-1", role=VIEW) is EDGE
    with pytest.raises(NotYourTable):
        verifier.check(tokens.mint("bac-1", EDGE), table="bac-1", role=VideoRole.PUBLISH)


def test_new_keys_are_fetched_when_a_token_names_one_and_not_for_each() -> None:
    old, new, stranger = Tokens("one"), Tokens("two"), Tokens("three")
    fetched: list[dict[str, object]] = []

    def jwk_set() -> dict[str, object]:
        fetched.append(new.jwk_set if fetched else old.jwk_set)
        return fetched[-1]

    verifier = TokenVerifier(jwk_set, UsedHere())
    assert verifier.check(old.mint("bac-1", VIEW), table="bac-1", role=VIEW) is VIEW
    assert verifier.check(new.mint("bac-1", VIEW), table="bac-1", role=VIEW) is VIEW
    for _ in range(20):
        with pytest.raises(TokenRefused, match="not known"):
            verifier.check(stranger.mint("bac-1", VIEW), table="bac-1", role=VIEW)
    assert len(fetched) == 2


def test_keys_that_cannot_be_fetched_again_leave_the_old_ones() -> None:
    tokens = Tokens("one")
    answers = [tokens.jwk_set]

    def jwk_set() -> dict[str, object]:
        if not answers:
            raise ConfigurationError("nobody answers")
        return answers.pop()

    verifier = TokenVerifier(jwk_set, UsedHere())
    with pytest.raises(TokenRefused):
        verifier.check(Tokens("two").mint("bac-1", VIEW), table="bac-1", role=VIEW)
    assert verifier.check(tokens.mint("bac-1", VIEW), table="bac-1", role=VIEW) is VIEW


@pytest.mark.parametrize("wrong", [{}, {"keys": []}, {"keys": [{"kty": "oct", "k": "AA"}]}])
def test_a_set_without_a_key_is_no_set(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="JWK set"):
        TokenVerifier(lambda: wrong, UsedHere())


def test_memory_for_used_tokens_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens_module, "MAX_REMEMBERED", 3)
    monkeypatch.setattr(tokens_module.time, "time", lambda: 1000.0)
    used = UsedHere()
    assert [used.consume(str(one), 1010) for one in range(5)] == [True, True, True, False, False]
    assert not used.consume("0", 1010)
    monkeypatch.setattr(tokens_module.time, "time", lambda: 2000.0)
    assert used.consume("new", 2010)
