// Entry of the player page: configuration, sign-in, then the table.

import { Api } from "./api.js";
import { Auth, SignInError } from "./auth.js";
import { TableClient } from "./table_client.js";
import { SignInView } from "./view/sign_in.js";
import { TableView } from "./view/table.js";

const DRAW_EVERY_MS = 100;
const NO_CONNECTION = "There is no connection to the house. Please check the network and try again.";

async function start() {
  const config = await loadConfig();
  const auth = new Auth(config);
  const api = new Api(config.apiUrl, auth);
  const signInView = new SignInView({
    async onSubmit(username, password) {
      try {
        await auth.signIn(username, password);
      } catch (error) {
        throw error instanceof SignInError ? error : new Error(NO_CONNECTION);
      }
      openTable(config, api, auth, signInView);
    },
  });
  if (auth.canResume) openTable(config, api, auth, signInView);
  else signInView.show();
}

async function loadConfig() {
  const response = await fetch("./config.json", { cache: "no-store" });
  if (!response.ok) throw new Error(`config.json: status ${response.status}`);
  return response.json();
}

function openTable(config, api, auth, signInView) {
  let drawTimer = null;
  const client = new TableClient({
    api,
    tableId: config.tableId,
    onChange: () => draw(),
    onNotice: (notice) => view.notify(notice),
    onSignedOut: (error) => leave(error.message),
  });
  const view = new TableView({ client, api, onSignOut: () => leave("") });
  const draw = () => view.update(client.snapshot());

  function leave(message) {
    clearInterval(drawTimer);
    client.stop({ signedOut: true });
    auth.signOut();
    delete window.baccarat;
    view.hide();
    signInView.show(message);
  }

  signInView.hide();
  view.show();
  draw();
  client.start();
  drawTimer = setInterval(draw, DRAW_EVERY_MS);
  // Diagnostics, for the browser tests and for support; it can read and disconnect, not bet.
  //   position()        {epoch, seq} of the newest event applied, or null
  //   events()          all events applied, in order: {epoch, seq, type, roundId}
  //   dropConnection()  closes the socket abruptly, as a lost network would
  window.baccarat = client.diagnostics;
}

start().catch((error) => {
  document.getElementById("boot-error").hidden = false;
  throw error;
});
