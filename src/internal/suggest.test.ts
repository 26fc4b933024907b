import { expect, test } from 'vitest';
import { suggestion } from './suggest.js';

const adam = ['learningRate', 'beta1', 'beta2', 'epsilon'];
const training = ['model', 'process', 'data', 'batch', 'steps', 'key', 'labelDropout', 'heldOut', 'onEvent'];

test.each([
  ['lr', adam, 'learningRate'],
  ['learning_rate', adam, 'learningRate'],
  ['learnigRate', adam, 'learningRate'],
  ['eps', adam, 'epsilon'],
  ['batchSize', training, 'batch'],
  ['numSteps', training, 'steps'],
  ['stpes', training, 'steps'],
  ['held_out', training, 'heldOut'],
  ['onevent', training, 'onEvent'],
  ['gird', ['solver', 'grid'], 'grid'],
  ['roh', ['min', 'max', 'rho'], 'rho'],
  ['xo', ['x0', 'noise', 't'], 'x0'],
  ['x', ['x0', 'noise', 't'], 'x0'],
  ['to', ['x0', 'noise', 't'], undefined],
  ['xo', ['w', 'x', 'y'], undefined],
  ['epochs', training, 'steps'],
  ['steps', ['solver', 'grid', 'key'], 'grid'],
  ['seed', training, 'key'],
  ['toString', training, undefined],
  ['momentum', adam, undefined],
  ['', adam, undefined],
  ['key', [], undefined],
  ['beta', adam, 'beta1'],
  ['x'.repeat(1e6), adam, undefined],
  ['validation', training, 'heldOut'],
  ['guidance_scale', ['solver', 'guidance'], 'guidance'],
  ['init', ['from', 'initial'], 'initial'],
  ['init', ['from', 'known'], 'from'],
  ['gradientAccumulationSteps', ['steps', 'accumulate'], 'accumulate'],
])('%s', (given, names, meant) => expect(suggestion(given, names)).toBe(meant));
