/** Preconditioning of networks: EDM (Karras et al. 2022), table 1. */
import { aboveZero, exactly, positive } from '../../internal/decode.js';
import type { NoisefoldError } from '../../internal/errors.js';
import { E, type either, t } from '../../internal/fp.js';
import { optionsOf } from '../../internal/options.js';

/** The coefficients of D(x; σ) = c_skip·x + c_out·F(c_in·x; c_noise) at one σ. */
export interface Coefficients {
  readonly skip: number;
  readonly out: number;
  readonly in: number;
  readonly noise: number;
}

/** A column of table 1: the coefficients as a function of σ. */
export type Preconditioning = (sigma: number) => Coefficients;

/** The preconditioning of EDM. */
export interface EdmPreconditioning {
  readonly as: 'edm';
  /** σ_data, the standard deviation of the data; 0.5 if left out. */
  readonly sigmaData?: number;
}

/** The preconditioning of the variance-preserving networks of Song et al. 2021 (DDPM++). */
export interface VpPreconditioning {
  readonly as: 'vp';
  /** β_d and β_min of the schedule that it was trained with; 19.9 and 0.1 if left out. */
  readonly betaD?: number;
  readonly betaMin?: number;
  /** M, the number of its timesteps in training; 1000 if left out. */
  readonly steps?: number;
}

/** The preconditioning of the variance-exploding networks of Song et al. 2021 (NCSN++). */
export interface VePreconditioning {
  readonly as: 've';
}

/** The preconditioning of the networks of Improved DDPM (Nichol & Dhariwal 2021) and ADM. */
export interface IddpmPreconditioning {
  readonly as: 'iddpm';
  /** M, the number of timesteps in training; 1000 if left out. */
  readonly steps?: number;
  /** C₁ = 1 - the largest β, and C₂, the offset of the cosine; 0.001 and 0.008 if left out. */
  readonly c1?: number;
  readonly c2?: number;
}

/** One of the four columns of table 1, with its constants. */
export type PreconditioningOptions = EdmPreconditioning | VpPreconditioning | VePreconditioning | IddpmPreconditioning;

const edm =
  ({ sigmaData = 0.5 }: EdmPreconditioning): Preconditioning =>
  (sigma) => {
    const all = Math.hypot(sigma, sigmaData);
    return { skip: (sigmaData / all) ** 2, out: (sigma * sigmaData) / all, in: 1 / all, noise: Math.log(sigma) / 4 };
  };

const vp = ({ betaD = 19.9, betaMin = 0.1, steps = 1000 }: VpPreconditioning): Preconditioning => {
  /** σ^{-1}, of σ(t) = √(e^{½β_d·t² + β_min·t} - 1). */
  const timeOf = (sigma: number): number =>
    (Math.sqrt(betaMin ** 2 + 2 * betaD * Math.log1p(sigma ** 2)) - betaMin) / betaD;
  return (sigma) => ({ skip: 1, out: -sigma, in: 1 / Math.hypot(sigma, 1), noise: (steps - 1) * timeOf(sigma) });
};

const ve = (): Preconditioning => (sigma) => ({ skip: 1, out: sigma, in: 1, noise: Math.log(sigma / 2) });

const iddpm = ({ steps: M = 1000, c1 = 0.001, c2 = 0.008 }: IddpmPreconditioning): Preconditioning => {
  const alphaBar = (j: number): number => Math.sin((Math.PI / 2) * (j / (M * (c2 + 1)))) ** 2;
  // u_M = 0, and u_{j-1} = √((u_j² + 1)/max(ᾱ_{j-1}/ᾱ_j, C₁) - 1)
  const u = new Float64Array(M + 1);
  for (let j = M; j > 0; j--) u[j - 1] = Math.sqrt((u[j]! ** 2 + 1) / Math.max(alphaBar(j - 1) / alphaBar(j), c1) - 1);
  /** argmin_j |u_j - σ| */
  const nearest = (sigma: number): number =>
    u.reduce((best, level, j) => (Math.abs(level - sigma) < Math.abs(u[best]! - sigma) ? j : best), 0);
  return (sigma) => ({ skip: 1, out: -sigma, in: 1 / Math.hypot(sigma, 1), noise: M - 1 - nearest(sigma) });
};

/** The column of table 1 for the options. */
export const preconditioningOf = (options: PreconditioningOptions): Preconditioning => {
  switch (options.as) {
    case 'edm':
      return edm(options);
    case 'vp':
      return vp(options);
    case 've':
      return ve();
    case 'iddpm':
      return iddpm(options);
  }
};

const steps = positive;
const columns = {
  edm: exactly({ as: t.literal('edm') }, { sigmaData: aboveZero }),
  vp: exactly({ as: t.literal('vp') }, { betaD: aboveZero, betaMin: aboveZero, steps }),
  ve: exactly({ as: t.literal('ve') }),
  iddpm: exactly({ as: t.literal('iddpm') }, { steps, c1: aboveZero, c2: aboveZero }),
};
/** Decodes options without a valid `as`. */
const unnamed = exactly(
  { as: t.keyof({ edm: null, vp: null, ve: null, iddpm: null }, "'edm', 'vp', 've' or 'iddpm'") },
  Object.fromEntries(['sigmaData', 'betaD', 'betaMin', 'steps', 'c1', 'c2'].map((name) => [name, t.unknown])),
);

/** Decodes the options of one column. */
export const preconditioningOptions = (
  given: PreconditioningOptions,
): either.Either<NoisefoldError, PreconditioningOptions> => {
  const as: unknown = Object(given).as;
  const options = Object.entries<t.Decoder<unknown, unknown>>(columns).find(([name]) => name === as)?.[1] ?? unnamed;
  const hint = "the paper uses { as: 'edm', sigmaData: 0.5 }";
  return E.map(() => given)(optionsOf({ where: 'preconditioned', options, hint })(given));
};
