// One session with a video server: an offer, an answer, a picture (WHEP: no trickle, no restart; whatever
// breaks is made anew). The channel of marks comes from the server.

const ANSWER_WITHIN_MS = 5_000;

/** The server or the house refused; another try may succeed. */
export class SessionRefused extends Error {
  constructor(status) {
    super(`the video server answered with status ${status}`);
    this.status = status;
  }
}

export class WhepSession {
  #peer;
  #description;
  #fetch;
  #location = null;
  #closed = false;

  /**
   * `offer`             an Offer, which becomes this session's
   * onStream(stream)    the picture
   * onMessage(value)    of the channel "marks"
   * onBroken()          the connection is gone
   */
  constructor({ offer, onStream, onMessage, onBroken, send = (...args) => fetch(...args) }) {
    this.#fetch = send;
    this.#peer = offer.peer;
    this.#description = offer.description;
    this.#peer.ontrack = ({ track, streams: [stream] }) => onStream(stream ?? new MediaStream([track]));
    this.#peer.ondatachannel = ({ channel }) => {
      if (channel.label === "marks") channel.onmessage = ({ data }) => onMessage(parsed(data));
    };
    this.#peer.onconnectionstatechange = () => {
      if (["failed", "closed"].includes(this.#peer.connectionState) && !this.#closed) onBroken();
    };
  }

  /**
   * Open it; `grant` is a promise of {token, whepUrl}.
   * Rejects: SessionRefused, TypeError without a network, and what `grant` rejects with.
   */
  async open(grant) {
    // The server needs no candidates of ours: it answers where our first packets come from. So what was
    // offered is sent as it is, while the browser opens its lines.
    const applied = this.#description.then((description) => this.#peer.setLocalDescription(description));
    applied.catch(() => undefined); // waited for below, unless something else fails first
    const [{ token, whepUrl }, { sdp: offered }] = await Promise.all([grant, this.#description]);
    if (this.#closed) return;
    const response = await this.#fetch(whepUrl, {
      method: "POST",
      headers: { "Content-Type": "application/sdp", Authorization: `Bearer ${token}` },
      body: offered,
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
    if (response.status !== 201) throw new SessionRefused(response.status);
    this.#location = new URL(response.headers.get("Location") ?? whepUrl, whepUrl).href;
    if (this.#closed) {
      this.#end();
      return;
    }
    const [sdp] = await Promise.all([response.text(), applied]);
    if (!this.#closed) await this.#peer.setRemoteDescription({ type: "answer", sdp });
  }

  close() {
    if (this.#closed) return;
    this.#closed = true;
    this.#peer.close();
    this.#end();
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
