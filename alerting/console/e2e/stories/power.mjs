// The power fails while somebody writes: of what he typed the office lacks at most the last two seconds, and his browser nothing. A login
// that ends meanwhile loses nothing either.
import { Keyboard } from "../lib/keyboard.mjs"
import { Story } from "../lib/story.mjs"

// mayLose is how much of the typing may be gone with the server, and typing how long somebody types before it fails, in milliseconds.
const mayLose = 2000, typing = 6500

export async function power(browser, office, pictures) {
  const story = new Story("power", pictures)
  const author = await Keyboard.come(browser, office, "demo-author")
  await author.logIn()
  await author.visit("/actual/compose")
  await author.follow("button", author.word("compose.blank.make"))
  const path = new URL(author.page.url()).pathname
  const field = author.page.getByRole("group", { name: / en$/ }).getByRole("textbox", { name: author.word("compose.field.description") })
  await author.reach(field)
  const typed = await type(author, typing)
  const failed = Date.now()
  await office.close("SIGKILL")
  await author.context.setOffline(true)
  await told(author, "compose.auto.lost")
  await story.step(author, "no connection")
  office.sessions?.clear()
  await office.start()
  await kept(story, browser, office, path, typed, failed)
  await author.context.setOffline(false)
  await goesOn(story, author, field, path)
  await sentAgain(story, author, field)
  // That nobody answers, or not yet, is told by the browser, too.
  const faults = story.end(author).filter(f => !/ERR_(CONNECTION|INTERNET|EMPTY|INCOMPLETE)|Failed to fetch|status of 503 .*\/autosave\)/.test(f))
  await author.close()
  return faults
}

// type types words for some time, and gives the text with the moments when each word was typed.
async function type(author, ms) {
  const typed = [], began = Date.now()
  let text = ""
  for (let n = 1; Date.now() - began < ms; n++) {
    const word = `word${n} `
    await author.page.keyboard.type(word, { delay: 25 })
    text += word
    typed.push({ at: Date.now(), text })
  }
  return typed
}

// told waits until the form says of itself what became of it.
async function told(author, key) {
  const text = author.word(key).split("%s")[0]
  await author.page.locator("[data-save-state]").getByText(text).waitFor({ timeout: 60_000 })
    .catch(async () => { throw new Error(`the form does not say “${text}”, but: ${await author.page.locator("[data-save-state]").innerText()}`) })
}

// described is what the office has of the field, as somebody sees who opens the draft anew.
async function described(person, path) {
  await person.page.goto(path)
  return person.page.getByRole("group", { name: / en$/ }).getByRole("textbox", { name: person.word("compose.field.description") }).inputValue()
}

// kept looks at what the office has after its end: somebody else opens the draft.
async function kept(story, browser, office, path, typed, failed) {
  const other = await Keyboard.come(browser, office, "demo-duty")
  await other.logIn()
  const has = await described(other, path)
  const must = typed.findLast(t => t.at <= failed - mayLose)?.text.trim() ?? ""
  const all = typed.at(-1).text
  const since = typed.find(t => t.text.trim().length > has.length)?.at ?? failed
  console.log(`power: ${all.length} letters were typed, and the office has ${has.length}: the last ${((failed - since) / 1000).toFixed(1)} s are missing in it`)
  if (!all.startsWith(has) || has.length < must.length) story.fault(`the office has “…${has.slice(-30)}” (${has.length}), and “…${must.slice(-30)}” (${must.length}) was typed two seconds before it ended`)
  await story.step(other, "what the office has")
  await other.close()
}

// savedAgain waits for the form's next save. Where the power failed between a save and its answer the form does not know of it, and its own
// words must not be taken for somebody else's.
async function savedAgain(author) {
  const bar = author.page.locator("[data-save-state]")
  const mine = bar.getByRole("button", { name: author.word("compose.conflict.mine") })
  const saved = new RegExp(`^\\s*${author.word("compose.auto.saved").split("%s")[0].trim()}`) // "Not saved" says the opposite
  await bar.filter({ hasText: saved }).or(mine).first().waitFor({ timeout: 60_000 })
  if (await mine.count() > 0) throw new Error(`the form takes its own save for somebody else's: ${await bar.innerText()}`)
}

// goesOn: the demonstration keeps its sessions in memory, so that they ended with it. The form says so, and saves itself after a login in
// another tab.
async function goesOn(story, author, field, path) {
  await told(author, "compose.auto.login")
  if (!await field.evaluate(f => f === document.activeElement)) story.fault("the focus has left the field")
  await author.page.keyboard.type("after the power came back ", { delay: 10 })
  await story.step(author, "the session is over")
  const opened = author.context.waitForEvent("page")
  await author.press("link", author.word("compose.auto.login.link"))
  const tab = await opened
  await tab.getByRole("button", { name: author.word("login.do"), exact: true }).waitFor()
  await author.enter(tab)
  await tab.close()
  await savedAgain(author)
  const whole = await field.inputValue()
  if (!whole.includes("after the power came back")) story.fault(`the form has lost what was typed: …${whole.slice(-60)}`)
  await story.step(author, "it goes on")
  await sameInOffice(story, author, path, whole, "after the power came back")
}

async function sameInOffice(story, author, path, whole, when) {
  const answer = await author.page.request.get(`/api/actual/drafts/${path.split("/").pop()}`)
  if (!answer.ok()) throw new Error(`the draft cannot be read: ${answer.status()} ${await answer.text()}`)
  const document = Buffer.from((await answer.json()).document ?? "", "base64").toString()
  if (!document.includes(whole.trim())) story.fault(`${when} the office has not all that was typed: ${document.match(/<description>[^<]*/)?.[0].slice(-60)}`)
}

// logOutElsewhere ends the session in another tab.
async function logOutElsewhere(author) {
  const tab = await author.context.newPage()
  await tab.goto("/account")
  await tab.getByRole("banner").getByRole("button", { name: author.word("nav.logout") }).press("Enter")
  await tab.waitForURL(/login/)
  await tab.close()
  author.office.sessions.delete(author.name)
}

// sentAgain: the session is over, and somebody presses Save. After the login the form is sent again as it was.
async function sentAgain(story, author, field) {
  const { page } = author
  await logOutElsewhere(author)
  await author.reach(field)
  await page.keyboard.press("Control+End")
  await page.keyboard.type("and more ", { delay: 10 })
  const whole = await field.inputValue()
  await author.press("button", author.word("compose.form.save"), page.getByRole("main").locator(".save-bar"))
  await page.getByText(author.word("login.over")).waitFor()
  await story.step(author, "log in first")
  await author.enter(page, { held: true })
  await author.shows(author.word("login.again"))
  await story.step(author, "sent again")
  await author.follow("button", author.word("login.again.do"))
  const has = await field.inputValue()
  if (has.trim() !== whole.trim()) story.fault(`the form came back with …${has.slice(-40)}, and …${whole.slice(-40)} was typed`)
  await story.step(author, "as it was")
}
