import type { handleUnaryCall } from '@grpc/grpc-js';
import { randomUUID } from 'node:crypto';
import { ticksOf } from './events.js';
import { features, gossip, GossipService, ServerFeaturesService, shared, StreamsService } from './protocol.js';

/** The version whose behaviour is imitated. */
const SERVER_VERSION = '24.10.0';

/** Names in lower case, as the server says them. */
const supported = (): readonly features.SupportedMethod[] =>
  [StreamsService, GossipService, ServerFeaturesService]
    .flatMap((service) => Object.values(service))
    .map(({ path }: { readonly path: string }) => {
      const [, service = '', method = ''] = path.toLowerCase().split('/');
      return new features.SupportedMethod().setServiceName(service).setMethodName(method);
    });

export const getSupportedMethods: handleUnaryCall<shared.Empty, features.SupportedMethods> = (_call, callback) => {
  const answer = new features.SupportedMethods().setEventStoreServerVersion(SERVER_VERSION);
  callback(null, answer.setMethodsList([...supported()]));
};

/** A cluster of one, whose leader this is. */
export const readGossip = (port: number): handleUnaryCall<shared.Empty, gossip.ClusterInfo> => {
  const instanceId = new shared.UUID().setString(randomUUID());
  return (_call, callback) => {
    const member = new gossip.MemberInfo()
      .setInstanceId(instanceId)
      .setTimeStamp(String(ticksOf(Date.now())))
      .setState(gossip.MemberInfo.VNodeState.LEADER)
      .setIsAlive(true)
      .setHttpEndPoint(new gossip.EndPoint().setAddress('127.0.0.1').setPort(port));
    callback(null, new gossip.ClusterInfo().setMembersList([member]));
  };
};
