// A person who has no mouse: everything is reached with Tab, and pressed, typed and chosen with keys. What he looks for he knows by its
// role and its accessible name. Each chord and each filled field is counted as an action; the Tabs on the way are not.
import { Person } from "./person.mjs"
import { escaped, word } from "./words.mjs"

// far is how many Tabs a page may have, and slow how long something may take to come, in milliseconds.
const far = 500, slow = 60_000

export class Keyboard extends Person {
  // named finds the one thing of a role and a name; where narrows the search.
  async named(role, name, where = this.page) {
    const found = where.getByRole(role, { name, exact: typeof name === "string" })
    await found.first().waitFor({ timeout: slow })
    if (await found.count() > 1) throw new Error(`${await found.count()} of the role ${role} are called ${name}: nobody can tell them apart`)
    return found
  }

  // reach moves the focus to an element with Tab or Shift+Tab, whichever way it lies.
  async reach(found) {
    const element = await found.elementHandle({ timeout: slow })
    let turns = 0, way = 0
    for (let n = 0; n < far && turns < 3; n++) {
      const next = await element.evaluate(e => {
        const now = document.activeElement
        if (e === now) return 0
        return now && now !== document.body && e.compareDocumentPosition(now) & Node.DOCUMENT_POSITION_FOLLOWING ? -1 : 1
      })
      if (next === 0) return
      if (way && next !== way) turns++
      way = next
      await this.page.keyboard.press(next > 0 ? "Tab" : "Shift+Tab")
    }
    throw new Error(`Tab does not reach ${found}`)
  }

  // chord is one press of keys, wherever the focus is.
  async chord(keys) {
    this.actions++
    await this.page.keyboard.press(keys)
  }

  async press(role, name, where) {
    await this.reach(await this.named(role, name, where))
    await this.chord("Enter")
  }

  // follow presses something that leads to another page, and waits for that.
  async follow(role, name, where) {
    await this.reach(await this.named(role, name, where))
    const left = this.page.waitForEvent("framenavigated", { timeout: slow, predicate: frame => frame === this.page.mainFrame() })
    await this.chord("Enter")
    await left
    await this.page.waitForLoadState("load")
  }

  // label is the name of a field, which says where it must be filled.
  label(key) { return new RegExp(`^${escaped(this.word(key))}( ${escaped(word(this.lang, "field.required"))})?$`) }

  // fill replaces what is in a field.
  async fill(name, text, where = this.page) {
    await this.reach(await this.named("textbox", name, where))
    this.actions++
    await this.page.keyboard.press("Control+a")
    await this.page.keyboard.insertText(text)
  }

  // tick sets a checkbox.
  async tick(name, where) {
    const box = await this.named("checkbox", name, where)
    if (await box.isChecked()) return
    await this.reach(box)
    await this.chord("Space")
  }

  // pick chooses a radio button: Tab leads to its group, and the arrows to it.
  async pick(name, where) {
    const radio = await this.named("radio", name, where)
    const first = where.getByRole("radio", { checked: true }).or(where.getByRole("radio")).first()
    await this.reach(await where.getByRole("radio", { checked: true }).count() ? where.getByRole("radio", { checked: true }) : first)
    this.actions++
    for (let n = 0; n < 20 && !await radio.isChecked(); n++) {
      const here = await radio.evaluate(r => r === document.activeElement)
      await this.page.keyboard.press(here ? "Space" : "ArrowDown")
    }
    if (!await radio.isChecked()) throw new Error(`the arrows do not reach ${name}`)
  }

  // choose takes an option of a list.
  async choose(name, option, where) {
    const list = await this.named("combobox", name, where)
    await this.reach(list)
    this.actions++
    await this.page.keyboard.press("Home")
    for (let n = 0; n < 600; n++) {
      const now = await list.evaluate(l => l.selectedOptions[0]?.textContent ?? "")
      if (typeof option === "string" ? now === option : option.test(now)) return
      await this.page.keyboard.press("ArrowDown")
    }
    throw new Error(`${name} has no option ${option}`)
  }

  // visit is typing an address.
  async visit(path) {
    this.actions++
    await this.page.goto(path)
  }

  // shows waits until the page says something, in its main part.
  async shows(text, ms = slow) {
    await this.page.getByRole("main").getByText(text).first().waitFor({ timeout: ms })
      .catch(async () => { throw new Error(`the page does not say ${text}; it says: ${(await this.page.getByRole("main").innerText()).slice(0, 900)}`) })
  }

  // says is what the page tells whoever asks what belongs to a field (aria-describedby).
  async says(field) {
    return field.evaluate(f => (f.getAttribute("aria-describedby") ?? "").split(" ").map(id => document.getElementById(id)?.textContent ?? "").join(" "))
  }
}
