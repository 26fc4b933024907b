import { expect, test } from 'vitest';
import { curveOf, curveText } from './curve.js';

test('curves are read as they were written, to five digits', () => {
  const curve = { losses: [{ step: 0, loss: 0.98765432 }, { step: 1, loss: 0.5 }], heldOut: [{ step: 1, loss: 0.25 }], trained: [{ step: 1, loss: 0.125 }] }; // oxfmt-ignore
  expect(curveOf(curveText(curve))).toEqual({
    ...curve,
    losses: [
      { step: 0, loss: 0.98765 },
      { step: 1, loss: 0.5 },
    ],
  });
});

test.each(['', '{', 'null', '7', '[]', '[[1]]', '[[1,null],[2,3]]', '{"0":"12"}'])(
  '%s has no curve of losses',
  (text) => {
    expect(curveOf(text).losses).toEqual([]);
  },
);
