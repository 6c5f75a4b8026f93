// The one-time link of a new account has its token behind #, which no server sees. Here it is taken into the form, and out of the address,
// so that it stays in no history.
export function start(form: HTMLElement): void {
  const token = location.hash.slice(1)
  const field = form.querySelector<HTMLInputElement>("input[name=link]")
  if (!token || !field) return
  field.value = decodeURIComponent(token)
  history.replaceState(null, "", location.pathname)
}
