// A warning from a template, in a hurry: from home until it waits for its approval, in no more actions than most.
import { Keyboard } from "../lib/keyboard.mjs"
import { Story } from "../lib/story.mjs"

const most = 6

// template launches the flood of the shipped templates. A click, a chord and a filled field are an action each.
export async function template(browser, office, pictures) {
  const story = new Story("template", pictures)
  const author = await Keyboard.come(browser, office, "demo-author")
  await author.logIn()
  await author.page.goto("/actual/")
  await story.step(author, "home", { walk: true })
  await author.page.goto("/actual/")
  const began = Date.now()
  author.actions = 0
  await author.follow("link", "Flood Severe", author.page.getByRole("region", { name: author.word("home.launch") }))
  await fillFlood(author)
  await author.fill(author.label("drafts.password"), office.password(author.name))
  await author.follow("button", author.word("compose.launch.do"))
  const actions = author.actions
  console.log(`template: from home to submitted in ${actions} actions and ${((Date.now() - began) / 1000).toFixed(1)} s`)
  if (actions > most) story.fault(`it took ${actions} actions, and ${most} are allowed`)
  await author.shows(author.word("done.drafts.signed"))
  await author.shows(author.word("drafts.state.submitted"))
  await story.step(author, "submitted", { walk: true })
  const draft = await (await author.page.request.get(`/api/actual/drafts/${author.page.url().match(/drafts\/([^?]+)/)[1]}`)).json()
  story.same("what became of the draft", [draft.state, draft.signatures?.map(s => s.by)], ["submitted", ["demo-author"]])
  await author.page.goto("/actual/templates/flood-severe")
  await story.step(author, "the page of a template", { walk: true })
  const faults = story.end(author)
  await author.close()
  return faults
}

// fillFlood fills in what the template flood-severe must know.
export async function fillFlood(author) {
  await author.choose(author.word("compose.slots.unit"), /^Ferry District/, author.page.getByRole("main"))
  await author.fill(/^the river, .*, in English/, "Clear River")
  await author.fill(/^water level at the gauge/, "6.2")
}
