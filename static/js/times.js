// Keeps times relative and local, and runs the countdown of a QR code. Nothing else.

const clock = document.querySelector('meta[name="server-clock"]');
const behind = clock ? Date.parse(clock.content) - Date.now() : 0;
const now = () => Date.now() + behind;

const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const day = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "long", year: "numeric" });
const hour = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const units = [[86400, "day"], [3600, "h"], [60, "min"], [1, "s"]];

function span(seconds) {
  if (seconds < 1) return "now";
  const [size, unit] = units.find(([size]) => seconds >= size);
  const count = Math.floor(seconds / size);
  return unit === "day" && count > 1 ? `${count} days` : `${count} ${unit}`;
}

function words(time, at) {
  if (time.dataset.style === "clock") return hour.format(at);
  if (time.dataset.style === "day") return day.format(at);
  const seconds = (now() - at) / 1000;
  if (seconds < 0) return seconds > -1 ? "now" : `in ${span(-seconds)}`;
  return time.dataset.style === "ago" && seconds >= 1 ? `${span(seconds)} ago` : span(seconds);
}

function put(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function showTimes() {
  for (const time of document.querySelectorAll("time[datetime]")) {
    const at = Date.parse(time.dateTime);
    put(time, words(time, at));
    time.title = exact.format(at);
  }
}

// The server groups a timeline by days of UTC; here they become days of the reader.
function groupDays() {
  for (const timeline of document.querySelectorAll(".timeline:not([data-grouped])")) {
    timeline.dataset.grouped = "";
    const lines = [...timeline.querySelectorAll("li")];
    for (const old of timeline.querySelectorAll("h3, ol")) old.remove();
    let list;
    let last;
    for (const line of lines) {
      const today = day.format(Date.parse(line.querySelector("time").dateTime));
      if (today !== last) {
        const heading = document.createElement("h3");
        heading.textContent = today;
        list = document.createElement("ol");
        timeline.append(heading, list);
      }
      list.append(line);
      last = today;
    }
  }
}

function countDown() {
  for (const count of document.querySelectorAll("[data-expires]")) {
    const left = Math.max(0, Math.ceil((Date.parse(count.dataset.expires) - now()) / 1000));
    const says = count.querySelector("[data-left]");
    const bar = count.querySelector("progress");
    put(says, left ? `${says.dataset.left}${left} s` : says.dataset.over);
    bar.value = Math.min(left, bar.max);
  }
}

function show() {
  groupDays();
  showTimes();
  countDown();
}

show();
setInterval(show, 1000);
for (const swapped of ["htmx:afterSwap", "htmx:oobAfterSwap", "htmx:wsAfterMessage"]) {
  document.body.addEventListener(swapped, show);
}
