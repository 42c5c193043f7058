// The lobby: a card for each table, filters, and a matchmaker. Asks the house again every few seconds
// while it can be seen.

import { MODES, PRESENTATIONS, VARIANTS, filtered, grouped, languageName, reasonsText, stateOf } from "../lobby.js";
import { minorPerUnit, shortMoneyText } from "../money.js";
import { Header } from "./header.js";
import { Counts, MiniRoad } from "./mini_road.js";
import { foot } from "./table_parts.js";
import { Notices } from "./notices.js";
import { h, setAttribute, setText, whenChanged } from "./dom.js";

const ASK_EVERY_MS = 5_000;
const ASK_AGAIN_MS = 1_000; // when there was no answer
const RESTS_MS = 60; // a pointer that only passes over is away sooner
const STAKES = [1, 5, 25, 100, 500, 5_000];
const CURRENCY = "EUR";
const GROUPS = { salon: "Salon", speed: "Speed", main: "Tables" };

export class LobbyView {
  #session;
  #taken;
  #onJoin;
  #onNear;
  #header;
  #tables = null; // null before the first answer
  #timer = null;
  #cards = new Map();
  #groups = h("div", { class: "lobby-groups" });
  #empty = h("p", { class: "lobby-empty", role: "status" });
  #proposals = h("section", { class: "proposals", role: "status", "data-testid": "proposals", hidden: true });
  #notices = new Notices();
  #filters;

  /** `taken` are the tables the player is at; with some he looks for one more, and `onBack` returns. `onNear`: he may be about to join. */
  constructor({ root, session, taken, onJoin, onNear, onBack, onSignOut }) {
    this.#session = session;
    this.#taken = taken;
    this.#onJoin = onJoin;
    this.#onNear = onNear;
    this.#header = new Header({
      actions: [
        ...(taken.length > 0 ? [{ name: "lobby-back", label: "Back to the table", run: onBack }] : []),
        { name: "sign-out", label: "Sign out", run: onSignOut },
      ],
    });
    const select = (name, label, options) => {
      const element = h("select", { "data-testid": `filter-${name}`, onchange: () => this.#filter() },
        options.map(([value, text]) => h("option", { value }, text)));
      return { element, label: h("label", { class: "filter" }, h("span", {}, label), element) };
    };
    const money = (units) => shortMoneyText(units * minorPerUnit(CURRENCY), CURRENCY);
    this.#filters = {
      variant: select("variant", "Variant", [["", "Any variant"], ...Object.entries(VARIANTS)]),
      language: select("language", "Language", [["", "Any language"]]),
      stake: select("stake", "Your stake", [["", "Any stake"], ...STAKES.map((units) => [String(units), money(units)])]),
    };
    root.replaceChildren(
      this.#header.element,
      h("main", { class: "lobby" },
        h("form", { class: "lobby-tools", "aria-label": "Choose tables", onsubmit: (event) => { event.preventDefault(); this.#match(); } },
          Object.values(this.#filters).map(({ label }) => label),
          h("button", { type: "submit", class: "button-gold", "data-testid": "match" }, "Find me a table")),
        this.#proposals, this.#groups, this.#empty, this.#notices.element),
      foot(),
    );
    document.addEventListener("visibilitychange", this.#wake);
  }

  /** Ask no more. */
  close() {
    clearTimeout(this.#timer);
    this.#timer = null;
    document.removeEventListener("visibilitychange", this.#wake);
  }

  update() {
    const snapshot = this.#session.snapshot();
    if (this.#timer === null && snapshot.connection === "online") this.#ask();
    this.#header.update({
      ...snapshot, waitsForTable: false, title: this.#taken.length > 0 ? "Choose one more table" : "Lobby",
      subtitle: this.#tables === null ? "" : `${this.#tables.length} tables`,
    });
    for (const card of this.#cards.values()) card.update(snapshot.nowMs);
  }

  notify(notice) {
    this.#notices.add(notice);
  }

  #wake = () => {
    if (document.visibilityState === "visible" && this.#timer !== null) this.#askIn(0);
  };

  #askIn(delayMs) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#ask(), delayMs);
  }

  async #ask() {
    this.#timer ??= 0; // asked; the next update does not ask again
    if (document.visibilityState === "hidden") return;
    let again = ASK_EVERY_MS;
    try {
      this.#show((await this.#session.ask({ action: "lobby" })).tables);
    } catch {
      again = ASK_AGAIN_MS; // the head tells that there is no connection
    }
    if (this.#timer !== null) this.#askIn(again);
  }

  #show(tables) {
    this.#tables = tables;
    const languages = [...new Set(tables.map(({ language }) => language))].sort();
    whenChanged(this.#filters.language.element, languages.join(), () => {
      const chosen = this.#filters.language.element.value;
      this.#filters.language.element.replaceChildren(h("option", { value: "" }, "Any language"),
        ...languages.map((tag) => h("option", { value: tag }, languageName(tag))));
      this.#filters.language.element.value = languages.includes(chosen) ? chosen : "";
    });
    for (const table of tables) {
      const card = this.#cards.get(table.tableId)
        ?? new TableCard({
          taken: this.#taken.includes(table.tableId),
          onJoin: () => this.#onJoin(table.tableId), onNear: () => this.#onNear(table.tableId),
        });
      this.#cards.set(table.tableId, card);
      card.show(table);
    }
    this.#filter();
  }

  get #wish() {
    const { variant, language, stake } = this.#filters;
    return {
      variant: variant.element.value,
      language: language.element.value,
      stakeMinor: Number(stake.element.value) * minorPerUnit(CURRENCY),
    };
  }

  #filter() {
    const shown = filtered(this.#tables ?? [], this.#wish);
    whenChanged(this.#groups, shown.map(({ tableId, group }) => `${group}/${tableId}`).join(), () => {
      this.#groups.replaceChildren(...grouped(shown).map(([group, tables]) => {
        const name = GROUPS[group] ?? group[0].toUpperCase() + group.slice(1);
        return h("section", { class: "lobby-group", "aria-label": name, "data-group": group },
          h("h2", {}, name),
          h("ul", { class: "cards-of-tables" }, tables.map(({ tableId }) => this.#cards.get(tableId).element)));
      }));
    });
    setText(this.#empty, this.#tables === null || shown.length > 0 ? "" : "No table is like that just now.");
  }

  async #match() {
    const { variant, language, stakeMinor } = this.#wish;
    const wish = { ...(variant && { variant }), ...(language && { language }), ...(stakeMinor && { stake_minor: stakeMinor }) };
    try {
      const { tables } = await this.#session.ask({ action: "match", ...wish });
      this.#propose(tables.filter(({ tableId }) => !this.#taken.includes(tableId)));
    } catch (error) {
      this.notify({ kind: "error", text: error.message });
    }
  }

  #propose(tables) {
    this.#proposals.hidden = false;
    this.#proposals.replaceChildren(
      h("h2", {}, tables.length > 0 ? "Best for you" : "No table suits: ask for less and try again."),
      h("ol", {}, tables.map(({ tableId, name, reasons }) => h("li", {},
        h("button", {
          type: "button", class: "proposal", "data-testid": "proposal", "data-table": tableId,
          onclick: () => this.#onJoin(tableId), ...whenNear(() => this.#onNear(tableId)),
        },
          h("strong", {}, name), h("span", {}, reasonsText(reasons) || "open now"))))));
  }
}

