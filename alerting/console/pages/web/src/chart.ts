// The deliveries of an alert over time, a line for each channel, drawn from what the stream of the page brings:
//
//	<div data-delivery="…"><div id="delivery" data-now='{"at":SECONDS,"settled":{"sms":12}}'>…</div></div>
//	<figure data-chart data-words='{"channels":{"sms":"SMS"},…}' data-issued="SECONDS" data-zone="…" hidden><div></div><figcaption>…</figcaption></figure>
//
// The table stays the truth: the chart shows what stands there, and says in words what it shows last. Lines differ in their dashes too, and
// each can be taken out and put back with a button in the legend.
import uPlot from "uplot"
import { styled } from "./styles"

interface Words {
  channels: Record<string, string>
  time: string
  about: string
  // toggle names the button of a line: "Show %s in the chart".
  toggle: string
}

interface Moment {
  at: number
  settled: Record<string, number>
}

// most is how many moments are kept; beyond, every second one is left out.
const most = 1200
// fresh is how long after its issue an alert is still drawn from its beginning, in seconds: what came between is then not guessed.
const fresh = 60
const height = 260
const dashes = [[], [10, 5], [3, 4], [14, 4, 3, 4]]
const legendDashes = ["solid", "dashed", "dotted", "double"] // as borders have them

export async function start(figure: HTMLElement): Promise<void> {
  const box = document.querySelector<HTMLElement>("[data-delivery]")
  const place = figure.querySelector<HTMLElement>("div")
  if (!box || !place) return
  await styled("chart.css")
  new Chart(figure, box, place).begin()
}

class Chart {
  private readonly words: Words
  private readonly moments: Moment[] = []
  private channels: string[] = []
  // hidden are the channels whose lines somebody has taken out.
  private readonly hidden = new Set<string>()
  private plot?: uPlot

  constructor(private readonly figure: HTMLElement, private readonly box: HTMLElement, private readonly place: HTMLElement) {
    this.words = JSON.parse(figure.dataset["words"] ?? "{}") as Words
  }

