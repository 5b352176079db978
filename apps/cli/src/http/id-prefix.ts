import { ROUTES, type RouteContract } from '@verdict/contracts';
import { wrongCall } from '../failure.js';

/** Where the ids of a path are found. */
interface Found {
  readonly route: RouteContract;
  /** Newest first, without an end: ids are UUIDv7, so that what is older than the prefix ends the search. */
  readonly isByTime: boolean;
}

const LISTS: Readonly<Record<string, Found>> = {
  decision_id: { route: ROUTES.listDecisions, isByTime: true },
  approval_id: { route: ROUTES.listApprovals, isByTime: true },
  credit_id: { route: ROUTES.listCredits, isByTime: false },
  exception_id: { route: ROUTES.listWaivers, isByTime: false },
  integration_id: { route: ROUTES.listIntegrations, isByTime: false },
};

const PAGES_MAX = 25;
const PAGE_ITEMS = 200;
const PREFIX = /^[0-9a-f]{4,8}(-[0-9a-f-]*)?$/i;
const UUID_LENGTH = 36;

/** Ids of exceptions of reconciliation have another form, and are given whole. */
const isOfList = ({ path }: RouteContract, name: string): boolean =>
  name !== 'exception_id' || path.includes('/enforcement/exceptions/');

const idsOf = (body: unknown, name: string): readonly string[] => {
  const items: unknown = typeof body === 'object' && body !== null ? Reflect.get(body, 'items') : undefined;
  if (!Array.isArray(items)) return [];
  return items.flatMap((item: unknown) => {
    const id: unknown = typeof item === 'object' && item !== null ? Reflect.get(item, name) : undefined;
    return typeof id === 'string' ? [id] : [];
  });
};

/** Bodies of a list's pages, as they were sent. */
export type PagesOf = (route: RouteContract, limit: number) => AsyncIterable<unknown>;

const search = async (prefix: string, name: string, { route, isByTime }: Found, pagesOf: PagesOf) => {
  const found = new Set<string>();
  let pages = 0;
  for await (const body of pagesOf(route, PAGE_ITEMS)) {
    const ids = idsOf(body, name);
    for (const id of ids) if (id.startsWith(prefix)) found.add(id);
    pages += 1;
    if (found.size > 1 || (isByTime && ids.every((id) => id < prefix))) break;
    if (pages === PAGES_MAX && found.size === 0) {
      const newest = String(PAGES_MAX * PAGE_ITEMS);
      throw wrongCall('id_not_found', `none of the newest ${newest} begins with ${prefix}`, 'give the whole id');
    }
  }
  return [...found];
};

/** The id that begins so; the text itself where there is none, or where it is none of the kind. */
export const wholeId = async (name: string, text: string, pagesOf: PagesOf): Promise<string> => {
  const list = LISTS[name];
  if (list === undefined || text.length >= UUID_LENGTH || !PREFIX.test(text)) return text;
  const prefix = text.toLowerCase();
  const [id, other] = await search(prefix, name, list, pagesOf);
  if (other !== undefined)
    throw wrongCall('id_ambiguous', `several ids begin with ${prefix}`, 'give more characters of it');
  return id ?? text;
};

/** Ids of a path as they are; one of which only the beginning was given is looked up. @source operations section 1 */
export const wholeIds = async (
  route: RouteContract,
  params: Readonly<Record<string, string>>,
  pagesOf: PagesOf,
): Promise<Readonly<Record<string, string>>> => {
  const whole: Record<string, string> = { ...params };
  for (const [name, text] of Object.entries(params))
    if (isOfList(route, name)) whole[name] = await wholeId(name, text, pagesOf);
  return whole;
};
