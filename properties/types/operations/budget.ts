/** What the types cost: instantiations for each use, the extents of which no other use has had; and the most allowed. */
import { readFileSync } from 'node:fs';
import { compiled6, type Modules } from './compilers.js';
import { checkExamples, exampleNames } from './examples.js';
import { operationNames, usages } from './operations.js';
import { callLine, literals, moduleOf } from './source.js';

export interface Cost {
  readonly name: string;
  /** Instantiations, by one use. */
  readonly cost: number;
  readonly limit: number;
}

/** For what demands that shapes agree. */
const OPERATION = 200;
/** For what calculates: extents, digit by digit, or shapes, axis by axis. */
const CALCULATION = 500;
const calculating =
  'concat pad upsample downsample averagePool maxPool halve split einsum sumOver prodOver maxOver minOver meanOver varianceOver normOver logSumExpOver anyOver allOver reshape transpose'.split(' '); // prettier-ignore

/** What has a figure of its own. */
const LIMITS: Readonly<Record<string, number>> = {
  ...Object.fromEntries(calculating.map((name) => [name, CALCULATION])),
  einsum: 650, // letter by letter, of an equation and of two operands
  concatAll: 800, // a sum, and each tensor held against the first
  pixelShuffle: 800, // two products, a square and a quotient
  pixelUnshuffle: 800,
  rearrange: 1600, // a pattern word by word, a product and a quotient
};

/** For a call of what `defn` and `layer` make; a layer is called twice, with parameters and with data. */
const CALL = 900;
/** For a definition, once: with the operations of its body, those of {@link project} and {@link film}. */
const DEFINITION = 2500;

/** The network of docs/shapes.md, with all its definitions and one call. */
const NETWORK = 150_000;

/** Each folder of examples, against the declarations, by TypeScript 7. */
const EXAMPLES: Readonly<Record<string, number>> = {
  descent: 6300,
  first: 4800,
  mnist: 14_500,
  'node-gpu': 15_000,
  pictures: 22_500,
  'swiss-roll': 27_500,
};

/** How many uses are measured, after one that makes what all share. */
const USES = 4;

/** Uses at extents that begin after those of `turn` − 1. */
const usesOf = (turn: number, count: number, line: (i: number) => string): string =>
  moduleOf(
    [...operationNames, 'defn', 'layer'],
    Array.from({ length: count }, (_, i) => line(turn + i)),
  );

/** A module with one use, which makes what all uses share; and one with some more. */
const pair = (name: string, turn: number, line: (i: number) => string): Modules => ({
  [`${name}-first`]: usesOf(turn, 1, line),
  [name]: usesOf(turn + 1, USES, line),
});

const operationModules: Modules = Object.assign(
  {},
  ...Object.entries(usages).map(([name, usage], i) =>
    pair(name, i * (USES + 1), (turn) => callLine(usage, literals(turn))),
  ),
) as Modules;

/** A definition whose symbols are its own; what its body does counts as well. */
const film = (i: number): string =>
  `layer({ w: 'D${i} 2*C${i}', b: '2*C${i}' }, 'B${i} H${i} W${i} C${i}, B${i} D${i} -> B${i} H${i} W${i} C${i}', (p) => (h, e) => {
    const [scale, shift] = halve(linear(e, p));
    return addPerSample(mulPerSample(h, scale), shift);
  })`.replaceAll(/\n\s*/g, ' ');
const project = (i: number): string =>
  `defn('B${i} H${i} C${i}, C${i} D${i} -> B${i} H${i} D${i}', (x, w) => matmul(x, w))`;

/** Calls of what is defined in the module beside them. */
const calls = (of: string, line: (i: number) => string): Modules =>
  Object.fromEntries(
    Object.entries(pair(`${of} call`, 0, line)).map(([name, text]) => [
      name,
      `import { _0 as defined } from './${of.split(' ')[0]}-first.js';\n${text}`,
    ]),
  );

const parametersOf = (i: number): string => `w: Tensor<[256, ${128 + 2 * i}]>, b: Tensor<[${128 + 2 * i}]>`;

const signatureModules: Modules = {
  ...pair('defn', 0, project),
  ...pair('layer', 0, film),
  ...calls(
    'defn',
    (i) => `(x: Tensor<[${8 + i}, 28, ${64 + i}]>, w: Tensor<[${64 + i}, ${32 + i}]>) => defined(x, w)`,
  ),
  ...calls('layer', (i) => `(${parametersOf(i)}) => defined({ w, b })`),
  ...calls(
    'layer twice',
    (i) =>
      `(${parametersOf(i)}, h: Tensor<[8, 28, 28, ${64 + i}]>, e: Tensor<[8, 256]>) => defined({ w, b })(h, e)`,
  ),
};

/** The network of docs/shapes.md, and what the page says of the types of its results. */
const network = (): string => {
  const page = readFileSync('docs/shapes.md', 'utf8');
  const code = page.split('## A network')[1]?.split('```ts\n')[1]?.split('```')[0];
  if (code === undefined) throw new Error('docs/shapes.md has no network');
  return [
    `import { pipe } from 'fp-ts/function';`,
    moduleOf([...operationNames, 'defn', 'layer'], []),
    code,
    'export {};',
  ].join('\n');
};

/** What each operation costs, then `defn` and `layer`, the network, and the examples. */
export const budget = (): readonly Cost[] => {
  const modules = { ...signatureModules, ...operationModules, network: network() };
  const { cost } = compiled6(modules);
  const marginal = (name: string): number => {
    cost(`${name}-first`);
    return Math.round(cost(name) / USES);
  };
  const limitOf = (name: string): number => LIMITS[name] ?? OPERATION;
  const operations = operationNames.map((name) => ({ name, cost: marginal(name), limit: limitOf(name) }));
  const ofParameters = marginal('layer call');
  const signatures = [
    { name: 'a definition by defn', cost: marginal('defn'), limit: DEFINITION },
    { name: 'a definition by layer', cost: marginal('layer'), limit: DEFINITION },
    { name: 'a call of a defn', cost: marginal('defn call'), limit: CALL },
    { name: 'a layer given parameters', cost: ofParameters, limit: CALL },
    { name: 'a layer given data', cost: marginal('layer twice call') - ofParameters, limit: CALL },
  ];
  const examples = exampleNames.map((name) => ({
    name: `examples/${name}`,
    cost: checkExamples(7, [name]).instantiations,
    limit: EXAMPLES[name] ?? 0,
  }));
  return [
    ...operations,
    ...signatures,
    { name: 'the U-Net of docs/shapes.md', cost: cost('network'), limit: NETWORK },
    ...examples,
  ];
};

const line = ({ name, cost, limit }: Cost): string =>
  `  ${name.padEnd(28)} ${String(cost).padStart(7)} of ${String(limit).padStart(6)}${cost > limit ? '  OVER' : ''}`;

/** The ten dearest operations, the others in a line, and all that is none. */
export const budgetTable = (costs: readonly Cost[]): string => {
  const isOperation = ({ name }: Cost): boolean => name in usages;
  const operations = costs.filter(isOperation).sort((a, b) => b.cost - a.cost);
  const shown = operations.filter(({ cost, limit }, i) => i < 10 || cost > limit);
  const rest = operations.filter((one) => !shown.includes(one));
  return [
    'Instantiations, of those allowed: a use of an operation, at extents of its own',
    ...shown.map(line),
    `  ${rest.length} other operations: at most ${rest[0]?.cost}, half of them at most ${rest[rest.length >> 1]?.cost}`,
    'signatures, and whole programs',
    ...costs.filter((one) => !isOperation(one)).map(line),
  ].join('\n');
};
