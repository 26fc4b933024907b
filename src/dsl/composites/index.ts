export { geluComposite, siluComposite } from './silu.js';
export { softmaxComposite } from './softmax.js';
export { normalizeComposite, normalizeOptions } from './normalize.js';
export {
  filterGradientComposite,
  filterGradientOptions,
  filterGradientOptionsOf,
  filterGradientPadding,
} from './filterGradient.js';
