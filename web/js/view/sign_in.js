// The sign-in screen. `onSubmit(username, password)` resolves when signed in; what it rejects with is
// shown to the player.

import { h, setText } from "./dom.js";

const PLAYERS_LEAD = "Take a seat. Every card can be checked.";
const PLAYERS_SMALL_PRINT = "18+ only. Gambling can be addictive. Play responsibly.";

export class SignInView {
  #root = document.getElementById("sign-in");
  #form;
  #username;
  #password;
  #submit;
  #error;

  constructor({ onSubmit, title = "Live Baccarat", lead = PLAYERS_LEAD, smallPrint = PLAYERS_SMALL_PRINT }) {
    this.#username = h("input", {
      id: "username", name: "username", type: "text", autocomplete: "username", required: true,
      autocapitalize: "none", spellcheck: "false", "data-testid": "signin-username",
    });
    this.#password = h("input", {
      id: "password", name: "password", type: "password", autocomplete: "current-password",
      required: true, "data-testid": "signin-password",
    });
    this.#submit = h("button", { type: "submit", class: "button-gold", "data-testid": "signin-submit" }, "Sign in");
    this.#error = h("p", { class: "sign-in-error", role: "alert", "data-testid": "signin-error" });
    this.#form = h(
      "form", { class: "sign-in-card", novalidate: true },
      h("p", { class: "brand-mark", "aria-hidden": "true" }, "♠ ♥ ♣ ♦"),
      h("h1", {}, title),
      h("p", { class: "sign-in-lead" }, lead),
      h("label", { for: "username" }, "User name"), this.#username,
      h("label", { for: "password" }, "Password"), this.#password,
      this.#error, this.#submit,
      h("p", { class: "small-print" }, smallPrint),
    );
    this.#form.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (!this.#username.value.trim() || !this.#password.value) {
        setText(this.#error, "Please enter user name and password.");
        return;
      }
      this.#busy(true);
      setText(this.#error, "");
      try {
        await onSubmit(this.#username.value.trim(), this.#password.value);
        this.#form.reset();
      } catch (error) {
        setText(this.#error, error.message);
        this.#password.select();
      } finally {
        this.#busy(false);
      }
    });
    this.#root.append(this.#form);
  }

  show(message = "") {
    this.#root.hidden = false;
    setText(this.#error, message);
    this.#username.focus();
  }

  hide() {
    this.#root.hidden = true;
  }

  #busy(busy) {
    this.#submit.disabled = busy;
    setText(this.#submit, busy ? "Signing in…" : "Sign in");
  }
}
