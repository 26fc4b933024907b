/** Paths of noise levels, on the host and in programs. */
import type { Dim, Elementwise, Key, Tensor } from '../../dsl/index.js';
import type { Level } from '../channels/level.js';

/** The dtypes of times in a program: int32 for the timesteps of a discrete path, else float32. */
export type TimeType = 'int32' | 'float32';

/** The noise level of each sample, `[B]` each: x_t = α·x₀ + σ·ε. */
export interface NoiseLevel<B extends Dim> {
  readonly alpha: Tensor<[B]>;
  readonly sigma: Tensor<[B]>;
  /** √(α² + σ²), left out where it is 1. */
  readonly norm?: Tensor<[B]>;
  /** α̇ and σ̇, the derivatives by time, on a path that has them. */
  readonly rates?: { readonly alpha: Tensor<[B]>; readonly sigma: Tensor<[B]> };
}

/** The number that a network gets as its time. */
export interface Clock {
  /** True if the number counts timesteps: whole numbers at the levels, fractions between them. */
  readonly isWhole: boolean;
  /** The number of `timesteps` that a network must have; ∞ for a time that only a denoiser of noise levels takes, such as σ. */
  readonly count: number;
  /** On the host, in float64. */
  readonly at: (level: Level) => number;
  /** In a program, from the time of each sample. */
  readonly of: <B extends Dim>(t: Tensor<[B], TimeType>) => Tensor<[B], TimeType>;
}

/** Noise levels by their time. */
export interface Lookup {
  /** The level at a time, on the host in float64. Between two timesteps log(σ/α) is linear in t: see {@link linearInLogAlpha}. */
  readonly levelAt: (t: number) => Level;
  /** The level at the time of each sample, in a program; NaN outside of the path. */
  readonly levels: <B extends Dim>(t: Tensor<[B], TimeType>) => NoiseLevel<B>;
  readonly clock: Clock;
  /** All levels of a discrete path. */
  readonly list?: readonly Level[];
}

/** A path of noise levels t ↦ (α, σ). */
export interface Path extends Lookup {
  /**
   * Its time, which rises from the data: the index of a timestep, a number of [0, 1], or σ itself, which has no end.
   */
  readonly time: 'timestep' | 'unit' | 'sigma';
  /** The time of its noisiest level: T-1, 1 or ∞. */
  readonly last: number;
  /** The level with the noise σ/α of EDM, on the host in float64. */
  readonly levelOfSigma: (sigma: number) => Level;
}

/** The default grid and draw of times of a path. */
export interface Usual {
  /** The falling times of a number of steps, without the data. */
  readonly grid: (steps: number) => readonly number[];
  /** Draws a time for each sample of a batch, of the shape of `like`. */
  readonly times: <B extends Dim>(like: Tensor<[B]>) => (key: Key) => Tensor<[B]>;
  /** The density of these times. */
  readonly density: Elementwise;
}

/** A continuous path, with the name and the options that identify it in files. */
export interface ContinuousNoising extends Path {
  readonly time: 'unit' | 'sigma';
  readonly name: string;
  readonly options: Readonly<Record<string, number>>;
  readonly usual: Usual;
  /**
   * The time at a drawn fraction in [0, 1] of the path from the data to noise, moved `inside` of the ends. Raises `ConfigError` on
   * a path of σ, which has no end.
   */
  readonly timesAt: <B extends Dim>(fraction: Tensor<[B]>) => Tensor<[B]>;
  /** Drawn times, kept inside of the ends, where the log-SNR is infinite. */
  readonly inside: <B extends Dim>(times: Tensor<[B]>) => Tensor<[B]>;
  /** The time at the noise σ/α of EDM, in a program; the last time for more noise than the path has. */
  readonly timesOfSigmas: <B extends Dim>(sigma: Tensor<[B]>) => Tensor<[B]>;
}
