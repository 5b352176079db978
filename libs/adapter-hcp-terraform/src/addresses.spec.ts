import { describe, expect, it } from '@jest/globals';
import { isReachable } from './addresses.js';

describe('an address', () => {
  it.each(['93.184.216.34', '8.8.8.8', '2606:4700:4700::1111', '::ffff:8.8.8.8'])('%s is public', (address) => {
    expect([isReachable(address, false), isReachable(address, true)]).toEqual([true, true]);
  });

  it.each([
    ...['127.0.0.1', '127.8.8.8', '10.1.2.3', '172.16.0.1', '172.31.255.255', '192.168.1.1', '100.64.0.1'],
    ...['::1', 'fd00::1', 'fc00::1', '::ffff:10.0.0.1', '::ffff:127.0.0.1'],
  ])('%s is private: reachable where the integration says so', (address) => {
    expect([isReachable(address, false), isReachable(address, true)]).toEqual([false, true]);
  });

  it.each([
    ...['169.254.169.254', '0.0.0.0', '224.0.0.1', '255.255.255.255', '192.0.2.1', '198.18.0.1', '240.0.0.1'],
    ...['::', 'fe80::1', 'ff02::1', '2001:db8::1', '64:ff9b::a9fe:a9fe', '2002:a9fe:a9fe::1', '::ffff:169.254.169.254'],
    ...['::169.254.169.254', 'localhost', '', '1', '127.1', '0x7f.0.0.1', '127.0.0.1 '],
  ])('%j is never reachable', (address) => {
    expect([isReachable(address, false), isReachable(address, true)]).toEqual([false, false]);
  });

  it('lies just outside a private network', () => {
    expect(
      ['172.15.255.255', '172.32.0.0', '9.255.255.255', '11.0.0.0', '100.128.0.0'].map((each) =>
        isReachable(each, false),
      ),
    ).toEqual([true, true, true, true, true]);
  });
});
