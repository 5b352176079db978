import { describe, expect, it } from '@jest/globals';
import { type Json, jcsText, sha256Hex } from '@verdict/domain';
import { differingMembers } from './differing-members.js';

const hashOf = (members: Json) => sha256Hex(jcsText(members));
const asked = { operation: 'approve', approval_id: 'a', notes: 'fine', ticket: null };
const told = { operation: 'approve', approval_id: 'a', ticket: null };

describe('the members in which two questions under one key differ', () => {
  it('are those that the entry tells, where what it does not tell is the same', () => {
    const hash = hashOf({ ...asked, ticket: 'FIN-1' });
    expect(differingMembers(asked, { firsts: [{ ...told, ticket: 'FIN-1' }], hash })).toEqual(['/ticket']);
  });

  it('are what the entry does not tell, where all that it tells is the same', () => {
    const hash = hashOf({ ...asked, notes: 'other' });
    expect(differingMembers(asked, { firsts: [told], hash })).toEqual(['/notes']);
  });

  it('are both where both differ', () => {
    const hash = hashOf({ ...asked, operation: 'deny', notes: 'other' });
    expect(differingMembers(asked, { firsts: [{ ...told, operation: 'deny' }], hash })).toEqual([
      '/operation',
      '/notes',
    ]);
  });

  it('are told by the hash where the entry leaves open what was sent', () => {
    const firsts = [
      { ...told, stage_id: undefined },
      { ...told, stage_id: 'peers' },
    ];
    expect(differingMembers(asked, { firsts, hash: hashOf({ ...asked, stage_id: 'peers' }) })).toEqual(['/stage_id']);
    const named = { ...asked, stage_id: 'peers' };
    expect(differingMembers(named, { firsts, hash: hashOf(asked) })).toEqual(['/stage_id']);
    expect(differingMembers(named, { firsts, hash: hashOf({ ...named, notes: 'other' }) })).toEqual(['/notes']);
  });

  it('are called as in the request', () => {
    const first = { firsts: [{ actual: '1.0000' }], hash: hashOf({ actual: '1.0000' }) };
    expect(differingMembers({ actual: '2.0000' }, first, { actual: 'actual_monthly_delta_usd' })).toEqual([
      '/actual_monthly_delta_usd',
    ]);
  });
});
