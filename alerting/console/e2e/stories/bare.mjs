// Without JavaScript: a warning is submitted, approved with a password, and stopped, all by forms.
import { Keyboard } from "../lib/keyboard.mjs"
import { Story } from "../lib/story.mjs"
import { fillFlood } from "./template.mjs"

export async function bare(browser, office, pictures) {
  // axe needs scripts; it judges the same pages in the other stories.
  const story = new Story("bare", pictures, { judged: false })
  const come = name => Keyboard.come(browser, office, name, { scripts: false })
  const author = await come("demo-author"), approver = await come("demo-approver"), duty = await come("demo-duty")
  for (const who of [author, approver, duty]) await who.logIn()
  const draft = await submit(story, author)
  await approve(story, approver, draft)
  const alert = await watch(story, approver)
  await stop(story, duty, alert)
  const faults = story.end(author, approver, duty)
  for (const who of [author, approver, duty]) await who.close()
  return faults
}

async function submit(story, author) {
  const { page } = author
  await author.visit("/actual/templates/flood-severe")
  if (await page.getByRole("button", { name: "Draw a polygon" }).count()) story.fault("a script ran")
  await fillFlood(author)
  await author.follow("button", author.word("compose.slots.write"))
  await author.shows(author.word("compose.auto.off"))
  await author.fill(author.label("compose.field.contact"), "+1 201 555 0100", page.getByRole("group", { name: / en$/ }))
  await story.step(author, "written")
  await author.follow("button", author.word("compose.form.submit"), page.getByRole("main").locator("form > p"))
  await author.fill(author.label("drafts.password"), author.office.password(author.name))
  await author.follow("button", author.word("drafts.submit.do"))
  await author.shows(author.word("done.drafts.signed"))
  await author.shows("+1 201 555 0100")
  await story.step(author, "submitted")
  return new URL(page.url()).pathname
}

async function approve(story, approver, draft) {
  await approver.visit(draft)
  await approver.follow("link", approver.word("drafts.approve"))
  if (await approver.page.getByRole("button", { name: approver.word("drafts.passkey") }).count()) story.fault("a passkey is offered that needs a script")
  await approver.fill(approver.label("drafts.password"), "not the password")
  await approver.follow("button", approver.word("drafts.approve.do"))
  await approver.shows(approver.word("drafts.unapproved"))
  await story.step(approver, "a wrong password")
  await approver.fill(approver.label("drafts.password"), approver.office.password(approver.name))
  await approver.follow("button", approver.word("drafts.approve.do"))
  await approver.shows(approver.word("done.drafts.released"))
  await story.step(approver, "approved")
}

// watch asks again until the draft has become an alert, and then until everybody was told; it gives the alert's address.
async function watch(story, approver) {
  const { page } = approver
  const watch = page.getByRole("link", { name: approver.word("drafts.watch") })
  for (const end = Date.now() + 60_000; await watch.count() === 0 && Date.now() < end;) await page.reload()
  await approver.follow("link", approver.word("drafts.watch"))
  const alert = new URL(page.url()).pathname, again = page.getByRole("link", { name: approver.word("alerts.reload") })
  for (const end = Date.now() + 60_000; await again.count() > 0 && Date.now() < end; await page.waitForTimeout(500)) await approver.follow("link", approver.word("alerts.reload"))
  await approver.shows(approver.word("alerts.summary.over"))
  await story.step(approver, "everybody was told")
  return alert
}

async function stop(story, duty, alert) {
  await duty.visit(alert)
  await duty.follow("link", duty.word("alerts.stop"))
  await duty.fill(duty.label("alerts.note"), "the gauge was read wrong")
  await duty.follow("button", duty.word("alerts.stop.do"))
  await duty.shows(duty.word("done.alerts.cancel"))
  await story.step(duty, "stopped")
  await duty.visit(alert)
  await duty.shows(duty.word("alerts.later"))
}
