/** The cost of the types: instantiations for each use of an operation, in both forms, on both compilers; and the limits. */
import { readFileSync } from 'node:fs';
import { type Form, FORMS } from './call.js';
import { compiled6, instantiations7, type Modules } from './compilers.js';
import { checkExamples, exampleNames } from './examples.js';
import { usages } from './operations.js';
import { callLine, formsOf, literals, moduleOf } from './source.js';
import { LITERAL, START, transformerText, WIDE } from './transformer.js';
import type { Usage } from './usage.js';

export type Version = 6 | 7;
const VERSIONS: readonly Version[] = [6, 7];

export interface Cost {
  readonly name: string;
  /** Absent for a whole program. */
  readonly form: Form | null;
  readonly version: Version;
  /** The instantiations of one use. */
  readonly cost: number;
  readonly limit: number;
}

/** For an operation that compares shapes. */
const OPERATION = 200;
/** For an operation that computes extents digit by digit, or shapes axis by axis. */
const CALCULATION = 500;
const calculating =
  'attention broadcastTo concat conv2d groupNorm slice pad upsample averagePool maxPool halve einsum sum prod max min mean variance norm logSumExp any all reshape resizeNearest resizeBilinear squeeze standardizeGroups take tile topK transpose'.split(' '); // oxfmt-ignore

/** Operations with limits of their own. */
const LIMITS: Readonly<Record<string, number>> = {
  ...Object.fromEntries(calculating.map((name) => [name, CALCULATION])),
  convTranspose2d: 700, // a height and a width
  downsample: 800, // an even height and width, and the channels of a kernel
  broadcastLike: 300, // axis by axis
  upsample: 520, // a height and a width
  slice: 700, // a sum, compared with the extent
  split: 800, // a sum of sizes, compared with the extent
  einsum: 1300, // letter by letter, of an equation and of two operands
  concatAll: 800, // a sum, and each tensor compared with the first
  reshape: 1600, // piped with -1: a product and a quotient
  pixelShuffle: 1000, // two products, a square and a quotient, which is checked too
  pixelUnshuffle: 1000,
  rearrange: 3200, // a pattern word by word, a product, and a quotient for the result and for the check
};

/** A data-first call costs at most this many times its pipeable form, and literals at most this many times `Dim`. */
const RATIO = 1.3;

/** The number of measured uses. One more comes first, which instantiates the types that all uses share. */
const USES = 4;

/** Uses whose cost is measured, after others that instantiate the types that they share. */
interface Measurement {
  readonly name: string;
  readonly limit: number;
  /** Declarations and uses that come first. */
  readonly base: readonly string[];
  readonly uses: Partial<Readonly<Record<Form, readonly string[]>>>;
  /** The names that they import from `noisefold/dsl`. */
  readonly imports: readonly string[];
}

/** Lines of uses: the same extents in each form, and no extents twice. */
const measure = (
  turn: number,
  forms: readonly Form[],
  line: (turn: number, form: Form) => string,
): Pick<Measurement, 'base' | 'uses'> => ({
  base: forms.map((form) => line(turn, form)),
  uses: Object.fromEntries(
    forms.map((form) => [form, Array.from({ length: USES }, (_, i) => line(turn + 1 + i, form))]),
  ),
});

const operations: readonly Measurement[] = Object.entries(usages)
  .flatMap(([name, uses]) => uses.map((usage: Usage) => ({ name, usage })))
  .map(({ name, usage }, i) => ({
    name: usage.use,
    limit: LIMITS[name] ?? OPERATION,
    imports: [name],
    ...measure(i * (USES + 1), formsOf(usage), (turn, form) => callLine(usage, form, literals(turn))),
  }));

const LAYERS = "import { layer, linearLayer, parameter, allZeros, residualBlock, type Residual } from 'noisefold/nn';";
const layerOf = (i: number): string =>
  `layer({ scale: linearLayer({ inputs: 128, outputs: ${64 + i} }), shift: parameter(allZeros, ${64 + i}) },
    ({ scale, shift }) => <B extends Dim, H extends Dim>(x: Tensor<[B, H, H, ${64 + i}]>, e: Tensor<[B, 128]>) =>
      addBias(mulPerSample(x, scale(e)), shift))`.replaceAll(/\n\s*/g, ' ');
const blockOf = (i: number): string =>
  `residualBlock({ inputs: ${64 + 8 * i}, outputs: ${128 + 8 * i}, embedding: ${256 + i}, groups: 8 })`;
