const TURN_EVERY = 32;

/**
 * Lets others of the process have their turn every few entries: between pages of a store a long pass would otherwise keep
 * the event loop, and with it every verdict, waiting.
 */
export async function* breathing<Item>(items: AsyncIterable<Item>): AsyncGenerator<Item> {
  let count = 0;
  for await (const item of items) {
    yield item;
    count += 1;
    if (count % TURN_EVERY === 0) await new Promise<void>((resolve) => setImmediate(resolve));
  }
}
