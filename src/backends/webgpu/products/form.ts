/** What of a product is in the text of a shader, and not among its numbers. */
import { type Layout, layoutOf, slides } from './layout.js';
import type { Product } from './problem.js';

export interface Form {
  readonly layout: Layout;
  /** What there is to a window: nothing; edges; gaps between the numbers of an image too. */
  readonly window: 'none' | 'edges' | 'gaps';
  /** Whether places in the window move with the last digit of the depth. */
  readonly slides: boolean;
  /** Whether the last step along the depth is a part of one. */
  readonly isCut: boolean;
}

/** The form of a product that takes steps of some length along the last digit of its depth. */
export const formOf = (product: Product, step: number): Form => {
  const { window } = product.left;
  const hasGaps = window?.some(({ gap }) => gap > 1) ?? false;
  return {
    layout: layoutOf(product),
    window: window === null ? 'none' : hasGaps ? 'gaps' : 'edges',
    slides: slides(product.left),
    isCut: product.depth[2] % step !== 0,
  };
};
