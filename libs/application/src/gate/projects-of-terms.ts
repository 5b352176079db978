import type { IntegrationTerms } from '@verdict/domain';
import { mayActFor, type RequestCaller } from '../shared/request.js';

type Acting = Pick<RequestCaller, 'projects'>;

const PROJECT = /^project:(.*?)(?:\/env:.*)?$/s;
/** Whether somebody may see and administer what is of this scope; what is of the whole tenant names no project. */
export const mayActOnScope = (caller: Acting, scope: string): boolean => {
  const project = PROJECT.exec(scope)?.[1];
  return project === undefined || mayActFor(caller, project);
};

/** Whether all projects that the rules of an integration name are somebody's own. */
export const mayActOnTerms = (caller: Acting, { project_rules: rules }: IntegrationTerms): boolean =>
  rules.every(({ project_id: projectId }) => mayActFor(caller, projectId));
