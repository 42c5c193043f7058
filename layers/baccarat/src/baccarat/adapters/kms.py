"""KMS: the log's signing key and the sealing of seeds."""

from __future__ import annotations

import base64
from functools import cached_property
from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from baccarat.adapters.keys import jwk_of_der, thumbprint
from baccarat.domain.errors import IntegrityError
from baccarat.domain.log import Signature

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient


class KmsSigner:
    """Implements ``ports.Signer`` with one ECDSA P-256 key; ``version`` is its number in the
    house's rotation.
    """

    def __init__(self, client: KMSClient, key_id: str, version: int) -> None:
        self._client = client
        self._key_id = key_id
        self._version = version

    @cached_property
    def jwk(self) -> dict[str, str]:
        """The public key as a JWK with its thumbprint as ``kid``."""
        jwk = jwk_of_der(self._client.get_public_key(KeyId=self._key_id)["PublicKey"])
        return {**jwk, "kid": thumbprint(jwk), "alg": "ES256", "use": "sig"}

    def sign(self, message: bytes) -> Signature:
        answer = self._client.sign(
            KeyId=self._key_id,
            Message=message,
            MessageType="RAW",
            SigningAlgorithm="ECDSA_SHA_256",
        )
        # KMS answers in DER; JOSE and browsers want r ‖ s.
        r, s = decode_dss_signature(answer["Signature"])
        raw = r.to_bytes(32, "big") + s.to_bytes(32, "big")
        return Signature(
            self.jwk["kid"], self._version, base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
        )


ROUND: Final = "roundId"
SHOE: Final = "shoeId"
"""Whose secrets a vault keeps: the name of the only member of the encryption context."""


class KmsVault:
    """Implements ``ports.Vault``: the owner's id is the encryption context. For seeds the key's
    policy gives Encrypt to the opening function and Decrypt to the dealing function alone; what a
    shoe was committed to is sealed and opened by the functions of desk and pit.
    """

    def __init__(self, client: KMSClient, key_id: str, owner: str) -> None:
        self._client = client
        self._key_id = key_id
        self._owner = owner

    def seal(self, secret: bytes, owner_id: str) -> bytes:
        return self._client.encrypt(
            KeyId=self._key_id, Plaintext=secret, EncryptionContext={self._owner: owner_id}
        )["CiphertextBlob"]

    def open(self, sealed: bytes, owner_id: str) -> bytes:
        try:
            return self._client.decrypt(
                KeyId=self._key_id,
                CiphertextBlob=sealed,
                EncryptionContext={self._owner: owner_id},
            )["Plaintext"]
        except ClientError as error:
            if error.response["Error"]["Code"] == "InvalidCiphertextException":
                raise IntegrityError(f"the secret was not sealed for {owner_id}") from error
            raise
