/** Preconditioning of networks: EDM (Karras et al. 2022), table 1. */
import {
  abs,
  add,
  argmax,
  ascribeLike,
  broadcastTo,
  cast,
  type Dim,
  dims,
  log,
  log1p,
  mul,
  neg,
  onesLike,
  reciprocal,
  reshape,
  sqrt,
  square,
  sub,
  table,
  type Tensor,
} from '../../dsl/index.js';
import { aboveZero, amount, oneOf, positive } from '../../internal/decode.js';
import type { NoisefoldError } from '../../internal/errors.js';
import { E, type either, F } from '../../internal/fp.js';
import { type Fields, type Filled, optional, type OptionsOf, schema } from '../../internal/schema.js';

/** The coefficients of D(x; σ) = c_skip·x + c_out·F(c_in·x; c_noise) for the σ of each sample, `[B]` each. */
export interface Coefficients<B extends Dim> {
  readonly skip: Tensor<[B]>;
  readonly out: Tensor<[B]>;
  readonly in: Tensor<[B]>;
  readonly noise: Tensor<[B]>;
}

/** A column of table 1: the coefficients as a function of σ. */
export type Preconditioning = <B extends Dim>(sigma: Tensor<[B]>) => Coefficients<B>;

const HINT = "the paper uses { as: 'edm', sigmaData: 0.5 }";

const edmFields = {
  /** The column of EDM. */
  as: oneOf('edm'),
  /** σ_data, the standard deviation of the data; 0.5 if left out. */
  sigmaData: optional(aboveZero, 0.5),
  /** σ_min, at which D(x; σ) is x; 0 if left out, and 0.002 for the consistency models of Song et al. 2023. */
  sigmaMin: optional(amount, 0),
  /** The network gets this number times c_noise: 1 if left out, and 1000 for the published consistency models. */
  timeScale: optional(aboveZero, 1),
};
const vpFields = {
  /** The column of VP. */
  as: oneOf('vp'),
  /** β_d of the schedule in the network's training; 19.9 if left out. */
  betaD: optional(aboveZero, 19.9),
  /** β_min of this schedule; 0.1 if left out. */
  betaMin: optional(aboveZero, 0.1),
  /** M, the number of timesteps in training; 1000 if left out. */
  steps: optional(positive, 1000),
};
const veFields = {
  /** The column of VE. */
  as: oneOf('ve'),
};
const iddpmFields = {
  /** The column of iDDPM. */
  as: oneOf('iddpm'),
  /** M, the number of timesteps in training; 1000 if left out. */
  steps: optional(positive, 1000),
  /** C₁ = 1 - the largest β; 0.001 if left out. */
  c1: optional(aboveZero, 0.001),
  /** C₂, the offset of the cosine; 0.008 if left out. */
  c2: optional(aboveZero, 0.008),
};

/** The preconditioning of EDM. */
export interface EdmPreconditioning extends OptionsOf<typeof edmFields> {}
/** The preconditioning of the variance-preserving networks of Song et al. 2021 (DDPM++). */
export interface VpPreconditioning extends OptionsOf<typeof vpFields> {}
/** The preconditioning of the variance-exploding networks of Song et al. 2021 (NCSN++). */
export interface VePreconditioning extends OptionsOf<typeof veFields> {}
/** The preconditioning of the networks of Improved DDPM (Nichol & Dhariwal 2021) and ADM. */
export interface IddpmPreconditioning extends OptionsOf<typeof iddpmFields> {}

/** One of the four columns of table 1, with its constants. */
export type PreconditioningOptions = EdmPreconditioning | VpPreconditioning | VePreconditioning | IddpmPreconditioning;

const edm =
  ({ sigmaData, sigmaMin, timeScale }: Filled<typeof edmFields>): Preconditioning =>
  (sigma) => {
    const input = reciprocal(sqrt(add(square(sigma), sigmaData ** 2))); // 1/√(σ² + σ_data²)
    const above = sub(sigma, sigmaMin) as typeof sigma;
    return {
      skip: reciprocal(add(square(mul(above, 1 / sigmaData)), 1)), // σ_data²/((σ - σ_min)² + σ_data²)
      out: mul(mul(above, input), sigmaData),
      in: input,
      noise: mul(log(sigma), timeScale / 4),
    };
  };

