// The map of the area editor: it shows what the text says, and lets shapes be drawn, with the mouse (terra-draw, which is fetched when
// somebody begins) and with the keyboard alone (a cross in the middle of the map).
import L from "leaflet"
import type { Editor } from "./area"
import { openMap, show } from "./basemap"
import { Cross } from "./cross"
import type { Hand } from "./draw"
import { unwrapped, type Shape } from "./lines"
import { Units } from "./units"
import { filled } from "./words"

export async function openAreaMap(place: HTMLElement, fieldset: HTMLElement, editor: Editor): Promise<AreaMap> {
  const { zoomIn, zoomOut } = editor.words
  const box = document.createElement("div")
  const help = document.createElement("p")
  help.className = "area-help"
  help.id = `area-help-${Math.random().toString(36).slice(2)}`
  help.textContent = editor.words.help
  place.append(box, help)
  // A screen reader hands its keys over here: arrows move the map.
  box.setAttribute("role", "application")
  box.setAttribute("aria-label", editor.words.map)
  box.setAttribute("aria-describedby", help.id)
  const map = new AreaMap(await openMap(box, fieldset.dataset["tilesUrl"] ?? "", { zoomIn, zoomOut }), editor, place)
  await map.units(fieldset.dataset["unitsUrl"])
  map.show(editor.shapes)
  map.fit(fieldset.dataset["view"])
  return map
}

export class AreaMap {
  private readonly drawn = L.featureGroup()
  private readonly outlines: Units
  private readonly cross: Cross
  private readonly bar = document.createElement("div")
  private layers: (L.Path | undefined)[] = []
  private hand?: Hand
  private from?: HTMLElement

  constructor(readonly map: L.Map, private readonly editor: Editor, place: HTMLElement) {
    this.bar.className = "area-drawing"
    this.bar.hidden = true
    this.bar.addEventListener("keydown", event => {
      if (event.key === "Escape") this.finish()
    })
    place.prepend(this.bar)
    this.outlines = new Units(map, code => this.pick(code))
    this.drawn.addTo(map)
    this.cross = new Cross(map, this.bar, editor, shape => this.finish(shape))
  }

  // units draws the outlines of the office's units; without them the map works too.
  async units(url: string | undefined): Promise<void> {
    if (url) await this.outlines.load(url)
  }

  // point shows which unit is being chosen.
  point(code: string): void {
    const bounds = this.outlines.point(code)
    if (bounds) show(this.map, bounds)
  }

  // pick takes the unit that was clicked into the area, or out of it.
  private pick(code: string): void {
    if (!this.bar.hidden) return // something is being drawn
    const n = this.editor.known()?.findIndex(s => s.kind === "unit" && s.code === code) ?? -1
    if (n < 0) this.editor.add({ kind: "unit", code })
    else this.editor.remove(n)
  }

  show(shapes: Shape[]): void {
    if (this.hand?.editing) return this.hand.load(shapes)
    this.drawn.clearLayers()
    const chosen = new Set<string>()
    this.layers = shapes.map(s => {
      if (s.kind === "unit") chosen.add(s.code)
      const layer = layerOf(s)
      layer?.addTo(this.drawn)
      return layer
    })
    this.outlines.choose(chosen)
  }

  // fit shows what is drawn; where nothing is, what view says, a place with its zoom or a box, or the units.
  fit(view: string | undefined): void {
    const shown = this.drawn.getBounds()
    const said = (view ?? "").split(",").map(Number)
    const [a = NaN, b = NaN, c = NaN, d = NaN] = said
    if (shown.isValid()) show(this.map, shown)
    else if (said.length === 3 && Number.isFinite(a + b + c)) this.map.setView([a, b], c, { animate: false })
    else if (said.length === 4 && Number.isFinite(a + b + c + d)) show(this.map, L.latLngBounds([b, a], [d, c]))
    else show(this.map, this.outlines.bounds)
  }

  focus(): void {
    this.map.getContainer().focus()
  }

  // reveal shows a shape of the list.
  reveal(n: number): void {
    const shape = this.editor.shapes[n]
    const layer = this.layers[n]
    if (shape?.kind === "unit") this.point(shape.code)
    else if (layer) show(this.map, (layer as L.Polygon).getBounds())
  }

  // draw begins a shape: both ways at once, whichever is used first.
  async draw(kind: "polygon" | "circle", from: HTMLElement): Promise<void> {
    this.stop()
    this.begin(from)
    this.cross.begin(kind)
    this.editor.say(kind === "polygon" ? this.editor.words.drawPolygon : this.editor.words.drawCircle)
    this.focus()
    const hand = await this.withHand()
    if (this.cross.drawing !== kind || this.cross.begun) return // it was ended or begun while the hand was fetched
    hand.draw(kind, shape => this.finish(shape))
    this.cross.used = () => hand.rest()
    this.cross.otherCorners = () => hand.corners()
  }

  // edit lets corners be dragged until somebody presses Done.
  async edit(from: HTMLElement): Promise<void> {
    if (this.hand?.editing) return this.finish()
    this.stop()
    const shapes = this.editor.known()
    if (!shapes) return this.editor.say(filled(this.editor.words.notRead, { why: "" }))
    const hand = await this.withHand()
    this.begin(from)
    from.setAttribute("aria-pressed", "true")
    this.drawn.clearLayers()
    const left = hand.edit(shapes, changed => this.editor.change(changed))
    this.editor.say(left ? `${this.editor.words.editing} ${this.editor.words.far}` : this.editor.words.editing)
    this.bar.replaceChildren(this.doneButton())
  }

  private doneButton(): HTMLElement {
    const done = document.createElement("button")
    done.type = "button"
    done.textContent = this.editor.words.done
    done.addEventListener("click", () => this.finish())
    return done
  }

  private begin(from: HTMLElement): void {
    this.from = from
    this.bar.hidden = false
    this.map.getContainer().classList.add("map-drawing") // units are not in the way of the hand
  }

  // finish ends drawing, with a new shape or without.
  private finish(shape?: Shape): void {
    this.stop()
    if (shape) this.editor.add(shape)
    else this.show(this.editor.shapes)
    this.from?.focus()
  }

  private stop(): void {
    this.from?.removeAttribute("aria-pressed")
    this.cross.end()
    this.hand?.stop()
    this.bar.hidden = true
    this.map.getContainer().classList.remove("map-drawing")
    this.bar.replaceChildren()
  }

  private async withHand(): Promise<Hand> {
    this.hand ??= new (await import("./draw")).Hand(this.map)
    return this.hand
  }
}

// layerOf draws a shape; a unit is drawn by its outline, where there is one.
function layerOf(s: Shape): L.Path | undefined {
  const className = "map-alert map-drawn"
  switch (s.kind) {
    case "polygon": return L.polygon(unwrapped(s.ring).map(p => L.latLng(p.lat, p.lon)), { className, interactive: false })
    case "circle": return L.circle([s.centre.lat, s.centre.lon], { radius: s.km * 1000, className, interactive: false })
    case "unit": return undefined
  }
}
