/**
 * `npm run generate` writes the documents that are made from the code (docs/generated) from the built libs;
 * `node tools/generate.mjs --check` compares instead, and fails when a file is not what the code says.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const built = (path) => new URL(`../${path}`, import.meta.url).href;

const load = async (path) => {
  try {
    return await import(built(path));
  } catch (error) {
    console.error(`${path} cannot be loaded; run "npm run build" first (${error.message})`);
    process.exit(2);
  }
};

const lib = (name) => load(`libs/${name}/dist/index.js`);
const cli = (name) => load(`apps/cli/dist/${name}.js`);

/** A code that the table does not know would make a document that promises what nobody answers. */
const tableOf = (problems) => {
  const kindOf = (code) => {
    if (Object.hasOwn(problems, code)) return problems[code];
    throw new Error(`a route names the problem code ${code}, which is not in the table of nest-kit`);
  };
  return { statusOf: (code) => kindOf(code).status, titleOf: (code) => kindOf(code).title };
};

const pretty = (value) => `${JSON.stringify(value, null, 2)}\n`;

/** Entries of every recorded release, oldest first: real examples that never change, since a recording is never rewritten. */
const recordedEntries = (kinds) => {
  const folder = join(root, 'test/replay');
  const releases = readdirSync(folder, { withFileTypes: true })
    .filter((each) => each.isDirectory())
    .map(({ name }) => name)
    .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  return releases.flatMap((release) =>
    kinds.flatMap((kind) => (readIfThere(join(folder, release, `${kind}.ndjson`)) ?? '').split('\n').filter(Boolean)),
  );
};

const makeAll = async () => {
  const [{ asyncApiDocument, ENTRY_KINDS, openApiDocument }, { PROBLEMS }] = await Promise.all([
    lib('contracts'),
    lib('nest-kit'),
  ]);
  const [{ createProgram }, { systemIo }, { commandReference }] = await Promise.all([
    cli('run'),
    cli('system-io'),
    cli('reference'),
  ]);
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return [
    ['docs/generated/openapi.json', pretty(openApiDocument({ version, problems: tableOf(PROBLEMS) }))],
    ['docs/generated/asyncapi.json', pretty(asyncApiDocument({ version, recorded: recordedEntries(ENTRY_KINDS) }))],
    ['docs/generated/cli.md', commandReference(createProgram(systemIo()))],
  ];
};

const readIfThere = (path) => {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
};

const firstDifference = (old, fresh) => {
  const [oldLines, freshLines] = [old.split('\n'), fresh.split('\n')];
  const at = freshLines.findIndex((line, index) => line !== oldLines[index]);
  const line = at === -1 ? freshLines.length : at;
  return `line ${line + 1}: committed ${JSON.stringify(oldLines[line] ?? '')}, made now ${JSON.stringify(freshLines[line] ?? '')}`;
};

const check = ([path, fresh]) => {
  const old = readIfThere(join(root, path));
  if (old === fresh) return true;
  const why = old === undefined ? 'it is not there' : firstDifference(old, fresh);
  console.error(`${path} is not what the code says (${why}); run "npm run build && npm run generate" and commit it`);
  return false;
};

const write = ([path, fresh]) => {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), fresh);
  console.log(`wrote ${path}`);
};

const args = process.argv.slice(2);
if (args.some((argument) => argument !== '--check')) {
  console.error('usage: node tools/generate.mjs [--check]');
  process.exit(2);
}
const files = await makeAll();
if (!args.includes('--check')) files.forEach(write);
else if (!files.map(check).every(Boolean)) process.exitCode = 1;
