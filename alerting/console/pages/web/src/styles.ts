// Style sheets that only some pages need. They lie beside the modules, and are fetched when the first of those is started.

export const beside = (name: string): string => new URL(name, import.meta.url).href

// styled waits until a style sheet is there: maps and charts measure their containers.
export function styled(name: string): Promise<void> {
  const href = beside(name)
  if (document.querySelector(`link[href="${href}"]`)) return Promise.resolve()
  const link = document.createElement("link")
  link.rel = "stylesheet"
  link.href = href
  return new Promise((done, failed) => {
    link.onload = () => done()
    link.onerror = () => failed(new Error(`${href} cannot be fetched`))
    document.head.append(link)
  })
}
