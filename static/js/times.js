// Keeps times relative and local, and runs the countdown of a QR code. Nothing else.

const clock = document.querySelector('meta[name="server-clock"]');
const behind = clock ? Date.parse(clock.content) - Date.now() : 0;
const now = () => Date.now() + behind;

// Seconds to hours have the same signs in every language; days are told by the browser in the
// page's language, the words around times come with the page. Dates are written as in the reader's
// country where he reads that language.
const language = document.documentElement.lang;
const told = document.documentElement.dataset;
const reads = (one) => one.split("-")[0] === language.split("-")[0];
const place = navigator.languages.find(reads) ?? language;
const exact = new Intl.DateTimeFormat(place, { dateStyle: "medium", timeStyle: "medium" });
const day = new Intl.DateTimeFormat(place, { day: "numeric", month: "long", year: "numeric" });
const hour = new Intl.DateTimeFormat(place, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const around = new Intl.RelativeTimeFormat(language);
const days = new Intl.NumberFormat(language, { style: "unit", unit: "day", unitDisplay: "long" });
const units = [[86400, "day"], [3600, "h"], [60, "min"], [1, "s"]];

// What is over is told in whole units; what is to come, in the nearest number of them.
function counted(seconds) {
  const [size, unit] = units.find(([size]) => Math.abs(seconds) >= size);
  return [seconds < 0 ? Math.round(-seconds / size) : Math.floor(seconds / size), unit];
}

function words(time, at) {
  if (time.dataset.style === "clock") return hour.format(at);
  if (time.dataset.style === "day") return day.format(at);
  const seconds = (now() - at) / 1000;
  if (Math.abs(seconds) < 1) return told.now;
  const [count, unit] = counted(seconds);
  const isLength = time.dataset.style !== "ago" && seconds > 0;
  if (unit === "day") return isLength ? days.format(count) : around.format(seconds > 0 ? -count : count, "day");
  const length = `${count} ${unit}`;
  if (isLength) return length;
  return (seconds > 0 ? told.ago : told.ahead).replace("{time}", length);
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
    const soon = says.dataset.left.replace("{time}", `${left} s`);
    put(says, left ? soon : says.dataset.over);
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
