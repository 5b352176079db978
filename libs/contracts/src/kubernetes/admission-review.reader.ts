import {
  type AdmissionOperation,
  type AdmissionRequest,
  isRawList,
  memberOf,
  type RawJson,
  textMemberOf,
} from '@verdict/domain';
import { FOREIGN_DEPTH_MAX, readJson } from '../json/strict-json.js';

export const REVIEW_API_VERSION = 'admission.k8s.io/v1';
export const REVIEW_KIND = 'AdmissionReview';

/** A review, or the problem for a body from which no uid could be read. */
export type ReviewReading =
  | { readonly kind: 'review'; readonly request: AdmissionRequest }
  | {
      readonly kind: 'refused';
      readonly code: 'malformed_json' | 'validation_failed' | 'review_without_uid';
      readonly pointer: string;
      readonly detail: string;
    };

const OPERATIONS: readonly AdmissionOperation[] = ['CREATE', 'UPDATE', 'DELETE', 'CONNECT'];

/** What an operation that nobody knows yet looks like by its objects; without any, nobody says that it only takes away. */
const operationOf = (request: RawJson, object: RawJson, oldObject: RawJson): AdmissionOperation => {
  const named = OPERATIONS.find((each) => each === textMemberOf(request, 'operation'));
  if (named !== undefined) return named;
  if (oldObject === null) return 'CREATE';
  return object === null ? 'DELETE' : 'UPDATE';
};

const GROUPS_MAX = 256;
const groupsOf = (userInfo: RawJson | undefined): readonly string[] => {
  const groups = memberOf(userInfo, 'groups');
  return (isRawList(groups) ? groups : []).filter((each) => typeof each === 'string').slice(0, GROUPS_MAX);
};

const requestOf = (request: RawJson, uid: string): AdmissionRequest => {
  const resource = memberOf(request, 'resource');
  const userInfo = memberOf(request, 'userInfo');
  const object = memberOf(request, 'object') ?? null;
  const oldObject = memberOf(request, 'oldObject') ?? null;
  return {
    uid,
    operation: operationOf(request, object, oldObject),
    group: textMemberOf(resource, 'group') ?? '',
    plural: textMemberOf(resource, 'resource') ?? '',
    subresource: textMemberOf(request, 'subResource') ?? '',
    name: textMemberOf(request, 'name') ?? '',
    namespace: textMemberOf(request, 'namespace') ?? '',
    username: textMemberOf(userInfo, 'username') ?? '',
    groups: groupsOf(userInfo),
    isDryRun: memberOf(request, 'dryRun') === true,
    object,
    oldObject,
  };
};

const UID = /^[\x21-\x7e]{1,256}$/;
const refused = (
  code: Extract<ReviewReading, { kind: 'refused' }>['code'],
  pointer: string,
  detail: string,
): ReviewReading => ({ kind: 'refused', code, pointer, detail });

/**
 * Reads an AdmissionReview v1. Members that nobody knows are ignored, number tokens stay text, and what is missing
 * beside the uid is read as empty: from the uid on there is always an answer.
 *
 * @param bytes the whole body.
 * @returns `malformed_json` also for a member that occurs twice; `validation_failed` for another kind or version, which
 *   must never be answered in v1; `review_without_uid`.
 * @source protocols section 1.1 (K2, K3, K8, K10), contract section 5.3
 */
export const readAdmissionReview = (bytes: Uint8Array): ReviewReading => {
  const read = readJson(bytes, { depthMax: FOREIGN_DEPTH_MAX });
  if (read.kind === 'malformed') return refused('malformed_json', read.pointer, read.detail);
  const review = read.value;
  if (textMemberOf(review, 'apiVersion') !== REVIEW_API_VERSION)
    return refused('validation_failed', '/apiVersion', `must be ${REVIEW_API_VERSION}`);
  if (textMemberOf(review, 'kind') !== REVIEW_KIND)
    return refused('validation_failed', '/kind', `must be ${REVIEW_KIND}`);
  const request = memberOf(review, 'request') ?? null;
  const uid = textMemberOf(request, 'uid') ?? '';
  if (!UID.test(uid)) return refused('review_without_uid', '/request/uid', 'must be 1 to 256 visible ASCII characters');
  return { kind: 'review', request: requestOf(request, uid) };
};
