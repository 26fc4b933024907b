export * from './activation.js';
export * from './attention.js';
export * from './filterGradient.js';
export * from './hyperbolic.js';
export * from './normalization.js';
export * from './trigonometric.js';
