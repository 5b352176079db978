/**
 * The service definitions that the client package ships, which is why its version is pinned exactly. They are CommonJS;
 * the default import is their `module.exports`.
 */
import code from '@eventstore/db-client/generated/code_pb.js';
import gossip from '@eventstore/db-client/generated/gossip_pb.js';
import gossipServices from '@eventstore/db-client/generated/gossip_grpc_pb.js';
import features from '@eventstore/db-client/generated/serverfeatures_pb.js';
import featuresServices from '@eventstore/db-client/generated/serverfeatures_grpc_pb.js';
import shared from '@eventstore/db-client/generated/shared_pb.js';
import status from '@eventstore/db-client/generated/status_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import streamsServices from '@eventstore/db-client/generated/streams_grpc_pb.js';
import type * as AnyModule from 'google-protobuf/google/protobuf/any_pb.js';
import type * as EmptyModule from 'google-protobuf/google/protobuf/empty_pb.js';
import { createRequire } from 'node:module';

/** The client's own copy of the runtime: messages of another copy are none to it. */
const require = createRequire(import.meta.url);
const clientRequire = createRequire(require.resolve('@eventstore/db-client'));
const { Any } = clientRequire('google-protobuf/google/protobuf/any_pb.js') as typeof AnyModule;
const { Empty: GoogleEmpty } = clientRequire('google-protobuf/google/protobuf/empty_pb.js') as typeof EmptyModule;

const { Code } = code;
const { GossipService } = gossipServices;
const { ServerFeaturesService } = featuresServices;
const { StreamsService } = streamsServices;

export {
  Any,
  Code,
  features,
  gossip,
  GoogleEmpty,
  GossipService,
  ServerFeaturesService,
  shared,
  status,
  streams,
  StreamsService,
};
