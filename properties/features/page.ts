/** `FEATURES.md`: a line for each operation and for each part of the contract, and in each cell what a check has found. */
import type { Violation } from '../laws/law.js';
import { resultsOf } from './checks.js';
import type { Row } from './contract.js';
import type { Feature } from './feature.js';

/** What was found of an operation: by backend, and of its gradient. */
export interface Found {
  readonly feature: Feature;
  /** The first sentence of its docstring. */
  readonly says: string;
  readonly backends: Readonly<Record<string, Violation>>;
  readonly gradient: Violation;
}

/** What was found of a part of the contract, by backend. */
export interface Kept {
  readonly row: Pick<Row, 'says' | 'holds'>;
  readonly backends: Readonly<Record<string, Violation>>;
}

/** Escapes what a table would read; in code that is the bar alone. */
const cell = (text: string): string =>
  text
    .split('`')
    .map((part, i) => part.replaceAll(i % 2 === 0 ? /[|*_<>]/g : /\|/g, (mark) => `\\${mark}`))
    .join('`');

const shown = ({ shape, dtype }: { readonly shape: readonly number[]; readonly dtype: string }): string =>
  dtype === 'key' ? 'key' : `[${shape.join(', ')}]${dtype === 'float32' ? '' : `:${dtype}`}`;

/** What the case takes and gives: `[2, 3], [4]:int32 → [2, 4]`. */
const typeOf = (feature: Feature): string => {
  const [takes, gives] = [feature.operands, resultsOf(feature)].map((all) => all.map(shown).join(', '));
  return takes === '' ? gives! : `${takes} → ${gives}`;
};

const mark = (violation: Violation): string => (violation === null ? '✓' : '✗');

const line = ({ feature, says, backends, gradient }: Found): string =>
  [
    '',
    `\`${feature.name}\``,
    cell(says),
    `\`${typeOf(feature)}\``,
    ...Object.values(backends).map(mark),
    gradient === null && !feature.differentiable ? 'none' : mark(gradient),
    '',
  ]
    .join(' | ')
    .trim();

const keptLine = ({ row, backends }: Kept): string =>
  ['', cell(row.says), cell(row.holds), ...Object.values(backends).map(mark), ''].join(' | ').trim();

/** All operations and the whole contract; every one was checked on the same backends. */
export const featuresPage = (all: readonly Found[], contract: readonly Kept[]): string => {
  const families = [...new Set(all.map(({ feature }) => feature.family))];
  const names = Object.keys(all[0]!.backends);
  const columns = ['operation', 'what it gives', 'checked as', ...names, 'gradient'];
  const promises = ['what is promised', 'how closely', ...names];
  return [
    '# The operations, and the contract of backends',
    '',
    'Every operation of `noisefold/dsl`, made by `npm run features` from checks that `npm run test:all` repeats. A backend has ✓',
    'where it computes the case beside it, and the gradient of the case, as the graph means it in float64: to 10⁻¹² on the',
    'reference, to 10⁻⁵ of the greatest number elsewhere, exactly for int32 and bool. A gradient has ✓ where it is what',
    'differences of values give; it is none where results are no float32, are constant in steps, or follow no operand.',
    'WebGPU is checked twice: on Dawn, in Node, and in Chromium without a window, on SwiftShader, which computes on the CPU.',
    '',
    '## The contract',
    '',
    'What is promised of every backend: the laws of [LAWS.md](LAWS.md#backends-backendlawsbackend), on random samples, and two whole U-Nets.',
    'A cell has ✓ where all that is behind it holds, for a fifth of the samples that `npm run test:all` takes of each law on each of these',
    'backends (`properties/backends.test.ts`, `properties/chromium`).',
    '',
    `| ${promises.join(' | ')} |`,
    `|${' --- |'.repeat(promises.length)}`,
    ...contract.map(keptLine),
    '',
    'The backends `node` and `node-gpu` have no column: their packages download a native library when they are installed, which',
    'the machine that makes this page does not have. `npm run test:all` takes the same laws on them where they are installed, and shows them',
    'as skipped elsewhere (`properties/node.test.ts`, `nodeGpu.test.ts`); everywhere it takes them on their executor, over tensors of',
    'another engine (`src/backends/tfjs/eager`).',
    ...families.flatMap((family) => [
      '',
      `## ${family}`,
      '',
      `| ${columns.join(' | ')} |`,
      `|${' --- |'.repeat(columns.length)}`,
      ...all.filter(({ feature }) => feature.family === family).map(line),
    ]),
    '',
  ].join('\n');
};
