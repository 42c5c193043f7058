// What is wrong with a drawn screen, by the boxes of its parts: for tests/e2e/test_screens.py.

const SLACK = 1; // a box may end between two pixels
/** Line boxes are higher than their letters. */
const LINE_SLACK = 3;

const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const box = (element) => element.getBoundingClientRect();
const nameOf = (element) => element.dataset.testid ?? element.className;

function isSeen(element) {
  const style = getComputedStyle(element);
  const { width, height } = box(element);
  return style.visibility === "visible" && width > 0 && height > 0 && element.textContent !== "";
}

function isInside(inner, outer, slack = SLACK) {
  return inner.left >= outer.left - slack && inner.right <= outer.right + slack
    && inner.top >= outer.top - slack && inner.bottom <= outer.bottom + slack;
}

function overlap(a, b) {
  const width = Math.min(a.right, b.right) - Math.max(a.left, b.left);
  const height = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
  return width > SLACK && height > LINE_SLACK;
}

/** Words and chips that leave their spot, or lie on each other. */
function spotFaults(spot) {
  const parts = all(".spot-name, .spot-odds, .spot-exception, .stack, .spot-limits, .spot-ending", spot).filter(isSeen);
  const spilled = parts.filter((part) => !part.matches(".spot-ending") && !isInside(box(part), box(spot)));
  const covered = parts.flatMap((a, at) => parts.slice(at + 1).filter((b) => overlap(box(a), box(b))).map((b) => [a, b]));
  return [
    ...spilled.map((part) => `${nameOf(part)} leaves ${nameOf(spot)}`),
    ...covered.map(([a, b]) => `${nameOf(a)} and ${nameOf(b)} overlap in ${nameOf(spot)}`),
  ];
}

function stageFaults(stage) {
  const [result] = all(".result", stage).filter(isSeen);
  const totals = all(".hand-total", stage).filter(isSeen);
  const isFilmed = stage.parentElement.querySelector(".picture-on") !== null;
  return [
    ...all(".card, .winnings:not([hidden])", stage).filter((part) => !isInside(box(part), box(stage))).map((part) => `${nameOf(part)} leaves the stage`),
    ...[...totals, ...(isFilmed ? all(".card", stage) : [])].filter((part) => result && overlap(box(part), box(result)))
      .map((part) => `the result covers ${nameOf(part)}`),
  ];
}

/** What lies on `areas` of the film, {name: [left, top, right, bottom]} in parts of it. */
function filmFaults(table, areas) {
  const films = all(".picture-on", table).map(box);
  const drawn = all(".status, .hand-name, .hand-total, .card, .countdown-on, .result, .winnings, .picture-light, .picture-full", table)
    .filter((part) => getComputedStyle(part).visibility === "visible" && box(part).width > 0 && !part.matches(":empty:not(.picture-light)"));
  return films.flatMap(({ left, top, width, height }) => Object.entries(areas).flatMap(([name, [x1, y1, x2, y2]]) => {
    const area = { left: left + x1 * width, top: top + y1 * height, right: left + x2 * width, bottom: top + y2 * height };
    return drawn.filter((part) => overlap(box(part), area)).map((part) => `${nameOf(part)} covers the film's ${name}`);
  }));
}

/** The table's parts that lie on each other. */
function partFaults(table) {
  const parts = [...table.children].filter((part) => box(part).height > 0);
  const stageEnd = box(table.querySelector(".stage")).bottom;
  return parts.slice(1).filter((part, at) => box(part).top < Math.max(box(parts[at]).bottom, stageEnd) - SLACK)
    .map((part) => `${nameOf(part)} begins above the end of what comes before it`);
}

/** Buttons whose words do not fit, the head's parts that leave it or lie on each other. */
function wordFaults() {
  const buttons = all("button:not(.spot, .seat, .chip)").filter(isSeen);
  const head = document.querySelector(".head");
  const inHead = all(".head-titles, .head-figure, .head-actions > *", head).filter(isSeen);
  return [
    ...buttons.filter((button) => button.scrollWidth > button.clientWidth).map((button) => `the words of ${nameOf(button)} do not fit`),
    ...inHead.filter((part) => !isInside(box(part), box(head))).map((part) => `${nameOf(part)} leaves the head`),
    ...inHead.flatMap((a, at) => inHead.slice(at + 1).filter((b) => overlap(box(a), box(b)))
      .map((b) => `${nameOf(a)} and ${nameOf(b)} overlap in the head`)),
    ...all(".head-line, .head-clock", head).filter(isSeen).filter((part) => !isInside(box(part), box(part.parentElement)))
      .map((part) => `${nameOf(part)} leaves its line`),
    ...(head.scrollWidth > head.clientWidth ? ["the head scrolls"] : []),
  ];
}

/**
 * Everything that is wrong, in words. Parts that match `onScreen` have to be seen whole without
 * scrolling; the page never scrolls sideways. `film` are the areas of a film that nothing may cover.
 */
window.faults = ({ onScreen, film = {} }) => {
  const view = { left: 0, top: 0, right: innerWidth, bottom: innerHeight };
  const wide = document.documentElement.scrollWidth;
  const wanted = all(onScreen);
  return [
    ...(wide > innerWidth ? [`the page is ${wide} wide`] : []),
    ...(wanted.length === 0 ? [`there is no ${onScreen}`] : []),
    ...wanted.filter((part) => !isInside(box(part), view, 0)).map((part) => `${nameOf(part)} ends at ${box(part).bottom}`),
    ...all(".floor-table").flatMap((table) => [...partFaults(table), ...filmFaults(table, film)]),
    ...all(".spot").flatMap(spotFaults), ...all(".stage").flatMap(stageFaults), ...wordFaults(),
  ];
};

/** Where the parts that take a finger are: they must not move while a round goes on. */
window.placesOfBets = () => all(".spot, .chip, .actions button")
  .map((part) => [nameOf(part), Math.round(box(part).bottom)]).filter(([name]) => !name.startsWith("chip-"));
