// The form that saves itself:
//
//	<form data-autosave="/…/autosave" data-draft="ID" data-login="/…" data-see="/…" data-w-…="words">
//	  <input type="hidden" name="version"> <input type="hidden" name="form"> … <p data-save-state role="status"></p>
//	</form>
//
// What is typed lies in the browser at once, and with the server within two seconds; it leaves the browser when the server has all of it.
// The answer is JSON (composeauto.go): the next version, and what stands beside each field. Inputs are never touched, so that the caret
// stays where it is. The form has a name that no other has: what it saved without hearing of it is not taken for somebody else's.
interface Line { level: string, label: string, text: string, clause?: string }
interface Answer { version: number, saved?: string, refused?: string, conflict?: boolean, whole: boolean, said: Record<string, Line[]> }
type Pairs = [string, string][]
interface Kept { at: string, pairs: Pairs }

// Milliseconds: how long a change waits to be sent; when a lost connection is tried again; how long a save may take; how long the
// previews wait for the next change.
const wait = 1200, again = 2000, patience = 20_000, calm = 1500

export function start(form: HTMLElement): void {
  if (form instanceof HTMLFormElement) new Autosave(form).begin()
}

class Autosave {
  private readonly key: string
  private readonly state: HTMLElement
  private readonly version: HTMLInputElement
  private timer = 0
  private previews = 0
  private sending?: Promise<void>
  private changed = false
  private stopped = false

  constructor(private readonly form: HTMLFormElement) {
    this.key = `tocsin-draft-${form.dataset["draft"] ?? ""}`
    this.state = form.querySelector<HTMLElement>("[data-save-state]")!
    this.version = form.querySelector<HTMLInputElement>("input[name=version]")!
  }

  begin(): void {
    // A tab that was copied or restored would go by the name of another.
    const name = this.form.querySelector<HTMLInputElement>("input[name=form]")
    if (name) name.value = crypto.getRandomValues(new Uint8Array(16)).reduce((text, byte) => text + byte.toString(16).padStart(2, "0"), "")
    this.form.addEventListener("input", () => this.touched())
    this.form.addEventListener("change", () => this.touched())
    this.form.addEventListener("submit", event => this.submitted(event as SubmitEvent))
    addEventListener("focus", () => { if (this.changed && !this.stopped) this.soon(0) })
    document.addEventListener("visibilitychange", () => { if (document.hidden && this.changed) this.soon(0) })
    // The area editor has a button of its own, which needs no reloading.
    this.form.querySelector("[data-area-unit-add]")?.remove()
    this.say("")
    this.offer()
  }

  private word(name: string): string { return this.form.dataset[name] ?? "" }

  // pairs are what the form holds, but for what belongs to one save alone.
  private pairs(): Pairs {
    const all: Pairs = []
    for (const [name, value] of new FormData(this.form)) {
      if (typeof value === "string" && !["version", "form", "do"].includes(name)) all.push([name, value])
    }
    return all
  }

  private touched(): void {
    this.changed = true
    this.keep()
    if (!this.stopped) this.soon(wait)
  }

  // keep lays what was typed into the browser, before anything else can fail.
  private keep(): void {
    try {
      localStorage.setItem(this.key, JSON.stringify({ at: new Date().toISOString(), pairs: this.pairs() } satisfies Kept))
    } catch (why: unknown) {
      console.error("the browser keeps nothing", why)
    }
  }

  private soon(ms: number): void {
    if (this.timer && ms > 0) return
    clearTimeout(this.timer)
    this.timer = setTimeout(() => {
      this.timer = 0
      void this.save()
    }, ms)
  }

  private async save(): Promise<void> {
    if (this.sending) {
      await this.sending
      if (!this.changed || this.stopped) return
    }
    this.sending = this.send()
    await this.sending
    this.sending = undefined
  }

  private async send(): Promise<void> {
    this.changed = false
    this.say(this.word("wSaving"))
    const body = new URLSearchParams(this.pairs())
    body.set("version", this.version.value)
    body.set("form", this.form.querySelector<HTMLInputElement>("input[name=form]")?.value ?? "")
    let answer: Response
    try {
      answer = await fetch(this.word("autosave"), { method: "POST", body, credentials: "same-origin", headers: { accept: "application/json" }, signal: AbortSignal.timeout(patience) })
    } catch {
      return this.later("wLost")
    }
    if (answer.status === 401) {
      this.later("wLogin")
      this.link(this.word("login"), this.word("wLoginLink"))
      return
    }
    if (answer.status >= 500) return this.later("wLost")
    try {
      this.answered(await answer.json() as Answer)
    } catch {
      this.later("wLost")
    }
  }

  // later keeps what was not sent, says why, and tries again.
  private later(word: string): void {
    this.changed = true
    this.keep()
    this.say(this.word(word), true)
    setTimeout(() => { if (this.changed && !this.stopped) this.soon(0) }, again)
  }

