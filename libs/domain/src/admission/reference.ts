import { resourceName } from '../pricing/kubernetes/facts.js';
import { sha256Hex } from '../shared/sha256.js';
import { metadataText, subjectOf, type AdmissionRequest } from './review.js';

const REFERENCE_LENGTH_MAX = 512;
const KEPT_LENGTH = 440;

/** A text within `max` characters; what is cut off is told apart by its hash. */
export const bounded = (text: string, max: number, kept: number): string =>
  text.length <= max ? text : `${text.slice(0, kept)}#${sha256Hex(text)}`;

/** Name of the object: on `deletecollection` the request itself has none. */
const nameOf = (request: AdmissionRequest): string =>
  request.name === '' ? (metadataText(subjectOf(request), 'name') ?? '') : request.name;

const namespaceOf = (request: AdmissionRequest): string =>
  request.namespace === '' ? (metadataText(subjectOf(request), 'namespace') ?? '') : request.namespace;

const generateNameOf = (request: AdmissionRequest): string | undefined =>
  request.operation === 'CREATE' && request.subresource === ''
    ? metadataText(request.object, 'generateName')
    : undefined;

/** The name that this try generated; null when the name was chosen: ten equal Jobs are ten holds, not one. */
export const generatedName = (request: AdmissionRequest): string | null => {
  const prefix = generateNameOf(request) ?? '';
  return prefix === '' ? null : bounded(nameOf(request), 253, 188);
};

const CONTROL = /[\u0000-\u001f\u007f]/g;
const orDash = (text: string): string => (text === '' ? '-' : text);

/**
 * `<plural>[.<group>]/<namespace or ->/<name or ->`; a subresource has its parent's, and a generated name ends in `*`,
 * so that a retry under another name is the same change.
 *
 * @returns 1 to 512 characters in Unicode normal form C.
 * @source protocols section 1.3, "resource_reference"
 */
export const admissionReference = (request: AdmissionRequest): string => {
  const prefix = generateNameOf(request) ?? '';
  const name = prefix === '' ? orDash(nameOf(request)) : `${prefix}*`;
  const text = `${resourceName(request)}/${orDash(namespaceOf(request))}/${name}`.replace(CONTROL, '\uFFFD');
  return bounded(text.normalize('NFC'), REFERENCE_LENGTH_MAX, KEPT_LENGTH);
};
