/**
 * Numbers of published implementations, in float64: the schedulers of huggingface/diffusers, and samplers of
 * crowsonkb/k-diffusion. `diffusers.json` says which files, at which commits, and how they were run.
 *
 * In recorded steps x is `[2, 1, 2]`, flattened; it begins with detNoise(4, 1), and step i draws detNoise(4, 10 +
 * i). The model predicts 0.9·tanh(0.8·x + 0.3·sin(t/100)), in the parameterization of the settings (ε by default); a
 * learned variance is 0.5·sin(3·x + t/50), a position in the range, or log σ². x is in the variance-preserving scale,
 * and for schedulers that work in σ the model gets x̄/√(1 + σ²).
 */
import { readFileSync } from 'node:fs';

/** Steps of one scheduler with some settings, named as it names them. */
export interface GoldenSteps {
  readonly name: string;
  /** The scheduler's class, or the sampler's function. */
  readonly class: string;
  readonly settings: {
    readonly beta_schedule?: 'linear' | 'scaled_linear' | 'squaredcos_cap_v2' | 'sigmoid';
    readonly prediction_type?: 'epsilon' | 'sample' | 'v_prediction';
    readonly variance_type?: string;
    readonly clip_sample?: boolean;
    readonly thresholding?: boolean;
    readonly dynamic_thresholding_ratio?: number;
    readonly sample_max_value?: number;
    readonly rescale_betas_zero_snr?: boolean;
    readonly set_alpha_to_one?: boolean;
    readonly skip_prk_steps?: boolean;
    readonly final_sigmas_type?: string;
    readonly use_karras_sigmas?: boolean;
    readonly use_exponential_sigmas?: boolean;
    readonly algorithm_type?: string;
    readonly solver_order?: 1 | 2 | 3;
    readonly solver_type?: string;
    readonly lower_order_final?: boolean;
    readonly s_churn?: number;
    readonly s_tmin?: number;
    readonly s_tmax?: number;
    readonly s_noise?: number;
    readonly eta?: number;
  };
  /** Arguments of each step. */
  readonly step?: {
    readonly eta?: number;
    readonly order?: 1 | 2 | 3 | 4;
    readonly use_clipped_model_output?: boolean;
  };
  /** The timesteps that the model gets at the beginning of each step, which may be fractional. */
  readonly timesteps?: readonly number[];
  /** The σ of these timesteps, if the scheduler has σ. */
  readonly sigmas?: readonly number[];
  /**
   * For k-diffusion: the rising σ of all levels, of which level j has t = 40·j for the model; and the visited levels.
   */
  readonly levels?: readonly number[];
  readonly path?: readonly number[];
  /** x after each step, and each stage of Runge-Kutta; x̄ = x/√ᾱ for schedulers that work in σ. */
  readonly xs: readonly (readonly number[])[];
}

/** A table at the timesteps `t` of {@link goldenDiffusers}. */
interface GoldenTable {
  readonly betas: readonly number[];
  readonly alphas_cumprod: readonly number[];
  readonly betas_sum: number;
}

/** Timesteps of a spacing at T = 1000; for long lists the ends and the sum. */
export interface GoldenGrid {
  readonly class: 'DDIMScheduler' | 'DPMSolverMultistepScheduler';
  readonly timestep_spacing: 'linspace' | 'leading' | 'trailing';
  readonly steps: number;
  readonly timesteps?: readonly number[];
  readonly first?: readonly number[];
  readonly last?: readonly number[];
  readonly sum?: number;
}

interface GoldenSigmas {
  readonly n: number;
  readonly min: number;
  readonly max: number;
  readonly sigmas: readonly number[];
}

export const goldenDiffusers = JSON.parse(readFileSync(new URL('diffusers.json', import.meta.url), 'utf8')) as {
  readonly schedules: {
    readonly T: number;
    readonly t: readonly number[];
    readonly tables: Readonly<Record<string, GoldenTable>>;
  };
  readonly grids: readonly GoldenGrid[];
  readonly sigmas: { readonly karras: GoldenSigmas; readonly exponential: GoldenSigmas };
  readonly cases: readonly GoldenSteps[];
};

/** The case of a name. */
export const goldenSteps = (name: string): GoldenSteps => {
  const match = goldenDiffusers.cases.find((one) => one.name === name);
  if (match === undefined) throw new Error(`no golden steps of ${name}`);
  return match;
};
