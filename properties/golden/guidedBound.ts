/**
 * Numbers of openai/guided-diffusion that `gaussianSteps.json` lacks: terms of the variational bound, classifier
 * guidance, DDIM's reversed step, and predictions of x_{t-1}. In float64; `guidedBound.json` says how they were made.
 */
import { readFileSync } from 'node:fs';

/** Two samples, each at its own t. */
type Pair = readonly [number, number];

export const goldenBound = JSON.parse(readFileSync(new URL('guidedBound.json', import.meta.url), 'utf8')) as {
  readonly _prior_bpd: Pair;
  readonly _vb_terms_bpd: readonly {
    readonly var_type: 'FIXED_SMALL' | 'FIXED_LARGE' | 'LEARNED_RANGE' | 'LEARNED';
    readonly clip_denoised: boolean;
    readonly t: readonly Pair[];
    readonly vb: readonly Pair[];
  }[];
  readonly guided: readonly {
    readonly t: Pair;
    readonly condition_mean: readonly number[];
    readonly 'condition_score.mean': readonly number[];
    readonly 'condition_score.pred_xstart': readonly number[];
  }[];
  readonly reversed: readonly {
    readonly t: Pair;
    readonly x: readonly number[];
    readonly ddim_reverse_sample: readonly number[];
  }[];
  readonly previous: readonly { readonly t: Pair; readonly pred_xstart: readonly number[] }[];
};
