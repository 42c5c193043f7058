// The balance: of two, the one with the higher version is newer. What is shown may lag behind what is
// known, because a balance that rises before the last card is turned would tell the result.

export class Balance {
  #known = null;
  #shown = null;

  /** Take a WalletView from any message; older ones are dropped. */
  offer(wallet) {
    if (wallet && (this.#known === null || wallet.version > this.#known.version)) this.#known = wallet;
  }

  /** The wallet to show; with `hold` it does not rise. Null before the first. */
  shown(hold) {
    const rises = this.#shown !== null && this.#known !== null
      && this.#known.available_minor > this.#shown.available_minor;
    if (!(hold && rises)) this.#shown = this.#known;
    return this.#shown;
  }
}
