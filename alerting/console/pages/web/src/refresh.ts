// A part of a page that is asked for anew every data-refresh seconds, while somebody looks at it: it is given the event "refresh", which
// its hx-trigger waits for.
import htmx from "./htmx"

export function start(part: HTMLElement): void {
  const every = Number(part.dataset["refresh"]) * 1000
  if (!(every >= 1000)) return
  const opened = new Set<string>()

  function ask(): void {
    // A map that somebody opened stays as it is, and with it what is around it.
    if (document.hidden || !part.isConnected || part.querySelector(".leaflet-container")) return
    opened.clear()
    for (const d of part.querySelectorAll("details[open][id]")) opened.add(d.id)
    part.dispatchEvent(new Event("refresh"))
  }

  // The server knows nothing of what was unfolded.
  htmx.on("htmx:after:swap", () => {
    for (const id of opened) document.getElementById(id)?.setAttribute("open", "")
  })
  setInterval(ask, every)
  document.addEventListener("visibilitychange", ask)
}
