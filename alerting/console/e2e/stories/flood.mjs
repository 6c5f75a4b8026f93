// Two people warn of a flood: one writes it, another approves it with his passkey, and a third stops it. All of it by keyboard.
import { Keyboard } from "../lib/keyboard.mjs"
import { Story } from "../lib/story.mjs"
import { addPasskey } from "./passkey.mjs"
import { write } from "./writing.mjs"
import { agree, charted } from "./delivery.mjs"

// flood runs the story in a language. Only where it is judged are axe and Tab asked.
export async function flood(browser, office, pictures, { lang = "en", judged = true } = {}) {
  const story = new Story(`flood-${lang}`, pictures, { judged })
  const come = name => Keyboard.come(browser, office, name, { lang })
  const author = await come("demo-author"), approver = await come("demo-approver"), duty = await come("demo-duty")
  for (const who of [author, approver, duty]) await who.logIn()
  await addPasskey(story, approver)
  const title = await write(story, author)
  const draft = await submit(story, author)
  await refuseOwn(story, author, draft)
  await approve(story, approver, title)
  const alert = await watch(story, approver)
  await stop(story, duty, title)
  await readBack(story, author, alert, [author, approver, duty])
  const faults = story.end(author, approver, duty)
  for (const who of [author, approver, duty]) await who.close()
  return faults
}

// submit hands the draft in, with the author's signature, and gives its id.
async function submit(story, author) {
  const { page } = author
  await story.step(author, "submit", { walk: true })
  await author.fill(author.label("drafts.password"), author.office.password(author.name))
  await author.follow("button", author.word("drafts.submit.do"))
  await author.shows(author.word("done.drafts.signed"))
  await author.shows(author.word("drafts.own"))
  await story.step(author, "submitted", { walk: true })
  return new URL(page.url()).pathname.split("/").pop()
}

// refuseOwn: nobody approves what he wrote. The page says why and who can, and the API holds to it.
async function refuseOwn(story, author, draft) {
  await author.visit(`/actual/drafts/${draft}/approve`)
  await author.shows(author.word("drafts.own"))
  await author.shows(/demo-approver/)
  if (await author.page.getByRole("button", { name: author.word("drafts.approve.do") }).count()) story.fault("whoever wrote it is offered to approve it")
  await story.step(author, "own approval refused")
  const answer = await author.page.request.post(`/api/actual/drafts/${draft}/sign-with-password`, { headers: { origin: author.office.url },
    data: { version: await version(author, draft), operator: author.name, password: author.office.password(author.name), act: "approve" } })
  story.same("an author who approves his own", answer.status(), 403)
}

async function version(author, draft) {
  return (await (await author.page.request.get(`/api/actual/drafts/${draft}`)).json()).version
}

// approve finds it at home, picks the place, and signs with the passkey.
async function approve(story, approver, title) {
  const { page } = approver
  await approver.visit("/actual/")
  await story.step(approver, "home of the approver", { walk: true })
  await approver.follow("link", title, page.getByRole("region", { name: approver.word("home.waiting") }))
  await approver.shows(approver.word("drafts.waits"))
  await approver.follow("link", approver.word("drafts.approve"))
  await story.step(approver, "approve", { walk: true })
  await approver.pick((await offeredPlaces(story, page)).right, places(page))
  await approver.follow("button", approver.word("drafts.passkey"))
  await approver.shows(approver.word("done.drafts.released"))
  await story.step(approver, "approved")
}

// places is the question for the place.
export const places = page => page.getByRole("main").locator("form").getByRole("group")

// offeredPlaces are the places that a page asks for: the right one stands in what is confirmed, too.
export async function offeredPlaces(story, page) {
  const said = await page.getByRole("main").innerText()
  const offered = await places(page).getByRole("radio").evaluateAll(all => all.map(r => r.labels[0].textContent.trim()))
  story.same("how many places are offered", offered.length, 3)
  const right = offered.find(o => said.split(o).length > 2)
  if (!right) throw new Error(`which of ${offered} is it? The page says ${said}`)
  return { right, wrong: offered.find(o => o !== right) }
}

// watch looks on until nothing is open any more, and compares. It gives the alert.
async function watch(story, approver) {
  const { page } = approver
  await approver.follow("link", approver.word("drafts.watch"))
  await story.step(approver, "delivery begins")
  await approver.shows(approver.word("alerts.summary.over"), 60_000)
  await charted(story, approver)
  const alert = new URL(page.url()).pathname.split("/").pop()
  await agree(story, approver, alert)
  await story.step(approver, "delivered", { walk: true })
  return alert
}

// stop is the duty officer's: one person stops a warning.
async function stop(story, duty, title) {
  const { page } = duty
  await duty.visit("/actual/")
  await duty.follow("link", title, page.getByRole("region", { name: duty.word("home.live") }))
  await duty.follow("link", duty.word("alerts.stop"))
  await story.step(duty, "stop", { walk: true })
  await duty.fill(duty.label("alerts.note"), "the water went down: 水已退去")
  await duty.follow("button", duty.word("alerts.stop.do"))
  await duty.shows(duty.word("done.alerts.cancel"))
  await duty.shows(duty.word("alerts.is.cancel"))
  await story.step(duty, "stopped")
}

// readBack reads who did what, when.
async function readBack(story, author, alert, [wrote, approved, stopped]) {
  const { page } = author
  await author.visit(`/actual/alerts/${alert}`)
  await author.follow("link", author.word("alerts.timeline"))
  const lines = await page.getByRole("main").getByRole("listitem").evaluateAll(all => all.map(l => l.innerText.replace(/\s+/g, " ")))
  const told = (act, ...what) => {
    if (!lines.some(l => l.includes(author.word(`alerts.act.${act}`)) && what.every(w => l.includes(w)))) story.fault(`the timeline does not tell ${act} ${what}: ${lines.join(" | ")}`)
  }
  told("draft.entered", wrote.name)
  told("draft.submitted", wrote.name)
  told("draft.signed", wrote.name)
  told("draft.signed", approved.name)
  told("alert.issued")
  for (const channel of ["sms", "push", "mail", "siren"]) told("channel.last", author.word(`alerts.channel.${channel}`))
  told("alert.stopped", stopped.name)
  await story.step(author, "timeline", { walk: true })
}
