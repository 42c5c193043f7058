"""The video server and the studios as children of the one-machine run."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from baccarat.domain.roles import EDGE, STUDIO
from media_sfu.agent import PASSWORD_VARIABLE
from sandbox.configuration import HOST, Options, SandboxError, User
from sandbox.processes import Child
from sandbox.seeding import TABLES, USERS

QUALITIES: Final = ("640x360@800", "320x180@250")
_DOING: Final = "the video server"


def check_tables(video_tables: Iterable[str]) -> None:
    """Raises: SandboxError: a table to film is not one of the sandbox's."""
    known = [table.table_id for table in TABLES]
    for table_id in video_tables:
        if table_id not in known:
            raise SandboxError(
                f"there is no table {table_id} to film: VIDEO_TABLES may name {', '.join(known)}"
            )


class Video:
    """The SFU with one process for viewers, and a studio for each filmed table."""

    def __init__(self, options: Options, outputs: dict[str, str]) -> None:
        environment = options.environment()
        studio, server = (_user(role) for role in (STUDIO, EDGE))
        self._sfu = Child(
            ["-m", "media_sfu", "origin"],
            {
                **environment,
                "LISTEN_HOST": HOST,
                "LISTEN_PORT": str(options.video_port),
                "MEDIA_ADDRESSES": HOST,
                "PAGE_ORIGINS": " ".join(options.origins),
                "VIDEO_KEYS": f"{outputs['ApiUrl']}/video/keys",
                "PAGE_URL": options.page_url,
                "SERVICE_USER": server.name,
                "SERVICE_PASSWORD": server.password,
                "FILMS_BUCKET": outputs["FilmsBucket"],
                "KEEP_SEGMENT_FUNCTION": outputs["KeepSegmentFunction"],
                "WORKERS": "1",
                "DRAIN_SECONDS": "2",  # nobody here waits for a deployment
            },
            options.folder / "video.log",
        )
        qualities = [part for quality in QUALITIES for part in ("--quality", quality)]
        self._studios = [
            Child(
                [
                    *("-m", "sandbox.studio", "--table", table_id),
                    *("--page", options.page_url, "--user", studio.name),
                    *qualities,
                ],
                {**environment, PASSWORD_VARIABLE: studio.password},
                options.folder / f"studio-{table_id}.log",
            )
            for table_id in options.video_tables
        ]

    def start(self) -> None:
        """Start everything; pictures come when the studios are through the house's door.

        Raises:
            SandboxError: the video server did not start.
        """
        self._sfu.start()
        self._sfu.first_line(_DOING)
        for studio in self._studios:
            studio.start()
        for child in (self._sfu, *self._studios):
            child.start_anew_when_it_ends()

    def stop(self) -> None:
        """End the studios first, which end their sessions, then the server."""
        for child in (*self._studios, self._sfu):
            child.stop()


def _user(role: str) -> User:
    return next(user for user in USERS if user.role == role)
