"""WHIP and WHEP as RFC 9725 and its draft for viewers have them; what is refused, and how."""

import asyncio
import json
import time
from typing import Any

import pytest
from aiortc import RTCConfiguration, RTCPeerConnection

from baccarat.domain.video.access import VideoRole
from media_sfu.compat import PeerConnection, prefer_h264
from tests.support.video import until

SDP = {"Content-Type": "application/sdp"}


async def offer(lines: int = 1, direction: str = "recvonly") -> str:
    connection = PeerConnection(addresses=["127.0.0.1"])
    for _ in range(lines):
        prefer_h264(connection.addTransceiver("video", direction=direction))
    await connection.setLocalDescription(await connection.createOffer())
    text = connection.localDescription.sdp
    await connection.close()
    return str(text)


async def ask(
    one: Any, path: str, body: bytes | str, token: str | None = None, **headers: str
) -> tuple[int, str, Any]:
    """Return the status, the code of the error, and the headers."""
    bearer = {"Authorization": f"Bearer {token}"} if token else {}
    async with one.http.post(one.url + path, data=body, headers=SDP | bearer | headers) as answer:
        text = await answer.text()
        code = json.loads(text)["error"]["code"] if answer.status >= 400 else text
        return answer.status, code, answer.headers


def test_a_session_is_a_resource_that_can_be_deleted_and_not_changed(stage: Any) -> None:
    async def run() -> None:
        async with stage(page_origins="https://play.example") as one:
            token = one.tokens.mint("bac-1", VideoRole.VIEW)
            origin = {"Origin": "https://play.example"}
            status, answer, headers = await ask(one, "/whep/bac-1", await offer(), token, **origin)
            assert status == 201
            assert headers["Content-Type"].startswith("application/sdp")
            assert headers["Access-Control-Allow-Origin"] == "https://play.example"
            assert "a=sendonly" in answer
            assert "42e01f" in answer
            assert "VP8" not in answer
            assert headers["ETag"].startswith('"')
            resource = one.url + headers["Location"]
            async with one.http.patch(resource, data=b"a=candidate:1") as refused:
                assert refused.status == 405
                assert refused.headers["Allow"] == "DELETE, OPTIONS"
                assert (await refused.json())["error"]["code"] == "VIDEO_SESSION_UNCHANGEABLE"
            for url in (f"{one.url}/whep/bac-1", resource):
                async with one.http.options(url, headers=origin) as allowed:
                    assert allowed.status == 204
                    assert "OPTIONS" in allowed.headers["Access-Control-Allow-Methods"]
            async with one.http.delete(resource) as ended:
                assert ended.status == 200
            async with one.http.delete(resource) as gone:
                assert gone.status == 404
            assert one.service.sfu.sessions == {}

    asyncio.run(run())


def test_other_origins_are_not_let_in_by_browsers(stage: Any) -> None:
    async def run() -> None:
        async with (
            stage(page_origins="https://play.example") as one,
            one.http.get(f"{one.url}/health", headers={"Origin": "https://evil.example"}) as answer,
        ):
            assert "Access-Control-Allow-Origin" not in answer.headers

    asyncio.run(run())


