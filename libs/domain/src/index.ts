export type * from './shared/brand.js';
