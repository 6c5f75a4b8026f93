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
