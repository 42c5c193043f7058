// What makes the players of filmed tables: browser, house and page put together.

import { HlsSource } from "./hls_source.js";
import { Offer } from "./offer.js";
import { Player } from "./player.js";
import { Verifier } from "./verifier.js";
import { WebrtcSource } from "./webrtc_source.js";

/** A maker of players for `tableIds`, with leave to watch from `leaves` and the offers of `offers`; the tests look into every frame with `?verify` in the page's address. */
export function filmed(tableIds, { leaves, offers, api, onChange }) {
  const verifies = new URLSearchParams(location.search).has("verify");
  return (client, session) => {
    if (!tableIds.has(client.tableId)) return null;
    const verifier = verifies ? new Verifier() : null;
    return new Player({
      clock: session.clock,
      grant: () => leaves.take(client.tableId),
      make: {
        webrtc: (events) => new WebrtcSource({
          ...events, offer: verifier ? new Offer({ verify: (receiver) => verifier.watch(receiver) }) : offers.take(),
        }),
        hls: (events) => new HlsSource(events),
      },
      // Nobody waits for it, and the next round has another.
      report: (report) => { api.videoReport(report).catch(() => undefined); },
      roundIdAt: (epoch, seq) => client.eventAt(epoch, seq),
      roundIdWhen: (atMs) => client.roundIdWhen(atMs),
      isHidden: () => document.visibilityState === "hidden",
      onChange,
      verifier,
    });
  };
}
