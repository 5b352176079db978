const SECRETS = new Set([
  'authorization',
  'cookie',
  'set-cookie',
  'password',
  'secret',
  'token',
  'approval_token',
  'approvalToken',
  'POSTGRES_URL',
  'headers',
  'body',
]);
const DEPTH_MAX = 4;
const CENSOR = '[redacted]';

type Members = Record<string, unknown>;

const isMembers = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;

/** Replaces what well-known secret names hold. Without one the object itself comes back: most lines have none. */
export const redactMembers = (members: Members, depth = 0): Members => {
  let copy: Members | undefined;
  for (const name in members) {
    const value = members[name];
    let kept = value;
    if (SECRETS.has(name)) kept = CENSOR;
    else if (depth < DEPTH_MAX && isMembers(value)) kept = redactMembers(value, depth + 1);
    if (kept === value) continue;
    copy ??= { ...members };
    copy[name] = kept;
  }
  return copy ?? members;
};
