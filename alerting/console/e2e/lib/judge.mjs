// What is asked of every page: axe finds nothing, it fits on a phone, it is small and quick, and it has one heading and its landmarks.
import { readFileSync } from "node:fs"
import { createRequire } from "node:module"

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8")

// axeFinds runs axe on a page (by the debugger's door: the pages' own policy lets no script in). Only what is wrong is worked out in full.
export async function axeFinds(page) {
  await page.evaluate(axe + "; undefined")
  const found = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"], runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }))
  return found.violations.map(v => `axe ${v.id}: ${v.help}: ${v.nodes.map(n => n.target.join(" ")).slice(0, 3).join("; ")}`)
}

// structure is what a screen reader needs and axe does not ask.
export async function structure(page) {
  return page.evaluate(() => {
    const faults = []
    const headings = [...document.querySelectorAll("h1,h2,h3,h4")].map(h => Number(h.tagName[1]))
    if (headings.filter(h => h === 1).length !== 1) faults.push(`${headings.filter(h => h === 1).length} headings of the first order`)
    headings.reduce((before, now) => { if (now > before + 1) faults.push(`a heading of order ${now} after one of ${before}`); return now }, 0)
    if (document.documentElement.scrollWidth > document.documentElement.clientWidth + 1) faults.push(`it is ${document.documentElement.scrollWidth} wide on a screen of ${document.documentElement.clientWidth}`)
    if (/\b[a-z]+\.[a-z]+(\.[a-z_]+)+\b/.test(document.querySelector("main")?.innerText.replace(/\S*[@:/]\S*|\S+\.(md|go|yaml|json|xml|csv)\S*/g, "") ?? "")) {
      const key = document.querySelector("main").innerText.replace(/\S*[@:/]\S*/g, "").match(/\b[a-z]+\.[a-z]+(\.[a-z_]+)+\b/)
      if (key && !key[0].includes("www")) faults.push(`it may show a key instead of its words: ${key[0]}`)
    }
    return faults
  })
}

// later is what comes after a first view: the page asks for the chart of a delivery when all else is there (app.ts).
const later = /\/static\/chart[-.]/

// Weighed is a tab that counts what comes over the wire. The cache is empty for every page.
export class Weighed {
  static async of(page) {
    const tab = new Weighed(), session = await page.context().newCDPSession(page)
    Object.assign(tab, { page, bytes: 0, open: new Set(), settled: () => {} })
    await session.send("Network.enable")
    await session.send("Network.setCacheDisabled", { cacheDisabled: true })
    session.on("Network.requestWillBeSent", e => { if (e.type !== "EventSource" && !later.test(e.request.url)) tab.open.add(e.requestId) })
    session.on("Network.responseReceived", e => { if (e.response.mimeType === "text/event-stream") tab.done(e.requestId, 0) })
    session.on("Network.loadingFinished", e => tab.done(e.requestId, e.encodedDataLength))
    session.on("Network.loadingFailed", e => tab.done(e.requestId, 0))
    return tab
  }

  // begin starts the count of another page.
  begin() {
    this.bytes = 0
    this.open.clear()
  }

  done(request, bytes) {
    if (!this.open.delete(request)) return
    this.bytes += bytes
    if (this.open.size === 0) this.settled()
  }

  // weight is how much a first view of the page that was opened brings over the wire, in bytes, with what its scripts ask for as they start,
  // and how long the server took for the page itself, in milliseconds.
  async weight(answer) {
    await this.page.evaluate(() => new Promise(drawn => requestAnimationFrame(() => setTimeout(drawn))))
    if (this.open.size > 0) {
      let late
      await Promise.race([new Promise(yes => { this.settled = yes }), new Promise(yes => { late = setTimeout(yes, 5000) })])
      clearTimeout(late)
    }
    const timing = answer.request().timing()
    return { bytes: this.bytes, ms: timing.responseStart - timing.requestStart }
  }
}
