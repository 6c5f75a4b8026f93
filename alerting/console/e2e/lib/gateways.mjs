// What the gateways took, counted in the raw log of the simulator and nowhere else.
import { readFileSync } from "node:fs"
import { join } from "node:path"

// arrivals is what each channel's gateways had of an alert: how many recipients were handed a message, and how many messages came twice.
export async function arrivals(office, alert) {
  await fetch(`${office.control}/flush`, { signal: AbortSignal.timeout(10_000) })
  const channels = {}
  for (const line of readFileSync(join(office.dir, "gateways.tsv"), "utf8").split("\n")) {
    const [, channel, name, of = "", kind, detail = "", gateway] = line.split("\t")
    // Sirens with Modbus have no room for more than the beginning of an alert's id.
    if (of.length < 8 || !alert.startsWith(of)) continue
    const recipient = `${gateway} ${name}`
    const c = channels[channel] ??= { arrived: new Map(), refused: new Set(), failed: new Set() }
    if (kind === "arrive" && !detail.startsWith("stop")) c.arrived.set(recipient, (c.arrived.get(recipient) ?? 0) + 1)
    if (kind === "refused" || kind === "fault") c.refused.add(recipient)
    if (kind === "callback" && /undelivered|failed/.test(detail)) c.failed.add(recipient)
  }
  return channels
}