/** Listeners that call `run` when a press seems near: a pointer rests there, or comes down. */
function whenNear(run) {
  let timer = null;
  const begin = () => {
    clearTimeout(timer);
    timer = setTimeout(run, RESTS_MS);
  };
  const end = () => clearTimeout(timer);
  const now = () => {
    end();
    run();
  };
  return { onpointerenter: begin, onpointerleave: end, onpointerdown: now };
}

class TableCard {
  #table = null;
  #name = h("h3", {});
  #badges = h("p", { class: "badges" });
  #road = new MiniRoad();
  #counts = new Counts();
  #state = h("span", { class: "card-state" });
  #facts = h("p", { class: "card-facts" });
  #limits = h("strong", {});
  #join;

  constructor({ taken, onJoin, onNear }) {
    this.#join = h("button", { type: "button", class: "button-gold", "data-testid": "lobby-join", disabled: taken, onclick: onJoin, ...whenNear(onNear) },
      taken ? "You are here" : "Join");
    this.element = h("li", { class: "table-card", "data-testid": "lobby-table" },
      h("div", { class: "card-head" }, this.#name, this.#state),
      this.#badges,
      h("div", { class: "card-road" }, this.#road.element),
      this.#facts,
      h("div", { class: "card-foot" },
        h("p", { class: "card-limits" }, this.#limits, this.#counts.element), this.#join));
  }

  show(table) {
    this.#table = table;
    const { tableId, name, limits, currency, players, seats_free: free, dealer: person, mode } = table;
    setAttribute(this.element, "data-table", tableId);
    setText(this.#name, name);
    setAttribute(this.#join, "aria-label", this.#join.disabled ? `You are at ${name}` : `Join ${name}`);
    const badges = [VARIANTS[table.variant] ?? table.variant, PRESENTATIONS[table.presentation] ?? table.presentation, languageName(table.language)];
    whenChanged(this.#badges, badges.join(), () => {
      this.#badges.replaceChildren(...badges.map((text, at) =>
        h("span", { class: `badge${at === 1 ? ` badge-${table.presentation}` : ""}` }, text)));
    });
    this.#road.update(table.history);
    this.#counts.update(table.history);
    setText(this.#limits, `${shortMoneyText(limits.PLAYER.min_minor, currency)} – ${shortMoneyText(limits.PLAYER.max_minor, currency)}`);
    const dealer = [MODES[mode] ?? mode, person].filter(Boolean).join(", ");
    setText(this.#facts, `${dealer} · ${players} ${players === 1 ? "player" : "players"} · ${free} ${free === 1 ? "seat" : "seats"} free`);
  }

  /** The countdown goes on between two answers of the house. */
  update(nowMs) {
    const { key, text, secondsLeft } = stateOf(this.#table, nowMs);
    setAttribute(this.#state, "data-state", key);
    setText(this.#state, secondsLeft > 0 ? `${text} · ${secondsLeft}` : text);
    this.element.classList.toggle("table-card-shut", key === "shut");
  }
}
