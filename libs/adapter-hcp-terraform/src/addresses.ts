import { BlockList, isIPv4, isIPv6 } from 'node:net';

const listOf = (networks: readonly string[]): BlockList => {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', prefix = ''] = network.split('/');
    list.addSubnet(address, Number(prefix), isIPv6(address) ? 'ipv6' : 'ipv4');
  }
  return list;
};

/** Networks of an organisation, and this machine. */
const PRIVATE = listOf([
  ...['10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'],
  ...['::1/128', 'fc00::/7'],
]);

/**
 * What no peer may have: unspecified, link-local (where clouds have their metadata services), documentation, benchmarks,
 * multicast, reserved; and what carries an IPv4 address inside, since it may lead to any of the others.
 * @source IANA special-purpose address registries (RFC 6890)
 */
const NEVER = listOf([
  ...['0.0.0.0/8', '169.254.0.0/16', '192.0.0.0/24', '192.0.2.0/24', '192.88.99.0/24', '198.18.0.0/15'],
  ...['198.51.100.0/24', '203.0.113.0/24', '224.0.0.0/4', '240.0.0.0/4'],
  ...['::/128', '::/96', '64:ff9b::/96', '64:ff9b:1::/48', '100::/64', '2001::/23', '2001:db8::/32', '2002::/16'],
  ...['fe80::/10', 'fec0::/10', 'ff00::/8'],
]);

const MAPPED = /^::ffff:(\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3})$/i;

/**
 * Whether a connection to this address is allowed.
 *
 * @param address IPv4 or IPv6 as text, as a resolver gives it; anything else is not allowed.
 * @source protocols section 2 (T9)
 */
export const isReachable = (address: string, isPrivateAllowed: boolean): boolean => {
  const plain = MAPPED.exec(address)?.[1] ?? address;
  if (!isIPv4(plain) && !isIPv6(plain)) return false;
  const family = isIPv6(plain) ? 'ipv6' : 'ipv4';
  if (PRIVATE.check(plain, family)) return isPrivateAllowed;
  return !NEVER.check(plain, family) && !plain.toLowerCase().startsWith('::ffff:');
};
