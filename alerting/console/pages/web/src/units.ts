// The outlines of the office's administrative units on the map of the area editor: each can be clicked. They lie below what is drawn, small
// ones above large ones, so that a click takes the smallest that is there; larger ones are in the list beside the map.
import L from "leaflet"
import type { FeatureCollection } from "geojson"
import { asked } from "./basemap"

// resting is how long the map must rest before more outlines are fetched, in milliseconds.
const resting = 400

export class Units {
  bounds = L.latLngBounds([])
  private readonly outlines = new Map<string, L.Polygon>()
  private chosen = new Set<string>()
  private timer = 0

  constructor(private readonly map: L.Map, private readonly pick: (code: string) => void) {
    map.createPane("units").style.zIndex = "350" // below what is drawn (400)
  }

  // load draws what an address gives. Where it has more than one answer holds, what lies in the part of the map that is looked at is
  // fetched as it moves.
  async load(url: string): Promise<void> {
    try {
      const all = await this.take(url)
      for (const outline of this.outlines.values()) this.bounds.extend(outline.getBounds())
      if (!all) this.map.on("moveend", () => this.later(url))
    } catch (why) {
      console.error("the units are missing", why)
    }
  }

  private later(url: string): void {
    clearTimeout(this.timer)
    this.timer = window.setTimeout(() => {
      this.take(`${url}?box=${boxOf(this.map.getBounds())}`).catch((why: unknown) => console.error("units are missing here", why))
    }, resting)
  }

  // take draws the units of one answer, and reports whether there are no others.
  private async take(url: string): Promise<boolean> {
    const answer = await asked(url)
    const got = await answer.json() as FeatureCollection
    L.geoJSON(got, {
      pane: "units", interactive: true, style: { className: "map-unit" }, filter: f => !this.outlines.has(String(f.properties?.["code"])),
      onEachFeature: (f, layer) => {
        const code = String(f.properties?.["code"] ?? "")
        const label = document.createElement("span") // a text would be read as HTML
        label.textContent = String(f.properties?.["name"] || code)
        layer.bindTooltip(label, { sticky: true })
        layer.on("click", event => {
          L.DomEvent.stop(event)
          this.pick(code)
        })
        this.outlines.set(code, layer as L.Polygon)
      },
    }).addTo(this.map)
    const size = (p: L.Polygon): number => {
      const b = p.getBounds()
      return (b.getEast() - b.getWest()) * (b.getNorth() - b.getSouth())
    }
    for (const outline of [...this.outlines.values()].sort((a, b) => size(b) - size(a))) outline.bringToFront()
    this.choose(this.chosen)
    return !answer.headers.get("link")
  }

  // point marks the unit that is being chosen, and says where it is.
  point(code: string): L.LatLngBounds | undefined {
    for (const [name, outline] of this.outlines) outline.getElement()?.classList.toggle("map-pointed", name === code)
    return this.outlines.get(code)?.getBounds()
  }

  // choose marks the units that are in the area.
  choose(chosen: Set<string>): void {
    this.chosen = chosen
    for (const [code, outline] of this.outlines) outline.getElement()?.classList.toggle("map-chosen", chosen.has(code))
  }
}

// boxOf are the bounds of a map as the address has them: west, south, east, north. A map that shows the world more than once shows all of it.
function boxOf(b: L.LatLngBounds): string {
  const turn = (lon: number): number => ((lon + 180) % 360 + 360) % 360 - 180
  const whole = b.getEast() - b.getWest() >= 360
  const at = [whole ? -180 : turn(b.getWest()), Math.max(-90, b.getSouth()), whole ? 180 : turn(b.getEast()), Math.min(90, b.getNorth())]
  return at.map(v => v.toFixed(5)).join(",")
}
