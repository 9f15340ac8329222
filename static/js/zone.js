// The browser's time zone, where nobody has chosen one yet: preselected in a list of zones, or
// filled into a hidden field. Without this script the list begins with UTC.

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
for (const field of document.querySelectorAll("[data-guess]")) {
  const before = field.value;
  field.value = zone;
  if (field.value !== zone) field.value = before; // a list that does not have it
  else if (zone !== before) document.getElementById("zone-guessed")?.removeAttribute("hidden");
}
