import type { ServiceError } from '@grpc/grpc-js';
import { accessDenied, notLeader, serverBusy } from './errors.js';
import type { Fault, FaultSwitches } from './faults.js';

const CALL_FAULTS = ['drop_connection', 'not_leader', 'busy', 'access_denied'] satisfies readonly Fault[];

/** What strikes a call that is no append, before it has done anything: an error to answer, or a cut connection. */
export const strikeCall = (
  faults: FaultSwitches,
  concerns: (stream: string) => boolean,
  port: number,
): ServiceError | 'cut' | undefined => {
  const strike = faults.take(CALL_FAULTS, concerns);
  switch (strike?.fault) {
    case 'drop_connection':
      return 'cut';
    case 'not_leader':
      return notLeader({ host: '127.0.0.1', port });
    case 'busy':
      return serverBusy();
    case 'access_denied':
      return accessDenied();
    default:
      return undefined;
  }
};
