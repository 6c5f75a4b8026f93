// Drawing without a mouse: a cross stands in the middle of the map; the arrow keys move the map below it, and Enter sets what is drawn
// where the cross is. Each key has a button too, for whoever has a finger or a voice instead of keys.
import L from "leaflet"
import type { Editor } from "./area"
import { drawn, unwrapped, written, type Place, type Shape } from "./lines"
import { filled, type Words } from "./words"

// step is how far an arrow key moves the map, in pixels; with Shift it is a fine one.
const step = 60
const fineStep = 6

export class Cross {
  drawing?: "polygon" | "circle"
  // used is called once the first corner is set, so that the mouse does not draw another shape meanwhile.
  used?: () => void
  // otherCorners are those that were set with the mouse.
  otherCorners?: () => Place[]
  private corners: Place[] = []
  private readonly mark = document.createElement("div")
  private readonly sketch = L.layerGroup()
  private readonly radius = document.createElement("input")
  private readonly words: Words
  private quiet = 0

  constructor(private readonly map: L.Map, private readonly bar: HTMLElement, private readonly editor: Editor, private readonly finish: (shape?: Shape) => void) {
    this.words = editor.words
    this.mark.className = "area-cross"
    this.radius.type = "number"
    this.radius.min = "0.01"
    this.radius.max = "20040"
    this.radius.step = "any"
    this.radius.value = "5"
    // It belongs to no form: it is neither sent nor does Enter in it send one.
    this.radius.setAttribute("form", "")
    this.radius.addEventListener("input", () => this.redraw())
    this.radius.addEventListener("keydown", event => {
      if (event.key !== "Enter") return
      event.preventDefault()
      this.set()
    })
    this.sketch.addTo(map)
    map.getContainer().addEventListener("keydown", event => this.key(event), true)
    map.getContainer().addEventListener("pointerdown", () => this.mouse())
    map.on("move", () => this.redraw())
  }

  begin(kind: "polygon" | "circle"): void {
    this.drawing = kind
    this.corners = []
    this.used = this.otherCorners = undefined
    this.mark.hidden = false
    this.map.keyboard.disable() // its movements are animated, and Enter must take where the cross is
    this.map.getContainer().tabIndex = 0
    this.map.getContainer().append(this.mark)
    if (kind === "polygon") {
      this.bar.replaceChildren(this.button("addCorner", () => this.set()), this.button("close", () => this.close()), this.button("cancel", () => this.cancel()))
    } else {
      const label = document.createElement("label")
      label.append(this.words.radius, " ", this.radius)
      this.bar.replaceChildren(label, this.button("placeCircle", () => this.set()), this.button("cancel", () => this.cancel()))
    }
    this.redraw()
  }

  // begun reports whether there is a corner yet.
  get begun(): boolean {
    return this.corners.length > 0
  }

  end(): void {
    if (!this.drawing) return
    this.drawing = undefined
    this.corners = []
    clearTimeout(this.quiet)
    this.mark.remove()
    this.sketch.clearLayers()
    this.map.keyboard.enable()
  }

  // mouse puts the cross away while the mouse draws.
  private mouse(): void {
    if (!this.drawing || this.begun) return
    this.mark.hidden = true
    this.redraw()
  }

  private button(word: "addCorner" | "placeCircle" | "close" | "cancel", press: () => void): HTMLElement {
    const button = document.createElement("button")
    button.type = "button"
    button.dataset["act"] = word
    button.textContent = this.words[word]
    button.addEventListener("click", press)
    return button
  }

  private key(event: KeyboardEvent): void {
    if (!this.drawing || event.target !== this.map.getContainer() || event.ctrlKey || event.altKey || event.metaKey) return
    this.mark.hidden = false
    const by = event.shiftKey ? fineStep : step
    switch (event.key) {
      case "ArrowLeft": this.move(-by, 0); break
      case "ArrowRight": this.move(by, 0); break
      case "ArrowUp": this.move(0, -by); break
      case "ArrowDown": this.move(0, by); break
      case "+": case "=": this.map.setZoom(this.map.getZoom() + 1, { animate: false }); break
      case "-": this.map.setZoom(this.map.getZoom() - 1, { animate: false }); break
      case "Enter": this.set(); break
      case "Backspace": this.take(); break
      case "c": case "C": this.close(); break
      case "Escape": this.cancel(); break
      default: return
    }
    event.preventDefault()
    event.stopPropagation()
  }

  private move(x: number, y: number): void {
    this.map.panBy([x, y], { animate: false })
    // Where the cross is, is said when it rests.
    clearTimeout(this.quiet)
    this.quiet = window.setTimeout(() => this.editor.say(filled(this.words.cross, { place: written(this.here()) })), 400)
  }

  private here(): Place {
    const centre = this.map.getCenter()
    return drawn(centre.lat, centre.lng)
  }

  // set adds a corner where the cross is, or places the circle there.
  private set(): void {
    if (this.drawing === "circle") {
      const km = Math.round(Number(this.radius.value) * 1000) / 1000
      if (!(km > 0 && km <= 20040)) {
        this.editor.say(this.words.radiusWrong)
        return this.radius.focus()
      }
      return this.finish({ kind: "circle", centre: this.here(), km })
    }
    this.used?.()
    this.corners.push(this.here())
    this.editor.say(filled(this.words.cornerAdded, { n: this.corners.length, place: written(this.here()) }))
    clearTimeout(this.quiet)
    this.redraw()
  }

  private take(): void {
    this.corners.pop()
    this.editor.say(filled(this.words.cornerTaken, { n: this.corners.length }))
    this.redraw()
  }

  private close(): void {
    if (this.drawing !== "polygon") return
    const corners = this.begun ? this.corners : this.otherCorners?.() ?? []
    const different = new Set(corners.map(written)).size
    const first = corners[0]
    if (!first || different < 3) return this.editor.say(filled(this.words.moreCorners, { n: different }))
    this.finish({ kind: "polygon", ring: [...corners, first] })
  }

  private cancel(): void {
    this.finish()
    this.editor.say(this.words.cancelled)
  }

  // redraw shows what would come out if it ended here.
  private redraw(): void {
    if (!this.drawing) return
    this.sketch.clearLayers()
    if (this.mark.hidden) return
    const className = "map-sketch"
    const centre = this.map.getCenter()
    if (this.drawing === "circle") {
      const km = Number(this.radius.value)
      if (km > 0) L.circle(centre, { radius: km * 1000, className, interactive: false }).addTo(this.sketch)
      return
    }
    const line = unwrapped([...this.corners, drawn(centre.lat, centre.lng)]).map(p => L.latLng(p.lat, p.lon))
    const turn = 360 * Math.round((centre.lng - (line[line.length - 1]?.lng ?? 0)) / 360)
    if (this.corners.length) L.polygon(line.map(p => L.latLng(p.lat, p.lng + turn)), { className, interactive: false }).addTo(this.sketch)
  }
}
