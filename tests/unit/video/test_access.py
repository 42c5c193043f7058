"""Who may have a token, and that what is minted verifies offline for exactly what it says."""

from __future__ import annotations

import base64
import json
from types import SimpleNamespace
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from baccarat.adapters.kms import KmsSigner
from baccarat.adapters.video_tokens import mint
from baccarat.application.video import cameras_open, grant_video
from baccarat.domain.errors import BaccaratError, Forbidden, NoCamera, TableNotFound
from baccarat.domain.roles import ROLES
from baccarat.domain.table import TableStatus
from baccarat.domain.video.access import AUDIENCE, ISSUER, TOKEN_LIFE_SECONDS, VideoRole

NOW_MS = 1_700_000_000_900


class Floor:
    """Tables bac-1, which is filmed, and bac-2, which is closed and is not."""

    def table(self, table_id: str) -> Any:
        statuses = {"bac-1": TableStatus.OPEN, "bac-2": TableStatus.CLOSED}
        return SimpleNamespace(status=statuses[table_id]) if table_id in statuses else None


class LocalKms:
    """KMS's two calls, with a key of this process."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())

    def get_public_key(self, **_: Any) -> dict[str, bytes]:
        public = self.key.public_key()
        return {"PublicKey": public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)}

    def sign(self, *, Message: bytes, **_: Any) -> dict[str, bytes]:  # noqa: N803  AWS's name
        signature = self.key.sign(Message, ec.ECDSA(SHA256()))
        assert decode_dss_signature(signature)
        return {"Signature": signature}


def granted(wanted: VideoRole, role: str, table_id: str = "bac-1") -> Any:
    return grant_video(
        table_id,
        wanted,
        "anna",
        role,
        filmed={"bac-1"},
        floor=Floor(),  # type: ignore[arg-type]
        entropy=SimpleNamespace(token_bytes=lambda count: bytes(range(count))),
        clock=SimpleNamespace(now_ms=lambda: NOW_MS),  # type: ignore[arg-type]
    )


def test_a_token_says_what_was_granted_and_verifies_offline() -> None:
    signer = KmsSigner(LocalKms(), "key", 1)  # type: ignore[arg-type]
    token = mint(granted(VideoRole.VIEW, "player"), signer)
    key = jwt.PyJWK(signer.jwk)
    claims = jwt.decode(
        token,
        key,
        algorithms=["ES256"],
        audience=AUDIENCE,
        issuer=ISSUER,
        options={"verify_exp": False},
    )
    assert claims == {
        "iss": "live-baccarat",
        "aud": "media_sfu",
        "sub": "anna",
        "table": "bac-1",
        "role": "view",
        "iat": 1_700_000_000,
        "exp": 1_700_000_000 + TOKEN_LIFE_SECONDS,
        "jti": bytes(range(16)).hex(),
    }
    assert jwt.get_unverified_header(token)["kid"] == signer.jwk["kid"]
    head, body, signature = token.split(".")
    other = base64.urlsafe_b64encode(json.dumps({**claims, "table": "bac-2"}).encode())
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(
            f"{head}.{other.rstrip(b'=').decode()}.{signature}",
            key,
            algorithms=["ES256"],
            audience=AUDIENCE,
        )
    assert body != other.decode()


def test_a_role_that_is_not_listed_may_not() -> None:
    may = {wanted.value: {role for role in ROLES if _may(wanted, role)} for wanted in VideoRole}
    assert may == {
        "view": {"player", "dealer", "pit", "ops", "auditor"},
        "publish": {"studio"},
        "edge": {"edge"},
    }


def _may(wanted: VideoRole, role: str) -> bool:
    try:
        granted(wanted, role)
    except Forbidden:
        return False
    return True


@pytest.mark.parametrize(("table_id", "error"), [("bac-9", TableNotFound), ("bac-2", NoCamera)])
def test_tables_that_are_not_there_or_not_filmed(table_id: str, error: type[BaccaratError]) -> None:
    with pytest.raises(error, match=table_id):
        granted(VideoRole.VIEW, "player", table_id)


def test_pictures_are_due_of_tables_that_are_open() -> None:
    found = cameras_open(["bac-1", "bac-2", "bac-9"], floor=Floor())  # type: ignore[arg-type]
    assert found == {"bac-1": True, "bac-2": False, "bac-9": False}
