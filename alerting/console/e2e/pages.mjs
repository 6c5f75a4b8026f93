// Every page that somebody can reach by links: judged in both languages, wide and narrow, with a picture and the accessibility tree of each.
import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { Person } from "./lib/person.mjs"
import { axeFinds, structure, weight } from "./lib/judge.mjs"
import { snapshot } from "./lib/story.mjs"

// most bounds how many pages of one shape are looked at, and how many in all.
const most = { ofShape: 1, all: 80 }

// shapeOf is a path with what names a single thing taken out.
const shapeOf = path => path.split("?")[0].split("/").map(part => /[0-9A-F]{8,}|^\d+$|%/i.test(part) ? "ID" : part).join("/")

// reach follows links from a page on, and gives one path of each shape.
async function reach(person, from) {
  const seen = new Map(), todo = [from]
  while (todo.length > 0 && seen.size < most.all) {
    const path = todo.shift(), shape = shapeOf(path)
    if (seen.has(shape)) continue
    const answer = await person.page.goto(path, { waitUntil: "domcontentloaded" }).catch(why => {
      if (!String(why).includes("Download is starting")) throw why
    })
    if (!answer) { seen.set(shape, null); continue }
    const type = answer?.headers()["content-type"] ?? ""
    if (!type.startsWith("text/html")) continue
    // What somebody may not enter says so; everything else that a link leads to must be there.
    if (answer.status() === 403) { seen.set(shape, null); continue }
    if (answer.status() >= 400) { person.faults.push(`${path}: a link leads to ${answer.status()}`); seen.set(shape, null); continue }
    seen.set(shape, path)
    const links = await person.page.$$eval("a[href]:not([download])", all => all.map(a => a.href))
    for (const href of links) {
      const url = new URL(href)
      if (url.origin === new URL(person.page.url()).origin && !/^\/(api|static|feeds)\b/.test(url.pathname) && !/\.(csv|xlsx|json|xml)$/.test(url.pathname)) todo.push(url.pathname + url.search)
    }
  }
  return [...seen.values()].filter(Boolean)
}

const fileName = path => (path.replace(/^\/|\/$/g, "").replace(/[^a-z0-9]+/gi, "-").slice(0, 80) || "root")

// judgePages looks at all pages as one person sees them, but for those that somebody before him had (judged). It gives the faults and
// prints the heaviest and the slowest page.
export async function judgePages(browser, office, name, pictures, judged) {
  const faults = []
  const scout = await Person.come(browser, office, name)
  await scout.logIn()
  const paths = (await reach(scout, "/actual/")).filter(path => !judged.has(shapeOf(path)))
  for (const path of paths) judged.add(shapeOf(path))
  faults.push(...scout.faults)
  let heaviest = { bytes: 0 }, slowest = { ms: 0 }
  for (const path of paths) {
    const w = await weight(scout.context, path)
    if (w.bytes > heaviest.bytes) heaviest = { ...w, path }
    if (w.ms > slowest.ms) slowest = { ...w, path }
    if (w.bytes > 100 * 1024) faults.push(`${path}: a first view of ${w.bytes} bytes`)
  }
  const state = await scout.context.storageState()
  await scout.close()
  // In CI the half of it, crosswise: English wide, Chinese narrow.
  for (const lang of ["en", "zh"]) {
    for (const width of [1280, 390]) {
      if (process.env.CI === "true" && (lang === "en") !== (width === 1280)) continue
      const person = await Person.come(browser, office, name, { lang, width, height: width === 390 ? 844 : 900 })
      await person.context.addCookies(state.cookies.filter(c => c.name !== "tocsin-lang"))
      const folder = join(pictures, `${name}-${lang}-${width}`)
      mkdirSync(folder, { recursive: true })
      for (const path of paths) {
        await person.page.goto(path, { waitUntil: "load" })
        const found = [...await structure(person.page), ...await axeFinds(person.page)]
        if (await person.page.locator("html").getAttribute("lang") !== lang) found.push("it is in another language")
        faults.push(...found.map(f => `${path} (${lang}, ${width} px): ${f}`))
        await snapshot(person.page, join(folder, fileName(path)))
      }
      faults.push(...person.faults.map(f => `${lang}, ${width} px: ${f}`))
      await person.close()
    }
  }
  console.log(`${name}: ${paths.length} pages; heaviest ${heaviest.path} ${Math.round(heaviest.bytes / 1024)} KB, slowest ${slowest.path} ${Math.round(slowest.ms)} ms`)
  return faults
}
