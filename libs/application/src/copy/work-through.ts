/**
 * Works on all items, `atOnce` of them at the same time. After a failure no other item begins, and `onFailure` is called
 * for those under way; rejects with the first failure, once nothing is under way any more.
 */
export const workThrough = async <Item>(
  items: readonly Item[],
  { atOnce, onFailure }: { readonly atOnce: number; readonly onFailure: () => void },
  work: (item: Item) => Promise<void>,
): Promise<void> => {
  const waiting = items.values();
  const failures: unknown[] = [];
  const lane = async (): Promise<void> => {
    for (const item of waiting) {
      if (failures.length > 0) return;
      try {
        await work(item);
      } catch (error) {
        failures.push(error);
        onFailure();
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  if (failures.length > 0) throw failures[0];
};
