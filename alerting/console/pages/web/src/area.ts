// The area editor, which makes more of a field that works without it:
//
//	<fieldset data-area-editor data-words="{…}" [data-read-url="…"] [data-units-url="…"] [data-tiles-url="…"] [data-view="LAT,LON,ZOOM or WEST,SOUTH,EAST,NORTH"]>
//	  <textarea name="area">polygon …</textarea> [<select data-area-unit>…</select>] <div data-area-map></div>
//	</fieldset>
//
// The text stays the truth: what is drawn becomes lines of it, and what is typed is drawn. Each change fires input, so that whoever
// saves the form need not know the editor. read-url is where text that is not in lines of ours is read (areatext.Handler); units-url is
// GeoJSON whose features have code (NAME=VALUE) and name. The map and what draws on it are fetched when they are asked for.
import type { AreaMap } from "./areamap"
import { parse, write, type Shape } from "./lines"
import { read } from "./reading"
import { Shapes, named } from "./shapes"
import { filled, wordsOf, type Words } from "./words"

export function start(fieldset: HTMLElement): void {
  const text = fieldset.querySelector("textarea")
  const place = fieldset.querySelector<HTMLElement>("[data-area-map]")
  if (text && place) new Editor(fieldset, text, place).begin()
}

// typing is how long somebody may pause while he types, in milliseconds.
const typing = 500

export class Editor {
  readonly words: Words
  shapes: Shape[] = []
  private readable = true
  private readonly past: string[] = []
  private current = ""
  private map?: Promise<AreaMap>
  private readonly status = document.createElement("p")
  private readonly list: Shapes
  private readonly bar = document.createElement("div")
  private timer = 0
  private asked = new AbortController()

  constructor(private readonly fieldset: HTMLElement, private readonly text: HTMLTextAreaElement, private readonly place: HTMLElement) {
    this.words = wordsOf(fieldset)
    this.list = new Shapes(this.words, n => this.remove(n), n => void this.withMap(m => m.reveal(n)))
  }

  begin(): void {
    this.bar.className = "area-bar"
    this.status.className = "area-status"
    this.status.setAttribute("role", "status")
    this.status.setAttribute("aria-live", "polite")
    this.button("open", () => void this.withMap(m => m.focus()))
    this.button("polygon", from => void this.withMap(m => m.draw("polygon", from)))
    this.button("circle", from => void this.withMap(m => m.draw("circle", from)))
    this.button("edit", from => void this.withMap(m => m.edit(from)))
    this.button("undo", () => this.undo())
    this.unitChoice()
    this.place.before(this.bar, this.status)
    this.place.after(this.list.element) // below the map, which so keeps its place
    this.current = this.text.value
    this.text.addEventListener("input", event => {
      if (event.isTrusted || this.text.value !== this.current) this.typed(false)
    })
    this.text.addEventListener("paste", () => setTimeout(() => this.typed(true)))
    this.look(false)
    if ("areaOpen" in this.fieldset.dataset) void this.withMap(() => undefined)
  }

  // say tells everybody, also who does not see the map.
  say(text: string): void {
    this.status.textContent = text
  }

  // add takes a new shape into the area. A text that cannot be read keeps every letter: the shape becomes a line behind it.
  add(shape: Shape): void {
    this.catchUp()
    if (this.readable) this.change([...this.shapes, shape])
    else {
      this.put(`${this.text.value.trimEnd()}\n${write([shape])}`)
      this.look(false, true)
    }
    this.say(filled(this.words.added, { what: named(shape, this.words) }))
  }

  remove(n: number): void {
    const shape = this.known()?.[n]
    if (!shape) return
    this.change(this.shapes.filter((_, i) => i !== n))
    this.say(filled(this.words.removed, { what: named(shape, this.words) }))
  }

  // known are the shapes of the text, as far as it can be read.
  known(): Shape[] | undefined {
    this.catchUp()
    return this.readable ? this.shapes : undefined
  }

  // catchUp looks at what has just been typed, without waiting.
  private catchUp(): void {
    clearTimeout(this.timer)
    this.looked(false)
  }

