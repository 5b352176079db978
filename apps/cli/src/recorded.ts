import { wrongCall } from './failure.js';
import type { Session } from './session.js';

interface Names {
  readonly flag: '--reason' | '--incident';
  /** Another name of the same member of the entry. */
  readonly own: string | undefined;
}

const oneOf = (value: string | undefined, own: string | undefined, { flag, own: name }: Names): string | undefined => {
  if (value !== undefined && own !== undefined)
    throw wrongCall('usage', `${flag} and ${name ?? ''} are one text here: give one of them`);
  return value ?? own;
};

/** The command's own text, or that of --reason, which is another name for it. */
export const reasonOf = ({ flags, facts }: Session, own?: string): string | undefined =>
  oneOf(flags.reason, own, { flag: '--reason', own: facts?.reason });

/** The same where an entry cannot be without it. */
export const requiredReasonOf = (session: Session, own?: string): string => {
  const reason = reasonOf(session, own);
  if (reason !== undefined) return reason;
  const name = session.facts?.reason ?? '--reason';
  throw wrongCall('usage', `required option '${name} <text>' not specified`, 'it says why, and is recorded');
};

/** The command's own ticket, or the incident that takes its place. */
export const ticketOf = ({ flags, facts }: Session, own?: string): string | undefined =>
  oneOf(flags.incident, own, { flag: '--incident', own: facts?.incident });

export const requiredTicketOf = (session: Session, own?: string): string => {
  const ticket = ticketOf(session, own);
  if (ticket !== undefined) return ticket;
  throw wrongCall('usage', "required option '--ticket <id>' not specified", 'an incident may take its place');
};
