// The map of home and of an alert, which takes the place of the drawing (package svgmap) when somebody asks for it:
//
//	<figure data-map data-shapes-url="/…" data-zoom-in="…" data-zoom-out="…" data-failed="…" [data-tiles-url="…"]>
//	  <svg>…</svg> <button type="button" data-map-open hidden>…</button> <p data-map-status role="status"></p>
//	</figure>
//
// The shapes are the GeoJSON of svgmap: each feature has a "class" as in the drawing, and a "title"; a circle is a Point with
// "radius_m".
import L from "leaflet"
import type { Feature, FeatureCollection } from "geojson"
import { fetched, openMap, show } from "./basemap"

export function start(figure: HTMLElement): void {
  const button = figure.querySelector<HTMLButtonElement>("[data-map-open]")
  if (!button) return
  button.hidden = false
  button.addEventListener("click", () => {
    button.disabled = true
    open(figure, button).catch((why: unknown) => {
      console.error("the map did not open", why)
      button.disabled = false
      const status = figure.querySelector("[data-map-status]")
      if (status) status.textContent = figure.dataset["failed"] ?? ""
    })
  })
}

async function open(figure: HTMLElement, button: HTMLButtonElement): Promise<void> {
  const { shapesUrl = "", tilesUrl = "", zoomIn = "+", zoomOut = "−" } = figure.dataset
  const shapes = await fetched<FeatureCollection>(shapesUrl)
  const drawing = figure.querySelector("svg")
  const box = document.createElement("div")
  box.tabIndex = 0
  box.setAttribute("role", "group")
  box.setAttribute("aria-label", drawing?.querySelector("title")?.textContent ?? button.textContent ?? "")
  if (drawing) drawing.replaceWith(box)
  else figure.prepend(box)
  const map = await openMap(box, tilesUrl, { zoomIn, zoomOut })
  const layer = draw(shapes).addTo(map)
  show(map, layer.getBounds())
  button.remove()
  box.focus()
}

// draw gives the shapes the classes of the drawing, so that one style sheet is for both.
function draw(shapes: FeatureCollection): L.GeoJSON {
  return L.geoJSON(shapes, {
    style: f => ({ className: classOf(f) }),
    pointToLayer(f, at) {
      const radius: unknown = f.properties?.["radius_m"]
      if (typeof radius === "number") return L.circle(at, { radius, className: classOf(f) })
      return L.circleMarker(at, { radius: 5, className: classOf(f) })
    },
    onEachFeature(f, layer) {
      const title: unknown = f.properties?.["title"]
      // Text, never markup: names come from people.
      if (typeof title === "string" && title) layer.bindTooltip(() => document.createTextNode(title) as unknown as HTMLElement)
    },
  })
}

const classOf = (f?: Feature): string => String(f?.properties?.["class"] ?? "")
