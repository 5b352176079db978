/**
 * Puts suites in the order in which workers take them: those that mostly wait and those that mostly compute, each the longest
 * first, taken from both so that both come to their end together. Then a worker that waits runs beside one that computes from
 * the first suite to the last, and no long one is left for the end.
 */
export const sequence = (suites) => {
  const placesIn = (kind) => {
    const ofKind = suites.filter(({ waits }) => waits === kind).sort((a, b) => b.seconds - a.seconds);
    const total = ofKind.reduce((sum, { seconds }) => sum + seconds, 0);
    let before = 0;
    return ofKind.map((suite) => {
      const place = before / total;
      before += suite.seconds;
      return { suite, place };
    });
  };
  return [...placesIn(true), ...placesIn(false)].sort((a, b) => a.place - b.place).map(({ suite }) => suite);
};
