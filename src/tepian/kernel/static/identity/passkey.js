// Passkeys: fetches or reads the server's question, asks the device, and sends the answer with the ordinary form.
const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

function question(options) {
  const asked = structuredClone(options.publicKey ?? options);
  asked.challenge = bytes(asked.challenge);
  if (asked.user) asked.user.id = bytes(asked.user.id);
  for (const list of [asked.allowCredentials, asked.excludeCredentials]) {
    for (const item of list ?? []) item.id = bytes(item.id);
  }
  return asked;
}

function answer(credential) {
  const response = { clientDataJSON: text(credential.response.clientDataJSON) };
  for (const key of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (credential.response[key]) response[key] = text(credential.response[key]);
  }
  return {
    id: credential.id,
    rawId: text(credential.rawId),
    type: credential.type,
    response,
    clientExtensionResults: credential.getClientExtensionResults(),
  };
}

async function ask(form) {
  const kind = form.dataset.passkey;
  if (kind === "login") {
    const reply = await fetch(form.action, { headers: { Accept: "application/json" } });
    if (!reply.ok) throw new Error(`sign-in question: ${reply.status}`);
    return navigator.credentials.get({ publicKey: question((await reply.json()).request_options) });
  }
  const data = JSON.parse(document.getElementById("passkey-data").textContent);
  if (kind === "get") return navigator.credentials.get({ publicKey: question(data.request_options) });
  const wanted = question(data.creation_options);
  if (form.elements.passwordless) {
    const alone = form.elements.passwordless.checked;
    wanted.authenticatorSelection.residentKey = alone ? "required" : "discouraged";
    wanted.authenticatorSelection.requireResidentKey = alone;
    if (alone) wanted.authenticatorSelection.userVerification = "required";
  }
  return navigator.credentials.create({ publicKey: wanted });
}

if (window.PublicKeyCredential) {
  for (const form of document.querySelectorAll("form[data-passkey]")) {
    const problem = form.querySelector("[data-passkey-error]");
    form.hidden = false;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      problem.hidden = true;
      try {
        form.elements.credential.value = JSON.stringify(answer(await ask(form)));
        form.submit();
      } catch {
        problem.hidden = false;
      }
    });
  }
}
