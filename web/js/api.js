// The house's HTTP interface: tickets, signing keys, transcripts.

import { SignInError } from "./auth.js";
import { readStrictJson } from "./strict_json.js";

const TIMEOUT_MS = 10_000;

/** The house refused a request; `code` and `message` are its own. */
export class ApiError extends Error {
  constructor(status, { code = "HTTP_ERROR", message } = {}) {
    super(message ?? `the house answered with status ${status}`);
    this.status = status;
    this.code = code;
  }
}

export class Api {
  #url;
  #auth;

  constructor(apiUrl, auth) {
    this.#url = apiUrl.replace(/\/$/, "");
    this.#auth = auth;
  }

  /** A one-time ticket: {ticket, expires_at_ms, url, playerId, role}. */
  ticket() {
    return this.#authorized("POST", "/tickets");
  }

  /** The transcript of an ended round with the caller's own bets, as text and as a value. */
  async transcript(roundId) {
    const text = await this.#authorized("GET", `/rounds/${encodeURIComponent(roundId)}/transcript`, true);
    return { text, transcript: readStrictJson(text) };
  }

  /** Ended rounds of a table, newest first: {rounds, before}; `before` asks for older ones. */
  pastRounds(tableId, { before = null, limit = 20 } = {}) {
    const query = new URLSearchParams({ limit, ...(before === null ? {} : { before }) });
    return this.#authorized("GET", `/tables/${encodeURIComponent(tableId)}/rounds?${query}`);
  }

  /** The JWK set of the keys that sign the log. */
  keys() {
    return this.#request("GET", "/keys", {});
  }

  async #authorized(method, path, asText = false) {
    for (const force of [false, true]) {
      const token = await this.#auth.idToken({ force });
      try {
        return await this.#request(method, path, { Authorization: `Bearer ${token}` }, asText);
      } catch (error) {
        if (!(error instanceof ApiError) || error.status !== 401) throw error;
      }
    }
    throw new SignInError("Your session has ended. Please sign in again.");
  }

  async #request(method, path, headers, asText = false) {
    const response = await fetch(this.#url + path, {
      method, headers, signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const text = await response.text();
    if (!response.ok) throw new ApiError(response.status, readJson(text) ?? {});
    return asText ? text : JSON.parse(text);
  }
}

function readJson(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
