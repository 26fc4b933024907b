/** Suggestions of similar names, for errors. */

/** The maximum length of names; longer ones are not typing errors. */
const LONGEST = 40;

const plain = (name: string): string => name.toLowerCase().replaceAll(/[^a-z0-9]/g, '');

/** The first letters of the words in a name: `lr` of `learningRate`. */
const initials = (name: string): string =>
  plain(name.replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2').replaceAll(/(\w)\w*/g, '$1'));

/** The number of letters to add, drop, change or swap with the next one (optimal string alignment distance). */
const distance = (a: string, b: string): number => {
  let [before, last]: readonly [number[], number[]] = [[], Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row[j] = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + cost, isSwap ? before[j - 2]! + 1 : Infinity);
    }
    [before, last] = [last, row];
  }
  return last[b.length]!;
};

/** Tests for a typing error; in a name of two characters, such as `x0`, the first one must be right. */
const misspells = (word: string, name: string): boolean =>
  (name.length > 2 || (name.length === 2 && word[0] === name[0])) &&
  distance(plain(word), plain(name)) <= Math.max(1, Math.floor(name.length / 4));

const contains = (a: string, b: string): boolean => b.length >= 3 && a.includes(b);

/**
 * The names that options have in PyTorch, diffusers and other libraries. For each name: the fields that may replace it,
 * of which the first that a function has is suggested, each with the rest of the suggested text.
 */
export const THEIRS = {
  steps: { grid: '' },
  epochs: { steps: '' },
  iterations: { steps: '' },
  seed: { key: '' },
  rng: { key: '' },
  generator: { key: '' },
  lr: { learningRate: '', optimizer: ': adam({ learningRate })' },
  learningRate: { optimizer: ': adam({ learningRate })' },
  weightDecay: { optimizer: ': adamw({ learningRate, weightDecay })' },
  warmup: { optimizer: ': adam({ learningRate: warmup(rate, steps) })' },
  gradientClip: { optimizer: ': chain(clipByGlobalNorm(1), adam({ learningRate }))' },
  gradClip: { optimizer: ': chain(clipByGlobalNorm(1), adam({ learningRate }))' },
  maxGradNorm: { optimizer: ': chain(clipByGlobalNorm(1), adam({ learningRate }))' },
  gradientAccumulationSteps: { accumulate: '' },
  ema: { averageDecay: '' },
  emaDecay: { averageDecay: '' },
  validation: { heldOut: ': { data, every }' },
  validationData: { heldOut: ': { data, every }' },
  valData: { heldOut: ': { data, every }' },
  process: { noising: '' },
  scheduler: { solver: ': ddim()', noising: ': unwrap(ddpm(cosine(1000)))' },
  schedule: { noising: ': unwrap(ddpm(cosine(1000)))' },
  callbacks: { onEvent: '', onStep: '' },
  cfg: { guidance: ': cfg(2)' },
  guidanceScale: { guidance: ': cfg(2)' },
  cfgScale: { guidance: ': cfg(2)' },
  eta: { solver: ': ddim({ eta })' },
  numInferenceSteps: { grid: '' },
  inferenceSteps: { grid: '' },
  mask: { known: ': { images, mask }' },
  init: { initial: '', from: ': { images, strength }' },
  initImage: { from: ': { images, strength }' },
  strength: { from: ': { images, strength }' },
  n: { count: '' },
  numSamples: { count: '' },
  numImages: { count: '' },
  size: { image: ': [height, width, channels]' },
  imageSize: { image: ': [height, width, channels]' },
  channels: { image: ': [height, width, channels]' },
  inChannels: { image: ': [height, width, channels]' },
  modelChannels: { base: '' },
  dim: { base: '' },
  dimMults: { multipliers: '' },
  channelMult: { multipliers: '' },
  layersPerBlock: { blocks: '' },
  numResBlocks: { blocks: '' },
  parameterization: { predicts: '' },
  predictionType: { predicts: '' },
  objective: { predicts: '' },
} as const;

type Theirs = typeof THEIRS;

/** The fields that replace the names of other libraries. */
export type Synonyms = { readonly [N in keyof Theirs]: keyof Theirs[N] };

const theirs = new Map<string, Readonly<Record<string, string>>>(
  Object.entries(THEIRS).map(([name, ours]) => [plain(name), ours]),
);

/** Ways to find the most similar name, in order. */
const WAYS: readonly ((word: string, names: readonly string[]) => string | undefined)[] = [
  (word, names) => names.find((name) => plain(word) === plain(name)),
  (word, names) => Object.keys(theirs.get(plain(word)) ?? {}).find((ours) => names.includes(ours)),
  ...[
    (word: string, name: string) => initials(name).length > 1 && plain(word) === initials(name),
    misspells,
    (word: string, name: string) => contains(plain(word), plain(name)) || contains(plain(name), plain(word)),
  ].map((isLike) => (word: string, names: readonly string[]) => names.find((name) => isLike(word, name))),
];

/** The most similar of some names; undefined if none is similar. */
export const suggestion = (word: string, names: readonly string[]): string | undefined =>
  word.length > LONGEST ? undefined : WAYS.map((find) => find(word, names)).find((name) => name !== undefined);

/** The rest of the text that suggests a field in place of a name of another library: `: { images, mask }`. */
export const restOf = (word: string, field: string): string => theirs.get(plain(word))?.[field] ?? '';
