import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { cutRequests } from './publisher.js';

describe('Requests to the brokers', () => {
  it('hold all messages in order, and no more bytes than allowed unless one message alone has them', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ bytes: fc.integer({ min: 1, max: 700 }) })), (messages) => {
        const requests = cutRequests(messages, 512);
        expect(requests.flat()).toEqual(messages);
        for (const request of requests) {
          const bytes = request.reduce((sum, message) => sum + message.bytes, 0);
          expect(request.length === 1 || (request.length > 1 && bytes <= 512)).toBe(true);
        }
      }),
    );
  });

  it('are as few as the order allows', () => {
    const sizes = [200, 200, 112, 1, 600, 5].map((bytes) => ({ bytes }));
    expect(cutRequests(sizes, 512).map((request) => request.length)).toEqual([3, 1, 1, 1]);
  });
});
