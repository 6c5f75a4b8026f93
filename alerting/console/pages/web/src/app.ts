// What every page loads: htmx, and the modules that a page asks for by what stands on it. A page works without any of it.
import htmx from "./htmx"

// Module is what a part of a page needs: start is called once for each element that its selector finds.
interface Module {
  start(element: HTMLElement): void | Promise<void>
}

// The modules, by what asks for them. Each is a file of its own, which is fetched when the first such element is seen.
const modules: Record<string, () => Promise<Module>> = {
  "[data-area-editor]": () => import("./area"),
  "form[data-autosave]": () => import("./autosave"),
  "[data-chart]": () => afterFirstView().then(() => import("./chart")),
  "[data-delivery]": () => import("./delivery"),
  "[data-map]": () => import("./map"),
  "[data-passkey]": () => import("./passkey"),
  "[data-refresh]": () => import("./refresh"),
  "[data-passkey-login], [data-passkey-add]": () => import("./passkeylogin"),
  "[data-setup]": () => import("./setuplink"),
}

// afterFirstView waits until the page is there with all that it shows, and a little: a chart has nothing to draw before a second moment
// has come.
function afterFirstView(): Promise<void> {
  return new Promise(resolve => {
    const soon = (): void => void setTimeout(resolve, 500)
    if (document.readyState === "complete") soon()
    else addEventListener("load", soon, { once: true })
  })
}

const started = new WeakSet<Element>()

// begin starts what stands in a part of the page and is not started yet. Where a module cannot be fetched, the page stays as the server
// made it, which is usable.
function begin(root: ParentNode): void {
  for (const [selector, load] of Object.entries(modules)) {
    for (const element of root.querySelectorAll<HTMLElement>(selector)) {
      if (started.has(element)) continue
      started.add(element)
      load().then(m => m.start(element)).catch((why: unknown) => {
        started.delete(element)
        console.error(`${selector} did not start`, why)
      })
    }
  }
}

begin(document)
htmx.on("htmx:after:process", () => begin(document))