/** c_skip, c_out and c_in of networks of ε with a variance-preserving process. */
const ofNoise = <B extends Dim>(sigma: Tensor<[B]>) => ({
  skip: onesLike(sigma),
  out: neg(sigma),
  in: reciprocal(sqrt(add(square(sigma), 1))),
});

const vp = ({ betaD, betaMin, steps }: Filled<typeof vpFields>): Preconditioning => {
  /** σ^{-1}, of σ(t) = √(e^{½β_d·t² + β_min·t} - 1). */
  const timeOf = <B extends Dim>(sigma: Tensor<[B]>): Tensor<[B]> =>
    mul(sub(sqrt(add(mul(log1p(square(sigma)), 2 * betaD), betaMin ** 2)), betaMin), 1 / betaD);
  return (sigma) => ({ ...ofNoise(sigma), noise: mul(timeOf(sigma), steps - 1) });
};

const ve = (): Preconditioning => (sigma) => ({
  skip: onesLike(sigma),
  out: sigma,
  in: onesLike(sigma),
  noise: log(mul(sigma, 1 / 2)),
});

const iddpm = ({ steps: M, c1, c2 }: Filled<typeof iddpmFields>): Preconditioning => {
  const alphaBar = (j: number): number => Math.sin((Math.PI / 2) * (j / (M * (c2 + 1)))) ** 2;
  // u_M = 0, and u_{j-1} = √((u_j² + 1)/max(ᾱ_{j-1}/ᾱ_j, C₁) - 1)
  const u = new Float64Array(M + 1);
  for (let j = M; j > 0; j--) u[j - 1] = Math.sqrt((u[j]! ** 2 + 1) / Math.max(alphaBar(j - 1) / alphaBar(j), c1) - 1);
  /** argmin_j |u_j - σ| */
  const nearest = <B extends Dim>(sigma: Tensor<[B]>): Tensor<[B]> => {
    const [B] = dims(sigma);
    const across = broadcastTo(reshape(sigma, B, 1), B, M + 1);
    const distances = abs(sub(broadcastTo(table(u), B, M + 1), across));
    return ascribeLike(cast(argmax(neg(distances), -1), 'float32') as Tensor<[Dim]>, sigma);
  };
  return (sigma) => ({ ...ofNoise(sigma), noise: add(neg(nearest(sigma)), M - 1) });
};

/** A column of table 1, with its constants. */
interface Column {
  readonly preconditioning: Required<PreconditioningOptions>;
  readonly coefficients: Preconditioning;
}

/** A column of table 1: checks its options. */
const column = <Fs extends Fields>(fields: Fs, of: (options: Filled<Fs>) => Preconditioning) => {
  const options = schema('preconditioned', fields, HINT);
  return (settings: unknown): either.Either<NoisefoldError, Column> =>
    E.map((filled: Filled<Fs>) => ({
      preconditioning: filled as Filled<Fs> & Column['preconditioning'], // has all constants of one column
      coefficients: of(filled),
    }))(options.decode(settings));
};

const columns = {
  edm: column(edmFields, edm),
  vp: column(vpFields, vp),
  ve: column(veFields, ve),
  iddpm: column(iddpmFields, iddpm),
};
/** The options of any column; `as` names the column. */
const named = schema(
  'preconditioned',
  { ...edmFields, ...vpFields, ...iddpmFields, as: oneOf('edm', 'vp', 've', 'iddpm') },
  HINT,
);

/** The column of table 1 for the options. */
export const preconditioningOf = (options: PreconditioningOptions): either.Either<NoisefoldError, Column> =>
  F.pipe(
    named.decode(options),
    E.flatMap(({ as }) => columns[as](options)),
  );
