// Text that is not in lines of ours is read by the server (package areatext): WKT, GeoJSON, bare coordinates.

export interface Reading {
  text: string
  faults: { line: number, text: string }[]
}

// read asks the server. Where it cannot be asked, the text stays as it is: what is submitted is read again there.
export async function read(url: string, text: string, signal: AbortSignal): Promise<Reading | undefined> {
  const answer = await fetch(url, {
    method: "POST", credentials: "same-origin", body: new URLSearchParams({ area: text }), headers: { accept: "application/json" },
    signal: AbortSignal.any([signal, AbortSignal.timeout(10_000)]),
  })
  return answer.ok ? await answer.json() as Reading : undefined
}
