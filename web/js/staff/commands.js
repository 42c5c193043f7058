// Commands of one table, one after the other: each waits for the answer to the one before, because the
// house would otherwise be free to take them in any order. With nothing else to send, the table is
// asked how it stands.

const MOST_WAITING = 6;

export class Commands {
  #ask;
  #refreshing;
  #onAnswer;
  #onRefused;
  #queue = [];
  #busy = false;
  #refreshWanted = false;

  /**
   * ask(command)        resolves with the answer, rejects with a Refusal
   * refreshing          the command that only asks
   * onAnswer(answer)    how the table stands now
   * onRefused(error, command)  every refusal, also that of the refreshing one; it may `refresh`
   */
  constructor({ ask, refreshing, onAnswer, onRefused }) {
    this.#ask = ask;
    this.#refreshing = refreshing;
    this.#onAnswer = onAnswer;
    this.#onRefused = onRefused;
  }

  get isBusy() {
    return this.#busy;
  }

  /**
   * Give a command, or a function that makes it when its turn has come (null: nothing to do any more).
   * Resolves with whether it was carried out.
   */
  give(command) {
    return new Promise((resolve) => {
      if (this.#queue.length >= MOST_WAITING) {
        resolve(false);
        return;
      }
      this.#queue.push({ command, resolve });
      this.#next();
    });
  }

  /** Ask how the table stands, as soon as nothing else is under way. */
  refresh() {
    this.#refreshWanted = true;
    this.#next();
  }

  /** Drop what has not been sent yet. */
  clear() {
    for (const { resolve } of this.#queue.splice(0)) resolve(false);
    this.#refreshWanted = false;
  }

  async #next() {
    if (this.#busy) return;
    const entry = this.#queue.shift();
    if (!entry && !this.#refreshWanted) return;
    const command = !entry ? this.#refreshing
      : typeof entry.command === "function" ? entry.command() : entry.command;
    if (command === null) {
      entry.resolve(false);
      this.#next();
      return;
    }
    this.#busy = true;
    if (!entry) this.#refreshWanted = false;
    let done = false;
    try {
      this.#onAnswer(await this.#ask(command));
      done = true;
    } catch (error) {
      // What follows was meant for a table on which this had happened.
      for (const { resolve } of this.#queue.splice(0)) resolve(false);
      this.#onRefused(error, command);
    }
    this.#busy = false;
    entry?.resolve(done);
    this.#next();
  }
}
