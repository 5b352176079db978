const PATH_SECRET = /(\/t\/)[^/?#]+/g;

/** A request's path without its query, and without the secret segment of webhook paths (contract 2.1 c). */
export const redactPath = (url: string): string => {
  const query = url.search(/[?#]/);
  return (query === -1 ? url : url.slice(0, query)).replace(PATH_SECRET, '$1redacted');
};
