// Show the passkey buttons if the browser supports passkeys, and a message if an action fails.
const buttons = ["passkey_login", "mfa_webauthn_authenticate", "mfa_webauthn_add"];

document.addEventListener("DOMContentLoaded", () => {
  for (const id of buttons) {
    const button = document.getElementById(id);
    if (button) button.hidden = !window.PublicKeyCredential;
  }
});

document.addEventListener("allauth.error", (event) => {
  event.preventDefault();
  document.getElementById("passkey-failed").hidden = false;
});
