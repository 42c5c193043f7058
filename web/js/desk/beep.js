// A short tone with every alarm, for a dealer who looks at the cards. Browsers allow sound only after
// the page was used, and signing in is enough.

const KEY = "baccarat.desk.mute";

export class Beep {
  #audio = null;
  #storage;

  constructor(storage = globalThis.sessionStorage) {
    this.#storage = storage;
  }

  get isMuted() {
    return this.#storage.getItem(KEY) === "1";
  }

  set isMuted(muted) {
    this.#storage.setItem(KEY, muted ? "1" : "0");
  }

  sound() {
    if (this.isMuted || !globalThis.AudioContext) return;
    this.#audio ??= new AudioContext();
    const now = this.#audio.currentTime;
    const tone = this.#audio.createOscillator();
    const volume = this.#audio.createGain();
    tone.type = "square";
    tone.frequency.value = 880;
    volume.gain.setValueAtTime(0.15, now);
    volume.gain.exponentialRampToValueAtTime(0.001, now + 0.35);
    tone.connect(volume).connect(this.#audio.destination);
    tone.start(now);
    tone.stop(now + 0.36);
  }
}
