import { JwksAnswer } from '../audit.js';
import { type RouteContract } from './route-contract.js';

export const KEYS_ROUTES = {
  jwks: {
    id: 'jwks',
    method: 'GET',
    path: '/.well-known/jwks.json',
    roles: 'public',
    status: 200,
    response: JwksAnswer,
    problems: [],
    summary: 'Public keys of approval tokens',
    tag: 'keys',
  },
  vkeys: {
    id: 'vkeys',
    method: 'GET',
    path: '/.well-known/verdict-vkeys.txt',
    roles: 'public',
    status: 200,
    response: null,
    mediaType: 'text/plain',
    problems: ['signing_key_unavailable'],
    summary: 'Public keys of checkpoints and exports, as C2SP vkey lines',
    tag: 'keys',
  },
} as const satisfies Readonly<Record<string, RouteContract>>;
