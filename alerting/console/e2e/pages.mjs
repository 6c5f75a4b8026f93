// Every page that somebody can reach by links: judged in both languages, wide and narrow, with a picture and the accessibility tree of each.
// Several tabs work at once, as many as the machine has use for, and what was judged on the way is not loaded again.
import { mkdirSync } from "node:fs"
import { availableParallelism } from "node:os"
import { join } from "node:path"
import { Person } from "./lib/person.mjs"
import { Weighed, axeFinds, structure } from "./lib/judge.mjs"
import { snapshot } from "./lib/story.mjs"

// most bounds how many pages of one shape are looked at, and how many in all.
const most = { ofShape: 1, all: 80 }

// atOnce is how many tabs load and judge pages at the same time. More would have the API send questions away.
const atOnce = Math.max(2, Math.min(3, availableParallelism()))

// shapeOf is a path with what names a single thing taken out.
const shapeOf = path => path.split("?")[0].split("/").map(part => /[0-9A-F]{8,}|^\d+$|%/i.test(part) ? "ID" : part).join("/")

// share has some workers do a list of things, and gives what came of each, in the order of the list.
async function share(workers, list, work) {
  const out = [], todo = [...list.entries()]
  await Promise.all(workers.map(async worker => {
    for (let next = todo.shift(); next; next = todo.shift()) out[next[0]] = await work(worker, next[1])
  }))
  return out
}

// reach follows links from a page on, all pages of one distance after those of the one before, and gives what look found of one page of
// each shape. What it finds does not depend on which tab is quicker.
async function reach(person, tabs, from, look) {
  const seen = new Set(), pages = []
  for (let level = [from]; level.length > 0 && seen.size < most.all;) {
    const now = []
    for (const path of level) {
      const shape = shapeOf(path)
      if (seen.has(shape) || seen.size >= most.all) continue
      seen.add(shape)
      now.push(path)
    }
    const found = await share(tabs, now, (tab, path) => visit(person, tab, path, look))
    pages.push(...found.filter(f => f.page).map(f => f.page))
    level = found.flatMap(f => f.links)
  }
  return pages
}

// visit opens a page, and gives what look finds there, and where it leads.
async function visit(person, tab, path, look) {
  const nothing = { page: null, links: [] }
  tab.begin()
  const answer = await tab.page.goto(path, { waitUntil: "load" }).catch(why => {
    if (!String(why).includes("Download is starting")) throw why
  })
  if (!answer || !(answer.headers()["content-type"] ?? "").startsWith("text/html")) return nothing
  // What somebody may not enter says so; everything else that a link leads to must be there.
  if (answer.status() === 403) return nothing
  if (answer.status() >= 400) { person.faults.push(`${path}: a link leads to ${answer.status()}`); return nothing }
  const page = await look(tab, path, answer)
  const links = await tab.page.$$eval("a[href]:not([download])", all => all.map(a => a.href))
  const origin = new URL(tab.page.url()).origin
  return { page, links: links.map(href => new URL(href)).filter(url => url.origin === origin && !/^\/(api|static|feeds)\b/.test(url.pathname) && !/\.(csv|xlsx|json|xml)$/.test(url.pathname))
    .map(url => url.pathname + url.search) }
}

const fileName = path => (path.replace(/^\/|\/$/g, "").replace(/[^a-z0-9]+/gi, "-").slice(0, 80) || "root")

// tabsOf opens the tabs of a person.
const tabsOf = async person => Promise.all(Array.from({ length: atOnce }, async (_, n) => Weighed.of(n === 0 ? person.page : await person.tab())))

// judge looks at the page that a tab shows.
async function judge(tab, path, { lang, width, folder }) {
  const found = [...await structure(tab.page), ...await axeFinds(tab.page)]
  if (await tab.page.locator("html").getAttribute("lang") !== lang) found.push("it is in another language")
  await snapshot(tab.page, join(folder, fileName(path)))
  return found.map(f => `${path} (${lang}, ${width} px): ${f}`)
}

// view is a language and a width in which somebody looks, with the folder of its pictures.
function view(name, lang, width, pictures) {
  const folder = join(pictures, `${name}-${lang}-${width}`)
  mkdirSync(folder, { recursive: true })
  return { lang, width, folder }
}

// judgePages looks at all pages as one person sees them, but for those that somebody before him had (judged). It gives the faults and
// prints the heaviest and the slowest page.
export async function judgePages(browser, office, name, pictures, judged) {
  const faults = [], first = view(name, "en", 1280, pictures)
  const scout = await Person.come(browser, office, name)
  await scout.logIn()
  let heaviest = { bytes: 0 }, slowest = { ms: 0 }
  const found = await reach(scout, await tabsOf(scout), "/actual/", async (tab, path, answer) => {
    if (judged.has(shapeOf(path))) return null
    const w = await tab.weight(answer)
    if (w.bytes > heaviest.bytes) heaviest = { ...w, path }
    if (w.ms > slowest.ms) slowest = { ...w, path }
    if (w.bytes > 100 * 1024) faults.push(`${path}: a first view of ${w.bytes} bytes`)
    faults.push(...await judge(tab, path, first))
    return path
  })
  const paths = found.filter(Boolean)
  for (const path of paths) judged.add(shapeOf(path))
  faults.push(...scout.faults)
  const state = await scout.context.storageState()
  await scout.close()
  // In CI the half of it, crosswise: English wide, Chinese narrow.
  for (const [lang, width] of [["en", 390], ["zh", 1280], ["zh", 390]]) {
    if (process.env.CI === "true" && (lang === "en") !== (width === 1280)) continue
    const person = await Person.come(browser, office, name, { lang, width, height: width === 390 ? 844 : 900 })
    await person.context.addCookies(state.cookies.filter(c => c.name !== "tocsin-lang"))
    const here = view(name, lang, width, pictures)
    faults.push(...(await share(await tabsOf(person), paths, async (tab, path) => {
      await tab.page.goto(path, { waitUntil: "load" })
      return judge(tab, path, here)
    })).flat())
    faults.push(...person.faults.map(f => `${lang}, ${width} px: ${f}`))
    await person.close()
  }
  console.log(`${name}: ${paths.length} pages; heaviest ${heaviest.path} ${Math.round(heaviest.bytes / 1024)} KB, slowest ${slowest.path} ${Math.round(slowest.ms)} ms`)
  return faults
}
