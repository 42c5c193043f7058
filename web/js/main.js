// Entry of the player page: configuration, sign-in, then the lobby or tables, as the address says.

import { Api } from "./api.js";
import { Auth, SignInError } from "./auth.js";
import { hashOf, placeOf } from "./places.js";
import { MOST_TABLES, Session } from "./session.js";
import { filmed } from "./video/filmed.js";
import { Leaves } from "./video/leaves.js";
import { SpareOffer } from "./video/offer.js";
import { LobbyView } from "./view/lobby.js";
import { SignInView } from "./view/sign_in.js";
import { TableView } from "./view/table.js";
import { TablesView } from "./view/tables.js";

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
      enter(api, auth, signInView, config);
    },
  });
  if (auth.canResume) enter(api, auth, signInView, config);
  else signInView.show();
}

async function loadConfig() {
  const response = await fetch("./config.json", { cache: "no-store" });
  if (!response.ok) throw new Error(`config.json: status ${response.status}`);
  return response.json();
}

function enter(api, auth, signInView, config) {
  const root = document.getElementById("screen");
  let pressedAt = performance.now();
  const tablesWithFilm = new Set(config.filmed);
  const leaves = new Leaves((tableId) => api.videoToken(tableId));
  const offers = new SpareOffer();
  const session = new Session({
    api,
    onChange: () => drawSoon(),
    onNotice: (notice) => screen?.notify(notice),
    onSignedOut: (error) => leave(error.message),
    makePlayer: filmed(tablesWithFilm, { leaves, offers, api, onChange: () => drawSoon() }),
  });
  let screen = null;
  const draw = () => screen?.update();
  let drawing = 0;

  /** Many messages may come at once, for several tables: they are drawn together. */
  function drawSoon() {
    drawing ||= requestAnimationFrame(() => {
      drawing = 0;
      draw();
    });
  }

  function go(place) {
    pressedAt = performance.now();
    session.showTables(place.tableIds, pressedAt); // what comes by network is on its way while the screen is drawn
    location.hash = hashOf(place); // the rest follows from the address
  }

  /** Show what the address says; the player is at its tables and at no others. */
  function show() {
    const { tableIds, adding } = placeOf(location.hash, MOST_TABLES);
    session.showTables(tableIds, pressedAt);
    screen?.close?.();
    const common = { root, session, onSignOut: () => leave("") };
    const onLobby = () => go({ tableIds: [] });
    const onAdd = () => go({ tableIds, adding: true });
    if (tableIds.length === 0 || adding) {
      root.dataset.kind = "lobby";
      screen = new LobbyView({
        ...common, taken: tableIds,
        onJoin: (tableId) => go({ tableIds: [...tableIds, tableId] }),
        onNear: (tableId) => { if (tablesWithFilm.has(tableId)) leaves.expect(tableId); },
        onBack: () => go({ tableIds }),
      });
    } else if (tableIds.length === 1) {
      root.dataset.kind = "table";
      screen = new TableView({ ...common, client: session.table(tableIds[0]), api, onLobby, onAdd });
    } else {
      root.dataset.kind = "tables";
      screen = new TablesView({
        ...common, canAdd: tableIds.length < MOST_TABLES, onLobby, onAdd,
        onOnly: (tableId) => go({ tableIds: [tableId] }),
        onLeave: (tableId) => go({ tableIds: tableIds.filter((other) => other !== tableId) }),
      });
    }
    draw();
    scrollTo(0, 0);
    if (screen instanceof LobbyView && tablesWithFilm.size > 0) offers.prepare();
  }

  function moved() {
    show();
    // Whatever was pressed is gone: go on from the name of the new place.
    root.querySelector("h1").focus();
  }

  function leave(message) {
    clearInterval(drawTimer);
    removeEventListener("hashchange", moved);
    screen.close?.();
    screen = null;
    session.stop({ signedOut: true });
    offers.close();
    auth.signOut();
    delete window.baccarat;
    root.hidden = true;
    root.replaceChildren();
    signInView.show(message);
  }

  signInView.hide();
  root.hidden = false;
  session.start();
  addEventListener("hashchange", moved);
  show();
  const drawTimer = setInterval(draw, DRAW_EVERY_MS);
  // Diagnostics, for the browser tests and for support; it can read and disconnect, not bet.
  //   tables()            ids of the tables the player is at
  //   position(tableId)   {epoch, seq} of the newest event applied, or null; of the first table
  //   events(tableId)     all events applied, in order: {epoch, seq, type, roundId, atMs}
  //   dropConnection()    closes the socket abruptly, as a lost network would
  //   video(tableId)      how the picture is: {state, transport, lagMs, firstFrameMs}, or null without a camera
  //   frames(tableId)     with ?verify in the address: what each frame says of itself in each way
  window.baccarat = session.diagnostics;
}

start().catch((error) => {
  document.getElementById("boot-error").hidden = false;
  throw error;
});
