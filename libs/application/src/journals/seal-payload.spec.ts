import { describe, expect, it } from '@jest/globals';
import type { Sealer } from '../ports/system.js';
import { sealPayload } from './seal-payload.js';

const entry = { tenantId: 'acme', origin: 'log.test/acme/decisions', commandId: 'c', ordinal: 0 };
const sealing = (): { readonly sealer: Sealer; readonly asked: Parameters<Sealer['seal']>[0][] } => {
  const asked: Parameters<Sealer['seal']>[0][] = [];
  const seal: Sealer['seal'] = (request) => {
    asked.push(request);
    return { kid: 'k', iv: 'i', ct: String(asked.length), tag: 't' };
  };
  return { sealer: { seal, open: () => undefined }, asked };
};
const text = (words: string) => ({ $seal: { subject: 'ana', text: words } });
const sealedAs = (ct: string) => ({ $sealed: { kid: 'k', iv: 'i', ct, tag: 't' } });

describe('personal text in a payload', () => {
  it('is sealed wherever payloads hold it', () => {
    const { sealer, asked } = sealing();
    const payload = {
      notes: text('one'),
      justification: text('two'),
      request: { justification: text('three'), ticket: 'T-1' },
      kept: 'as it is',
    };
    expect(sealPayload(payload, entry, sealer)).toEqual({
      notes: sealedAs('1'),
      justification: sealedAs('2'),
      request: { justification: sealedAs('3'), ticket: 'T-1' },
      kept: 'as it is',
    });
    expect(asked.map(({ subject, tenantId }) => [subject, tenantId])).toEqual([
      ['ana', 'acme'],
      ['ana', 'acme'],
      ['ana', 'acme'],
    ]);
  });

  it('is bound to its entry and its place in it', () => {
    const { sealer, asked } = sealing();
    sealPayload({ notes: text('one'), request: { justification: text('two') } }, entry, sealer);
    sealPayload({ notes: text('one') }, { ...entry, ordinal: 1 }, sealer);
    expect(asked.map(({ aad }) => aad.slice(36))).toEqual(['/notes', '/request/justification', '/notes']);
    expect(new Set(asked.map(({ aad }) => aad)).size).toBe(3);
  });

  it('leaves a payload without any the very same', () => {
    const { sealer } = sealing();
    const payload = { notes: null, request: { justification: null }, decision: 'ALLOW' };
    expect(sealPayload(payload, entry, sealer)).toBe(payload);
  });
});
