// Prints the licences of all that is bundled: the dependencies of package.json, each with the text that it ships, or with that of its
// licence where it ships none.
import { existsSync, readFileSync } from "node:fs"

const json = path => JSON.parse(readFileSync(path, "utf8"))
const mit = author => `Copyright (c) ${author}

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation files (the
"Software"), to deal in the Software without restriction, including without limitation the rights to use, copy, modify, merge, publish,
distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is furnished to do so, subject to
the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF
MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR
ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH
THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.`

console.log("The pages of Tocsin hold these libraries and data.")
for (const name of Object.keys(json("package.json").dependencies)) {
  const folder = `node_modules/${name}`
  const { version, license, author } = json(`${folder}/package.json`)
  const file = ["LICENSE", "LICENSE.md", "LICENSE.txt"].map(f => `${folder}/${f}`).find(existsSync)
  let text
  if (file) text = readFileSync(file, "utf8").trim()
  else if (license === "MIT") text = mit(author?.name ?? author ?? "the authors of terra-draw")
  else throw new Error(`${name} ships no licence: add its text to licences.mjs`)
  console.log(`\n${"-".repeat(80)}\n${name} ${version} (${license})\n\n${text}`)
}
