import { wrongCall } from '../failure.js';
import type { Client } from '../http/client.js';
import type { Session } from '../session.js';

/** What `If-Match` says: what the flag names, or the tag that is there now. Nobody is asked for a request that is only printed. */
export const seenEtag = async (
  session: Session,
  flag: string | undefined,
  ask: (client: Client) => Promise<string>,
): Promise<string> => {
  if (flag !== undefined && !/^[\x21-\x7e]+$/.test(flag))
    throw wrongCall('usage', '--if-match is no ETag', 'a number, or what the header said');
  if (flag !== undefined) return /^[0-9.]+$/.test(flag) ? `"${flag}"` : flag;
  const client = await session.client();
  return client.isDryRun ? '"<version>"' : ask(client);
};
