// The rounds of this session at this table: result, own stake, own return.

import { moneyText, signedMoneyText } from "../money.js";
import { h, whenChanged } from "./dom.js";

const SHOWN = 12;
const NAMES = { PLAYER: "Player", BANKER: "Banker", TIE: "Tie", VOID: "Void" };

export class RoundHistory {
  #body = h("tbody", {});
  #empty = h("p", { class: "panel-empty" }, "Rounds you watch appear here.");
  #table = h("table", { class: "rounds" },
    h("thead", {}, h("tr", {}, ...["Round", "Result", "Stake", "Net"].map((name) => h("th", { scope: "col" }, name)))),
    this.#body);

  constructor() {
    this.element = h("section", { class: "panel recent" },
      h("div", { class: "panel-head" }, h("h2", {}, "Your session")),
      h("div", { class: "panel-scroll", tabindex: 0, role: "region", "aria-label": "Rounds of this session" }, this.#empty, this.#table));
  }

  update({ record, currency, tableId }) {
    const here = (roundId) => roundId.slice(0, roundId.lastIndexOf(".")) === tableId;
    const rounds = record.rounds.filter(({ roundId }) => here(roundId)).slice(0, SHOWN);
    whenChanged(this.#body, JSON.stringify(rounds) + currency, () => {
      this.#empty.hidden = rounds.length > 0;
      this.#table.hidden = rounds.length === 0;
      this.#body.replaceChildren(...rounds.map(({ roundId, roundNo, outcome, stakeMinor, returnMinor }) => {
        const net = returnMinor - stakeMinor;
        return h("tr", { "data-testid": "history-row", "data-round": roundId },
          h("td", {}, `#${roundNo}`),
          h("td", {}, h("span", { class: `mark mark-${outcome.toLowerCase()}` }, NAMES[outcome])),
          h("td", { class: "number" }, stakeMinor ? moneyText(stakeMinor, currency) : "–"),
          h("td", { class: `number${net > 0 ? " number-up" : ""}`, title: `Return ${moneyText(returnMinor, currency)}` },
            stakeMinor ? signedMoneyText(net, currency) : "–"));
      }));
    });
  }
}
