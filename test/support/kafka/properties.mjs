/**
 * Settings of one node that is broker and controller, on loopback only. Most numbers are smaller than the defaults, which
 * are for many groups and large disks.
 */
const settingsOf = ({ port, controllerPort, dataDir }) => ({
  'process.roles': 'broker,controller',
  'node.id': '1',
  listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
  'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
  'controller.listener.names': 'CONTROLLER',
  'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT,SSL:SSL',
  'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
  'log.dirs': dataDir,
  // After a kill the node may register again only when its earlier session is over.
  'broker.session.timeout.ms': '6000',
  'broker.heartbeat.interval.ms': '1000',
  'auto.create.topics.enable': 'false',
  'offsets.topic.replication.factor': '1',
  'offsets.topic.num.partitions': '4',
  'transaction.state.log.replication.factor': '1',
  'transaction.state.log.min.isr': '1',
  'transaction.state.log.num.partitions': '4',
  'group.initial.rebalance.delay.ms': '0',
  'group.min.session.timeout.ms': '1000',
  'log.cleaner.dedupe.buffer.size': '2097152',
  'log.index.size.max.bytes': '1048576',
  'num.io.threads': '4',
  'num.network.threads': '2',
});

/** server.properties; `extra` replaces or adds settings by name. */
export const serverProperties = ({ extra = {}, ...place }) =>
  Object.entries({ ...settingsOf(place), ...extra })
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
