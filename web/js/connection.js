// One websocket that comes back: exponential backoff with jitter, a new ticket for each try, pings that
// find a dead line. It knows nothing of the game. The line is up when the first message has come.

const BACKOFF_BASE_MS = 500;
const BACKOFF_MAX_MS = 15_000;
const OPEN_TIMEOUT_MS = 10_000;
const FIRST_MESSAGE_TIMEOUT_MS = 10_000;
const PING_EVERY_MS = 25_000;
const SILENT_TIMEOUT_MS = 8_000;
const FIRST_PINGS_AFTER_MS = [0, 400, 1_200]; // a few quick ones measure the clock well

/** Delay before try number `attempt` (from 0): jittered between half and the whole of the step. */
export function backoffMs(attempt, random = Math.random) {
  const step = Math.min(BACKOFF_MAX_MS, BACKOFF_BASE_MS * 2 ** Math.min(attempt, 10));
  return step * (0.5 + 0.5 * random());
}

export class Connection {
  #options;
  #socket = null;
  #state = "offline";
  #attempt = 0;
  #running = false;
  #generation = 0;
  #retryTimer = null;
  #timers = new Set();
  #pongTimer = null;

  /**
   * address()       resolves to the URL to connect to; rejects to try again later
   * isFatal(error)  whether that rejection ends it; then `onFatal(error)` is called
   * onOpen()        the socket is open: join the tables
   * onMessage(m)    a parsed message
   * onState(s)      online | connecting | offline
   * ping()          send a ping, over `send`
   */
  constructor(options) {
    this.#options = options;
  }

  get state() {
    return this.#state;
  }

  /** Whether messages can be sent, although the line may not be known to be up yet. */
  get isOpen() {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  start() {
    if (this.#running) return;
    this.#running = true;
    globalThis.addEventListener("online", this.#wake);
    document.addEventListener("visibilitychange", this.#wake);
    this.#connect();
  }

  stop() {
    this.#running = false;
    globalThis.removeEventListener("online", this.#wake);
    document.removeEventListener("visibilitychange", this.#wake);
    this.#abandon();
    this.#setState("offline");
  }

  /** Send a value as JSON; false when there is no open socket. */
  send(value) {
    if (!this.isOpen) return false;
    this.#socket.send(JSON.stringify(value));
    return true;
  }

  /** Give this socket up and connect anew. */
  reset() {
    if (!this.#running) return;
    this.#abandon();
    this.#retry();
  }

  #wake = () => {
    if (!this.#running || document.visibilityState === "hidden") return;
    if (this.#state === "online") this.#ping();
    else if (this.#retryTimer !== null) this.#connect();
  };

  async #connect() {
    this.#abandon();
    const generation = this.#generation;
    const stale = () => generation !== this.#generation;
    this.#setState("connecting");
    let url;
    try {
      url = await this.#options.address();
    } catch (error) {
      if (stale()) return;
      if (this.#options.isFatal(error)) {
        this.stop();
        this.#options.onFatal(error);
      } else {
        this.#retry();
      }
      return;
    }
    if (stale()) return;
    const socket = new WebSocket(url);
    this.#socket = socket;
    const giveUp = () => { if (!stale()) this.reset(); };
    const openTimer = this.#after(OPEN_TIMEOUT_MS, giveUp);
    socket.onopen = () => {
      if (stale()) return;
      clearTimeout(openTimer);
      this.#after(FIRST_MESSAGE_TIMEOUT_MS, () => { if (this.#state !== "online") giveUp(); });
      this.#options.onOpen();
      for (const delay of FIRST_PINGS_AFTER_MS) this.#after(delay, () => this.#ping());
      this.#keepPinging();
    };
    socket.onmessage = ({ data }) => {
      if (stale()) return;
      let message;
      try {
        message = JSON.parse(data);
      } catch {
        return; // not of this protocol; whatever was lost shows as a gap and is repaired
      }
      this.#heard();
      this.#options.onMessage(message);
    };
    socket.onclose = giveUp;
    socket.onerror = giveUp;
  }

  /** Whatever comes shows that the line is up; an answer to a ping may stand behind larger ones. */
  #heard() {
    clearTimeout(this.#pongTimer);
    this.#pongTimer = null;
    this.#attempt = 0;
    this.#setState("online");
  }

  #keepPinging() {
    this.#after(PING_EVERY_MS, () => {
      this.#ping();
      this.#keepPinging();
    });
  }

  #ping() {
    if (!this.#options.ping()) return;
    this.#pongTimer ??= this.#after(SILENT_TIMEOUT_MS, () => this.reset());
  }

  #retry() {
    const delay = backoffMs(this.#attempt);
    this.#attempt += 1;
    this.#setState("offline");
    this.#retryTimer = setTimeout(() => this.#connect(), delay);
  }

  /** Leave the current socket and all timers behind; whatever they still say is ignored. */
  #abandon() {
    this.#generation += 1;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    clearTimeout(this.#retryTimer);
    this.#retryTimer = null;
    this.#pongTimer = null;
    this.#socket?.close();
    this.#socket = null;
  }

  #after(delayMs, action) {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      action();
    }, delayMs);
    this.#timers.add(timer);
    return timer;
  }

  #setState(state) {
    if (state === this.#state) return;
    this.#state = state;
    this.#options.onState(state);
  }
}
