import { expect, test } from 'vitest';
import { solversOfMean } from './arbitraries/solvers.js';
import { conditionLaws } from './laws/conditions.js';
import { guidanceLaws } from './laws/guidance.js';
import { solverLaws } from './laws/solvers.js';
import { checkLaws } from './suite.js';

checkLaws([...solverLaws, ...conditionLaws, ...guidanceLaws]);

const gaussian = solverLaws.find(({ name }) => name === 'every sampler gives Gaussian data their mean and variance')!;

// samples of the law leave out most solvers of a run
test.each(solversOfMean)('$name: every sampler gives Gaussian data their mean and variance', async (one) => {
  expect(await gaussian.violation([one, 0.3, 0.5] as never)).toBeNull();
});
