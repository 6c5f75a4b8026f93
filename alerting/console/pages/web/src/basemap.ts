// The map itself: Leaflet with the land outlines that we ship, and with tiles only where the office names a server of its own.
import L from "leaflet"
import { feature } from "topojson-client"
import type { FeatureCollection, MultiPolygon, Position } from "geojson"
import { beside, styled } from "./styles"

// fetched is the JSON at an address of the office.
export async function fetched<T>(url: string): Promise<T> {
  return await (await asked(url)).json() as T
}

// asked is the answer of an address of the office, with its headers.
export async function asked(url: string): Promise<Response> {
  const answer = await fetch(url, { credentials: "same-origin", headers: { accept: "application/json" }, signal: AbortSignal.timeout(30_000) })
  if (!answer.ok) throw new Error(`${url} answers ${answer.status}`)
  return answer
}

// land draws the outlines below everything else. A map without them is poorer, and works.
async function land(map: L.Map): Promise<void> {
  const outlines = await fetched<Parameters<typeof feature>[0]>(beside("land-50m.json"))
  const shapes = feature(outlines, outlines.objects["land"] as never) as unknown as FeatureCollection<MultiPolygon>
  const pane = map.createPane("land")
  pane.style.zIndex = "150"
  pane.style.pointerEvents = "none" // terra-draw hears only what the map itself is hit by
  // They are many points and never clicked: a canvas draws them in one go. They stand three times side by side, so that the sea does not
  // end at the antimeridian.
  const renderer = L.canvas({ pane: "land", padding: 0.5 })
  const fillColor = getComputedStyle(map.getContainer()).getPropertyValue("--map-land").trim() || "#f6f4ec"
  const rings = shapes.features.flatMap(f => f.geometry.coordinates.map(polygon => polygon.map(whole)))
  for (const turn of [-360, 0, 360]) {
    const all = rings.map(polygon => polygon.map(ring => ring.map(([lon = 0, lat = 0]) => L.latLng(lat, lon + turn))))
    L.polygon(all, { pane: "land", renderer, interactive: false, stroke: false, fillColor, fillOpacity: 1 }).addTo(map)
  }
  map.attributionControl.addAttribution("Natural Earth")
}

// whole frees an outline of jumps at the antimeridian, which the file has not cut; one around a pole is closed over it.
function whole(ring: Position[]): Position[] {
  let shift = 0
  const out = ring.map(([lon = 0, lat = 0], i) => {
    const before = ring[i - 1]?.[0] ?? lon
    if (lon - before > 180) shift -= 360
    if (lon - before < -180) shift += 360
    return [lon + shift, lat]
  })
  if (shift === 0) return out
  const lat = (out[0]?.[1] ?? 0) < 0 ? -90 : 90
  return [...out, [out[out.length - 1]?.[0] ?? 0, lat], [out[0]?.[0] ?? 0, lat]]
}

// Words of the map's own controls; the server gives them in data-… attributes, so that they are in the reader's language.
export interface MapWords {
  zoomIn: string
  zoomOut: string
}

// openMap makes a map in an element. tiles is the address pattern of the office's own server, or "".
export async function openMap(element: HTMLElement, tiles: string, words: MapWords): Promise<L.Map> {
  await styled("map.css")
  element.classList.add("map")
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches
  const map = L.map(element, {
    center: [20, 0], zoom: 2, minZoom: 1, maxZoom: 19, worldCopyJump: true, zoomControl: false, attributionControl: true,
    zoomAnimation: !still, fadeAnimation: !still, inertia: !still, maxBounds: [[-90, -540], [90, 540]],
  })
  map.attributionControl.setPrefix(false)
  L.control.zoom({ zoomInTitle: words.zoomIn, zoomOutTitle: words.zoomOut }).addTo(map)
  L.control.scale({ imperial: false }).addTo(map)
  if (tiles) L.tileLayer(tiles, { maxZoom: 19, referrerPolicy: "same-origin", className: "map-tiles" }).addTo(map)
  land(map).catch((why: unknown) => console.error("the land outlines are missing", why))
  return map
}

// show moves the map to some bounds at once, with a margin.
export function show(map: L.Map, bounds: L.LatLngBounds): void {
  if (bounds.isValid()) map.fitBounds(bounds, { padding: [24, 24], maxZoom: 14, animate: false })
}
