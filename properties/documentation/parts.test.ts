/** Tells whoever adds a part of the library which files want an entry for it, and what to add there. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { binaryFunctions, unaryFunctions } from '../../src/dsl/primitives/elementwise.js';
import { operations } from '../arbitraries/operations.js';
import { features } from '../features/all.js';
import { root } from '../types/operations/typescript.js';
import { type Exported, publicNames } from './examples.js';

/** A file, or the tests in a folder or the pages of `docs`, with an entry for each part of a kind. */
interface Place {
  readonly at: string;
  readonly add: string;
  /** The characters before the name in an entry, such as a quote; none if left out. */
  readonly begins?: string;
  /** The parts that need no entry, with the reasons. */
  readonly except?: Readonly<Record<string, string>>;
}

/** A kind of part: a value that has, or makes, one of these types. */
interface Kind {
  readonly types: readonly string[];
  readonly places: readonly Place[];
}

const kinds: Readonly<Record<string, Kind>> = {
  solver: {
    types: ['Solver'],
    places: [
      {
        at: 'properties/arbitraries/solvers.ts',
        add: 'a line in `keeping`, or in `solverOfPoints` if its samples of Gaussian data have another variance',
        except: {
          denoiseToZero: 'adds a step to another solver',
          consistency: 'is for consistency functions',
          ddimInversion: 'goes from data to noise',
          restart: 'has walks of the same length on every grid',
          flowEuler: 'is for flows',
          flowHeun: 'is for flows',
          flowSde: 'is for flows',
        },
      },
      { at: 'docs/sampling.md', begins: '`', add: 'a row in the table of solvers' },
    ],
  },
  schedule: {
    types: ['Schedule'],
    places: [
      {
        at: 'properties/arbitraries/diffusion.ts',
        add: 'the function in `leaving`, or in `schedule` if it leaves no signal',
      },
      { at: 'docs/diffusion.md', begins: '`', add: 'a row in the table of schedules' },
    ],
  },
  grid: {
    types: ['Grid'],
    places: [
      {
        at: 'properties/arbitraries/diffusion.ts',
        add: 'a line in `rules`',
        except: {
          ...{ atTimes: 'takes times', atSigmas: 'takes levels', partOfTheWay: 'takes a grid' },
          everyStep: 'has all timesteps',
          betaGrid: 'has fewer times where timesteps coincide',
          ...{ lcmGrid: 'has at most 50 timesteps', alignYourSteps: 'has ten levels of its own' },
          vpGrid: 'has a range of levels of its own',
          ...{ ddimStride: 'is sections of one number', timestepRespacing: 'is sections, as text' },
        },
      },
      {
        at: 'docs/sampling.md',
        begins: '`',
        add: 'a row in the table of grids',
        except: { everyStep: 'is the default', gridOf: 'takes a number or a grid' },
      },
    ],
  },
  guidance: {
    types: ['Guidance', 'ConditionGuidance', 'ClassifierGuidance'],
    places: [
      {
        at: 'properties/laws/guidance.ts',
        add: 'a line in `neutral`, at the scale without effect',
        except: { meanGuided: 'moves the mean of a step, not the prediction' },
      },
      { at: 'docs/sampling.md', begins: '`', add: 'a row in the table of guidance' },
    ],
  },
  loss: {
    types: ['Objective', 'ObjectiveWith', 'ClassifierObjective'],
    places: [
      { at: 'src/diffusion/losses', add: 'a test of its value by hand' },
      { at: 'docs', add: 'a paragraph in training.md, diffusion.md or fewsteps.md' },
    ],
  },
  layer: {
    types: ['Layer'],
    places: [
      { at: 'src/nn', add: 'a test of its value by hand' },
      { at: 'docs/models.md', begins: '`', add: 'a row in the table of layers' },
    ],
  },
};

