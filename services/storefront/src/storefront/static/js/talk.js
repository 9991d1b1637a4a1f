// A conversation's page: shows what comes, once and in its order, and sends what is written.
import { newId } from "./ids.js";

const TYPING_EVERY = 3_000;
const TYPING_FOR = 4_500;
const WHEN = new Intl.DateTimeFormat("en-GB", {
  timeZone: "UTC", day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit",
});

const by = (id) => document.getElementById(id);

export class Talk {
  // what was sent and has no number yet, in the order in which it was written: client id → {item, body, state}
  #waiting = new Map();
  #typedAt = 0;
  #typing = 0;

  constructor(root, live) {
    this.live = live;
    this.about = root.dataset;
    this.list = by("messages");
    this.form = by("say");
    this.field = this.form.elements.body;
    this.topic = live.follow({ kind: "conversation", id: this.about.conversation, after: Number(this.about.last) });
    this.form.addEventListener("submit", (event) => this.#submit(event));
    this.field.addEventListener("input", () => this.#sayTyping());
    this.field.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) this.form.requestSubmit();
    });
    document.addEventListener("visibilitychange", () => this.#read());
    this.list.lastElementChild?.scrollIntoView({ block: "nearest" });
  }

  frame(frame) {
    if (frame.type === "error") this.#refused(frame);
    else if (frame.conversation !== this.topic.id) return;
    else if (frame.type === "message") this.#show(frame.message);
    else if (frame.type === "sent") this.#sent(frame.client_message_id);
    else if (frame.type === "typing") this.#showTyping(frame.side);
    else if (frame.type === "subscribed") this.#showPresence(frame.online.includes(this.#otherSide));
    else if (frame.type === "presence" && frame.side === this.#otherSide) this.#showPresence(frame.online);
  }

  state(state) {
    const words = {
      live: "", waiting: "Connecting again …", polling: "New messages may come a little later just now.", over: "You are signed out.",
    };
    by("line").textContent = words[state];
    if (state !== "live") by("presence").hidden = true;
    // the same ids: whatever arrived before is not said twice
    if (state === "live" || state === "polling") {
      for (const id of this.#waiting.keys()) this.#send(id);
    }
  }

  get #otherSide() {
    return this.about.side === "shopper" ? "seller" : "shopper";
  }

  #nameOf({ side, account_id, name }) {
    if (account_id === this.about.account) return "You";
    return name ?? (side === "shopper" ? this.about.shopper : this.about.stall);
  }

  #submit(event) {
    event.preventDefault();
    const body = this.field.value.trim();
    if (!body) return;
    const id = this.form.elements.client_message_id.value;
    const item = this.#item({ side: this.about.side, account_id: this.about.account, name: null }, body, id);
    item.classList.add("sending");
    this.list.append(item);
    this.#waiting.set(id, { item, body, state: "new" });
    this.form.elements.client_message_id.value = newId();
    this.field.value = "";
    this.field.focus();
    item.scrollIntoView({ block: "nearest" });
    this.#send(id);
  }

  #send(id) {
    const one = this.#waiting.get(id);
    if (!one || one.state === "failed") return;
    const frame = { type: "send", conversation: this.topic.id, client_message_id: id, body: one.body };
    if (this.live.state === "polling") this.#post(id, one);
    else if (this.live.send(frame)) one.state = "sent";
    this.#say(one, "Sending …");
  }

  // Without a socket: the form, as it would be sent without scripts.
  async #post(id, one) {
    if (one.state === "posting") return;
    one.state = "posting";
    const form = new FormData(this.form);
    form.set("client_message_id", id);
    form.set("body", one.body);
    try {
      const answer = await fetch(this.form.action, { method: "POST", body: form, headers: { "HX-Request": "true" } });
      const elsewhere = answer.headers.get("HX-Redirect");
      if (elsewhere) location.assign(elsewhere);
      else if (answer.ok) this.#sent(id);
      else this.#fail(one, (await answer.text()) || "This could not be sent.");
    } catch {
      this.#fail(one, "The market cannot be reached.");
    }
  }

  #sent(id) {
    const one = this.#waiting.get(id);
    if (one) this.#say(one, "");
  }

  #refused({ problem, ref }) {
    const one = this.#waiting.get(ref);
    if (one) this.#fail(one, problem.detail || problem.title);
  }

  #fail(one, words) {
    one.state = "failed";
    one.item.classList.replace("sending", "failed");
    this.#say(one, words, true);
  }

  #say({ item }, words, again = false) {
    const line = item.querySelector(".message-state");
    line.hidden = !words;
    line.querySelector("span").textContent = words;
    line.querySelector("button").hidden = !again;
  }

  #again(id) {
    const one = this.#waiting.get(id);
    if (!one) return;
    one.state = "new";
    one.item.classList.replace("failed", "sending");
    this.#send(id);
  }

  #show(message) {
    by("silence")?.remove();
    by("typing").hidden = true;
    const mine = this.#waiting.get(message.client_message_id);
    this.#waiting.delete(message.client_message_id);
    const item = mine?.item ?? this.#item(message.author, message.body, message.client_message_id);
    item.classList.remove("sending", "failed");
    item.dataset.seq = message.seq;
    item.querySelector("time").dateTime = message.created_at;
    item.querySelector("time").textContent = WHEN.format(new Date(message.created_at));
    item.querySelector(".message-state").hidden = true;
    // before all that has no number yet
    const place = this.list.querySelector(":scope > :not([data-seq])");
    if (!mine || item.nextElementSibling !== place) this.list.insertBefore(item, place);
    item.scrollIntoView({ block: "nearest" });
    this.#read();
  }

  #item(author, body, id) {
    const item = by("message").content.firstElementChild.cloneNode(true);
    item.classList.toggle("mine", author.side === this.about.side);
    item.dataset.client = id;
    item.querySelector(".who").textContent = this.#nameOf(author);
    item.querySelector(".message-body").textContent = body;
    item.querySelector("button").addEventListener("click", () => this.#again(id));
    return item;
  }

  #read() {
    const seq = this.topic.after;
    const theirs = this.list.querySelector(`[data-seq="${seq}"]:not(.mine)`);
    if (document.hidden || !theirs || seq === this.readSeq) return;
    this.readSeq = seq;
    if (this.live.send({ type: "read", conversation: this.topic.id, seq })) return;
    const form = new FormData(this.form);
    form.set("seq", seq);
    fetch(`${this.form.action}/read`, { method: "POST", body: form, headers: { "HX-Request": "true" } }).catch(() => {});
  }

  #sayTyping() {
    if (Date.now() - this.#typedAt < TYPING_EVERY || !this.field.value) return;
    if (this.live.send({ type: "typing", conversation: this.topic.id })) this.#typedAt = Date.now();
  }

  #showTyping(side) {
    if (side !== this.#otherSide) return;
    const line = by("typing");
    line.lastElementChild.textContent = `${side === "shopper" ? this.about.shopper : this.about.stall} is writing …`;
    line.hidden = false;
    clearTimeout(this.#typing);
    this.#typing = setTimeout(() => (line.hidden = true), TYPING_FOR);
  }

  #showPresence(online) {
    by("presence").hidden = !online;
    by("presence").lastElementChild.textContent = online ? "is here now" : "";
  }
}
