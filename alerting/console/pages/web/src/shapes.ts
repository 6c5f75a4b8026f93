// The list of what an area consists of: how it is read and changed without looking at the map.
import { written, type Shape } from "./lines"
import { filled, type Words } from "./words"

// named says what a shape is.
export function named(s: Shape, words: Words): string {
  switch (s.kind) {
    case "polygon": return filled(words.aPolygon, { n: s.ring.length - 1, place: s.ring[0] ? written(s.ring[0]) : "" })
    case "circle": return filled(words.aCircle, { km: s.km, place: written(s.centre) })
    case "unit": return filled(words.aUnit, { code: s.code })
  }
}

export class Shapes {
  readonly element = document.createElement("ul")

  constructor(private readonly words: Words, private readonly remove: (n: number) => void, private readonly reveal: (n: number) => void) {
    this.element.className = "area-shapes"
    this.element.setAttribute("aria-label", words.shapes)
  }

  show(shapes: Shape[]): void {
    const focused = [...this.element.querySelectorAll("button")].indexOf(document.activeElement as HTMLButtonElement)
    this.element.replaceChildren(...shapes.map((s, n) => this.item(s, n)))
    this.element.hidden = shapes.length === 0
    // Whoever has just removed one stays in the list.
    const buttons = this.element.querySelectorAll("button")
    if (focused >= 0) (buttons[Math.min(focused, buttons.length - 1)] ?? this.element.closest("fieldset")?.querySelector("textarea"))?.focus()
  }

  private item(s: Shape, n: number): HTMLElement {
    const item = document.createElement("li")
    const what = named(s, this.words)
    item.append(what, " ", this.button("show", what, () => this.reveal(n)), " ", this.button("remove", what, () => this.remove(n)))
    return item
  }

  // button has a short face, and a name that says of what.
  private button(act: "show" | "remove", what: string, press: () => void): HTMLButtonElement {
    const button = document.createElement("button")
    button.type = "button"
    button.dataset["act"] = act
    button.textContent = this.words[act]
    button.setAttribute("aria-label", `${this.words[act]}: ${what}`)
    button.addEventListener("click", press)
    return button
  }
}
