/** Labels and guidance by class for models that are known to have classes, known to have none, or neither. */
import { function as F, readerTaskEither as RTE } from 'fp-ts';
import { type Noisefold, unwrap } from '../../src/index.js';
import type { Dim, Effect, NoisefoldError, Tensor } from '../../src/dsl/index.js';
import {
  cfg,
  type ClassGuidance,
  classifierGuided,
  ddim,
  type Guidance,
  type GuideGradient,
  type Model,
  type Noising,
  unguided,
} from '../../src/diffusion/index.js';
import { adam, unet, type UNet, type UNetConfig, type UNetParams, type WithoutClasses } from '../../src/nn/index.js';
import {
  type Dataset,
  encode,
  fit,
  type Images,
  type PreparedSampling,
  prepareSampling,
  sample,
  type SampleRequest,
  type Sampling,
  type Trained,
  type TrainedClassifier,
} from '../../src/training/index.js';
import { type E } from '../../src/internal/fp.js';
import { expectType } from './expect.js';

declare const noising: Noising;
declare const data: Dataset<[28, 28, 1]>;
declare const nf: Noisefold;
declare const key: readonly [number, number];
declare const config: UNetConfig;
declare const some: boolean;
declare const images: Images;
declare const judge: TrainedClassifier<Tensor<[10]>, [28, 28, 1]>;
declare const energy: GuideGradient<unknown, [28, 28, 1]>;
declare const own: Guidance;
declare const custom: Model<Tensor<[3]>, [28, 28, 1]>;

const size = { image: [28, 28, 1], base: 8, multipliers: [1, 2] } as const;
const rest = { noising, data, optimizer: adam({ learningRate: 1 }), key, batch: 1, steps: 1 };
const drawing = { solver: ddim(), key };
const labelled = { ...drawing, labels: [1] };

// the type of a network says that it has no classes only if its configuration is known
type Plain = UNet<[28, 28, 1]>;
expectType<E.Either<NoisefoldError, Plain & WithoutClasses>>()(unet(size));
expectType<E.Either<NoisefoldError, Plain>>()(unet({ ...size, classes: 10 }));
expectType<E.Either<NoisefoldError, Plain>>()(unet({ ...size, ...(some && { classes: 10 }) }));
expectType<E.Either<NoisefoldError, Plain>>()(unet<typeof size.image>(size));
expectType<E.Either<NoisefoldError, UNet<[Dim, Dim, Dim]>>>()(unet(config));

// and so does that of its training
const without = unwrap(unet(size));
const having = unwrap(unet({ ...size, classes: 10 }));
type Ours = Trained<UNetParams, [28, 28, 1]>;
type OursWithout = Trained<UNetParams, [28, 28, 1], WithoutClasses>;
expectType<Effect<OursWithout>>()(fit({ ...rest, model: without }));
expectType<Effect<Ours>>()(fit({ ...rest, model: having }));
expectType<Effect<Trained<Tensor<[3]>, [28, 28, 1]>>>()(fit({ ...rest, model: custom }));
declare const plain: OursWithout;
declare const classy: Ours;
export const upcast: Ours = plain;

// a model that may have classes takes labels and `cfg`
expectType<ClassGuidance>()(cfg(2));
sample(classy, labelled);
sample(classy, { ...labelled, guidance: cfg(2) });
sample({ ...labelled, guidance: cfg(2) })(classy);
encode(classy, { images, labels: [1], guidance: cfg(2) });
F.pipe(fit({ ...rest, model: having }), RTE.flatMap(sample({ ...labelled, guidance: cfg(2) })));
F.pipe(fit({ ...rest, model: custom }), RTE.flatMap(sample({ ...labelled, guidance: cfg(2) })));
export const run = async () => nf.run(sample(await nf.run(fit({ ...rest, model: having })), labelled));

// one without classes takes none
// @ts-expect-error Property '"the model has no classes: give `classes` to unet, or guide it by a classifier"' is missing in type 'number[]'
sample(plain, { ...drawing, labels: [1] });
// @ts-expect-error the model has no classes: give `classes` to unet, or guide it by a classifier
sample(plain, labelled);
// @ts-expect-error is not assignable to type '"the model has no classes: give `classes` to unet, or guide it by a classifier"'
sample(plain, { ...drawing, guidance: cfg(2) });
// @ts-expect-error is not assignable to type '"the model has no classes: give `classes` to unet, or guide it by a classifier"'
sample(plain, { ...drawing, labels: [1], guidance: cfg(2) });
// @ts-expect-error is not assignable to parameter of type '"the model has no classes: give `classes` to unet, or guide it by a classifier"'
sample(labelled)(plain);
// @ts-expect-error is not assignable to parameter of type '"the model has no classes: give `classes` to unet, or guide it by a classifier"'
sample({ ...drawing, guidance: cfg(2) })(plain);
// @ts-expect-error is not assignable to type '"the model has no classes: give `classes` to unet, or guide it by a classifier"'
F.pipe(fit({ ...rest, model: without }), RTE.flatMap(sample({ ...drawing, labels: [1] })));
// @ts-expect-error the model has no classes: give `classes` to unet, or guide it by a classifier
encode(plain, { images, labels: [1] });
// @ts-expect-error the model has no classes: give `classes` to unet, or guide it by a classifier
encode({ images, labels: [1] })(plain);
// @ts-expect-error is not assignable to type '"the model has no classes: give `classes` to unet, or guide it by a classifier"'
prepareSampling(plain, { solver: ddim(), guidance: cfg(2) });
export const prepared = async () => {
  const ours = await nf.run(prepareSampling(plain, { solver: ddim() }));
  ours.sample({ key, count: 2 });
  // @ts-expect-error 'labels' is not an option
  ours.sample({ key, labels: [1] });
  expectType<PreparedSampling<SampleRequest>>()(await nf.run(prepareSampling(classy, { solver: ddim() })));
};
// another mistake has its own message
// @ts-expect-error 'gird' is not an option: did you mean 'grid'?
sample(plain, { ...drawing, gird: 1 });
// as a name of other libraries
// @ts-expect-error 'steps' is not an option: did you mean 'grid'?
sample(plain, { ...drawing, steps: 50 });
// @ts-expect-error 'seed' is not an option: did you mean 'key'?
sample(plain, { ...drawing, seed: 7 });

// but a classifier may guide it: labels are then those of the classifier; and a guidance of your own may add classes
sample(plain, { ...labelled, guidance: classifierGuided(judge.model, 2), guide: judge });
sample({ ...labelled, guidance: classifierGuided(judge.model, 2), guide: judge })(plain);
encode(plain, { images, labels: [1], guidance: classifierGuided(judge.model, 2), guide: judge });
sample(plain, { ...labelled, guidance: own });
sample(plain, { ...drawing, guidance: classifierGuided(energy, 1) });
sample(plain, { ...drawing, guidance: unguided });

// functions that pass options on, and values of the type any
declare const sampling: Sampling;
sample(plain, sampling);
sample(sampling)(plain);
export const drawn = <S extends Sampling>(given: S) => sample(plain, given);
export const of = (trained: ReturnType<typeof JSON.parse>) => sample(trained, { ...labelled, guidance: cfg(2) });
export const given = (never: never) => sample(never, drawing);
export const generic = <P>(trained: Trained<P, [28, 28, 1]>) => sample(trained, { ...labelled, guidance: cfg(2) });
