"""Public keys as JWK sets, and checking signatures with them, offline."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from baccarat.adapters.strict_json import loads
from baccarat.domain.canonical import Json
from baccarat.domain.log import Signature


def jwk_of_der(der: bytes) -> dict[str, str]:
    """Return a P-256 public key (DER SubjectPublicKeyInfo) as a JWK.

    Raises:
        ValueError: another kind of key.
    """
    key = load_der_public_key(der)
    if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name != "secp256r1":
        raise ValueError("the log is signed with ECDSA P-256 keys only")
    numbers = key.public_numbers()
    return {
        "kty": "EC",
        "crv": "P-256",
        "x": _b64(numbers.x.to_bytes(32, "big")),
        "y": _b64(numbers.y.to_bytes(32, "big")),
    }


def thumbprint(jwk: dict[str, str]) -> str:
    """Return the RFC 7638 thumbprint (SHA-256, base64url) of a JWK."""
    members = {name: jwk[name] for name in ("crv", "kty", "x", "y")}
    return _b64(hashlib.sha256(json.dumps(members, separators=(",", ":")).encode()).digest())


def public_jwks(text: str) -> list[Json]:
    """Return the keys of ``{"keys": [JWK, …]}``, of which there may be none, as they are written.

    Raises:
        ValueError: not a set of P-256 keys.
    """
    document = loads(text)
    keys = document.get("keys") if isinstance(document, dict) else None
    if keys == []:
        return []
    KeySet.from_jwks(text)
    assert isinstance(keys, list)
    return keys


_SIGNATURE: Final = re.compile(r"[A-Za-z0-9_-]{85}[AQgw]")


class KeySet:
    """Trusted public keys by thumbprint."""

    def __init__(self, keys: dict[str, ec.EllipticCurvePublicKey]) -> None:
        self._keys = keys

    @classmethod
    def from_jwks(cls, text: str | bytes) -> KeySet:
        """Read ``{"keys": [JWK, …]}``.

        Raises:
            ValueError: not a set of P-256 keys.
        """
        document = loads(text)
        listed = document.get("keys") if isinstance(document, dict) else None
        if not isinstance(listed, list) or not listed:
            raise ValueError('a key file is {"keys": [JWK, …]} with at least one key')
        keys = {}
        for jwk in listed:
            match jwk:
                case {"kty": "EC", "crv": "P-256", "x": str(x), "y": str(y)}:
                    numbers = ec.EllipticCurvePublicNumbers(
                        int.from_bytes(_unb64(x), "big"),
                        int.from_bytes(_unb64(y), "big"),
                        ec.SECP256R1(),
                    )
                    kid = thumbprint({"kty": "EC", "crv": "P-256", "x": x, "y": y})
                    keys[kid] = numbers.public_key()
                case _:
                    raise ValueError("every key of a key file is an EC P-256 JWK")
        return cls(keys)

    def check(self, signature: Signature, message: bytes) -> None:
        """Raises: ValueError with the reason when the signature does not hold."""
        key = self._keys.get(signature.kid)
        if key is None:
            raise ValueError(f"signed by key {signature.kid}, which is not a trusted key")
        # Base64 readers skip strange characters and spare bits, so that one signature has many
        # spellings; only one of them is taken.
        if not _SIGNATURE.fullmatch(signature.val):
            raise ValueError("a signature is the unpadded base64url of 64 bytes")
        raw = _unb64(signature.val)
        der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
        try:
            key.verify(der, message, ec.ECDSA(SHA256()))
        except InvalidSignature as error:
            raise ValueError("the signature does not match its content") from error


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _unb64(text: str) -> bytes:
    if not text.isascii():
        raise ValueError("base64url is ASCII")
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
