// Buttons that copy the text of another element. Without this script users can select the text.

for (const button of document.querySelectorAll("[data-copy]")) {
  if (!navigator.clipboard) continue; // available only with HTTPS and on localhost
  button.hidden = false;
  button.addEventListener("click", async () => {
    const text = document.getElementById(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(text.textContent);
      button.textContent = button.dataset.done;
    } catch {
      getSelection().selectAllChildren(text);
    }
  });
}
