import { expect, it } from '@jest/globals';
import { checkedRequest } from './checked-request.js';

it('waits for no name once its time is over', async () => {
  const asked = {
    ...{ url: new URL('https://peer.example/plan'), isPrivateAllowed: false, method: 'GET' as const },
    ...{ headers: {}, body: null, bytesMax: 1024, signal: AbortSignal.abort() },
  };
  const resolve = () => new Promise<never>(() => undefined);
  expect(await checkedRequest(asked, { resolve, ca: undefined })).toEqual({ kind: 'unreachable' });
});
