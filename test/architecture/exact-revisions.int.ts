import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { ROOT } from './cruise.js';

const SCRIPT = fileURLToPath(new URL('./lint-snippets.mjs', import.meta.url));

/** What the linter says to each snippet if it stood in `file`. */
const lint = (file: string, snippets: readonly string[]): readonly (readonly string[])[] =>
  execFileSync(process.execPath, [SCRIPT, `${ROOT}${file}`, ...snippets], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as string[]);

/** Each way to write without an exact revision, or to change what was written. */
const PLANTED = [
  "import { ANY } from '@eventstore/db-client';",
  "import { STREAM_EXISTS as there } from '@eventstore/db-client';",
  "import * as driver from '@eventstore/db-client'; client.appendToStream(s, e, { expectedRevision: driver.ANY });",
  "client.appendToStream(s, e, { expectedRevision: 'any' });",
  "client.appendToStream(s, e, { expectedRevision: isFirst ? 'stream_exists' : revision });",
  'client.appendToStream(s, e);',
  'client.appendToStream(s, e, { requiresLeader: true });',
  'client.setStreamMetadata(s, { maxCount: 1 });',
  'client.deleteStream(s);',
  'client.tombstoneStream(s);',
];
const RIGHT = [
  "import { NO_STREAM } from '@eventstore/db-client';",
  'client.appendToStream(s, e, { expectedRevision: expected < 0n ? NO_STREAM : expected });',
];

describe('the adapter for EventStoreDB', () => {
  const adapter = 'libs/adapter-eventstoredb/src/streams/append-events.ts';

  it('names the exact revision of every write and changes no history: the linter sees each planted violation', () => {
    const told = lint(adapter, PLANTED);
    expect(told.map((messages, index) => (messages.length > 0 ? 'seen' : PLANTED[index]))).toEqual(
      PLANTED.map(() => 'seen'),
    );
  });

  it('may do what is right', () => {
    expect(lint(adapter, RIGHT)).toEqual(RIGHT.map(() => []));
  });
});
