// Poll only while no socket is open. If the server closes the socket because the user has lost
// access, reload the page.

const REFUSED = 4404;
const RECONNECT = 4012;
const TOO_MANY = 4029;
let open = false;

document.body.addEventListener("htmx:wsOpen", () => { open = true; });
document.body.addEventListener("htmx:wsClose", (event) => {
  open = false;
  const { event: { code }, socketWrapper } = event.detail;
  if (code === REFUSED) location.reload();
  if (code === RECONNECT) setTimeout(socketWrapper.reconnect, 1000 + 4000 * Math.random());
  if (code === TOO_MANY) setTimeout(socketWrapper.reconnect, 60_000 + 60_000 * Math.random());
});
document.body.addEventListener("htmx:beforeRequest", (event) => {
  if (event.detail.elt.id === "poll" && open) event.preventDefault();
});

// Ignore the response to a poll that is older than an open socket.
document.body.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.requestConfig.elt.id === "poll" && open) event.detail.shouldSwap = false;
});

// Skip swaps that change nothing, because they would close menus and lose the focus.
const shown = new Map();
for (const part of document.querySelectorAll("[data-live]")) shown.set(part.id, part.outerHTML);
document.body.addEventListener("htmx:oobBeforeSwap", ({ detail }) => {
  const part = detail.fragment.firstElementChild;
  if (!part) {
    detail.shouldSwap = detail.fragment.textContent !== detail.target.textContent;
  } else if (part.hasAttribute("data-live")) {
    detail.shouldSwap = shown.get(part.id) !== part.outerHTML;
    shown.set(part.id, part.outerHTML);
    const ticked = detail.target.querySelector('input[type="checkbox"]')?.checked;
    if (ticked) part.querySelector('input[type="checkbox"]')?.setAttribute("checked", "");
    if (detail.target.querySelector("details[open]")) part.querySelector("details")?.setAttribute("open", "");
  }
});

// Refresh the uptimes some time after numbers were added, removed or changed their state.
const DELAY_MS = 3000;
let renewal;
document.body.addEventListener("htmx:oobAfterSwap", ({ detail }) => {
  if (!["counts", "timeline"].includes(detail.target.id)) return;
  clearTimeout(renewal);
  renewal = setTimeout(() => document.getElementById("uptime")?.dispatchEvent(new Event("renew")), DELAY_MS);
});

// Remove the flash message "Starting again." when a new status arrives.
document.body.addEventListener("htmx:wsAfterMessage", (event) => {
  if (event.detail.message.includes('id="sentence"')) {
    document.querySelector('.flash[data-tone="success"]')?.remove();
  }
});

// Show failed requests. Failed polls are retried, unless the user has lost access to the page.
// Failures of the notices menu are not shown, because no user action caused them.
function failed({ detail }) {
  if (detail.elt.id.startsWith("unread")) return;
  if (detail.elt.id !== "poll") {
    const message = document.getElementById("failed").content.cloneNode(true);
    document.getElementById("flash").replaceChildren(message);
  } else if (detail.xhr.status === 404) {
    location.reload();
  }
}
document.body.addEventListener("htmx:sendError", failed);
document.body.addEventListener("htmx:responseError", failed);

// A checkbox that selects all rows of the page. Without this script only the rows have checkboxes.
function showSelectAll() {
  for (const label of document.querySelectorAll(".pick-all[hidden]")) label.hidden = false;
}
showSelectAll();
document.body.addEventListener("htmx:afterSettle", showSelectAll);
document.body.addEventListener("change", ({ target }) => {
  if (!target.matches("[data-pick-all]")) return;
  for (const box of document.querySelectorAll('input[name="session"]')) box.checked = target.checked;
});

// Close menus on a click outside and on Escape.
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
