// chat without a socket: each topic by long polls, the number of unread messages now and then.
const WAIT = 20;
const PAUSE = 2_000;
const UNREAD_EVERY = 15_000;

export class SignedOut extends Error {}

const sleep = (ms, signal) =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => resolve(clearTimeout(timer)), { once: true });
  });

// Whether the session goes on, with a new token in its cookie: "good", "ended", or "unknown".
export async function renewed() {
  try {
    const answer = await fetch("/session", { cache: "no-store" });
    if (answer.status === 401) return "ended";
    return answer.ok ? "good" : "unknown";
  } catch {
    return "unknown";
  }
}

// Until the signal says so. Rejects with SignedOut when the session has ended.
export function catchUp(topics, take, signal) {
  return Promise.all([...topics.map((topic) => follow(topic, take, signal)), countUnread(take, signal)]);
}

async function follow(topic, take, signal) {
  const folder = topic.kind === "order" ? "orders" : "conversations";
  while (!signal.aborted) {
    const found = await ask(`/api/chat/${folder}/${topic.id}/updates?after=${topic.after}&wait=${WAIT}`, signal);
    if (signal.aborted) return;
    for (const item of found?.items ?? []) take(asFrame(topic, item));
    if (!found) await sleep(PAUSE * (0.75 + Math.random() / 2), signal);
  }
}

async function countUnread(take, signal) {
  while (!signal.aborted) {
    const found = await ask("/api/chat/unread", signal);
    if (found && !signal.aborted) take({ type: "unread", conversation: null, total: found.total });
    await sleep(UNREAD_EVERY, signal);
  }
}

const asFrame = (topic, item) =>
  topic.kind === "order"
    ? { type: "order", order: topic.id, version: item.version, event: item }
    : { type: "message", conversation: topic.id, seq: item.seq, message: item };

// The answer; null when there is none that could be used.
async function ask(address, signal) {
  try {
    const answer = await fetch(address, { signal, cache: "no-store" });
    if (answer.ok) return await answer.json();
    if (answer.status === 401 && (await renewed()) === "ended") throw new SignedOut();
  } catch (error) {
    if (error instanceof SignedOut) throw error;
  }
  return null;
}
