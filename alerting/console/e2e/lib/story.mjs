// A story that people live through at the pages: each step is judged, and leaves a picture and what a screen reader is told.
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { axeFinds, structure } from "./judge.mjs"
import { unreached } from "./walk.mjs"

export class Story {
  constructor(name, pictures, { judged = true } = {}) {
    Object.assign(this, { name, judged, folder: join(pictures, name), faults: [], number: 0, began: Date.now(), walked: new Set() })
    mkdirSync(this.folder, { recursive: true })
  }

  // step is where somebody has come to. By walk it is also seen whether Tab leads through the page; that moves the focus.
  async step(person, what, { walk = false } = {}) {
    const name = `${String(++this.number).padStart(2, "0")}-${what.replace(/[^a-z0-9]+/gi, "-")}`
    await snapshot(person.page, join(this.folder, name))
    if (!this.judged) return
    const found = [...await structure(person.page), ...await axeFinds(person.page)]
    if (walk) found.push(...await unreached(person.page))
    this.faults.push(...found.map(f => `${what}: ${f}`))
  }

  fault(text) { this.faults.push(text) }

  // same compares what a page says with what is so.
  same(what, got, want) {
    if (JSON.stringify(got) !== JSON.stringify(want)) this.fault(`${what}: the page says ${JSON.stringify(got)}, and it is ${JSON.stringify(want)}`)
  }

  // end says how much it took, and gives the faults.
  end(...people) {
    for (const p of people) {
      this.faults.push(...p.faults.map(f => `${p.name}: ${f}`))
      console.log(`${this.name}: ${p.name} took ${p.actions} actions`)
    }
    console.log(`${this.name}: ${this.number} steps in ${((Date.now() - this.began) / 1000).toFixed(1)} s`)
    return this.faults
  }
}

// drawn: pictures are taken. In CI nobody looks at them, unless their folder is named.
const drawn = process.env.CI !== "true" || Boolean(process.env.E2E_PICTURES)

// snapshot keeps a picture of a page, and its accessibility tree in words.
export async function snapshot(page, path) {
  if (drawn) await page.screenshot({ path: `${path}.jpg`, type: "jpeg", quality: 80, fullPage: true })
  writeFileSync(`${path}.aria.txt`, `${await page.locator("body").ariaSnapshot()}\n`)
}
