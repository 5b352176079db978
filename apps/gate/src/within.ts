/** What came in time, or that nothing did. The work goes on; what it comes to is nobody's answer any more. */
export type InTime<Value> = { readonly kind: 'in_time'; readonly value: Value } | { readonly kind: 'late' };

/** Waits for the work, at most so long. A failure in time is thrown. */
export const within = async <Value>(work: Promise<Value>, milliseconds: number): Promise<InTime<Value>> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<InTime<Value>>((resolve) => {
    timer = setTimeout(() => {
      resolve({ kind: 'late' });
    }, milliseconds);
  });
  try {
    return await Promise.race([work.then((value) => ({ kind: 'in_time', value }) as const), late]);
  } finally {
    clearTimeout(timer);
  }
};
