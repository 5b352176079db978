import { describe, expect, it } from '@jest/globals';
import { eventMessage } from './read-messages.js';
import { shared } from './protocol.js';
import { readId, readRevision } from './wire.reader.js';

describe('An id on the wire', () => {
  it.each(['00000000-0000-8000-8000-000000000001', 'ffffffff-ffff-8fff-bfff-fffffffffffe'])(
    'is the same in either form: %s',
    (id) => {
      const recorded = { id, type: 't', isJson: false, data: new Uint8Array(), metadata: new Uint8Array() };
      const event = { ...recorded, stream: 's', revision: 0n, position: 1n, createdTicks: 1n };
      for (const form of ['string', 'structured'] as const) {
        const sent = eventMessage(event, 'all', form).getEvent()?.getEvent()?.getId();
        expect(sent?.hasStructured()).toBe(form === 'structured');
        expect(readId(sent)).toBe(id);
      }
    },
  );

  it('is read in lower case', () => {
    expect(readId(new shared.UUID().setString('ABCDEF00-0000-4000-8000-000000000000'))).toBe(
      'abcdef00-0000-4000-8000-000000000000',
    );
  });
});

describe('A revision on the wire', () => {
  it('that is the greatest of all means none', () => {
    expect([readRevision('18446744073709551615'), readRevision('7')]).toEqual([-1n, 7n]);
  });
});
