// What chat has to tell a page: messages, how many wait, and where an order is. Pages without any of it open no line.
import { Live } from "./live.js";
import { Talk } from "./talk.js";

const QUIET = 400;

// Only the last of many at once.
function settled(act) {
  let timer = 0;
  return (...given) => {
    clearTimeout(timer);
    timer = setTimeout(() => act(...given), QUIET);
  };
}

const showUnread = settled((total) => {
  const count = document.getElementById("unread-count");
  count.replaceChildren();
  if (!total) return;
  const word = document.createElement("span");
  word.className = "unseen";
  word.textContent = " unread";
  count.append(String(total), word);
});

const lookAgain = settled((id) => {
  const part = document.getElementById(id);
  if (part) window.htmx.trigger(part, "refresh");
});

function begin() {
  const live = new Live();
  const conversation = document.querySelector("[data-conversation]");
  const talk = conversation && new Talk(conversation, live);
  const order = document.querySelector("[data-track]");
  if (order) live.follow({ kind: "order", id: order.dataset.track, after: Number(order.dataset.after) });

  live.addEventListener("frame", ({ detail: frame }) => {
    if (frame.type === "unread") {
      showUnread(frame.total);
      lookAgain("inbox");
    } else if (frame.type === "order") {
      // what changed is drawn where everything else is: by the storefront
      lookAgain("progress");
    }
    talk?.frame(frame);
  });
  live.addEventListener("state", ({ detail: state }) => {
    document.documentElement.dataset.line = state;
    talk?.state(state);
  });
  live.start();
  // a page with an open line is not kept for the way back; one that is, opens it anew
  window.addEventListener("pagehide", () => live.stop());
  window.addEventListener("pageshow", (event) => event.persisted && live.start());
}

if (document.querySelector("[data-live]")) begin();
