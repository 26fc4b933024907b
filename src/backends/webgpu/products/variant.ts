/** Shader variants: the properties of a product that change the code of its shader. All others are uniform values. */
import { type Layout, layoutOf, slides } from './layout.js';
import type { Product } from './product.js';

export interface Variant {
  readonly layout: Layout;
  /** Bounds checks on the image: none; its edges; its edges and the gaps of a dilated image. */
  readonly window: 'none' | 'edges' | 'gaps';
  /** True if the position in the image depends on the last digit of the depth. */
  readonly slides: boolean;
  /** True if the depth is not a multiple of the step, so that the last step is partial. */
  readonly hasPartialStep: boolean;
}

/** Returns the variant for a product and the step of its kernel along the last digit of the depth. */
export const variantOf = (product: Product, step: number): Variant => {
  const { window } = product.left;
  const hasGaps = window?.some(({ gap }) => gap > 1) ?? false;
  return {
    layout: layoutOf(product),
    window: window === null ? 'none' : hasGaps ? 'gaps' : 'edges',
    slides: slides(product.left),
    hasPartialStep: product.depth[2] % step !== 0,
  };
};
