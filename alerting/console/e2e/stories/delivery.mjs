// What the page of an alert says about its delivery, against what the gateways took.
import { arrivals } from "../lib/gateways.mjs"

const states = ["queued", "claimed", "sent", "delivered", "acknowledged", "failed", "expired", "cancelled", "opted_out", "uncertain"]

// told reads the table of the page: for each channel how many are targeted, and in which states they are.
async function told(person) {
  const table = person.page.getByRole("table", { name: person.word("alerts.table") })
  const out = {}
  for (const channel of ["sms", "push", "mail", "siren"]) {
    const row = table.getByRole("row", { name: new RegExp(`^${person.word(`alerts.channel.${channel}`)}(\\s|$)`) })
    if (await row.count() === 0) continue
    const [targeted, ...counts] = (await row.getByRole("cell").allInnerTexts()).map(text => Number(text.replace(/[^\d]/g, "")))
    out[channel] = { targeted, ...Object.fromEntries(states.map((s, n) => [s, counts[n]])) }
  }
  return out
}

// agree compares both. What a gateway took is handed over, unless it told later that it failed; what it refused has failed.
export async function agree(story, person, alert) {
  const page = await told(person), gateways = await arrivals(person.office, alert)
  story.same("the channels", Object.keys(page).sort(), Object.keys(gateways).sort())
  for (const [channel, g] of Object.entries(gateways)) {
    const p = page[channel]
    if (!p) continue
    const twice = [...g.arrived.values()].filter(n => n > 1).length
    const never = [...g.refused].filter(r => !g.arrived.has(r)).length
    if (twice) story.fault(`${channel}: ${twice} recipients had it twice`)
    story.same(`${channel}: handed over`, p.sent + p.delivered + p.acknowledged, g.arrived.size - g.failed.size)
    story.same(`${channel}: failed`, p.failed + p.opted_out, never + g.failed.size)
    story.same(`${channel}: targeted`, p.targeted, g.arrived.size + never)
  }
  console.log(`${story.name}: ${Object.entries(gateways).map(([c, g]) => `${c} ${g.arrived.size}`).join(", ")} arrived, as the page says`)
}

// charted uses the chart of a delivery that has just ended: it says the same numbers as the table, and each line is taken out and put back
// with its button, by keyboard, without a fault.
export async function charted(story, person) {
  const { page } = person
  const table = await told(person), chart = page.getByRole("figure").filter({ has: page.locator(".uplot") })
  const settled = c => c.targeted - c.queued - c.claimed
  const name = channel => person.word(`alerts.channel.${channel}`)
  const want = Object.entries(table).map(([channel, c]) => `${name(channel)}: ${settled(c)}`).sort()
  const picture = chart.getByRole("img")
  await picture.waitFor()
  const said = async () => (await picture.getAttribute("aria-label")).split(person.word("alerts.chart.about"))[1].trim().split("; ").sort()
  // The last change is drawn a moment after the table has it.
  for (const end = Date.now() + 5000; JSON.stringify(await said()) !== JSON.stringify(want) && Date.now() < end; await page.waitForTimeout(50));
  story.same("the numbers of the chart", await said(), want)
  for (const channel of Object.keys(table)) {
    const button = person.page.getByRole("button", { name: person.word("alerts.chart.toggle").replace("%s", name(channel)), exact: true })
    const ink = () => chart.locator("canvas").evaluate(c => c.toDataURL())
    const before = await ink()
    await person.reach(button)
    await person.chord("Enter")
    story.same(`${channel} taken out`, [await button.getAttribute("aria-pressed"), await ink() !== before], ["false", true])
    if (channel === "sms") await story.step(person, "a line taken out")
    await person.chord("Space")
    story.same(`${channel} put back`, [await button.getAttribute("aria-pressed"), await ink() === before], ["true", true])
    const number = chart.getByRole("row").filter({ has: button }).getByRole("cell").filter({ hasText: settled(table[channel]).toLocaleString("en") })
    await number.waitFor({ timeout: 5000 }).catch(() => story.fault(`the legend has lost the number of ${channel}`))
  }
}
