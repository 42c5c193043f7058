// The balance of each currency: of two, the one with the higher version is newer. What is shown may lag
// behind what is known, because a balance that rises before the last card is turned would tell the result.

export class Balance {
  #known = new Map();
  #shown = new Map();

  /** Take a WalletView from any message; older ones of its currency are dropped. */
  offer(wallet) {
    if (!wallet) return;
    const known = this.#known.get(wallet.currency);
    if (known === undefined || wallet.version > known.version) this.#known.set(wallet.currency, wallet);
  }

  /** The currency that was heard of first, undefined before. */
  get firstCurrency() {
    return this.#known.keys().next().value;
  }

  /** The wallet to show of a currency; with `hold` it does not rise. Null before its first. */
  shown(hold, currency = this.firstCurrency) {
    const known = this.#known.get(currency);
    const shown = this.#shown.get(currency);
    const rises = shown !== undefined && known !== undefined && known.available_minor > shown.available_minor;
    if (known !== undefined && !(hold && rises)) this.#shown.set(currency, known);
    return this.#shown.get(currency) ?? null;
  }
}
