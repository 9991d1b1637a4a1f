// A page's one line to chat: a WebSocket, and long polls for as long as none can be had (docs/adr/0094).
//
// Whoever listens gets `frame` events, each message and each step of an order once and in its order, whichever way
// it came; and `state` events: "live", "waiting", "polling", "over" (signed out).
import { SignedOut, catchUp, renewed } from "./polls.js";

const ADDRESS = `${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}/api/chat/socket`;
const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 30_000;
const HELLO_WITHIN = 8_000;
const PING_EVERY = 25_000;
const RENEW_EVERY = 10_000;
// in a row, without a hello between: then it is polled beside trying on
const POLL_AFTER = 3;
const [TOKEN_ENDED, SESSION_ENDED, TOO_SLOW, TOO_MANY] = [4001, 4002, 4003, 4008];

// One that is still opening is closed when it is open, or ends with its page: a browser takes an earlier close for
// a failure, and complains.
function hangUp(socket) {
  if (socket.readyState === WebSocket.CONNECTING) socket.addEventListener("open", () => socket.close(1000));
  else socket.close(1000);
}

export class Live extends EventTarget {
  state = "waiting";
  #topics = [];
  #socket = null;
  // one that has not said hello yet; the one before it goes on until then
  #coming = null;
  #failures = 0;
  #heard = 0;
  #timer = 0;
  #heartbeat = 0;
  #renewedAt = 0;
  #polls = null;

  // A topic is {kind: "conversation" | "order", id, after}: what came last of it is in `after`.
  follow(topic) {
    this.#topics.push(topic);
    if (this.#socket) this.#ask(this.#socket, topic);
    return topic;
  }

  start() {
    this.#failures = 0;
    this.#tell("waiting");
    this.#connect();
    this.#heartbeat = setInterval(() => this.#beat(), PING_EVERY);
  }

  stop(state = "waiting") {
    clearTimeout(this.#timer);
    clearInterval(this.#heartbeat);
    this.#pollNoMore();
    const sockets = [this.#socket, this.#coming];
    this.#socket = this.#coming = null;
    for (const socket of sockets) if (socket) hangUp(socket);
    this.#tell(state);
  }

  send(frame) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  #tell(state) {
    if (state === this.state) return;
    this.state = state;
    this.dispatchEvent(new CustomEvent("state", { detail: state }));
  }

  #connect() {
    clearTimeout(this.#timer);
    if (this.#coming || this.state === "over") return;
    let socket;
    try {
      socket = new WebSocket(ADDRESS);
    } catch {
      this.#failed();
      return;
    }
    this.#coming = socket;
    const late = setTimeout(() => socket.close(), HELLO_WITHIN);
    socket.addEventListener("message", ({ data }) => {
      clearTimeout(late);
      this.#heard = Date.now();
      this.#take(JSON.parse(data), socket);
    });
    socket.addEventListener("close", ({ code }) => {
      clearTimeout(late);
      this.#closed(socket, code);
    });
  }

  #welcome(socket) {
    const before = this.#socket;
    this.#socket = socket;
    this.#coming = null;
    this.#failures = 0;
    this.#pollNoMore();
    for (const topic of this.#topics) this.#ask(socket, topic);
    before?.close(1000);
    this.#tell("live");
  }

  #ask(socket, { kind, id, after }) {
    const frame = kind === "order" ? { type: "track", order: id, after } : { type: "subscribe", conversation: id, after };
    socket.send(JSON.stringify(frame));
  }

  // Chat could not look at it just now.
  #askLater({ conversation, order }, socket) {
    const topic = this.#topics.find(({ id }) => id === conversation || id === order);
    const ask = () => socket === this.#socket && this.#ask(socket, topic);
    if (topic) setTimeout(ask, FIRST_PAUSE * (2 + 2 * Math.random()));
  }

  #closed(socket, code) {
    if (socket !== this.#coming && socket !== this.#socket) return;
    if (code === SESSION_ENDED) {
      this.stop("over");
    } else if (socket === this.#coming) {
      this.#coming = null;
      this.#failed();
    } else {
      this.#socket = null;
      if (code === TOKEN_ENDED) this.#renew();
      else this.#again(code === TOO_SLOW || code === TOO_MANY ? 4 : 0);
    }
  }

  #failed() {
    this.#failures += 1;
    if (this.#failures >= POLL_AFTER && !this.#socket) this.#poll();
    // a browser does not say why it got no socket: it may be that the session has ended
    if (this.#failures === POLL_AFTER - 1) this.#renew();
    else this.#again(this.#failures);
  }

  // Later and later, and never all browsers at once.
  #again(failures) {
    if (!this.#socket && this.state === "live") this.#tell("waiting");
    clearTimeout(this.#timer);
    const pause = Math.min(FIRST_PAUSE * 2 ** failures, LONGEST_PAUSE);
    this.#timer = setTimeout(() => this.#connect(), pause * (0.5 + Math.random() / 2));
  }

  async #renew() {
    this.#renewedAt = Date.now();
    const session = await renewed();
    if (session === "ended") this.stop("over");
    else if (session === "good") this.#connect();
    else this.#again(this.#failures + 1);
  }

  // Before the token ends; not all at once, and not again and again with a token that is too short for it.
  #renewSoon(seconds) {
    const since = Date.now() - this.#renewedAt;
    const pause = since < RENEW_EVERY ? RENEW_EVERY : Math.random() * Math.min(seconds * 200, RENEW_EVERY);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#renew(), pause);
  }

  #beat() {
    if (!this.#socket) return;
    if (Date.now() - this.#heard < 2 * PING_EVERY + 5_000) {
      this.send({ type: "ping" });
      return;
    }
    // closing politely would wait for somebody who is not there
    const silent = this.#socket;
    this.#socket = null;
    silent.close();
    this.#again(0);
  }

  #take(frame, socket) {
    switch (frame.type) {
      case "hello":
        this.#welcome(socket);
        break;
      case "expiring":
        this.#renewSoon(frame.seconds);
        return;
      case "reconnect":
        // the replica is going away: to another one, and this one is kept until that says hello
        clearTimeout(this.#timer);
        this.#timer = setTimeout(() => this.#connect(), frame.after_ms ?? 0);
        return;
      case "error":
        if (frame.problem.status === 503 && !frame.ref) this.#askLater(frame, socket);
        break;
      case "message":
      case "order":
        if (!this.#isNext(frame)) return;
    }
    this.dispatchEvent(new CustomEvent("frame", { detail: frame }));
  }

  // Two sockets may tell the same for a moment, and a poll may as well.
  #isNext(frame) {
    const [kind, id, number] = frame.type === "order" ? ["order", frame.order, frame.version] : ["conversation", frame.conversation, frame.seq];
    const topic = this.#topics.find((each) => each.kind === kind && each.id === id);
    if (!topic || number <= topic.after) return false;
    if (kind === "conversation" && number > topic.after + 1) {
      // something between is missing: it is asked for again from there
      if (this.#socket) this.#ask(this.#socket, topic);
      return false;
    }
    topic.after = number;
    return true;
  }

  #poll() {
    if (this.#polls) return;
    this.#polls = new AbortController();
    this.#tell("polling");
    catchUp(this.#topics, (frame) => this.#take(frame), this.#polls.signal).catch((error) => {
      if (!(error instanceof SignedOut)) throw error;
      this.stop("over");
    });
  }

  #pollNoMore() {
    this.#polls?.abort();
    this.#polls = null;
  }
}
