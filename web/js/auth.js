// Sign-in with Cognito's user pool API, spoken directly: two calls do not need an SDK.
//
// The id token lives in memory only. The refresh token is kept in sessionStorage, so that a reload
// of this tab stays signed in and closing the tab signs out; no third-party script runs on this
// page (the content security policy sees to that) which could read it.

const STORAGE_KEY = "baccarat.refresh";
const RENEW_BEFORE_MS = 60_000;
const TIMEOUT_MS = 10_000;

/** Sign-in is needed, or was refused; the message is for the player. */
export class SignInError extends Error {}

const MESSAGES = {
  NotAuthorizedException: "The user name or the password is not right.",
  UserNotFoundException: "The user name or the password is not right.",
  UserNotConfirmedException: "This account is not confirmed yet. Please ask the house.",
  PasswordResetRequiredException: "This account needs a new password. Please ask the house.",
  TooManyRequestsException: "Too many tries. Please wait a minute and try again.",
  LimitExceededException: "Too many tries. Please wait a minute and try again.",
};

export class Auth {
  #endpoint;
  #clientId;
  #storage;
  #idToken = null;
  #expiresAt = 0;
  #renewal = null;

  constructor({ cognitoEndpoint, userPoolClientId }, storage = globalThis.sessionStorage) {
    this.#endpoint = cognitoEndpoint;
    this.#clientId = userPoolClientId;
    this.#storage = storage;
  }

  /** Whether an earlier sign-in of this tab can be continued. */
  get canResume() {
    return this.#storage.getItem(STORAGE_KEY) !== null;
  }

  /** Throws: SignInError. */
  async signIn(username, password) {
    await this.#authenticate("USER_PASSWORD_AUTH", { USERNAME: username, PASSWORD: password });
  }

  /**
   * A valid id token; renewed when it is about to expire or `force` is set.
   * Throws: SignInError when the player has to sign in again; TypeError without a connection.
   */
  async idToken({ force = false } = {}) {
    if (!force && this.#idToken !== null && Date.now() < this.#expiresAt - RENEW_BEFORE_MS) {
      return this.#idToken;
    }
    this.#renewal ??= this.#renew().finally(() => { this.#renewal = null; });
    await this.#renewal;
    return this.#idToken;
  }

  /** Forget the tokens and tell Cognito that the refresh token is used no more. */
  signOut() {
    const token = this.#storage.getItem(STORAGE_KEY);
    this.#storage.removeItem(STORAGE_KEY);
    this.#idToken = null;
    // Whether it succeeds makes no difference to the player: this tab holds no token any more.
    if (token) this.#call("RevokeToken", { Token: token, ClientId: this.#clientId }).catch(() => {});
  }

  async #renew() {
    const token = this.#storage.getItem(STORAGE_KEY);
    if (token === null) throw new SignInError("Please sign in.");
    try {
      await this.#authenticate("REFRESH_TOKEN_AUTH", { REFRESH_TOKEN: token });
    } catch (error) {
      if (!(error instanceof SignInError)) throw error;
      this.#storage.removeItem(STORAGE_KEY);
      throw new SignInError("Your session has ended. Please sign in again.");
    }
  }

  async #authenticate(flow, parameters) {
    const answer = await this.#call("InitiateAuth", {
      AuthFlow: flow, ClientId: this.#clientId, AuthParameters: parameters,
    });
    if (!answer.AuthenticationResult) {
      throw new SignInError("This account has to set a new password first. Please ask the house.");
    }
    const { IdToken, RefreshToken, ExpiresIn } = answer.AuthenticationResult;
    this.#idToken = IdToken;
    this.#expiresAt = Date.now() + ExpiresIn * 1000;
    if (RefreshToken) this.#storage.setItem(STORAGE_KEY, RefreshToken);
  }

  async #call(operation, body) {
    const response = await fetch(this.#endpoint, {
      method: "POST",
      headers: {
        "Content-Type": "application/x-amz-json-1.1",
        "X-Amz-Target": `AWSCognitoIdentityProviderService.${operation}`,
      },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const answer = await response.json().catch(() => ({}));
    if (response.ok) return answer;
    const kind = String(answer.__type ?? "").split("#").pop();
    if (response.status >= 500) throw new TypeError("the sign-in service is not available");
    throw new SignInError(MESSAGES[kind] ?? "Signing in was refused. Please try again.");
  }
}
