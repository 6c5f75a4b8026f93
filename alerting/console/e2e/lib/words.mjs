// The catalogues of the pages: tests find what they press by its words, so that they hold in both languages and break when a word is lost.
import { readdirSync, readFileSync } from "node:fs"

const folder = new URL("../../pages/words/", import.meta.url)

export const words = Object.fromEntries(["en", "zh"].map(lang => [lang, Object.assign({}, ...readdirSync(new URL(`${lang}/`, folder))
  .map(file => JSON.parse(readFileSync(new URL(`${lang}/${file}`, folder), "utf8"))))]))

// word gives a text, and fails where there is none.
export function word(lang, key) {
  const text = words[lang][key]
  if (text === undefined) throw new Error(`the catalogue ${lang} has no ${key}`)
  return text
}

// escaped is a text as a part of a pattern that fits it alone.
export const escaped = text => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")

// shaped is a pattern that a text with placeholders fits; each placeholder is a group.
export function shaped(lang, key) {
  const pattern = escaped(word(lang, key)).replace(/%(\\\[\d+\\\])?(\\\.\d+)?[a-z]/g, "(.+)").replaceAll("%%", "%")
  return new RegExp(`^\\s*${pattern}\\s*$`)
}