const callOfBlock = (i: number): string => {
  const [B, H, C] = [8 + i, 28 + 2 * i, 64 + i];
  const operands = `(block: Residual<${C}, 128, 256>, x: Tensor<[${B}, ${H}, ${H}, ${C}]>, e: Tensor<[${B}, 256]>)`;
  return `${operands} => block(x, { embedding: e })`;
};

/** A layer of nn, a block, and the call of a block whose parameters are bound. */
const layers: readonly Measurement[] = [
  {
    name: 'layer(parts, body)',
    limit: 600,
    imports: ['mulPerSample', 'addBias'],
    ...measure(0, ['data-first'], layerOf),
  },
  { name: 'residualBlock(config)', limit: 700, imports: ['add'], ...measure(0, ['data-first'], blockOf) },
  {
    name: 'block(x, { embedding })',
    limit: 100,
    imports: ['add'],
    ...measure(0, ['data-first'], callOfBlock),
  },
];

const measurements: readonly Measurement[] = [...operations, ...layers];

/** A whole network, with all its definitions. */
interface Network {
  readonly name: string;
  readonly limit: number;
  /** The text before the definitions, and the whole text. */
  readonly code: () => readonly [empty: string, code: string];
}

/** The network of docs/shapes.md. */
const unetOfPage = (): readonly [empty: string, code: string] => {
  const page = readFileSync('docs/shapes.md', 'utf8');
  const code = page.split('## A U-Net')[1]?.split('```ts\n')[1]?.split('const denoise')[0];
  if (code === undefined) throw new Error('docs/shapes.md has no network');
  const names = (list: string): string => `import { ${list} } from`;
  const imports = [
    `${names('concat, program, silu, type Dim, type Tensor')} 'noisefold/dsl';`,
    `${names('attentionBlock, convLayer, downsampleLayer, groupNormLayer, layer, residualBlock, timeEmbedding, upsampleLayer')} 'noisefold/nn';`,
  ].join('\n');
  return [imports, `${imports}\n${code}\nvoid unet;`];
};

/** A network of literal extents costs at most {@link RATIO} times the same network of wide extents. */
const [OF_LITERALS, OF_NUMBERS] = ['12 transformer blocks, literal', '12 transformer blocks, wide'];

const networks: readonly Network[] = [
  { name: 'the U-Net of docs/shapes.md', limit: 12_300, code: unetOfPage },
  { name: OF_LITERALS, limit: 45_000, code: () => [START, transformerText(LITERAL)] },
  { name: OF_NUMBERS, limit: 38_000, code: () => [START, transformerText(WIDE)] },
];

/** The cost of each folder of examples, checked against the declarations by TypeScript 7. */
const EXAMPLES: Readonly<Record<string, number>> = {
  descent: 6400,
  faces: 42_000,
  first: 8300,
  plain: 7450,
  mnist: 27_000,
  'digit-classifier': 15_500,
  networks: 48_100,
  adm: 15_400,
  'node-gpu': 22_450,
  pictures: 43_000, // of which sharp, which writes the labels of pictures, takes 17,000
  'swiss-roll': 24_750,
  http: 8_800,
  'few-steps': 39_500,
};

const textOf = ({ imports }: Measurement, lines: readonly string[]): string =>
  `${LAYERS}\n${moduleOf(imports, lines).replace(/^import \{ expectType.*\n/m, '')}`;

interface Turn {
  readonly measurement: Measurement;
  readonly form: Form;
  readonly lines: readonly string[];
}
const all: readonly Turn[] = measurements.flatMap((measurement) =>
  FORMS.flatMap((form) => {
    const lines = measurement.uses[form];
    return lines === undefined ? [] : [{ measurement, form, lines }];
  }),
);
const nameOf = ({ measurement, form }: Turn): string => `${measurement.name} ${form}`;

/** Instantiations that the uses of a measurement take, after those of its base. */
type Difference = (measure: Turn) => number;
const baseOf = ({ measurement }: Turn): string => measurement.name;

/** TypeScript 6 checks each form in a separate program, in which types that were instantiated before are free. */
const difference6 = (): Difference => {
  const programs = FORMS.map((form) => {
    const own = all.filter((one) => one.form === form);
    const modules = own.flatMap((one) => [
      [baseOf(one), textOf(one.measurement, one.measurement.base)],
      [nameOf(one), textOf(one.measurement, one.lines)],
    ]);
    return [form, compiled6(Object.fromEntries(modules) as Modules)] as const;
  });
  return (one) => {
    const { cost } = programs.find(([form]) => form === one.form)![1];
    cost(baseOf(one));
    return cost(nameOf(one));
  };
};

