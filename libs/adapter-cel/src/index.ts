export { createCelRules } from './cel-rules.js';
