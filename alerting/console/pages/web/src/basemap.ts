// The map itself: Leaflet with the land outlines that we ship, and with tiles only where the office names a server of its own.
import L from "leaflet"
import { feature } from "topojson-client"
import type { FeatureCollection } from "geojson"

// Beside this module lie the style sheet of the map and the outlines: they are fetched when the first map is opened.
const beside = (name: string): string => new URL(name, import.meta.url).href

// styled waits until the style sheet of the map is there: Leaflet measures its container.
function styled(): Promise<void> {
  const href = beside("map.css")
  if (document.querySelector(`link[href="${href}"]`)) return Promise.resolve()
  const link = document.createElement("link")
  link.rel = "stylesheet"
  link.href = href
  return new Promise((done, failed) => {
    link.onload = () => done()
    link.onerror = () => failed(new Error(`${href} cannot be fetched`))
    document.head.append(link)
  })
}

// fetched is the JSON at an address of the office.
export async function fetched<T>(url: string): Promise<T> {
  const answer = await fetch(url, { credentials: "same-origin", headers: { accept: "application/json" }, signal: AbortSignal.timeout(30_000) })
  if (!answer.ok) throw new Error(`${url} answers ${answer.status}`)
  return await answer.json() as T
}

// land draws the outlines below everything else. A map without them is poorer, and works.
async function land(map: L.Map): Promise<void> {
  const outlines = await fetched<Parameters<typeof feature>[0]>(beside("land-50m.json"))
  const shapes = feature(outlines, outlines.objects["land"] as never) as unknown as FeatureCollection
  const pane = map.createPane("land")
  pane.style.zIndex = "250"
  // They are many points and never clicked: a canvas draws them in one go.
  const renderer = L.canvas({ pane: "land", padding: 0.5 })
  const style = getComputedStyle(map.getContainer())
  L.geoJSON(shapes, {
    pane: "land",
    interactive: false,
    attribution: "Natural Earth",
    style: {
      renderer, weight: 1,
      color: style.getPropertyValue("--map-shore").trim() || "#7a8a7a",
      fillColor: style.getPropertyValue("--map-land").trim() || "#eef0e6",
      fillOpacity: 1,
    } as L.PathOptions,
  }).addTo(map)
}

// Words of the map's own controls; the server gives them in data-… attributes, so that they are in the reader's language.
export interface MapWords {
  zoomIn: string
  zoomOut: string
}

// openMap makes a map in an element. tiles is the address pattern of the office's own server, or "".
export async function openMap(element: HTMLElement, tiles: string, words: MapWords): Promise<L.Map> {
  await styled()
  element.classList.add("map")
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches
  const map = L.map(element, {
    center: [20, 0], zoom: 2, minZoom: 1, maxZoom: 19, worldCopyJump: true, zoomControl: false, attributionControl: true,
    zoomAnimation: !still, fadeAnimation: !still, inertia: !still,
  })
  map.attributionControl.setPrefix(false)
  L.control.zoom({ zoomInTitle: words.zoomIn, zoomOutTitle: words.zoomOut }).addTo(map)
  L.control.scale({ imperial: false }).addTo(map)
  if (tiles) L.tileLayer(tiles, { maxZoom: 19, referrerPolicy: "same-origin" }).addTo(map)
  land(map).catch((why: unknown) => console.error("the land outlines are missing", why))
  return map
}

// show moves the map to some bounds at once, with a margin.
export function show(map: L.Map, bounds: L.LatLngBounds): void {
  if (bounds.isValid()) map.fitBounds(bounds, { padding: [24, 24], maxZoom: 14, animate: false })
}
