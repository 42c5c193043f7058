// Deals each line of standard input ("KC 4D 9H 2S AC TD", six cards in the order in which they would
// come) with the published baccarat-engine and prints what it made of it:
// cards of Player, cards of Banker, both totals, outcome, natural, separated by spaces.
"use strict";

const readline = require("node:readline");
const { BaccaratGameEngine, BaccaratResultsEngine, Card } = require("baccarat-engine");

const SUITS = { C: "club", D: "diamond", H: "heart", S: "spade" };
const game = new BaccaratGameEngine();
const results = new BaccaratResultsEngine();

function cardOf(code) {
  return new Card(SUITS[code[1]], code[0] === "T" ? "10" : code[0]);
}

const lines = [];
readline.createInterface({ input: process.stdin })
  .on("line", (line) => {
    const cards = line.split(" ").map(cardOf);
    let drawn = 0;
    game.shoe = { draw: () => cards[drawn++] };
    const hand = game.dealGame();
    const { outcome, natural } = results.calculateGameResult(hand);
    lines.push([
      hand.playerCards.length, hand.bankerCards.length,
      results.calculateHandValue(hand.playerCards), results.calculateHandValue(hand.bankerCards),
      outcome, natural,
    ].join(" "));
  })
  .on("close", () => process.stdout.write(`${lines.join("\n")}\n`));
