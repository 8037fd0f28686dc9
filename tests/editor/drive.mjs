// Drives the YAML language server as an editor does: completion, hover, and an error at the right place.
//
// Called by `.ci/run` with the folder in which the npm package `yaml-language-server` is installed. Uses no network: the
// schema is read from this repository, as the first line of a runbook says.

import { spawn } from "node:child_process";
import assert from "node:assert/strict";
import { mkdtempSync, mkdirSync, copyFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const TIME_LIMIT_MS = 60_000;
const project = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const installed = resolve(process.argv[2] ?? ".");

const folder = mkdtempSync(join(tmpdir(), "windlass-editor-"));
mkdirSync(join(folder, "schemas"));
mkdirSync(join(folder, "books"));
for (const name of ["runbook", "driver"]) {
  copyFileSync(join(project, `schemas/${name}.schema.json`), join(folder, `schemas/${name}.schema.json`));
}

const server = spawn(
  process.execPath,
  [join(installed, "node_modules/yaml-language-server/bin/yaml-language-server"), "--stdio"],
  { stdio: ["pipe", "pipe", "inherit"] },
);
const limit = setTimeout(() => {
  console.error("the language server has not answered in time");
  server.kill();
  process.exit(1);
}, TIME_LIMIT_MS);

const waiting = new Map();
const published = new Map();
let buffer = Buffer.alloc(0);
let last = 0;

function send(message) {
  const body = Buffer.from(JSON.stringify({ jsonrpc: "2.0", ...message }));
  server.stdin.write(`Content-Length: ${body.length}\r\n\r\n`);
  server.stdin.write(body);
}

function request(method, params) {
  const id = ++last;
  send({ id, method, params });
  return new Promise((answered, failed) => waiting.set(id, { answered, failed }));
}

function handle(message) {
  if (message.method === "textDocument/publishDiagnostics") {
    published.get(message.params.uri)?.(message.params.diagnostics);
  } else if (message.method !== undefined && message.id !== undefined) {
    const result = message.method === "workspace/configuration" ? message.params.items.map(configured) : null;
    send({ id: message.id, result });
  } else if (waiting.has(message.id)) {
    const { answered, failed } = waiting.get(message.id);
    waiting.delete(message.id);
    message.error ? failed(new Error(message.error.message)) : answered(message.result);
  }
}

function configured({ section }) {
  const yaml = { validate: true, hover: true, completion: true, schemaStore: { enable: false } };
  return section === "yaml" ? yaml : null;
}

server.stdout.on("data", (data) => {
  buffer = Buffer.concat([buffer, data]);
  for (;;) {
    const end = buffer.indexOf("\r\n\r\n");
    if (end < 0) return;
    const length = Number(/Content-Length: (\d+)/i.exec(buffer.subarray(0, end))[1]);
    if (buffer.length < end + 4 + length) return;
    const body = buffer.subarray(end + 4, end + 4 + length);
    buffer = buffer.subarray(end + 4 + length);
    handle(JSON.parse(body.toString()));
  }
});

let documents = 0;

/** Opens a file with a cursor `|` in it, and answers with its address, the cursor's place and what is wrong. */
async function open(kind, marked) {
  const text = `# yaml-language-server: $schema=../schemas/${kind}.schema.json\n${marked}`;
  const at = text.indexOf("|");
  const before = at < 0 ? "" : text.slice(0, at);
  const position = { line: before.split("\n").length - 1, character: before.length - before.lastIndexOf("\n") - 1 };
  const uri = pathToFileURL(join(folder, `books/book-${++documents}.yaml`)).href;
  const diagnostics = new Promise((told) => published.set(uri, told));
  const textDocument = { uri, languageId: "yaml", version: 1, text: text.replace("|", "") };
  send({ method: "textDocument/didOpen", params: { textDocument } });
  return { textDocument: { uri }, position, diagnostics: await diagnostics };
}

async function completed(kind, marked) {
  const { textDocument, position } = await open(kind, marked);
  const answer = await request("textDocument/completion", { textDocument, position });
  return (answer.items ?? answer).map((item) => item.label);
}

async function hovered(kind, marked) {
  const { textDocument, position } = await open(kind, marked);
  const answer = await request("textDocument/hover", { textDocument, position });
  return answer?.contents.value ?? "";
}

async function wrong(kind, text) {
  const { diagnostics } = await open(kind, text);
  // Lines as people count them, without the line that names the schema.
  return diagnostics.map(({ range, message }) => `${range.start.line}:${range.start.character + 1} ${message}`);
}

const HEAD = "windlass: 1\nname: tried\nsteps:\n";

const checks = {
  "keys of a step are completed": async () => {
    const labels = await completed("runbook", `${HEAD}  move:\n    run: [mv, a, b]\n    |`);
    for (const key of ["needs", "probe", "retry", "effect", "for_each"]) assert.ok(labels.includes(key), `${key} in ${labels}`);
    assert.ok(!labels.includes("states"), `${labels}`);
  },
  "words are completed": async () => {
    const labels = await completed("runbook", `${HEAD}  move:\n    run: [mv, a, b]\n    effect: |`);
    for (const word of ["read", "idempotent", "once"]) assert.ok(labels.includes(word), `${word} in ${labels}`);
  },
  "keys of the file are completed": async () => {
    const labels = await completed("runbook", "windlass: 1\nname: tried\n|");
    for (const key of ["params", "settings", "steps", "drivers"]) assert.ok(labels.includes(key), `${key} in ${labels}`);
  },
  "a key says what it is for": async () => {
    const said = await hovered("runbook", `${HEAD}  move:\n    run: [mv, a, b]\n    eff|ect: once\n`);
    assert.match(said, /What may happen if it is done again/);
    assert.match(said, /its probe is asked, else an operator decides/);
  },
  "a key deep inside says what it is for": async () => {
    const said = await hovered(
      "runbook",
      `${HEAD}  move:\n    run: [mv, a, b]\n    probe:\n      run: [test, -e, b]\n      states:\n        done: out.exit == 0\n        abs|ent: out.exit == 1\n`,
    );
    assert.match(said, /nothing of the effect has happened/);
  },
  "a misspelt key is marked where it stands": async () => {
    const said = await wrong("runbook", `${HEAD}  move:\n    run: [mv, a, b]\n    neds: [a]\n`);
    assert.equal(said.length, 1, `${said}`);
    assert.match(said[0], /^6:5 .*neds.* not allowed/);
  },
  "a duration without a unit is marked where it stands": async () => {
    const said = await wrong("runbook", `${HEAD}  move: {run: [mv, a, b], timeout: 30}\n  b: {run: [x], timeout: 30 minutes}\n`);
    assert.match(said.find((one) => one.startsWith("4:")) ?? "", /^4:36 /, `${said}`);
    assert.match(said.find((one) => one.startsWith("5:")) ?? "", /^5:26 a duration is a number with its unit/, `${said}`);
  },
  "a driver that uses another is marked": async () => {
    const said = await wrong("driver", "windlass: 1\ndriver: mail\nactions:\n  move: {uses: other.move}\n");
    assert.ok(said.some((one) => /^4:10 .*uses.* not allowed/.test(one)), `${said}`);
  },
  "what is right is not marked": async () => {
    assert.deepEqual(await wrong("runbook", `${HEAD}  move: {run: [mv, a, b], timeout: 30m, when: 1 < 2}\n`), []);
  },
};

let failures = 0;
try {
  const rootUri = pathToFileURL(folder).href;
  const capabilities = { workspace: { configuration: true }, textDocument: { hover: {}, completion: {} } };
  await request("initialize", { processId: process.pid, rootUri, capabilities });
  send({ method: "initialized", params: {} });
  send({ method: "workspace/didChangeConfiguration", params: { settings: { yaml: configured({ section: "yaml" }) } } });
  for (const [name, check] of Object.entries(checks)) {
    try {
      await check();
      console.log(`ok: ${name}`);
    } catch (error) {
      failures += 1;
      console.error(`FAILED: ${name}\n${error.message}`);
    }
  }
} finally {
  clearTimeout(limit);
  server.kill();
  rmSync(folder, { recursive: true });
}
process.exitCode = failures === 0 ? 0 : 1;
