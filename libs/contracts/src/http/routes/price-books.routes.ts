import { PageQuery } from '../pages.js';
import { PriceBookParams } from '../params.js';
import { PriceBookAnswer, PriceBookBody, PriceBooksAnswer } from '../policy.js';
import { ALL, BASE, MONEY, type RouteContract, WRITE } from './route-contract.js';

export const PRICE_BOOKS_ROUTES = {
  listPriceBooks: {
    id: 'listPriceBooks',
    method: 'GET',
    path: `${BASE}/price-books`,
    roles: ALL,
    status: 200,
    query: PageQuery,
    response: PriceBooksAnswer,
    problems: ['cursor_invalid', 'log_unavailable'],
    summary: 'Published price books, newest first',
    tag: 'price books',
    readsLog: true,
  },
  getPriceBook: {
    id: 'getPriceBook',
    method: 'GET',
    path: `${BASE}/price-books/:version`,
    roles: ALL,
    status: 200,
    params: PriceBookParams,
    response: PriceBookAnswer,
    problems: ['not_found', 'log_unavailable'],
    summary: 'One price book with its text',
    tag: 'price books',
    readsLog: true,
  },
  publishPriceBook: {
    id: 'publishPriceBook',
    method: 'POST',
    path: `${BASE}/price-books`,
    roles: ['admin'],
    status: 201,
    body: PriceBookBody,
    response: PriceBookAnswer,
    problems: [...WRITE, ...MONEY, 'currency_unsupported', 'quota_exceeded'],
    summary: 'Publish a price book; it never changes',
    tag: 'price books',
    idempotencyKey: 'optional',
  },
} as const satisfies Readonly<Record<string, RouteContract>>;
