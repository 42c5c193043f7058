"""Tokens for the video: JWTs (ES256) that KMS signs and ``media_sfu.tokens`` verifies offline."""

from __future__ import annotations

import base64
import json

from baccarat.adapters.kms import KmsSigner
from baccarat.domain.video.access import VideoGrant


def mint(grant: VideoGrant, signer: KmsSigner) -> str:
    """Return the grant as a JWT in its compact form."""
    header = {"alg": "ES256", "typ": "JWT", "kid": signer.jwk["kid"]}
    signed = b".".join(_part(part) for part in (header, grant.claims()))
    # The log's signatures are those of JWS: r ‖ s in unpadded base64url.
    return f"{signed.decode()}.{signer.sign(signed).val}"


def _part(value: object) -> bytes:
    return base64.urlsafe_b64encode(json.dumps(value, separators=(",", ":")).encode()).rstrip(b"=")
