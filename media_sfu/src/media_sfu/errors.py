"""What the SFU refuses, each with its code and its status of HTTP."""

from __future__ import annotations

from http import HTTPStatus
from typing import ClassVar

from baccarat.domain.errors import Refused


class SfuRefused(Refused):
    """Base of the refusals of the SFU."""

    code = "SFU_REFUSED"
    status: ClassVar[HTTPStatus] = HTTPStatus.BAD_REQUEST
    retry_after_seconds: ClassVar[int | None] = None


class OfferRefused(SfuRefused):
    """The session description is none, or asks for what this SFU does not do."""

    code = "OFFER_REFUSED"


class WrongContentType(SfuRefused):
    code = "WRONG_CONTENT_TYPE"
    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE


class OfferTooLarge(SfuRefused):
    code = "OFFER_TOO_LARGE"
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE


class TokenRefused(SfuRefused):
    """No token, or one that was not made for this request, or was used before."""

    code = "VIDEO_TOKEN_REFUSED"
    status = HTTPStatus.UNAUTHORIZED


class NotYourTable(SfuRefused):
    """The token is good, for another table or another role."""

    code = "VIDEO_TOKEN_FOR_ANOTHER"
    status = HTTPStatus.FORBIDDEN


class SessionNotFound(SfuRefused):
    code = "VIDEO_SESSION_NOT_FOUND"
    status = HTTPStatus.NOT_FOUND


class NothingToChange(SfuRefused):
    """Trickle ICE and ICE restarts are not offered."""

    code = "VIDEO_SESSION_UNCHANGEABLE"
    status = HTTPStatus.METHOD_NOT_ALLOWED


class TooManyJoins(SfuRefused):
    code = "TOO_MANY_JOINS"
    status = HTTPStatus.TOO_MANY_REQUESTS
    retry_after_seconds = 1


class SfuFull(SfuRefused):
    code = "SFU_FULL"
    status = HTTPStatus.SERVICE_UNAVAILABLE
    retry_after_seconds = 5


class SfuDraining(SfuRefused):
    """This one is about to leave; others take new sessions."""

    code = "SFU_DRAINING"
    status = HTTPStatus.SERVICE_UNAVAILABLE
    retry_after_seconds = 1
