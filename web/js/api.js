// The house's HTTP interface: tickets, signing keys, transcripts.

import { SignInError } from "./auth.js";
import { readStrictJson } from "./strict_json.js";

const TIMEOUT_MS = 10_000;
/** How long after each failed try a read is tried again, where the failure may pass. */
const READ_AGAIN_AFTER_MS = [500, 2_000];

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
    const text = await this.#authorized("GET", `/rounds/${encodeURIComponent(roundId)}/transcript`, { asText: true });
    return { text, transcript: readStrictJson(text) };
  }

  /** Ended rounds of a table, newest first: {rounds, before}; `before` asks for older ones. */
  pastRounds(tableId, { before = null, limit = 20 } = {}) {
    const query = new URLSearchParams({ limit, ...(before === null ? {} : { before }) });
    return this.#authorized("GET", `/tables/${encodeURIComponent(tableId)}/rounds?${query}`);
  }

  /** Where the picture of a table is, and a token for one session: {token, whepUrl, hlsUrl, expiresAtMs}. */
  videoToken(tableId) {
    return this.#authorized("POST", "/video/tokens", { body: { tableId, role: "view" } });
  }

  /** Say how far the picture of a round was behind the log; see openapi.json. */
  videoReport(report) {
    return this.#authorized("POST", "/video/reports", { body: report });
  }

  /** The JWK set of the keys that sign the log. */
  keys() {
    return this.#request("GET", "/keys", {});
  }

  async #authorized(method, path, options = {}) {
    for (const force of [false, true]) {
      const token = await this.#auth.idToken({ force });
      try {
        return await this.#request(method, path, { Authorization: `Bearer ${token}` }, options);
      } catch (error) {
        if (!(error instanceof ApiError) || error.status !== 401) throw error;
      }
    }
    throw new SignInError("Your session has ended. Please sign in again.");
  }

  async #request(method, path, headers, options = {}) {
    for (const waitMs of method === "GET" ? READ_AGAIN_AFTER_MS : []) {
      try {
        return await this.#ask(method, path, headers, options);
      } catch (error) {
        if (!mayPass(error)) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, waitMs));
    }
    return this.#ask(method, path, headers, options);
  }

  async #ask(method, path, headers, { asText = false, body = null } = {}) {
    const response = await fetch(this.#url + path, {
      method,
      headers: body === null ? headers : { ...headers, "Content-Type": "application/json" },
      body: body === null ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const text = await response.text();
    if (!response.ok) throw new ApiError(response.status, readJson(text) ?? {});
    return asText ? text : JSON.parse(text);
  }
}

/** No answer in time or none at all, too many requests, or a failure of the house. */
function mayPass(error) {
  if (error instanceof ApiError) return error.status >= 500 || error.status === 429;
  return error instanceof TypeError || error.name === "TimeoutError";
}

function readJson(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
