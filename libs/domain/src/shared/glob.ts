/** Whether `*` may stand for what is between `first` and `last` of the text, with all other parts in order. */
const holdsInOrder = (parts: readonly string[], text: string): boolean => {
  let at = 0;
  for (const part of parts) {
    const found = text.indexOf(part, at);
    if (found === -1) return false;
    at = found + part.length;
  }
  return true;
};

/**
 * Matches a text against a pattern in which `*` stands for any characters, none included; every other character stands
 * for itself, and case counts.
 *
 * @returns true when the whole text matches. Time grows with the length of pattern and text only: nothing is tried twice.
 */
export const globMatches = (glob: string, text: string): boolean => {
  const parts = glob.split('*');
  const first = parts[0] ?? '';
  if (parts.length === 1) return glob === text;
  const last = parts.at(-1) ?? '';
  if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last)) return false;
  return holdsInOrder(parts.slice(1, -1), text.slice(first.length, text.length - last.length));
};
