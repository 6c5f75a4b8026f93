// The delivery of an alert, live: the server sends the part of the page that changes (text/event-stream), and the stream ends by itself
// when nothing can change any more. Without it the link below the table reloads the page.
import htmx from "./htmx"

const quietFor = 15_000 // milliseconds between two things that a screen reader is told

export function start(box: HTMLElement): void {
  const url = box.dataset["delivery"] ?? ""
  const said = box.querySelector<HTMLElement>("[data-delivery-said]")
  const reload = document.querySelector<HTMLElement>("[data-delivery-reload]")
  let source: EventSource | undefined
  let told = Date.now()

  function open(): void {
    source?.close()
    source = new EventSource(url)
    source.addEventListener("delivery", event => {
      if (reload) reload.hidden = true
      const target = box.querySelector<HTMLElement>("#delivery")
      if (target) void htmx.swap({ sourceElement: box, target, swap: "outerMorph", text: (event as MessageEvent<string>).data } as never)
      if (Date.now() - told > quietFor) tell()
    })
    source.addEventListener("settled", () => {
      close()
      setTimeout(tell, 500) // after the last change is drawn
    })
    // A refusal ends the stream for good, and a lost line is opened again by the browser: until then one can reload.
    source.addEventListener("error", () => { if (reload) reload.hidden = false })
  }

  function close(): void {
    source?.close()
    source = undefined
    document.removeEventListener("visibilitychange", seen)
  }

  // tell says the summary to whoever does not see it, now and then.
  function tell(): void {
    told = Date.now()
    const text = box.querySelector("[data-delivery-summary]")?.textContent
    if (said && text && said.textContent !== text) said.textContent = text
  }

  // Nobody looks at a hidden page: it takes up again when it is seen.
  function seen(): void {
    if (!document.hidden) open()
    else { source?.close(); source = undefined }
  }

  document.addEventListener("visibilitychange", seen)
  if (!document.hidden) open()
}
