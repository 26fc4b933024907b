/** Wrong kinds of arguments that functions accept, with the reasons. Each was reviewed. */
import type { WrongCall } from '../watch.js';

/** Short names of the kinds of arguments of `watch.ts`. */
const kinds = {
  either: 'an Either',
  effect: 'an effect',
  promise: 'a promise',
  string: 'a string',
  undefined: 'undefined',
  null: 'null',
  number: 'a number',
  numberText: 'a number as text',
  texts: 'an array of texts',
  function: 'a function that was not called',
  otherArray: 'an array of another length',
  array: 'an array',
} as const;

type Kind = keyof typeof kinds;

/** A function, the position of an argument, the kinds, and the reason. */
type Entry = readonly [names: string, position: number, kinds: readonly Kind[], reason: string];

const any = Object.keys(kinds) as readonly Kind[]; // a literal has no others
const absent: readonly Kind[] = ['undefined', 'null'];

const entries: readonly Entry[] = [
  ['isLeft isRight unwrap', 0, ['either'], 'a value may be an Either itself'],
  ['open', 0, ['either'], 'a backend may be an Either'],
  [
    'decodeCheckpoint decodeSafetensors decodeCifar10 decodeNpy decodeNpz decodeIdx decodeMetricsLog streamIdx',
    0,
    any,
    'a name for messages',
  ],
  [
    'ancestral ddim deis dpmSolver dpmSolverFast dpmSolverPP dpmSolverPP2SAncestral dpmSolverPPSdeSinglestep dpmSolverPPSinglestep euler flowHeun flowSde kdpm2Ancestral restart rungeKutta saSolver tcd uniPC',
    0,
    any,
    'the sampler returns the error of the options',
  ],
  ['importanceTimesteps logSNRTimes', 0, any, 'the training returns the error of the options'],
  ['program', 0, any, 'the error is in its inputs: compile returns it'],
  ['readIdxChunks', 0, any, 'lazy: the iterator gives the error'],
  ['readIdxChunks streamIdx', 1, any, 'lazy: the iterator gives the error'],
  [
    'layer clipByGlobalNorm readTensors',
    0,
    ['undefined', 'null', 'array'],
    'a tree without members, or with one constant',
  ],
  ['ema', 0, absent, 'a tree without members'],
  ['leafSpec groups noisingOfSigmas', 0, ['otherArray'], 'a list of any length'],
  ['postHocAverage readCifar10 lossChart featuresOf listsOf', 0, ['otherArray'], 'a list of any length'],
  ['augmented imagesAt levelsOf piecewise', 1, ['otherArray'], 'a list of any length'],
  ['respaceAtSigmas', 0, ['otherArray'], 'a list of any length'],
  ['respace', 0, ['number'], 'a grid, or its number of steps'],
  ['partOfTheWay', 1, ['number'], 'a grid, or its number of steps'],
  ['featuresOf', 0, ['texts'], 'generic, or the words of a key, which key makes'],
  ['datasetOfImages diffusersScheduler lossChart betaSigmaGrid', 1, ['undefined'], 'optional'],
  ['polyexponentialGrid conditioningAugmentation cfgZero steered consistencyDenoiser', 1, ['undefined'], 'optional'],
  [
    'dynamicThreshold inpainting randomFlip edmWeight p2Weight progress fanInNormal fanInUniform',
    0,
    ['undefined'],
    'optional',
  ],
  ['continuousConsistencyLosses meanFlowLosses pseudoHuberLosses', 0, ['undefined'], 'optional'],
  ['progress', 1, ['undefined'], 'optional'],
  ['pseudoHuberDistance', 0, ['undefined'], 'optional'],
  ['convTranspose2d compareFeatures fitIn fitInFolder kernelDistance precisionRecall', 2, ['undefined'], 'optional'],
  ['emaWarmup guidedDiffusionConfig local', 0, ['undefined'], 'optional'],
  ['writeAtomically', 1, ['string'], 'a text'],
];

const legitimate = new Set(
  entries.flatMap(([names, position, accepted]) =>
    names.split(' ').flatMap((name) => accepted.map((kind) => `${name} ${position} ${kinds[kind]}`)),
  ),
);

/** Exports whose examples pass no argument: values that are no functions, and functions without a call or with optional options. */
const unwatched = new Set(
  [
    'askBackend measurePeak channelMonoid cifar10Classes classifierPresets digitNetwork guidanceMonoid identity unetPresets',
    'allOnes allZeros keep',
    'consistency ddimInversion digitClassifier flowEuler dpmSolverPPSde eulerAncestral guidedDiffusion lms logNormalTimes minSnrWeight',
    'optimalTransport pndm stopOnSignals',
    'continuousCosine continuousLinear continuousSigmoid edm karrasTimes logitNormalTimes modeTimes rectifiedFlow trigonometric',
  ].flatMap((names) => names.split(' ')),
);

/** Tests if the example of an export passes it no argument. */
export const isUnwatched = (name: string): boolean => unwatched.has(name);

/** Tests if a function may accept this argument. */
export const isLegitimate = ({ name, position, kind }: WrongCall): boolean =>
  legitimate.has(`${name} ${position} ${kind}`);

/** Arguments that are accepted or not, because another call may hold the folder. */
const uncertain: readonly string[] = ['fitIn 2', 'fitInFolder 2'];

/** The arguments that have an entry although the function accepts no wrong kind. */
export const unneeded = (accepted: readonly WrongCall[]): readonly string[] => {
  const uses = new Set(accepted.map(({ name, position }) => `${name} ${position}`));
  const all = entries.flatMap(([names, position]) => names.split(' ').map((name) => `${name} ${position}`));
  return all.filter((argument) => !uses.has(argument) && !uncertain.includes(argument));
};
