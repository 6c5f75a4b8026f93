// A person in a browser of his own, who works by keyboard and by the names of things. Each click, chord and filled field is counted as an
// action.
import { code } from "./office.mjs"
import { word } from "./words.mjs"

export class Person {
  static async come(browser, office, name, { lang = "en", scripts = true, width = 1280, height = 900 } = {}) {
    const person = new this()
    Object.assign(person, { office, name, lang, actions: 0, faults: [] })
    person.context = await browser.newContext({ baseURL: office.url, locale: lang === "zh" ? "zh-CN" : "en-GB", javaScriptEnabled: scripts,
      viewport: { width, height }, reducedMotion: "reduce" })
    person.context.setDefaultTimeout(60_000)
    person.page = await person.tab()
    return person
  }

  // tab opens one more, of which the faults are his too.
  async tab() {
    const page = await this.context.newPage()
    page.on("pageerror", why => this.faults.push(`script: ${why.message}`))
    page.on("console", m => { if (m.type() === "error" && !/status of 4\d\d/.test(m.text())) this.faults.push(`console: ${m.text()} (${m.location().url})`) })
    return page
  }

  word(key) { return word(this.lang, key) }

  // logIn goes through the login page, unless somebody of that name did before him and his session still lives: a code counts once, and
  // only the present and the next are taken.
  async logIn({ anew = false } = {}) {
    const sessions = this.office.sessions ??= new Map()
    if (!anew && sessions.has(this.name)) {
      await this.context.addCookies(sessions.get(this.name))
      await this.page.goto("/")
      if (!new URL(this.page.url()).pathname.startsWith("/login")) return
    }
    await this.page.goto("/login")
    await this.enter()
    sessions.set(this.name, (await this.context.cookies()).filter(c => c.name !== "tocsin-lang"))
  }

  // enter fills the login page in that is open. It leads on to another address, unless a form waited for the login.
  async enter(page = this.page, { held = false } = {}) {
    await page.getByLabel(this.word("login.name"), { exact: false }).fill(this.name)
    await page.getByLabel(this.word("login.password"), { exact: false }).fill(this.office.password(this.name))
    const used = this.office.used ??= new Map()
    const step = Math.max(Math.floor(Date.now() / 30_000), (used.get(this.name) ?? 0) + 1)
    used.set(this.name, step)
    while (step > Math.floor(Date.now() / 30_000) + 1) await page.waitForTimeout(200)
    await page.getByLabel(this.word("login.code"), { exact: false }).fill(code(this.office.secret(this.name), step))
    await page.getByRole("button", { name: this.word("login.do"), exact: true }).press("Enter")
    if (!held) await page.waitForURL(url => !url.pathname.startsWith("/login"))
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
