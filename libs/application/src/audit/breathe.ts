const KEEPS_LOOP_MS = 2;

/**
 * Lets others of the process have their turn after every two milliseconds: between pages of a store a long pass would
 * otherwise keep the event loop, and with it every verdict, waiting.
 */
export async function* breathing<Item>(items: AsyncIterable<Item>): AsyncGenerator<Item> {
  let since = performance.now();
  for await (const item of items) {
    yield item;
    if (performance.now() - since < KEEPS_LOOP_MS) continue;
    await new Promise<void>((resolve) => setImmediate(resolve));
    since = performance.now();
  }
}
