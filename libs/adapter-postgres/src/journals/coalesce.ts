/**
 * Turns many single questions into few questions for all: those of one moment travel together, those that come
 * meanwhile wait for the next trip. A question is never answered by a trip that began before it was asked.
 */
export const coalesce = <Question, Answer>(
  ask: (questions: readonly Question[]) => Promise<readonly Answer[]>,
): ((question: Question) => Promise<Answer>) => {
  interface Waiting {
    readonly question: Question;
    readonly resolve: (answer: Answer) => void;
    readonly reject: (error: unknown) => void;
  }
  let waiting: Waiting[] = [];
  let isAsking = false;
  const trip = async (): Promise<void> => {
    const travellers = waiting;
    waiting = [];
    try {
      const answers = await ask(travellers.map(({ question }) => question));
      for (const [index, answer] of answers.entries()) travellers[index]?.resolve(answer);
    } catch (error) {
      for (const { reject } of travellers) reject(error);
    }
  };
  const travel = async (): Promise<void> => {
    while (waiting.length > 0) await trip();
    isAsking = false;
  };
  return (question) =>
    new Promise((resolve, reject) => {
      waiting.push({ question, resolve, reject });
      if (isAsking) return;
      isAsking = true;
      setImmediate(() => void travel());
    });
};
