import { until } from '../child.mjs';

const KINDS = ['policy', 'decisions', 'approvals', 'reservations'];
const SETTLED_MS_MAX = 120_000;

/**
 * What a deployment still has to do: entries of the log that are not on the topics, and that are not in the read models.
 * @param marksOf gives the marks of one consumer: the next revision of each journal.
 */
const behind = async (journals, marksOf) => {
  const names = await journals.list();
  const [heads, marks] = await Promise.all([journals.heads(names), marksOf()]);
  return names.reduce((sum, name, index) => {
    const isTenants = KINDS.some((kind) => name.startsWith(`${kind}-`));
    return isTenants ? sum + Number((heads[index] ?? -1n) + 1n - (marks.get(name) ?? 0n)) : sum;
  }, 0);
};

/** Looks into the marks of a deployment, beside its processes. */
export const openProgress = async ({ postgres, journals }) => {
  const { openReadModels, openRelayStore } = await import('@verdict/adapter-postgres');
  const readModels = await openReadModels({ url: postgres.serviceUrl, poolSize: 1 });
  const relay = await openRelayStore(postgres.serviceUrl);
  const projectedMarks = () => readModels.store.marks();
  const relayedMarks = async () =>
    new Map((await Promise.all(KINDS.map((kind) => relay.marks(kind)))).flatMap((m) => [...m]));
  const unprojected = () => behind(journals, projectedMarks);
  const unrelayed = () => behind(journals, relayedMarks);
  return {
    /** Entries of all tenants' journals. */
    total: () => behind(journals, async () => new Map()),
    unprojected,
    unrelayed,
    projectedMarks,
    /** Seconds until everything that was appended is on the topics and in the read models. */
    settled: async () => {
      const began = performance.now();
      await until(
        'everything is published and projected',
        async () => ((await unrelayed()) + (await unprojected()) === 0 ? true : undefined),
        { limitMs: SETTLED_MS_MAX, everyMs: 100 },
      );
      return (performance.now() - began) / 1000;
    },
    close: async () => {
      await readModels.close();
      await relay.close();
    },
  };
};
