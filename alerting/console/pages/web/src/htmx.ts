// htmx as the pages may use it: it asks the office alone, writes no styles, and never makes code out of text. The strict
// Content-Security-Policy of the pages says the same; this holds where a browser does not know the policy.
import htmx from "htmx.org"

htmx.config.mode = "same-origin"
// Going back asks the server again: what a page says about a warning must not come out of a cache.
htmx.config.history = "reload"
htmx.config.defaultTimeout = 30_000 // milliseconds

// It adds a style sheet for its indicators when it is loaded; ours are in the style sheet of the pages.
const indicators = (htmx as unknown as { indicatorStyleSheet?: CSSStyleSheet }).indicatorStyleSheet
document.adoptedStyleSheets = document.adoptedStyleSheets.filter(sheet => sheet !== indicators)

// hx-on, js: and the filters of hx-trigger would be compiled by these: no page of ours has any.
function refused(): never {
  throw new Error("the pages run no code that comes as text: write a module")
}
htmx.registerExtension("no-eval", {
  init(api: { initSecurity(policy: null, sync: unknown, async: unknown): void }) {
    api.initSecurity(null, refused, refused)
  },
})

export default htmx
