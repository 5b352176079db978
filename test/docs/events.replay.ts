import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { ENTRY_KINDS, entrySchemaOf, EventHeaders, ROUTES, TOPIC_MESSAGE_BYTES_MAX, topicOf } from '@verdict/contracts';
import { ENTRY_BYTES_MAX, leafHash, readEntry, rootOf, toHex } from '@verdict/ledger';
import { recordedEntries } from '../support/recorded-entries.js';

interface Samples {
  readonly leafOf: (value: Buffer) => Buffer;
  readonly rootOf: (leaves: readonly Uint8Array[]) => Buffer;
}

const page = readFileSync(new URL('../../docs/events.md', import.meta.url), 'utf8');
const blocks = (language: string): readonly string[] =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)\n\`\`\`$`, 'gm'))].map(([, text]) => text!);
/** Cells of the rows of the table whose first column has that title, without the code marks. */
const table = (title: string): readonly (readonly string[])[] => {
  const [, rows = ''] = new RegExp(`^\\| ${title} .*\n\\|[ |-]+\\|\n((?:\\|.*\n)+)`, 'm').exec(page) ?? [];
  return rows
    .trimEnd()
    .split('\n')
    .map((row) =>
      row
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim().replaceAll('`', '')),
    );
};

const [headerText = '', value = ''] = blocks('text');
const headers = Object.fromEntries(
  headerText.split('\n').map((line) => [line.slice(0, line.indexOf(': ')), line.slice(line.indexOf(': ') + 2)]),
);
const recorded = recordedEntries();
const samples = (await import(`data:text/javascript,${encodeURIComponent(blocks('js')[0]!)}`)) as Samples;

describe('docs/events.md', () => {
  it('names the topics', () => {
    expect(table('Topic').map(([topic]) => topic)).toEqual(ENTRY_KINDS.map(topicOf));
    expect(table('Topic').map(([, journal]) => journal)).toEqual(ENTRY_KINDS.map((kind) => `${kind}-<tenant>`));
  });
  it('lists the headers of the schema, and which of them may be absent', () => {
    const stated = table('Header').map(([name, always]) => [name, always === 'yes']);
    const required = Object.entries(EventHeaders.shape).map(([name, each]) => [
      name,
      !each.safeParse(undefined).success,
    ]);
    expect(stated).toEqual(required);
  });
  it('shows an entry that was recorded', () => {
    expect(recorded.map(({ line }) => line)).toContain(value);
    expect(entrySchemaOf('decisions', 'hold_expired', 1)?.safeParse(JSON.parse(value)).success).toBe(true);
  });
  it('shows the headers of that entry', () => {
    const { envelope, envelopeBytes } = readEntry(Buffer.from(value));
    expect(EventHeaders.parse(headers)).toEqual(headers);
    expect(headers).toMatchObject({
      ce_id: envelope.id,
      ce_source: `//${envelope.origin}`,
      ce_type: `verdict.decisions.${envelope.type}.v${envelope.type_v}`,
      ce_time: envelope.recorded_at,
      ce_sequence: envelope.revision.toString().padStart(20, '0'),
      ce_partitionkey: envelope.origin.split('/')[1],
      ce_leafhash: toHex(leafHash(envelopeBytes)),
    });
    expect((JSON.parse(value) as { payload: object }).payload).toMatchObject({ decision_id: headers['ce_subject'] });
  });
  it('quotes routes and parameters that there are', () => {
    const { path, query } = ROUTES.queryLedger;
    const [quoted = ''] = /GET \S+\/ledger\?[^`]+/.exec(page) ?? [];
    const url = new URL(quoted.slice('GET '.length), 'http://127.0.0.1');
    expect(url.pathname).toBe(path);
    expect(query.safeParse(Object.fromEntries(url.searchParams)).success).toBe(true);
    expect(ROUTES.queryLedger.roles).toEqual(['admin', 'auditor']);
    expect(page).toContain(`GET ${ROUTES.latestCheckpoint.path.replace(':kind', 'decisions')}`);
  });
  it('states the limits that hold', () => {
    expect(page).toContain(`\`max.message.bytes\` is ${TOPIC_MESSAGE_BYTES_MAX / 1024 / 1024} MiB`);
    expect(page).toContain(`an entry is at most ${Math.round(ENTRY_BYTES_MAX / 1024)} KiB`);
  });
});

describe('the code of docs/events.md', () => {
  it('computes the leaf hash of every recorded entry', () => {
    for (const { line } of recorded) {
      const bytes = Buffer.from(line);
      expect(toHex(samples.leafOf(bytes))).toBe(toHex(leafHash(readEntry(bytes).envelopeBytes)));
    }
    expect(toHex(samples.leafOf(Buffer.from(value)))).toBe(headers['ce_leafhash']);
  });
  it('notices a changed payload, and by its hash a changed envelope', () => {
    expect(() => samples.leafOf(Buffer.from(value.replace('"70.0000"', '"7.00000"')))).toThrow('another payload');
    expect(() => samples.leafOf(Buffer.from('{"type":"hold_expired"}'))).toThrow();
    const other = samples.leafOf(Buffer.from(value.replace('"revision":21', '"revision":22')));
    expect(toHex(other)).not.toBe(headers['ce_leafhash']);
  });
  it('computes the root of a journal at every size', () => {
    const leaves = recorded
      .filter(({ kind }) => kind === 'decisions')
      .map(({ line }) => leafHash(readEntry(Buffer.from(line)).envelopeBytes));
    for (let size = 0; size <= leaves.length; size += 1) {
      const upTo = leaves.slice(0, size);
      expect([size, toHex(samples.rootOf(upTo))]).toEqual([size, toHex(rootOf(upTo))]);
    }
  });
});
