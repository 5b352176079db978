export { createHcpTerraformPeer, type HcpTerraformOptions } from './hcp-terraform-peer.js';
export { isReachable } from './addresses.js';
