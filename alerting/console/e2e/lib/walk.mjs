// Whether Tab reaches all that can be used on a page, and leaves it again: no keyboard trap (WCAG 2.1.1, 2.1.2).

// unreached names what is visible and usable, and not seen on the way through the page with Tab.
export async function unreached(page) {
  const steps = await page.evaluate(() => {
    const usable = [...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex]")]
      .filter(e => !e.disabled && e.tabIndex >= 0 && e.checkVisibility({ visibilityProperty: true }))
    const radios = usable.filter(e => e.type === "radio")
    // Of radio buttons Tab meets one of each group.
    const groupOf = r => `${r.form?.id} ${r.form?.action} ${r.name}`
    const seen = new Set()
    globalThis.tabWalk = () => usable.filter(e => !seen.has(e) && e.isConnected && !(e.type === "radio" && radios.some(r => groupOf(r) === groupOf(e) && seen.has(r))))
      .map(e => `${e.tagName.toLowerCase()} “${(e.getAttribute("aria-label") || e.labels?.[0]?.textContent || e.textContent || e.name || "").trim().slice(0, 40)}”`)
    document.addEventListener("focusin", event => seen.add(event.target))
    document.activeElement?.blur()
    // The walk begins at the top again.
    const top = document.body.firstElementChild
    top.focus()
    seen.add(document.activeElement)
    return usable.length + 6 * usable.filter(e => /^(date|time|month|week)/.test(e.type)).length + 10
  })
  for (let n = 0; n < steps; n++) await page.keyboard.press("Tab")
  const left = await page.evaluate(() => globalThis.tabWalk())
  return left.length ? [`Tab does not reach ${left.slice(0, 5).join(", ")}${left.length > 5 ? ` and ${left.length - 5} more` : ""}`] : []
}
