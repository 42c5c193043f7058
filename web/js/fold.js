// The geometry of a card that is peeled open: a flat sheet, back side up, folded over along a straight
// line. Pure. Coordinates are pixels from the upper left corner of the sheet as it lies there; those of
// the face are the face's own, which is the sheet mirrored left to right.

/** The share of the sheet that must be drawn over before it turns. */
export const OPENS_AT = 0.6;

/** Where a sheet is taken hold of when `point` of it is touched: at a corner, else at the nearest edge. */
export function grip({ x, y }, { width, height }) {
  const snap = (value, length) => (value < length * 0.3 ? 0 : value > length * 0.7 ? length : null);
  const [edgeX, edgeY] = [snap(x, width), snap(y, height)];
  if (edgeX !== null || edgeY !== null) return { x: edgeX ?? x, y: edgeY ?? y };
  return { x, y: y < height / 2 ? 0 : height };
}

/**
 * The sheet after the point `from` of its edge was drawn to `to`, or null while it is not drawn over itself:
 *   lying   the polygon of the sheet that still lies flat; without points when nothing does
 *   flap    the polygon of the face that now shows
 *   matrix  [a, b, c, d, e, f] that brings the face to where the fold lays it
 *   shade   {angle, at}: the direction on the face from the fold into the flap as an angle of CSS, and
 *           where the fold is on a linear gradient of that angle
 *   share   how far it is drawn over, in 0…1
 */
export function fold({ width, height }, from, to) {
  const distance = Math.hypot(to.x - from.x, to.y - from.y);
  if (distance < 1) return null;
  const n = { x: (to.x - from.x) / distance, y: (to.y - from.y) / distance };
  if ((width / 2 - from.x) * n.x + (height / 2 - from.y) * n.y <= 0) return null;
  const middle = { x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 };
  const beyond = ({ x, y }) => (x - middle.x) * n.x + (y - middle.y) * n.y;
  const sheet = [{ x: 0, y: 0 }, { x: width, y: 0 }, { x: width, y: height }, { x: 0, y: height }];
  const lifted = clip(sheet, (point) => -beyond(point));
  const shift = 2 * (middle.x * n.x + middle.y * n.y);
  return {
    lying: clip(sheet, beyond),
    flap: lifted.map(({ x, y }) => ({ x: width - x, y })),
    matrix: [
      2 * n.x * n.x - 1, 2 * n.x * n.y, -2 * n.x * n.y, 1 - 2 * n.y * n.y,
      width * (1 - 2 * n.x * n.x) + shift * n.x, -2 * width * n.x * n.y + shift * n.y,
    ],
    shade: {
      angle: Math.atan2(n.x, n.y),
      at: (Math.abs(width * n.x) + Math.abs(height * n.y)) / 2
        + (width / 2 - middle.x) * n.x - (middle.y - height / 2) * n.y,
    },
    share: Math.min(1, Math.max(Math.abs(to.x - from.x) / width, Math.abs(to.y - from.y) / height)),
  };
}

/** The part of a convex polygon where `side` of a point is positive. */
function clip(polygon, side) {
  return polygon.flatMap((point, at) => {
    const next = polygon[(at + 1) % polygon.length];
    const [here, there] = [side(point), side(next)];
    const kept = here > 0 ? [point] : [];
    if (here > 0 === there > 0) return kept;
    const share = here / (here - there);
    return [...kept, { x: point.x + (next.x - point.x) * share, y: point.y + (next.y - point.y) * share }];
  });
}
