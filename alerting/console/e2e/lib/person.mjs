// A person in a browser of his own, who works by keyboard and by the names of things. Each click, chord and filled field is counted as an
// action.
import { code } from "./office.mjs"
import { word } from "./words.mjs"

export class Person {
  static async come(browser, office, name, { lang = "en", scripts = true, width = 1280, height = 900 } = {}) {
    const person = new Person()
    Object.assign(person, { office, name, lang, actions: 0, faults: [] })
    person.context = await browser.newContext({ baseURL: office.url, locale: lang === "zh" ? "zh-CN" : "en-GB", javaScriptEnabled: scripts,
      viewport: { width, height }, reducedMotion: "reduce" })
    person.page = await person.context.newPage()
    person.page.on("pageerror", why => person.faults.push(`script: ${why.message}`))
    person.page.on("console", m => { if (m.type() === "error" && !/status of 4\d\d/.test(m.text())) person.faults.push(`console: ${m.text()}`) })
    return person
  }

  word(key) { return word(this.lang, key) }

  // logIn goes through the login page. A code counts once: whoever logs in twice within half a minute takes the next one.
  async logIn() {
    const { page } = this
    await page.goto("/login")
    await page.getByLabel(this.word("login.name"), { exact: false }).fill(this.name)
    await page.getByLabel(this.word("login.password"), { exact: false }).fill(this.office.password(this.name))
    const used = this.office.used ??= new Map()
    const step = Math.max(Math.floor(Date.now() / 30_000), (used.get(this.name) ?? 0) + 1)
    used.set(this.name, step)
    await page.getByLabel(this.word("login.code"), { exact: false }).fill(code(this.office.secret(this.name), step))
    await page.getByRole("button", { name: this.word("login.do"), exact: true }).press("Enter")
    await page.waitForURL(url => !url.pathname.startsWith("/login"))
  }

  // press moves the focus to a button or link of that name and presses Enter: by keyboard alone.
  async press(role, name, where = this.page) {
    this.actions++
    await where.getByRole(role, { name }).first().press("Enter")
  }

  async fill(label, text, where = this.page) {
    this.actions++
    await where.getByLabel(label).first().fill(text)
  }

  async close() { await this.context.close() }
}