def test_tokens_are_for_one_table_one_role_and_one_use(stage: Any) -> None:
    async def run() -> None:
        async with stage() as one:
            mint = one.tokens.mint
            text = await offer()
            now = int(time.time())
            used = mint("bac-1", VideoRole.VIEW)
            assert (await ask(one, "/whep/bac-1", text, used))[0] == 201
            stranger = type(one.tokens)().mint("bac-1", VideoRole.VIEW)
            view = VideoRole.VIEW
            for path, token, expected in [
                ("/whep/bac-1", None, (401, "VIDEO_TOKEN_REFUSED")),
                ("/whep/bac-1", "no.token.at-all", (401, "VIDEO_TOKEN_REFUSED")),
                ("/whep/bac-1", "x" * 4000, (401, "VIDEO_TOKEN_REFUSED")),
                ("/whep/bac-1", used, (401, "VIDEO_TOKEN_REFUSED")),
                ("/whep/bac-1", stranger, (401, "VIDEO_TOKEN_REFUSED")),
                (
                    "/whep/bac-1",
                    mint("bac-1", view, iat=now - 90, exp=now - 30),
                    (401, "VIDEO_TOKEN_REFUSED"),
                ),
                ("/whep/bac-1", mint("bac-1", view, exp=now + 900), (401, "VIDEO_TOKEN_REFUSED")),
                ("/whep/bac-1", mint("bac-1", view, aud="other"), (401, "VIDEO_TOKEN_REFUSED")),
                ("/whep/bac-1", mint("bac-1", view, iss="other"), (401, "VIDEO_TOKEN_REFUSED")),
                ("/whep/bac-2", mint("bac-1", view), (403, "VIDEO_TOKEN_FOR_ANOTHER")),
                ("/whip/bac-1", mint("bac-1", view), (403, "VIDEO_TOKEN_FOR_ANOTHER")),
                (
                    "/whep/bac-1",
                    mint("bac-1", VideoRole.PUBLISH),
                    (403, "VIDEO_TOKEN_FOR_ANOTHER"),
                ),
            ]:
                assert (await ask(one, path, text, token))[:2] == expected, (path, token)

    asyncio.run(run())


async def foreign_offer(codec: str) -> str:
    connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    transceiver = connection.addTransceiver("video", direction="sendonly")
    capabilities = transceiver.sender.getCapabilities("video").codecs
    transceiver.setCodecPreferences([one for one in capabilities if one.mimeType == codec])
    await connection.setLocalDescription(await connection.createOffer())
    text = connection.localDescription.sdp
    await connection.close()
    return str(text)