const options: Place = {
  at: 'properties/options.test.ts',
  begins: "'",
  add: 'a row with its required and optional fields',
  except: {
    ...{ layer: 'takes layers', parameter: 'takes a shape' },
    ...{ previousLosses: 'has the options of simpleLosses', classifierLosses: 'has the options of simpleLosses' },
  },
};

const textOf = (at: string): string => {
  if (/\.\w+$/.test(at)) return readFileSync(root + at, 'utf8');
  const isPlace = at === 'docs' ? /^(training|diffusion|fewsteps)\.md$/ : /\.test\.ts$/;
  return readdirSync(root + at, { recursive: true, encoding: 'utf8' })
    .filter((path) => isPlace.test(path))
    .map((path) => readFileSync(`${root}${at}/${path}`, 'utf8'))
    .join('\n');
};

/** The text of a place without imports and comments, in which a name is no entry. */
const entriesOf = (at: string): string => textOf(at).replaceAll(/^import\b[^;]*;|\/\*\*[^]*?\*\/|\/\/ .*$/gm, '');

const texts = new Map<string, string>();
const hasEntry = (name: string, { at, begins = '\\b' }: Place): boolean => {
  if (!texts.has(at)) texts.set(at, entriesOf(at));
  return new RegExp(`${begins}${name}\\b`).test(texts.get(at)!);
};

/** Lists the complaint about a part in a place: a missing entry, or an exception that is not needed. Empty if there is none. */
const wantedOf = (kind: string, name: string, place: Place): readonly string[] => {
  const isExcept = place.except?.[name] !== undefined;
  if (hasEntry(name, place) !== isExcept) return [];
  return [
    isExcept
      ? `properties/documentation/parts.test.ts: remove the exception ${name}, which ${place.at} has`
      : `${place.at}: add the ${kind} ${name}: ${place.add}`,
  ];
};

const isOf = ({ types }: Kind, { entry, isValue, makes }: Exported): boolean =>
  isValue && ['diffusion', 'nn'].includes(entry) && types.some((type) => makes.includes(type));

test.each(Object.entries(kinds))('every %s is in the files that test and describe all of them', (name, kind) => {
  const parts = publicNames().filter((one) => isOf(kind, one));
  expect(parts.length).toBeGreaterThan(7); // none, if a type had another name
  const wanted = parts.flatMap((one) =>
    [...kind.places, ...(one.takesOptions || name === 'layer' ? [options] : [])].flatMap((place) =>
      wantedOf(name, one.name, place),
    ),
  );
  expect(wanted).toEqual([]);
});

test('every function of numbers is in the arbitraries, whose operations laws compare on backends and differentiate', () => {
  const names = operations.map(({ name }) => name.split(' ').at(-1));
  const functions = [...Object.keys(unaryFunctions), ...Object.keys(binaryFunctions)];
  const decoded = ['bfloat16']; // like float16; tests of kernels decode every number
  expect(
    functions
      .filter((fn) => !names.includes(fn) && !decoded.includes(fn))
      .map(
        (fn) => `properties/arbitraries/operations.ts: add the function ${fn}: a line in \`unaries\` or \`binaries\``,
      ),
  ).toEqual([]);
});

/** Exported with the operations; they return keys, or their operand, or apply functions to it. */
const noOperations = ['ascribe', 'ascribeLike', 'foldIn', 'fork', 'keep', 'key', 'pipe'];

test('every operation of noisefold/dsl is in the tables of features, once', () => {
  const exported = publicNames().filter(
    ({ entry, isValue, file, name }) =>
      entry === 'dsl' && isValue && /^src\/dsl\/(ops\/|random\/keys\.)/.test(file) && !noOperations.includes(name),
  );
  const names = features.map(({ name }) => name);
  expect(
    exported
      .filter(({ name }) => !names.includes(name))
      .map(({ name }) => `properties/features: add the operation ${name}: a line in a family; then npm run features`),
  ).toEqual([]);
  expect(names.toSorted()).toEqual(exported.map(({ name }) => name).sort());
});
