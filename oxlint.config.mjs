// The house: each folder of src, the folders of src that it may import, and its share of the outside world.
const house = {
  internal: { sees: [] },
  dsl: { sees: ['internal'] },
  entry: { sees: ['dsl', 'internal'] },
  formats: { sees: ['dsl', 'internal'] },
  node: { sees: ['formats', 'dsl', 'internal'] },
  reports: { sees: ['formats', 'dsl', 'internal'] },
  conditions: { sees: ['dsl', 'internal'] },
  nn: { sees: ['conditions', 'dsl', 'internal'] },
  diffusion: { sees: ['conditions', 'dsl', 'internal'] },
  backends: { sees: ['dsl', 'internal'], node: true },
  doctor: { sees: ['backends', 'dsl', 'internal'], node: true },
  data: { sees: ['conditions', 'node', 'formats', 'dsl', 'internal'] },
  checkpoints: { sees: ['data', 'nn', 'diffusion', 'conditions', 'reports', 'node', 'formats', 'dsl', 'internal'] },
  weights: { sees: ['checkpoints', 'data', 'nn', 'diffusion', 'conditions', 'node', 'formats', 'dsl', 'internal'] },
  training: {
    sees: ['checkpoints', 'data', 'nn', 'diffusion', 'conditions', 'reports', 'node', 'formats', 'dsl', 'internal'],
  },
  evaluation: { sees: ['training', 'checkpoints', 'data', 'nn', 'conditions', 'node', 'formats', 'dsl', 'internal'] },
  terminal: { sees: ['training', 'dsl', 'internal'], node: true },
  shards: {
    sees: [
      'evaluation',
      'training',
      'checkpoints',
      'data',
      'diffusion',
      'conditions',
      'backends',
      'reports',
      'node',
      'formats',
      'dsl',
      'internal',
    ],
    node: true,
  },
  cli: { sees: ['doctor', 'shards'], node: true },
};

// Folders in layers, from the lowest: each may import those before it, and those on its own line.
const layered = {
  dsl: [
    ['types'],
    ['graph'],
    ['primitives', 'composites'],
    ['ops'],
    ['random'],
    ['transforms'],
    ['plan'],
    ['compile'],
    ['run'],
  ],
  diffusion: [
    ['channels'],
    ['schedules'],
    ['paths'],
    ['grids'],
    ['denoisers'],
    ['guidance'],
    ['likelihood'],
    ['losses'],
    ['solvers'],
    ['sampling'],
  ],
  weights: [['names'], ['configs'], ['schedulers'], ['diffusers']],
  training: [['warnings'], ['sample'], ['couplings'], ['fit'], ['measure']],
};

const above = ['properties', 'examples', 'bench'];
const seam = 'src/internal/fp.ts is the one seam onto fp-ts and io-ts.';
const roots = 'Import the package by its root: its subpaths fail in Node, or weigh ten times as much.';
const tfjs = 'Only src/backends/tfjs, its page for the contract, and bench may import tfjs.';
const portable = 'This folder runs in the browser too.';

/** `no-restricted-imports` over [regular expression, message] pairs. */
const restrict = (...pairs) => ({
  'no-restricted-imports': ['error', { patterns: pairs.map(([regex, message]) => ({ regex, message })) }],
});

const arrows = (folder, { sees, node }) => {
  const hidden = [...Object.keys(house).filter((other) => other !== folder && !sees.includes(other)), ...above];
  const message = `src/${folder} may import ${sees.map((name) => `src/${name}`).join(', ') || 'nothing else of ours'}.`;
  return [
    // A relative path that climbs out of the folder, then enters a hidden one; or the package by its own name.
    [`^(\\.\\./)+(src/)?(${hidden.join('|')})/|^noisefold(/|$)`, message],
    ['^(fp-ts|io-ts)(/|$)', seam],
    ...(node ? [] : [['^node:', portable]]),
  ];
};

/** Imports from a layer of a folder to a higher one. */
const upward = (parent, layers, layer) => [
  `^(\\.\\./)+(${
    layers
      .slice(layer + 1)
      .flat()
      .join('|') || 'none'
  })/`,
  `src/${parent}/${layers[layer].join(' and ')} may import only lower folders of src/${parent}: ${layers.slice(0, layer).flat().join(', ') || 'none'}.`,
];

const noTfjs = ['^@tensorflow/', tfjs];
const noSubpaths = ['^(fp-ts|io-ts)/', roots];

