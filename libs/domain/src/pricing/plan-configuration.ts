import { isRawList, memberOf, textMemberOf, type RawJson } from '../shared/raw-json.js';

/** What the configuration part of a plan tells about regions, and nothing else of it. */
export interface PlanConfiguration {
  /** Key of the provider block that plans a resource, by `resourceKey`. */
  readonly providerKeys: ReadonlyMap<string, string>;
  /** Region of a provider block, by its key; only where the plan shows one. */
  readonly regions: ReadonlyMap<string, string>;
}

export interface ConfiguredResource {
  readonly modulePath: readonly string[];
  readonly mode: string;
  readonly type: string;
  readonly name: string;
}

/** Names of Terraform hold no space, so the text is one to one. */
export const resourceKey = ({ modulePath, mode, type, name }: ConfiguredResource): string =>
  [...modulePath, mode, type, name].join(' ');

/** One step of a module address: `module.name` and an instance key, whose quoted text may hold anything. */
const MODULE_STEP = /module\.([^.[\]"]+)(?:\[(?:"(?:[^"\\]|\\.)*"|[^"\]]*)\])?(?:\.|$)/y;

/**
 * Module names without their instance keys: `module.a["x.y"].module.b[0]` is [a, b].
 *
 * @returns undefined for an address that is not made of such steps; the empty path for the root module.
 */
export const modulePathOf = (address: string | undefined): readonly string[] | undefined => {
  const path: string[] = [];
  MODULE_STEP.lastIndex = 0;
  let at = 0;
  while (at < (address ?? '').length) {
    const name = MODULE_STEP.exec(address ?? '')?.[1];
    if (name === undefined) return undefined;
    path.push(name);
    at = MODULE_STEP.lastIndex;
  }
  return path;
};

const VARIABLE = /^var\.([^.[\]]+)$/;

/** Value of a root variable, as given or by default; a sensitive one tells nothing. */
const variableOf = (plan: RawJson, name: string): string | undefined => {
  const declared = memberOf(memberOf(memberOf(memberOf(plan, 'configuration'), 'root_module'), 'variables'), name);
  if (memberOf(declared, 'sensitive') === true) return undefined;
  const given = memberOf(memberOf(plan, 'variables'), name);
  return given === undefined ? textMemberOf(declared, 'default') : textMemberOf(given, 'value');
};

/** A constant, or one reference to a root variable: more cannot be evaluated without Terraform. */
const regionOf = (plan: RawJson, provider: RawJson): string | undefined => {
  const region = memberOf(memberOf(provider, 'expressions'), 'region');
  const constant = textMemberOf(region, 'constant_value');
  if (constant !== undefined) return constant;
  const references = memberOf(region, 'references');
  // In a module, `var.region` is that module's variable and says nothing about the root's.
  if (!isRawList(references) || references.length !== 1 || textMemberOf(provider, 'module_address') !== undefined)
    return undefined;
  const [reference] = references;
  const name = typeof reference === 'string' ? VARIABLE.exec(reference)?.[1] : undefined;
  return name === undefined ? undefined : variableOf(plan, name);
};

const membersOf = (value: RawJson | undefined): readonly (readonly [string, RawJson])[] =>
  typeof value === 'object' && value !== null && !isRawList(value) ? Object.entries(value) : [];

const collectProviderKeys = (module: RawJson | undefined, path: readonly string[], keys: Map<string, string>): void => {
  const resources = memberOf(module, 'resources');
  for (const resource of isRawList(resources) ? resources : []) {
    const [mode, type, name] = ['mode', 'type', 'name'].map((member) => textMemberOf(resource, member));
    const key = textMemberOf(resource, 'provider_config_key');
    if (mode !== undefined && type !== undefined && name !== undefined && key !== undefined)
      keys.set(resourceKey({ modulePath: path, mode, type, name }), key);
  }
  for (const [name, call] of membersOf(memberOf(module, 'module_calls')))
    collectProviderKeys(memberOf(call, 'module'), [...path, name], keys);
};

/** @source protocols section 3.1, "region"; Terraform JSON output format, "Configuration Representation" */
export const readConfiguration = (plan: RawJson): PlanConfiguration => {
  const configuration = memberOf(plan, 'configuration');
  const providerKeys = new Map<string, string>();
  collectProviderKeys(memberOf(configuration, 'root_module'), [], providerKeys);
  const regions = new Map<string, string>();
  for (const [key, provider] of membersOf(memberOf(configuration, 'provider_config'))) {
    const region = regionOf(plan, provider);
    if (region !== undefined) regions.set(key, region);
  }
  return { providerKeys, regions };
};
