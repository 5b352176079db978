export type { KafkaConnectionOptions, KafkaCredentials, KafkaLogLine } from './connection.js';
export { type KafkaBusOptions, openKafkaBus } from './kafka-bus.js';
export { TopicRefused, type TopicSettings } from './topics.js';
