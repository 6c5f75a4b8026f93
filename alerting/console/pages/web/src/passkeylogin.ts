// Passkeys: the button of the login, and the form of the account that adds one. Without this module both stay hidden, and people log in
// with password and code.
//
//	<form data-passkey-login data-failed="…" hidden>…<input name="next"> [<input name="held">] <button>…</button> <p data-passkey-said></p></form>
//	<form data-passkey-add data-name="…" data-office="…" data-failed="…" data-done="/…" hidden>…<input name="label"> <input name="passkey_password">…</form>

// Challenge is what the office asks a passkey to sign: login.Challenge.
interface Challenge {
  challenge: string
  rp_id: string
}

const fromText = (text: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), c => c.charCodeAt(0))
const toText = (bytes: ArrayBuffer): string => btoa(String.fromCharCode(...new Uint8Array(bytes)))

// Refusal is what the office answers in words.
class Refusal extends Error {}

// post asks the API; null is an answer without a body.
async function post<T>(path: string, body: object): Promise<T | null> {
  const answer = await fetch(path, {
    method: "POST", credentials: "same-origin", body: JSON.stringify(body),
    headers: { "content-type": "application/json", "accept-language": document.documentElement.lang }, signal: AbortSignal.timeout(30_000),
  })
  const text = await answer.text()
  if (!answer.ok) {
    const problem = text.startsWith("{") ? JSON.parse(text) as { detail?: string } : {}
    throw new Refusal(problem.detail ?? `${path} answers ${answer.status}`)
  }
  return text ? JSON.parse(text) as T : null
}

// assertion asks the passkeys of the browser, or only the one of an id, to answer a challenge; it is login.Assertion.
async function assertion(asked: Challenge, id?: ArrayBuffer): Promise<object> {
  const got = await navigator.credentials.get({
    publicKey: {
      challenge: fromText(asked.challenge), rpId: asked.rp_id, userVerification: "required", timeout: 90_000,
      allowCredentials: id ? [{ type: "public-key", id }] : [],
    },
  }) as PublicKeyCredential
  const signed = got.response as AuthenticatorAssertionResponse
  return {
    challenge: asked.challenge, credential: got.id, authenticator_data: toText(signed.authenticatorData),
    client_data: toText(signed.clientDataJSON), signature: toText(signed.signature),
  }
}

async function logIn(form: HTMLFormElement): Promise<void> {
  const asked = await post<Challenge>("/api/login/passkey/begin", {})
  if (!asked) throw new Error("the office gave no challenge")
  await post("/api/login/passkey", { ...await assertion(asked), cookie: true })
  // What waited for the login is sent on by a form; else one goes on to where one was.
  if (form.elements.namedItem("held")) form.submit()
  else location.assign((form.elements.namedItem("next") as HTMLInputElement).value || "/")
}

async function add(form: HTMLFormElement): Promise<void> {
  const { name = "", office = "", done = "/account" } = form.dataset
  const typed = (field: string): string => (form.elements.namedItem(field) as HTMLInputElement).value
  const asked = await post<Challenge>("/api/me/passkeys/begin", { password: typed("passkey_password") })
  if (!asked) throw new Error("the office gave no challenge")
  const made = await navigator.credentials.create({
    publicKey: {
      rp: { id: asked.rp_id, name: office }, user: { id: new TextEncoder().encode(name), name, displayName: name },
      // What counts is the answer below; nobody attests.
      challenge: crypto.getRandomValues(new Uint8Array(32)), attestation: "none", timeout: 90_000,
      pubKeyCredParams: [{ type: "public-key", alg: -7 }, { type: "public-key", alg: -8 }],
      authenticatorSelection: { userVerification: "required", residentKey: "required" },
    },
  }) as PublicKeyCredential
  const key = (made.response as AuthenticatorAttestationResponse).getPublicKey()
  if (!key) throw new Error("the browser does not tell the public key")
  await post("/api/me/passkeys", { ...await assertion(asked, made.rawId), label: typed("label"), public_key: toText(key) })
  location.assign(done)
}

export function start(element: HTMLElement): void {
  if (!(element instanceof HTMLFormElement) || !window.PublicKeyCredential) return
  const form = element
  const work = form.hasAttribute("data-passkey-add") ? add : logIn
  form.hidden = false
  for (const none of form.parentElement?.querySelectorAll<HTMLElement>("[data-passkey-none]") ?? []) none.hidden = true
  const button = form.querySelector("button")
  const said = form.querySelector("[data-passkey-said]")
  form.addEventListener("submit", event => {
    event.preventDefault()
    if (button) button.disabled = true
    if (said) said.textContent = ""
    work(form).catch((why: unknown) => {
      console.error("the passkey did not work", why)
      if (said) said.textContent = why instanceof Refusal ? why.message : form.dataset["failed"] ?? ""
    }).finally(() => {
      if (button) button.disabled = false
    })
  })
}