const difference7 = (): Difference => {
  const modules = all.flatMap((one) => [
    [baseOf(one), textOf(one.measurement, one.measurement.base)],
    [nameOf(one), textOf(one.measurement, [...one.measurement.base, ...one.lines])],
  ]);
  const counts = instantiations7(Object.fromEntries(modules) as Modules);
  return (one) => counts[nameOf(one)]! - counts[baseOf(one)]!;
};

/** The cost of a network with all its definitions. */
const costOfNetwork = (network: Network, version: Version): number => {
  const [empty, code] = network.code();
  if (version === 6) {
    const { cost } = compiled6({ empty, code });
    cost('empty');
    return cost('code');
  }
  const counts = instantiations7({ empty, code });
  return counts['code']! - counts['empty']!;
};

/** The cost of each operation, layer and block in each form, of the networks, and of the examples. */
export const budget = (): readonly Cost[] => {
  const costs = VERSIONS.flatMap((version): readonly Cost[] => {
    const difference = version === 6 ? difference6() : difference7();
    return [
      ...all.map((one) => ({
        name: one.measurement.name,
        form: one.form,
        version,
        cost: Math.round(difference(one) / USES),
        limit: one.measurement.limit,
      })),
      ...networks.map((one) => ({
        name: one.name,
        form: null,
        version,
        cost: costOfNetwork(one, version),
        limit: one.limit,
      })),
    ];
  });
  const examples = exampleNames.map((name) => ({
    name: `examples/${name}`,
    form: null,
    version: 7 as const,
    cost: checkExamples(7, [name]).instantiations,
    limit: EXAMPLES[name] ?? 0,
  }));
  return [...costs, ...examples];
};

/** Figures over their limit, and those that cost too much compared with the pipeable form, or with wide extents. */
export const overBudget = (costs: readonly Cost[]): readonly string[] =>
  costs.flatMap((one) => {
    const { name, form, version, cost, limit } = one;
    const same = costs.filter((other) => other.version === version);
    const piped = same.find((other) => other.name === name && other.form === 'piped');
    const wide = name === OF_LITERALS ? same.find((other) => other.name === OF_NUMBERS) : undefined;
    const where = `${name}, ${form ?? 'as a whole'}, TypeScript ${version}: ${cost} instantiations`;
    return [
      ...(cost > limit ? [`${where}, more than ${limit}`] : []),
      ...(form === 'data-first' && piped !== undefined && cost > RATIO * piped.cost
        ? [`${where}, more than ${RATIO} × ${piped.cost} of the pipeable form`]
        : []),
      ...(wide !== undefined && cost > RATIO * wide.cost
        ? [`${where}, more than ${RATIO} × ${wide.cost} with wide extents`]
        : []),
    ];
  });

const WIDTH = 58;

/** `sub(x, y) 32/37 32/37`: data-first and piped, on TypeScript 6 and 7. */
const cells = (costs: readonly Cost[], name: string): string => {
  const own = costs.filter((one) => one.name === name);
  const figures = VERSIONS.map((version) =>
    [...FORMS, null]
      .flatMap((form) => own.filter((one) => one.version === version && one.form === form))
      .map(({ cost }) => cost)
      .join('/'),
  );
  const label = name.length > 36 ? `${name.slice(0, 35)}…` : name;
  return `${label.padEnd(36)} ${figures.map((figure) => figure.padStart(9)).join(' ')}`.padEnd(WIDTH);
};

/** All figures, two uses a line, and what is over budget. */
export const budgetTable = (costs: readonly Cost[]): string => {
  const names = [...new Set(costs.map(({ name }) => name))];
  const rows = names.map((name) => cells(costs, name));
  const half = Math.ceil(rows.length / 2);
  return [
    'Instantiations for one use, at extents of its own: data-first/piped on TypeScript 6, and on TypeScript 7',
    ...rows.slice(0, half).map((row, i) => `  ${row}  ${rows[half + i] ?? ''}`.trimEnd()),
    ...overBudget(costs).map((text) => `OVER BUDGET: ${text}`),
  ].join('\n');
};
