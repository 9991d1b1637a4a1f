// What neither HTML nor htmx does: a class for the styles, steppers, announcements, one submit for an order.
// Runs in the head, so that nothing jumps; everything is delegated, so that swapped fragments work as well.
document.documentElement.classList.add("js");

function step(button) {
  const input = button.parentElement.querySelector("input[type=number]");
  const before = input.value;
  if (Number(button.dataset.step) > 0) input.stepUp();
  else input.stepDown();
  if (input.value !== before) input.dispatchEvent(new Event("change", { bubbles: true }));
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-step], [data-close]");
  if (!button) return;
  if ("close" in button.dataset) button.closest(".note").remove();
  else step(button);
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("[data-once]")) return;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "yes";
  form.querySelector("button[type=submit]")?.setAttribute("aria-disabled", "true");
});

// A page that comes back from the browser's cache can be sent again.
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("[data-sent]")) {
    delete form.dataset.sent;
    form.querySelector("button[type=submit]")?.removeAttribute("aria-disabled");
  }
});

// Regions that htmx replaces are no live regions any more: what changed is said in one that stays.
let said = "";
function announce(root) {
  const text = root.querySelector?.("[data-announce]")?.textContent.trim();
  if (!text || text === said) return;
  said = text;
  document.getElementById("announcer").textContent = text;
}

function note(text) {
  const line = document.createElement("p");
  line.className = "note bad";
  line.textContent = text;
  document.getElementById("toasts").replaceChildren(line);
}

// Good news leaves by itself; what went wrong stays until it is closed.
function letGo(toasts) {
  for (const line of toasts.querySelectorAll(".note.good")) {
    setTimeout(() => line.matches(":hover, :focus-within") || line.remove(), 8000);
  }
}

// The line that had the focus is gone: go on from the list it was in, not from the top of the page.
function refocus(root) {
  if (document.activeElement === document.body) root.closest?.("[data-refocus]")?.focus();
}

document.addEventListener("htmx:afterSettle", (event) => {
  announce(event.target);
  refocus(event.target);
});
document.addEventListener("htmx:oobAfterSwap", (event) => {
  if (event.target.id === "toasts") letGo(event.target);
});

// Whoever has opened "how this page was made" keeps it open.
document.addEventListener("htmx:oobBeforeSwap", (event) => {
  const open = event.target.querySelector?.("details")?.open;
  const details = event.detail.fragment.querySelector("details");
  if (open && details) details.open = true;
});

// What is swapped every few seconds (data-keep-open) keeps open what was opened in it.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (!event.target.matches?.("[data-keep-open]")) return;
  const open = [...event.target.querySelectorAll("details[open][id]")].map((details) => details.id);
  const again = () => open.forEach((id) => document.getElementById(id)?.setAttribute("open", ""));
  document.addEventListener("htmx:afterSwap", again, { once: true });
});

// Addresses without what was left empty: ?q=tea, not ?q=tea&category=&seller=&min=…
document.addEventListener("htmx:configRequest", (event) => {
  const { verb, formData } = event.detail;
  if (verb !== "get") return;
  for (const [name, value] of [...formData]) if (value === "") formData.delete(name);
});
document.addEventListener("htmx:sseMessage", (event) => announce(event.target));
document.addEventListener("htmx:responseError", () => note("That did not work. Please reload the page and try again."));
document.addEventListener("htmx:sendError", () => note("The market cannot be reached. Are you offline?"));
document.addEventListener("htmx:timeout", () => note("That took too long. Please try again."));
