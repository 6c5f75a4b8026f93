// The demonstration office, as `make run` brings it up, in a folder of its own: a process that ends with the tests.
import { spawn } from "node:child_process"
import { mkdtempSync, readdirSync, readFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createHmac } from "node:crypto"

// root is the folder of the repository.
export const root = new URL("../../../../", import.meta.url).pathname

// bare is our environment without what would change the configuration of an office.
export const bare = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("TOCSIN_")))

export class Office {
  // open starts the office and waits until it says that it is whole.
  static async open() {
    const office = new Office()
    office.dir = mkdtempSync(join(tmpdir(), "tocsin-e2e-"))
    await office.start()
    return office
  }

  async start() {
    this.output = ""
    this.process = spawn(join(root, "bin/tocsin"), ["demo", "--dir", this.dir, "--people", "2000", "--listen", "127.0.0.1:0"], { cwd: root, env: bare, stdio: ["ignore", "pipe", "pipe"] })
    const ended = new Promise((_, no) => this.process.once("exit", code => no(new Error(`the office ended with ${code}:\n${this.output}`))))
    ended.catch(() => {})
    const ready = new Promise(yes => {
      const take = text => { this.output += text; if (this.output.includes("Ctrl-C")) yes() }
      this.process.stdout.setEncoding("utf8").on("data", take)
      this.process.stderr.setEncoding("utf8").on("data", take)
    })
    const late = new Promise((_, no) => setTimeout(() => no(new Error(`the office is not up after 3 minutes:\n${this.output}`)), 180_000).unref())
    await Promise.race([ready, ended, late])
    this.says()
  }

  // says reads where the pages are, and where the gateways tell what they took.
  says() {
    this.url = this.output.match(/Open (http:\S+?)\/ /)[1]
    this.control = this.output.match(/curl (http:\S+)\/stats/)[1]
  }

  // close ends it as Ctrl-C would, or with SIGKILL as a power cut does, which takes the gateway simulator with it.
  async close(signal = "SIGINT") {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return
    const gone = new Promise(done => this.process.once("exit", done))
    const below = signal === "SIGKILL" ? childrenOf(this.process.pid) : []
    this.process.kill(signal)
    await gone
    for (const pid of below) process.kill(pid, signal)
  }

  // secrets of an account, which the demonstration leaves beside its configuration.
  password(name) { return readFileSync(join(this.dir, `${name}.password`), "utf8").trim() }
  secret(name) { return readFileSync(join(this.dir, `${name}.totp`), "utf8").trim() }
}

// childrenOf are the processes that a process has started (Linux: /proc).
function childrenOf(pid) {
  return readdirSync(`/proc/${pid}/task`).flatMap(task => readFileSync(`/proc/${pid}/task/${task}/children`, "utf8").split(" ").filter(Boolean).map(Number))
}

// code is what an authenticator shows (RFC 6238), for the given step; the present one by default.
export function code(secret, step = Math.floor(Date.now() / 30_000)) {
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(step))
  const hash = createHmac("sha1", base32(secret)).update(counter).digest()
  const at = hash[19] & 15
  return String((hash.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, "0")
}

function base32(text) {
  let bits = ""
  for (const c of text.replace(/=+$/, "")) bits += "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(c).toString(2).padStart(5, "0")
  return Buffer.from(bits.match(/.{8}/g).map(b => parseInt(b, 2)))
}
