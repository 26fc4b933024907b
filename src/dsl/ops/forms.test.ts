import { describe, expect, test } from 'vitest';
import { features } from '../../../properties/features/all.js';
import { hasTwoForms, type Operand } from '../../../properties/features/feature.js';
import { E } from '../../internal/fp.js';
import { graphText, type Node, node } from '../graph/node.js';
import * as dsl from '../index.js';
import { attempt } from '../../internal/errors.js';

/** `properties/features` lists every operation of the DSL: `features.test.ts` compares it with the exports. */
const exported: Readonly<Record<string, unknown>> = dsl;

const inputOf = ({ shape, dtype }: Operand, i: number): Node => node('input', [], { path: `x${i}` }, shape, dtype);

describe.each(features)('$name', ({ name, operation, cases }) => {
  test('is listed under its name', () => {
    expect(operation).toBe(exported[name]);
  });

  test('the data-first and the pipeable form build the same graph', () => {
    for (const { operands, build, piped } of cases) {
      const inputs = operands.map(inputOf);
      expect(piped(inputs).map(graphText)).toEqual(build(inputs).map(graphText));
    }
  });

  test('names a partially applied operation that is passed as a tensor', () => {
    const half = dsl.matmul(dsl.ones(2, 2)) as unknown as Node; // as JavaScript callers may pass it
    for (const { operands, build, piped } of cases)
      for (const wrong of operands.keys()) {
        const inputs = operands.map((operand, i) => (i === wrong ? half : inputOf(operand, i)));
        for (const form of [build, piped])
          expect(attempt(() => form(inputs))).toMatchObject(E.left({ actual: 'the function matmul(…)' }));
      }
  });
});

const ofTensors = features.filter(({ cases }) => cases.some(({ operands }) => operands.length > 0));

test.each(ofTensors.filter(({ operation }) => !hasTwoForms(operation)))(
  '$name has a parameter for each of its tensors',
  ({ operation, cases }) => {
    for (const { operands } of cases) expect(operands.length).toBeLessThanOrEqual(operation.length);
  },
);

test.each(ofTensors.filter(({ operation }) => hasTwoForms(operation)))(
  '$name has its name in both forms',
  ({ name, operation }) => {
    expect(operation.name).toBe(name);
  },
);
