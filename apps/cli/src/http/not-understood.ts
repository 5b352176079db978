import type { RouteContract } from '@verdict/contracts';
import { CliFailure } from '../failure.js';
import { EXIT } from '../io.js';

/** What a page of a proxy, or another server, looks like from here. */
export const ANOTHER_SERVER =
  'Verdict does not answer so: is a proxy or a sign-in page in front of it, or is the address another one?';

/** An answer came, and it is none that this client can go by. */
export const notUnderstood = (
  route: RouteContract,
  idempotencyKey: string | null,
  detail: string = ANOTHER_SERVER,
): CliFailure =>
  new CliFailure(EXIT.unknown, {
    code: 'answer_not_understood',
    title: `the answer of ${route.method} ${route.path} has another form than this client knows`,
    detail,
    retry: route.method === 'GET' ? 'later' : 'same-key',
    idempotencyKey,
  });
