export { acosComposite } from './acos.js';
export { asinComposite } from './asin.js';
export { atan2Composite } from './atan2.js';
export {
  filterGradientComposite,
  filterGradientOptions,
  filterGradientOptionsOf,
  filterGradientPadding,
} from './filterGradient.js';
export { geluComposite } from './gelu.js';
export { normalizeComposite, normalizeOptions } from './normalize.js';
export { siluComposite } from './silu.js';
export { softmaxComposite } from './softmax.js';
