// Preselect the browser's time zone in a list of zones, or fill it into a hidden field, if the user
// has not chosen one yet. Without this script the list starts with UTC.

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
for (const field of document.querySelectorAll("[data-guess]")) {
  const before = field.value;
  field.value = zone;
  if (field.value !== zone) field.value = before; // the list lacks this zone
  else if (zone !== before) document.getElementById("zone-guessed")?.removeAttribute("hidden");
}
