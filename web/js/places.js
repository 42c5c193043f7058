// Where the player is, as the address says it: `#table=bac-1,bac-2` is at these tables, `&add` looks
// for one more in the lobby, and no table is the lobby. Pure.

const TABLE_ID = /^[a-z0-9][a-z0-9-]{0,23}$/;

/** {tableIds, adding} of an address; at most `most` tables, each once. */
export function placeOf(hash, most) {
  const parameters = new URLSearchParams(hash.replace(/^#/, ""));
  const named = (parameters.get("table") ?? "").split(",").filter((id) => TABLE_ID.test(id));
  const tableIds = [...new Set(named)].slice(0, most);
  return { tableIds, adding: tableIds.length > 0 && tableIds.length < most && parameters.has("add") };
}

/** The address of a place. */
export function hashOf({ tableIds, adding = false }) {
  if (tableIds.length === 0) return "#lobby";
  return `#table=${tableIds.join(",")}${adding ? "&add" : ""}`;
}
