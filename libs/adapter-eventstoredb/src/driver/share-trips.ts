/**
 * Turns many calls into few trips: those of one moment share a trip, those that come while one is under way share the
 * next. Nobody is answered by a trip that began before the question.
 */
export const shareTrips = <T>(travel: () => Promise<T>): (() => Promise<T>) => {
  let last: Promise<unknown> = Promise.resolve();
  let next: Promise<T> | undefined;
  return () => {
    next ??= last.then(() => {
      next = undefined;
      const trip = travel();
      last = trip.catch(() => undefined);
      return trip;
    });
    return next;
  };
};
