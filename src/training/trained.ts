import { type GuidedParams, type Model, overParams, type Process } from '../diffusion/index.js';
import { isValue, leafSpec, mapLeaves, type Resident, treeSpec, valueShape } from '../dsl/index.js';
import type { ImageExtents, ImageShape } from './data/dataset.js';

/** A model with parameters on a backend. */
export interface Trained<P, I extends ImageShape> {
  readonly model: Omit<Model<P, I>, 'init'>;
  readonly process: Process;
  /** Height, width and channels of an image. */
  readonly image: ImageExtents<I>;
  /**
   * The rate at which labels were dropped in training. At 0, `cfg` and samples without a label are a `ConfigError`. Left
   * out, nothing is checked.
   */
  readonly labelDropout?: number;
  /** The averaged parameters. */
  readonly params: Resident<P>;
}

/** A model beside the parameters of what guides it, which may have none. */
export const besideGuide = <P, Q, I extends ImageShape>(
  { model, params, ...trained }: Trained<P, I>,
  guide: Resident<Q> | undefined,
): Trained<GuidedParams<P, Q>, I> => ({
  ...trained,
  model: {
    ...overParams(({ denoiser }: GuidedParams<P, Q>) => denoiser)(model),
    params: treeSpec({
      denoiser: model.params,
      guide: mapLeaves(guide, isValue, (leaf) => leafSpec(valueShape(leaf))),
    }),
  },
  params: { denoiser: params, guide } as Resident<GuidedParams<P, Q>>, // which does not reduce while P and Q are open
});
