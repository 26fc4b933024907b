export * from './lower.js';