  private answered(a: Answer): void {
    this.remarks(a.said)
    if (a.conflict) return this.conflict(a)
    if (a.refused) {
      this.keep()
      return this.say(this.word("wRefused") + a.refused, true)
    }
    this.version.value = String(a.version)
    if (a.whole && !this.changed) localStorage.removeItem(this.key)
    this.say(this.word("wSaved").replace("{}", a.saved ?? ""))
    clearTimeout(this.previews)
    this.previews = setTimeout(() => document.querySelector("[data-previews]")?.dispatchEvent(new CustomEvent("saved")), calm)
  }

  // conflict stops the saving until somebody has decided; nothing is overwritten by itself.
  private conflict(a: Answer): void {
    this.stopped = true
    this.keep()
    this.say(`${this.word("wConflict")} ${a.refused ?? ""}`, true)
    this.link(this.word("see"), this.word("wSee"))
    this.button(this.word("wMine"), () => {
      this.version.value = String(a.version)
      this.stopped = false
      this.soon(0)
    })
  }

  private say(text: string, wrong = false): void {
    this.state.textContent = text
    this.state.classList.toggle("wrong", wrong)
  }

  private link(href: string, text: string): void {
    const a = document.createElement("a")
    a.href = href
    a.target = "_blank"
    a.rel = "noopener"
    a.textContent = text
    this.state.append(" ", a)
  }

  private button(text: string, act: () => void): void {
    const b = document.createElement("button")
    b.type = "button"
    b.textContent = text
    b.addEventListener("click", act)
    this.state.append(" ", b)
  }

  // offer shows what the browser has and the server has not.
  private offer(): void {
    const text = localStorage.getItem(this.key)
    if (!text) return
    let kept: Kept
    try {
      kept = JSON.parse(text) as Kept
    } catch {
      return localStorage.removeItem(this.key)
    }
    if (JSON.stringify(kept.pairs) === JSON.stringify(this.pairs())) return
    this.say(this.word("wNewer").replace("{}", new Date(kept.at).toLocaleString(document.documentElement.lang)), true)
    this.button(this.word("wRestore"), () => {
      this.restore(kept.pairs)
      this.touched()
    })
    this.button(this.word("wForget"), () => {
      localStorage.removeItem(this.key)
      this.say("")
    })
  }

  private restore(pairs: Pairs): void {
    const values = new Map<string, string[]>()
    for (const [name, value] of pairs) values.set(name, [...values.get(name) ?? [], value])
    for (const e of this.form.elements) {
      if (e instanceof HTMLInputElement && (e.type === "checkbox" || e.type === "radio")) e.checked = (values.get(e.name) ?? []).includes(e.value)
      else if (e instanceof HTMLInputElement && e.type === "hidden") continue
      else if (e instanceof HTMLInputElement || e instanceof HTMLTextAreaElement || e instanceof HTMLSelectElement) e.value = values.get(e.name)?.[0] ?? e.value
    }
  }

  // submitted lets a save come to its end first: a button must not meet a version that the form itself has made.
  private submitted(event: SubmitEvent): void {
    if (this.stopped || !this.sending && !this.changed) return
    event.preventDefault()
    const by = event.submitter
    clearTimeout(this.timer)
    this.timer = 0
    void this.save().then(() => {
      this.changed = false
      this.form.requestSubmit(by)
    })
  }

  // remarks writes what stands beside each field, and leaves alone what has not changed.
  private remarks(said: Record<string, Line[]>): void {
    const fields = new Set<HTMLElement>()
    for (const e of this.form.querySelectorAll<HTMLElement>("[id^='f-'][name], fieldset[id^='f-'][id$='-set'], section[id$='-set']")) {
      if (e instanceof HTMLInputElement && (e.type === "checkbox" || e.type === "radio")) continue
      fields.add(e)
    }
    for (const e of fields) {
      const id = e.id.replace(/-set$/, "")
      this.remark(e, id, said[id] ?? [])
    }
  }

  private remark(e: HTMLElement, id: string, lines: Line[]): void {
    const box = e.id === id ? e.closest<HTMLElement>(".field") : e
    if (!box) return
    const list = document.createElement("ul")
    list.className = "said"
    list.id = `${id}-said`
    for (const line of lines) {
      const item = document.createElement("li")
      item.className = `said-${line.level}`
      const label = document.createElement("strong")
      label.textContent = line.label
      item.append(label, ` ${line.text}`)
      if (line.clause) {
        const clause = document.createElement("small")
        clause.textContent = `(${line.clause})`
        item.append(" ", clause)
      }
      list.append(item)
    }
    const old = document.getElementById(list.id)
    if ((old?.textContent ?? "").replace(/\s+/g, "") === (list.textContent ?? "").replace(/\s+/g, "")) return
    old?.remove()
    if (lines.length > 0) box.append(list)
    const wrong = lines.some(l => l.level === "error")
    box.classList.toggle("wrong", wrong && box.classList.contains("field"))
    if (e.id === id) wrong ? e.setAttribute("aria-invalid", "true") : e.removeAttribute("aria-invalid")
    const described = [`${id}-hint`, list.id].filter(one => document.getElementById(one))
    if (described.length > 0) e.setAttribute("aria-describedby", described.join(" "))
    else e.removeAttribute("aria-describedby")
  }
}
