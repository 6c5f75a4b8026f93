// Signing with a passkey: the button of a form, which asks the browser for an assertion over what the server will check, puts it into the
// form, and sends it. Without a browser that has passkeys the button stays hidden, and the password is there.
//
//	<button type="button" hidden data-passkey data-challenge="BASE64" data-relying="HOST" data-credentials="ID:KEY ID:KEY" data-failed="…">

export function start(button: HTMLElement): void {
  const form = button.closest("form")
  if (!(button instanceof HTMLButtonElement) || !form || !window.PublicKeyCredential || !window.isSecureContext) return
  button.hidden = false
  button.addEventListener("click", () => {
    if (!others(form)) return
    button.disabled = true
    say(form, "")
    sign(button, form).catch((why: unknown) => {
      console.error("the passkey did not sign", why)
      button.disabled = false
      say(form, button.dataset["failed"] ?? "")
    })
  })
}

// others checks what else the form asks for: the password is not wanted where a passkey signs.
function others(form: HTMLFormElement): boolean {
  const password = form.querySelector<HTMLInputElement>("input[name=password]")
  const wanted = password?.required ?? false
  if (password) password.required = false
  const whole = form.reportValidity()
  if (!whole && password) password.required = wanted
  return whole
}

async function sign(button: HTMLButtonElement, form: HTMLFormElement): Promise<void> {
  const { challenge = "", relying = "", credentials = "" } = button.dataset
  // Which key belongs to a credential: somebody may have several passkeys.
  const keys = new Map(credentials.split(" ").filter(Boolean).map(pair => pair.split(":", 2) as [string, string]))
  const allowed = [...keys.keys()].map(id => ({ type: "public-key" as const, id: bytes(id) }))
  const got = await navigator.credentials.get({ publicKey: {
    challenge: bytes(challenge), rpId: relying, allowCredentials: allowed, userVerification: "required", timeout: 120_000 } })
  if (!(got instanceof PublicKeyCredential) || !(got.response instanceof AuthenticatorAssertionResponse)) throw new Error("no assertion came")
  const { authenticatorData, clientDataJSON, signature } = got.response
  const field = form.querySelector<HTMLInputElement>("input[name=assertion]")
  const password = form.querySelector<HTMLInputElement>("input[name=password]")
  if (!field) throw new Error("the form has no place for an assertion")
  field.value = JSON.stringify({ authenticator_data: text(authenticatorData), client_data: text(clientDataJSON), signature: text(signature) })
  const key = form.querySelector<HTMLInputElement>("input[name=key_id]")
  if (key) key.value = keys.get(got.id) ?? key.value
  if (password) password.value = ""
  form.submit()
}

function say(form: HTMLFormElement, what: string): void {
  const status = form.querySelector("[data-passkey-status]")
  if (status) status.textContent = what
}

const bytes = (s: string): Uint8Array<ArrayBuffer> => Uint8Array.from(atob(s.replaceAll("-", "+").replaceAll("_", "/")), c => c.charCodeAt(0))
const text = (b: ArrayBuffer): string => btoa(String.fromCharCode(...new Uint8Array(b)))