def test_bad_offers_get_a_clear_refusal_and_leave_nothing(stage: Any) -> None:
    async def run() -> None:
        good = await offer(direction="sendonly")
        many = "".join(
            f"a=candidate:{n} 1 udp 1 192.0.2.{n} {n + 1} typ host\r\n" for n in range(99)
        )
        async with stage(joins_per_second=1000) as one:
            for body, status, code in [
                (b"\x00\xff" * 50, 400, "OFFER_REFUSED"),
                (b"hello", 400, "OFFER_REFUSED"),
                (b"", 400, "OFFER_REFUSED"),
                ("v=0\r\n" * 50, 400, "OFFER_REFUSED"),
                (b"v=0\r\n" + b"a" * 1_000_000, 413, "OFFER_TOO_LARGE"),
                (await foreign_offer("video/VP8"), 400, "OFFER_REFUSED"),
                (await offer(lines=4, direction="sendonly"), 400, "OFFER_REFUSED"),
                (good.replace("a=fingerprint", "a=x-fingerprint"), 400, "OFFER_REFUSED"),
                (good.replace("a=ice-pwd", "a=x-ice-pwd"), 400, "OFFER_REFUSED"),
                (good.replace("a=rtcp-mux", "a=x-rtcp-mux"), 400, "OFFER_REFUSED"),
                (good.replace("a=group:BUNDLE", "a=x"), 400, "OFFER_REFUSED"),
                (good.replace("m=video", "m=text"), 400, "OFFER_REFUSED"),
                (good.replace("42e01f", "640032"), 400, "OFFER_REFUSED"),
                (good + many, 400, "OFFER_REFUSED"),
                (good[: len(good) // 2], 400, "OFFER_REFUSED"),
            ]:
                token = one.tokens.mint("bac-1", VideoRole.PUBLISH)
                answer = await ask(one, "/whip/bac-1", body, token)
                assert answer[:2] == (status, code), (str(body)[:60], answer)
            token = one.tokens.mint("bac-1", VideoRole.PUBLISH)
            wrong_type = await ask(
                one, "/whip/bac-1", good, token, **{"Content-Type": "application/json"}
            )
            assert wrong_type[:2] == (415, "WRONG_CONTENT_TYPE")
            assert (await ask(one, "/whip/a%20b", good, token))[0] == 400
            assert (await ask(one, "/nothing", good, token))[:2] == (404, "NOT_FOUND")
            assert one.service.sfu.sessions == {}
            assert (await ask(one, "/whip/bac-1", good, token))[0] == 201  # the token still works

    asyncio.run(run())


def test_a_flood_of_joins_is_refused_and_viewers_are_bounded(stage: Any) -> None:
    async def run() -> None:
        text = await offer()
        async with stage(joins_per_second=5, max_viewers=5) as one:
            answers = [
                await ask(one, "/whep/bac-1", text, one.tokens.mint("bac-1", VideoRole.VIEW))
                for _ in range(14)
            ]
            codes = [code for status, code, _ in answers if status >= 400]
            assert [status for status, _, _ in answers].count(201) == 5
            assert "SFU_FULL" in codes
            assert "TOO_MANY_JOINS" in codes
            assert all("Retry-After" in headers for status, _, headers in answers if status >= 429)
            assert one.service.sfu.stats()["joins_refused"] == len(codes)

    asyncio.run(run())


def test_sessions_that_never_connect_or_fall_silent_are_ended(
    stage: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def run() -> None:
        async with stage() as one:
            sfu = one.service.sfu
            token = one.tokens.mint("bac-1", VideoRole.VIEW)
            assert (await ask(one, "/whep/bac-1", await offer(), token))[0] == 201
            camera = await one.publish()
            viewer = await one.watch()
            camera.shoot(0)
            await until(lambda: viewer.units)
            assert len(sfu.sessions) == 3
            monkeypatch.setattr("media_sfu.sessions.CONNECT_SECONDS", 0)
            await until(lambda: len(sfu.sessions) == 2)
            # a process that is gone says nothing, and reports nothing
            for receiver in viewer.session.receivers:
                receiver._reporting.cancel()
            monkeypatch.setattr("media_sfu.sessions.SILENT_SECONDS", 2)
            camera.start()
            await until(lambda: sfu.viewer_count == 0)
            assert "bac-1" in sfu.publishers

    asyncio.run(run())


def test_health_and_metrics_tell_what_goes_on(stage: Any) -> None:
    async def run() -> None:
        async with stage() as one:
            camera = await one.publish()
            viewer = await one.watch()
            camera.shoot(0)
            await until(lambda: viewer.units)
            async with one.http.get(f"{one.url}/health") as health:
                assert (health.status, await health.json()) == (200, {"status": "ok"})
            async with one.http.get(f"{one.url}/metrics") as metrics:
                text = await metrics.text()
            assert 'sfu_viewers{process="front"} 1.0' in text
            assert 'sfu_frames_total{process="front"} 1.0' in text
            assert 'sfu_frames_without_mark_total{process="front"} 1.0' in text
            draining = asyncio.create_task(one.service.drain())
            await until(lambda: viewer.texts)
            assert viewer.texts == ['{"move":true}']
            async with one.http.get(f"{one.url}/health") as health:
                assert (health.status, await health.json()) == (503, {"status": "draining"})
            token = one.tokens.mint("bac-1", VideoRole.VIEW)
            status, code, _ = await ask(one, "/whep/bac-1", await offer(), token)
            assert (status, code) == (503, "SFU_DRAINING")
            camera.shoot(1)
            await until(lambda: len(viewer.units) == 2)  # forwarded until the viewer has moved
            assert not draining.done()
            await viewer.close()
            await draining

    asyncio.run(run())


def test_the_public_address_takes_the_place_of_the_private_one(stage: Any) -> None:
    async def run() -> None:
        async with stage(public_address="198.51.100.7") as one:
            token = one.tokens.mint("bac-1", VideoRole.VIEW)
            _, answer, _ = await ask(one, "/whep/bac-1", await offer(), token)
            assert " 198.51.100.7 " in answer
            assert "127.0.0.1" not in answer

    asyncio.run(run())
