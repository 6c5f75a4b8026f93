// Second signatures, by passkey: an author sends first and another countersigns, who must know the place; and a public test is opened.
import { join } from "node:path"
import { Keyboard } from "../lib/keyboard.mjs"
import { Story } from "../lib/story.mjs"
import { offeredPlaces, places } from "./flood.mjs"
import { addPasskey, founders, tocsin, withKey } from "./passkey.mjs"

const title = "Leave the low streets at once: the dam is open"

export async function second(browser, office, pictures) {
  const story = new Story("second", pictures)
  const come = name => Keyboard.come(browser, office, name)
  const author = await come("demo-author"), approver = await come("demo-approver")
  for (const who of [author, approver]) await who.logIn()
  await addPasskey(story, author, "author")
  await addPasskey(story, approver)
  authorise(office, author.name)
  const alert = await sendFirst(story, author)
  await countersign(story, approver, alert)
  await openTest(story, approver)
  const faults = story.end(author, approver)
  for (const who of [author, approver]) await who.close()
  return faults
}

// hours from now, as the command line takes times.
const hours = n => new Date(Date.now() + n * 3_600_000).toISOString().replace(/\.\d+/, "")

// authorise lets an author send first: two administrators sign that.
function authorise(office, name) {
  const paper = join(office.dir, "nights.json")
  tocsin(office, "standing", "propose", paper, "--name", "nights", "--kind", "countersign", "--operator", name, "--within", "15", "--category", "Met", "--severity", "Extreme",
    "--channel", "sms,push,mail,siren", "--polygon", "29,119 29,121 31,121 31,119 29,119", "--people", "10000", "--sirens", "100", "--until", hours(24), "--reason", "one officer at night")
  for (const first of founders) tocsin(office, "standing", "sign", paper, ...withKey(office, first))
  tocsin(office, "standing", "add", paper)
}

// sendFirst submits a draft that was handed in, signs it with the passkey, and sends it with another touch. It gives the alert.
async function sendFirst(story, author) {
  const { page } = author
  const draft = await handIn(author)
  await author.visit(`/actual/drafts/${draft}/submit`)
  await author.follow("button", author.word("drafts.submit.passkey"))
  await author.follow("button", author.word("drafts.passkey"))
  await author.shows(author.word("drafts.state.submitted"))
  await author.follow("link", author.word("drafts.solo"))
  await story.step(author, "send first", { walk: true })
  await author.follow("button", author.word("drafts.passkey"))
  await author.shows(author.word("done.drafts.solo"))
  await story.step(author, "sent first")
  const now = await (await page.request.get(`/api/actual/drafts/${draft}`)).json()
  story.same("the state of what was sent first", now.state, "released")
  return now.alert
}

// middle is the middle of the smallest unit that has an outline, as a polygon of CAP: it lies in one unit, so that there are others to ask for.
async function middle(page) {
  const units = (await (await page.request.get("/api/units?limit=1000")).json()).filter(u => u.bounds?.length === 4)
  const size = ([w, s, e, n]) => (e - w) * (n - s)
  const [w, s, e, n] = units.map(u => u.bounds).sort((a, b) => size(a) - size(b))[0]
  const x = [w + (e - w) * 0.3, w + (e - w) * 0.7], y = [s + (n - s) * 0.3, s + (n - s) * 0.7]
  return [[0, 0], [0, 1], [1, 1], [1, 0], [0, 0]].map(([i, k]) => `${y[i].toFixed(4)},${x[k].toFixed(4)}`).join(" ")
}

// handIn keeps a draft about an extreme danger, as a program would: the words of another warning, for a place of its own.
async function handIn(author) {
  const { page, office } = author
  const place = await middle(page)
  const latest = await (await page.request.get("/api/actual/alerts")).json()
  let document = await (await page.request.get(`/api/actual/alerts/${latest.at(-1).alert}/document`)).text()
  document = document.replace(/<identifier>[^<]*/, `<identifier>second-${Date.now()}`).replace(/<sent>[^<]*/, `<sent>${new Date().toISOString().replace(/\.\d+Z/, "-00:00")}`)
    .replace(/<severity>[^<]*/g, "<severity>Extreme").replace(/<polygon>[^<]*/g, `<polygon>${place}`).replace(/<headline>[^<]*/, `<headline>${title}`).replace(/<references>[^<]*<\/references>/, "")
    .replace(/<expires>[^<]*/g, `<expires>${hours(2).replace("Z", "-00:00")}`).replace(/<(effective|onset)>[^<]*<\/\1>/g, "").replace(/<Signature[^]*<\/Signature>/, "")
  const answer = await page.request.post("/api/actual/drafts", { headers: { origin: office.url, "content-type": "application/cap+xml" }, data: document })
  if (answer.status() !== 201) throw new Error(`the draft was refused: ${answer.status()} ${await answer.text()}`)
  return (await answer.json()).id
}

// countersign finds it at home. A wrong place signs nothing; the right one does.
async function countersign(story, approver, alert) {
  const { page } = approver
  await approver.visit("/actual/")
  await approver.follow("link", new RegExp(title), page.getByRole("region", { name: approver.word("home.waiting") }))
  await story.step(approver, "countersign", { walk: true })
  const asked = async () => (await page.request.get("/api/countersigns")).json()
  await approver.pick((await offeredPlaces(story, page)).wrong, places(page))
  await approver.follow("button", approver.word("drafts.passkey"))
  await approver.shows(approver.word("drafts.unsigned"))
  await story.step(approver, "a wrong place")
  story.same("what waits after a wrong place", (await asked()).map(w => w.alert), [alert])
  await approver.pick((await offeredPlaces(story, page)).right, places(page))
  await approver.follow("button", approver.word("drafts.passkey"))
  await approver.shows(approver.word("done.drafts.counter"))
  story.same("what waits in the end", (await asked()).length, 0)
}

// openTest puts the first signature on a public test with the passkey; the second comes from the command line, and it is open.
async function openTest(story, approver) {
  const { office } = approver, paper = join(office.dir, "siren-day.json"), id = "siren-day"
  tocsin(office, "window", "propose", paper, "--id", id, "--from", hours(1), "--until", hours(3), "--channel", "sms", "--geocode", "unit=3301*", "--note", "the yearly test")
  tocsin(office, "window", "submit", paper)
  await approver.visit(`/test/windows/${id}`)
  await story.step(approver, "a public test", { walk: true })
  const banner = approver.page.getByRole("complementary", { name: approver.word("nav.kind") })
  if (!/PUBLIC TEST.*real people/s.test(await banner.innerText())) story.fault(`above a public test stands: ${await banner.innerText()}`)
  await approver.follow("button", approver.word("drafts.passkey"))
  await approver.shows(approver.word("done.windows.signed"))
  const signed = JSON.parse(tocsin(office, "window", "show", id, "-o", "json"))
  story.same("who has signed the public test", [signed.state, signed.by.map(a => a.by)], ["proposed", [approver.name]])
  tocsin(office, "window", "agree", id, ...withKey(office, founders[0]), "--yes")
  await approver.visit(`/test/windows/${id}`)
  await approver.shows(approver.word("windows.state.ahead"))
  await story.step(approver, "a public test that two have signed")
}
