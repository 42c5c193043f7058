// The first half of a session with a video server: a connection, and what it offers. It may be made before
// anybody needs it, since it opens no line until it is used.

/** There will be no picture this way: another transport is needed, and trying again is of no use. */
export class NotPossible extends Error {}

export class Offer {
  peer;
  description; // promise of {type, sdp}

  /** Throws NotPossible. `verify(receiver)`, for the tests, looks into each frame itself. */
  constructor({
    verify = null,
    peer = () => new RTCPeerConnection({ iceServers: [], bundlePolicy: "max-bundle" }),
    codecs = () => RTCRtpReceiver.getCapabilities("video")?.codecs ?? [],
  } = {}) {
    const wanted = codecs().filter(({ mimeType }) => /^video\/(h264|rtx)$/i.test(mimeType));
    if (!wanted.some(({ mimeType }) => /h264$/i.test(mimeType))) throw new NotPossible("this browser plays no H.264 over WebRTC");
    this.peer = peer();
    const transceiver = this.peer.addTransceiver("video", { direction: "recvonly" });
    transceiver.setCodecPreferences(wanted);
    verify?.(transceiver.receiver);
    // Asks for a line for channels; the server opens the one that is used.
    this.peer.createDataChannel("page");
    this.description = this.peer.createOffer();
    this.description.catch(() => undefined); // whoever uses it is told
  }
}

/** Keeps one offer ready: what takes a browser longest of all is the first connection of a page. */
export class SpareOffer {
  #make;
  #offer = null;

  constructor(make = () => new Offer()) {
    this.#make = make;
  }

  /** A session is likely. */
  prepare() {
    try {
      this.#offer ??= this.#make();
    } catch (error) {
      if (!(error instanceof NotPossible)) throw error; // whoever takes it is told
    }
  }

  /** An offer that nobody else has. Throws NotPossible. */
  take() {
    const offer = this.#offer ?? this.#make();
    this.#offer = null;
    return offer;
  }

  /** No session will come. */
  close() {
    this.#offer?.peer.close();
    this.#offer = null;
  }
}