/** Ways to skip a test without a reason; `skippedFor` gives one. */
const silentSkips = ['test', 'it', 'describe'].flatMap((object) =>
  ['skip', 'skipIf', 'runIf', 'todo', 'only'].map((property) => ({
    ...{ object, property },
    message: 'Skip a test by skippedFor(reason), of properties/skips.ts.',
  })),
);

export default {
  plugins: ['typescript', 'unicorn', 'oxc', 'import'],
  categories: { correctness: 'error', suspicious: 'error' },
  options: { reportUnusedDisableDirectives: 'error' },
  ignorePatterns: ['node_modules', 'dist', 'runs', 'coverage'],
  rules: {
    eqeqeq: 'error',
    'no-var': 'error',
    'prefer-const': 'error',
    'no-shadow': 'off',
    'no-underscore-dangle': 'off', // fp-ts's tags begin with one
    'no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
    'import/no-cycle': ['error', { ignoreTypes: false }],
    'import/namespace': 'off', // it cannot read computed names, which TypeScript checks anyway
    'import/no-unassigned-import': 'off',
    'import/no-named-as-default-member': 'off', // fast-check is used as fc
    'unicorn/consistent-function-scoping': 'off',
    'unicorn/no-array-reverse': 'off', // their replacements are newer than the es2022 we target
    'unicorn/no-array-sort': 'off',
    'unicorn/no-thenable': 'off',
    'unicorn/require-post-message-target-origin': 'off', // messages go to workers, which have no origin
    'unicorn/no-useless-spread': 'off', // a spread literal keeps a row of a table on one line
    'no-restricted-properties': ['error', ...silentSkips],
    ...restrict(noSubpaths, noTfjs),
  },
  overrides: [
    {
      files: ['src/**'],
      rules: {
        'import/no-default-export': 'error',
        'typescript/no-explicit-any': 'error',
        'max-classes-per-file': ['error', { max: 0 }],
        'max-lines': ['error', { max: 350, skipBlankLines: true, skipComments: true }],
      },
    },
    ...Object.entries(house).map(([folder, room]) => ({
      files: [`src/${folder}/**`],
      rules: {
        ...restrict(...arrows(folder, room), noTfjs),
        ...(room.node ? {} : { 'no-restricted-globals': ['error', 'process', 'Buffer', 'require', '__dirname'] }),
      },
    })),
    {
      files: ['src/index.ts'],
      rules: restrict([
        `^\\./(${Object.keys(house)
          .filter((name) => !['entry', 'dsl'].includes(name))
          .join('|')})/`,
        'src/index.ts may import src/entry and src/dsl.',
      ]),
    },
    ...Object.entries(layered).flatMap(([parent, layers]) =>
      layers.flatMap((folders, layer) =>
        folders.map((folder) => ({
          files: [`src/${parent}/${folder}/**`],
          rules: restrict(...arrows(parent, house[parent]), noTfjs, upward(parent, layers, layer)),
        })),
      ),
    ),
    // which ask for Node when they are called
    {
      files: [
        'src/node/*.ts',
        'src/checkpoints/runFolder.ts',
        'src/training/fit/fitInFolder.ts',
        'src/formats/bytes/crc32.ts',
      ],
      rules: { 'no-restricted-globals': 'off' },
    },
    { files: ['src/backends/tfjs/**'], rules: restrict(...arrows('backends', house.backends)) },
    {
      files: ['src/internal/fp.ts'],
      rules: {
        'no-restricted-imports': [
          'error',
          {
            patterns: [
              { regex: noSubpaths[0], message: roots, allowTypeImports: true },
              { regex: '^\\.', message: 'The seam imports fp-ts and io-ts alone.' },
            ],
          },
        ],
      },
    },
    // A test may use the reference backend as its oracle. Helpers of tests may import what tests do.
    {
      files: ['src/**/*.test.ts', 'src/backends/wasm/kernels/testing.ts', 'src/{checkpoints,weights}/**/*Testing.ts'],
      rules: { ...restrict(noSubpaths, noTfjs), 'no-restricted-globals': 'off' },
    },
    {
      files: ['src/backends/tfjs/**/*.test.ts', 'properties/browsers/tfjsContractPage.ts', 'bench/**'],
      rules: restrict(noSubpaths),
    },
    // It takes the address of a file that is served, and no code.
    { files: ['examples/browser-webgpu/worker/backends.ts'], rules: restrict(noSubpaths) },
    { files: ['**/*.config.*'], rules: { 'import/no-default-export': 'off' } },
  ],
};
