// make e2e: people at the pages of the demonstration office, in a real headless browser. It prints a line for each test and "N passed,
// M failed" in the end. In the folder that it names it leaves a picture and the accessibility tree of every page, and of every step of the
// stories.
import { appendFileSync, mkdtempSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { chromium } from "playwright-core"
import { Office } from "./lib/office.mjs"
import { judgePages } from "./pages.mjs"
import { bare } from "./stories/bare.mjs"
import { flood } from "./stories/flood.mjs"
import { power } from "./stories/power.mjs"
import { second } from "./stories/second.mjs"
import { template } from "./stories/template.mjs"

const pictures = process.env.E2E_PICTURES || mkdtempSync(join(tmpdir(), "tocsin-pictures-"))
const only = process.argv.slice(2)
let passed = 0, failed = 0

// test runs one and says how it went; what it gives are faults, in words.
async function test(name, run) {
  if (only.length > 0 && !only.some(part => name.includes(part))) return
  const began = Date.now()
  let faults
  try { faults = await run() ?? [] } catch (why) { faults = [why.stack ?? String(why)] }
  const seconds = ((Date.now() - began) / 1000).toFixed(1)
  if (faults.length === 0) { passed++; console.log(`ok   ${name} (${seconds} s)`); return }
  failed++
  console.log(`FAIL ${name} (${seconds} s)`)
  for (const f of faults) console.log(`     ${f}`)
}

const office = await Office.open()
const browser = await chromium.launch({ executablePath: process.env.TOCSIN_TEST_CHROMIUM || "/usr/bin/chromium", args: process.getuid?.() === 0 ? ["--no-sandbox"] : [] })
try {
  const judged = new Set()
  for (const name of ["demo-duty", "demo-author", "demo-approver", "demo-chief"]) await test(`every page of ${name}`, () => judgePages(browser, office, name, pictures, judged))
  await test("story: two people and a flood", () => flood(browser, office, pictures))
  await test("story: two people and a flood, in Chinese", () => flood(browser, office, pictures, { lang: "zh", judged: false }))
  await test("story: a template in six actions", () => template(browser, office, pictures))
  await test("story: second signatures by passkey", () => second(browser, office, pictures))
  await test("story: without JavaScript", () => bare(browser, office, pictures))
  await test("story: the power fails while somebody writes", () => power(browser, office, pictures))
} finally {
  await browser.close()
  await office.close()
}
// Whoever adds up all tests of a run names a file in TALLY (.ci/tally).
if (process.env.TALLY) appendFileSync(process.env.TALLY, `${passed} ${failed} 0\n`)
console.log(`pictures: ${pictures}`)
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed > 0 || passed === 0 ? 1 : 0