  // change writes other shapes into the text.
  change(shapes: Shape[]): void {
    this.put(write(shapes))
    this.shapes = shapes
    this.show()
  }

  private undo(): void {
    const before = this.past.pop()
    if (before === undefined) return this.say(this.words.nothingToUndo)
    this.current = this.text.value = before
    this.fire()
    this.look(false)
    this.say(filled(this.words.undone, { what: this.summary() }))
  }

  private summary(): string {
    return this.shapes.length ? this.shapes.map(s => named(s, this.words)).join(", ") : this.words.nothing
  }

  private put(value: string): void {
    if (value === this.current && value === this.text.value) return
    this.past.push(this.text.value)
    this.current = this.text.value = value
    this.fire()
  }

  private fire(): void {
    this.text.dispatchEvent(new Event("input", { bubbles: true }))
  }

  // typed waits until somebody pauses, and then looks at what he wrote.
  private typed(pasted: boolean): void {
    clearTimeout(this.timer)
    this.timer = window.setTimeout(() => this.looked(pasted), pasted ? 0 : typing)
  }

  private looked(pasted: boolean): void {
    if (this.text.value === this.current) return
    this.past.push(this.current)
    this.current = this.text.value
    this.look(pasted)
  }

  // look shows what the text says. What was pasted in another form is rewritten; what is being typed is left alone. Quietly, nothing is
  // said of faults: they have been said before.
  private look(rewrite: boolean, quiet = false): void {
    const shapes = parse(this.current)
    this.readable = shapes !== undefined
    this.shapes = shapes ?? []
    this.show()
    if (shapes) return
    const url = this.fieldset.dataset["readUrl"]
    if (!url) return
    this.asked.abort()
    this.asked = new AbortController()
    const asked = this.current
    read(url, asked, this.asked.signal).then(answer => {
      if (!answer || asked !== this.text.value) return
      const fault = answer.faults[0]
      if (fault) return quiet ? undefined : this.say(filled(this.words.notRead, { why: fault.text }))
      this.shapes = parse(answer.text) ?? []
      this.readable = true
      if (rewrite) {
        this.put(answer.text)
        this.say(this.words.converted)
      }
      this.show()
    }).catch((why: unknown) => {
      if (!(why instanceof DOMException && why.name === "AbortError")) console.error("the area was not read", why)
    })
  }

  private show(): void {
    this.list.show(this.shapes)
    this.map?.then(m => m.show(this.shapes), () => undefined)
  }

  // withMap opens the map where it is not open, and uses it.
  private async withMap(use: (map: AreaMap) => void | Promise<void>): Promise<void> {
    try {
      this.map ??= import("./areamap").then(m => m.openAreaMap(this.place, this.fieldset, this))
      const map = await this.map
      this.bar.querySelector("[data-act=open]")?.remove()
      await use(map)
    } catch (why) {
      console.error("the map did not open", why)
      this.map = undefined
      this.say(this.words.failed)
    }
  }

  private button(act: "open" | "polygon" | "circle" | "edit" | "undo" | "addUnit", press: (from: HTMLElement) => void): HTMLButtonElement {
    const button = document.createElement("button")
    button.type = "button"
    button.dataset["act"] = act
    button.textContent = this.words[act]
    button.addEventListener("click", () => press(button))
    this.bar.append(button)
    return button
  }

  // unitChoice makes the server's choice of units work without a request.
  private unitChoice(): void {
    const choice = this.fieldset.querySelector<HTMLSelectElement>("select[data-area-unit]")
    if (!choice) return
    const add = (): void => {
      const code = choice.value.trim()
      if (code && !this.shapes.some(s => s.kind === "unit" && s.code === code)) this.add({ kind: "unit", code })
    }
    const served = this.fieldset.querySelector<HTMLButtonElement>("[data-area-unit-add]")
    if (served) {
      served.addEventListener("click", event => {
        event.preventDefault() // without a script it sends the form
        add()
      })
    } else choice.after(this.button("addUnit", add))
    choice.addEventListener("change", () => this.map?.then(m => m.point(choice.value), () => undefined))
  }
}
