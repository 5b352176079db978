import { isRawObject, memberOf, textMemberOf, type RawJson } from '../shared/raw-json.js';

export type AdmissionOperation = 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';

/** What an AdmissionReview asks, as its reader checked it. Texts are as sent; '' where nothing was. */
export interface AdmissionRequest {
  /** Fresh per call: it is echoed, and says nothing about the change. */
  readonly uid: string;
  readonly operation: AdmissionOperation;
  readonly group: string;
  readonly plural: string;
  readonly subresource: string;
  readonly name: string;
  readonly namespace: string;
  readonly username: string;
  readonly groups: readonly string[];
  readonly isDryRun: boolean;
  /** null on DELETE. */
  readonly object: RawJson;
  /** null on CREATE. */
  readonly oldObject: RawJson;
}

/** The object that says where a change belongs: the new one, on DELETE the old one. */
export const subjectOf = ({ object, oldObject }: Pick<AdmissionRequest, 'object' | 'oldObject'>): RawJson =>
  isRawObject(object) ? object : oldObject;

const metadataOf = (object: RawJson): RawJson => memberOf(object, 'metadata') ?? null;

/** `metadata.<member>` where it is text. */
export const metadataText = (object: RawJson, member: string): string | undefined =>
  textMemberOf(metadataOf(object), member);

/** Value of an annotation or a label, where it is text. */
export const annotationOf = (object: RawJson, key: string): string | undefined =>
  textMemberOf(memberOf(metadataOf(object), 'annotations'), key);
export const labelValueOf = (object: RawJson, key: string): string | undefined =>
  textMemberOf(memberOf(metadataOf(object), 'labels'), key);

/** Namespace of the object, whichever of the two names it; '' for what has none. @source protocols K12 */
export const namespaceOf = (request: AdmissionRequest): string =>
  request.namespace === '' ? (metadataText(subjectOf(request), 'namespace') ?? '') : request.namespace;
