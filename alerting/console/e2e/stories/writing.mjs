// A flood warning from a blank form, in English and Chinese, with an area that is drawn with the keys.

// texts are what is written in each language, by the fields of the form.
const texts = {
  en: { event: "Flood", headline: "The river is over its banks in Riverbend: leave the low streets now", instruction: "Leave the low streets now and go to higher ground. Do not drive through water.",
    description: "The gauge at the old mill stands at 6.2 metres and rises.", place: "Low streets along the river" },
  "zh-CN": { event: "洪水", headline: "河湾县洪水红色预警：请立即撤离低洼地带", instruction: "请立即撤离低洼地带，转移到高处，不要驾车涉水。", description: "老磨坊水位已达6.2米，仍在上涨。", place: "沿河低洼地带" },
}

// write fills the form in and saves it, and gives what the pages call it: by its title in the language of whoever reads.
export async function write(story, author) {
  const { page } = author
  await author.visit("/actual/")
  await author.follow("link", author.word("nav.compose"))
  await story.step(author, "write a warning", { walk: true })
  await author.follow("button", author.word("compose.blank.make"))
  await story.step(author, "a blank form", { walk: true })
  for (const tag of Object.keys(texts)) await words(author, tag)
  await danger(author)
  await mend(story, author)
  await draw(story, author)
  await author.choose(author.label("compose.field.holds"), new RegExp(`^3 `), page.getByRole("main"))
  await saved(author)
  await previews(author)
  await story.step(author, "the form filled in", { walk: true })
  await author.follow("button", author.word("compose.form.submit"), page.getByRole("main").locator("form > p"))
  return texts[author.lang === "zh" ? "zh-CN" : "en"].headline
}

// language is the part of the form for a language.
const language = (author, tag) => author.page.getByRole("group", { name: new RegExp(` ${tag}$`) })

async function words(author, tag) {
  for (const [field, text] of Object.entries(texts[tag])) await author.fill(author.label(`compose.field.${field}`), text, language(author, tag))
}

async function danger(author) {
  const group = key => author.page.getByRole("group", { name: author.word(key), exact: true }).last()
  await author.pick(author.word("compose.code.severity.Extreme"), group("compose.field.severity"))
  await author.pick(author.word("compose.code.urgency.Immediate"), group("compose.field.urgency"))
  await author.pick(author.word("compose.code.certainty.Observed"), group("compose.field.certainty"))
  await author.tick(author.word("compose.code.category.Met"), group("compose.field.category"))
  await author.tick(author.word("compose.code.response.Evacuate"), group("compose.field.response"))
}

// saved waits until the form has saved itself.
async function saved(author) {
  await author.page.locator("[data-save-state]").getByText(new RegExp(author.word("compose.auto.saved").replace("%s", "\\d\\d:\\d\\d:\\d\\d"))).waitFor({ timeout: 60_000 })
}

// mend writes an address that is none, hears about it beside the field, and writes a right one.
async function mend(story, author) {
  const field = language(author, "en").getByRole("textbox", { name: author.label("compose.field.web") })
  await author.fill(author.label("compose.field.web"), "warn.example/flood", language(author, "en"))
  const said = () => author.says(field)
  await until(async () => await field.getAttribute("aria-invalid") === "true" && (await said()).includes(author.word("level.error")), async () => `a wrong address is not told beside its field, which says: ${await said()}`)
  if (!await field.evaluate(f => f === document.activeElement)) story.fault("saving took the focus away from the field")
  await story.step(author, "a wrong address")
  await author.fill(author.label("compose.field.web"), "https://warn.example/flood", language(author, "en"))
  await until(async () => await field.getAttribute("aria-invalid") !== "true", async () => `the address is right, and its field still says: ${await said()}`)
}

async function until(holds, why) {
  for (const end = Date.now() + 60_000; Date.now() < end; await new Promise(done => setTimeout(done, 100))) if (await holds()) return
  throw new Error(await why())
}

// draw makes a polygon around the middle of the county: the arrows move the map below a cross, and Enter sets a corner there.
async function draw(story, author) {
  const { page } = author
  const editor = page.getByRole("group", { name: author.word("compose.field.area"), exact: true })
  const words = JSON.parse(await editor.getAttribute("data-words"))
  await author.press("button", words.polygon, editor)
  await page.getByRole("application", { name: words.map }).waitFor()
  await until(() => page.getByRole("application").evaluate(m => m === document.activeElement), () => "the map that was opened has not got the focus")
  const corner = async (...arrows) => {
    for (const [n, key] of arrows) for (let i = 0; i < n; i++) await author.chord(`Arrow${key}`)
    await author.chord("Enter")
  }
  await corner([1, "Left"], [1, "Up"])
  await corner([2, "Right"])
  await corner([1, "Down"])
  await corner([2, "Left"])
  await author.chord("c")
  await until(async () => (await editor.getByRole("status").allInnerTexts()).some(t => t.startsWith(words.added.split("{")[0])), async () => `no shape was added: ${await editor.getByRole("status").allInnerTexts()}`)
  const text = await editor.getByRole("textbox", { name: author.word("compose.field.area") }).inputValue()
  if (!/^polygon( -?[\d.]+,-?[\d.]+){5}\s*$/.test(text)) story.fault(`what was drawn is written as ${text}`)
  const where = await page.evaluate(() => document.activeElement?.textContent)
  if (where !== words.polygon) story.fault(`after drawing the focus is on ${where}`)
  await story.step(author, "a drawn area")
}

// previews are asked for anew after a save: they must show the words of each channel, and reach somebody.
async function previews(author) {
  const part = author.page.getByRole("region", { name: author.word("previews.title") })
  for (const tag of Object.keys(texts)) await part.getByText(texts[tag].headline).first().waitFor({ timeout: 60_000 })
  for (const channel of ["sms", "push", "mail", "siren"]) await part.getByText(author.word(`previews.by.${channel}`), { exact: true }).first().waitFor({ timeout: 60_000 })
  // They follow the last save, with the area in it, after a moment.
  const people = () => part.locator("dt", { hasText: author.word("previews.people") }).locator("+ dd").first().innerText()
  await until(async () => Number((await people()).replace(/\D/g, "")) > 0, async () => `the previews say that ${await people()} people are reached`)
}
