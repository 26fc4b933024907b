export { geluComposite, siluComposite } from './silu.js';
export { acosComposite, asinComposite, atan2Composite } from './trigonometric.js';
export { softmaxComposite } from './softmax.js';
export { normalizeComposite, normalizeOptions } from './normalize.js';
export {
  filterGradient,
  filterGradientComposite,
  filterGradientOptions,
  filterGradientOptionsOf,
  filterGradientPadding,
} from './filterGradient.js';
