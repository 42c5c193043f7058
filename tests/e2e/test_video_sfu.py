"""A real browser publishes by WHIP, another page of it watches by WHEP."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from baccarat.domain.video.access import VideoRole
from tests.e2e.browser import chromium
from tests.support.video import Tokens

FAKE_CAMERA = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")

SIGNAL = """
async function signal(connection, url, token) {
  await connection.setLocalDescription();
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/sdp', Authorization: `Bearer ${token}` },
    body: connection.localDescription.sdp,
  });
  if (answer.status !== 201) throw new Error(`${answer.status} ${await answer.text()}`);
  await connection.setRemoteDescription({ type: 'answer', sdp: await answer.text() });
}
"""

PUBLISH = (
    """async ([url, token]) => {"""
    + SIGNAL
    + """
  const stream = await navigator.mediaDevices.getUserMedia(
    { video: { width: 640, height: 360, frameRate: 25 } });
  const connection = new RTCPeerConnection();
  const transceiver = connection.addTransceiver(stream.getTracks()[0], { direction: 'sendonly' });
  const codecs = RTCRtpSender.getCapabilities('video').codecs;
  transceiver.setCodecPreferences(codecs.filter((one) => one.mimeType === 'video/H264'));
  await signal(connection, url, token);
  window.publisher = connection;
}"""
)

WATCH = (
    """async ([url, token]) => {"""
    + SIGNAL
    + """
  const began = performance.now();
  const connection = new RTCPeerConnection();
  window.seen = [];
  const video = document.createElement('video');
  document.body.append(video);
  video.muted = true;
  const first = new Promise((resolve) => {
    connection.ontrack = ({ track }) => {
      video.srcObject = new MediaStream([track]);
      video.play();
      const look = (now, frame) => {
        window.seen.push(frame.rtpTimestamp);
        resolve(performance.now() - began);
        video.requestVideoFrameCallback(look);
      };
      video.requestVideoFrameCallback(look);
    };
  });
  connection.addTransceiver('video', { direction: 'recvonly' });
  connection.createDataChannel('joined');
  await signal(connection, url, token);
  const firstFrameMs = await first;
  window.viewer = connection;
  return { firstFrameMs, width: video.videoWidth };
}"""
)

STATS = """async () => {
  const found = {};
  for (const one of (await window.viewer.getStats()).values()) {
    if (one.type === 'inbound-rtp') {
      Object.assign(found, { decoded: one.framesDecoded, nacks: one.nackCount, plis: one.pliCount,
        lost: one.packetsLost, remote: one.remoteId });
    }
    if (one.type === 'codec') found.codec = one.mimeType;
  }
  return found;
}"""


@pytest.fixture
def sfu(tmp_path: Path) -> Iterator[tuple[str, Tokens]]:
    """A running SFU with one worker, on all addresses of this machine."""
    tokens = Tokens()
    keys = tmp_path / "keys.json"
    keys.write_text(json.dumps(tokens.jwk_set))
    environment = {
        "LISTEN_PORT": "0",
        "VIDEO_KEYS": str(keys),
        "WORKERS": "1",
        "DRAIN_SECONDS": "0",
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "media_sfu", "origin"],
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    yield f"http://127.0.0.1:{json.loads(process.stdout.readline())['listening']}", tokens
    process.terminate()
    process.communicate(timeout=30)


def frames(page: Page, count: int) -> list[int]:
    page.wait_for_function(f"window.seen.length >= {count}")
    return [int(one) for one in page.evaluate("window.seen")]


@pytest.mark.browser
def test_a_browser_is_published_and_watched_by_another_page(sfu: tuple[str, Tokens]) -> None:
    url, tokens = sfu
    with chromium(*FAKE_CAMERA) as browser:
        studio, player, second = (browser.new_page() for _ in range(3))
        for page in (studio, player, second):
            page.goto(f"{url}/health")  # the SFU's own origin, which browsers trust on loopback
        whip = [f"{url}/whip/bac-1", tokens.mint("bac-1", VideoRole.PUBLISH)]
        studio.evaluate(PUBLISH, whip)
        outcome = player.evaluate(
            WATCH, [f"{url}/whep/bac-1", tokens.mint("bac-1", VideoRole.VIEW)]
        )
        assert outcome["width"] > 0
        seen = frames(player, 50)
        assert len(set(seen)) == len(seen)
        stats = player.evaluate(STATS)
        assert stats["codec"] == "video/H264"
        assert stats["lost"] == 0
        second.evaluate(WATCH, [f"{url}/whep/bac-1", tokens.mint("bac-1", VideoRole.VIEW)])
        # a publisher that begins anew, with another clock: the viewers play on
        studio.evaluate("window.publisher.close()")
        whip = [f"{url}/whip/bac-1", tokens.mint("bac-1", VideoRole.PUBLISH)]
        studio.evaluate(PUBLISH, whip)
        for page in (player, second):
            frames(page, len(frames(page, 1)) + 25)
