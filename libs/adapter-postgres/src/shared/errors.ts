/** Looks at the shape, not at the class: a driver's errors may come from another realm. */
const textOf = (error: unknown, member: string): string | undefined => {
  if (typeof error !== 'object' || error === null) return undefined;
  const value: unknown = Reflect.get(error, member);
  return typeof value === 'string' ? value : undefined;
};

export const messageOf = (error: unknown): string => textOf(error, 'message') ?? String(error);

/** The `code` of a Node or Postgres error, such as ENOENT or 57P03. */
export const codeOf = (error: unknown): string | undefined => textOf(error, 'code');

/** The constraint that a Postgres error names. */
export const constraintOf = (error: unknown): string | undefined => textOf(error, 'constraint');

export const sleep = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
