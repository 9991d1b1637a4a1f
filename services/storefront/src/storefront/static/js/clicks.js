// Tells clickstream what was looked at, searched for, put into the basket and bought (docs/adr/0095): by the names of
// pages and goods, never of people. Sent beside everything else and in bundles; what is lost is lost.
import { newId } from "./ids.js";

const ADDRESS = "/api/clickstream";
const EVERY = 5_000;
// clickstream takes a hundred at once
const MOST = 50;

const waiting = [];

function note(kind, details) {
  waiting.push({ id: newId(), kind, at: new Date().toISOString(), page: document.body.dataset.page, ...details });
  if (waiting.length >= MOST) tell();
}

function tell() {
  if (!waiting.length) return;
  const events = waiting.splice(0, MOST);
  const bundle = new Blob([JSON.stringify({ events })], { type: "application/json" });
  // refused when too much is under way: it is tried again with the next
  if (!navigator.sendBeacon(ADDRESS, bundle)) waiting.unshift(...events);
}

let searched = "";
function noteSearch() {
  const query = document.querySelector("[data-search]")?.dataset.search ?? "";
  if (query && query !== searched) note("search", { query });
  searched = query;
}

function noteAdd(event) {
  const form = event.target;
  if (form.dataset?.click !== "add") return;
  const given = new FormData(form);
  const quantity = Number(given.get("quantity"));
  if (quantity >= 1 && quantity <= 99) note("add", { product_id: given.get("product_id"), quantity });
}

function begin() {
  const product = document.querySelector("[data-view]")?.dataset.view;
  const order = document.querySelector("[data-buy]")?.dataset.buy;
  if (document.body.dataset.page) note("view", product ? { product_id: product } : {});
  noteSearch();
  if (order) note("buy", { order_id: order });
  document.addEventListener("submit", noteAdd);
  document.addEventListener("htmx:afterSettle", noteSearch);
  setInterval(tell, EVERY);
  // the last moment that every browser tells of
  document.addEventListener("visibilitychange", () => document.hidden && tell());
  window.addEventListener("pagehide", tell);
}

if (!navigator.globalPrivacyControl && navigator.doNotTrack !== "1") begin();
