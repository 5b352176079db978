import { resourceName } from '../pricing/kubernetes/facts.js';
import { bounded, boundedReference } from '../shared/bounded-reference.js';
import { metadataText, namespaceOf, subjectOf, type AdmissionRequest } from './review.js';

/** Name of the object: on `deletecollection` the request itself has none. */
const nameOf = (request: AdmissionRequest): string =>
  request.name === '' ? (metadataText(subjectOf(request), 'name') ?? '') : request.name;

const generateNameOf = (request: AdmissionRequest): string | undefined =>
  request.operation === 'CREATE' && request.subresource === ''
    ? metadataText(request.object, 'generateName')
    : undefined;

/** The name that this try generated; null when the name was chosen: ten equal Jobs are ten holds, not one. */
export const generatedName = (request: AdmissionRequest): string | null => {
  const prefix = generateNameOf(request) ?? '';
  return prefix === '' ? null : bounded(nameOf(request), 253, 188);
};

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
  return boundedReference(`${resourceName(request)}/${orDash(namespaceOf(request))}/${name}`);
};
