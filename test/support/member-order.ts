/**
 * Where members of a value are not in canonical order (UTF-16 code units), as JSON pointers. What is recorded is made in
 * that order: each decision is sealed on the hot path, and nothing has to be sorted there.
 */
export const outOfOrder = (value: unknown, pointer = ''): readonly string[] => {
  if (typeof value !== 'object' || value === null) return [];
  const deeper = Object.entries(value).flatMap(([name, member]) => outOfOrder(member, `${pointer}/${name}`));
  const names = Array.isArray(value) ? [] : Object.keys(value);
  return names.join() === [...names].sort().join() ? deeper : [`${pointer}: ${names.join()}`, ...deeper];
};
