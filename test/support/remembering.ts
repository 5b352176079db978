import { approvalsService, gateService, reconciliationService } from '@verdict/application';
import { BoundedMap, emptyGate, noApprovals, noKeyAnswers, noReservations } from '@verdict/domain';

/** How much the services of a world remember, where that is less than usual. */
export interface Memory {
  /** Bookings, and as many decisions without any. */
  readonly bookingsKept?: number;
  /** Answers of each service, by their keys; of approvals that are settled, as many. */
  readonly answersKept?: number;
}

/** The services with so small a memory: each begins with another state than usual, and all else follows from that. */
export const remembering = ({ bookingsKept: bookings, answersKept: answers }: Memory) => ({
  gate: {
    ...gateService,
    initial: answers === undefined ? emptyGate : { ...emptyGate, answers: BoundedMap.ofCapacity(answers) },
  } as typeof gateService,
  approvals: {
    ...approvalsService,
    initial:
      answers === undefined ? noApprovals : { ...noApprovals, answers: noKeyAnswers(answers), settledMax: answers },
  },
  reconciliation: {
    ...reconciliationService,
    initial: {
      ...noReservations,
      ...(bookings === undefined
        ? {}
        : { bookings: BoundedMap.ofCapacity(bookings), bare: BoundedMap.ofCapacity(bookings) }),
      ...(answers === undefined ? {} : { answers: noKeyAnswers(answers) }),
    },
  } as typeof reconciliationService,
});
