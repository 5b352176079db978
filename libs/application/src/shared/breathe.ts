const KEEPS_LOOP_MS = 2;

/** Resolves once others of the process had their turn. */
export const othersTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/**
 * Lets others of the process have their turn after every two milliseconds: between pages of a store a long pass would
 * otherwise keep the event loop, and with it every verdict, waiting.
 */
export async function* breathing<Item>(items: AsyncIterable<Item>): AsyncGenerator<Item> {
  let since = performance.now();
  for await (const item of items) {
    yield item;
    if (performance.now() - since < KEEPS_LOOP_MS) continue;
    await othersTurn();
    since = performance.now();
  }
}
