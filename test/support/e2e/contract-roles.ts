import type { RouteId } from '@verdict/contracts';
import type { Role } from './tokens.js';

const LETTERS: readonly (readonly [string, Role])[] = [
  ['M', 'member'],
  ['A', 'approver'],
  ['D', 'admin'],
  ['U', 'auditor'],
  ['O', 'operator'],
  ['S', 'service'],
];
const ALL = 'MADUOS';

/**
 * Who may call what: the second column of the contract's table, written down a second time, since a test that takes the
 * roles from the routes cannot notice that a route has the wrong ones. Empty: no token at all.
 *
 * @source contract section 4
 */
const TABLE: Readonly<Record<RouteId, string>> = {
  gateTerraform: 'MS',
  gatePreflight: 'MS',
  gateAdmission: 'MS',
  gateCloudEvent: 'MS',
  gateBatch: 'MS',
  reviewAdmission: '',
  reviewAdmissionBySegment: '',
  runTask: '',
  runTaskOfIntegration: '',
  listDecisions: ALL,
  getDecision: ALL,
  explainDecision: ALL,
  getReceipt: ALL,
  getPolicy: 'MADUO',
  listPolicyVersions: 'MADUO',
  getPolicyVersion: 'MADUO',
  diffPolicies: 'MADUO',
  publishPolicy: 'D',
  validatePolicy: 'DU',
  rollBackPolicy: 'D',
  rollOutPolicy: 'D',
  cancelPolicy: 'D',
  listBudgets: ALL,
  getBudget: ALL,
  createBudget: 'D',
  updateBudget: 'D',
  closeBudget: 'D',
  listCredits: ALL,
  grantCredit: 'D',
  revokeCredit: 'D',
  listPriceBooks: ALL,
  getPriceBook: ALL,
  publishPriceBook: 'D',
  listWaivers: ALL,
  getWaiver: ALL,
  grantWaiver: 'D',
  revokeWaiver: 'D',
  listIntegrations: 'D',
  createIntegration: 'D',
  rotateIntegration: 'D',
  revokeIntegration: 'D',
  fileApprovalRequest: 'MS',
  listApprovals: 'MADUS',
  getApproval: 'MADUS',
  approvalQueue: 'A',
  approve: 'A',
  deny: 'A',
  withdrawApproval: 'MADS',
  reissueToken: 'MADS',
  consume: 'MS',
  listActiveReservations: 'DUO',
  getReservation: 'DUO',
  reconcile: 'DS',
  sweepOverdue: 'DO',
  listExceptions: 'DUO',
  resolveException: 'D',
  importCosts: 'DS',
  queryLedger: 'DU',
  listCheckpoints: 'DU',
  latestCheckpoint: 'DU',
  createExport: 'DU',
  listExports: 'DU',
  exportParity: 'DU',
  getExport: 'DU',
  downloadExport: 'DU',
  getExportParity: 'DU',
  jwks: '',
  vkeys: '',
};

/** The roles that the contract names for a route. */
export const contractRolesOf = (id: RouteId): readonly Role[] =>
  LETTERS.flatMap(([letter, role]) => (TABLE[id].includes(letter) ? [role] : []));
