/** The exported functions that check what a user gives: the sources say of which. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const src = fileURLToPath(new URL('../../../src/', import.meta.url));

/** The functions whose options or arguments a declaration checks: `schema('fit', …)`, `argument('respace: noising', …)`. */
const declared = new Set(
  readdirSync(src, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts'))
    .flatMap((path) => [
      ...readFileSync(src + path, 'utf8').matchAll(/\b(?:schema|argument|genEffect|genTask)\(\s*'(\w+)/g),
    ])
    .map(([, name]) => name!),
);

/** Functions whose declarations are of several functions, or whose checks are code. */
const others = new Set(
  [
    'open unwrap evaluate isLeft isRight startTraining variationalBound logLikelihoods cfg',
    'accuracyOf compareFeatures evaluateSamples extractFeatures featuresOf frechetDistance inceptionScore kernelDistance mergeMoments momentsOf precisionRecall',
    'encodeShards featureShards likelihoodShards sampleShards sweepShards',
  ].flatMap((names) => names.split(' ')),
);

/** Functions that read or write files and data. */
const FILES = /^(?:read|write|load|save|open|decode|encode|stream)[A-Z]/;

/**
 * Functions whose options alone are checked: a process and a network come to them from `fit`, `sample` or a program, and one of a
 * wrong kind may end in an error of JavaScript.
 */
const optionsOnly = new Set(
  'boundAt boundLosses boundTerm checkedLabels discretizedLogLikelihood fixedLogVariances fromPrevious hybridLosses learningVariance pMeanVariance reverseOf'.split(
    ' ',
  ),
);

/** Tests if an exported function is a door: a value of a wrong kind ends there in a typed error. */
export const isDoor = (name: string): boolean =>
  !optionsOnly.has(name) && (declared.has(name) || others.has(name) || FILES.test(name));
