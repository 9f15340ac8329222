// The poll stands behind the socket: it asks only while no socket is open. A socket that the
// server refuses because the page is no longer ours to see takes the page there.

const REFUSED = 4404;
const RECONNECT = 4012;
let open = false;

document.body.addEventListener("htmx:wsOpen", () => { open = true; });
document.body.addEventListener("htmx:wsClose", (event) => {
  open = false;
  const { event: { code }, socketWrapper } = event.detail;
  if (code === REFUSED) location.reload();
  if (code === RECONNECT) setTimeout(socketWrapper.reconnect, 1000 + 4000 * Math.random());
});
document.body.addEventListener("htmx:beforeRequest", (event) => {
  if (event.detail.elt.id === "poll" && open) event.preventDefault();
});

// An answer to a poll that the socket has overtaken would turn the page back.
document.body.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.requestConfig.elt.id === "poll" && open) event.detail.shouldSwap = false;
});

// What a page already shows is not swapped again: that would close menus and drop the focus.
const known = new Map();
for (const part of document.querySelectorAll("[data-live]")) known.set(part.id, part.outerHTML);
document.body.addEventListener("htmx:oobBeforeSwap", ({ detail }) => {
  const part = detail.fragment.firstElementChild;
  if (!part) {
    detail.shouldSwap = detail.fragment.textContent !== detail.target.textContent;
  } else if (part.hasAttribute("data-live")) {
    detail.shouldSwap = known.get(part.id) !== part.outerHTML;
    known.set(part.id, part.outerHTML);
    const ticked = detail.target.querySelector('input[type="checkbox"]')?.checked;
    if (ticked) part.querySelector('input[type="checkbox"]')?.setAttribute("checked", "");
    if (detail.target.querySelector("details[open]")) part.querySelector("details")?.setAttribute("open", "");
  }
});

// Uptimes are drawn anew once numbers came, left or changed their state, and rest again.
const REST_MS = 3000;
let renewal;
document.body.addEventListener("htmx:oobAfterSwap", ({ detail }) => {
  if (!["counts", "timeline"].includes(detail.target.id)) return;
  clearTimeout(renewal);
  renewal = setTimeout(() => document.getElementById("uptime")?.dispatchEvent(new Event("renew")), REST_MS);
});

// "Starting again." has been said once the state itself says more.
document.body.addEventListener("htmx:wsAfterMessage", (event) => {
  if (event.detail.message.includes('id="sentence"')) {
    document.querySelector('.flash[data-tone="success"]')?.remove();
  }
});

// What fails says so. A poll that fails is tried again, unless the page is no longer ours to see,
// and nobody has asked the bell.
function failed({ detail }) {
  if (detail.elt.id.startsWith("bell")) return;
  if (detail.elt.id !== "poll") {
    const words = document.getElementById("failed").content.cloneNode(true);
    document.getElementById("flash").replaceChildren(words);
  } else if (detail.xhr.status === 404) {
    location.reload();
  }
}
document.body.addEventListener("htmx:sendError", failed);
document.body.addEventListener("htmx:responseError", failed);

// One tick for all rows of the page; without a script each row has its own.
function offerAll() {
  for (const offer of document.querySelectorAll(".pick-all[hidden]")) offer.hidden = false;
}
offerAll();
document.body.addEventListener("htmx:afterSettle", offerAll);
document.body.addEventListener("change", ({ target }) => {
  if (!target.matches("[data-pick-all]")) return;
  for (const box of document.querySelectorAll('input[name="session"]')) box.checked = target.checked;
});

// A menu closes when the attention goes elsewhere.
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});
