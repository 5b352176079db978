/** How a path secret is spelt: base64url, or base32 for control planes that lower-case paths. */
const SECRET = /^(?:[A-Za-z0-9_-]{43}|[a-z2-7]{52})$/i;

/** A segment as the router reads it: it knows `%74` for `t`. */
const asRouted = (segment: string): string => {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
};

const redacted = (segment: string, index: number, all: readonly string[]): string => {
  const isBehindT = segment !== '' && asRouted(all[index - 1] ?? '') === 't';
  return isBehindT || SECRET.test(asRouted(segment)) ? 'redacted' : segment;
};

/**
 * A request's path without its query, and without the secret segment of webhook paths, wherever a misspelt path has it.
 *
 * @source contract section 2.1 (c)
 */
export const redactPath = (url: string): string => {
  const query = url.search(/[?#]/);
  return (query === -1 ? url : url.slice(0, query)).split('/').map(redacted).join('/');
};