  begin(): void {
    this.look()
    // The stream changes the part with the table; the chart follows whatever stands there.
    new MutationObserver(() => this.look()).observe(this.box, { subtree: true, childList: true, attributes: true, attributeFilter: ["data-now"] })
    new ResizeObserver(() => this.plot?.setSize({ width: this.place.clientWidth, height })).observe(this.place)
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw(true))
  }

  private look(): void {
    const text = this.box.querySelector<HTMLElement>("[data-now]")?.dataset["now"]
    if (!text) return
    const now = JSON.parse(text) as Moment
    const last = this.moments[this.moments.length - 1]
    if (last && now.at <= last.at) return
    const issued = Number(this.figure.dataset["issued"])
    if (!last && now.at - issued < fresh) this.moments.push({ at: issued, settled: Object.fromEntries(Object.keys(now.settled).map(c => [c, 0])) })
    this.moments.push(now)
    if (this.moments.length > most) this.moments.splice(0, this.moments.length, ...this.moments.filter((_, i) => i % 2 === 0 || i === this.moments.length - 1))
    const channels = Object.keys(now.settled)
    const others = channels.join() !== this.channels.join()
    this.channels = channels
    this.draw(others)
  }

  // draw shows the moments; anew makes another chart: the channels or the colours are others.
  private draw(anew: boolean): void {
    if (this.channels.length === 0 || this.moments.length < 2) return
    this.figure.hidden = false
    const data = [this.moments.map(m => m.at), ...this.channels.map(c => this.moments.map(m => m.settled[c] ?? null))] as uPlot.AlignedData
    if (anew || !this.plot) {
      this.plot?.destroy()
      this.plot = new uPlot(this.options(), data, this.place)
      this.legend()
    } else this.plot.setData(data)
    this.latest()
    const picture = this.plot.root.querySelector(".u-wrap")
    picture?.setAttribute("role", "img")
    picture?.setAttribute("aria-label", `${this.words.about} ${this.said()}`)
  }

  // legend makes a button of the name of each line, which shows it or not. The cell around it hears the click.
  private legend(): void {
    const rows = [...this.place.querySelectorAll(".u-legend .u-series")].slice(1)
    rows.forEach((row, i) => {
      const cell = row.querySelector("th"), channel = this.channels[i] ?? ""
      if (!cell) return
      const button = document.createElement("button")
      button.type = "button"
      button.className = "plain"
      button.setAttribute("aria-label", this.words.toggle.replace("%s", this.name(channel)))
      button.setAttribute("aria-pressed", String(!this.hidden.has(channel)))
      button.append(...cell.childNodes)
      cell.append(button)
    })
  }

  // latest shows the last numbers in the legend, unless somebody points at another moment.
  private latest(): void {
    if (this.plot && this.plot.cursor.idx == null) this.plot.setLegend({ idx: this.moments.length - 1 })
  }

  // toggled follows a line that was taken out or put back. Drawing it anew empties the legend.
  private toggled(at: number, shown: boolean): void {
    const channel = this.channels[at - 1]
    if (channel === undefined) return
    if (shown) this.hidden.delete(channel)
    else this.hidden.add(channel)
    this.place.querySelectorAll(".u-legend .u-series")[at]?.querySelector("button")?.setAttribute("aria-pressed", String(shown))
    requestAnimationFrame(() => this.latest())
  }

  // said are the last numbers in words.
  private said(): string {
    const last = this.moments[this.moments.length - 1]
    return this.channels.map(c => `${this.name(c)}: ${last?.settled[c] ?? 0}`).join("; ")
  }

  private name(channel: string): string {
    return this.words.channels[channel] ?? channel
  }

  private options(): uPlot.Options {
    const zone = this.figure.dataset["zone"] || undefined
    const clock = new Intl.DateTimeFormat("en-GB", { timeZone: zone, hour: "2-digit", minute: "2-digit", second: "2-digit" })
    const ink = this.colour("chart-ink")
    const grid = { stroke: this.colour("chart-grid"), width: 1 }
    const font = "14px system-ui, sans-serif"
    return {
      width: this.place.clientWidth, height, padding: [8, 32, 0, 0], cursor: { drag: { x: false, y: false } },
      legend: { markers: { width: 3, dash: (_u, i) => legendDashes[(i - 1) % legendDashes.length] ?? "solid" } },
      hooks: { setSeries: [(_u, at, options) => { if (at != null && options.show !== undefined) this.toggled(at, options.show) }] },
      scales: { x: { time: false }, y: { range: (_u, _min, max) => [0, Math.max(1, max * 1.05)] } },
      axes: [
        { stroke: ink, grid, ticks: grid, font, space: 90, values: (_u, at) => at.map(v => clock.format(v * 1000)) },
        { stroke: ink, grid, ticks: grid, font, size: 76, values: (_u, at) => at.map(v => Number.isInteger(v) ? v.toLocaleString("en") : "") },
      ],
      series: [
        { label: this.words.time, value: (_u, v) => v == null ? "–" : clock.format(v * 1000) },
        ...this.channels.map((c, i): uPlot.Series => ({
          label: this.name(c), show: !this.hidden.has(c), stroke: this.colour(`chart-line chart-line-${i % dashes.length}`), width: 3, dash: dashes[i % dashes.length], spanGaps: true,
          points: { show: false }, value: (_u, v) => v == null ? "–" : v.toLocaleString("en"),
        })),
      ],
    }
  }

  // colour is the one that the style sheet gives to a class, as a canvas needs it.
  private colour(name: string): string {
    const probe = document.createElement("span")
    probe.className = name
    this.figure.append(probe)
    const colour = getComputedStyle(probe).color
    probe.remove()
    return colour
  }
}
