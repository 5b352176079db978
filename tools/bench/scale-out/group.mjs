import kafkajs, { Kafka, logLevel } from 'kafkajs';
import { PROJECTOR_GROUP } from '@verdict/application';
import { until } from '../child.mjs';

const { AssignerProtocol } = kafkajs;
const STABLE_MS_MAX = 120_000;

/** The group of all projectors, as the brokers see it. Members are told apart by their client id. */
export const openGroup = async ({ broker, topic, topicPrefix }) => {
  const groupId = `${topicPrefix}.${PROJECTOR_GROUP}`;
  const kafka = new Kafka({ clientId: 'bench-admin', brokers: [...broker.brokers], logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  const name = topic('decisions');
  const members = async () => {
    const { groups } = await admin.describeGroups([groupId]);
    const [{ state, members: list }] = groups;
    const partitionsOf = list.map(({ clientId, memberAssignment }) => [
      clientId,
      AssignerProtocol.MemberAssignment.decode(memberAssignment)?.assignment[name] ?? [],
    ]);
    return { isStable: state === 'Stable', count: list.length, partitionsOf: new Map(partitionsOf) };
  };
  return {
    members,
    /** Committed offset of each partition of the topic of decisions. */
    offsets: async () => {
      const [found] = await admin.fetchOffsets({ groupId, topics: [name] });
      return new Map((found?.partitions ?? []).map(({ partition, offset }) => [partition, BigInt(offset)]));
    },
    /** End of each partition of the topic of decisions. */
    ends: async () =>
      new Map((await admin.fetchTopicOffsets(name)).map(({ partition, high }) => [partition, BigInt(high)])),
    /** Waits until every one of these processes is a member and the group is not about to change. */
    stable: (names) =>
      until(
        'all processes are in the group',
        async () => {
          const { isStable, count, partitionsOf } = await members();
          return isStable && count === names.length ? partitionsOf : undefined; // One more: somebody dead is still in it.
        },
        { limitMs: STABLE_MS_MAX, everyMs: 250 },
      ),
    /** Nobody may be in it. */
    remove: () => admin.deleteGroups([groupId]),
    close: () => admin.disconnect(),
  };
};
