/**
 * Numbers of published implementations, run with PyTorch on a CPU in float64: openai/guided-diffusion
 * (schedules and Gaussian steps) and huggingface/diffusers (zero-terminal-SNR schedules, in float32).
 * Timesteps count from 0; images are `[2, 3, 4, 4]`, NCHW, flattened.
 */
import { readFileSync } from 'node:fs';

const read = (name: string): unknown => JSON.parse(readFileSync(new URL(name, import.meta.url), 'utf8'));

/** Derived tables of a schedule, at the timesteps `t`. */
export interface GoldenSchedule {
  readonly T: number;
  readonly t: readonly number[];
  readonly betas: readonly number[];
  readonly alphas_cumprod: readonly number[];
  readonly alphas_cumprod_prev: readonly number[];
  readonly alphas_cumprod_next: readonly number[];
  readonly sqrt_alphas_cumprod: readonly number[];
  readonly sqrt_one_minus_alphas_cumprod: readonly number[];
  readonly log_one_minus_alphas_cumprod: readonly number[];
  readonly sqrt_recip_alphas_cumprod: readonly number[];
  readonly sqrt_recipm1_alphas_cumprod: readonly number[];
  readonly posterior_variance: readonly number[];
  readonly posterior_log_variance_clipped: readonly number[];
  readonly posterior_mean_coef1: readonly number[];
  readonly posterior_mean_coef2: readonly number[];
  readonly sum_betas: number;
  readonly snr_last: number;
}

/** Schedules whose published tables are float32. */
type GoldenRescaled = Pick<GoldenSchedule, 'T' | 't' | 'betas' | 'alphas_cumprod'>;

export const goldenSchedules = (
  read('schedules.json') as {
    readonly schedules: Readonly<
      Record<'gd_linear_1000' | 'gd_cosine_1000', GoldenSchedule> &
        Record<`diffusers_${'linear' | 'scaled_linear'}_1000_zero_terminal_snr`, GoldenRescaled>
    >;
  }
).schedules;

/** One batch of two timesteps. */
interface GoldenForward {
  readonly t: readonly [number, number];
  readonly q_sample: readonly number[];
  readonly q_mean: readonly number[];
  readonly q_variance_per_batch: readonly number[];
  readonly q_log_variance_per_batch: readonly number[];
  readonly posterior_mean: readonly number[];
  readonly posterior_variance_per_batch: readonly number[];
  readonly posterior_log_variance_clipped_per_batch: readonly number[];
  readonly prior_bpd: readonly [number, number];
}

/** Steps of the reverse process from q_sample at `t`, by ε = 0.9·tanh(0.8·x + 0.3·sin(t/100)), x̂₀ clipped. */
interface GoldenReverse {
  readonly schedule: 'linear' | 'cosine';
  readonly var_type: 'FIXED_SMALL' | 'LEARNED_RANGE';
  readonly t: readonly [number, number];
  readonly mean: readonly number[];
  readonly pred_xstart: readonly number[];
  /** For each element, if it is learned. */
  readonly log_variance?: readonly number[];
  /** For each sample, if it is fixed. */
  readonly log_variance_per_batch?: readonly number[];
  readonly 'p_sample(noise k=0)': readonly number[];
  readonly 'ddim_sample(eta=0.0,noise k=0)': readonly number[];
  readonly 'ddim_sample(eta=0.5,noise k=0)': readonly number[];
  readonly 'ddim_sample(eta=1.0,noise k=0)': readonly number[];
  /** From t to t+1; from T-1 to pure noise. */
  readonly ddim_reverse_sample: readonly number[];
  /** With ∇ log p(y|x_t) = -0.5·x + 0.1·cos(t/200), at scale 1. */
  readonly 'p_sample_cond(noise k=0)': readonly number[];
  readonly 'ddim_sample_cond(eta=0)': readonly number[];
  readonly condition_mean: readonly number[];
  readonly 'condition_score.mean': readonly number[];
  readonly 'condition_score.pred_xstart': readonly number[];
}

export const goldenSteps = read('gaussianSteps.json') as {
  readonly shape: readonly [number, number, number, number];
  readonly x0: readonly number[];
  readonly 'noise(k=100)': readonly number[];
  readonly cases: {
    readonly q: { readonly items: readonly GoldenForward[] };
    readonly p: { readonly items: readonly GoldenReverse[] };
  };
};

/** The noise of the golden numbers: √2·sin(0.7·i + 1.3·k + 0.5) at flat index i. */
export const detNoise = (size: number, k: number): readonly number[] =>
  Array.from({ length: size }, (_, i) => Math.SQRT2 * Math.sin(0.7 * i + 1.3 * k + 0.5));
