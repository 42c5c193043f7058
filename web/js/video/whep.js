// One session with a video server: an offer, an answer, a picture (WHEP: no trickle, no restart; whatever
// breaks is made anew). The channel of marks comes from the server.

const ANSWER_WITHIN_MS = 5_000;

/** There will be no picture this way: another transport is needed, and trying again is of no use. */
export class NotPossible extends Error {}

/** The server or the house refused; another try may succeed. */
export class SessionRefused extends Error {
  constructor(status) {
    super(`the video server answered with status ${status}`);
    this.status = status;
  }
}

export class WhepSession {
  #peer;
  #fetch;
  #location = null;
  #closed = false;

  /**
   * onStream(stream)    the picture
   * onMessage(value)    of the channel "marks"
   * onBroken()          the connection is gone
   */
  constructor({
    onStream, onMessage, onBroken,
    peer = () => new RTCPeerConnection({ iceServers: [], bundlePolicy: "max-bundle" }),
    send = (...args) => fetch(...args), codecs = () => RTCRtpReceiver.getCapabilities("video")?.codecs ?? [],
  }) {
    this.#fetch = send;
    const wanted = codecs().filter(({ mimeType }) => /^video\/(h264|rtx)$/i.test(mimeType));
    if (!wanted.some(({ mimeType }) => /h264$/i.test(mimeType))) throw new NotPossible("this browser plays no H.264 over WebRTC");
    this.#peer = peer();
    const transceiver = this.#peer.addTransceiver("video", { direction: "recvonly" });
    transceiver.setCodecPreferences(wanted);
    // Asks for a line for channels in the offer; the server opens the one that is used.
    this.#peer.createDataChannel("page");
    this.#peer.ontrack = ({ track, streams: [stream] }) => onStream(stream ?? new MediaStream([track]));
    this.#peer.ondatachannel = ({ channel }) => {
      if (channel.label === "marks") channel.onmessage = ({ data }) => onMessage(parsed(data));
    };
    this.#peer.onconnectionstatechange = () => {
      if (["failed", "closed"].includes(this.#peer.connectionState) && !this.#closed) onBroken();
    };
  }

  get receiver() {
    return this.#peer.getReceivers()[0];
  }

  /**
   * Open it; `grant` is a promise of {token, whepUrl}, so that offer and token are made at the same time.
   * Rejects: SessionRefused, TypeError without a network, and what `grant` rejects with.
   */
  async open(grant) {
    const [{ token, whepUrl }] = await Promise.all([grant, this.#offer()]);
    if (this.#closed) return;
    const response = await this.#fetch(whepUrl, {
      method: "POST",
      headers: { "Content-Type": "application/sdp", Authorization: `Bearer ${token}` },
      body: this.#peer.localDescription.sdp,
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
    if (response.status !== 201) throw new SessionRefused(response.status);
    this.#location = new URL(response.headers.get("Location") ?? whepUrl, whepUrl).href;
    const sdp = await response.text();
    if (this.#closed) this.#end();
    else await this.#peer.setRemoteDescription({ type: "answer", sdp });
  }

  close() {
    if (this.#closed) return;
    this.#closed = true;
    this.#peer.close();
    this.#end();
  }

  async #offer() {
    // The server needs no candidates of ours: it answers where our first packets come from.
    await this.#peer.setLocalDescription(await this.#peer.createOffer());
  }

  /** Tell the server, which would notice by itself a little later. */
  #end() {
    if (this.#location === null) return;
    const location = this.#location;
    this.#location = null;
    this.#fetch(location, { method: "DELETE", keepalive: true }).catch(() => undefined);
  }
}

function parsed(data) {
  try {
    return JSON.parse(data);
  } catch {
    return null; // not of this protocol
  }
}
