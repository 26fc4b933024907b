/** Values of conditions and guidance by them for models that are known to have conditions, known to have none, or neither. */
import { function as F, readerTaskEither as RTE } from 'fp-ts';
import { type Noisefold, unwrap } from '../../src/index.js';
import type { Dim, Effect, NoisefoldError, Resident, Tensor } from '../../src/dsl/index.js';
import {
  cfg,
  apg,
  autoguidance,
  classifierGuided,
  conditionGuidance,
  type ConditionGuidance,
  type ContrastRule,
  ddim,
  type Guidance,
  guidanceMonoid,
  type GuideGradient,
  type Model,
  type Noising,
  pag,
  pairGuidance,
  unguided,
} from '../../src/diffusion/index.js';
import { adam, unet, type UNet, type UNetConfig, type UNetParams } from '../../src/nn/index.js';
import {
  type Dataset,
  encode,
  fit,
  type Images,
  type Lists,
  listsOf,
  type PreparedSampling,
  prepareSampling,
  reflowPairs,
  sample,
  sampleAdaptive,
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
declare const rule: ContrastRule;
declare const params: Resident<UNetParams>;
declare const custom: Model<Tensor<[3]>, [28, 28, 1]>;

const size = { image: [28, 28, 1], base: 8, multipliers: [1, 2] } as const;
const rest = { noising, data, optimizer: adam({ learningRate: 1 }), key, batch: 1, steps: 1 };
const drawing = { solver: ddim(), key };
const labelled = { ...drawing, labels: [1] };

// the type of a network has its conditions only if its configuration is known
type None = Record<never, never>;
type Label = { readonly label: 10 };
type Unknown = E.Either<NoisefoldError, UNet<[28, 28, 1]>>;
expectType<E.Either<NoisefoldError, UNet<[28, 28, 1], None>>>()(unet(size));
expectType<E.Either<NoisefoldError, UNet<[28, 28, 1], Label>>>()(unet({ ...size, conditions: { label: 10 } }));
expectType<Unknown>()(unet({ ...size, ...(some && { conditions: { label: 10 } }) }));
expectType<Unknown>()(unet<typeof size.image>(size));
expectType<E.Either<NoisefoldError, UNet<[Dim, Dim, Dim]>>>()(unet(config));

// and so does that of its training
const without = unwrap(unet(size));
const having = unwrap(unet({ ...size, conditions: { label: 10 } }));
type Trains<K> = Trained<UNetParams, [28, 28, 1], K>;
expectType<Effect<Trains<None>>>()(fit({ ...rest, model: without }));
expectType<Effect<Trains<Label>>>()(fit({ ...rest, model: having }));
expectType<Effect<Trained<Tensor<[3]>, [28, 28, 1]>>>()(fit({ ...rest, model: custom }));
declare const plain: Trains<None>;
declare const classy: Trains<Label>;
declare const unclear: Trained<UNetParams, [28, 28, 1]>;
export const upcast: readonly (typeof unclear)[] = [plain, classy];

// a model that may be one of these takes what one of them takes
const either = some ? without : having;
expectType<UNet<[28, 28, 1], None> | UNet<[28, 28, 1], Label>>()(either);
fit({ ...rest, model: either, conditionDropout: 0.1 });

// a model with classes, and one of which the type says nothing, take labels and `cfg`
expectType<ConditionGuidance>()(cfg(2));
sample(classy, labelled);
sample(classy, { ...labelled, guidance: cfg(2) });
sample({ ...labelled, guidance: cfg(2) })(classy);
encode(classy, { images, labels: [1], guidance: cfg(2) });
sample(unclear, { ...labelled, guidance: cfg({ hat: 2 }), conditions: { hat: [1] } });
sample({ ...labelled, guidance: cfg({ hat: 2 }) })(unclear);
F.pipe(fit({ ...rest, model: having }), RTE.flatMap(sample({ ...labelled, guidance: cfg(2) })));
F.pipe(fit({ ...rest, model: custom }), RTE.flatMap(sample({ ...labelled, guidance: cfg(2) })));
export const run = async () => nf.run(sample(await nf.run(fit({ ...rest, model: having })), labelled));

// one without conditions takes none
// @ts-expect-error Property '"the model takes no label: give conditions: { label: 10 } to unet, or guide it by a classifier"' is missing in type 'number[]'
sample(plain, { ...drawing, labels: [1] });
// @ts-expect-error the model takes no label: give conditions: { label: 10 } to unet, or guide it by a classifier
sample(plain, labelled);
// @ts-expect-error 'label' is not an option
sample(plain, { ...drawing, conditions: { label: [1] } });
// @ts-expect-error is not assignable to type '"the model takes no conditions: give conditions: { label: 10 } to unet, or guide it by a classifier"'
sample(plain, { ...drawing, guidance: cfg(2) });
sample(plain, {
  ...drawing,
  // @ts-expect-error the model takes no label: give conditions: { label: 10 } to unet, or guide it by a classifier
  labels: [1],
  // @ts-expect-error is not assignable to type '"the model takes no conditions: give conditions: { label: 10 } to unet, or guide it by a classifier"'
  guidance: cfg(2),
});
// @ts-expect-error is not assignable to parameter of type '"the model takes no label: give conditions: { label: 10 } to unet, or guide it by a classifier"'
sample(labelled)(plain);
// @ts-expect-error is not assignable to parameter of type '"the model takes no conditions: give conditions: { label: 10 } to unet, or guide it by a classifier"'
sample({ ...drawing, guidance: cfg(2) })(plain);
// @ts-expect-error is not assignable to parameter of type '"the model takes no conditions: give conditions: { label: 10 } to unet, or guide it by a classifier"'
sample({ ...drawing, conditions: { label: [1] } })(plain);
// @ts-expect-error is not assignable to type '"the model takes no label: give conditions: { label: 10 } to unet, or guide it by a classifier"'
F.pipe(fit({ ...rest, model: without }), RTE.flatMap(sample({ ...drawing, labels: [1] })));
// @ts-expect-error the model takes no label: give conditions: { label: 10 } to unet, or guide it by a classifier
encode(plain, { images, labels: [1] });
// @ts-expect-error the model takes no label: give conditions: { label: 10 } to unet, or guide it by a classifier
encode({ images, labels: [1] })(plain);
// @ts-expect-error the model takes no label: give conditions: { label: 10 } to unet, or guide it by a classifier
sampleAdaptive(plain, { key, labels: [1] });
// @ts-expect-error is not assignable to type '"the model takes no conditions: give conditions: { label: 10 } to unet, or guide it by a classifier"'
prepareSampling(plain, { solver: ddim(), guidance: cfg(2) });
export const prepared = async () => {
  const ours = await nf.run(prepareSampling(plain, { solver: ddim() }));
  ours.sample({ key, count: 2 });
  // @ts-expect-error 'labels' is not an option
  ours.sample({ key, labels: [1] });
  const guided = await nf.run(prepareSampling(trained, { solver: ddim(), guidance: cfg(2) }));
  guided.sample({ key, conditions: { hair: ['long', null], eyes: [1] } });
  // @ts-expect-error 'hiar' is not an option: did you mean 'hair'?
  guided.sample({ key, conditions: { hiar: ['long'] } });
  // @ts-expect-error Type '"lang"' is not assignable to type 'number |
  guided.sample({ key, conditions: { hair: ['lang'] } });
  // @ts-expect-error give the values of all samples by name
  guided.sample({ key, conditions: [{ hair: 'long' }] });
  // @ts-expect-error 'labels' is not an option
  guided.sample({ key, labels: [1] });
  const judged = await nf.run(prepareSampling(plain, { solver: ddim(), guidance: classifierGuided(judge.model, 2), guide: judge })); // oxfmt-ignore
  judged.sample({ key, labels: [1] });
  // a function of the requests of any model takes them
  const any: readonly PreparedSampling[] = [ours, guided, judged];
  return any.map((one) => one.sample({ key, labels: [1], conditions: { hat: [1] } }));
};
// another mistake has its own message
// @ts-expect-error 'gird' is not an option: did you mean 'grid'?
sample(plain, { ...drawing, gird: 1 });
// as a name of other libraries
// @ts-expect-error 'steps' is not an option: did you mean 'grid'?
sample(plain, { ...drawing, steps: 50 });
// @ts-expect-error 'seed' is not an option: did you mean 'key'?
sample(plain, { ...drawing, seed: 7 });

// several conditions: values of the kind of each, by name
const person = unwrap(
  unet({
    ...size,
    conditions: {
      hair: ['short', 'long'],
      eyes: { classes: 2, names: ['brown', 'blue'], required: true },
      palette: { vector: 8 },
      words: { tokens: 4, length: 3 },
      sketch: { image: 1 },
    },
  }),
);
const training = fit({ ...rest, model: person });
type Result<W> = W extends Effect<infer A> ? A : never;
declare const trained: Result<typeof training>;
const words = { data: new Float32Array(8), shape: [2, 4] };
const values = {
  hair: ['short', null, 1],
  palette: [new Float32Array(8), null, null],
  words: [words, null, words],
} as const;
sample(trained, { ...drawing, conditions: { hair: ['long', null], eyes: ['blue', 0], palette: [[1, 2], null] } });
sample(trained, { ...drawing, conditions: { words: [words, null], sketch: images } });
sample(trained, { ...drawing, conditions: { palette: { data: [1], shape: [1, 8] } }, guidance: cfg({ hair: 2 }) });
sample({ ...drawing, conditions: values, guidance: cfg({ palette: 2, hair: 3 }) })(trained);
sample({ ...drawing, conditions: values, guidance: cfg(2) })(trained);
sample({ ...drawing, conditions: { hair: ['long', 0], sketch: images }, guidance: cfg(2) })(trained);
encode(trained, { images, conditions: { hair: ['long'] } });
sampleAdaptive(trained, { key, conditions: { hair: ['long'] } });
// rows keep their names and values
interface Request {
  readonly hair?: 'short' | 'long';
}
declare const requests: readonly Request[];
declare const table: readonly Readonly<Record<string, string>>[];
expectType<Lists<Request>>()(listsOf(requests));
sample(trained, { ...drawing, conditions: listsOf(requests, 10) });
sample(trained, { ...drawing, conditions: listsOf([{ hair: 'long', palette: [1, 2] }, { hair: 'short' }, {}]) });
expectType<{ readonly [name: string]: readonly (string | null)[] }>()(listsOf(table));
// @ts-expect-error Type 'readonly ("lang" | null)[]' is not assignable to type
sample(trained, { ...drawing, conditions: listsOf([{ hair: 'lang' }]) });
// @ts-expect-error 'hiar' is not an option: did you mean 'hair'?
sample(trained, { ...drawing, conditions: listsOf([{ hiar: 'long' }, { hair: 'long' }]) });

// @ts-expect-error 'hiar' is not an option: did you mean 'hair'?
sample(trained, { ...drawing, conditions: { hiar: ['long'] } });
// @ts-expect-error Type '"lang"' is not assignable to type 'number |
sample(trained, { ...drawing, conditions: { hair: ['lang'] } });
// @ts-expect-error Type '"green"' is not assignable to type 'number |
sampleAdaptive(trained, { key, conditions: { eyes: ['green'] } });
// @ts-expect-error Type 'number' is not assignable to type 'ArrayLike<number>'
encode(trained, { images, conditions: { palette: [1] } });
// @ts-expect-error Type 'string' is not assignable to type 'HostNumbers'
sample(trained, { ...drawing, conditions: { words: ['a word'] } });
// @ts-expect-error is missing the following properties from type 'HostImages': data, shape
sample(trained, { ...drawing, conditions: { sketch: [1] } });
// @ts-expect-error the model takes no label: give conditions: { label: 10 } to unet, or guide it by a classifier
sample(trained, labelled);
// @ts-expect-error the model takes no label: give conditions: { label: 10 } to unet, or guide it by a classifier
sample(labelled)(trained);
// @ts-expect-error Type '"hat"' is not assignable to type 'true | "hair" |
sample(trained, { ...drawing, conditions: { hair: ['long'] }, guidance: cfg({ hat: 2 }) });
// @ts-expect-error is not assignable to parameter of type '"the model takes no hat: give it in the conditions of unet, or leave it out"'
sample({ ...drawing, conditions: { hair: ['long'] }, guidance: cfg({ hair: 2, hat: 2 }) })(trained);

// the same with any guidance, in any order, and in variables
const scale = cfg(2);
const apart = autoguidance(person, 2);
const misspelt = { ...drawing, conditions: { hiar: ['long'] as const }, guidance: cfg(2) };
const unknownValue = { ...drawing, guidance: scale, conditions: { hair: ['lang'] as const } };
sample(trained, { ...drawing, conditions: { hair: ['long', null], eyes: [1] }, ...(some && { guidance: scale }) });
sample(trained, { ...drawing, guidance: apart, guide: params, conditions: { hair: ['long'] } });
// @ts-expect-error 'hiar' is not an option: did you mean 'hair'?
sample(trained, { ...drawing, conditions: { hiar: ['long'] }, guidance: cfg(2) });
// @ts-expect-error 'hiar' is not an option: did you mean 'hair'?
sample(trained, { ...drawing, guidance: cfg(2), conditions: { hiar: ['long'] } });
// @ts-expect-error 'hiar' is not an option: did you mean 'hair'?
sample(trained, { ...drawing, conditions: { hiar: ['long'] }, guidance: cfg({ hair: 2 }) });
// @ts-expect-error 'hiar' is not an option: did you mean 'hair'?
sample(trained, { ...drawing, conditions: { hiar: ['long'] }, guidance: scale });
// @ts-expect-error 'hiar' is not an option: did you mean 'hair'?
sample(trained, { ...drawing, conditions: { hiar: ['long'] }, guidance: apg(2) });
// @ts-expect-error 'hiar' is not an option: did you mean 'hair'?
sample(trained, { ...drawing, conditions: { hiar: ['long'] }, guidance: conditionGuidance(rule) });
// @ts-expect-error 'hiar' is not an option: did you mean 'hair'?
sample(trained, { ...drawing, conditions: { hiar: ['long'] }, guidance: pag(2) });
// @ts-expect-error 'hiar' is not an option: did you mean 'hair'?
sample(trained, { ...drawing, conditions: { hiar: ['long'] }, guidance: unguided });
// @ts-expect-error 'hiar' is not an option: did you mean 'hair'?
sample(trained, { ...drawing, conditions: { hiar: ['long'] }, guidance: apart, guide: params });
// @ts-expect-error 'hiar' is not an option: did you mean 'hair'?
sample(trained, { ...drawing, conditions: { hiar: ['long'] }, guidance: pairGuidance(person, rule), guide: params });
// @ts-expect-error 'hiar' is not an option: did you mean 'hair'?
sample(trained, { ...drawing, conditions: { hiar: ['long'] }, guidance: classifierGuided(energy, 2) });
// @ts-expect-error 'hiar' is not an option: did you mean 'hair'?
sample(trained, { ...drawing, conditions: { hiar: ['long'] }, guidance: guidanceMonoid.concat(scale, pag(2)) });
// @ts-expect-error 'hiar' is not an option: did you mean 'hair'?
sample(trained, misspelt);
// @ts-expect-error Type '"lang"' is not assignable to type 'number |
sample(trained, { ...drawing, conditions: { hair: ['lang'] }, guidance: cfg(2) });
// @ts-expect-error Type '"lang"' is not assignable to type 'number |
sample(trained, { ...drawing, conditions: { hair: ['lang'] }, guidance: own });
// @ts-expect-error Type '"lang"' is not assignable to type 'number |
sample(trained, { ...drawing, conditions: { hair: ['lang'] }, ...(some && { guidance: scale }) });
// @ts-expect-error Type '"lang"' is not assignable to type 'number |
sample(trained, unknownValue);
// @ts-expect-error Type 'string' is not assignable to type 'HostClasses<"short" | "long">
sample(trained, { ...drawing, conditions: { hair: 'long' }, guidance: cfg(2) });
// @ts-expect-error Type 'string' is not assignable to type 'number | "short" | "long" | null'
sample(trained, { ...drawing, conditions: { hair: [''.trim()] }, guidance: cfg(2) });
// @ts-expect-error is not assignable to type '"give the values of all samples by name, { hair: ['short', 'long'] }, not a record of each sample"'
sample(trained, { ...drawing, conditions: [{ hair: 'long' }], guidance: cfg(2) });
// @ts-expect-error the model takes no label: give conditions: { label: 10 } to unet, or guide it by a classifier
sample(trained, { ...labelled, guidance: cfg(2) });
// @ts-expect-error Type 'string' is not assignable to type 'HostClasses
sample(classy, { ...drawing, labels: 'seven', guidance: cfg(2) });
// @ts-expect-error 'hiar' is not an option: did you mean 'hair'?
encode(trained, { images, conditions: { hiar: ['long'] }, guidance: cfg(2) });
// @ts-expect-error Type '"lang"' is not assignable to type 'number |
sampleAdaptive(trained, { key, conditions: { hair: ['lang'] }, guidance: cfg(2) });
// @ts-expect-error Type '"lang"' is not assignable to type 'number |
reflowPairs(trained, { ...drawing, conditions: { hair: ['lang'] }, guidance: cfg(2) });
// @ts-expect-error is not assignable to parameter of type '"the model takes no hiar: give it in the conditions of unet, or leave it out"'
sample({ ...drawing, conditions: { hiar: ['long'] }, guidance: cfg(2) })(trained);
// @ts-expect-error is not assignable to parameter of type '"the model takes other values of hair:
sample({ ...drawing, conditions: { hair: ['lang'] }, guidance: cfg(2) })(trained);
// @ts-expect-error Type 'string' is not assignable to type 'HostCondition
sample({ ...drawing, conditions: { hair: 'long' }, guidance: cfg(2) })(trained);
// @ts-expect-error give the values of all samples by name
sample({ ...drawing, conditions: [{ hair: 'long' }], guidance: cfg(2) })(trained);
// @ts-expect-error is not assignable to type '"the model takes no conditions: give conditions: { label: 10 } to unet, or guide it by a classifier"'
sample(plain, { ...drawing, guidance: guidanceMonoid.concat(scale, pag(2)) });
// names that are known only at run time
declare const columns: Readonly<Record<string, readonly string[]>>;
sample(trained, { ...drawing, conditions: columns });
sample(trained, { ...drawing, conditions: columns, guidance: cfg(2) });

// a guidance by another network takes also the conditions of that network, and one of your own takes any
const hatted = unwrap(unet({ ...size, conditions: { hair: ['short', 'long'], hat: 2 } }));
sample(trained, { ...drawing, conditions: { hat: [1] }, guidance: autoguidance(hatted, 2), guide: params });
sample(trained, { ...drawing, conditions: { hat: [1] }, guidance: guidanceMonoid.concat(scale, own) });
sample({ ...drawing, conditions: { hat: [1] }, guidance: own })(trained);
sample(trained, { ...drawing, conditions: { hat: [1] }, guidance: classifierGuided(judge.model, 2), guide: judge });
sample(trained, { ...drawing, conditions: { hat: [1] }, guidance: classifierGuided({ ...judge.model, classes: { hat: { classes: 2 } } }, 2), guide: judge }); // oxfmt-ignore
// @ts-expect-error 'hta' is not an option
sample(trained, { ...drawing, conditions: { hta: [1] }, guidance: classifierGuided({ ...judge.model, classes: { hat: { classes: 2 } } }, 2), guide: judge }); // oxfmt-ignore

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
export const of = (model: ReturnType<typeof JSON.parse>) => sample(model, { ...labelled, guidance: cfg(2) });
export const given = (never: never) => sample(never, drawing);
export const generic = <P>(model: Trained<P, [28, 28, 1]>) => sample(model, { ...labelled, guidance: cfg(2) });

// dropout of conditions is for models that have some
fit({ ...rest, model: having, conditionDropout: 0.1 });
fit({ ...rest, model: person, conditionDropout: { together: 0.1, each: { hair: 0.1 } } });
fit({ ...rest, model: custom, conditionDropout: { each: 0.1 } });
// @ts-expect-error the model has no conditions to drop: give conditions: { label: 10 } to unet
fit({ ...rest, model: without, conditionDropout: 0.1 });
