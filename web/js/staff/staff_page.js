// What both staff pages do before their own screen: configuration, sign-in, role.

import { Api } from "../api.js";
import { Auth, SignInError } from "../auth.js";
import { SignInView } from "../view/sign_in.js";

const NO_CONNECTION = "There is no connection to the house. Please check the network and try again.";

/**
 * Start a staff page. `open({config, api, leave})` shows its screen and returns how to close it;
 * `leave(message)` signs out and says why.
 */
export async function startStaffPage({ title, lead, open }) {
  const response = await fetch("./config.json", { cache: "no-store" });
  if (!response.ok) throw new Error(`config.json: status ${response.status}`);
  const config = await response.json();
  const auth = new Auth(config);
  const api = new Api(config.apiUrl, auth);
  let close = null;

  const signIn = new SignInView({
    title,
    lead,
    smallPrint: "For staff of the house. Everything done here is signed and kept.",
    async onSubmit(username, password) {
      try {
        await auth.signIn(username, password);
      } catch (error) {
        throw error instanceof SignInError ? error : new Error(NO_CONNECTION);
      }
      enter();
    },
  });

  function enter() {
    signIn.hide();
    close = open({ config, api, leave });
  }

  function leave(message = "") {
    close?.();
    close = null;
    auth.signOut();
    signIn.show(message);
  }

  if (auth.canResume) enter();
  else signIn.show();
}

/** Show that the page could not be loaded, and let the error reach the console. */
export function bootFailed(error) {
  document.getElementById("boot-error").hidden = false;
  throw error;
}
