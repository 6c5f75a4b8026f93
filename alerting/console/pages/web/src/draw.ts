// Drawing with the mouse or a finger: terra-draw upon Leaflet. It is fetched when somebody begins to draw.
import L from "leaflet"
import { TerraDraw, TerraDrawCircleMode, TerraDrawPolygonMode, TerraDrawSelectMode, type GeoJSONStoreFeatures } from "terra-draw"
import { TerraDrawLeafletAdapter } from "terra-draw-leaflet-adapter"
import type { Position } from "geojson"
import { drawn, unwrapped, write, type Place, type Shape } from "./lines"

// The adapter writes a style element for each of its panes, which the policy of the pages forbids; the same as a property it allows.
class Adapter extends TerraDrawLeafletAdapter {
  constructor(private readonly panes: L.Map) {
    super({ lib: L, map: panes, coordinatePrecision: 9 })
    const paneOf = (name: string, above: number): HTMLElement => {
      const pane = this.panes.getPane(name) ?? this.panes.createPane(name)
      pane.style.zIndex = String(600 + above)
      return pane
    }
    // What it returns is removed when the drawing is cleared: the pane stays, and is used again.
    Object.assign(this, { createPaneStyleSheet: (name: string, above: number) => (paneOf(name, above), document.createElement("i")) })
  }
}

// maxEdited is how many corners are drawn as handles: a coast would be slow, and nobody drags it corner by corner.
const maxEdited = 2000

export class Hand {
  editing = false
  private readonly terra: TerraDraw
  private done?: (shape: Shape) => void
  private changed?: (shapes: Shape[]) => void
  // order is the shapes while they are edited, with the id of those that terra-draw has.
  private order: { shape: Shape, id?: string | number }[] = []

  constructor(map: L.Map) {
    const free = { draggable: true, coordinates: { midpoints: true, draggable: true, deletable: true } }
    this.terra = new TerraDraw({
      adapter: new Adapter(map),
      modes: [
        // Keys are the business of the cross.
        // A polygon that crosses itself is drawn too: the findings of the draft say it, in words.
        new TerraDrawPolygonMode({ keyEvents: null }),
        new TerraDrawCircleMode({ keyEvents: null, projection: "web-mercator", segments: 64 }),
        new TerraDrawSelectMode({
          flags: { polygon: { feature: free }, circle: { feature: { draggable: true, coordinates: { midpoints: false, resizable: "center-fixed" } } } },
          keyEvents: null,
        }),
      ],
    })
    this.terra.on("finish", (id, context) => this.finished(id, context.action))
  }

  draw(kind: "polygon" | "circle", done: (shape: Shape) => void): void {
    this.begin()
    this.done = done
    this.terra.setMode(kind)
  }

  // corners are those of the polygon that is being drawn, without the one that hangs on the mouse.
  corners(): Place[] {
    if (!this.terra.enabled) return []
    const half = this.terra.getSnapshot().find(f => f.geometry.type === "Polygon")
    const ring = half?.geometry.type === "Polygon" ? half.geometry.coordinates[0] ?? [] : []
    return ring.slice(0, -2).map(([lon = 0, lat = 0]: Position) => drawn(lat, lon))
  }

  // rest lets the mouse alone while the keyboard draws.
  rest(): void {
    if (this.terra.enabled) this.terra.setMode("static")
  }

  // edit shows shapes with handles, and says how many it left out: those beyond the antimeridian, and those with too many corners.
  edit(shapes: Shape[], changed: (shapes: Shape[]) => void): number {
    this.begin()
    this.editing = true
    this.changed = changed
    this.load(shapes)
    this.terra.setMode("select")
    return this.order.filter(o => o.shape.kind !== "unit" && o.id === undefined).length
  }

  // load shows other shapes while they are edited; its own it has, and a corner that is being dragged stays chosen.
  load(shapes: Shape[]): void {
    if (write(shapes) === write(this.order.map(o => o.shape))) return
    this.terra.clear()
    this.order = shapes.map(shape => {
      const feature = featureOf(shape)
      if (!feature) return { shape }
      const [added] = this.terra.addFeatures([feature])
      return added?.valid && added.id !== undefined ? { shape, id: added.id } : { shape }
    })
  }

  stop(): void {
    if (this.terra.enabled) {
      this.terra.clear()
      this.terra.stop()
    }
    this.editing = false
    this.done = this.changed = undefined
    this.order = []
  }

  private begin(): void {
    this.stop()
    this.terra.start()
  }

  private finished(id: string | number, action: string): void {
    const feature = this.terra.getSnapshotFeature(id)
    const shape = feature && shapeOf(feature)
    if (!shape) return
    if (action === "draw") return this.done?.(shape)
    this.order = this.order.map(o => o.id === id ? { shape, id } : o)
    this.changed?.(this.order.map(o => o.shape))
  }
}

// featureOf is a shape as terra-draw wants it; undefined for what it cannot change.
function featureOf(s: Shape): GeoJSONStoreFeatures | undefined {
  if (s.kind === "unit") return undefined
  const ring = s.kind === "polygon" ? s.ring : roundOf(s.centre, s.km)
  if (ring.length > maxEdited || unwrapped(ring).some(p => Math.abs(p.lon) > 180)) return undefined
  const properties: GeoJSONStoreFeatures["properties"] = s.kind === "circle" ? { mode: "circle", radiusKilometers: s.km } : { mode: "polygon" }
  return { type: "Feature", properties, geometry: { type: "Polygon", coordinates: [ring.map(p => [rounded(p.lon), rounded(p.lat)])] } }
}

const rounded = (v: number): number => Math.round(v * 1e9) / 1e9

function shapeOf(f: GeoJSONStoreFeatures): Shape | undefined {
  if (f.geometry.type !== "Polygon") return undefined
  const corners = (f.geometry.coordinates[0] ?? []).map(([lon = 0, lat = 0]: Position) => ({ lat, lon }))
  if (corners.length < 4) return undefined
  if (f.properties["mode"] === "circle") return circleOf(corners)
  return { kind: "polygon", ring: corners.map(p => drawn(p.lat, p.lon)) }
}

// circleOf finds the circle of a round outline: its middle, and how far its southernmost and northernmost points lie apart.
function circleOf(corners: Place[]): Shape {
  const lats = corners.map(p => p.lat)
  const lons = corners.map(p => p.lon)
  const middle = (all: number[]): number => (Math.min(...all) + Math.max(...all)) / 2
  const centre = drawn(middle(lats), middle(lons))
  const metres = L.CRS.Earth.distance(L.latLng(Math.min(...lats), 0), L.latLng(Math.max(...lats), 0)) / 2
  return { kind: "circle", centre, km: Math.max(0.001, Math.round(metres) / 1000) }
}

// roundOf is the outline of a circle upon the map.
function roundOf(centre: Place, km: number): Place[] {
  const tall = km / 111.195
  const wide = tall / Math.max(0.01, Math.cos(centre.lat * Math.PI / 180))
  const out: Place[] = []
  for (let i = 0; i < 64; i++) {
    const angle = 2 * Math.PI * i / 64
    out.push({ lat: centre.lat + tall * Math.sin(angle), lon: centre.lon + wide * Math.cos(angle) })
  }
  return [...out, out[0] ?? centre]
}
