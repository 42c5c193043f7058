"""What the SFU refuses of HLS."""

from __future__ import annotations

from http import HTTPStatus

from media_sfu.errors import SfuRefused


class NotLive(SfuRefused):
    """The table has no picture now."""

    code = "NOT_LIVE"
    status = HTTPStatus.NOT_FOUND


class NothingNew(SfuRefused):
    """What was waited for did not come."""

    code = "NOTHING_NEW"
    status = HTTPStatus.SERVICE_UNAVAILABLE
    retry_after_seconds = 1


class SessionOver(SfuRefused):
    """The address is none, or nobody asked for its playlist for too long."""

    code = "SESSION_OVER"
    status = HTTPStatus.NOT_FOUND


class ReloadRefused(SfuRefused):
    """The directives of a reload are wrong, or too far ahead of live."""

    code = "RELOAD_REFUSED"


class FileNotThere(SfuRefused):
    """It left the window, or never was."""

    code = "FILE_NOT_THERE"
    status = HTTPStatus.NOT_FOUND


class HlsBusy(SfuRefused):
    """Too many viewers, or too many that wait."""

    code = "HLS_BUSY"
    status = HTTPStatus.SERVICE_UNAVAILABLE
    retry_after_seconds = 1
