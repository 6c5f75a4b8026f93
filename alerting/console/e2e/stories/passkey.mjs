// The passkey of an approver: his browser makes it on the page of his account, and the office's two first keys enrol it.
import { execFileSync } from "node:child_process"
import { join } from "node:path"
import { bare, root } from "../lib/office.mjs"

// authenticator gives a page's browser one that recognises its owner at once.
async function authenticator(person) {
  const session = await person.context.newCDPSession(person.page)
  await session.send("WebAuthn.enable")
  await session.send("WebAuthn.addVirtualAuthenticator", { options: { protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true,
    isUserVerified: true, automaticPresenceSimulation: true } })
}

// addPasskey makes one on the account's page, and has it enrolled as that page says, with a right.
export async function addPasskey(story, person, right = "approve") {
  const { page } = person
  const label = `duty phone ${Date.now()}`
  await authenticator(person)
  await person.visit("/account")
  const part = page.getByRole("region", { name: person.word("account.passkeys"), exact: true })
  await person.fill(person.label("account.passkey.label"), label, part)
  await person.fill(person.label("account.old"), person.office.password(person.name), part)
  await story.step(person, "a new passkey")
  await person.follow("button", person.word("account.passkey.do"), part)
  await person.shows(person.word("done.account.passkey"))
  const told = part.getByRole("listitem").filter({ hasText: label })
  const how = told.getByRole("group")
  await person.reach(how.locator("summary"))
  await person.chord("Enter")
  const key = await how.getByRole("code").first().innerText()
  await story.step(person, "how a passkey is enrolled", { walk: true })
  enrol(person.office, person.name, key, right)
  await person.visit("/account")
  await told.getByText(person.word("account.passkey.signs")).waitFor()
  await story.step(person, "a passkey that signs")
}

// tocsin is the command line of the office.
export function tocsin(office, ...args) {
  return execFileSync(join(root, "bin/tocsin"), ["-c", join(office.dir, "tocsin.yaml"), ...args], { timeout: 60_000, env: bare, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] })
}

// withKey are the flags of one of the office's two first keys.
export const withKey = (office, name) => ["--as", name, "--key", join(office.dir, `${name}.pem`)]

// founders are who signed before anybody else could.
export const founders = ["first-key", "second-key"]

// enrol is what two administrators do with the command line.
function enrol(office, name, key, right) {
  const paper = join(office.dir, `${name}-${Date.now()}.json`)
  tocsin(office, "operators", "request", paper, "--name", name, "--may", right, "--key", key)
  for (const first of founders) tocsin(office, "operators", "sign", paper, ...withKey(office, first))
  tocsin(office, "operators", "enrol", paper)
}
