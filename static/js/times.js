// Show relative and local times, and the countdown of a QR code.

const clock = document.querySelector('meta[name="server-clock"]');
const offset = clock ? Date.parse(clock.content) - Date.now() : 0;
const now = () => Date.now() + offset;

// Units from seconds to hours are the same in all languages. The browser formats days in the
// language of the page, and the page contains the phrases around times. Dates use the format of the
// user's country if the browser lists a locale with the language of the page.
const language = document.documentElement.lang;
const phrases = document.documentElement.dataset;
const hasLanguage = (one) => one.split("-")[0] === language.split("-")[0];
const locale = navigator.languages.find(hasLanguage) ?? language;
const exact = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "medium" });
const day = new Intl.DateTimeFormat(locale, { day: "numeric", month: "long", year: "numeric" });
const hour = new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const relative = new Intl.RelativeTimeFormat(language);
const days = new Intl.NumberFormat(language, { style: "unit", unit: "day", unitDisplay: "long" });
const units = [[86400, "day"], [3600, "h"], [60, "min"], [1, "s"]];

// Return a count and a unit: rounded down for the past, rounded to the nearest for the future.
function inUnits(seconds) {
  const [size, unit] = units.find(([size]) => Math.abs(seconds) >= size);
  return [seconds < 0 ? Math.round(-seconds / size) : Math.floor(seconds / size), unit];
}

function format(time, at) {
  if (time.dataset.style === "clock") return hour.format(at);
  if (time.dataset.style === "day") return day.format(at);
  const seconds = (now() - at) / 1000;
  if (Math.abs(seconds) < 1) return phrases.now;
  const [count, unit] = inUnits(seconds);
  const isLength = time.dataset.style !== "ago" && seconds > 0;
  if (unit === "day") return isLength ? days.format(count) : relative.format(seconds > 0 ? -count : count, "day");
  const length = `${count} ${unit}`;
  if (isLength) return length;
  return (seconds > 0 ? phrases.ago : phrases.ahead).replace("{time}", length);
}

function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function showTimes() {
  for (const time of document.querySelectorAll("time[datetime]")) {
    const at = Date.parse(time.dateTime);
    setText(time, format(time, at));
    time.title = exact.format(at);
  }
}

// Regroup timelines, which the server groups by UTC days, by the user's local days.
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
    const label = count.querySelector("[data-left]");
    const bar = count.querySelector("progress");
    const remaining = label.dataset.left.replace("{time}", `${left} s`);
    setText(label, left ? remaining : label.dataset.over);
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
