/** Length of a text in code points: what a person would count, roughly, and the same on every platform. */
export const charactersOf = (text: string): number => Array.from(text).length;
