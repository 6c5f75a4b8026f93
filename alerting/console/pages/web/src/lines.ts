// The lines of an area, as package areatext writes them. What people paste otherwise, the server reads: see reading.ts.

// Place is a latitude and a longitude in degrees of WGS 84.
export interface Place {
  lat: number
  lon: number
}

export type Shape =
  | { kind: "polygon", ring: Place[] } // closed: the first corner again at the end
  | { kind: "circle", centre: Place, km: number }
  | { kind: "unit", code: string }

const number = String.raw`[-+]?\d+(?:\.\d+)?`
const pair = `${number},${number}`
const polygonLine = new RegExp(`^polygon((?: +${pair}){3,})$`)
const circleLine = new RegExp(`^circle +(${pair}) +(${number})$`)
const unitLine = /^unit +(\S.*=.*\S)$/

// parse reads lines in the canonical form; undefined where any line is otherwise.
export function parse(text: string): Shape[] | undefined {
  const shapes: Shape[] = []
  for (const line of text.split(/\r?\n/)) {
    const trimmed = line.trim()
    if (!trimmed) continue
    const shape = shapeOf(trimmed)
    if (!shape) return undefined
    shapes.push(shape)
  }
  return shapes
}

function shapeOf(line: string): Shape | undefined {
  const polygon = polygonLine.exec(line)
  if (polygon) {
    const ring = (polygon[1] ?? "").trim().split(/ +/).map(placeOf)
    const first = ring[0]
    if (!first || !ring.every(onEarth)) return undefined
    const last = ring[ring.length - 1]
    if (!last || last.lat !== first.lat || last.lon !== first.lon) ring.push(first)
    return ring.length < 4 ? undefined : { kind: "polygon", ring }
  }
  const circle = circleLine.exec(line)
  if (circle) {
    const centre = placeOf(circle[1] ?? "")
    const km = Number(circle[2])
    return onEarth(centre) && km >= 0 && km <= 20040 ? { kind: "circle", centre, km } : undefined
  }
  const unit = unitLine.exec(line)
  return unit ? { kind: "unit", code: unit[1] ?? "" } : undefined
}

function placeOf(text: string): Place {
  const [lat, lon] = text.split(",")
  return { lat: Number(lat), lon: Number(lon) }
}

const onEarth = (p: Place): boolean => Math.abs(p.lat) <= 90 && Math.abs(p.lon) <= 180

// write writes shapes as lines, each with a line end.
export function write(shapes: Shape[]): string {
  return shapes.map(s => `${lineOf(s)}\n`).join("")
}

function lineOf(s: Shape): string {
  switch (s.kind) {
    case "polygon": return `polygon ${s.ring.map(written).join(" ")}`
    case "circle": return `circle ${written(s.centre)} ${decimal(s.km)}`
    case "unit": return `unit ${s.code}`
  }
}

export const written = (p: Place): string => `${decimal(p.lat)},${decimal(p.lon)}`

// decimal writes a number without exponent.
function decimal(v: number): string {
  const text = String(v === 0 ? 0 : v)
  return text.includes("e") ? v.toFixed(12).replace(/\.?0+$/, "") : text
}

// drawn is a place as a map gives it: on the earth, and to a metre.
export function drawn(lat: number, lon: number): Place {
  const round = (v: number): number => Math.round(v * 1e5) / 1e5
  const turned = ((lon + 180) % 360 + 360) % 360 - 180
  return { lat: round(Math.max(-90, Math.min(90, lat))), lon: round(turned) }
}

// unwrapped is a ring without jumps at the antimeridian, as maps draw it: its longitudes may leave ±180.
export function unwrapped(ring: Place[]): Place[] {
  let shift = 0
  return ring.map((p, i) => {
    const before = ring[i - 1]
    if (before && p.lon - before.lon > 180) shift -= 360
    if (before && p.lon - before.lon < -180) shift += 360
    return { lat: p.lat, lon: p.lon + shift }
  })
}
